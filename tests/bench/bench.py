"""How fast, beside a peer, on this machine and in this run: `make bench`, and `make bench-long` for what takes hours.

    python3 tests/bench/bench.py [--long] [--only ROW,...] [--seconds 2] [--repeats 3] [--shards N] [--members N] [--hour S] [--directory DIR]

A line for each row, as ruler.py and docs/performance.md explain it; then what was missed and why, and last `bench verdict=met|missed`. Exit code 0: met,
1: missed, 2: usage, 4: a program is missing.

    ruler            measures one thing beside another    rows_requests  likes, reads, TLS, batches, times, Redis
    peers            servers beside ours                  rows_store     merge, keys, the simulator, a real log
    redis_load       the client of Redis                  rows_bytes     memory, disk, start
    by_token, hot, far    rows of their own               rows_long      large stores, long load
    rows_live             live streams
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "lib"), os.path.join(TOP, "sim", "kafka")]
from kafka import Unavailable  # noqa: E402
from proc import fields_of  # noqa: E402
import acknowledge  # noqa: E402
import by_token  # noqa: E402
import far  # noqa: E402
import hot  # noqa: E402
import rows_bytes  # noqa: E402
import rows_live  # noqa: E402
import rows_long  # noqa: E402
import rows_requests  # noqa: E402
import rows_store  # noqa: E402
from ruler import OTHERS, SERVER, Bench, Wrong  # noqa: E402
from why import why  # noqa: E402

# What measures, and the rows that it tells.
PARTS = [
    (rows_requests.likes, ("likes", "likes_one_item", "likes_kept")),
    (rows_requests.reads, ("reads",)),
    (rows_requests.over_tls, ("likes_tls", "reads_tls")),
    (lambda bench: by_token.likes_jwt(bench, bench.broker), ("likes_jwt", "likes_jwt_whole", "likes_jwt_first")),
    (by_token.likes_full, ("likes_full",)),
    (rows_requests.batch, ("batch",)),
    (rows_store.merge, ("merge",)),
    (rows_store.merge_index, ("merge_index",)),
    (hot.hot, ("hot", "hot_age", "hot_spread", "hot_spread_age", "hot_some", "hot_some_age")),
    (hot.viral, ("viral",)),
    (rows_bytes.memory, ("memory_item", "memory_item_pending")),
    (rows_live.live, ("live", "live_stream")),
    (rows_bytes.disk, ("disk_member", "disk_member_central", "written_like", "written_like_central")),
    (rows_requests.latency, ("latency", "latency_read")),
    (acknowledge.acknowledge_log, ("acknowledge_log", "acknowledge_log_full")),
    (far.latency_wan, ("latency_wan", "latency_wan_read", "latency_wan_held", "latency_wan_read_held")),
    (rows_bytes.start, ("start",)),
    (rows_store.sim, ("sim",)),
    (rows_requests.redis, ("redis_p1", "redis_p32")),
    (rows_requests.redis_http, ("redis_http",)),
    (rows_store.keys, ("keys",)),
    (rows_store.polis, ("polis",)),
]
LONG = [
    (rows_long.likes_50m, ("likes_50m", "start")),
    (rows_long.merge_50m, ("merge_50m",)),
    (rows_long.likes_minute, ("likes_minute",)),
    (rows_long.likes_hour, ("likes_hour",)),
]
NEEDED = {"taskset": (), "nghttpd": (), "openssl": (), "java": ("polis",), "redis-server": ("redis_p1", "redis_http"), "nginx": ("redis_http",)}  # by these rows; (): by most
FAILURES = (Wrong, AssertionError, TimeoutError, subprocess.SubprocessError, OSError, KeyError, Unavailable)


def measure(bench, part, rows):
    """Rows that were not told because the part failed are missed."""
    try:
        part(bench)
    except FAILURES as e:
        print(f"{rows[0]}: {type(e).__name__}: {e}", file=sys.stderr)
        for row in rows:
            if row not in bench.rows:
                bench.report(row, goal="a-run-that-is-exact", verdict=False)


def go(bench, parts):
    """The exit code."""
    for part, rows in parts:
        measure(bench, part, rows)
    options = bench.options
    print(f"command: make bench  (servers on processors {SERVER}, clients and all else on {OTHERS}; {options.shards} shard(s) and as many "
          f"nghttpd workers; {options.repeats} repeats of {options.seconds} s)")
    for line in bench.missed:
        print("missed: " + line.removeprefix("bench ") + "\n  why: " + why(fields_of(line)["row"]))
    print(f"bench verdict={'missed' if bench.missed else 'met'}", flush=True)
    return 1 if bench.missed else 0


def chosen(parser, options):
    """The parts that --only and --long name."""
    if not options.only:
        return LONG if options.long else PARTS
    wanted, known = options.only.split(","), {row: part for part in LONG + PARTS for row in part[1]}
    for row in wanted:
        if row not in known:
            parser.error(f"--only {row}: the rows are {', '.join(known)}")
    return [part for part in {known[row]: None for row in wanted}]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=int, default=2, help="of one measurement [2]")
    p.add_argument("--repeats", type=int, help="of each pair [3, with --long 1]")
    p.add_argument("--shards", type=int, default=len(SERVER), help="of the edge [half the processors]")
    p.add_argument("--only", metavar="ROW,...", help="these rows, and those that are measured with them")
    p.add_argument("--long", action="store_true", help="large stores and long load")
    p.add_argument("--members", type=int, help="of large stores, and items of memory_item [1000000, with --long 50000000]")
    p.add_argument("--hour", type=int, default=3600, help="seconds of likes_hour [3600]")
    p.add_argument("--directory", help="kept afterwards [a new one, removed]")
    options = p.parse_args()
    options.members = options.members or (50000000 if options.long else 1000000)
    options.repeats = options.repeats or (1 if options.long else 3)
    parts = chosen(p, options)
    told = {row for _, rows in parts for row in rows}
    missing = [name for name, by in NEEDED.items() if not shutil.which(name) and (not by or told & set(by))]
    if missing:
        print(f"bench: needed and not there: {', '.join(missing)}", file=sys.stderr)
        return 4
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(options)
    try:
        return go(bench, parts)
    finally:
        bench.finish()


if __name__ == "__main__":
    sys.exit(main())
