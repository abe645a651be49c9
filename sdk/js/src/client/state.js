// What is shown. Known is what the server said last of a slot; shown is known with the user's own tap that has no answer yet laid over it. A tap that is refused
// is taken away, and what was known is seen again: nothing is computed back.
//
// A number steps back only for a reason, which `reason` of the state names:
//   "own"      the user took his like back, here
//   "refused"  the server did not take the like (`problem` says why)
//   "already"  the like had been counted before
//   "elsewhere" the user took it back on another device
//   "others"   a newer number (as_of) is lower
// Whatever else is lower, or older, or null, is not shown: the last that was known stays.
import { slotOf } from "./queue.js";

export function createState() {
  // By slot, which is the name of no property of objects: it has a blank in it.
  const known = {}; // {item, counter, liked, count, asOf, turn}
  const shown = {}; // the state that was told last
  const watchers = {}; // Sets of functions
  let laid = {}, turns = 0; // slot -> tap, by the queue; orders requests and answers of this page

  /** The moment at which a request begins. */
  const turn = () => ++turns;

  function know(item, counter) {
    return (known[slotOf(item, counter)] ??= { item, counter, liked: null, count: null, asOf: null, turn: 0 });
  }

  function get(item, counter) {
    const slot = slotOf(item, counter);
    if (!shown[slot]) show(know(item, counter));
    return shown[slot];
  }

  function watch(item, counter, tell) {
    const slot = slotOf(item, counter);
    tell(get(item, counter));
    (watchers[slot] ??= new Set()).add(tell);
    return () => watchers[slot].delete(tell);
  }

  /** The taps that have no answer yet; `why` of slots that changed besides: {slot: {reason, problem}}. */
  function lay(taps, why = {}) {
    const before = laid;
    laid = taps;
    for (const slot in { ...before, ...taps, ...why }) {
      const tap = taps[slot], it = known[slot] ?? (tap && know(tap.item, tap.counter));
      if (it && (before[slot]?.id !== tap?.id || why[slot])) show(it, why[slot] ?? { reason: "own" });
    }
  }

  /** A tap was taken: what the server answered to it. Shown when the taps are laid anew. Returns why the number may step back then. */
  function taken({ item, counter }, { liked, count, changed, as_of: asOf }) {
    const it = know(item, counter), expected = predicted(it, liked);
    const reason = changed === false ? "already" : newer(asOf, it.asOf) ? "others" : null;
    if (count === null || (count < expected && !reason)) count = expected;
    Object.assign(it, { liked, count, asOf: latest(asOf, it.asOf), turn: turn() });
    return { reason };
  }

  /** What a read that began at `began` says of a slot. `liked` is undefined where it was not asked for, null where the edge does not know it. */
  function read(item, counter, { liked, count, asOf }, began) {
    const it = know(item, counter), expected = predicted(it, liked);
    if (began < it.turn) return; // an answer to a tap came since
    const older = it.asOf && asOf && asOf < it.asOf, lower = count < expected && !(newer(asOf, it.asOf) && liked !== null);
    const reason = liked === false && it.liked ? "elsewhere" : "others";
    if (count === null || (expected !== null && (older || lower))) count = expected;
    Object.assign(it, { liked: liked ?? it.liked, count, asOf: latest(asOf, it.asOf) });
    show(it, { reason });
  }

  /** What the page was made with, by a server: as good as nothing when something is known. */
  function seed(item, counter, said) {
    if (know(item, counter).count === null) read(item, counter, { ...said, asOf: null }, turn());
  }

  /** What another page of this user knows. */
  function hear(all) {
    for (const { item, counter, ...said } of all) {
      read(item, counter, said, turn());
      know(item, counter).turn = turn();
    }
  }

  function show(it, { reason = null, problem = null } = {}) {
    const { item, counter, asOf } = it, slot = slotOf(item, counter), tap = laid[slot], last = shown[slot];
    const liked = tap ? tap.op === "like" : it.liked, count = predicted(it, liked), back = last && count !== null && count < last.count;
    const next = { item, counter, liked, count, asOf, pending: Boolean(tap), reason: back || problem ? reason : null, problem };
    if (last && !next.reason && count === last.count && !liked === !last.liked) Object.assign(next, { reason: last.reason, problem: last.problem });
    if (last && JSON.stringify(last) === JSON.stringify(next)) return;
    shown[slot] = next;
    for (const tell of [...(watchers[slot] ?? [])]) tell(next);
  }

  /** Slots that somebody looks at. */
  const watched = () => Object.keys(watchers).filter((slot) => watchers[slot].size).map((slot) => known[slot]);

  return { turn, know, get, watch, watched, lay, taken, read, seed, hear };
}

/** The number with the user's own word in it; without a word about it, or without knowing what he said before, it is the number as it is. */
function predicted({ liked: before, count }, liked) {
  if (count === null || before === null || liked === null || liked === undefined || liked === before) return count;
  return Math.max(0, count + (liked ? 1 : -1));
}

// Moments are texts of one form (RFC 3339, UTC, ms), so they compare as texts.
const newer = (asOf, than) => asOf !== null && asOf !== undefined && (than === null || asOf > than);
const latest = (a, b) => (newer(a, b) ? a : b);
