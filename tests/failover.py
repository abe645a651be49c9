#!/usr/bin/env python3
"""make failover: three centrals and three edges under likes, while leaders, brokers and edges die in random order, and members freeze, are cut off and stop.

After each fault it waits until every partition that the victim led is served again: the first snapshot of a later leader that an edge has. A broker leads no partition of
central's: there it is the longest time that an edge was without a snapshot of each. At the end every acknowledged like must be counted once, and told once or more on the changes topic under labels that have one content each; and no edge may have noticed that a member died: no history
undone, no gap but those of an edge's own start. With KILLS it ends after so many kills, else after MINUTES. What the programs logged is kept if it did not hold.

    failover kills= takeovers= served_p99_ms= undone= gaps= lost= doubled= availability= freezes= cuts= stops= handover_p99_ms= likes= untold= relabelled=
             verdict=held|violated|unknown

`untold`: likes that central counts and the changes topic does not tell, and records whose predecessor in a version is missing; `relabelled`: labels with two contents.
"""
import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "sim", "kafka")]

import kafka  # noqa: E402
from cluster import AGREE_S, PARTITIONS, merged  # noqa: E402
from crowd import ITEMS, Crowd, name_of  # noqa: E402
from cut import Cut  # noqa: E402
from group import NAMES, Group  # noqa: E402
from proc import Broker, Edge, program, wait_until  # noqa: E402
from served import Served, partitions  # noqa: E402
from told_changes import ToldChanges  # noqa: E402

KILLS_MIN, BROKERS, EXPORT_S, SERVED_MAX_MS, AVAILABLE = 3, 3, 600, 10000, 0.9999
SESSION_MS = 4000  # after which Kafka takes a broker for dead. Beyond KD_MEMBERS_STALL_US followers take partitions over that no member can serve
EDGE = {"edge": {"flush_interval": "200ms", "idle_interval_max": "1s", "resend_min": "1s"}}
# The embedded broker looks through a list for each fetch: at 20,000 records a partition it takes 28 % of a core, and members fall behind.
FEWER_RECORDS = {"edge": {"flush_interval": "1s"}}
REGIONS = ("mumbai", "virginia", "singapore")
CUTS = ("hole", "mute", "gag")
KILLS = ("kill", "kill", "kill", "kill", "edge", "broker")
OTHERS = ("stop", "freeze", "cut")


def number_of(item, user):
    return int(user[1:]) * ITEMS + int(item.split("/")[1])


