// Who is asking: a user by a token, a user whom a gateway knows by a cookie (`user` without `token`), or a visitor, whose token Kudos gives out.
// A queue belongs to one of them. What was queued for one is never sent for another: the queue's name holds the user.

export function createIdentity({ token, user }) {
  const visitor = token === undefined && user === undefined;
  let last = null, bad = null; // the token shown last, for a page that goes away and cannot wait; the one that the server refused
  return {
    visitor,
    user: visitor ? "visitor" : `user ${user ?? userOf(token)}`,

    set(fresh) {
      if (user === undefined && userOf(fresh) !== userOf(token)) throw new TypeError("kudos: another user");
      token = fresh;
      bad = null;
    },

    /** The token to show, or null: of a visitor that of the queue. */
    async bearer(queue) {
      try {
        last = (visitor ? queue.visitor?.token : typeof token === "function" ? await token({ refused: bad !== null }) : token) ?? null;
      } catch {
        last = null; // nobody gives one now
      }
      return last;
    },

    last: () => last,
    /** Could a request leave now, without waiting for a token? */
    ready: () => last !== null || (!visitor && token === undefined),
    /** Can answers tell what this user likes? */
    known: (queue) => !visitor || Boolean(queue.visitor),

    /** The server did not take this token; null: it did. True: another one may be at hand. There is none where two in a row were refused. */
    refused(shown) {
      const again = bad === null;
      bad = shown;
      return again && (visitor || typeof token === "function");
    },
  };
}

/** The user of a token (JWT). */
export function userOf(token) {
  try {
    const { sub } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    if (sub) return sub;
  } catch {
    // said below
  }
  throw new TypeError("kudos: `user` is missing: `token` is no JWT with `sub`");
}

/** Asks for a visitor's token, or renews one. Resolves to { visitor }, or to { answer } where there is none. */
export async function visit(ask, old, now) {
  const answer = await ask("/v1/visitors", { token: old?.token });
  const { token, expires_at: expires } = answer.json ?? {};
  return answer.status === 200 && token ? { visitor: { token, renew: (now + Date.parse(expires)) / 2 } } : { answer };
}
