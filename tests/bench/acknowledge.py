"""Rows of `make bench` about what an answer waits for: `edge.acknowledge` = disk beside log, in turns. Told, without a goal: Kafka is the embedded
broker here, which keeps nothing and has no replicas, so a real one adds its own time."""
import contextlib
import math
import statistics

from proc import wait_until

RATE, HEARD_S = 1000, 30
SENT, FLUSHED_S = "kudos_edge_batches_sent_total", 60
MODES = ("log", "disk")


def one(bench, edge, *more):
    """Figures of a run, with the records to Kafka for a like."""
    before = edge.metric(SENT)
    figures = bench.like(edge, *more)
    wait_until(lambda: edge.metric("kudos_edge_outbox_batches") <= 8, FLUSHED_S, "central has applied it")
    return dict(figures, records=(edge.metric(SENT) - before) / float(figures["requests"]))


def in_turns(bench, edges, *more):
    runs = [[one(bench, edge, *more) for edge in edges] for _ in range(bench.options.repeats)]
    return [{key: statistics.median(float(r[i][key]) for r in runs) for key in ("per_s", "cpu_us", "p50_us", "p99_us", "records")}
            for i in range(len(edges))]


def acknowledge_log(bench):
    """Microseconds of the 99th percentile at RATE requests a second, and likes a second without a bound."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(bench.new_broker("broker-acknowledge"))
        central = stack.enter_context(bench.central(broker, "central-acknowledge"))
        edges = [stack.enter_context(bench.edge(broker, f"edge-{mode}", central=central.url, more={"edge": {"acknowledge": mode}})) for mode in MODES]
        for edge in edges:
            wait_until(lambda e=edge: not math.isnan(e.metric("kudos_edge_snapshot_age_seconds")), HEARD_S, "central was heard of")
        log, disk = in_turns(bench, edges, "--rate", RATE)
        bench.say(f"acknowledge_log: {RATE} a second; p50 {log['p50_us']:.0f} us, with the disk alone {disk['p50_us']:.0f}; records to Kafka for a like "
                  f"{log['records']:.4f} and {disk['records']:.4f}")
        bench.judged("acknowledge_log", log["p99_us"], disk["p99_us"], ratio=disk["p99_us"] / log["p99_us"])
        log, disk = in_turns(bench, edges)
        bench.say(f"acknowledge_log_full: p50 {log['p50_us']:.0f} us, with the disk alone {disk['p50_us']:.0f}; records to Kafka for a like "
                  f"{log['records']:.5f} and {disk['records']:.5f}; {log['cpu_us']:.2f} us of server CPU a like, and {disk['cpu_us']:.2f}")
        bench.judged("acknowledge_log_full", log["per_s"], disk["per_s"], ratio=log["per_s"] / disk["per_s"],
                     cpu_ratio=disk["cpu_us"] / log["cpu_us"])
