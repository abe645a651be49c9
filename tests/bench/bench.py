"""How fast, beside a peer, on this machine and in this run: `make bench`.

    python3 tests/bench/bench.py [--seconds 2] [--repeats 3] [--shards N] [--only NAME,...] [--directory DIR]

An absolute figure says more about the machine than about the program, so each row has a peer that was measured in turns
with it: ours, peer, ours, peer ...; the row shows the medians and the median of the ratios of neighbours. The client runs on
the same machine and takes its share; the same tool drives both, with another item and another user in every request.

Every like of a run is by another user, and `--check` reads afterwards whether each counts exactly once: a server that
drops what it cannot take in time would win. While an edge is measured it has a Kafka broker beside it but no central, which
runs elsewhere: nothing is applied, so the outbox only grows. Items that are read have their numbers from a central that ran
before. Central's own part is the merge, and the polis row runs everything.

The row `server CPU` is the ratio of user and system time of the two server processes per request: other work on the
machine disturbs it least. Without TLS the client is a pump (`kudos-sim load --pump`), which takes less of the machine than a server does.
"""
import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "sim", "kafka")]
from cluster import Cluster  # noqa: E402
from kafka import Kafka, Unavailable  # noqa: E402
from ports import free_ports  # noqa: E402
from proc import Broker, Central, Edge, program, wait_until  # noqa: E402
import by_token  # noqa: E402
import hot  # noqa: E402

PARTITIONS, ITEMS, USERS = 8, 100000, 1000000
CONNECTIONS, STREAMS = 16, 64  # a group commit holds at most what is in flight
RUN_S = 120
TLS_ANSWER = 200  # bytes
BATCH_ITEMS, BATCH_USERS, BATCH_SIZE = 100000, 2000, 200
RAW_PUTS, MERGE_OPS, MERGE_ITEMS, MERGE_REPEATED = 1000000, 400000, 1000000, 20
POLIS = os.path.join(TOP, "sim", "data", "polis.tsv.gz")
POLIS_PAIRS = 157648
STANDARD = os.path.join(TOP, "sim", "scenarios", "standard.scenario")
TICKS = os.sysconf("SC_CLK_TCK")
# Central is elsewhere: batches are handed to Kafka once and wait to be applied.
EDGE = {"edge": {"send_window": 10000, "resend_min": "60s", "items_max": 20000000, "outbox_max": "8GiB"}}


class Wrong(Exception):
    """A figure that means nothing, since what it counts was not done."""


def words(line):
    return dict(w.split("=", 1) for w in line.split() if "=" in w)


