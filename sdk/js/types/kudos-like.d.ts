import type { Kudos, Problem, State } from "./kudos.js";

/** `<kudos-like item="posts/1">`; README.md has its attributes, parts and properties. */
export class KudosLike extends HTMLElement {
  /** The client of all elements that have no `edge` of their own. */
  static client: Kudos | null;
  /** What the element says; replace them for another language. `count` holds `{label}` and `{n}`. */
  static readonly words: Record<"label" | "count" | "refused" | "unauthorized" | "already" | "elsewhere" | "others", string>;
  /** The client that this element follows. One that is set is this element's alone; null: as its attributes say. */
  client: Kudos | null;
  readonly state: State | null;
  readonly item: string | null;
  readonly counter: string;
  /** As a click does. */
  toggle(): void;
}

/** The element's markup with a declarative shadow root, for servers. */
export function render(what: { item: string; counter?: string; liked?: boolean | null; count?: number | null; label?: string; locale?: string }): string;

declare global {
  interface HTMLElementTagNameMap {
    "kudos-like": KudosLike;
  }
  interface GlobalEventHandlersEventMap {
    "kudos-change": CustomEvent<State>;
    "kudos-problem": CustomEvent<Problem>;
  }
}
