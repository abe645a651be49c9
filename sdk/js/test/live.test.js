import assert from "node:assert/strict";
import { test } from "node:test";
import { live } from "../src/kudos-live.js";
import { client, refuse, settled } from "./fake.js";

/** A client that looks at these items, and follows them. */
async function following(items = ["posts/1"], more = {}) {
  const it = client(more), ends = items.map((item) => {
    it.kudos.watch(item, () => {});
    return live(it.kudos).follow(item);
  });
  await it.clock.advance(0);
  return { ...it, ends };
}

const shown = (kudos, item = "posts/1") => {
  const { liked, count, pending, reason } = kudos.get(item);
  return [liked, count, pending, reason];
};
const reads = (edge) => edge.requests.filter((r) => r.path === "/v1/counts").length;

test("fifty items are one read and one stream", async () => {
  const items = Array.from({ length: 50 }, (_, i) => `posts/${i}`), { kudos, edge } = await following(items);
  assert.deepEqual([reads(edge), edge.streams.length, edge.live.items.length, edge.live.me], [1, 1, 50, "true"]);
  assert.deepEqual(edge.live.headers, { Authorization: "Bearer ada" });
  await edge.live.tell("state", "a.1", ["posts/7", 7, { liked: false }], ["posts/8", 8, { liked: true }]);
  assert.deepEqual([shown(kudos, "posts/7"), shown(kudos, "posts/8")], [[false, 7, false, null], [false, 0, false, null]], "what is known of the user stays for now");
  await edge.live.tell("change", "a.2", ["posts/7", 9, { liked: false }]);
  assert.equal(kudos.get("posts/7").count, 9);
});

test("items that come open it once more, not more often than every two seconds; those that go, later", async () => {
  const { kudos, edge, clock, ends } = await following();
  const open = () => edge.streams.map((s) => [s.items.join(), s.open]);
  for (const item of ["posts/2", "posts/3"]) ends.push(live(kudos).follow(item));
  await clock.advance(1999);
  assert.deepEqual(open(), [["posts/1", true]]);
  await clock.advance(1);
  assert.deepEqual(open(), [["posts/1", false], ["posts/1,posts/2,posts/3", true]]);
  ends[0]();
  ends[0]();
  await clock.advance(9999);
  assert.equal(edge.streams.length, 2);
  await clock.advance(1);
  assert.deepEqual(open()[2], ["posts/2,posts/3", true]);
  const again = live(kudos).follow("posts/2");
  ends[1]();
  await clock.advance(20000);
  assert.equal(edge.streams.length, 3, "somebody else follows it still");
  again();
  ends[2]();
  await clock.advance(10000);
  assert.deepEqual([edge.streams.length, edge.live.open], [3, false], "nobody follows anything");
  await clock.advance(3600000);
  assert.equal(edge.streams.length, 3);
});

test("a stream goes on where the server takes no other", async () => {
  const { kudos, edge, clock } = await following(), [first] = edge.streams;
  edge.refusals = [{ status: 503, headers: { "Retry-After": "30" } }];
  live(kudos).follow("posts/2");
  await clock.advance(20000);
  await first.tell("change", "x", ["posts/1", 4, { liked: false }]);
  assert.deepEqual([edge.streams.length, first.open, kudos.get("posts/1").count], [2, true, 4]);
  await first.end();
  await clock.advance(9000);
  assert.equal(edge.streams.length, 2, "the server asked for a pause");
  await clock.advance(4000);
  assert.deepEqual([edge.streams.length, edge.live.open, edge.live.items.length], [3, true, 2]);
});

test("of more items than a request takes the newest are streamed", async () => {
  const items = Array.from({ length: 250 }, (_, i) => `posts/${i}`), { edge } = await following(items);
  assert.equal(edge.live.items.length, 200);
  assert.ok(edge.live.items.includes("posts/249") && !edge.live.items.includes("posts/49"));
  const long = Array.from({ length: 200 }, (_, i) => `posts/${i}${"x".repeat(100)}`), other = await following(long);
  assert.ok(encodeURIComponent(other.edge.live.items.join()).length < 6100);
});

