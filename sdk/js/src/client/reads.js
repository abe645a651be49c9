// Reads: all that is asked for in one turn of the event loop goes as one request (200 items at most in each). A read that fails is tried again as long as
// somebody watches; one bad item does not keep the others from being read.
import { passing } from "./outcome.js";
import { slotOf } from "./queue.js";
import { pause } from "./transport.js";

const MOST = 200;

export function createReads({ state, identity, ask, clock, random, queue, ready, wrong }) {
  const wanted = new Map(); // slot -> {item, counter}
  let turn = null, rest = () => {}, tries = 0; // turn: the promise of all that is asked for in this turn

  async function flush() {
    const byItem = {}, reading = [];
    for (const { item, counter } of wanted.values()) (byItem[item] ??= []).push(counter);
    wanted.clear();
    turn = null;
    await ready;
    const items = Object.keys(byItem);
    for (let i = 0; i < items.length; i += MOST) reading.push(read(items.slice(i, i + MOST), byItem));
    await Promise.all(reading);
  }

  async function read(items, counters, anonymous) {
    const me = !anonymous && identity.known(queue()), began = state.turn();
    const who = me ? { token: await identity.bearer(queue()), session: queue().session } : {};
    const answer = await ask("/v1/counts", { ...who, body: JSON.stringify(me ? { items, me } : { items }) }), { problem } = answer;
    if (answer.status === 200 && answer.json?.items) {
      tries = 0;
      const liked = me ? await lookup(items, counters, who) : {};
      for (const found of answer.json.items) for (const counter of counters[found.item] ?? []) learn(found, counter, me, liked, began);
    } else if (answer.status === 401 && me) {
      const other = identity.refused(who.token);
      if (!other) wrong(problem);
      return read(items, counters, !other);
    } else if (passing(answer)) later(answer);
    else if (items.length === 1) wrong(problem, items[0]);
    else { // something is wrong for good: it is looked for by halves
      const half = items.length >> 1;
      await Promise.all([read(items.slice(0, half), counters, anonymous), read(items.slice(half), counters, anonymous)]);
    }
  }

  /** Has the user set other counters than `like`? Each of them is a question of its own. */
  async function lookup(items, counters, who) {
    const liked = {};
    for (const counter of new Set(items.flatMap((i) => counters[i]).filter((c) => c !== "like"))) {
      const body = JSON.stringify({ items: items.filter((i) => counters[i].includes(counter)), counter });
      for (const found of (await ask("/v1/likes/lookup", { ...who, body })).json?.items ?? []) liked[slotOf(found.item, counter)] = found.liked;
    }
    return liked;
  }

  function learn({ item, liked, counts, as_of: asOf }, counter, me, others, began) {
    const said = (counter === "like" ? liked : others[slotOf(item, counter)]) ?? null;
    state.read(item, counter, { liked: me ? said : undefined, count: counts[counter]?.count ?? null, asOf }, began);
  }

  function later({ problem, retryAfter }) {
    wrong(problem);
    rest();
    rest = clock.after(pause(tries++, retryAfter, random), again);
  }

  /** Resolves when the answer is in the state, or when there was none. */
  function want(slots) {
    for (const slot of slots) wanted.set(slotOf(slot.item, slot.counter), slot);
    return (turn ??= Promise.resolve().then(flush));
  }

  /** Reads anew what somebody looks at. */
  function again() {
    const slots = state.watched();
    return slots[0] && want(slots);
  }

  return { want, again, close: () => rest() };
}
