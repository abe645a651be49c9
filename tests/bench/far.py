"""Rows of `make bench` over a wide network: central and the broker are 100 ms away each way. A read of an item that is held here needs neither. One
of an item that is not held causes a question to central, and so does a like of it; neither waits for the answer, which is for the next."""
import contextlib
import subprocess

from proc import fields_of, program
from rows_bytes import applied
from rows_requests import BATCH_SIZE
from ruler import ITEMS, OTHERS, USERS, Wrong, pinned

ONE_WAY_MS = 100
UNKNOWN = 0.05  # of the requests
RATE, SECONDS = 1000, 5
GOALS_US = {"latency_wan": 50000, "latency_wan_read": 20000}
ASKED, ASKED_OFF = "kudos_edge_asks_total", 0.02


@contextlib.contextmanager
def far(*ports):
    """Ports that lead to these, far away; "kafka:PORT" for a broker."""
    command = pinned([program("bench-far"), ONE_WAY_MS, *ports], OTHERS)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield fields_of(process.stdout.readline())["ports"].split(",")
        finally:
            process.kill()


def tell(bench, row, edge, items, *kind):
    """The 99th percentile among requests for so many items, of which the edge holds ITEMS. For each of the others central is asked once."""
    seconds = max(SECONDS, bench.options.seconds)
    before, unknown = edge.metric(ASKED), 1 - ITEMS / items
    figures = bench.load(edge.port, edge.popen.pid, *kind, "--items", items, "--users", USERS, "--rate", RATE, seconds=seconds)
    asked = (edge.metric(ASKED) - before) / (RATE * seconds)
    bench.say(f"{row}: p50 {figures['p50_us']} us; central was asked for {asked:.1%} of the requests")
    if abs(asked - unknown) > ASKED_OFF:
        raise Wrong(f"central was asked for {asked:.1%} of the requests, which is not the {unknown:.0%} that the edge does not hold")
    goal = ("ours", "<=", GOALS_US[row]) if row in GOALS_US else None
    bench.judged(row, float(figures["p99_us"]), goal=goal)


def latency_wan(bench):
    """Microseconds; RATE requests a second."""
    with bench.new_broker("broker-far") as broker, bench.central(broker, "central-far") as central, \
            far(f"kafka:{broker.address.rsplit(':', 1)[1]}", central.port) as (kafka, reads), \
            bench.edge(broker, "edge-far", central=f"http://127.0.0.1:{reads}", more={"kafka": {"brokers": f"127.0.0.1:{kafka}"}}) as edge:
        bench.batch(edge, ITEMS, 1, BATCH_SIZE)
        applied(edge)
        some = int(ITEMS / (1 - UNKNOWN))
        tell(bench, "latency_wan_held", edge, ITEMS, "--like")
        tell(bench, "latency_wan_read_held", edge, ITEMS, "--read")
        tell(bench, "latency_wan", edge, some, "--like")
        tell(bench, "latency_wan_read", edge, some, "--read")