test("after an end it is opened again, by the last id, no sooner than the server wants, and ever later", async () => {
  const { edge, clock } = await following();
  await edge.live.write("retry: 1000\n\n");
  await edge.live.tell("state", "a.1", ["posts/1", 1, { liked: false }]);
  await edge.live.end();
  await clock.advance(1499);
  assert.equal(edge.streams.length, 1, "jitter");
  await clock.advance(1);
  assert.equal(edge.live.headers["Last-Event-ID"], "a.1");
  edge.refusals = Array(5).fill(new TypeError("no network"));
  await edge.live.fail();
  const at = [];
  for (let seen = edge.streams.length, ms = 0; ms < 120000; ms += 500) {
    await clock.advance(500);
    if (edge.streams.length > seen) at.push(ms / 1000);
    seen = edge.streams.length;
  }
  assert.deepEqual(at.length, 6);
  assert.ok(at.slice(2).every((t, i) => t - at[i + 1] > at[i + 1] - at[i]), `${at}`);
  await edge.live.tell("change", "b.1", ["posts/1", 2, { liked: false }]);
  await edge.live.end();
  await clock.advance(1500);
  assert.equal(edge.live.headers["Last-Event-ID"], "b.1", "what was heard ends the backoff");
});

test("bye, and forty seconds without a byte, end a stream", async () => {
  const { edge, clock } = await following();
  await edge.live.write("event: bye\ndata: {}\n\n");
  await clock.advance(3000);
  assert.deepEqual(edge.streams.map((s) => s.open), [false, true]);
  await clock.advance(39000);
  await edge.live.write(": beat\n\n");
  await clock.advance(39999);
  assert.equal(edge.live.open, true);
  await clock.advance(1);
  assert.deepEqual([edge.streams.length, edge.live.open], [2, false]);
  await clock.advance(3000);
  assert.equal(edge.streams.length, 3);
});

test("what the server asks for is waited", async () => {
  const { kudos, edge, clock, ends } = await following();
  edge.refusals = [{ status: 503, headers: { "Retry-After": "30" } }];
  await edge.live.end();
  await clock.advance(3000);
  assert.equal(edge.streams.length, 2);
  ends.push(live(kudos).follow("posts/2"));
  await clock.advance(29000);
  assert.equal(edge.streams.length, 2);
  await clock.advance(2000);
  assert.deepEqual(edge.live.items, ["posts/1", "posts/2"]);
});

test("a server that knows no streams is asked again after ten minutes", async () => {
  for (const refusal of [{ status: 404, body: '{"type":"urn:kudos:not-found"}' }, { status: 405 }, { status: 404, body: "<html>" }]) {
    const edge = client().edge;
    edge.refusals = [refusal];
    const { kudos, clock, heard } = await following(["posts/1"], { fake: edge });
    live(kudos).follow("posts/2");
    await clock.advance(599000);
    assert.deepEqual([edge.streams.length, kudos.get("posts/1").count, heard], [1, 0, []]);
    await clock.advance(3000);
    assert.deepEqual([edge.streams.length, edge.live.open], [2, true]);
  }
});

test("an answer that is no stream is none", async () => {
  const edge = client().edge;
  edge.refusals = [{ status: 200, body: "<html>Log in</html>", headers: { "Content-Type": "text/html" } }];
  const { clock } = await following(["posts/1"], { fake: edge });
  await clock.advance(3000);
  assert.deepEqual([edge.streams.length, edge.live.open], [2, true]);
});

test("an item that the edge does not take keeps no other from the stream", async () => {
  const edge = client().edge, bad = { status: 404, body: '{"type":"urn:kudos:unknown-collection","field":"items"}' };
  edge.refusals = [bad];
  const it = client({ fake: edge });
  for (const item of ["posts/1", "songs/1"]) live(it.kudos).follow(item);
  await it.clock.advance(3000);
  assert.deepEqual([edge.streams.length, edge.live.items, edge.live.open], [2, ["posts/1"], true]);
  assert.deepEqual(it.heard.map((h) => [h.name, h.item]), [["unknown-collection", "songs/1"]]);
});

