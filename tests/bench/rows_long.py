"""Rows of `make bench-long`: what is left of the speed of a short run in a large store, and after long load. The peer is ourselves, in the short run.

`--members` is the size of the store, `--hour` the seconds of load: small ones try these rows, and their goals hold for those too.
"""
from rows_bytes import applied, fill, start_again
from rows_store import MERGE_ITEMS, merged

KEPT = ("ratio", ">=", 0.7)
MINUTE_S = 60


def beside_fresh(bench, row, broker, edge, central):
    """Likes at this edge without central, beside those at a fresh one."""
    central.stop()
    with bench.edge(broker, f"fresh-{row}") as fresh:
        pairs = [(bench.like(edge), bench.like(fresh)) for _ in range(bench.options.repeats)]
    bench.beside(row, pairs, KEPT, "like")


def likes_50m(bench):
    """One store for both rows, since it takes long to fill: likes of an edge with so many members, then its start. Likes right behind a start would
    be measured beside the reading of all rows for the filter."""
    with bench.new_broker("broker-50m") as broker, bench.central(broker, "central-50m") as central, \
            bench.edge(broker, "edge-50m", central=central.url) as edge:
        fill(bench, edge, bench.options.members)
        beside_fresh(bench, "likes_50m", broker, edge, central)
        start_again(bench, edge)


def likes_hour(bench):
    """With central beside, at half of what the edge takes alone."""
    with bench.new_broker("broker-hour") as broker, bench.central(broker, "central-hour") as central, \
            bench.edge(broker, "edge-hour", central=central.url) as edge:
        rate = int(float(bench.like(edge)["per_s"]) / 4)
        figures = bench.like(edge, "--rate", rate, "--deadline-ms", 60000, "--users", 100000000, seconds=bench.options.hour)
        bench.say(f"likes_hour: {figures['acked']} likes in {bench.options.hour} s, p99 {figures['p99_us']} us")
        applied(edge)
        beside_fresh(bench, "likes_hour", broker, edge, central)


def likes_minute(bench):
    """All that an edge takes, with central and its snapshots beside, for so long that LevelDB compacts; the peer is an edge without central, for as
    short a time as all rows have."""
    pairs, seconds = [], min(MINUTE_S, bench.options.hour)
    for n in range(bench.options.repeats):
        with bench.new_broker(f"broker-minute-{n}") as broker, bench.central(broker, f"central-minute-{n}") as central, \
                bench.edge(broker, f"edge-minute-{n}", central=central.url) as edge:
            ours = bench.like(edge, "--users", 100000000, seconds=seconds)
            central.stop()
            with bench.edge(broker, f"fresh-minute-{n}") as fresh:
                pairs.append((ours, bench.like(fresh)))
    bench.beside("likes_minute", pairs, None, "like")


def merge_50m(bench):
    """As many items as members, of which a million have their counts in memory."""
    members = bench.options.members
    pairs = []
    for _ in range(bench.options.repeats):
        large = merged(bench, members, members)
        pairs.append((large, merged(bench, MERGE_ITEMS)))
    bench.beside("merge_50m", pairs, KEPT, "like")


