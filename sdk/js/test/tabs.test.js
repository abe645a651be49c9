// Pages of one browser that share a stream, with a browser of the tests' own: locks, channels, and documents that are seen or hidden.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { memoryStorage } from "../src/kudos.js";
import { live } from "../src/kudos-live.js";
import { client, Clock, FakeEdge, settled } from "./fake.js";

/** Web Locks: one holder of a name, the others in line. */
class Locks {
  lines = {};
  refuses = null;

  async request(name, options, work) {
    [options, work] = work ? [options, work] : [{}, options];
    if (this.refuses && name.startsWith("kudos live")) throw this.refuses;
    const line = (this.lines[name] ??= []), one = {};
    await new Promise((resolve, reject) => {
      one.go = resolve;
      options.signal?.addEventListener("abort", () => {
        if (line[0] !== one) line.splice(line.indexOf(one), 1);
        reject(new DOMException("gone", "AbortError"));
      });
      line.push(one);
      if (line[0] === one) resolve();
    });
    try {
      return await work();
    } finally {
      line.splice(line.indexOf(one), 1);
      line[0]?.go();
    }
  }
}

class Channel {
  static all = new Set();

  constructor(name) {
    this.name = name;
    Channel.all.add(this);
  }

  postMessage(data) {
    if (!Channel.all.has(this)) throw new Error("closed");
    for (const other of Channel.all) if (other !== this && other.name === this.name) setImmediate(() => Channel.all.has(other) && other.onmessage({ data: structuredClone(data) }));
  }

  close() {
    Channel.all.delete(this);
  }
}

const real = { BroadcastChannel: globalThis.BroadcastChannel };
let browser;

beforeEach(() => {
  Channel.all.clear();
  browser = { clock: new Clock(), fake: new FakeEdge(), storage: { ...memoryStorage(), shared: true }, locks: new Locks() };
  Object.defineProperty(globalThis, "navigator", { value: { locks: browser.locks }, configurable: true });
  globalThis.BroadcastChannel = Channel;
});
afterEach(() => {
  delete globalThis.navigator;
  delete globalThis.document;
  delete globalThis.window;
  Object.assign(globalThis, real);
});

/** A page that shows and follows these items. */
async function tab(...items) {
  const document = (globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" })), window = (globalThis.window = new EventTarget());
  const { kudos } = client({ clock: browser.clock, fake: browser.fake, storage: browser.storage }), { follow } = live(kudos);
  for (const item of items) {
    kudos.watch(item, () => {});
    follow(item);
  }
  await browser.clock.advance(0);
  return {
    kudos,
    follow,
    see(how) {
      document.visibilityState = how;
      document.dispatchEvent(new Event("visibilitychange"));
      return settled();
    },
    happens: (event) => (window.dispatchEvent(new Event(event)), settled()),
  };
}

const open = () => browser.fake.streams.filter((s) => s.open).map((s) => s.items.join());

test("two tabs have one stream, and each shows what it tells", async () => {
  const one = await tab("posts/1"), two = await tab("posts/1", "posts/2");
  await browser.clock.advance(2000);
  assert.deepEqual([browser.fake.streams.length, open()], [2, ["posts/1,posts/2"]], "the first tab's, opened anew for both");
  await browser.fake.live.tell("state", "a.1", ["posts/1", 1, { liked: false }], ["posts/2", 2, { liked: false }]);
  assert.deepEqual([one.kudos.get("posts/1").count, two.kudos.get("posts/1").count, two.kudos.get("posts/2").count], [1, 1, 2]);
});

test("when the tab that has it is closed, another goes on by the last id", async () => {
  const one = await tab("posts/1");
  await tab("posts/1");
  await browser.fake.live.tell("state", "a.7", ["posts/1", 1, { liked: false }]);
  await one.happens("pagehide");
  await browser.clock.advance(0);
  assert.deepEqual([open(), browser.fake.streams.length, browser.fake.live.headers["Last-Event-ID"]], [["posts/1"], 2, "a.7"]);
});

test("the tab that is seen has it; when none is seen it ends, and begins when one is", async () => {
  const one = await tab("posts/1"), two = await tab("posts/2");
  await browser.clock.advance(2000);
  await two.see("hidden");
  await browser.clock.advance(10000);
  assert.deepEqual(open(), ["posts/1"], "hidden tabs want nothing");
  await two.see("visible");
  await browser.clock.advance(2000);
  assert.deepEqual(open(), ["posts/1,posts/2"]);
  await one.see("hidden");
  await browser.clock.advance(0);
  assert.deepEqual(open(), ["posts/2"], "of the other tab");
  await two.see("hidden");
  await browser.clock.advance(9000);
  assert.deepEqual(open(), ["posts/2"], "a moment elsewhere ends nothing");
  await browser.clock.advance(1000);
  assert.deepEqual(open(), []);
  await one.see("visible");
  await browser.clock.advance(2000);
  assert.deepEqual(open(), ["posts/1"]);
});

test("a network that is back ends backoff, in the tab that has the stream alone", async () => {
  const one = await tab("posts/1"), two = await tab("posts/1");
  browser.fake.refusals = Array(6).fill(new TypeError("no network"));
  await browser.fake.live.fail();
  await browser.clock.advance(60000);
  browser.fake.refusals = [];
  const before = browser.fake.streams.length;
  await two.happens("online");
  await browser.clock.advance(0);
  assert.equal(browser.fake.streams.length, before);
  await one.happens("online");
  await browser.clock.advance(0);
  assert.deepEqual([browser.fake.streams.length, open()], [before + 1, ["posts/1"]]);
});

test("a tab to which the stream contradicts has the one that holds it open another", async () => {
  await tab("posts/1");
  const two = await tab("posts/2");
  await browser.clock.advance(2000);
  const before = browser.fake.streams.length;
  await browser.fake.live.tell("change", "a.1", ["posts/2", 1, { liked: true }]);
  browser.fake.liked.set("ada posts/2", true);
  await browser.clock.advance(1000);
  assert.deepEqual([browser.fake.streams.length, open(), two.kudos.get("posts/2").liked], [before + 1, ["posts/1,posts/2"], true]);
});

test("a page that may not have locks has a stream of its own", async () => {
  browser.locks.refuses = new DOMException("sandboxed", "SecurityError");
  await tab("posts/1");
  await tab("posts/2");
  assert.equal(open().length, 2);
});

test("a client that is closed gives the stream to another", async () => {
  const one = await tab("posts/1");
  await tab("posts/2");
  one.kudos.close();
  await browser.clock.advance(2000);
  assert.deepEqual(open(), ["posts/2"]);
});
