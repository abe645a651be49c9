// One phone: a person's hearts at the edge of a region, and what that edge says of its numbers.
import { browserStorage, createKudos } from "./sdk/kudos.js";
import "./sdk/kudos-like.js";
import { live } from "./sdk/kudos-live.js";
import { createWitness } from "./witness.js";

export const TITLES = { "posts/lighthouse": "The lighthouse", "posts/harbour": "The harbour" };
const FRESH_MS = 1000;
const LOST = 0.7; // of the answers, when a phone loses some
const $ = (selector, in_) => in_.querySelector(selector);

export function createPhone({ element, region, title, edge, setup, person, say, changed }) {
  const hearts = [...element.querySelectorAll("kudos-like")], storage = { ...browserStorage(`playground-${setup.run}`), shared: false }; // each tab has streams of its own
  const phone = { region, taps: 0, seen: {}, client: null, show };
  let who = person;

  function told({ lost, taken }) {
    const name = capital(who.name);
    if (lost) return say(`The answer to ${name}'s phone in ${title} got lost. It asks again, under the same key.`);
    const { item, op, result } = taken, what = TITLES[item].toLowerCase();
    phone.taps++;
    if (result.changed === false && op === "like") say(`${name} likes ${what} in ${title}, where that is known already: it counts once.`);
    else say(`${name} ${op === "like" ? "likes" : "takes back the like of"} ${what} in ${title}.`);
  }

  /** Another person takes the phone. What the one before has tapped goes first. */
  async function hold(next) {
    const before = phone.client;
    who = next;
    const witness = createWitness({ region, user: who.name, lossy: () => $(".lossy input", element).checked && Math.random() < LOST, told, moved });
    phone.client = createKudos({ edge, user: who.name, token: who.token, debounce: 150, storage, fetch: witness });
    for (const heart of hearts) heart.client = phone.client;
    for (const post of setup.posts) live(phone.client).follow(post); // also where the phone is not on the screen
    await before?.flush();
    before?.close();
  }

  function show({ regions, central }) {
    const { link } = regions.find(({ name }) => name === region), open = link === "open", button = $(".switch", element);
    element.classList.toggle("cut", !open);
    button.textContent = open ? "Cut off" : "Heal";
    button.ariaLabel = `${button.textContent} ${title}`;
    const seen = phone.seen[setup.posts[0]];
    $(".pending", element).textContent = seen ? seen.pending : "–";
    $(".pending", element).classList.toggle("waits", (!open || central.state !== "up") && seen?.pending > 0);
    $(".age", element).textContent = seen?.age === null || !seen ? "–" : `${(seen.age / 1000).toFixed(1)} s`;
    $(".as-of", element).textContent = seen?.asOf ? new Date(seen.asOf).toLocaleTimeString([], { hour12: false }) : "–";
    $(".edge", element).textContent = `edge ${region}${open ? "" : link === "silent" ? ": silence" : ": refused"}`;
  }

  function moved(items) {
    for (const { item, counts, age_ms: age, as_of: asOf } of items) phone.seen[item] = { ...counts.like, age, asOf, at: performance.now() };
    changed();
  }

  /** The stream tells numbers that change. That one which stands is fresh all the same is asked for. */
  async function fresh() {
    moved((await (await fetch(`${edge}/v1/counts?items=${setup.posts.join(",")}`)).json()).items);
  }

  const follow = () => fresh().catch(() => {}).finally(() => setTimeout(follow, FRESH_MS));

  $("h2", element).textContent = title;
  const select = $(".person", element);
  for (const { name } of setup.people) select.append(new Option(capital(name), name, name === person.name, name === person.name));
  select.onchange = () => hold(setup.people[select.selectedIndex]);
  for (const [i, post] of [...element.querySelectorAll(".post")].entries()) {
    $("img", post).src = `${setup.posts[i].split("/")[1]}.svg`;
    $(".title", post).textContent = TITLES[setup.posts[i]];
    hearts[i].setAttribute("item", setup.posts[i]);
  }
  hold(person);
  follow();
  return phone;
}

export const capital = (text) => text[0].toUpperCase() + text.slice(1);
