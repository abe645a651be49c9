"""Rows without HTTP: central's merge, signed records, the simulator, and a real log through everything."""
import os
import resource
import shutil
import statistics

from cluster import Cluster
from kafka import Kafka
from proc import TOP, program
from ruler import PARTITIONS, Wrong, exact, run

MERGE_OPS, MERGE_ITEMS, MERGE_REPEATED, MERGE_S = 400000, 1000000, 20, 7200
MERGE_INDICES = 3  # both
MERGE_BUFFER_MIB = 8
MERGE_FREE = 1.85  # processors that nothing else has
POLIS = os.path.join(TOP, "sim", "data", "polis.tsv.gz")
POLIS_PAIRS = 157648
STANDARD = os.path.join(TOP, "sim", "scenarios", "standard.scenario")


def merge_figures(bench, items, before=0, indices=0, peer=True):
    """What bench-merge says, with so many members in the store before, and with these indices kept; without `peer` no figures of get and put."""
    at = bench.path("merge")
    os.makedirs(at)
    figures = exact(run(program("bench-merge"), at, MERGE_OPS, items, MERGE_REPEATED, before, MERGE_BUFFER_MIB, indices, int(peer),
                        timeout=MERGE_S)[0])
    shutil.rmtree(at)
    return figures


def merge_pair(figures):
    return tuple({"per_s": figures[f"{which}_per_s"], "cpu_us": figures[f"{which}_cpu_us"]} for which in ("merge", "raw"))


def merged(bench, items, before=0):
    """Figures of the merge alone."""
    return merge_pair(merge_figures(bench, items, before, peer=False))[0]


def free(figures):
    """Processors that nothing else had, on the worse side."""
    return min(float(figures["merge_free"]), float(figures["raw_free"]))


def quiet_merges(bench):
    """As many runs as --repeats says that had two processors for themselves, or of four times as many those that came nearest. The merge has a thread
    beside the one that merges, get and put have none: with one free processor the merge loses most of what the second thread gains."""
    runs = []
    for _ in range(4 * bench.options.repeats):
        runs.append(merge_figures(bench, MERGE_ITEMS))
        if sum(free(r) >= MERGE_FREE for r in runs) == bench.options.repeats:
            break
    return sorted(runs, key=free)[-bench.options.repeats:]


def merge(bench):
    """2 % repeats; beside raw get and put of the same rows. Both may use all processors."""
    runs = quiet_merges(bench)
    core, ours, peer = (statistics.median(float(r[k]) for r in runs) for k in ("core_cpu_us", "merge_cpu_us", "raw_cpu_us"))
    left = min(map(free, runs))
    bench.say(f"merge: {core:.2f} of {ours:.2f} us by the thread that merges; other work left {left:.2f} processors")
    if left < MERGE_FREE:
        raise Wrong(f"other work left {left:.2f} processors to it, {MERGE_FREE} are needed; cpu_ratio was {peer / ours:.2f}")
    bench.beside("merge", [merge_pair(r) for r in runs], ("ratio", ">=", 3.5), "like")


def merge_index(bench):
    """The merge with both indices of central (central.index_newest, index_liked), beside the merge without."""
    pairs = [tuple(merge_pair(merge_figures(bench, MERGE_ITEMS, indices=i))[0] for i in (MERGE_INDICES, 0))
             for _ in range(bench.options.repeats)]
    bench.beside("merge_index", pairs, ("cpu_ratio", ">=", 0.45), "like")


def keys(bench):
    """Microseconds of processor time that a batch of 1000 likes costs to be signed and checked (kafka.keys_file), beside its decoding."""
    pairs = []
    for _ in range(bench.options.repeats):
        figures = exact(run(program("bench-keys"), bench.directory)[0])
        pairs.append((float(figures["sign_us"]) + float(figures["check_us"]), float(figures["decode_us"])))
    ours, peer = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    bench.judged("keys", ours, peer, ("cpu_ratio", ">=", 2), cpu_ratio=peer / ours)


def polis(bench):
    """A real log through three edges, Apache Kafka and central; bytes a like of what lies in the likes topic."""
    intervals = {"edge": {"flush_interval": "5s", "resend_min": "10s", "resend_max": "60s", "idle_interval_max": "30s"}}
    with Kafka(bench.path("kafka")) as kafka:
        with Cluster(bench.path("cluster"), kafka.bootstrap, partitions=PARTITIONS, shards=1, edge=intervals) as c:
            command = [program("kudos-sim"), "replay", POLIS, "--central", c.central.url]
            for edge in c.edges:
                command += ["--edge", f"http://127.0.0.1:{edge.port}"]
            figures, lines = run(*command)
            if figures["verdict"] != "exact" or int(figures["pairs"]) != POLIS_PAIRS:
                raise Wrong("\n".join(lines[-3:]))
            operations = sum(int(c.taken(e)) for e in c.edges)
            size = sum(os.path.getsize(os.path.join(path, f)) for path, _, files in os.walk(kafka.directory)
                       for f in files if "/kudos.likes.v1-" in path + "/" and f.endswith(".log"))
    bench.say(f"polis: the whole way with {float(figures['likes_per_s']):.0f} likes a second")
    bench.judged("polis", size / operations, goal=("ours", "<=", 6))


def sim(bench):
    """Virtual seconds of the standard scenario in a second of processor time, beside one; ratio: in a second by the clock."""
    speeds, digests = [], set()
    for _ in range(bench.options.repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures, _ = run(program("kudos-sim"), "run", STANDARD, "--seed", 1)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        virtual = float(exact(figures, "held")["virtual_s"])
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        speeds.append((virtual / spent, virtual / float(figures["real_s"])))
        digests.add(figures["trace_sha256"])
    if len(digests) != 1:
        raise Wrong(f"one seed, several runs: {digests}")
    bench.say(f"sim: trace_sha256={digests.pop()}")
    cpu, clock = (statistics.median(s[i] for s in speeds) for i in (0, 1))
    bench.judged("sim", cpu, 1, ("cpu_ratio", ">=", 5000), ratio=clock, cpu_ratio=cpu)