def run(*command, timeout=RUN_S):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout)
    lines = done.stdout.strip().splitlines()
    if not lines:
        raise Wrong(f"{command[0]} said nothing: {done.stderr[-500:]}")
    return words(lines[-1]), lines


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Peer:
    """nghttpd with a small file, as many workers as the edge has shards."""

    def __init__(self, directory, size, workers, tls=None):
        www = os.path.join(directory, f"www{size}")
        os.makedirs(www, exist_ok=True)
        with open(os.path.join(www, "f"), "w", encoding="ascii") as f:
            f.write("x" * size)
        self.port, = free_ports(1)
        command = ["nghttpd", "-a", "127.0.0.1", "-d", www, "-n", str(workers)]
        command += [str(self.port), *tls] if tls else ["--no-tls", str(self.port)]
        self.popen = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        wait_until(self.answers, 10, "nghttpd answers")
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows, self.missed, self.seed = [], [], int(time.time()) % 1000000 * 1000
        self.directory = options.directory or tempfile.mkdtemp(prefix="kudos-bench-")
        os.makedirs(self.directory, exist_ok=True)

    # ---- one measurement ----

    def load(self, port, pid, *arguments, tls=False, seconds=None, again=False, pump=True):
        """Figures of one run of `kudos-sim load`, with the server's CPU per request. `again`: by the users of the run before. `pump`: without TLS, by the
        client that costs least, which also tells the server's CPU of its window alone."""
        self.seed += not again
        seconds = seconds or self.options.seconds
        pump = pump and not tls
        arguments = (*arguments, "--pump", "--cpu-of", pid) if pump else arguments
        command = [program("kudos-sim"), "load", "--edge", f"{'https' if tls else 'http'}://127.0.0.1:{port}", "--insecure",
                   "--connections", CONNECTIONS, "--streams", STREAMS, "--seed", self.seed, "--seconds", seconds, *arguments]
        before = cpu_s(pid)
        process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        watch = threading.Timer(RUN_S, process.kill)
        watch.start()
        first = process.stdout.readline()
        spent = cpu_s(pid) - before  # without what --check reads afterwards
        lines = (first + process.communicate()[0]).strip().splitlines()
        watch.cancel()
        figures = {}
        for line in lines:
            figures.update(words(line))
        if figures.get("verdict") != "ok":
            raise Wrong("\n".join(lines))
        figures["cpu_us"] = float(figures["cpu_us_per_request"]) if pump else spent / int(figures["requests"]) * 1e6
        return figures

    def like(self, edge, *more, **kw):
        return self.load(edge.port, edge.popen.pid, "--like", "--check", "--items", ITEMS, "--users", USERS, *more, **kw)

    def read(self, edge, *more, **kw):
        return self.load(edge.port, edge.popen.pid, "--read", "--items", ITEMS, *more, **kw)

    def peer(self, peer, *more, **kw):
        return self.load(peer.port, peer.popen.pid, "--path", "/f?{item}", "--items", ITEMS, *more, **kw)

    # ---- rows ----

    def row(self, name, ours, peer="", ratio="", reach="", held=None):
        if held is False:
            self.missed.append(name)
        mark = {None: "", True: "ok", False: "missed"}[held]
        self.rows.append((name, ours, peer, ratio, reach, mark))
        print(f"  {name}: {ours} {peer} {ratio} {mark}", flush=True)

    def beside(self, name, pairs, key, peer_key=None, reach=None, form="{:,.0f}"):
        """A row of pairs of figures that were measured in turns."""
        ours = [float(a[key]) for a, _ in pairs]
        peer = [float(b[peer_key or key]) for _, b in pairs]
        ratio = statistics.median(a / b for a, b in zip(ours, peer))
        self.row(name, form.format(statistics.median(ours)), form.format(statistics.median(peer)), f"{ratio:.2f}",
                 f">= {reach}" if reach else "", ratio >= reach if reach else None)
        return statistics.median(ours)

    # ---- what is measured ----

    def edge(self, broker, name, tls=None, central=None, more=None):
        more = {**EDGE, **(more or {})}
        if tls:
            more["http"] = {"tls_certificate": tls[1], "tls_key": tls[0], "tls_required": "true"}
        edge = Edge(os.path.join(self.directory, name), broker.address, name=name, shards=self.options.shards,
                    partitions=PARTITIONS, central=central, more=more)
        edge.tls = tls is not None
        return edge

    def likes(self, broker):
        """Likes beside nghttpd; one hot item beside spread likes; times at half load; what a kill leaves."""
        with self.edge(broker, "edge-likes") as edge:
            size = len(edge.post("/v1/posts/size/like", user="u1.0000000001").body)
            pairs, hot = [], []
            with Peer(self.directory, size, self.options.shards) as peer:
                for _ in range(self.options.repeats):
                    file = self.peer(peer, "--named")
                    pairs.append((self.like(edge), file))
                    hot.append((self.like(edge, "--items", 1, "--users", 100000000), pairs[-1][0]))
            reached = self.beside("durable likes/s", pairs, "per_s", reach=0.35)
            self.beside("  server CPU, us a like", pairs, "cpu_us", form="{:.2f}")
            self.beside("likes/s of one hot item (peer: spread)", hot, "per_s")
            self.half_load("like", self.like(edge, "--rate", int(reached / 2)), 5000)
            self.kept(edge)

    def numbers(self, edge, central):
        """Every item is liked once, and central's number of it is here; then central goes."""
        self.load(edge.port, edge.popen.pid, "--batch", "--items", ITEMS, "--users", 1, "--batch-size", BATCH_SIZE,
                  tls=edge.tls)
        wait_until(lambda: all(p["outbox_batches"] == 0 for p in edge.admin("/debug/partitions").json["partitions"]), 60,
                   "central applies what the edge took")
        central.stop()

    def reads(self, broker):
        with Central(os.path.join(self.directory, "central"), broker.address, partitions=PARTITIONS) as central:
            with self.edge(broker, "edge-reads", central=central.url) as edge:
                self.numbers(edge, central)
                size = len(edge.get("/v1/posts/1/counts").body)
                with Peer(self.directory, size, self.options.shards) as peer:
                    pairs = [(self.read(edge), self.peer(peer)) for _ in range(self.options.repeats)]
                reached = self.beside("reads/s", pairs, "per_s", reach=0.8)
                self.beside("  server CPU, us a read", pairs, "cpu_us", form="{:.2f}")
                self.half_load("read", self.read(edge, "--rate", int(reached / 2)), 1000)

    def half_load(self, name, figures, want_us):
        self.row(f"{name} at half load, p50 / p99 us", f"{figures['p50_us']} / {figures['p99_us']}", "", "",
                 f"p99 <= {want_us}")

    def kept(self, edge):
        """kill -9 right behind the last answer: all that was acknowledged must be there."""
        figures = self.like(edge, seconds=1)
        seed, acked = self.seed, int(figures["acked"])  # also what was answered behind the window
        edge.kill9()
        edge.start()
        counted = 0
        for first in range(0, ITEMS, 200):
            items = [f"posts/c{seed}.{i}" for i in range(first, first + 200)]
            counted += sum(i["counts"]["like"]["pending"] for i in edge.post("/v1/counts", body={"items": items}).json["items"])
        self.row("likes there after kill -9 (peer: acked)", f"{counted:,}", f"{acked:,}", "", "all", counted == acked)

    def over_tls(self, broker):
        key, cert = (os.path.join(self.directory, n) for n in ("bench.key", "bench.crt"))
        run("sh", "-c", f"umask 077; openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 "
            "-subj /CN=localhost 2>/dev/null && echo made")
        pair = (key, cert)
        with Central(os.path.join(self.directory, "central-tls"), broker.address, partitions=PARTITIONS) as central, \
                self.edge(broker, "edge-tls", pair) as edge, \
                self.edge(broker, "edge-tls-reads", pair, central.url) as reader, \
                Peer(self.directory, TLS_ANSWER, self.options.shards, pair) as peer:
            self.numbers(reader, central)
            likes, reads = [], []
            for _ in range(self.options.repeats):
                file = self.peer(peer, "--named", tls=True)
                likes.append((self.like(edge, tls=True), file))
                reads.append((self.read(reader, tls=True), file))
            self.beside("durable likes/s, TLS", likes, "per_s", reach=0.35)
            self.beside("reads/s, TLS", reads, "per_s", reach=0.8)

    def batches(self, broker):
        pairs = []
        with self.edge(broker, "edge-batch") as edge:
            for _ in range(self.options.repeats):
                figures = self.load(edge.port, edge.popen.pid, "--batch", "--check", "--items", BATCH_ITEMS, "--users",
                                    BATCH_USERS, "--batch-size", BATCH_SIZE, "--connections", 8, "--streams", 4)
                at = os.path.join(self.directory, "puts")
                raw, _ = run(program("bench-puts"), at, RAW_PUTS, BATCH_ITEMS, BATCH_USERS, 1000)
                shutil.rmtree(at)
                if raw["verdict"] != "exact":
                    raise Wrong(f"bench-puts: {raw}")
                figures["cpu_us"] *= int(figures["requests"]) / int(figures["likes"])
                pairs.append((figures, raw))
        self.beside("batch likes/s (peer: raw synced puts)", pairs, "likes_per_s", "per_s", reach=0.5)
        self.beside("  server CPU, us a like", pairs, "cpu_us", form="{:.2f}")

    def merge(self, _):
        pairs = []
        for _ in range(self.options.repeats):
            at = os.path.join(self.directory, "merge")
            os.makedirs(at)
            figures, _ = run(program("bench-merge"), at, MERGE_OPS, MERGE_ITEMS, MERGE_REPEATED)
            shutil.rmtree(at)
            if figures["verdict"] != "exact":
                raise Wrong(f"bench-merge: {figures}")
            pairs.append((figures, figures))
        self.beside("merged likes/s, 2 % repeats (peer: get+put)", pairs, "merge_per_s", "raw_per_s", reach=1.5)

    def keys(self, _):
        """What it costs that records are signed and checked (kafka.keys_file), a batch of 1000 likes each time."""
        pairs = []
        for _ in range(self.options.repeats):
            figures, _ = run(program("bench-keys"), self.directory)
            if figures["verdict"] != "exact":
                raise Wrong(f"bench-keys: {figures}")
            pairs.append((float(figures["sign_us"]) + float(figures["check_us"]), float(figures["decode_us"])))
        ours, peer = (statistics.median(p[i] for p in pairs) for i in (0, 1))
        self.row("keys: CPU us a batch of 1000 (peer: decoding it)", f"{ours:.1f}", f"{peer:.1f}", f"{ours / peer:.2f}", "<= 0.5",
                 ours <= 0.5 * peer)

    def polis(self, _):
        """A real log through three edges, Apache Kafka and central; then the size of what lies in the likes topic."""
        with Kafka(os.path.join(self.directory, "kafka")) as kafka:
            with Cluster(os.path.join(self.directory, "cluster"), kafka.bootstrap, partitions=PARTITIONS, shards=1,
                         edge={"edge": {"flush_interval": "5s", "resend_min": "10s", "resend_max": "60s",
                                        "idle_interval_max": "30s"}}) as c:
                command = [program("kudos-sim"), "replay", POLIS, "--central", c.central.url]
                for edge in c.edges:
                    command += ["--edge", f"http://127.0.0.1:{edge.port}"]
                figures, lines = run(*command)
                if figures["verdict"] != "exact" or int(figures["pairs"]) != POLIS_PAIRS:
                    raise Wrong("\n".join(lines[-3:]))
                operations = sum(int(c.taken(e)) for e in c.edges)
                size = sum(os.path.getsize(os.path.join(path, f)) for path, _, files in os.walk(kafka.directory)
                           for f in files if "/kudos.likes.v1-" in path + "/" and f.endswith(".log"))
        per_like = size / operations
        self.row("polis: bytes a like on Kafka", f"{per_like:.2f}", "", "", "<= 6", per_like <= 6)
        self.row("polis: whole way, likes/s", f"{float(figures['likes_per_s']):,.0f}")

    def simulation(self, _):
        """The standard scenario under a virtual clock, on one core."""
        speeds, digests = [], set()
        for _ in range(self.options.repeats):
            figures, lines = run(program("kudos-sim"), "run", STANDARD, "--seed", 1)
            if figures["verdict"] != "held":
                raise Wrong("\n".join(lines[-3:]))
            speeds.append(float(figures["virtual_s"]) / float(figures["real_s"]))
            digests.add(figures["trace_sha256"])
        if len(digests) != 1:
            raise Wrong(f"simulation: one seed, several runs: {digests}")
        speed = statistics.median(speeds)
        print(f"  simulation: trace_sha256={digests.pop()}")
        self.row("simulation: virtual s in a real one", f"{speed:,.0f}", "1", f"{speed:,.0f}", ">= 5,000", speed >= 5000)

    # ---- all of it ----

    def print_table(self):
        head = ("", "ours", "peer", "ratio", "to reach", "")
        rows = [head] + self.rows
        widths = [max(len(r[i]) for r in rows) for i in range(6)]
        print()
        for r in rows:
            print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip())

    def go(self):
        for command in ("nghttpd", "openssl", "java"):
            if not shutil.which(command):
                print(f"bench: {command} is needed", file=sys.stderr)
                return 4
        parts = {"likes": self.likes, "likes_jwt": lambda b: by_token.likes_jwt(self, b), "reads": self.reads, "tls": self.over_tls, "batch": self.batches, "merge": self.merge,
                 "keys": self.keys, "polis": self.polis, "simulation": self.simulation, "viral": lambda _: hot.viral(self),
                 "hot": lambda _: hot.hot(self)}
        wanted = self.options.only.split(",") if self.options.only else list(parts)
        with Broker(os.path.join(self.directory, "broker"), PARTITIONS) as broker:
            for name in wanted:
                try:
                    parts[name](broker)
                except (Wrong, AssertionError, TimeoutError, Unavailable) as e:
                    self.row(name, "failed", "", "", "", False)
                    print(e, file=sys.stderr)
        self.print_table()
        print(f"command: make bench  ({os.cpu_count()} cores, client included; {self.options.shards} shard(s) and as many "
              f"nghttpd workers; {self.options.repeats} repeats of {self.options.seconds} s)")
        print(f"bench verdict={'missed' if self.missed else 'ok'}")
        return 1 if self.missed else 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=int, default=2, help="of one measurement [2]")
    p.add_argument("--repeats", type=int, default=3, help="of each pair [3]")
    p.add_argument("--shards", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="of the edge [half the cores]")
    p.add_argument("--only", help="likes,likes_jwt,reads,tls,batch,merge,keys,polis,simulation,viral,hot")
    p.add_argument("--directory", help="kept afterwards [a new one, removed]")
    options = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(options)
    try:
        return bench.go()
    finally:
        if not options.directory:
            shutil.rmtree(bench.directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
