// The client: what a page or a program calls. It wires the parts (one file each) and owns none of their state.
import { createIdentity } from "./identity.js";
import { createReads } from "./reads.js";
import { createSender } from "./sender.js";
import { createState } from "./state.js";
import { browserStorage, memoryStorage, sturdy } from "./storage.js";
import { tabs } from "./tabs.js";
import { ask, fields, pause } from "./transport.js";

const CLOCK = {
  now: () => Date.now(),
  /** Runs f in so many ms; returns what takes that back. */
  after(ms, f) {
    const timer = setTimeout(f, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** 128 random bits, in hexadecimal. Without a source of good ones the ids need only differ from those of the same user. */
function randomId() {
  const words = globalThis.crypto ? crypto.getRandomValues(new Uint32Array(4)) : [0, 0, 0, 0].map(() => Math.random() * 2 ** 32 >>> 0);
  return Array.from(words, (word) => word.toString(16)).join("");
}

export function createKudos({ edge, token, user, debounce = 2000, bound = 1000, timeout = 15000, storage, fetch = (...asked) => globalThis.fetch(...asked), clock = CLOCK, random = Math.random }) {
  if (typeof edge !== "string") throw new TypeError("kudos: `edge` is missing");
  edge = edge.replace(/\/+$/, "");
  const listeners = {}, state = createState(), identity = createIdentity({ token, user });
  let level = 0, warned = 0;
  const tell = (name, detail) => [...(listeners[name] ?? [])].forEach((listen) => listen(detail));
  /** Told to the page; a token that is refused to its developer too, once. */
  const wrong = (problem, item, counter) => {
    const name = problem?.type ?? "no-answer";
    if (name === "unauthorized" && !warned++) console.warn("kudos: the edge refused this user's token", problem);
    tell("problem", { name, item, counter, problem });
  };
  const told = (now) => {
    if (now !== level) tell("level", (level = now));
  };
  const name = `${edge} ${identity.user}`;
  storage = sturdy(storage ?? (globalThis.indexedDB ? browserStorage() : memoryStorage()), (error) => tell("problem", { name: "storage-failed", error }));
  const between = tabs(`kudos ${name}`, storage.shared, ({ queue, why, known }) => {
    state.hear(known ?? []);
    sender.hear(queue, why);
  });
  const parts = { fetch, edge, timeout, told, storage, queueName: name, page: randomId(), state, identity, ask: (path, request) => ask(parts, path, request), clock, random,
    newId: randomId, debounce, bound, tabs: between, tell, wrong, fields, pause, join: tabs };
  const sender = createSender(parts), ready = sender.start(), reads = createReads(Object.assign(parts, { ready, queue: sender.queue }));
  const ends = (parts.ends = [life(sender.leave, () => (sender.retry(), reads.again())), between.close, sender.close, reads.close]);

  return {
    like: (item, counter = "like") => sender.tap(item, counter, "like"),
    unlike: (item, counter = "like") => sender.tap(item, counter, "unlike"),
    get: (item, counter = "like") => state.get(item, counter),
    async state(item, counter = "like") {
      await reads.want([{ item, counter }]);
      return state.get(item, counter);
    },
    watch(item, listen, counter = "like") {
      const end = state.watch(item, counter, listen);
      reads.want([{ item, counter }]);
      return end;
    },
    seed: (item, said, counter = "like") => state.seed(item, counter, said),
    refresh: reads.again,
    flush: () => sender.drain(0),
    on(event, listen) {
      (listeners[event] ??= new Set()).add(listen);
      return () => listeners[event].delete(listen);
    },
    setToken(fresh) {
      identity.set(fresh);
      sender.retry();
      reads.again();
    },
    get level() {
      return level;
    },
    get queued() {
      return sender.size();
    },
    ready,
    parts, // for kudos-live.js
    close() {
      for (const end of ends) end();
    },
  };
}

/** The life of a page: it goes away, comes back, or has a network again. */
function life(leave, back) {
  const { window: target, document: page } = globalThis, stop = new AbortController();
  const on = (where, event, listen) => where.addEventListener(event, listen, stop);
  if (target && page) {
    on(target, "pagehide", leave);
    on(target, "online", back);
    on(target, "pageshow", ({ persisted }) => persisted && back());
    on(page, "visibilitychange", () => (page.visibilityState === "hidden" ? leave() : back()));
  }
  return () => stop.abort();
}
