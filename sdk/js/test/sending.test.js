import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStorage } from "../src/kudos.js";
import { blackHole, client, lostAnswer, noAnswer, refuse, settled } from "./fake.js";

const keys = (edge) => edge.posts.map((r) => r.headers["Idempotency-Key"]);
const said = (edge, n) => edge.posts[n].body.operations.map((o) => `${o.op} ${o.item}`);

test("ten hearts on one item within two seconds are one request, and the last intent wins", async () => {
  const { kudos, edge, clock } = client();
  for (let i = 0; i < 10; i++) {
    kudos[i % 2 ? "unlike" : "like"]("posts/1");
    await clock.advance(190);
  }
  await clock.advance(10000);
  assert.equal(edge.posts.length, 1);
  assert.deepEqual(edge.posts[0].body.operations, [{ item: "posts/1", op: "unlike", counter: "like" }]);
});

test("hearts on many items go together, in their order", async () => {
  const { kudos, edge, clock } = client();
  for (const i of [3, 1, 2]) kudos.like(`posts/${i}`);
  await clock.advance(1999);
  assert.equal(edge.posts.length, 0);
  await clock.advance(1);
  assert.deepEqual(said(edge, 0), ["like posts/3", "like posts/1", "like posts/2"]);
});

test("who never stops tapping is heard after five times the debounce", async () => {
  const { kudos, edge, clock } = client({ debounce: 1000 });
  for (let i = 0; i < 12; i++) {
    kudos.like(`posts/${i}`);
    await clock.advance(500);
  }
  assert.equal(edge.posts.length, 1);
});

test("a lost answer is asked for again, with the same key and the same bytes; the like counts once", async () => {
  const { kudos, edge, clock, heard } = client();
  edge.faults = [lostAnswer, noAnswer];
  kudos.like("posts/1");
  await clock.advance(2000);
  kudos.like("posts/2"); // joins the next request, not this one
  await clock.advance(60000);
  assert.equal(edge.posts.length, 4);
  assert.equal(new Set(keys(edge).slice(0, 3)).size, 1);
  assert.notEqual(keys(edge)[3], keys(edge)[0]);
  assert.deepEqual(said(edge, 2), ["like posts/1"]);
  assert.equal(edge.keys.size, 2);
  assert.deepEqual(heard.map((h) => h.name ?? h.event), ["no-answer", "no-answer", "kept", "kept"]);
});

test("a black hole ends after the timeout", async () => {
  const { kudos, edge, clock } = client({ timeout: 5000 });
  edge.faults = [blackHole];
  kudos.like("posts/1");
  await clock.advance(6000);
  assert.equal(edge.posts.length, 1);
  await clock.advance(4000);
  assert.equal(edge.posts.length, 2);
  assert.equal(kudos.get("posts/1").pending, false);
});

test("Retry-After is waited for, with jitter on top; then the same key", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [refuse(503, "outbox-full", { retry_after_s: 5 }, { "Retry-After": "5" })];
  kudos.like("posts/1");
  await clock.advance(2000 + 4999);
  assert.equal(edge.posts.length, 1);
  await clock.advance(1000);
  assert.equal(edge.posts.length, 2);
  assert.equal(keys(edge)[0], keys(edge)[1]);
});

test("backoff grows to a minute, and a network that is back ends it", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = Array(12).fill(noAnswer);
  kudos.like("posts/1");
  await clock.advance(86_400_000 / 24);
  const n = edge.posts.length;
  assert.ok(n > 12 && n < 20, `${n} requests in an hour`);
  assert.equal(edge.liked.get("ada posts/1"), true);
});

test("the portal of a hotel is nobody", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [() => ({ status: 200, json: "<html>Welcome" }), () => ({ status: 403, json: "<html>Pay" })];
  kudos.like("posts/1");
  await clock.advance(20000);
  assert.equal(edge.liked.get("ada posts/1"), true);
});

test("a batch holds what the server takes", async () => {
  const { kudos, edge, clock } = client({ bound: 1200 });
  for (let i = 0; i < 1100; i++) kudos.like(`posts/${i}`);
  await clock.advance(3000);
  assert.deepEqual(edge.posts.map((r) => r.body.operations.length), [1000, 100]);
  assert.ok(edge.posts.every((r) => JSON.stringify(r.body).length < 64 * 1024 && r.keepalive));
  assert.equal(edge.liked.size, 1100);
});

