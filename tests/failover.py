#!/usr/bin/env python3
"""make failover: three centrals and three edges under likes, while members of the group, edges and brokers die in random order.

After each fault it waits until every partition that the victim led is served again: the first snapshot of it at an edge that was made after the fault. At the end every
acknowledged like must be counted once, and no edge may have noticed that a member died: no history undone, no gap but those of an edge's own start.

    failover kills= takeovers= served_p99_ms= undone= gaps= lost= doubled= availability= verdict=held|violated|unknown
"""
import argparse
import contextlib
import http.client
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "sim", "kafka")]

import kafka  # noqa: E402
from cluster import AGREE_S, PARTITIONS  # noqa: E402
from group import Group  # noqa: E402
from proc import Broker, Edge, run_program, wait_until  # noqa: E402

SERVED_S, ITEMS, KILLS_MIN, BROKERS = 60, 40, 3, 3
EDGE = {"edge": {"flush_interval": "200ms", "idle_interval_max": "1s", "resend_min": "1s"}}
REGIONS = ("mumbai", "virginia", "singapore")


class Likes:
    """One user after the other likes an item; who gets no answer asks the next edge, with the same key."""

    def __init__(self, edges, per_second):
        self.edges, self.pause = edges, 1 / per_second
        self.acked, self.attempted, self.refused = set(), set(), 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def attempt(self, edge, item, user):
        connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("POST", f"/v1/{item}/like", headers={"X-User-Id": user, "Idempotency-Key": user})
            return connection.getresponse().status == 200

    def like(self, n):
        item, user = f"posts/{n % ITEMS}", f"u{n}"
        self.attempted.add((item, user))
        for i in range(len(self.edges)):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.attempt(self.edges[(n + i) % len(self.edges)], item, user):
                    self.acked.add((item, user))
                    return
        self.refused += 1

    def run(self):
        n = 0
        while not self.over.wait(self.pause):
            self.like(n)
            n += 1

    def stop(self):
        self.over.set()
        self.thread.join()


class Noticed:
    """Gaps and undone histories of an edge, over its restarts. Each start of an edge has gaps of its own: those before it has heard all partitions."""

    def __init__(self, edge):
        self.edge, self.gaps, self.undone, self.begin = edge, 0, 0, 0

    def now(self):
        return int(self.edge.metric('kudos_edge_snapshots_total{result="gap"}')), int(self.edge.metric("kudos_edge_histories_undone_total"))

    def settle(self):
        wait_until(lambda: all(p["made_us"] for p in partitions(self.edge)), AGREE_S, "each partition heard")
        self.begin = self.now()[0]

    def add(self):
        gaps, undone = self.now()
        self.gaps, self.undone = self.gaps + gaps - self.begin, self.undone + undone


def partitions(edge):
    return edge.admin("/debug/partitions").json["partitions"]


