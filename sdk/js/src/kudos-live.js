// Numbers that move: one stream for all items that are followed, and for all pages of a browser. README.md beside package.json says how to use it.
import { createNumbers } from "./live/numbers.js";
import { createShare } from "./live/share.js";
import { createStream } from "./live/stream.js";

const lives = new WeakMap(); // client -> its stream

/** The stream of a client; always the same one. */
export function live(kudos) {
  if (!lives.has(kudos)) lives.set(kudos, createLive(kudos));
  return lives.get(kudos);
}

function createLive({ parts, state, get, on }) {
  const numbers = createNumbers(parts, state, () => share.renew()), wrong = new Set(); // items that the edge does not take
  let last;
  const stream = createStream(parts, {
    items: () => share.items().filter((item) => !wrong.has(item)),
    last: () => last,
    heard({ event, data, id }) {
      if (!["state", "change"].includes(event)) return;
      const news = { id, items: JSON.parse(data).items };
      share.say(news);
      hear(news);
    },
    idle: () => share.leave(),
    doubted: () => share.items().forEach((item) => get(item).count ?? state(item)), // a read tells which one
  });
  const share = createShare(parts, { lead: stream.again, changed: stream.changed, rest: stream.close, heard: hear });

  function hear(news) {
    last = news.id;
    numbers.hear(news);
  }

  on("problem", ({ name, item }) => /^(unknown|invalid)/.test(name) && item && wrong.add(item));
  parts.ends.push(share.close, stream.close, numbers.close);
  return { follow: share.follow };
}
