import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../src/kudos.js";
import { batchOf, emptyQueue, put, remaining, seal } from "../src/client/queue.js";
import { client, lostAnswer, noAnswer, refuse, settled } from "./fake.js";

const tap = (n, more) => ({ item: `posts/${n}`, counter: "like", op: "like", id: `a${n}`, page: "p", at: 0, first: 0, ...more });

test("a tap that was said again while its batch was under way goes later", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [lostAnswer];
  kudos.like("posts/1");
  await clock.advance(2000);
  kudos.unlike("posts/1");
  await clock.advance(20000);
  assert.deepEqual(edge.posts.map((r) => r.body.operations[0].op), ["like", "like", "unlike"]);
  assert.equal(edge.liked.get("ada posts/1"), false);
  assert.equal(kudos.get("posts/1").liked, false);
});

test("one heart that is tapped for ever is heard; a clock that was put back holds nothing up", () => {
  const queue = emptyQueue();
  for (let at = 0; at < 10001; at += 1000) put(queue, tap(1, { at, first: at, id: `${at}` }), 10);
  assert.equal(remaining(Object.values(queue.taps), 10000, 2000), 0);
  assert.equal(remaining([tap(1, { at: 1e12, first: 1e12 })], 0, 2000), 0);
});

test("taps of a page are sealed together, whatever other pages have queued, under the key that the page itself would use", () => {
  const queue = emptyQueue();
  for (const n of [1, 2]) put(queue, tap(n), 10);
  put(queue, tap(3, { page: "q" }), 10);
  assert.equal(seal(queue, 5000, 2000), 0);
  assert.deepEqual(queue.batch, batchOf([tap(2, { n: 2 }), tap(1, { n: 1 })]));
  assert.notEqual(queue.batch.key, batchOf([tap(1)]).key);
});

test("a network that is back ends backoff, and not what the server asked for", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [...Array(8).fill(noAnswer), refuse(503, "outbox-full", {}, { "Retry-After": "50" })];
  kudos.like("posts/1");
  await clock.advance(100000);
  const before = edge.posts.length;
  assert.equal(before, 8);
  kudos.setToken("ada");
  await settled();
  assert.equal(edge.posts.length, 9);
  kudos.setToken("ada");
  await clock.advance(49000);
  assert.equal(edge.posts.length, 9);
  await clock.advance(50000);
  assert.equal(edge.posts.length, 10);
});

test("backoff is a minute at most", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = Array(100).fill(noAnswer);
  kudos.like("posts/1");
  await clock.advance(3_600_000);
  assert.ok(edge.posts.length > 60 && edge.posts.length < 100, `${edge.posts.length}`);
});

test("the size of batches grows back", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [refuse(413, "payload-too-large")];
  for (let i = 0; i < 8; i++) kudos.like(`posts/${i}`);
  await clock.advance(3000);
  for (let i = 0; i < 8; i++) kudos.unlike(`posts/${i}`);
  await clock.advance(3000);
  assert.deepEqual(edge.posts.map((r) => r.body.operations.length), [8, 4, 4, 8]);
});

test("a visitor's token is renewed at half its time, dropped when it is refused, and nothing of it is shown with the next one", async () => {
  const { kudos, edge, clock } = client({ token: undefined, user: undefined });
  const expires = clock.now() + 90 * 86_400_000, given = (r) => edge.answer(r);
  edge.faults = [(r) => { const a = given(r); a.json.expires_at = new Date(expires).toISOString(); return a; }];
  kudos.like("posts/1");
  await clock.advance(2000);
  await clock.advance(46 * 86_400_000);
  edge.faults = [noAnswer]; // no renewal now: the old token is good still
  kudos.unlike("posts/1");
  await clock.advance(2000);
  assert.deepEqual(edge.requests.map((r) => r.path.split("/")[2]), ["visitors", "likes", "visitors", "likes"]);
  assert.equal(edge.user(edge.requests[2]), "visitor-1");
  edge.faults = [refuse(401, "unauthorized", { field: "Authorization" })]; // expired
  kudos.like("posts/1");
  await clock.advance(5000);
  assert.deepEqual([edge.user(edge.posts.at(-1)), edge.posts.at(-1).headers["Kudos-Session"]], ["visitor-2", undefined]);
  assert.equal(edge.liked.get("visitor-2 posts/1"), true);
});

test("a session that is refused though none was sent does not make a storm", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = Array(1000).fill(refuse(400, "invalid-request", { field: "Kudos-Session" }));
  kudos.like("posts/1");
  await clock.advance(60000);
  assert.ok(edge.posts.length < 15, `${edge.posts.length}`);
});

test("a storage that fails later loses nothing of what it held", async () => {
  const kept = memoryStorage();
  let broken = false;
  const storage = { shared: false, update: (...asked) => { if (broken) throw new Error("gone"); return kept.update(...asked); } };
  const { kudos, edge, clock } = client({ storage });
  kudos.like("posts/1");
  await clock.advance(500);
  broken = true;
  kudos.like("posts/2");
  await clock.advance(30000);
  assert.deepEqual([...edge.liked.keys()].sort(), ["ada posts/1", "ada posts/2"]);
  assert.deepEqual([kudos.queued, edge.posts.length], [0, 1]);
});

test("another user needs another client", () => {
  const jwt = (sub) => `e30.${Buffer.from(JSON.stringify({ sub })).toString("base64url")}.s`;
  const { kudos } = client({ user: undefined, token: jwt("ada") });
  kudos.setToken(jwt("ada"));
  assert.throws(() => kudos.setToken(jwt("bob")), /another user/);
  kudos.close();
});

test("reads ask for another token once, and take it", async () => {
  const { kudos, edge } = client({ token: ({ refused }) => (refused ? "fresh" : "stale"), user: "ada" });
  edge.faults = [refuse(401, "unauthorized", { field: "Authorization" })];
  await kudos.state("posts/1");
  assert.deepEqual(edge.requests.map((r) => [edge.user(r), r.body.me]), [["stale", true], ["fresh", true]]);
});

test("what is not of Kudos says nothing about its level", async () => {
  const { kudos, edge, clock } = client();
  edge.level = 3;
  await kudos.state("posts/1");
  edge.level = 0;
  edge.faults = [() => ({ status: 502, json: "<html>" })];
  kudos.like("posts/1");
  await clock.advance(2000);
  assert.equal(kudos.level, 3);
});

test("an older number that is higher is not shown", async () => {
  const { kudos, edge } = client();
  edge.others["posts/1"] = 5;
  await kudos.state("posts/1");
  Object.assign(edge, { as_of: "2025-01-01T00:00:00.000Z", others: { "posts/1": 9 } });
  assert.equal((await kudos.state("posts/1")).count, 5);
});