test("long names make smaller batches: a request that outlives its page has 64 KiB", async () => {
  const { kudos, edge, clock } = client();
  for (let i = 0; i < 600; i++) kudos.like(`posts/${"x".repeat(120)}${i}`);
  await clock.advance(3000);
  assert.ok(edge.posts.length > 1 && edge.posts.every((r) => JSON.stringify(r.body).length < 64 * 1024));
  assert.equal(edge.liked.size, 600);
});

test("413 halves the batch", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [refuse(413, "payload-too-large")];
  for (let i = 0; i < 10; i++) kudos.like(`posts/${i}`);
  await clock.advance(3000);
  assert.deepEqual(edge.posts.map((r) => r.body.operations.length), [10, 5, 5]);
});

test("an operation that is wrong is refused by name, and the others are taken under another key", async () => {
  const { kudos, edge, clock, heard } = client();
  kudos.like("posts/1"), kudos.like("songs/1"), kudos.like("posts/2");
  await clock.advance(3000);
  assert.deepEqual(edge.posts.map((r) => r.body.operations.length), [3, 2]);
  assert.notEqual(keys(edge)[0], keys(edge)[1]);
  assert.deepEqual(heard.filter((h) => h.event === "problem").map((h) => [h.name, h.item]), [["unknown-collection", "songs/1"]]);
  const state = kudos.get("songs/1");
  assert.deepEqual([state.liked, state.reason, state.problem.type], [null, "refused", "unknown-collection"]);
});

test("where no operation is named the wrong one is found by halves", async () => {
  const { kudos, edge, clock } = client();
  const wrong = (r) => (r.body.operations.some((o) => o.item === "posts/5") ? refuse(403, "forbidden")() : null);
  edge.faults = Array(20).fill(wrong);
  for (let i = 0; i < 8; i++) kudos.like(`posts/${i}`);
  await clock.advance(3000);
  assert.deepEqual([...edge.liked.keys()].sort(), [0, 1, 2, 3, 4, 6, 7].map((i) => `ada posts/${i}`));
  assert.equal(kudos.queued, 0);
});

test("what does not fit a limit stays, and goes under another key", async () => {
  const { kudos, edge, clock, heard } = client();
  const limited = { error: { type: "urn:kudos:rate-limited", title: "Too many requests", status: 429, retry_after_s: 12 } };
  edge.faults = [(r) => ({ status: 200, json: { results: r.body.operations.map((o, i) => (i < 2 ? edge.take("ada", o) : { item: o.item, counter: o.counter, ...limited })) } })];
  for (let i = 0; i < 4; i++) kudos.like(`posts/${i}`);
  await clock.advance(2500);
  assert.equal(kudos.queued, 2);
  assert.equal(kudos.get("posts/3").liked, true, "the screen keeps the tap: it will be sent");
  assert.equal(heard.at(-1).name, "rate-limited");
  await clock.advance(11000);
  assert.equal(edge.posts.length, 1);
  await clock.advance(2000);
  assert.deepEqual(said(edge, 1), ["like posts/2", "like posts/3"]);
  assert.notEqual(keys(edge)[0], keys(edge)[1]);
});

test("a key that was used for something else is replaced", async () => {
  const { kudos, edge, clock } = client();
  edge.faults = [refuse(422, "key-reused", { field: "Idempotency-Key" })];
  kudos.like("posts/1");
  await clock.advance(3000);
  assert.equal(edge.posts.length, 2);
  assert.notEqual(keys(edge)[0], keys(edge)[1]);
});

test("the session token of the last answer is sent; one that cannot be verified is dropped", async () => {
  const { kudos, edge, clock } = client();
  kudos.like("posts/1");
  await clock.advance(2000);
  edge.faults = [refuse(400, "invalid-request", { field: "Kudos-Session" })];
  kudos.unlike("posts/1");
  await clock.advance(2000);
  assert.deepEqual(edge.posts.map((r) => r.headers["Kudos-Session"]), [undefined, "session of ada 1", undefined]);
  await kudos.state("posts/1");
  assert.equal(edge.requests.at(-1).headers["Kudos-Session"], "session of ada 2");
});

