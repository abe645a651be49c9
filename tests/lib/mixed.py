"""Mixed traffic over a fixed universe, and what processes hold meanwhile.

    with Mix(cluster, rate=60) as mix:          # every kind of request at the first two edges, in threads and kudos-sim load
        samples = sample(mix, [edge, central], seconds=3600, every=10)

The universe (users, items, counters) does not grow, so tables that hold one row per item or user are full after a while; what grows
then is a leak. Connections come and go, well and badly behaved. The third edge, which nobody samples, comes and goes as a consumer of
central's snapshots.
"""
import collections
import http.client
import json
import os
import random
import socket
import subprocess
import threading
import time

from http_peer import PREFACE
from proc import fields_of, program, request

USERS, ITEMS, COLD_ITEMS, SEEDS = 200, 200, 3000, 20
LOAD_S, PATIENCE_S = 10, 60


class Mix:
    def __init__(self, cluster, rate=60, seed=1, load_s=LOAD_S, restart_s=120):
        self.cluster, self.rate, self.seed, self.load_s, self.restart_s = cluster, rate, seed, load_s, restart_s
        self.stopping = threading.Event()
        self.tally = collections.Counter()
        self.errors = []
        self.threads = []

    def __enter__(self):
        for edge in self.cluster.edges[:2]:
            self.begin(self.load, edge)
            self.begin(self.talk, edge)
        self.begin(self.misbehave)
        self.begin(self.come_and_go)
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def begin(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except Exception as e:  # told by the test, not by a thread that nobody hears
                self.errors.append(f"{work.__name__}: {e!r}")
                self.stopping.set()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)

    def load(self, edge):
        """kudos-sim load over HTTP/2: a few seconds each of likes, reads and batches, every time on connections of its own."""
        kinds = [["--like", "--users", USERS, "--items", ITEMS, "--rate", self.rate],
                 ["--read", "--items", COLD_ITEMS, "--rate", 2 * self.rate],
                 ["--like", "--users", USERS, "--items", ITEMS, "--rate", self.rate, "--zipf", "1.1"],
                 ["--batch", "--users", 10, "--items", ITEMS, "--batch-size", 50, "--rate", max(self.rate // 50, 1)]]
        for n in range(1 << 30):
            if self.stopping.is_set():
                return
            command = [program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{edge.port}", "--seconds", self.load_s, "--deadline-ms", 30000,
                       "--connections", 1 + n % 7, "--streams", 8, "--seed", 1 + n // len(kinds) % SEEDS, *kinds[n % len(kinds)]]
            done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=self.load_s + 60)
            line = done.stdout.splitlines()[-1] if done.stdout else done.stderr
            assert done.returncode == 0, line
            self.tally["load"] += int(fields_of(line)["requests"])

    def one(self, draw):
        """Method, path, body of one request."""
        item = f"posts/{draw.randrange(ITEMS)}"
        kind = draw.random()
        if kind < 0.25:
            return "POST", f"/v1/{item}/like", None
        if kind < 0.5:
            return "DELETE", f"/v1/{item}/{draw.choice(('like', 'save'))}", None
        if kind < 0.6:
            return "POST", f"/v1/{item}/{draw.choice(('view', 'share', 'save'))}", None
        if kind < 0.7:
            return "GET", f"/v1/{item}/like", None
        if kind < 0.8:
            wanted = [f"posts/{draw.randrange(COLD_ITEMS)}" for _ in range(50)]
            return "POST", "/v1/counts", {"items": wanted, "me": True}
        if kind < 0.9:
            operations = [{"item": f"posts/{draw.randrange(ITEMS)}", "op": draw.choice(("like", "unlike"))} for _ in range(20)]
            return "POST", "/v1/likes", {"operations": operations}
        if kind < 0.95:
            return "GET", f"/v1/{item}/display", None
        return "GET", f"/v1/nowhere/{item}", None

    def talk(self, edge):
        """Each kind of request over HTTP/1.1; a new connection every twenty; keys that are new, and retries of old ones."""
        draw = random.Random(self.seed * 1000 + edge.port)
        central, keys = self.cluster.central, collections.deque(maxlen=100)
        while not self.stopping.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=PATIENCE_S)
            for _ in range(20):
                method, path, body = self.one(draw)
                headers = {"X-User-Id": f"m{draw.randrange(USERS)}"}
                if method != "GET" and path != "/v1/counts" and draw.random() < 0.5:
                    if keys and draw.random() < 0.3:
                        method, path, body, headers = draw.choice(keys)
                    else:
                        headers["Idempotency-Key"] = f"k{draw.getrandbits(64):x}"
                        keys.append((method, path, body, headers))
                connection.request(method, path, json.dumps(body) if body else None, headers)
                answer = connection.getresponse()
                answer.read()
                self.tally[answer.status] += 1
            connection.close()
            request(central.port, "GET", f"/v1/posts/{draw.randrange(COLD_ITEMS)}/counts?by=region", timeout=PATIENCE_S)
            request(central.port, "GET", f"/v1/posts/{draw.randrange(ITEMS)}/likers?limit=20", headers={"X-User-Id": "m1"}, timeout=PATIENCE_S)
            self.tally["central"] += 2
            self.stopping.wait(20 / self.rate)

    def misbehave(self):
        """Connections that end in the middle: of a head, of a body, of the preface; and some that stay and say nothing."""
        draw, silent = random.Random(self.seed), collections.deque()
        starts = [b"", PREFACE, PREFACE[:8], b"POST /v1/likes HTTP/1.1\r\nhost: a\r\ncontent-length: 999\r\n\r\n{",
                  b"GET /v1/posts/1/counts HTTP/1.1\r\nhost:", b"\x16\x03\x01\x02\x00\x01\x00", b"nonsense\r\n\r\n"]
        while not self.stopping.wait(1 / self.rate):
            daemon = draw.choice([*self.cluster.edges[:2], self.cluster.central])
            s = socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE_S)
            s.sendall(draw.choice(starts))
            self.tally["broken"] += 1
            silent.append(s)
            if len(silent) > 10 or draw.random() < 0.8:
                silent.popleft().close()
        for s in silent:
            s.close()

    def come_and_go(self):
        """A consumer of central's snapshots: the third edge, killed and started again."""
        edge = self.cluster.edges[2]
        while not self.stopping.wait(self.restart_s):
            edge.kill9()
            edge.start()
            self.tally["restarts"] += 1


Sample = collections.namedtuple("Sample", "at heap_kib rss_kib descriptors threads disk_kib")


def disk_kib(directory):
    total = 0
    for parent, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.stat(os.path.join(parent, name)).st_blocks // 2
            except FileNotFoundError:
                pass  # a compaction removed it
    return total


def look(daemon):
    """heap: the memory of the process alone. rss also has the pages of mapped tables, which the disk bounds."""
    proc = f"/proc/{daemon.popen.pid}"
    with open(f"{proc}/status", encoding="ascii") as f:
        status = dict(line.split(":", 1) for line in f)
    return Sample(time.monotonic(), int(status["RssAnon"].split()[0]), int(status["VmRSS"].split()[0]), len(os.listdir(f"{proc}/fd")),
                  int(status["Threads"]), disk_kib(daemon.data))


def sample(mix, daemons, seconds, every, tell=lambda daemon, one: None):
    """{name: [Sample]}; it ends early when the traffic has met an error."""
    found = {d.name: [] for d in daemons}
    end = time.monotonic() + seconds
    while time.monotonic() < end and not mix.stopping.wait(every):
        for d in daemons:
            assert d.running(), d.log()[-2000:]
            found[d.name].append(look(d))
            tell(d, found[d.name][-1])
    assert not mix.errors, mix.errors
    return found