def p99(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 0


class Network:
    """Real Kafka brokers, and for each member a way of its own to each of them that can be cut."""

    def __init__(self, stack, directory):
        self.cuts = {name: [stack.enter_context(Cut(0)) for _ in range(BROKERS)] for name in NAMES}
        addresses = {self.listener(name): [f"127.0.0.1:{cut.port}" for cut in cuts] for name, cuts in self.cuts.items()}
        self.kafka = kafka.Kafka(os.path.join(directory, "kafka"), BROKERS, advertise=addresses, apart=True, session_ms=SESSION_MS)
        for name, cuts in self.cuts.items():
            for node, cut in enumerate(cuts, 1):
                cut.edge_port = self.kafka.listener_ports[self.listener(name)][node]
        stack.enter_context(self.kafka)
        self.brokers_of = {name: ",".join(addresses[self.listener(name)]) for name in NAMES}

    @staticmethod
    def listener(name):
        return name.replace("-", "").upper()

    def wait_in_sync(self):
        """A broker that holds the only copy in sync takes its partitions away with it, until it is back."""
        wait_until(lambda: not self.kafka.metadata().lagging, 4 * AGREE_S, "all replicas in sync", pause=0.5)

    def check_copies(self):
        copies = self.kafka.metadata().copies
        assert copies == BROKERS, f"a topic has partitions with {copies} copies"

    def set(self, name, mode):
        for cut in self.cuts[name]:
            cut.mode = mode


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


class Drill:
    def __init__(self, directory, brokers, network, options):
        more = {"kafka": {"replication": BROKERS}} if network else {}  # also of the edges: whoever comes first makes the topics
        edges = merged(EDGE, more if network else FEWER_RECORDS)
        self.network, self.random = network, random.Random(options.seed)
        self.group = Group(directory, brokers, replicas=3, more=more, brokers_of=network and network.brokers_of)
        urls = ", ".join(m.url for m in self.group.members.values())
        self.group.edge.set(merged({"central": {"url": urls}}, edges))
        self.edges = [self.group.edge] + [Edge(directory, brokers, name=f"edge-{i}", region=REGIONS[i - 1], partitions=PARTITIONS, central=urls, more=edges)
                                          for i in (2, 3)]
        self.urls, self.rate = urls.replace(" ", ""), options.likes
        self.stuck, self.done, self.served_ms, self.handover_ms = False, dict.fromkeys((*KILLS, *OTHERS), 0), [], []
        self.told = ToldChanges(brokers, PARTITIONS, number_of)

    def __enter__(self):
        self.group.__enter__()
        for edge in self.edges[1:]:
            edge.start()
        self.noticed = [Noticed(edge) for edge in self.edges]
        for noticed in self.noticed:
            noticed.settle()
        if self.network:
            self.network.check_copies()
        self.served, self.likes = Served(self.edges[0]), Crowd(self.edges, self.rate)
        for part in (self.served, self.likes, self.told):
            part.start()
        return self

    def __exit__(self, *_):
        for part in (self.likes, self.served, self.told):
            part.stop()
        for edge in self.edges[1:]:
            edge.kill9()
        self.group.__exit__()

    @property
    def kills(self):
        return sum(self.done[kind] for kind in set(KILLS))

    def leads(self):
        """Who leads what. One that was frozen or cut off tells what was, for a while: all of them have to say the same."""
        told = []

        def agree():
            told[:] = [self.group.leads(member) for member in self.group.members.values()]
            return all(leads == told[0] and len(leads) == PARTITIONS for leads in told)

        wait_until(agree, AGREE_S, "all members name the same leaders", pause=0.2)
        return told[0]

    def victim(self):
        """A member that leads something, and each partition that it leads with its epoch there. While a partition changes its role it has none: then all is asked anew."""
        found = []

        def look():
            leads = self.leads()
            name = self.random.choice(sorted({leader for leader in leads.values() if leader != "-"}))
            member = self.group.of(name)
            epochs = {p["partition"]: p["epoch"] for p in partitions(member)}
            found[:] = [member, {p: epochs.get(p) for p, leader in leads.items() if leader == name}]
            return None not in found[1].values()

        wait_until(look, AGREE_S, "a leader with its epochs", pause=0.2)
        return found

    def settle(self):
        for member in self.group.members.values():
            self.group.settled(3, of=member, seconds=4 * AGREE_S)

    def kill(self):
        member, led = self.victim()
        at_us = time.time() * 1e6
        member.kill9()
        return self.taken_over(led, at_us, lambda: member.start(wait=False))

    def freeze(self):
        member, led = self.victim()
        at_us = time.time() * 1e6
        member.signal(signal.SIGSTOP)
        return self.taken_over(led, at_us, lambda: member.signal(signal.SIGCONT))

    def cut(self):
        member, led = self.victim()
        at_us = time.time() * 1e6
        self.network.set(member.name, self.random.choice(CUTS))
        return self.taken_over(led, at_us, lambda: self.network.set(member.name, "pass"))

    def taken_over(self, led, at_us, heal):
        try:
            took = self.served.again_ms(led, at_us)
        finally:
            heal()
        self.served_ms += took.values()
        self.settle()
        return took

    def pauses_ms(self, of, at_us):
        return {p: self.served.pause_ms(p, at_us) for p in of}

    def stop(self):
        member, led = self.victim()
        at_us = time.time() * 1e6
        member.signal(signal.SIGTERM)
        self.served.again_ms(led, at_us)
        took = self.pauses_ms(led, at_us)
        self.handover_ms += took.values()
        member.wait()
        member.start(wait=False)
        self.settle()
        return took

    def edge(self):
        noticed = self.random.choice(self.noticed[1:])
        noticed.add()
        noticed.edge.kill9()
        noticed.edge.start()
        noticed.settle()
        return {}

    def broker(self):
        node, everything = self.random.choice(list(self.network.kafka.nodes)), dict.fromkeys(range(PARTITIONS), 0)
        self.network.wait_in_sync()
        at_us = time.time() * 1e6
        self.network.kafka.kill(node)
        try:
            self.served.again_ms(everything, at_us + 1e6)  # nobody has to take over; what had left central before still comes
        finally:
            self.network.kafka.start(node)
        took = self.pauses_ms(everything, at_us)
        self.served_ms += took.values()
        self.network.kafka.wait_ready()
        self.settle()
        return took

    def fault(self):
        kinds = 2 * KILLS + OTHERS
        kind = self.random.choice([kind for kind in kinds if self.network or kind not in ("broker", "cut")])
        try:
            took = getattr(self, kind)()
        except AssertionError as e:
            print(f"  {kind}: {e}", flush=True)
            self.stuck = True
            return
        self.done[kind] += 1
        told = " ".join(f"{p}:{ms:.0f}" for p, ms in sorted(took.items()))
        print(f"  {self.kills} {kind} acked={self.likes.acked * ITEMS} load={os.getloadavg()[0]:.1f} ms={told}", flush=True)

    def held(self):
        """Numbers of the likes that central holds."""
        path = os.path.join(self.group.directory, "export")
        with open(path, "wb") as out:
            subprocess.run([program("kudos-central"), "export", "--url", self.urls], stdout=out, check=True, timeout=EXPORT_S)
        with open(path, encoding="ascii") as lines:
            return {number_of(*line.split("\t")[1:3]) for line in lines}

    def off(self, held):
        """By how much each edge is off for each item; waits for all to agree with central."""
        of = [0] * ITEMS
        for like in held:
            of[like % ITEMS] += 1

        def look():
            return [(edge.get(f"/v1/{name_of(item)}/counts").json["counts"]["like"]["count"] or 0) - of[item] for edge in self.edges for item in range(ITEMS)]

        with contextlib.suppress(AssertionError):
            wait_until(lambda: not any(look()), 2 * AGREE_S, "all edges agree with central", pause=1)
        return look()

    def verdict(self):
        self.likes.stop()
        wait_until(lambda: all(p["outbox_batches"] == 0 for edge in self.edges for p in partitions(edge)), 4 * AGREE_S, "all is merged")
        held, acked = self.held(), self.likes.acked_likes()
        off = self.off(held)
        self.told.stop()
        for noticed in self.noticed:
            noticed.add()
        led = sum(len(m.events("partition-leads")) for m in self.group.members.values())
        lost = len(acked - held) - sum(n for n in off if n < 0)
        doubled = sum(not self.likes.attempted(like) for like in held) + sum(n for n in off if n > 0)
        undone, gaps = sum(n.undone for n in self.noticed), sum(n.gaps for n in self.noticed)
        untold, relabelled = len(held - self.told.likes) + self.told.broken(), self.told.twice
        available, served = 1 - self.likes.refused / max(1, self.likes.asked), p99(self.served_ms)
        broken = lost or doubled or undone or gaps or untold or relabelled
        held_up = not (broken or self.stuck) and served <= SERVED_MAX_MS and available >= AVAILABLE
        verdict = "unknown" if self.kills < KILLS_MIN else "held" if held_up else "violated"
        print(f"failover kills={self.kills} takeovers={led - PARTITIONS} served_p99_ms={served:.0f} undone={undone} gaps={gaps} lost={lost} doubled={doubled} "
              f"availability={available:.6f} freezes={self.done['freeze']} cuts={self.done['cut']} stops={self.done['stop']} "
              f"handover_p99_ms={p99(self.handover_ms):.0f} likes={len(held)} untold={untold} relabelled={relabelled} verdict={verdict}")
        return {"held": 0, "violated": 1, "unknown": 3}[verdict]


def run(directory, options):
    with contextlib.ExitStack() as stack:
        network = Network(stack, directory) if options.kafka == "real" else None
        brokers = network.kafka.bootstrap if network else stack.enter_context(Broker(directory, PARTITIONS)).address
        drill = stack.enter_context(Drill(directory, brokers, network, options))
        end = time.monotonic() + 60 * options.minutes
        while not drill.stuck and (drill.kills < options.kills if options.kills else time.monotonic() < end):
            drill.fault()
        return drill.verdict()


def main():
    parser = argparse.ArgumentParser(description="Members of central, edges and brokers die under load.")
    parser.add_argument("--kafka", choices=("embedded", "real"), default="embedded")
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--kills", type=int, help="instead of minutes: ends after so many kills")
    parser.add_argument("--likes", type=int, default=2000, help="a second")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="kudos-failover-")
    code = run(directory, options)
    if code == 0:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        print(f"what the programs logged is in {directory}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