test("a token that is refused: another one is asked for, then the stream is read as nobody's until there is one", async () => {
  const edge = client().edge, asked = [];
  edge.refusals = [{ status: 401 }, { status: 401 }];
  const token = ({ refused }) => (asked.push(refused), refused ? "fresh" : "old");
  const { kudos, clock } = await following(["posts/1"], { fake: edge, token });
  await clock.advance(20000);
  assert.deepEqual(edge.streams.map((s) => [s.headers.Authorization, s.me]), [["Bearer old", "true"], ["Bearer fresh", "true"], [undefined, null]]);
  await edge.live.tell("state", "a.1", ["posts/1", 1]);
  kudos.setToken("another");
  await clock.advance(0);
  await edge.live.write(": beat\n\n");
  await clock.advance(3000);
  assert.equal(edge.live.headers.Authorization, "Bearer another");
});

test("a visitor's stream is nobody's until he has a token", async () => {
  const { kudos, edge, clock } = await following(["posts/1"], { token: undefined, user: undefined });
  assert.deepEqual([edge.live.headers, edge.live.me], [{}, null]);
  kudos.like("posts/1");
  await clock.advance(2000);
  await edge.live.write(": beat\n\n");
  await clock.advance(3000);
  assert.deepEqual([edge.live.headers.Authorization, edge.live.me], ["Bearer visitor-1", "true"]);
  assert.ok(edge.live.headers["Kudos-Session"]);
});

test("a number steps back for a reason alone, and null changes nothing", async () => {
  const { kudos, edge, clock } = await following();
  const tell = (id, count, more) => edge.live.tell("change", id, ["posts/1", count, { liked: false, ...more }]), before = reads(edge);
  await tell("a.x.1", 9);
  await tell("a.x.2", 8);
  assert.deepEqual(shown(kudos), [false, 8, false, "others"], "the same process said it later");
  await tell("b.x.1", 7);
  assert.deepEqual(shown(kudos), [false, 8, false, "others"], "another one may not know yet what the first knows");
  await tell("b.x.2", null, { as_of: null });
  assert.deepEqual(shown(kudos), [false, 8, false, "others"]);
  await tell("b.x.3", 6, { as_of: "2026-01-01T00:00:01.000Z" });
  assert.deepEqual(shown(kudos), [false, 6, false, "others"]);
  await clock.advance(60000);
  assert.equal(reads(edge), before, "nothing is in doubt");
});

test("where nobody knows the user, a number falls as well", async () => {
  const { kudos, edge, clock } = await following(["posts/1"], { token: undefined, user: undefined });
  await edge.live.tell("state", "a.x.1", ["posts/1", 9]);
  await edge.live.tell("change", "a.x.2", ["posts/1", 8]);
  assert.deepEqual(shown(kudos), [null, 8, false, "others"]);
  await clock.advance(20000);
  assert.equal(reads(edge), 1);
});

test("a lower number of the same moment that another process says is looked at again", async () => {
  const { kudos, edge, clock } = await following(), before = reads(edge);
  await edge.live.tell("change", "a.x.1", ["posts/1", 9, { liked: false }]);
  edge.others["posts/1"] = 7;
  await edge.live.tell("state", "b.x.1", ["posts/1", 7, { liked: false }]);
  assert.deepEqual(shown(kudos), [false, 9, false, null]);
  await clock.advance(1000);
  assert.deepEqual([shown(kudos), reads(edge), edge.streams.length], [[false, 7, false, "others"], before + 1, 1]);
});

