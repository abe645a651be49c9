"""Three edges and a central as one: started together, driven by kudos-sim replay, asked for what they agree on.

    with Cluster(directory, broker.address) as c:
        c.edges[0].post("/v1/posts/1/like", user="u1")
        c.wait_counts("posts/1", "like", 1)             # at every edge, nothing pending, and at central
        with Replay(c, LOG, spread="random") as replay:
            c.wait_taken(1000)                          # operations, counted over kills and restarts
            c.edges[1].kill9(); c.edges[1].start()
            replay.exact(pairs=157648)

The edges share one session secret and hold intervals that are short, so that what converges does so at once.
"""
import os
import re
import subprocess

from proc import SLOWER, STOP_S, Central, Edge, fields_of, program, run_program, wait_until

REGIONS = ("mumbai", "virginia", "singapore")
PARTITIONS = 4
AGREE_S, REPLAY_S = 30 * SLOWER, 90 * SLOWER

EDGE = {"edge": {"flush_interval": "300ms", "idle_interval_max": "1s", "resend_min": "1s", "resend_max": "4s"},
        "clock": {"measure_interval": "1s"}, "store": {"write_buffer": "8MiB"}}
CENTRAL = {"central": {"snapshot_interval": "200ms"}}


def merged(*configurations):
    whole = {}
    for configuration in configurations:
        for section, pairs in (configuration or {}).items():
            whole.setdefault(section, {}).update(pairs)
    return whole


class Cluster:
    def __init__(self, directory, brokers, partitions=PARTITIONS, shards=2, edge=None, central=None):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        secret = os.path.join(self.directory, "session.secret")
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as f:
            f.write(os.urandom(32))
        self.central = Central(directory, brokers, partitions=partitions, more=merged(CENTRAL, central))
        shared = merged(EDGE, {"http": {"session_secret": secret}}, edge)
        self.make_edge = lambda name, region: Edge(directory, brokers, name=name, region=region, shards=shards, partitions=partitions,
                                                   central=self.central.url, more=shared)
        self.edges = [self.make_edge(r, r) for r in REGIONS]
        self.taken_before = {}

    @property
    def everyone(self):
        return [*self.edges, self.central]

    def start(self):
        for daemon in [self.central, *self.edges]:
            daemon.start(wait=False)
        for daemon in [self.central, *self.edges]:
            daemon.wait_ready()
        return self

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        for daemon in self.everyone:
            daemon.kill9()

    def stop(self):
        """SIGTERM to all, edges first; each must end with 0."""
        for edge in self.edges:
            edge.signal(15)
        codes = {e.name: e.wait(STOP_S) for e in self.edges}
        codes[self.central.name] = self.central.stop()
        assert set(codes.values()) == {0}, codes

    def taken(self, edge):
        """Likes and unlikes that this process of an edge has taken; 0 while it does not answer."""
        try:
            return edge.metric("kudos_edge_operations_total")
        except OSError:
            return 0

    def wait_taken(self, n, *edges, seconds=REPLAY_S):
        """Until each of these edges (all, without any) has taken so many since its start."""
        wait_until(lambda: all(self.taken(e) >= n for e in edges or self.edges), seconds,
                   f"{n} operations taken")

    def counts(self, item, counter="like"):
        """(count, pending) at every edge, then at central."""
        found = [d.get(f"/v1/{item}/counts").json["counts"][counter] for d in self.everyone]
        return [(c["count"], c["pending"]) for c in found]

    def wait_counts(self, item, counter, n, seconds=AGREE_S):
        seen = []

        def agreed():
            seen[:] = self.counts(item, counter)
            return all(s == (n, 0) for s in seen)

        try:
            wait_until(agreed, seconds, item)
        except AssertionError as e:
            raise AssertionError(f"{counter} of {item} should be {n} everywhere, nothing pending: {seen}") from e

    def wait_flushed(self, seconds=AGREE_S):
        """Until central has applied all that the edges had taken."""
        def pending():
            return sum(p["outbox_batches"] for e in self.edges for p in e.admin("/debug/partitions").json["partitions"])

        wait_until(lambda: pending() == 0, seconds, "empty outboxes")

    def export(self, *arguments):
        return run_program("kudos-central", "export", *arguments).stdout.splitlines()


class Replay:
    """kudos-sim replay as a process beside the test."""

    def __init__(self, cluster, log, spread="sticky", name="replay", **options):
        self.path = os.path.join(cluster.directory, name + ".out")
        command = [program("kudos-sim"), "replay", str(log), "--central", cluster.central.url, "--spread", spread,
                   "--timeout", str(REPLAY_S)]
        for edge in cluster.edges:
            command += ["--edge", f"http://127.0.0.1:{edge.port}"]
        for option, value in options.items():
            command += [f"--{option}", str(value)]
        with open(self.path, "wb") as out:
            self.popen = subprocess.Popen(command, stdout=out, stderr=out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()

    def running(self):
        return self.popen.poll() is None

    def output(self):
        with open(self.path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def result(self, seconds=2 * REPLAY_S):
        """The last line's fields; it prints the line too, for whoever reads the test's log."""
        code = self.popen.wait(seconds)
        last = self.output().splitlines()[-1]
        print(last)
        assert last.startswith("replay "), self.output()[-3000:]
        return fields_of(last) | {"code": code}

    def exact(self, pairs):
        result = self.result()
        wanted = {"verdict": "exact", "pairs": str(pairs), "expected": str(pairs), "wrong_items": "0", "code": 0}
        assert {k: result[k] for k in wanted} == wanted and result["acked"] == result["events"], self.output()[-3000:]
        return result

    def retries(self):
        found = re.search(r"^retries (\d+)", self.output(), re.M)
        return int(found[1]) if found else 0