test("a user's session and queue are never another's", async () => {
  const ada = client();
  ada.edge.faults = [noAnswer];
  ada.kudos.like("posts/1");
  await ada.clock.advance(2000);
  ada.kudos.close();
  const bob = client({ token: "bob", user: "bob", fake: ada.edge, clock: ada.clock, storage: ada.storage });
  bob.kudos.like("posts/2");
  await ada.clock.advance(60000);
  const of = (user) => ada.edge.posts.filter((r) => ada.edge.user(r) === user);
  assert.deepEqual(of("bob").map((r) => r.body.operations.map((o) => o.item)), [["posts/2"]]);
  assert.equal(of("bob")[0].headers["Kudos-Session"], undefined);
  const again = client({ fake: ada.edge, clock: ada.clock, storage: ada.storage });
  await ada.clock.advance(3000);
  assert.equal(ada.edge.liked.get("ada posts/1"), true, "it goes when ada is back");
  again.kudos.close();
});

test("a queue survives its page: the same key", async () => {
  const first = client();
  first.edge.faults = [lostAnswer];
  first.kudos.like("posts/1");
  await first.clock.advance(2100);
  first.kudos.close();
  await first.clock.advance(86_400_000);
  const second = client({ fake: first.edge, clock: first.clock, storage: first.storage });
  await settled();
  assert.deepEqual([second.kudos.get("posts/1").liked, second.kudos.get("posts/1").pending], [true, true], "shown before anything was sent");
  await first.clock.advance(5000);
  assert.equal(first.edge.posts.length, 2);
  assert.equal(new Set(keys(first.edge)).size, 1);
});

test("the queue is bounded, and says so by name", async () => {
  const { kudos, edge, clock, heard } = client({ bound: 3 });
  await kudos.state("posts/3");
  const taps = [0, 1, 2, 3].map((i) => kudos.like(`posts/${i}`).then(() => "kept", (e) => e.name));
  await clock.advance(0);
  assert.deepEqual(await Promise.all(taps), ["kept", "kept", "kept", "queue-full"]);
  assert.deepEqual(heard.map((h) => [h.name, h.item]), [["queue-full", "posts/3"]]);
  const { liked, count, reason, problem } = kudos.get("posts/3");
  assert.deepEqual([liked, count, reason, problem.type], [false, 0, "refused", "queue-full"]);
  await kudos.unlike("posts/0"); // a change of mind needs no room
  await clock.advance(3000);
  assert.equal(edge.posts[0].body.operations.length, 3);
});

test("pages that share a queue send one request, and do not wake each other for nothing", async () => {
  const kept = memoryStorage();
  let updates = 0;
  const storage = { shared: true, update: (...asked) => (updates++, kept.update(...asked)) };
  const one = client({ storage }), two = client({ storage, fake: one.edge, clock: one.clock });
  one.edge.faults = Array(3).fill(noAnswer);
  one.kudos.like("posts/1");
  const seen = [];
  two.kudos.watch("posts/1", (s) => seen.push([s.liked, s.pending]));
  for (let i = 0; i < 60; i++) await one.clock.advance(500);
  for (let i = 0; i < 60; i++) await one.clock.advance(500);
  assert.equal(new Set(keys(one.edge)).size, 1);
  assert.ok(updates < 25, `${updates} updates in a minute`);
  assert.deepEqual(seen.at(-1), [true, false]);
  assert.ok(seen.some(([liked, pending]) => liked && pending), "the other page showed the tap before it was sent");
  one.kudos.close(), two.kudos.close();
});

test("a storage that fails is told by name, and memory goes on", async () => {
  const { kudos, edge, clock, heard } = client({ storage: { shared: false, update: async () => { throw new Error("quota"); } } });
  kudos.like("posts/1");
  await clock.advance(3000);
  assert.deepEqual(heard.map((h) => h.name ?? h.event), ["storage-failed", "kept"]);
  assert.equal(edge.liked.size, 1);
});

test("a refused token: another one is asked for once; then the queue waits", async () => {
  const asked = [];
  const { kudos, edge, clock, heard } = client({ token: ({ refused }) => (asked.push(refused), refused ? "fresh" : "stale"), user: "ada" });
  edge.user = ({ headers }) => (headers.Authorization === "Bearer fresh" ? "ada" : null);
  kudos.like("posts/1");
  await clock.advance(2000);
  assert.deepEqual(asked, [false, true]);
  assert.equal(edge.liked.get("ada posts/1"), true);
  assert.deepEqual(heard.map((h) => h.event), ["kept"]);
});

test("tokens that are all refused, each one new, are no storm: two requests, then backoff", async () => {
  let n = 0;
  const { kudos, edge, clock, heard } = client({ token: () => `token ${++n}`, user: "ada" }), posts = () => edge.posts.length;
  edge.user = ({ headers }) => (/^Bearer token [1-4]$/.test(headers.Authorization) ? null : "ada");
  kudos.like("posts/1");
  await clock.advance(2000);
  assert.deepEqual([posts(), heard.at(-1).name], [2, "unauthorized"]);
  await clock.advance(400);
  assert.equal(posts(), 2);
  await clock.advance(10000);
  assert.deepEqual([posts(), kudos.queued], [5, 0]);
});

