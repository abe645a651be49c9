// The playground: phones of three regions on one page. It asks the playground's process what is switched how, and what is true; each phone asks its own edge.
import { ask, order } from "./desk.js";
import { createPhone, TITLES } from "./phone.js";
import { apart, createTour, story } from "./story.js";

const STATE_MS = 250, CROWD = 300;
const $ = (selector, in_ = document) => in_.querySelector(selector);
const setup = await ask("/api/setup"), phones = [], tour = createTour(), lines = new Map(); // key of a line that changes -> its element
const names = Object.fromEntries(setup.regions.map(({ name }) => [name, name[0].toUpperCase() + name.slice(1)]));
let state = setup, troubled = null; // since when not all is equal after a heal or a restart

/** A line of the log. Lines of the same key are one line that changes, until it is closed. */
function say(text, kind = "", key = null) {
  const list = $("#events ol"), li = lines.get(key) ?? document.createElement("li");
  if (!li.isConnected) {
    li.innerHTML = "<time></time><span></span>";
    $("time", li).textContent = new Date().toLocaleTimeString([], { hour12: false });
    list.prepend(li);
  }
  li.className = kind;
  if ($("span", li).textContent !== text) $("span", li).textContent = text;
  if (key) lines.set(key, li);
  while (list.children.length > 60) list.lastElementChild.remove();
}

async function turn(path, body) {
  try {
    see(await order(path, body));
  } catch (error) {
    say(error.message, "bad");
  }
}

/** A new state of the playground. */
function see(now) {
  if (now.run !== setup.run) return location.reload(); // another demo: other keys, other counts
  if (now.at < state.at) return; // answers may overtake each other
  for (const { text, kind, key, closes, heals } of story(state, now, names)) {
    lines.delete(closes ?? key);
    say(text, kind, key);
    if (heals) troubled = { at: performance.now(), what: heals };
  }
  state = now;
  tour.see(now, phones);
  show();
}

function show() {
  const [post, other] = setup.posts, truth = state.truth[post], off = apart(phones.map((p) => p.seen), state.truth, setup.posts);
  $("#true output").textContent = range(truth);
  $("#others").textContent = `${TITLES[other]} beside it: ${range(state.truth[other])}`;
  $("#equal").textContent = off ? "" : "all equal ✓";
  $("#equal").className = off ? "" : "yes";
  document.body.dataset.equal = !off;
  phones.forEach((phone) => phone.show(state));
  waiting();
  rows(truth);
  central();
  $("#crowd").disabled = state.crowd.wanted - state.crowd.acked > 1000;
  if (!off) settled();
  for (const li of document.querySelectorAll("#tour li")) li.className = tour.mark(li.dataset.step);
}

/** What regions that are cut off have to tell. */
function waiting() {
  for (const { region, seen } of phones) {
    const open = state.regions.find(({ name }) => name === region).link === "open", left = Object.values(seen).reduce((sum, { pending }) => sum + pending, 0);
    if (!open && left) say(`${names[region]} is cut off: its count goes on, ${left} ${left === 1 ? "waits" : "wait"} to be told.`, "bad", region);
  }
}

/** All regions show the truth. */
function settled() {
  const cut = state.regions.some(({ link }) => link !== "open") || state.central.state !== "up";
  if (!troubled || cut) return;
  say(`${troubled.what}: ${((performance.now() - troubled.at) / 1000).toFixed(1)} s until all were equal.`, "good");
  troubled = null;
  tour.equal();
}

const range = ({ least, most }) => (least === most ? `${least}` : `${least}–${most}`);

function rows(truth) {
  const body = $("#truth tbody");
  phones.forEach((phone, i) => {
    const row = body.rows[i] ?? body.insertRow(), entry = phone.seen[setup.posts[0]], count = entry?.count ?? null;
    if (!row.cells.length) row.innerHTML = "<th scope=row></th><td></td><td></td>";
    const early = count > truth.most && entry.at > state.at; // the next state knows of these taps
    const by = count === null || early || (count >= truth.least && count <= truth.most) ? 0 : count - (count < truth.least ? truth.least : truth.most);
    row.cells[0].textContent = names[phone.region];
    row.cells[1].textContent = count ?? "–";
    row.cells[2].textContent = count === null ? "" : by === 0 ? "the same" : `${Math.abs(by)} ${by < 0 ? "behind" : "ahead"}`;
    row.cells[2].className = count === null ? "" : by === 0 ? "same" : "off";
  });
  strip(truth, [...body.rows]);
}

/** The same at the foot of a small screen, where phones stand below each other. */
function strip(truth, all) {
  const cells = [["true", range(truth), ""], ...all.map(({ cells: [name, count, by] }) => [name.textContent, count.textContent, by.className])];
  cells.forEach(([name, count, kind], i) => {
    const cell = $("#strip").children[i] ?? $("#strip").appendChild(document.createElement("div"));
    if (!cell.children.length) cell.append(document.createElement("b"), "");
    cell.className = kind;
    cell.firstChild.textContent = count;
    cell.lastChild.data = name;
  });
}

function central() {
  const now = state.central.state, node = $("#central"), button = $("button", node);
  node.classList.toggle("down", now === "down");
  $("#central-state").textContent = { up: "merges", starting: "starting …", down: "killed" }[now];
  button.textContent = now === "down" ? "Start it again" : "kill -9";
}

function build() {
  for (const { name, edge } of setup.regions) {
    const i = phones.length, element = $("#phone").content.cloneNode(true).firstElementChild;
    $("#phones").append(element);
    const phone = createPhone({ element, region: name, title: names[name], edge, setup, person: setup.people[i], say, changed: () => show() });
    $(".switch", element).onclick = () => {
      const open = state.regions[i].link === "open";
      turn("/api/link", { region: name, link: open ? $("#how").value : "open" });
    };
    phones.push(phone);
  }
  $("#central button").onclick = () => turn("/api/central", { running: state.central.state === "down" });
  $("#crowd").onclick = () => turn("/api/crowd", { post: setup.posts[0], users: CROWD });
  document.addEventListener("playground-state", ({ detail }) => see(detail));
}

async function follow() {
  try {
    see(await ask("/api/state"));
    $("#gone").hidden = true;
  } catch {
    $("#gone").hidden = false;
  }
  setTimeout(follow, STATE_MS);
}

build();
see(setup);
say("Three phones, three edges, one central. Tap a heart.");
follow();