class Drill:
    def __init__(self, directory, brokers, real, seed):
        more = {"kafka": {"replication": BROKERS}} if real else None
        self.group, self.real, self.random = Group(directory, brokers, replicas=3, more=more), real, random.Random(seed)
        urls = ", ".join(m.url for m in self.group.members.values())
        self.group.edge.set({"central": {"url": urls}})
        self.edges = [self.group.edge] + [Edge(directory, brokers, name=f"edge-{i}", region=REGIONS[i - 1], partitions=PARTITIONS, central=urls, more=EDGE)
                                          for i in (2, 3)]
        self.urls, self.kills, self.served_ms = urls.replace(" ", ""), 0, []

    def __enter__(self):
        self.group.__enter__()
        for edge in self.edges[1:]:
            edge.start()
        self.noticed = [Noticed(edge) for edge in self.edges]
        for noticed in self.noticed:
            noticed.settle()
        self.likes = Likes(self.edges, 100)
        self.likes.thread.start()
        return self

    def __exit__(self, *_):
        self.likes.stop()
        for edge in self.edges[1:]:
            edge.kill9()
        self.group.__exit__()

    def wait_served(self, of, at_us):
        """Until each of these partitions has a snapshot at the first edge that was made since."""
        wait_until(lambda: all(p["made_us"] > at_us for p in partitions(self.edges[0]) if p["partition"] in of), SERVED_S, "served again", pause=0.05)
        self.served_ms.append(time.time() * 1000 - at_us / 1000)

    def fault_of_member(self, how):
        name = self.random.choice(list(self.group.members))
        member, led = self.group.of(name), {p for p, leader in self.group.leads().items() if leader == name}
        at_us = time.time() * 1e6
        if how == "kill":
            member.kill9()
        elif how == "stop":
            member.stop()
        else:
            member.signal(signal.SIGSTOP)
        self.wait_served(led, at_us)
        if how == "freeze":
            member.signal(signal.SIGCONT)
        else:
            member.start(wait=False)
        self.group.settled(3, seconds=2 * AGREE_S)

    def fault_of_edge(self):
        noticed = self.random.choice(self.noticed[1:])
        noticed.add()
        noticed.edge.kill9()
        noticed.edge.start()
        noticed.settle()

    def fault_of_broker(self):
        node, at_us = self.random.choice(list(self.real.nodes)), time.time() * 1e6
        self.real.kill(node)
        self.wait_served(set(range(PARTITIONS)), at_us + 1e6)
        self.served_ms.pop()  # nobody had to take over
        self.real.start(node)
        self.real.wait_ready()

    def fault(self):
        kinds = ["kill", "kill", "kill", "stop", "freeze", "edge"] + ["broker"] * bool(self.real)
        kind = self.random.choice(kinds)
        print(f"  {self.kills + 1} {kind}", flush=True)
        if kind == "edge":
            self.fault_of_edge()
        elif kind == "broker":
            self.fault_of_broker()
        else:
            self.fault_of_member(kind)
        self.kills += 1

    def counted(self):
        """(item, user) of every like that central holds; and how many likes edges show beyond those, when all agree or at the end of the wait."""
        lines = run_program("kudos-central", "export", "--url", self.urls).stdout.splitlines()
        held = {tuple(line.split("\t")[1:3]) for line in lines}
        of = {f"posts/{n}": sum(item == f"posts/{n}" for item, _ in held) for n in range(ITEMS)}

        def off():
            shown = [(edge.get(f"/v1/{item}/counts").json["counts"]["like"]["count"], count) for edge in self.edges for item, count in of.items()]
            return [(found or 0) - count for found, count in shown if found != count]

        with contextlib.suppress(AssertionError):
            wait_until(lambda: not off(), 2 * AGREE_S, "all edges agree with central")
        return held, off()

    def verdict(self):
        self.likes.stop()
        wait_until(lambda: all(p["outbox_batches"] == 0 for edge in self.edges for p in partitions(edge)), 2 * AGREE_S, "all is merged")
        held, off = self.counted()
        for noticed in self.noticed:
            noticed.add()
        led = sum(len(m.events("partition-leads")) for m in self.group.members.values())
        lost = len(self.likes.acked - held) - sum(n for n in off if n < 0)
        doubled = len(held - self.likes.attempted) + sum(n for n in off if n > 0)
        undone, gaps = sum(n.undone for n in self.noticed), sum(n.gaps for n in self.noticed)
        served = sorted(self.served_ms)
        p99 = served[min(len(served) - 1, len(served) * 99 // 100)] if served else 0
        asked = len(self.likes.attempted)
        held_up = not (lost or doubled or undone or gaps) and p99 <= 10000
        verdict = "unknown" if self.kills < KILLS_MIN else "held" if held_up else "violated"
        print(f"failover kills={self.kills} takeovers={led - PARTITIONS} served_p99_ms={p99:.0f} undone={undone} gaps={gaps} lost={lost} doubled={doubled} "
              f"availability={(asked - self.likes.refused) / max(1, asked):.6f} verdict={verdict}")
        return {"held": 0, "violated": 1, "unknown": 3}[verdict]


def main():
    parser = argparse.ArgumentParser(description="Members of central, edges and brokers die under load.")
    parser.add_argument("--kafka", choices=("embedded", "real"), default="embedded")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="kudos-failover-")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        real = stack.enter_context(kafka.Kafka(os.path.join(directory, "kafka"), BROKERS)) if options.kafka == "real" else None
        brokers = real.bootstrap if real else stack.enter_context(Broker(directory, PARTITIONS)).address
        drill = stack.enter_context(Drill(directory, brokers, real, options.seed))
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            drill.fault()
        return drill.verdict()


if __name__ == "__main__":
    sys.exit(main())