test("a token is called refused until another one was taken", async () => {
  const asked = [];
  const { kudos, edge } = client({ token: ({ refused }) => (asked.push(refused), "any"), user: "ada" });
  edge.faults = [refuse(401, "unauthorized", { field: "Authorization" })];
  await kudos.state("posts/1");
  await kudos.state("posts/1");
  assert.deepEqual(asked, [false, true, false]);
});

test("a token that stays refused keeps the taps, and says so; a new one sends them", async (t) => {
  const { kudos, edge, clock, heard } = client({ token: "stale" }), warned = t.mock.method(console, "warn", () => {});
  edge.user = ({ headers }) => (headers.Authorization === "Bearer fresh" ? "ada" : null);
  kudos.like("posts/1");
  await clock.advance(2500);
  assert.deepEqual([heard.at(-1).name, kudos.queued, kudos.get("posts/1").liked], ["unauthorized", 1, true]);
  await clock.advance(60000);
  assert.equal(warned.mock.callCount(), 1, "the console says it once, however often it is tried");
  assert.match(warned.mock.calls[0].arguments[0], /^kudos: .*token/);
  kudos.setToken("fresh");
  await clock.advance(100);
  assert.deepEqual([kudos.queued, edge.liked.get("ada posts/1")], [0, true]);
});

test("somebody without an account is a visitor from the first tap on", async () => {
  const { kudos, edge, clock, storage } = client({ token: undefined, user: undefined });
  await kudos.state("posts/1");
  assert.equal(edge.requests.length, 1, "who looks needs no token");
  kudos.like("posts/1");
  await clock.advance(2000);
  kudos.unlike("posts/1");
  await clock.advance(2000);
  assert.deepEqual(edge.posts.map((r) => edge.user(r)), ["visitor-1", "visitor-1"]);
  const again = client({ token: undefined, user: undefined, fake: edge, clock, storage });
  await again.kudos.state("posts/1");
  assert.equal(edge.user(edge.requests.at(-1)), "visitor-1");
  assert.equal(edge.requests.at(-1).body.me, true);
});

test("where visitors may not like, all their taps are taken back by name", async () => {
  const { kudos, edge, clock, heard } = client({ token: undefined, user: undefined });
  edge.faults = [refuse(403, "forbidden")];
  kudos.like("posts/1"), kudos.like("posts/2");
  await clock.advance(3000);
  assert.deepEqual(heard.map((h) => [h.name, h.item]), [["forbidden", "posts/1"], ["forbidden", "posts/2"]]);
  assert.deepEqual([kudos.queued, edge.requests.length], [0, 1]);
});

test("what a visitor was refused stays told when an edge says for the first time what that visitor likes", async () => {
  const { kudos, edge, clock } = client({ token: undefined, user: undefined });
  await kudos.state("posts/1");
  edge.faults = [null, refuse(403, "forbidden", { field: "Authorization" })];
  kudos.like("posts/1");
  await clock.advance(3000);
  assert.deepEqual([kudos.get("posts/1").liked, kudos.get("posts/1").reason], [null, "refused"]);
  const { liked, reason, problem } = await kudos.state("posts/1");
  assert.deepEqual([edge.requests.at(-1).body.me, liked, reason, problem?.type], [true, false, "refused", "forbidden"]);
});

test("a token without a name needs the user's", () => {
  const jwt = `e30.${Buffer.from(JSON.stringify({ sub: "ada" })).toString("base64url")}.s`;
  client({ user: undefined, token: jwt }).kudos.close();
  for (const token of ["opaque", "a.b.c", "e30.e30.s", () => "x"])
    assert.throws(() => client({ user: undefined, token }), /`user` is missing: `token` is no JWT with `sub`/);
  assert.throws(() => client({ edge: undefined }), /`edge` is missing/);
});

test("the level of the edge is told when it changes", async () => {
  const { kudos, edge, heard } = client();
  edge.level = 2;
  await kudos.state("posts/1");
  await kudos.state("posts/1");
  assert.equal(kudos.level, 2);
  edge.level = 0;
  await kudos.state("posts/1");
  assert.deepEqual(heard.map((h) => h.value), [2, 0]);
});
