// Which page of a browser holds the stream, and for which items. Pages of one origin, edge and user are a circle; each knows what the others want.
//
// A page that is seen and wants items stands in line for a lock. Who holds it leads: it has the stream, for the items of all, and tells the others what comes.
// A page that is hidden wants nothing, and is not in the line. If it leads, it goes on until the stream has ended for lack of items, or another page wants some.
// Without Web Locks or BroadcastChannel, and where pages share no storage, each page leads itself.

const MOST = 200, BYTES = 6000; // of a request: what a server takes, and what proxies before it do

/**
 * `lead` is called when this page begins to lead, and when it leads and a new stream is wanted; `rest` when it ends, `changed` when the items may be others, `heard`
 * with what the leader told.
 */
export function createShare({ queueName, storage, page, clock, join: circle }, { lead, rest, changed, heard }) {
  const { window: target, document: shown } = globalThis;
  const { alone, tell: say, close } = circle(`kudos live ${queueName}`, storage.shared && globalThis.BroadcastChannel && globalThis.navigator?.locks, hear);
  const mine = new Map(), others = new Map(); // item -> who follow it here; page -> its items
  let turn, leads, gone, soon; // the place in the line; the page goes away; settles after this turn of the event loop

  const own = () => (gone || shown?.visibilityState === "hidden" ? [] : [...mine.keys()]);
  const tell = () => say({ page, wants: own() });

  function join() {
    const { signal } = (turn = new AbortController());
    const hold = () => signal.aborted || new Promise((done) => {
      signal.onabort = done;
      leads = true;
      lead();
    });
    alone(hold, { signal }).catch?.(() => signal.aborted || hold());
  }

  function leave() {
    turn?.abort();
    if (leads) rest();
    turn = leads = undefined;
  }

  /** Takes the place in the line that this page is to have, or leaves it. */
  function settle() {
    if (own()[0]) turn || join();
    else if (gone || !leads || others.size) leave();
    if (leads) changed();
  }

  function update() {
    soon = undefined;
    tell();
    settle();
  }

  function later() {
    soon ??= clock.after(0, update);
  }

  function renew() {
    if (leads) lead();
  }

  function hear(data) {
    const { wants } = data;
    if (data.ask) tell();
    else if (data.renew) renew();
    else if (!wants) heard(data);
    else {
      others.delete(data.page);
      if (wants[0]) others.set(data.page, wants);
      settle();
    }
  }
  say({ ask: true });

  const stop = new AbortController(), listen = (where, event, then) => where?.addEventListener(event, then, stop);
  const turned = ({ type }) => {
    gone = type === "pagehide";
    update();
  };
  listen(shown, "visibilitychange", turned);
  listen(target, "pagehide", turned);
  listen(target, "pageshow", turned);
  listen(target, "online", renew);

  return {
    say,
    leave,

    /** A new stream is wanted, with the session token of now. */
    renew() {
      say({ renew: true });
      renew();
    },

    follow(item) {
      const one = {}, followers = mine.get(item) ?? new Set();
      mine.set(item, followers.add(one));
      later();
      return () => {
        if (followers.delete(one) && !followers.size) mine.delete(item);
        later();
      };
    },

    /** What is wanted: of this page first, the newest first, as many as one request takes. */
    items() {
      let bytes = BYTES;
      const all = new Set([...own().reverse(), ...[...others.values()].flat()]);
      return [...all].filter((item) => (bytes -= encodeURIComponent(item).length + 3) > 0).slice(0, MOST).sort();
    },

    close() {
      gone = true;
      soon?.();
      update();
      soon = () => {};
      stop.abort();
      close();
    },
  };
}
