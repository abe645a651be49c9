import assert from "node:assert/strict";
import { test } from "node:test";
import { client, noAnswer, refuse } from "./fake.js";

const shown = (kudos, item = "posts/1") => {
  const { liked, count, pending, reason } = kudos.get(item);
  return [liked, count, pending, reason];
};
const counts = (kudos, item = "posts/1") => {
  const seen = [];
  kudos.watch(item, (s) => seen.push(s.count));
  return seen;
};

test("state and counts of many items are one request in a turn, 200 items in each", async () => {
  const { kudos, edge } = client();
  await Promise.all(Array.from({ length: 250 }, (_, i) => kudos.state(`posts/${i % 225}`)));
  assert.deepEqual(edge.requests.map((r) => [r.path, r.body.items.length, r.body.me]), [["/v1/counts", 200, true], ["/v1/counts", 25, true]]);
});

test("another counter is looked up beside", async () => {
  const { kudos, edge } = client();
  edge.liked.set("ada save posts/1", true);
  const [like, save] = await Promise.all([kudos.state("posts/1"), kudos.state("posts/1", "save")]);
  assert.deepEqual([like.liked, like.count, save.liked, save.count], [false, 0, true, 3]);
  assert.deepEqual(edge.requests.map((r) => r.path), ["/v1/counts", "/v1/likes/lookup"]);
});

test("one bad item does not keep the others from being read", async () => {
  const { kudos, heard } = client();
  const states = await Promise.all(["posts/1", "songs/1", "posts/2"].map((i) => kudos.state(i)));
  assert.deepEqual(states.map((s) => s.count), [0, null, 0]);
  assert.deepEqual(heard.map((h) => [h.name, h.item]), [["unknown-collection", "songs/1"]]);
});

test("a tap is on the screen at once, and again what it was when it is refused", async () => {
  const { kudos, edge, clock } = client();
  edge.others["posts/1"] = 41;
  await kudos.state("posts/1");
  kudos.like("posts/1");
  assert.deepEqual(shown(kudos), [true, 42, true, null]);
  edge.faults = [refuse(403, "forbidden", { field: "operations[0]" })];
  edge.others["posts/1"] = 1000; // not computed back, and not asked for: what was known
  await clock.advance(2000);
  assert.deepEqual(shown(kudos), [false, 41, false, "refused"]);
});

test("a refusal of an unlike gives the heart back", async () => {
  const { kudos, edge, clock } = client();
  edge.liked.set("ada posts/1", true);
  await kudos.state("posts/1");
  kudos.unlike("posts/1");
  assert.deepEqual(shown(kudos), [false, 0, true, "own"]);
  edge.faults = [refuse(403, "forbidden", { field: "operations[0]" })];
  await clock.advance(2000);
  assert.deepEqual(shown(kudos), [true, 1, false, "refused"]);
});

test("without knowing whether it was liked no number is invented", async () => {
  const { kudos, edge, clock } = client();
  edge.others["posts/1"] = 7;
  edge.faults = [(_, answer) => { const a = edge.answer(_); a.json.items[0].liked = null; return a; }];
  await kudos.state("posts/1");
  kudos.like("posts/1");
  assert.deepEqual(shown(kudos), [true, 7, true, null]);
  await clock.advance(2000);
  assert.deepEqual(shown(kudos), [true, 8, false, null]);
});

test("an unknown number keeps the last that was known, of reads and of taps", async () => {
  const { kudos, edge, clock } = client();
  edge.others["posts/1"] = 7;
  await kudos.state("posts/1");
  const unknown = (r) => {
    const { json } = edge.answer(r);
    for (const i of json.items ?? []) Object.assign(i, { as_of: null, liked: null, counts: { like: { count: null } } });
    for (const i of json.results ?? []) Object.assign(i, { as_of: null, count: null });
    return { status: 200, json };
  };
  edge.faults = [unknown, unknown, unknown];
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 7, false, null]);
  kudos.like("posts/1");
  await clock.advance(2000);
  assert.deepEqual(shown(kudos), [true, 8, false, null]);
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [true, 8, false, null]);
});

