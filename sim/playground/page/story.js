// What happened, in words: from two states of the playground, one after the other. Pure.

/**
 * Lines {text, kind, key, closes, heals}. A line with a `key` may change until a line `closes` it; `heals` names what was mended, from when on it is measured how
 * long it takes until all is equal.
 */
export function story(before, now, names) {
  return [...now.regions.flatMap((region, i) => ofLink(before.regions[i].link, region.link, region.name, names[region.name])), ...ofCentral(before.central, now.central),
    ...ofCrowd(before.crowd, now.crowd)];
}

function ofLink(before, now, name, title) {
  if (before === now) return [];
  if (now === "open") return [{ text: `${title} is healed.`, kind: "", closes: name, heals: `${title} healed` }];
  if (before !== "open") return [{ text: `${title}: the cut is ${now === "silent" ? "silence" : "refusal"} now.`, kind: "bad" }];
  return [{ text: `${title} is cut off from Kafka and central. Its phones do not notice.`, kind: "bad", key: name }];
}

function ofCentral(before, now) {
  const lines = [];
  if (now.kills > before.kills) lines.push({ text: "Central is killed (kill -9). All regions go on; their numbers grow older.", kind: "bad" });
  if (before.state !== "starting" && now.state === "starting") lines.push({ text: "Central starts again from its disk.", kind: "", heals: "Central is back" });
  return lines;
}

function ofCrowd(before, now) {
  const lines = [], left = (crowd) => crowd.wanted - crowd.acked;
  if (now.wanted > before.wanted) lines.push({ text: `A crowd of ${now.wanted - before.wanted} comes, in all regions.`, kind: "" });
  if (left(now) === 0 && now.acked > before.acked) lines.push({ text: "Each like of the crowd is on the disk of an edge.", kind: "", heals: "The crowd is in" });
  return lines;
}

/** Whether regions show other numbers than the true one, or than each other, or hold what central has not confirmed. */
export function apart(seen, truth, posts) {
  return posts.some((post) => {
    const entries = seen.map((of) => of[post]), { least, most } = truth[post];
    return entries.some((entry) => !entry || entry.pending > 0 || entry.count === null || entry.count < least || entry.count > most || entry.count !== entries[0].count);
  });
}

/** The three steps: each is done when it has happened, and the next one's turn comes. */
export function createTour() {
  let step = 0, from = null;
  const steps = ["cut", "like", "heal"];
  return {
    see({ regions }, phones) {
      const cut = regions.findIndex(({ link }) => link !== "open");
      if (step === 0 && cut >= 0) [step, from] = [1, phones.map((p) => p.taps)];
      const tapped = phones.map((p, i) => from && p.taps > from[i]);
      if (step === 1 && cut >= 0 && tapped[cut] && tapped.some((yes, i) => yes && i !== cut)) step = 2;
      if (step === 1 && cut < 0) step = 0;
    },
    equal() {
      if (step === 2) step = 3;
    },
    mark: (name) => (steps.indexOf(name) < step ? "done" : steps.indexOf(name) === step ? "now" : ""),
  };
}
