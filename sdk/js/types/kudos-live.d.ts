import type { Kudos } from "./kudos.js";

/** Numbers that move: one stream for all items that are followed, and for all pages of a browser that show them to the same user. */
export interface Live {
  /**
   * The numbers of this item (`collection/id`) move, all its counters, until the returned function is called. They are shown where they always are: `watch` and
   * `get` of the client.
   */
  follow(item: string): () => void;
}

/** The stream of a client: the same one for each call. It ends with the client (`close`). */
export function live(kudos: Kudos): Live;
