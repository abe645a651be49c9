// The client in node, by src/: likes what it is told to, and tells what it has seen. usage: node.mjs CLIENT OPTIONS ITEM...
const [client, options, ...items] = process.argv.slice(2);
const { createKudos } = await import(client);
const kudos = createKudos(JSON.parse(options));
const before = await Promise.all(items.map((item) => kudos.state(item)));
await Promise.all(items.map((item) => kudos.like(item)));
await kudos.flush();
const after = items.map((item) => kudos.get(item));
console.log(JSON.stringify({ before, after, queued: kudos.queued }));
kudos.close();
