// A clock, and an edge, of the tests' own. Time moves when a test says so; the edge answers as docs/api.md says, and writes down what came.
import { createKudos, memoryStorage } from "../src/kudos.js";

export class Clock {
  time = 1_700_000_000_000;
  timers = [];
  now = () => this.time;
  after = (ms, run) => {
    const timer = { run, at: this.time + Math.max(0, ms) };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  };

  async advance(ms) {
    const end = this.time + ms;
    for (;;) {
      await settled();
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((t) => t !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}

/** All that can go on without time has gone on. */
export async function settled() {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** One answer to GET /v1/live, written by hand. */
export class FakeStream {
  open = true;

  constructor(items, me, headers, signal) {
    Object.assign(this, { items, me, headers });
    const body = new ReadableStream({
      start: (out) => { this.out = out; },
      cancel: () => { this.open = false; },
    });
    signal.addEventListener("abort", () => this.open && this.fail(signal.reason));
    this.response = new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  write(text) {
    this.out.enqueue(new TextEncoder().encode(text));
    return settled();
  }

  /** An event; entries are [item, count, more]. */
  tell(event, id, ...entries) {
    const items = entries.map(([item, count, more]) => ({ item, counts: { like: { count } }, as_of: "2026-01-01T00:00:00.000Z", ...more }));
    return this.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify({ items })}\n\n`);
  }

  end() {
    this.open = false;
    this.out.close();
    return settled();
  }

  fail(error = new TypeError("reset")) {
    this.open = false;
    this.out.error(error);
    return settled();
  }
}

const problem = (status, type, more = {}) => ({ status, json: { type: `urn:kudos:${type}`, title: type, status, ...more } });

export class FakeEdge {
  requests = []; // {path, headers, body}
  faults = []; // what the next requests meet: a function of the request that returns an answer, or throws; null: none
  liked = new Map(); // "user item" -> bool
  others = {}; // item -> likes of others
  keys = new Map();
  level = 0;
  as_of = "2026-01-01T00:00:00.000Z";
  visitors = 0;
  streams = []; // of GET /v1/live, in the order in which they came
  refusals = []; // what the next ones are answered instead: a status and headers, or an error to throw

  fetch = async (url, { headers, body, keepalive, signal }) => {
    if (new URL(url).pathname === "/v1/live") return this.stream(url, headers, signal);
    const path = new URL(url).pathname, request = { path, headers, body: body && JSON.parse(body), keepalive, signal };
    this.requests.push(request);
    const fault = this.faults.shift();
    const answer = (fault && (await fault(request, () => this.answer(request)))) ?? this.answer(request);
    const fields = { ...(this.level && { "Kudos-Level": `${this.level}` }), ...answer.headers };
    return new Response(typeof answer.json === "string" ? answer.json : JSON.stringify(answer.json), { status: answer.status, headers: fields });
  };

  stream(url, headers, signal) {
    const query = new URL(url).searchParams, stream = new FakeStream(query.get("items").split(","), query.get("me"), headers, signal);
    this.streams.push(stream);
    const refusal = this.refusals.shift();
    if (refusal instanceof Error) throw refusal;
    if (refusal) return new Response(refusal.body ?? "", { ...refusal, headers: refusal.headers });
    return stream.response;
  }

  get live() {
    return this.streams.at(-1);
  }

  user({ headers }) {
    return headers.Authorization?.replace("Bearer ", "") ?? null;
  }

  count(item) {
    return (this.others[item] ?? 0) + [...this.liked].filter(([k, v]) => v && k.endsWith(` ${item}`) && !k.includes(" save ")).length;
  }

  answer(request) {
    const { path, body } = request, user = this.user(request);
    if (path === "/v1/visitors") return { status: 200, json: { visitor: "v", token: user ?? `visitor-${++this.visitors}`, expires_at: "2026-04-02T03:04:05.000Z" } };
    if (path === "/v1/counts") return this.counts(body, user);
    if (path === "/v1/likes/lookup") return { status: 200, json: { items: body.items.map((item) => ({ item, liked: this.liked.get(`${user} ${body.counter} ${item}`) ?? false })) } };
    return this.likes(request, user);
  }

  counts({ items, me }, user) {
    const bad = items.find((i) => !i.startsWith("posts/"));
    if (bad) return problem(404, "unknown-collection", { field: "items" });
    const one = (item) => ({ item, counts: { like: { count: this.count(item) }, save: { count: 3 } }, as_of: this.as_of, ...(me && { liked: this.liked.get(`${user} ${item}`) ?? false }) });
    return { status: 200, json: { items: items.map(one) } };
  }

  likes({ headers, body }, user) {
    if (!user) return problem(401, "unauthorized", { field: "Authorization" });
    const key = `${user} ${headers["Idempotency-Key"]}`, text = JSON.stringify(body);
    if (this.keys.has(key) && this.keys.get(key).text !== text) return problem(422, "key-reused");
    const bad = body.operations.findIndex((o) => !o.item.startsWith("posts/"));
    if (bad >= 0) return problem(404, "unknown-collection", { field: `operations[${bad}].item` });
    if (!this.keys.has(key)) this.keys.set(key, { text, results: body.operations.map((o) => this.take(user, o)) });
    const results = this.keys.get(key).results.map((r) => ({ ...r, count: this.count(r.item), as_of: this.as_of }));
    return { status: 200, json: { results }, headers: { "Kudos-Session": `session of ${user} ${this.keys.size}` } };
  }

  take(user, { item, op, counter }) {
    const slot = counter === "like" ? `${user} ${item}` : `${user} ${counter} ${item}`, liked = op === "like", changed = (this.liked.get(slot) ?? false) !== liked;
    this.liked.set(slot, liked);
    return { item, counter, liked, changed };
  }

  get posts() {
    return this.requests.filter((r) => r.path === "/v1/likes");
  }
}

export const refuse = (status, type, more, headers) => () => ({ ...problem(status, type, more), headers });
export const noAnswer = () => { throw new TypeError("fetch failed"); };
/** The request arrives, and its answer is lost. */
export const lostAnswer = (_, answer) => { answer(); throw new TypeError("reset"); };
/** Nobody ever answers; the request ends when it is given up. */
export const blackHole = ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));

/** A client beside a fake edge: {kudos, edge, clock, storage, heard}. */
export function client(more = {}) {
  const clock = more.clock ?? new Clock(), edge = more.fake ?? new FakeEdge(), storage = more.storage ?? memoryStorage(), heard = [];
  const kudos = createKudos({ edge: "http://edge", token: "ada", user: "ada", clock, storage, fetch: edge.fetch, random: () => 0.5, ...more });
  for (const name of ["problem", "kept", "level"]) kudos.on(name, (detail) => heard.push({ event: name, ...(typeof detail === "object" ? detail : { value: detail }) }));
  return { kudos, edge, clock, storage, heard };
}
