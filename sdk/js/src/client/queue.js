// The queue of one user: a record of plain data, changed by pure functions in one step each.
//
//   taps   what the user wants, by slot (counter and item): the last intent alone. A tap leaves it when the server has answered for this very tap (id).
//   batch  the request under way, or null. Its operations never change: a retry sends the same bytes under the same key.
//   until  nothing is sent before this moment; asked: because the server said so (Retry-After), not for backoff alone
//   most   operations in a batch, less after one was refused as a whole
//   session, visitor   tokens of this user; tries: failures in a row; revision: of this record
//
// A batch points at taps by their ids, and so does the end of a batch: a tap that was said again meanwhile stays, with its new id, and goes later. So the
// order of a user's words on one slot is that of his taps, and batches go one after the other.

/** Operations that the server takes in a batch. */
export const MOST = 1000;
/** JSON that a request with `keepalive` may carry: browsers allow 64 KiB in all. */
const BYTES = 60000;

export const emptyQueue = () => ({ revision: 0, n: 0, taps: {}, batch: null, tries: 0, most: MOST, until: 0, asked: false, session: null, visitor: null });

export const slotOf = (item, counter) => `${counter} ${item}`;

/** Puts a tap into the queue; false: it is full, and nothing changed. */
export function put(queue, tap, bound) {
  const slot = slotOf(tap.item, tap.counter), old = queue.taps[slot];
  if (!old && Object.keys(queue.taps).length >= bound) return false;
  const waits = old?.page === tap.page && !queue.batch?.operations.some((o) => o.id === old.id);
  queue.taps[slot] = { ...tap, first: waits ? old.first : tap.at, n: ++queue.n };
  return true;
}

/**
 * How long taps have to wait still: until nobody has tapped for `wait` ms, and at most five times that since the first. A clock that was put back does not
 * hold them up.
 */
export function remaining(taps, now, wait) {
  const last = Math.max(...taps.map((t) => t.at)), first = Math.min(...taps.map((t) => t.first));
  return last > now ? 0 : Math.max(0, Math.min(last + wait, first + 5 * wait) - now);
}

/**
 * Makes a batch of the taps of one page that have waited long enough. Returns 0 where there is a batch to send now, else after how many ms to ask again.
 * Taps of one page go together, so that what a page that is gone may have sent is made again as it was, under the same key.
 */
export function seal(queue, now, wait) {
  const pages = {};
  let soonest = Infinity;
  for (const tap of Object.values(queue.taps)) (pages[tap.page] ??= []).push(tap);
  for (const taps of queue.batch ? [] : Object.values(pages)) {
    const rest = remaining(taps, now, wait);
    if (rest <= 0) queue.batch ??= batchOf(taps, queue.most);
    soonest = Math.min(soonest, rest);
  }
  return queue.batch ? Math.max(0, queue.until - now) : soonest;
}

/** The oldest of these taps, as far as they fit a request. The key follows from the ids of its taps alone: the same taps, the same key. */
export function batchOf(taps, most = MOST) {
  const operations = [];
  let bytes = 0;
  for (const { item, counter, op, id } of [...taps].sort((a, b) => a.n - b.n)) {
    bytes += item.length + counter.length + 45;
    if (operations.length >= most || bytes > BYTES) break;
    operations.push({ item, counter, op, id, slot: slotOf(item, counter) });
  }
  const key = operations.reduce((sum, o) => sum ^ BigInt(`0x${o.id}`), 0n).toString(16);
  return { key, operations };
}

/** The server has spoken about these operations for good: taken or refused. */
export function settle(queue, operations) {
  for (const o of operations) {
    if (queue.taps[o.slot]?.id === o.id) delete queue.taps[o.slot];
  }
}

/** Another id for the tap of this operation, so that its next batch has another key. */
export function renew(queue, operation, id) {
  const tap = queue.taps[operation.slot];
  if (tap?.id === operation.id) tap.id = id;
}
