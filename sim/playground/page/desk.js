// The playground's process: what is switched how, what is true, and who may be told.

async function answer(response) {
  const json = await response.json();
  if (!response.ok) throw new Error(json.detail ?? json.title);
  return json;
}

export const ask = async (path) => answer(await fetch(path));

export const order = async (path, body, keepalive = false) =>
  answer(await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), keepalive }));
