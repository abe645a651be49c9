"""Rows of `make bench` about one item beside all others: how soon a viral like is seen elsewhere, and what it costs the other items of its
partition. Edges and central have all their defaults, but for the number of shards and partitions."""
import bisect
import http.client
import json
import os
import statistics
import subprocess
import threading
import time

from proc import Broker, Central, Edge, program, wait_until

PARTITIONS = 8
VIRAL_PER_S, VIRAL_S = 1100, 25  # little above viral.rate: batches are full late
SEEN_MS = 2000
OTHERS_PER_S, OTHERS, OTHERS_S = 500, 1000, 8
SOME_PER_S = 40000
END_S, SETTLE_S, PAUSE_S = 60, 180, 0.005
KEPT = 1.2  # of the figure on a quiet edge


class Counts:
    """What an edge shows of an item's likes, over one connection."""

    def __init__(self, edge):
        self.connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=15)

    def now(self, item):
        self.connection.request("GET", f"/v1/{item}/counts")
        return json.loads(self.connection.getresponse().read())

    def likes(self, item):
        return self.now(item)["counts"]["like"]["count"]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class Load:
    """`kudos-sim load --like` against an edge, by users that nobody else has; its last line's figures are there at the end."""

    seed = int(time.time()) % 1000000 * 1000

    def __init__(self, edge, *arguments):
        Load.seed += 1
        command = [program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{edge.port}", "--like", "--seed", self.seed, "--users", 100000000,
                   *arguments]
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)

    def end(self):
        lines = self.process.communicate(timeout=END_S)[0].strip().splitlines()
        figures = dict(w.split("=", 1) for w in lines[-1].split() if "=" in w) if lines else {}
        assert figures.get("verdict") == "ok", lines
        return figures


def watch(take, enough):
    """(before, what take() gave, after) again and again, until `enough` says so of what came last."""
    taken = []
    while not taken or not enough(taken[-1][1]):
        before = time.monotonic()
        taken.append((before, take(), time.monotonic()))
        time.sleep(PAUSE_S)
    return taken


def seen_after(here, there, item, seconds):
    """Milliseconds, for each number that `here` showed: until `there` showed as many. No edge but `here` takes likes of the item."""
    end, last, seen = time.monotonic() + seconds, [None], []

    def look(counts):
        seen.extend(watch(lambda: counts.likes(item),
                          lambda likes: last[0] is not None and (likes >= last[0] or time.monotonic() > end + END_S)))

    thread = threading.Thread(target=look, args=(Counts(there),))
    thread.start()
    counts = Counts(here)
    shown = watch(lambda: counts.likes(item), lambda _: time.monotonic() > end)
    last[0] = shown[-1][1]
    thread.join()
    numbers = [likes for _, likes, _ in seen]
    assert numbers == sorted(numbers) and numbers[-1] >= last[0], "the likes are not seen elsewhere"
    return [(seen[bisect.bisect_left(numbers, likes)][2] - before) * 1e3 for before, likes, _ in shown]


def delays(directory, more):
    """Milliseconds from the moment at which a like of one item is shown at its edge until it is shown at another one."""
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS) as central, \
            Edge(directory, broker.address, name="here", shards=1, partitions=PARTITIONS, central=central.url, more=more) as here, \
            Edge(directory, broker.address, name="there", region="oslo", shards=1, partitions=PARTITIONS, central=central.url) as there:
        for edge in (here, there):
            wait_until(lambda edge=edge: Counts(edge).likes("posts/0") is not None, 10, "a number of central")
        load = Load(here, "--items", 1, "--rate", VIRAL_PER_S, "--seconds", VIRAL_S)
        time.sleep(2)  # the item is noticed
        assert bool(here.admin("/debug/viral").json["viral"]) == (not more), "it is viral, unless that is off"
        seen = seen_after(here, there, "posts/0", VIRAL_S - 5)
        load.end()
    return [percentile(seen, share) for share in (0.5, 0.99, 1)]


