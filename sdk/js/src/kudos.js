// The client of Kudos. README.md beside package.json says how to use it, types/kudos.d.ts what everything is.
export { createKudos } from "./client/client.js";
export { userOf } from "./client/identity.js";
export { browserStorage, memoryStorage } from "./client/storage.js";
