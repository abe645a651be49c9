// <kudos-like item="posts/1">: a button with a heart and a number. It shows the state of a client and hands taps to it; it owns nothing but its shadow root.
//
//   attributes   item, counter ("like"), label; edge, token, user: whose client, without one that the page has set (KudosLike.client); live: "off"
//   as rendered  liked, count: what the server knew; shown until an edge has spoken
//   it sets      liked, pending, problem (why its tap still waits), reason, level (of the edge, for a banner)
//   events       kudos-change, kudos-problem: bubble, and leave shadow roots; detail is the state, or the problem
//
// Its number moves while it is on the screen or near it: kudos-live.js, which is loaded then. Without that file, and with live="off", it stands.
//
// Loading this file defines the element. On a server it defines nothing, and `render` makes the markup.
import { createKudos, userOf } from "./kudos.js";
import { escape, inside, STYLE } from "./element/markup.js";
import { short, spoken, words } from "./element/words.js";

const clients = new Map(); // "edge user" -> {client, token}: the elements of a page share one
const here = new Set(); // the elements of the page
let sheet; // of all elements

const Base = globalThis.HTMLElement ?? class {}; // a server may load this file too

export class KudosLike extends Base {
  static observedAttributes = ["item", "counter", "edge", "token", "user", "label", "lang", "live"];
  static #shared = null;
  static #screen = globalThis.IntersectionObserver && new IntersectionObserver((all) => {
    for (const { target, isIntersecting } of all) {
      target.#near = isIntersecting;
      target.#move();
    }
  }, { rootMargin: "50%" });
  static words = words;

  #off = [];
  #state = null;
  #client = null;
  #near = !KudosLike.#screen;
  #still = () => {};
  #own = null;

  /** The client of all elements that name no edge themselves; those that are there already follow it from now on. */
  static get client() {
    return KudosLike.#shared;
  }

  static set client(client) {
    KudosLike.#shared = client;
    for (const element of here) element.#follow();
  }

  /** The client that this element follows. One that a page sets here is this element's alone, whatever its attributes say; null: as they say. */
  get client() {
    return this.#client ?? null;
  }

  set client(client) {
    this.#own = client;
    if (this.isConnected) this.#follow();
  }

  connectedCallback() {
    here.add(this);
    this.#render();
    this.#follow();
    KudosLike.#screen?.observe(this);
  }

  disconnectedCallback() {
    here.delete(this);
    KudosLike.#screen?.unobserve(this);
    this.#unfollow();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || !this.shadowRoot || before === now) return;
    if (name === "label" || name === "lang") this.#show(this.#state);
    else this.#follow();
  }

  /** Takes over what a server has rendered, or makes it. */
  #render() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open", delegatesFocus: true });
    if (!root.querySelector("button")) root.innerHTML = inside({ liked: this.hasAttribute("liked"), text: "", label: this.#label });
    root.querySelector("button").onclick = () => this.toggle();
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet]; // a page may forbid styles that stand in its text
  }

  #follow() {
    this.#unfollow();
    const { item } = this, client = (this.#client = this.#choose());
    if (!client) return;
    const count = Number.parseInt(this.getAttribute("count"), 10);
    if (count >= 0 && !this.#state) client.seed(item, { liked: this.hasAttribute("liked"), count }, this.counter);
    const level = (now) => this.#set("level", now || null);
    this.#off = [
      client.watch(item, (state) => this.#show(state), this.counter),
      client.on("level", level),
      client.on("problem", (problem) => {
        if (problem.item ? problem.item === item : this.#first) this.#tell("problem", problem);
        if (!problem.item && this.#state?.pending) {
          this.#set("problem", problem.name);
          this.#show(this.#state);
        }
      }),
    ];
    level(client.level);
    this.#move();
  }

  /** Undefined: item or edge is missing; null: its token tells no user, which is told. */
  #choose() {
    const { item } = this;
    try {
      return (item && (this.#own ?? this.#find())) || undefined;
    } catch (error) {
      console.warn(error);
      setTimeout(() => this.#tell("problem", { name: "unauthorized", item, error })); // when the page's other scripts listen, too
      return null;
    }
  }

  #unfollow() {
    for (const end of [this.#still, ...this.#off]) end();
    this.#off = [];
  }

  #move() {
    this.#still();
    if (this.#client && this.#near && this.getAttribute("live") !== "off") this.#still = moving(this.#client, this.item);
  }

  #find() {
    const of = (name) => this.getAttribute(name) ?? document.querySelector(`meta[name="kudos-${name}"]`)?.content ?? undefined;
    const [edge, token, user] = [of("edge"), of("token"), of("user")];
    if (!edge || (KudosLike.client && !this.hasAttribute("edge"))) return KudosLike.client;
    const name = `${edge} ${user ?? (token ? userOf(token) : "")}`, known = clients.get(name);
    if (known && token && known.token !== token) known.client.setToken(token);
    clients.set(name, { client: known?.client ?? createKudos({ edge, token, user }), token });
    return clients.get(name).client;
  }

  #show(state) {
    if (!state) return;
    const changed = this.#state && (state.count !== this.#state.count || state.liked !== this.#state.liked || state.pending !== this.#state.pending);
    this.#state = state;
    const { liked, count, pending, reason, problem } = state, find = (part) => this.shadowRoot.querySelector(`[part=${part}]`), button = find("button");
    button.ariaPressed = `${liked === true}`;
    button.ariaLabel = spoken(count, this.#label, this.#locale);
    find("count").textContent = count === null ? "" : short(count, this.#locale);
    if (!pending) this.#set("problem", null);
    find("note").textContent = words[reason] ?? words[this.getAttribute("problem")] ?? "";
    find("note").title = problem?.title ?? "";
    this.#set("liked", liked ? "" : null);
    this.#set("pending", pending ? "" : null);
    this.#set("reason", reason);
    if (changed) this.#tell("change", state);
  }

  /** Likes, or takes it back; as a click does. */
  toggle() {
    if (!this.#client) this.#follow();
    if (this.#client === undefined) console.warn("kudos-like: without item or edge", this);
    if (!this.#client) return;
    const like = !this.#client.get(this.item, this.counter).liked;
    this.shadowRoot.querySelector("button").classList.add("tapped");
    this.#client[like ? "like" : "unlike"](this.item, this.counter).catch(() => {}); // told as a problem
  }

  #set(name, value) {
    if (value === null) this.removeAttribute(name);
    else if (this.getAttribute(name) !== `${value}`) this.setAttribute(name, value);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`kudos-${name}`, { detail, bubbles: true, composed: true }));
  }

  get item() {
    return this.getAttribute("item");
  }

  get counter() {
    return this.getAttribute("counter") ?? "like";
  }

  get state() {
    return this.#state;
  }

  /** Of all elements with this client one tells what is about no item. */
  get #first() {
    return [...here].find((element) => element.#client === this.#client) === this;
  }

  get #label() {
    return this.getAttribute("label") ?? words.label;
  }

  get #locale() {
    return this.closest("[lang]")?.lang || undefined;
  }
}

/** The number of this item moves, once kudos-live.js is there, until the returned function is called. */
function moving(client, item) {
  let still, over;
  import("./kudos-live.js").then(({ live }) => over || (still = live(client).follow(item)), () => {});
  return () => {
    over = true;
    still?.();
  };
}

/** The element as a server renders it: it is there before any script is, and is not drawn anew when the script comes. */
export function render({ item, counter, liked = null, count = null, label = words.label, locale }) {
  const attributes = { item, counter, count, label: label === words.label ? null : label, lang: locale, liked: liked ? "" : null };
  const text = Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => ` ${name}="${escape(value)}"`).join("");
  const content = inside({ liked, text: count === null ? "" : short(count, locale), label: spoken(count, label, locale) });
  return `<kudos-like${text}><template shadowrootmode="open" shadowrootdelegatesfocus><style>${STYLE}</style>${content}</template></kudos-like>`;
}

if (globalThis.customElements && !customElements.get("kudos-like")) customElements.define("kudos-like", KudosLike);
