// Sends what is queued. It owns this page's view of the queue (by revision), the taps that are not on disk yet, and the timer.
//
// Of all pages one sends at a time, one batch after the other. Only a page that goes away does not wait for its turn (leave): its request has the key that
// the same taps will have when another page seals them, so the server takes them once.
import { batchOf, emptyQueue, MOST, put, renew, seal, settle, slotOf } from "./queue.js";
import { outcome } from "./outcome.js";
import { pause } from "./transport.js";
import { visit } from "./identity.js";

export function createSender({ storage, queueName, page, state, identity, ask, clock, random, newId, debounce, bound, tabs, tell, wrong }) {
  let view = emptyQueue(), rest = () => {}, restUntil = Infinity, closed = false;
  let saving, running, again, leaving, sending; // promises, whether to run once more, the key under way
  const unsaved = new Map(); // slot -> tap

  const taps = () => ({ ...view.taps, ...Object.fromEntries(unsaved) });
  const lay = (why) => state.lay(taps(), why);

  /**
   * Changes the queue, here and for all pages; a `change` that returns a positive number has changed nothing, and nobody is told. `settled`: operations about
   * which something new is known.
   */
  async function update(change, why, settled = []) {
    const { queue, value } = await storage.update(queueName, (q) => {
      const said = change(q);
      if (!(said > 0)) q.revision++;
      return said;
    });
    if (queue.revision > view.revision) {
      view = queue;
      tabs.tell({ queue, why, known: settled.map((o) => state.know(o.item, o.counter)) });
    }
    lay(why);
    return value;
  }

  /** The user wants this. On the screen at once; resolves when it is in the queue, rejects where the queue is full. */
  async function tap(item, counter, op) {
    const now = clock.now(), slot = slotOf(item, counter), one = { item, counter, op, id: newId(), page, at: now, first: now };
    unsaved.set(slot, one);
    lay();
    const full = await (saving ??= Promise.resolve().then(save));
    if (full.has(one)) refuse(slot, one);
    wake(debounce);
  }

  /** All taps of one turn go into the queue in one step. Resolves to those that found no room. */
  async function save() {
    saving = undefined;
    const all = [...unsaved], full = await update((queue) => new Set(all.map(([, one]) => one).filter((one) => !put(queue, one, bound))));
    for (const [slot, one] of all) if (unsaved.get(slot) === one) unsaved.delete(slot);
    lay();
    return full;
  }

  function refuse(slot, { item, counter }) {
    const name = "queue-full", problem = { type: name, title: "Too many taps wait" };
    lay({ [slot]: { reason: "refused", problem } });
    wrong(problem, item, counter);
    throw Object.assign(new Error(problem.title), { name });
  }

  /** Looks at the queue in so many ms, or before. */
  function wake(ms) {
    const at = clock.now() + ms;
    if (closed || at >= restUntil) return;
    rest();
    restUntil = at;
    rest = clock.after(ms, () => drain(debounce));
  }

  /** Sends what has waited so long; with 0 whatever there is. */
  function drain(waited) {
    rest();
    restUntil = Infinity;
    if (running) {
      again = true;
      return waited ? running : running.then(() => drain(0));
    }
    return (running = run(waited).finally(() => {
      running = undefined;
      if (again) wake(0);
      again = false;
    }));
  }

  async function run(waited) {
    await leaving;
    await tabs.alone(async () => {
      while (!closed) {
        const ms = await update((queue) => seal(queue, clock.now(), waited));
        if (ms > 0) return ms < Infinity && wake(ms);
        await send(view.batch);
      }
    });
  }

  async function send(batch) {
    sending = batch.key;
    const none = identity.visitor && (await visitor()), token = await identity.bearer(view);
    await end(batch, none || (await post(batch)), token, none);
    sending = undefined;
  }

  async function post({ key, operations }) {
    const body = JSON.stringify({ operations }, ["operations", "item", "op", "counter"]), { session } = view;
    return { ...(await ask("/v1/likes", { token: identity.last(), session, key, body, keepalive: true })), sent: session };
  }

  /** A visitor's token, where it is wanted: nobody gets one who only looks. Undefined, or the answer that gave none. */
  async function visitor() {
    const old = view.visitor, now = clock.now();
    if (old && now < old.renew) return undefined;
    const { visitor: fresh, answer } = await visit(ask, old, now);
    if (fresh) await update((queue) => { queue.visitor = fresh; });
    return fresh || (old && answer.status !== 401) ? undefined : answer;
  }

  /** What an answer says, into the queue and onto the screen. */
  async function end(batch, answer, token, none) {
    const { taken = [], refused = [], again: asIs, drop, wait = 0, problem } = outcome(answer, batch.operations, none), why = {};
    for (const { operation: o, result } of taken) why[o.slot] = state.taken(o, result);
    for (const { operation: o, problem: p } of refused) why[o.slot] = { reason: "refused", problem: p };
    const same = asIs || (drop === "token" && !identity.refused(token)) || (drop === "session" && !answer.sent);
    await update((queue) => {
      settle(queue, [...taken, ...refused].map((t) => t.operation));
      if (taken.length && answer.session) queue.session = answer.session;
      if (queue.batch?.key === batch.key && !same) next(queue, batch, drop, taken.length);
      if (same || wait) Object.assign(queue, { until: clock.now() + pause(queue.tries++, wait, random), asked: wait > 0 });
      else if (!drop) queue.tries = 0;
    }, why, batch.operations);
    for (const { operation: { item, counter, op } } of taken) tell("kept", { item, counter, liked: op === "like" });
    for (const { operation: { item, counter }, problem: p } of refused) wrong(p, item, counter);
    if (same || wait) wrong(problem);
  }

  /** What becomes of the batch in the queue. */
  function next(queue, batch, drop, taken) {
    if (drop === "session") queue.session = null;
    else if (drop !== "token") queue.batch = null; // what is left of it is sealed anew
    else if (identity.visitor) queue.visitor = queue.session = null;
    if (drop === "key") for (const o of batch.operations) renew(queue, o, newId());
    if (drop === "size") queue.most = batch.operations.length >> 1;
    else if (taken) queue.most = MOST;
  }

  return {
    tap,
    drain,
    queue: () => view,
    size: () => Object.keys(taps()).length,

    /** Reads what is queued from before; sends it when its time has come. */
    async start() {
      await update(() => 1);
      wake(0);
    },

    /** The network, or a token, is back: backoff is over. What the server asked for is not. */
    async retry() {
      await update((queue) => queue.asked || (queue.until = 0));
      return drain(debounce);
    },

    /** The page goes away: what it has goes now, by requests that outlive it. */
    leave() {
      if (closed || view.until > clock.now() || !identity.ready()) return;
      const { batch } = view, busy = new Set(batch?.operations.map((o) => o.slot)), token = identity.last();
      const own = Object.entries(taps()).filter(([slot, one]) => one.page === page && !busy.has(slot)).map(([, one]) => one);
      const go = [...(batch && sending !== batch.key ? [batch] : []), ...(own.length ? [batchOf(own)] : [])];
      leaving = Promise.all(go.map(async (one) => end(one, await post(one), token)));
    },

    /** Another page of this user has changed the queue. */
    hear(queue, why) {
      if (queue.revision <= view.revision) return;
      view = queue;
      lay(why);
      wake(debounce);
    },

    close() {
      closed = true;
      rest();
    },
  };
}
