// What the stream says, into the state of a client, by the rules of its reads.
//
// A stream may be behind an answer that the user's own tap had: it was opened with an older session token, maybe at another edge, and an edge does not follow what
// users do at others. So it takes back nothing that is known of this user. Where it contradicts that, and still does DOUBT ms later, an ordinary read decides, with
// the session token of now, and a new stream takes over, which begins with what that read says.

const DOUBT = 1000, APART = 10000;

export function createNumbers({ state, clock }, read, renew) {
  const doubts = new Map(); // what is known of a slot -> what the stream said of `liked`
  let rest = () => {}, waits = false, asked = -Infinity;

  function hear(items) {
    const watched = state.watched();
    for (const { item, liked, counts, as_of: asOf } of items) {
      for (const it of watched) if (it.item === item) learn(it, it.counter === "like" ? liked : undefined, counts[it.counter]?.count ?? null, asOf);
    }
  }

  /** `liked` is undefined where it was not asked for, null where the edge does not know it. */
  function learn(it, liked, count, asOf) {
    doubts.delete(it);
    const against = liked === undefined ? count !== null && count < it.count : liked !== null && liked !== it.liked;
    if (it.liked === null || !against) return state.read(it.item, it.counter, { liked, count, asOf }, state.turn());
    doubts.set(it, liked);
    if (!waits) rest = clock.after(Math.max(DOUBT, asked + APART - clock.now()), decide);
    waits = true;
  }

  function decide() {
    waits = false;
    const left = [...doubts].filter(([it, liked]) => it.liked !== liked);
    doubts.clear();
    if (left[0]) asked = clock.now();
    for (const [{ item, counter }] of left) read(item, counter);
    if (left.some(([, liked]) => liked !== undefined)) renew();
  }

  return { hear, close: () => rest() };
}
