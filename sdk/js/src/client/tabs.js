// Pages of one origin that share a queue: one of them sends at a time (Web Locks), and each hears what the others did (BroadcastChannel).
// Where a queue is not shared, or the browser has neither, a page is alone. Pages that share a live stream are a circle of the same kind (kudos-live.js).

export function tabs(name, shared, hear) {
  const locks = shared && globalThis.navigator?.locks, channel = shared && globalThis.BroadcastChannel ? new BroadcastChannel(name) : undefined;
  if (channel) channel.onmessage = ({ data }) => hear(data);
  return {
    alone: (work, options = {}) => (locks ? locks.request(name, options, work) : work()),
    tell: (data) => channel?.postMessage(data),
    close: () => channel?.close(),
  };
}
