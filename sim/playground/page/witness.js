// A phone's way to its edge, seen by the playground: it hears of each tap before it leaves and after its answer. So the true count rests on what was asked and
// acknowledged, and on no number of an edge. It may lose answers on purpose: the tap is on the edge's disk, the phone does not know, and asks again under its key.
//
// It hears the stream of numbers along with the phone: what an edge tells beside the number that a heart shows, as how many operations are pending.
import { order } from "./desk.js";
import { parser } from "./sdk/live/parser.js";

/** `lossy()`: whether an answer gets lost; `told(event)`: {lost} or {taken: {item, op, result}}; `moved(entries)`: what the stream told of items. */
export function createWitness({ region, user, lossy, told, moved, fetch = (...asked) => globalThis.fetch(...asked) }) {
  const numbers = new Map(); // key of a batch -> numbers of its taps

  async function asked(key, operations) {
    const known = numbers.get(key);
    if (known) return void (await order("/api/taps/again", known));
    const taps = operations.map(({ item, op }) => ({ user, post: item, region, like: op === "like" }));
    numbers.set(key, await order("/api/taps/asked", taps));
  }

  async function answered(key, operations, response) {
    const of = numbers.get(key), { results } = response.ok ? await response.json() : {}, taken = [], refused = [];
    if (response.status >= 500 || [408, 409, 429].includes(response.status)) return;
    of.forEach((number, i) => (results?.[i] && !results[i].error ? taken : refused).push(number));
    if (refused.length) await order("/api/taps/refused", refused);
    if (taken.length) document.dispatchEvent(new CustomEvent("playground-state", { detail: await order("/api/taps/taken", taken) }));
    results?.forEach((result, i) => result.error || told({ taken: { ...operations[i], result } }));
  }

  async function overhear(stream) {
    const parse = parser(({ event, data }) => ["state", "change"].includes(event) && moved(JSON.parse(data).items), () => {});
    for (const reader = stream.getReader();;) {
      const { value, done } = await reader.read();
      if (done) return;
      parse(value);
    }
  }

  async function listening(url, options) {
    const answer = await fetch(url, options);
    if (answer.ok) overhear(answer.clone().body).catch(() => {}); // it ended
    return answer;
  }

  return async (url, options) => {
    if (url.includes("/v1/live?")) return listening(url, options);
    if (!url.endsWith("/v1/likes")) return fetch(url, options);
    const { operations } = JSON.parse(options.body), key = options.headers["Idempotency-Key"];
    await asked(key, operations);
    const response = await fetch(url, options);
    if (lossy()) {
      told({ lost: true });
      throw new TypeError("the answer got lost");
    }
    await answered(key, operations, response.clone());
    return response;
  };
}