test("an answer to a read that began before the tap was taken steps nothing back", async () => {
  const { kudos, edge, clock } = client();
  edge.others["posts/1"] = 5;
  await kudos.state("posts/1");
  const seen = counts(kudos);
  await clock.advance(0);
  let late;
  edge.faults = [(r) => { const old = edge.answer(r); return new Promise((done) => (late = () => done(old))); }];
  const read = kudos.state("posts/1");
  await clock.advance(0);
  kudos.like("posts/1");
  await clock.advance(2000);
  late();
  await read;
  assert.deepEqual(shown(kudos), [true, 6, false, null]);
  assert.deepEqual(seen, [5, 6, 6]);
});

test("a lower number is shown only when it is newer, and with its reason", async () => {
  const { kudos, edge } = client();
  edge.others["posts/1"] = 9;
  await kudos.state("posts/1");
  edge.others["posts/1"] = 8;
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 9, false, null], "as old as what is shown");
  edge.as_of = "2025-01-01T00:00:00.000Z";
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 9, false, null], "older than what is shown");
  edge.as_of = "2026-01-01T00:00:01.000Z";
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 8, false, "others"]);
  edge.others["posts/1"] = 12;
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 12, false, null]);
});

test("an edge that does not know of my like yet does not take it from my screen", async () => {
  const { kudos, edge, clock } = client();
  await kudos.state("posts/1");
  kudos.like("posts/1");
  await clock.advance(2000);
  edge.faults = [(r) => { const a = edge.answer(r); Object.assign(a.json.items[0], { liked: null, as_of: "2026-01-01T00:00:05.000Z", counts: { like: { count: 0 } } }); return a; }];
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [true, 1, false, null]);
});

test("an unlike on another device, and a like that was counted already, have their reasons", async () => {
  const { kudos, edge, clock } = client();
  edge.liked.set("ada posts/1", true);
  await kudos.state("posts/1");
  edge.liked.set("ada posts/1", false);
  edge.as_of = "2026-01-01T00:00:02.000Z";
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [false, 0, false, "elsewhere"]);
  edge.liked.set("ada posts/1", true); // on another device, once more
  kudos.like("posts/1");
  edge.others["posts/1"] = -1; // and somebody else took his back
  await clock.advance(2000);
  assert.deepEqual(shown(kudos), [true, 0, false, "already"]);
});

test("a read that fails is tried again while somebody looks, and not before it may", async () => {
  const { kudos, edge, clock, heard } = client();
  edge.others["posts/1"] = 3;
  edge.faults = [noAnswer, refuse(503, "overloaded", {}, { "Retry-After": "7" })];
  const seen = counts(kudos);
  await clock.advance(1000);
  assert.equal(edge.requests.length, 2);
  await clock.advance(6000);
  assert.equal(edge.requests.length, 2);
  await clock.advance(3000);
  assert.deepEqual(seen, [null, 3]);
  assert.deepEqual(heard.map((h) => h.name), ["no-answer", "overloaded"]);
});

test("with a token that is refused numbers are read without it, and that is told", async (t) => {
  const { kudos, edge, heard } = client(), warned = t.mock.method(console, "warn", () => {});
  edge.others["posts/1"] = 3;
  edge.faults = [refuse(401, "unauthorized", { field: "Authorization" })];
  const { count, liked } = await kudos.state("posts/1");
  assert.deepEqual([count, liked, edge.requests[1].headers.Authorization], [3, null, undefined]);
  assert.deepEqual([heard.map((h) => h.name), warned.mock.callCount()], [["unauthorized"], 1]);
});

test("what a server rendered is shown until something is known", async () => {
  const { kudos, edge } = client();
  edge.others["posts/1"] = 12;
  kudos.seed("posts/1", { liked: true, count: 10 });
  assert.deepEqual(shown(kudos), [true, 10, false, null]);
  edge.liked.set("ada posts/1", true);
  await kudos.state("posts/1");
  assert.deepEqual(shown(kudos), [true, 13, false, null]);
  kudos.seed("posts/1", { liked: false, count: 1 });
  assert.deepEqual(shown(kudos), [true, 13, false, null]);
});

test("reads with tokens that are all refused are read as nobody's after the second", async () => {
  let n = 0;
  const { kudos, edge } = client({ token: () => `token ${++n}`, user: "ada" }), refused = refuse(401, "unauthorized", { field: "Authorization" });
  edge.faults = [refused, refused];
  edge.others["posts/1"] = 5;
  assert.equal((await kudos.state("posts/1")).count, 5);
  assert.deepEqual(edge.requests.map((r) => r.body.me), [true, true, undefined]);
});
