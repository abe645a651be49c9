#!/usr/bin/env python3
"""make capacity: what a member of central costs, as likes a second, edges, partitions, members and copies grow, one at a time; on one real Kafka broker.

Each step starts members and edges on empty stores, loads the edges with batches, and measures for some seconds. Kafka and the load tool share the machine: processor time is
that of the members alone. A line a step, of the member that took most of each; `_all` is over all members:

    capacity likes_s= edges= partitions= members= replicas= cpu_ms_s= cpu_ms_s_all= rss_mb= disk_kb_s= in_kb_s= out_kb_s= lag=

`likes_s`: that were merged, each once for all copies. `cpu_ms_s`: milliseconds of processor time a second. `in_kb_s`, `out_kb_s`: by the sockets of the member, Kafka's and edges'. `lag`: records that
leaders had not read at the end. The last line is `capacity steps= verdict=told`.
"""
import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "sim", "kafka")]

import kafka  # noqa: E402
from proc import Central, Edge, fields_of, program, wait_until  # noqa: E402

BASE = {"likes_s": 2000, "edges": 2, "partitions": 16, "members": 1, "replicas": 1}
STEPS = [{},
         {"likes_s": 0}, {"likes_s": 500}, {"likes_s": 8000}, {"likes_s": 32000},
         {"edges": 1}, {"edges": 4}, {"edges": 8},
         {"partitions": 4}, {"partitions": 64}, {"partitions": 256},
         {"members": 2, "replicas": 2}, {"members": 3, "replicas": 1}, {"members": 3, "replicas": 2}, {"members": 3, "replicas": 3}]
BATCH, WARM_S, SETTLED_S = 50, 5, 120
TICKS_MS = 1000 / os.sysconf("SC_CLK_TCK")


def first(pattern, text):
    found = re.search(pattern, text, re.M)
    return int(found[1]) if found else 0


def of_process(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as f:
        return f.read()


def socket_bytes(pid):
    """(received, sent) by the TCP connections that the process has now."""
    lines = subprocess.run(["ss", "-tinpHO"], capture_output=True, text=True, check=True).stdout.splitlines()
    mine = [line for line in lines if f"pid={pid}," in line]
    return sum(first(r"bytes_received:(\d+)", line) for line in mine), sum(first(r"bytes_sent:(\d+)", line) for line in mine)


class Look:
    """What a member has used so far."""

    def __init__(self, member):
        pid = member.popen.pid
        times = of_process(pid, "stat").rpartition(")")[2].split()
        self.at = time.monotonic()
        self.cpu_ms = (int(times[11]) + int(times[12])) * TICKS_MS
        self.rss_mb = first(r"^VmRSS:\s+(\d+)", of_process(pid, "status")) / 1024
        self.disk = first(r"^write_bytes: (\d+)", of_process(pid, "io"))
        self.received, self.sent = socket_bytes(pid)
        self.merged = member.metric("kudos_central_operations_total")
        self.lag = member.metric("kudos_central_lag_records")


class Step:
    def __init__(self, directory, brokers, wanted):
        self.wanted = wanted
        group = {"members": wanted["members"], "replicas": wanted["replicas"]} if wanted["members"] > 1 else {}
        self.members = [Central(directory, brokers, name=f"central-{n + 1}", partitions=wanted["partitions"], more={"central": group})
                        for n in range(wanted["members"])]
        for member in self.members:
            member.set({"central": {"advertise": member.url if group else None}})
        self.edges = [Edge(directory, brokers, name=f"edge-{n + 1}", region=f"region-{n + 1}", partitions=wanted["partitions"],
                           central=self.members[0].url) for n in range(wanted["edges"])]
        self.loads = []

    def __enter__(self):
        for daemon in [*self.members, *self.edges]:
            daemon.start(wait=False)
        wait_until(self.settled, SETTLED_S, "a settled group", pause=0.3)
        for edge in self.edges:
            edge.wait_ready(SETTLED_S)
        return self

    def __exit__(self, *_):
        for load in self.loads:
            load.kill()
            load.wait()
        for daemon in [*self.members, *self.edges]:
            daemon.kill9()

    def settled(self):
        """All partitions are led, and all copies agree."""
        if len(self.members) == 1:
            return self.members[0].ready()
        told = subprocess.run([program("kudos-central"), "members", "--url", self.members[0].url], capture_output=True, text=True, check=False).stdout
        last = fields_of(told.splitlines()[-1]) if told else {}
        followed = (self.wanted["replicas"] - 1) * self.wanted["partitions"]
        return last.get("verdict") == "agreed" and int(last["leading"]) == self.wanted["partitions"] and int(last["following"]) >= followed

    def load(self, seconds):
        rate = self.wanted["likes_s"] / BATCH / len(self.edges)
        for n, edge in enumerate(self.edges if rate else []):
            command = [program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{edge.port}", "--batch", "--batch-size", BATCH, "--rate", f"{rate:.0f}",
                       "--seconds", seconds, "--users", 10_000_000, "--items", 100_000, "--zipf", 0.9, "--connections", 4, "--seed", n + 1]
            self.loads.append(subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT))

    def measure(self, seconds):
        self.load(WARM_S + seconds + 10)
        time.sleep(WARM_S)
        assert all(load.poll() is None for load in self.loads), "the load tool ended"
        before = [Look(member) for member in self.members]
        time.sleep(seconds)
        return [self.spent(a, Look(member)) for a, member in zip(before, self.members)]

    @staticmethod
    def spent(a, b):
        took = b.at - a.at
        return {"likes_s": (b.merged - a.merged) / took, "cpu_ms_s": (b.cpu_ms - a.cpu_ms) / took, "rss_mb": b.rss_mb, "disk_kb_s": (b.disk - a.disk) / took / 1024,
                "in_kb_s": (b.received - a.received) / took / 1024, "out_kb_s": (b.sent - a.sent) / took / 1024, "lag": b.lag}


def tell(wanted, spent):
    most = {name: max(member[name] for member in spent) for name in spent[0]}
    likes_s, cpu_all = sum(member["likes_s"] for member in spent) / wanted["replicas"], sum(member["cpu_ms_s"] for member in spent)
    print(f"capacity likes_s={likes_s:.0f} edges={wanted['edges']} partitions={wanted['partitions']} members={wanted['members']} replicas={wanted['replicas']} "
          f"cpu_ms_s={most['cpu_ms_s']:.1f} cpu_ms_s_all={cpu_all:.1f} rss_mb={most['rss_mb']:.0f} disk_kb_s={most['disk_kb_s']:.0f} "
          f"in_kb_s={most['in_kb_s']:.1f} out_kb_s={most['out_kb_s']:.1f} lag={most['lag']:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--steps", default=",".join(map(str, range(len(STEPS)))), help="numbers of steps")
    options = parser.parse_args()
    numbers = [int(number) for number in options.steps.split(",")]
    for number in numbers:
        wanted = {**BASE, **STEPS[number]}
        with contextlib.ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="kudos-capacity-"))
            cluster = stack.enter_context(kafka.Kafka(os.path.join(directory, "kafka")))
            tell(wanted, stack.enter_context(Step(directory, cluster.bootstrap, wanted)).measure(options.seconds))
    print(f"capacity steps={len(numbers)} verdict=told")


if __name__ == "__main__":
    main()
