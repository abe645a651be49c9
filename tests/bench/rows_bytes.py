"""Rows of bytes: what an item takes of an edge's memory, what a member takes of a disk, what a like writes. And how long an edge takes to start.

Memory is the growth of the process's resident set while items come, divided by them, without their keys: it holds whatever comes with an item, also the
filter's part (12 bits) of the one like that each has. What does not grow with items is made small, and there before. Disk and writes are the kernel's
account (/proc/PID/io, write_bytes) and the size of the data directory, after central has applied everything.
"""
import os
import re
import time

from proc import request, wait_until
from ruler import ITEMS

IDLE_GOAL, PENDING_GOAL = 56, 128  # bytes beside the key
START_GOAL_S, START_GOAL_MEMBERS = 5, 50000000
PIECES, BATCH_SIZE, CHUNK_USERS = 10, 200, 20
WRITE_S = 10
APPLY_S = 600
SMALL = {"store": {"write_buffer": "1MiB", "block_cache": "1MiB", "fresh_rows": 1000}}


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"^VmRSS:\s*(\d+) kB", f.read(), re.M)[1]) * 1024


def written(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(re.search(r"^write_bytes: (\d+)", f.read(), re.M)[1])


def size_of(directory):
    """Bytes of the files below; one that goes meanwhile counts no more."""
    total = 0
    for path, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.path.getsize(os.path.join(path, name))
            except FileNotFoundError:
                pass
    return total


def applied(edge, seconds=APPLY_S):
    wait_until(lambda: all(p["outbox_batches"] == 0 for p in edge.admin("/debug/partitions").json["partitions"]), seconds, "central applies everything",
               pause=0.2)


def fill(bench, edge, members):
    """So many members, in pieces behind which central comes up."""
    users = max(1, members // ITEMS)
    for first in range(0, users, CHUNK_USERS):
        bench.batch(edge, min(ITEMS, members), min(CHUNK_USERS, users - first), BATCH_SIZE, seconds=600)
        applied(edge)


def grown(bench, edge, settle):
    """Bytes of memory an item, beside its key. Items come in pieces, and `settle` is called behind each: what is pending for a while is used again."""
    piece, before = bench.options.members // PIECES, 0
    for _ in range(PIECES + 1):
        bench.batch(edge, piece, 1, BATCH_SIZE, "--check")  # with --check the seed names the items
        settle()
        before = before or resident(edge.popen.pid)  # behind the first piece, which is not counted
    key = sum(len(f"posts/c{bench.seed}.{i}") for i in range(piece)) / piece
    return (resident(edge.popen.pid) - before) / (piece * PIECES) - key


def memory(bench):
    with bench.new_broker("broker-memory") as broker, bench.central(broker, "central-memory") as central, \
            bench.edge(broker, "edge-idle", central=central.url, more=SMALL) as edge:
        idle = grown(bench, edge, lambda: applied(edge))
    with bench.new_broker("broker-memory") as broker, bench.edge(broker, "edge-pending", more=SMALL) as edge:
        pending = grown(bench, edge, lambda: None)
    bench.judged("memory_item", idle, goal=("ours", "<=", IDLE_GOAL))
    bench.judged("memory_item_pending", pending, goal=("ours", "<=", PENDING_GOAL))


def disk(bench):
    """After some seconds of single likes, for edge and central."""
    with bench.new_broker("broker-disk") as broker, bench.central(broker, "central-disk") as central, \
            bench.edge(broker, "edge-disk", central=central.url) as edge:
        daemons = (("", edge), ("_central", central))
        before = [(written(d.popen.pid), size_of(d.data)) for _, d in daemons]
        likes = int(bench.like(edge, "--deadline-ms", 60000, seconds=WRITE_S)["acked"])
        applied(edge)
        after = [(written(d.popen.pid), size_of(d.data)) for _, d in daemons]
    for row, at in (("disk_member", 1), ("written_like", 0)):
        for i, (whose, _) in enumerate(daemons):
            bench.judged(row + whose, (after[i][at] - before[i][at]) / likes)
    bench.say(f"disk_member, written_like: of {likes} single likes of {ITEMS} items in {WRITE_S} s")


def started(edge):
    """Seconds from the start of an edge until it takes requests."""
    begun = time.monotonic()
    edge.start(wait=False)
    edge.wait_ready(120)
    return time.monotonic() - begun


def start_again(bench, edge):
    """Stops an edge that holds --members members, and starts it. The goal is for 50 million; with fewer it is only told."""
    members = bench.options.members
    edge.stop()
    seconds = started(edge)
    assert request(edge.port, "GET", "/v1/posts/1/counts").status == 200
    bench.say(f"start: with {members} members")
    bench.judged("start", seconds, goal=("ours", "<=", START_GOAL_S) if members >= START_GOAL_MEMBERS else None)


def start(bench):
    with bench.new_broker("broker-start") as broker, bench.central(broker, "central-start") as central, \
            bench.edge(broker, "edge-start", central=central.url) as edge:
        fill(bench, edge, bench.options.members)
        start_again(bench, edge)