test("a number that may have the tap in it or not waits for the tap", async () => {
  const { kudos, edge, clock } = await following();
  kudos.watch("posts/1", () => {}, "save");
  await settled();
  kudos.like("posts/1", "save");
  const save = () => kudos.get("posts/1", "save").count, before = save();
  await edge.live.tell("change", "x", ["posts/1", 0, { liked: false, counts: { like: { count: 0 }, save: { count: before } } }]);
  assert.equal(save(), before, "that is already the number with the tap in it");
  await clock.advance(2000);
  assert.deepEqual([save(), kudos.get("posts/1", "save").pending], [before, false]);
});

test("a tap that waits stays, over numbers that move", async () => {
  const { kudos, edge, clock } = await following();
  kudos.like("posts/1");
  await edge.live.tell("change", "x", ["posts/1", 5, { liked: false }]);
  assert.deepEqual(shown(kudos), [true, 6, true, null]);
  await clock.advance(2000);
  edge.others["posts/1"] = 5;
  await edge.live.tell("change", "x", ["posts/1", 5, { liked: false, as_of: "2026-01-01T00:00:09.000Z" }]);
  assert.deepEqual(shown(kudos), [true, 6, false, null], "the stream has not heard of the tap");
  await edge.live.tell("change", "x", ["posts/1", 7, { liked: true, as_of: "2026-01-01T00:00:09.000Z" }]);
  const before = reads(edge);
  await clock.advance(60000);
  assert.deepEqual([shown(kudos), reads(edge)], [[true, 7, false, null], before]);
});

test("where the stream contradicts what is known of the user, a read decides, ten seconds apart", async () => {
  const { kudos, edge, clock } = await following(["posts/1"]);
  edge.liked.set("ada posts/1", true);
  const before = reads(edge), against = () => edge.live.tell("change", "x", ["posts/1", 1, { liked: true }]);
  await against();
  assert.deepEqual(shown(kudos), [false, 0, false, null]);
  assert.equal(edge.streams.length, 1);
  await clock.advance(1000);
  assert.deepEqual([shown(kudos), reads(edge)], [[true, 1, false, null], before + 1]);
  assert.deepEqual(edge.streams.map((s) => s.open), [false, true], "a new stream, with the session token of now");
  edge.liked.set("ada posts/1", false);
  edge.as_of = "2026-01-01T00:00:02.000Z";
  for (let i = 0; i < 9; i++) {
    await edge.live.tell("change", "y", ["posts/1", 0, { liked: false, as_of: edge.as_of }]);
    await clock.advance(1000);
  }
  assert.equal(reads(edge), before + 1);
  await clock.advance(1000);
  assert.deepEqual([shown(kudos), reads(edge)], [[false, 0, false, "elsewhere"], before + 2]);
});

test("other counters move, too", async () => {
  const { kudos, edge } = await following();
  kudos.watch("posts/1", () => {}, "save");
  await settled();
  await edge.live.tell("change", "x", ["posts/1", 5, { liked: false, counts: { like: { count: 5 }, save: { count: 4 }, view: { count: 7 } } }]);
  assert.deepEqual([kudos.get("posts/1").count, kudos.get("posts/1", "save").count, kudos.get("posts/1", "view").count], [5, 4, null]);
});

test("rubbish ends a stream, and the next one is right", async () => {
  const { kudos, edge, clock } = await following();
  await edge.live.write("event: change\ndata: {\"items\"\n\n");
  await clock.advance(3000);
  assert.deepEqual(edge.streams.map((s) => s.open), [false, true]);
  await edge.live.tell("state", "a.1", ["posts/1", 3, { liked: false }]);
  await edge.live.write("event: other\ndata: what nobody knows\n\n");
  assert.deepEqual([kudos.get("posts/1").count, edge.live.open], [3, true]);
});

test("a client that is closed has no stream", async () => {
  const { kudos, edge, clock, ends } = await following();
  kudos.close();
  ends[0]();
  await clock.advance(600000);
  assert.deepEqual([edge.streams.length, edge.live.open, clock.timers.length], [1, false, 0]);
});
