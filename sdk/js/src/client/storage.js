// Where queues are kept. A storage has one function: update(name, change) reads the queue of that name, hands it to change(queue), which alters it in place,
// and keeps it, all in one step; it resolves to { queue, value }, value being what change returned. Two updates never overlap.
import { emptyQueue } from "./queue.js";

/** Keeps queues as long as this object lives. `shared` says whether other pages see it. */
export function memoryStorage(kept = new Map()) {
  return {
    shared: false,
    async update(name, change) {
      if (!kept.has(name)) kept.set(name, emptyQueue());
      const value = change(kept.get(name));
      return { queue: structuredClone(kept.get(name)), value };
    },
  };
}

/** Keeps queues in IndexedDB: they survive the page, and all pages of the origin share them. */
export function browserStorage(database = "kudos") {
  let opened;
  const open = () => (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("queues");
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  }));
  return {
    shared: true,
    async update(name, change) {
      const work = (await open()).transaction("queues", "readwrite", { durability: "strict" }), store = work.objectStore("queues");
      return new Promise((resolve, reject) => {
        let done;
        store.get(name).onsuccess = ({ target }) => {
          const queue = target.result ?? emptyQueue();
          done = { value: change(queue), queue };
          store.put(queue, name);
        };
        work.oncomplete = () => resolve(done);
        work.onabort = () => reject(work.error);
      });
    },
  };
}

/** A storage that goes on in memory, with what it knows, when the one that was wanted fails; it tells that once. */
export function sturdy(wanted, tell) {
  const kept = new Map(), memory = memoryStorage(kept);
  let failed;
  return {
    shared: wanted.shared,
    async update(name, change) {
      try {
        if (!failed) {
          const done = await wanted.update(name, change);
          kept.set(name, structuredClone(done.queue));
          return done;
        }
      } catch (error) {
        failed = true;
        tell(error);
      }
      return memory.update(name, change);
    },
  };
}
