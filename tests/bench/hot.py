"""Rows of `make bench` about one item beside all others: how soon a viral like is seen elsewhere, and what it costs the other items of its
partition. Edges and central have all their defaults, but for the number of shards and partitions.

In production clients, central and Kafka are on other machines. Here they share the processors with the edge, so the load of the hot item, central and the
broker run only where nothing else wants a processor, with files in memory, and the client that measures (others.py) runs before all else."""
import bisect
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from proc import Broker, Central, Edge, program, wait_until

PARTITIONS = 8
VIRAL_PER_S, VIRAL_S = 1100, 25  # little above viral.rate: batches are full late
SEEN_MS = 2000
OTHERS_PER_S, OTHERS, OTHERS_S = 500, 1000, 8
SOME_PER_S = 40000
END_S, SETTLE_S, PAUSE_S = 60, 180, 0.005
KEPT = ("ratio", ">=", 0.83)  # 1.2 times the figure on a quiet edge
IDLE = ("chrt", "-i", "0")  # only where nothing else wants a processor


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

    def __init__(self, edge, *arguments, first=()):
        Load.seed += 1
        command = [*first, program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{edge.port}", "--like", "--seed", self.seed, "--users", 100000000,
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
    bench.say(f"viral: {VIRAL_PER_S} likes a second; p50 / p99 / max ms {text[0]}, peer {text[1]}")
    bench.judged("viral", ours[1], peer[1], ("ours", "<=", SEEN_MS), ratio=peer[1] / ours[1])


def settle(edge):
    """Central has merged what came before: its work would be taken for that of the next run."""
    wait_until(lambda: all(p["outbox_batches"] <= 1 for p in edge.admin("/debug/partitions").json["partitions"]), SETTLE_S, "central keeps up")


class Others:
    """A run of others.py, and what the edge says of it."""

    runs = 0

    def __init__(self, edge):
        Others.runs += 1
        self.edge, self.before = edge, own_times(edge)
        command = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "others.py"), edge.port, OTHERS, OTHERS_PER_S, OTHERS_S,
                   f"o{Load.seed}-{Others.runs}"]
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)

    def end(self):
        figures = dict(w.split("=", 1) for w in self.process.communicate(timeout=END_S)[0].split() if "=" in w)
        assert figures.get("errors") == "0", figures
        wait_until(lambda: own_times(self.edge)[-1][1] - self.before[-1][1] >= OTHERS_PER_S * OTHERS_S, 10, "the shard has published its metrics")
        own = [(bound, after - before) for (bound, after), (_, before) in zip(own_times(self.edge), self.before)]
        return int(figures["p99_us"]), within(own, 0.99), int(figures["late_us"])


def own_times(edge):
    """[(bound in us, batches that took at most so long at the edge)]: from the whole request until its answer is made."""
    found = re.findall(r'^kudos_edge_request_seconds_bucket\{kind="batch",le="([^"]+)"\} (\d+)$', edge.admin("/metrics").body.decode(), re.M)
    return [(float(bound) * 1e6, int(count)) for bound, count in found]


def within(buckets, share):
    """A percentile of a histogram, between its bounds as a straight line."""
    wanted, below, before = share * buckets[-1][1], 0, 0
    for bound, count in buckets:
        if count >= wanted:
            return below if bound == float("inf") else below + (bound - below) * (wanted - before) / max(count - before, 1)
        below, before = bound, count
    return below


def others(edge):
    """Likes of other items of the only partition: the 99th percentiles of their answers and of the edge's own part, in us, how late they were sent, and of
    the age of their numbers, in ms."""
    run, counts, turn = Others(edge), Counts(edge), [0]

    def age():
        turn[0] = (turn[0] + 1) % OTHERS
        return counts.now(f"posts/{turn[0]}")["age_ms"]

    ages = [age_ms for _, age_ms, _ in watch(age, lambda _: run.process.poll() is not None) if age_ms is not None]
    return *run.end(), percentile(ages, 0.99)


def beside(edge, *arguments):
    """As others(), while another load runs at the same edge; and how many likes a second that one got."""
    settle(edge)
    load = Load(edge, *arguments, "--pump", "--seconds", OTHERS_S + 4, first=IDLE)
    time.sleep(1.5)  # it has begun, and an item that is hot is viral
    figures = others(edge)
    return *figures, float(load.end()["per_s"])


def elsewhere(process):
    """It stands for another machine: it runs when nothing else wants the processor."""
    process.command = [*IDLE, *process.command]
    return process


FULL = ("--connections", 16, "--streams", 64)
HOT, SPREAD = ("--collection", "reels", "--items", 1), ("--collection", "comments", "--items", 100000)
FIGURES = (("", 0), ("_edge", 1), ("_age", 3))  # p99 in us, p99 in the edge alone, age in ms: the end of a row's name, and its place in what others() tells


def hot(bench):
    """Other items of the partition of an item that takes all it can, beside themselves on a quiet edge; then beside the same load on many items."""
    at = os.path.join(bench.directory, "hot")
    memory = os.path.isdir("/dev/shm") and tempfile.mkdtemp(prefix="kudos-bench-", dir="/dev/shm")  # the disk of another machine is not the edge's
    quiet, hot_full, spread_full, hot_some = [], [], [], []
    with elsewhere(Broker(memory or at, 1)) as broker, \
            elsewhere(Central(memory or at, broker.address, partitions=1)) as central, \
            Edge(at, broker.address, name="hot", shards=1, partitions=1, central=central.url) as edge:
        others(edge)  # the items are there
        for _ in range(bench.options.repeats):
            settle(edge)
            quiet.append(others(edge))
            hot_some.append(beside(edge, *HOT, "--rate", SOME_PER_S, *FULL))
            hot_full.append(beside(edge, *HOT, *FULL))
        for _ in range(bench.options.repeats):  # last: stores are busy for long with rows of many items
            spread_full.append(beside(edge, *SPREAD, *FULL))
    if memory:
        shutil.rmtree(memory)
    late = (statistics.median(r[2] for r in rows) for rows in (hot_full, quiet))
    bench.say("hot: others were sent late, p99 {:.0f} us, on a quiet edge {:.0f} us".format(*late))
    for row, runs, held in (("hot", hot_full, True), ("hot_spread", spread_full, False), ("hot_some", hot_some, False)):
        bench.say(f"{row}: beside {statistics.median(r[4] for r in runs):.0f} likes a second")
        for what, i in FIGURES:
            ours, peer = (statistics.median(r[i] for r in rows) for rows in (runs, quiet))
            ratio = statistics.median(b[i] / a[i] for a, b in zip(runs, quiet))
            bench.judged(row + what, ours, peer, KEPT if held and what != "_edge" else None, ratio=ratio)
