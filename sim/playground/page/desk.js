// The playground's process: what is switched how, what is true, and who may be told.

/** A state has the moment when it was asked for, as `at`: it holds all taps that a phone had sent by then. */
export async function ask(path, options) {
  const at = performance.now(), response = await fetch(path, options), json = await response.json();
  if (!response.ok) throw new Error(json.detail ?? json.title);
  return Array.isArray(json) ? json : { ...json, at };
}

export const order = (path, body) => ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