def viral(bench):
    """How soon a like of a viral item is seen elsewhere, beside what it would be if no item were viral."""
    ours = delays(os.path.join(bench.directory, "viral"), None)
    peer = delays(os.path.join(bench.directory, "viral-off"), {"viral": {"rate": 0}})
    text = [" / ".join(f"{ms:.0f}" for ms in figures) for figures in (ours, peer)]
    bench.row(f"viral like seen elsewhere, {VIRAL_PER_S}/s: p50 / p99 / max ms (peer: viral.rate = 0)", *text, f"{ours[1] / peer[1]:.2f}",
              f"p99 <= {SEEN_MS}", ours[1] <= SEEN_MS)


def settle(edge):
    """Central has merged what came before: its work would be taken for that of the next run."""
    wait_until(lambda: all(p["outbox_batches"] <= 1 for p in edge.admin("/debug/partitions").json["partitions"]), SETTLE_S, "central keeps up")


def others(edge):
    """Likes of other items of the only partition: the 99th percentile of their answers in us, and of the age of their numbers in ms."""
    load, counts, turn = Load(edge, "--items", OTHERS, "--rate", OTHERS_PER_S, "--seconds", OTHERS_S, "--connections", 4, "--streams", 8), Counts(edge), [0]

    def age():
        turn[0] = (turn[0] + 1) % OTHERS
        return counts.now(f"posts/{turn[0]}")["age_ms"]

    ages = [age_ms for _, age_ms, _ in watch(age, lambda _: load.process.poll() is not None) if age_ms is not None]
    return int(load.end()["p99_us"]), percentile(ages, 0.99)


def beside(edge, *arguments):
    """As others(), while another load runs at the same edge; and how many likes a second that one got."""
    settle(edge)
    load = Load(edge, *arguments, "--seconds", OTHERS_S + 3)
    time.sleep(1.5)  # it has begun, and an item that is hot is viral
    p99_us, age_ms = others(edge)
    return p99_us, age_ms, float(load.end()["per_s"])


FULL = ("--connections", 16, "--streams", 64)
HOT, SPREAD = ("--collection", "reels", "--items", 1), ("--collection", "comments", "--items", 100000)


def hot(bench):
    """Other items of the partition of an item that takes all it can, beside themselves on a quiet edge; then beside the same load on many items."""
    at = os.path.join(bench.directory, "hot")
    quiet, hot_full, spread_full, hot_some = [], [], [], []
    with Broker(at, 1) as broker, Central(at, broker.address, partitions=1) as central, \
            Edge(at, broker.address, name="hot", shards=1, partitions=1, central=central.url) as edge:
        others(edge)  # the items are there
        for _ in range(bench.options.repeats):
            settle(edge)
            quiet.append(others(edge))
            hot_some.append(beside(edge, *HOT, "--rate", SOME_PER_S, *FULL))
            hot_full.append(beside(edge, *HOT, *FULL))
        for _ in range(bench.options.repeats):  # last: stores are busy for long with rows of many items
            spread_full.append(beside(edge, *SPREAD, *FULL))
    for name, runs, held in (("one hot item", hot_full, True), ("as much, spread over many items", spread_full, False),
                             ("one hot item that gets less than it can", hot_some, False)):
        rate = statistics.median(r[2] for r in runs)
        for what, i in (("p99 us", 0), ("age ms", 1)):
            ours, peer = (statistics.median(r[i] for r in rows) for rows in (runs, quiet))
            ratio = statistics.median(a[i] / b[i] for a, b in zip(runs, quiet))
            bench.row(f"{what} of others beside {name}, {rate:,.0f}/s (peer: quiet)", f"{ours:,.0f}", f"{peer:,.0f}", f"{ratio:.2f}",
                      f"<= {KEPT}" if held else "", ratio <= KEPT if held else None)
