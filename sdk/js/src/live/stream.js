// The stream of one browser. A connection is opened anew when items come (at most every GAP ms) and when items have gone (after LINGER ms): the old one goes on
// until the server has taken the new one, so a server that takes no more streams takes none away.
//
// A connection ends by `bye`, by an error, or by QUIET ms without a byte. The next one waits as the server says (`retry:`, Retry-After), longer after each failure
// in a row, with jitter. A server that refuses streams for good, as one that knows none does, is asked again after OFF seconds.
import { parser } from "./parser.js";

const GAP = 2000, LINGER = 10000, QUIET = 40000, OFF = 600;

/**
 * `items` tells which items are wanted now, `last` the id of what was heard last. `heard` gets events, {event, data, id}. `idle` is called when the stream has
 * ended for lack of items, `doubted` when the server does not take one of them.
 */
export function createStream({ fetch, edge, clock, random, identity, queue, ready, fields, pause }, { items, last, heard, idle, doubted }) {
  let now, next, opened = [], rest = () => {}, due = Infinity; // the connection; the one asked for last, and its items; the timer of another, and its moment
  let tries = 0, retry = 2000, since = -Infinity, until = 0, asked; // the last opening; no connection before `until`; whether the server said so
  let dead; // the token that was not taken

  /** Opens a connection after so many ms, later where `until` says so; one that is due sooner stays due. */
  function plan(ms) {
    const at = Math.max(clock.now() + ms, until);
    if (at >= due) return;
    rest();
    rest = clock.after((due = at) - clock.now(), open);
  }

  async function open() {
    const wanted = items();
    due = Infinity;
    if (next && `${wanted}` === `${opened}`) return;
    if (!wanted[0]) {
      close();
      return idle();
    }
    if (next !== now) next.abort();
    const mine = (next = new AbortController());
    opened = wanted;
    since = clock.now();
    const wait = await run(mine, wanted).catch(() => 0);
    mine.abort();
    if (now === mine) now = undefined;
    if (next !== mine) return;
    next = now;
    opened = [];
    const then = clock.now() + Math.max(retry * (1 + random()), pause(tries++, wait, random));
    if (then > until) [until, asked] = [then, wait > 0];
    plan(0);
  }

  /** One connection, until its end. Resolves to the seconds that the server wants to be left alone. */
  async function run(mine, wanted) {
    let quiet = () => {};
    const alive = () => {
      quiet();
      quiet = clock.after(QUIET, () => mine.abort());
    };
    mine.signal.onabort = () => quiet();
    alive();
    await ready;
    const known = () => identity.known(queue()) && identity.last() !== dead;
    if (identity.known(queue())) await identity.bearer(queue());
    const me = known(), token = me && identity.last();
    const headers = fields(token, me && queue().session, { "Last-Event-ID": last() });
    const answer = await fetch(`${edge}/v1/live?items=${wanted.map(encodeURIComponent)}${me ? "&me=true" : ""}`, { headers, signal: mine.signal, cache: "no-store" });
    if (answer.status !== 200 || !answer.headers.get("Content-Type")?.startsWith("text/event-stream")) return refused(answer, token);
    if (me) identity.refused(null);
    now?.abort();
    now = mine;
    let bye;
    const parse = parser((event) => {
      bye ||= event.event === "bye";
      heard(event);
      tries = 0;
    }, (ms) => { retry = ms; });
    for (const reader = answer.body.getReader(); !bye && me === known();) {
      const { value, done } = await reader.read();
      if (done) break;
      alive();
      parse(value);
    }
    return 0;
  }

  /** Resolves to the seconds until it is asked again; 0: backoff says. */
  async function refused(answer, token) {
    const { status } = answer, wait = Number(answer.headers.get("Retry-After"));
    if (status === 401 && !identity.refused(token)) dead = token;
    if (wait || status < 400 || status >= 500 || [401, 408, 429].includes(status)) return wait;
    if ((await answer.json().catch(() => ({}))).field !== "items") return OFF;
    doubted();
    return 0;
  }

  function close() {
    rest();
    due = Infinity;
    for (const one of [now, next]) one?.abort();
    now = next = undefined;
    opened = [];
  }

  return {
    close,

    /** Other items are wanted. */
    changed() {
      plan(items().every((item) => opened.includes(item)) ? LINGER : Math.max(0, since + GAP - clock.now()));
    },

    /** The network, or a token, is back: backoff is over. What the server asked for is not. */
    again() {
      if (!asked) tries = until = 0;
      opened = [];
      plan(0);
    },
  };
}
