// What the stream says, into the state of a client, by the rules of its reads.
//
// A stream may be behind an answer that the user's own tap had: it was opened with an older session token, maybe at another edge, and an edge does not follow what
// users do at others. So it takes back nothing that is known of this user, and a number of which it does not say whether his tap is in it waits for that tap. Nor
// does it lower a number of the same moment (as_of) that came by another way: that may know of operations which this edge has not. Where it still is against what
// is known DOUBT ms later, an ordinary read decides, with the session token of now; where it is about the user's likes, a new stream takes over besides, which
// begins with what that read says.
//
// A lower number of the same moment is newer where this very process of an edge said the number before it: the moment stands still while a region is cut off, and
// a stream tells a change once.

const DOUBT = 1000, APART = 10000;

export function createNumbers({ state, clock }, read, renew) {
  const doubts = new Map(); // what is known of a slot -> [liked, count] as the stream said
  const said = new WeakMap(); // what is known of a slot -> the process that spoke of it last, and its number and moment
  let rest = () => {}, waits = false, asked = -Infinity;

  function hear({ id, items }) {
    const watched = state.watched(), [from] = id.split(".");
    for (const { item, liked, counts, as_of: asOf } of items) {
      for (const it of watched) if (it.item === item) learn(it, it.counter === "like" ? liked : undefined, counts[it.counter]?.count ?? null, asOf, from);
    }
  }

  /** `liked` is undefined where it was not asked for, null where the edge does not know it. */
  function learn(it, liked, count, asOf, from) {
    const { item, counter } = it, told = liked ?? it.liked, lower = count !== null && count < it.count;
    doubts.delete(it);
    if (said.get(it) === `${[from, it.count, it.asOf]}`) it.asOf = null;
    said.set(it, `${[from, count, asOf]}`);
    const unsaid = told !== null && told !== liked && (lower || state.get(item, counter).pending);
    if (!unsaid && (it.liked ?? told) === told && !(lower && asOf && asOf <= it.asOf)) return state.read(item, counter, { liked, count, asOf }, state.turn());
    doubts.set(it, [liked, count]);
    if (!waits) rest = clock.after(Math.max(DOUBT, asked + APART - clock.now()), decide);
    waits = true;
  }

  function decide() {
    const differs = ([it, [liked]]) => it.liked !== (liked ?? it.liked), left = [...doubts].filter((one) => differs(one) || one[1][1] !== one[0].count);
    waits = false;
    doubts.clear();
    if (left[0]) asked = clock.now();
    const renews = left.some(differs);
    for (const [it] of left) {
      it.asOf = null; // what is read now is newer
      read(it.item, it.counter);
    }
    if (renews) renew();
  }

  return { hear, close: () => rest() };
}
