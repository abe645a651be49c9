/** What is shown of one counter of one item, for this user. */
export interface State {
  /** `collection/id` */
  readonly item: string;
  readonly counter: string;
  /** Does the user like it? `null`: nobody knows yet. */
  readonly liked: boolean | null;
  /** The number with the user's own tap in it; `null`: none is known. */
  readonly count: number | null;
  /** Every like acknowledged anywhere before this moment is in the number (RFC 3339); `null`: unknown. */
  readonly asOf: string | null;
  /** The user's tap has no answer yet. */
  readonly pending: boolean;
  /** Why the number stepped back, or a tap was taken back; see README.md. */
  readonly reason: "own" | "refused" | "already" | "elsewhere" | "others" | null;
  /** With `reason` "refused": what the server, or the queue, has to say. */
  readonly problem: ProblemDetails | null;
}

/** A problem of Kudos (RFC 9457), its type without `urn:kudos:`. */
export interface ProblemDetails {
  readonly type: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly field?: string;
}

/** Something that a page may want to tell its user; `name` is stable. With an `item` it is about this item alone. */
export interface Problem {
  /** "no-answer", "queue-full", "storage-failed", "unauthorized", or a type of Kudos as "rate-limited" */
  readonly name: string;
  readonly item?: string;
  readonly counter?: string;
  readonly problem?: ProblemDetails;
  readonly error?: unknown;
}

export interface Events {
  problem: Problem;
  /** A tap that is on the server's disk. */
  kept: { readonly item: string; readonly counter: string; readonly liked: boolean };
  /** How much the edge gives up for now (`Kudos-Level`), 0 to 4. */
  level: number;
}

/** A token of the user's (JWT), or what gives one: asked for each request; `refused` says that the last one was not taken. */
export type Token = string | ((why: { readonly refused: boolean }) => string | null | Promise<string | null>);

/** What is kept of one user; plain data, and nobody's business but the client's. */
export type Queue = Record<string, unknown>;

/** Keeps queues: `update` reads the one of this name, lets `change` alter it in place, and keeps it, in one step that no other `update` overlaps. */
export interface Storage {
  /** Do other pages of the origin see it? Then they take turns and hear of each other. */
  readonly shared: boolean;
  update<T>(name: string, change: (queue: Queue) => T): Promise<{ queue: Queue; value: T }>;
}

export interface Options {
  /** The address of an edge, as `https://edge.example`, or of a gateway before one. */
  edge: string;
  /** Left out together with `user`: the page's reader is a visitor, who gets a token with his first tap. */
  token?: Token;
  /** Whose taps these are. Needed unless `token` is a JWT that tells it (`sub`). Without `token`: a gateway knows the user, for instance by a cookie. */
  user?: string;
  /** For how many ms taps are collected; 2000. */
  debounce?: number;
  /** How many taps may wait for the network; 1000. */
  bound?: number;
  /** After how many ms without an answer a request is given up; 15000. */
  timeout?: number;
  /** IndexedDB in a browser, memory elsewhere. */
  storage?: Storage;
  fetch?: typeof globalThis.fetch;
  /** For tests. */
  clock?: { now(): number; after(ms: number, run: () => void): () => void };
  random?: () => number;
}

export interface Kudos {
  /** On the screen at once. Resolves when the tap is kept on this device; rejects with an error named "queue-full" when there is no room. */
  like(item: string, counter?: string): Promise<void>;
  unlike(item: string, counter?: string): Promise<void>;
  /** What is known now, without asking. */
  get(item: string, counter?: string): State;
  /** Asks the edge. All that is asked for in one turn of the event loop is one request. Never rejects: without an answer it is what was known. */
  state(item: string, counter?: string): Promise<State>;
  /** Calls `listen` now and at each change, until the returned function is called. */
  watch(item: string, listen: (state: State) => void, counter?: string): () => void;
  /** What a server rendered: shown until something is known. */
  seed(item: string, said: { liked: boolean | null; count: number | null }, counter?: string): void;
  /** Asks anew about all that is watched. */
  refresh(): Promise<void> | undefined;
  /** Sends what waits, without the debounce. Resolves when the queue is empty or has to wait. */
  flush(): Promise<unknown>;
  on<Name extends keyof Events>(event: Name, listen: (detail: Events[Name]) => void): () => boolean;
  /** Another token of the same user. */
  setToken(token: Token): void;
  readonly level: number;
  /** How many taps have no answer yet. */
  readonly queued: number;
  /** Resolves when what was queued from before is read. */
  readonly ready: Promise<void>;
  /** Ends timers and listeners. What is queued stays. */
  close(): void;
}

export function createKudos(options: Options): Kudos;
export function memoryStorage(): Storage;
export function browserStorage(database?: string): Storage;
/** The user of a token (JWT); throws where it tells none. */
export function userOf(token: Token): string;
