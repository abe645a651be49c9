"""Metrics and the log tell the present: whether central and Kafka answer, why not, how old things are, and what runs."""
import math
import re
import signal
import subprocess
import time

import pytest

from certificate import make_certificate
from ports import free_ports
from proc import SLOWER, Broker, Central, Edge, wait_until

FALLS_S = 15 * SLOWER  # docs/operations/watch.md
FAST = {"clock": {"measure_interval": "500ms"}}


def samples(daemon, name):
    """{labels: value} of a metric's rows."""
    text = daemon.admin("/metrics").body.decode()
    return {labels: float(value) for labels, value in re.findall(r"^" + re.escape(name) + r"(\{[^}]*\})? (\S+)$", text, re.M)}


def gauges(edge):
    return edge.metric("kudos_edge_central_up"), edge.metric("kudos_edge_kafka_ready")


def told(daemon, *events):
    return [len(daemon.events(event)) for event in events]


def check_edges_by_name(central):
    """The edge that is behind has a row of its own; one that nobody heard of grows old with the process."""
    def ages():
        return samples(central, "kudos_central_edge_watermark_age_seconds")

    wait_until(lambda: 0 <= ages()['{edge="edge-1"}'] < 1e6, what="a watermark of the edge")
    first = ages()
    assert set(first) == {'{edge="edge-1"}', '{edge="far-away"}', '{edge="(other)"}'} and math.isnan(first['{edge="(other)"}']), first
    wait_until(lambda: ages()['{edge="far-away"}'] > first['{edge="far-away"}'], what="the age of an edge that was never heard of")


def check_process(daemon):
    """What runs, under the names that Prometheus uses everywhere."""
    (labels, one), = samples(daemon, "kudos_build_info").items()
    version = subprocess.run([daemon.command[0], "--version"], capture_output=True, text=True, timeout=10).stdout
    name, wire, storage = re.search(r" (\S+) \(wire schema (\d+), storage schema (\d+)\)", version).groups()
    assert (labels, one) == (f'{{version="{name}",wire="{wire}",storage="{storage}"}}', 1)
    assert daemon.metric("process_cpu_seconds_total") > 0 and daemon.metric("process_resident_memory_bytes") > 1e6
    assert 3 < daemon.metric("process_open_fds") < daemon.metric("process_max_fds")
    assert abs(daemon.metric("process_start_time_seconds") - time.time()) < 60 * SLOWER


def test_gauges_fall_and_rise_with_central_and_kafka(tmp_path, lost):
    """Both are stopped, not ended: connections stay open and nothing is refused. (`lost` is of the next test, and waits meanwhile.)"""
    with Broker(tmp_path) as broker, Central(tmp_path, broker.address, more={"central": {"edges": "edge-1, far-away"}}) as central, \
            Edge(tmp_path, broker.address, shards=2, central=central.url, more=FAST) as edge:
        wait_until(lambda: gauges(edge) == (2, 2), what="central and Kafka reached")
        wait_until(lambda: central.metric("kudos_central_kafka_up") == 1, what="Kafka reached by central")
        assert told(edge, "central-unreachable", "kafka-unreachable") == [0, 0]
        check_edges_by_name(central)
        check_process(central)
        check_process(edge)
        for peer in (central, broker):
            peer.signal(signal.SIGSTOP)
        # Questions that fail open the breaker of each shard, and nobody asks again afterwards.
        unknown = ",".join(f"posts/new{i}" for i in range(100))
        assert edge.get(f"/v1/counts?items={unknown}").json["items"][0]["counts"]["like"]["count"] is None
        wait_until(lambda: gauges(edge) == (0, 0), FALLS_S, "the fall of both gauges")
        for peer in (central, broker):
            peer.signal(signal.SIGCONT)
        wait_until(lambda: gauges(edge) == (2, 2), FALLS_S, "the rise of both gauges")
        events = ("central-unreachable", "central-reachable", "kafka-unreachable", "kafka-reachable")
        wait_until(lambda: told(edge, *events) == [1, 1, 1, 1], what=f"one line each of {events}")
        assert edge.events("central-unreachable")[0]["reason"] == edge.events("kafka-unreachable")[0]["reason"] == "timeout"
        assert samples(edge, "kudos_edge_central_failures_total")['{reason="timeout"}'] >= 2
        assert samples(edge, "kudos_edge_kafka_errors_total")['{reason="timeout"}'] >= 1


