// One request and its answer. It always ends: by an answer, by a network that says no, or after `timeout` ms. `status` is 0 where nobody answered.
import { problemOf } from "./outcome.js";

export async function ask({ fetch, edge, timeout, clock, told, identity }, path, { token, session, key, body, keepalive }) {
  const headers = fields(token, session, { "Content-Type": body && "application/json", "Idempotency-Key": key });
  const stop = new AbortController(), end = clock.after(timeout, () => stop.abort());
  try {
    const answer = await fetch(edge + path, { method: "POST", headers, body, keepalive, signal: stop.signal });
    const json = parse(await answer.text());
    if (token && answer.ok) identity.refused(null);
    const field = (name) => answer.headers.get(name);
    const problem = answer.status >= 400 ? problemOf(json) ?? (answer.status === 401 ? { type: "unauthorized" } : undefined) : undefined;
    if (json) told(Number(field("Kudos-Level")) || 0); // what is not JSON is not of Kudos
    return { status: answer.status, json, problem, session: field("Kudos-Session"), retryAfter: Number(field("Retry-After")) || 0 };
  } catch {
    return { status: 0, retryAfter: 0 };
  } finally {
    end();
  }
}

/** Header fields of a request of this user; those without a value are left out. */
export function fields(token, session, more) {
  const all = { Authorization: token && `Bearer ${token}`, "Kudos-Session": session, ...more };
  for (const name in all) all[name] || delete all[name];
  return all;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Exponential backoff with jitter, in ms; never less than what the server asks for. */
export function pause(tries, wait, random) {
  const most = 1000 * 2 ** Math.min(tries, 6);
  return wait ? wait * 1000 + random() * most / 2 : most / 2 + random() * most / 2;
}