def unreachable(directory, name, url, more=None):
    """An edge without Kafka that never reaches central."""
    return Edge(directory, f"127.0.0.1:{free_ports(1)[0]}", name=name, shards=1, central=url,
                more={"kafka": {"start_timeout": "100ms"}, "central": {"ca_file": None, **(more or {})}})


def check_never_reached(edge, reason):
    """One line, counted by the reason, up 0, and what was never measured is not 0."""
    def counted():
        return samples(edge, "kudos_edge_central_failures_total")[f'{{reason="{reason}"}}']

    wait_until(lambda: edge.events("central-unreachable"), FALLS_S, f"{edge.name}: a line of the log")
    begun = counted()
    wait_until(lambda: counted() > begun, FALLS_S, f"{edge.name}: failures are counted")
    lines = edge.events("central-unreachable")
    assert len(lines) == 1 and lines[0]["reason"] == reason and lines[0]["cause"], lines
    assert edge.metric("kudos_edge_central_up") == 0 and not edge.events("central-reachable")
    for name in ("kudos_edge_clock_measured_age_seconds", "kudos_edge_clock_offset_us", "kudos_edge_clock_uncertainty_us"):
        assert math.isnan(edge.metric(name)), name


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    """Edges that never reach central, by the reason."""
    directory, nobody = tmp_path_factory.mktemp("lost"), f"127.0.0.1:{free_ports(1)[0]}"
    cert, key = make_certificate(directory, "central")
    foreign, _ = make_certificate(directory, "foreign")
    central = Central(directory, nobody, more={"http": {"tls_certificate": cert, "tls_key": key}})
    edges = {"tls": unreachable(directory, "tls-edge", f"https://127.0.0.1:{central.port}", {"ca_file": foreign}),
             "refused": unreachable(directory, "refused-edge", f"http://{nobody}")}
    daemons = [central, *edges.values()]
    try:
        for daemon in daemons:
            daemon.start(wait=False)
        yield edges
    finally:
        for daemon in daemons:
            daemon.kill9()


def test_central_is_never_reached(lost):
    """Its certificate is not trusted, or nobody listens: each is told once, and by its reason. (A name without an address: test_http_client_resolve.c.)"""
    for reason, edge in lost.items():
        edge.wait_ready()
        check_never_reached(edge, reason)
        wait_until(lambda: edge.events("kafka-unreachable"), FALLS_S, "a line about Kafka")
        assert edge.events("kafka-unreachable")[0]["reason"] == "refused"


def test_central_knows_no_lag_and_no_age_while_kafka_is_away(tmp_path):
    """Neither while it runs, nor when it is started into the outage: 0 would say that nothing waits and that all was just published."""
    def told():
        """What is told of both, or nothing of a central that does not answer yet."""
        try:
            return [central.metric(name) for name in ("kudos_central_lag_records", "kudos_central_snapshot_age_seconds")]
        except OSError:
            return []

    with Broker(tmp_path) as broker, Central(tmp_path, broker.address) as central:
        wait_until(lambda: told() and not any(map(math.isnan, told())), FALLS_S, "a lag and an age")
        broker.signal(signal.SIGSTOP)
        wait_until(lambda: math.isnan(told()[0]), FALLS_S, "an unknown lag")
        assert told()[1] > 0
        central.kill9()
        central.start(wait=False)
        wait_until(lambda: told() and all(map(math.isnan, told())), FALLS_S, "neither is known")
        broker.signal(signal.SIGCONT)
        wait_until(lambda: told() and not any(map(math.isnan, told())), FALLS_S, "a lag and an age again")
