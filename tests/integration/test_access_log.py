"""The access log of both programs: what a line tells and what it keeps to itself, how many there are, and the trace from an edge to central."""
import contextlib
import json
import os
import signal
import subprocess

import pytest

from http_peer import h1_raw, h1_status, serve  # noqa: F401
from proc import Broker, Central, Edge, request, wait_until

PARTITIONS = 4
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ITEM, USER = "posts/that-one", "that-one-user"
ALWAYS = {"time", "level", "event", "method", "route", "status", "bytes", "duration_us", "client", "protocol", "tls"}


@contextlib.contextmanager
def both(directory, edge_log=None, central_log=None):
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS, more={"log": central_log or {}}) as central, \
            Edge(directory, broker.address, partitions=PARTITIONS, central=central.url,
                 more={"log": edge_log or {}, "central": {"read_deadline": "5s"}}) as edge:
        wait_until(lambda: edge.metric("kudos_edge_central_up") > 0, 30, "central answers the edge")
        yield edge, central


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Both programs log every request."""
    with both(tmp_path_factory.mktemp("logged"), {"access": 1}, {"access": 1}) as programs:
        yield programs


def lines(daemon, **wanted):
    return [line for line in daemon.events("access") if all(line.get(k) == v for k, v in wanted.items())]


def line_of(daemon, said, **wanted):
    """The line about an answer that was given; the only one of its kind."""
    found = wait_until(lambda: lines(daemon, status=said.status, **wanted), 30, f"a line with {wanted}")
    assert len(found) == 1, found
    return found[0]


def test_a_line_tells_what_was_asked_and_not_about_whom(logged):
    edge, _ = logged
    said = edge.request("PUT", f"/v1/{ITEM}/display?as={USER}", user=USER)
    line = line_of(edge, said, method="PUT")
    assert set(line) == ALWAYS and line["level"] == "info"
    assert (line["route"], line["bytes"]) == ("/v1/{collection}/{id}/display", len(said.body))
    assert (line["client"], line["protocol"], line["tls"]) == ("127.0.0.0/24", "HTTP/1.1", False)
    assert 0 <= line["duration_us"] < 15 * 10**6
    assert "that-one" not in edge.log()


def test_each_path_has_its_route(logged):
    edge, central = logged
    asked = [(edge, "DELETE", f"/v1/{ITEM}/like", "/v1/{collection}/{id}/{counter}", None),
             (edge, "GET", "/v1/counts?items=posts", "/v1/counts", None),
             (edge, "POST", "/v1/likes", "/v1/likes", {"operations": 1}),
             (edge, "POST", "/v1/likes/lookup", "/v1/likes/lookup", {"items": 1}),
             (edge, "PATCH", "/v1/nothing", "none", None),
             (edge, "PURGE", f"/v1/{ITEM}/counts", "/v1/{collection}/{id}/counts", None),
             (central, "DELETE", f"/v1/{ITEM}/counts", "/v1/{collection}/{id}/counts", None),
             (central, "DELETE", f"/v1/{ITEM}/likers", "/v1/{collection}/{id}/likers", None),
             (central, "DELETE", f"/v1/snapshots/{ITEM}", "/v1/snapshots/{collection}/{id}", None),
             (central, "DELETE", "/v1/admin", "/v1/admin", None),
             (central, "POST", "/v1/likes/lookup", "/v1/likes/lookup", {"items": 1})]
    for daemon, method, path, route, body in asked:
        said = daemon.request(method, path, user=USER, body=body)
        line_of(daemon, said, route=route, method="other" if method == "PURGE" else method)


def test_a_head_has_no_bytes(logged):
    edge, _ = logged
    line = line_of(edge, edge.request("HEAD", f"/v1/{ITEM}/display"), method="HEAD")
    assert line["bytes"] == 0


def test_a_question_to_central_is_in_the_trace_of_its_request(logged):
    edge, central = logged
    field = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    for path, route in ((f"/v1/{ITEM}-cold/counts", "/v1/snapshots/{collection}/{id}"),
                        (f"/v1/{ITEM}-cold/like", "/v1/{collection}/{id}/{counter}")):
        assert edge.get(path, user=USER, headers=field).json["source"] == "central"
        at_central = wait_until(lambda r=route: lines(central, trace=TRACE, route=r), 30, "central's line")
        assert len(at_central) == 1 and at_central[0]["parent"] not in (PARENT, "0" * 16) and len(at_central[0]["parent"]) == 16
    assert len({line["parent"] for line in lines(central, trace=TRACE)}) == 2
    assert [line["parent"] for line in lines(edge, trace=TRACE)] == [PARENT, PARENT]


@pytest.mark.parametrize("field", (f"00-{TRACE}-{PARENT}", f"00-{TRACE.upper()}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01", ""))
def test_a_traceparent_that_is_not_valid_is_ignored(logged, field):
    edge, central = logged
    item = f"posts/cold-{abs(hash(field))}"
    before = len(lines(central))
    assert edge.get(f"/v1/{item}/counts", headers={"traceparent": field}).json["source"] == "central"
    asked = wait_until(lambda: [line for line in lines(central)[before:] if "snapshots" in line["route"]], 30, "central's line")
    assert "trace" not in asked[0]


def test_of_two_traces_none_counts(logged):
    edge, central = logged
    field = f"traceparent: 00-{'ab' * 16}-{PARENT}-01"
    subprocess.run(["curl", "-sf", "-H", field, "-H", field, f"http://127.0.0.1:{edge.port}/v1/posts/twice/counts"], check=True, timeout=20)
    assert edge.get("/v1/posts/after/counts").status == 200
    assert not lines(edge, trace="ab" * 16) and not lines(central, trace="ab" * 16)


def test_without_the_option_there_is_no_line_until_a_reload(tmp_path):
    with both(tmp_path) as programs:
        for daemon in programs:
            assert daemon.get(f"/v1/{ITEM}/counts").status == 200
            daemon.set({"log": {"access": 1}})
            daemon.signal(signal.SIGHUP)
            wait_until(lambda d=daemon: d.events("reloaded"), 30, "reloaded")
            assert not lines(daemon)
            line_of(daemon, daemon.get(f"/v1/{ITEM}/counts"), route="/v1/{collection}/{id}/counts")


def test_one_in_so_many_has_a_line_and_every_failure(serve, tmp_path):  # noqa: F811
    path = tmp_path / "log"
    with open(path, "wb") as log:
        server = serve("access=10", log=log)
    for _ in range(400):
        assert request(server.port, "GET", "/").status == 200
    for _ in range(40):
        assert request(server.port, "GET", "/problem").status == 503
    statuses = [json.loads(line)["status"] for line in path.read_text().splitlines()]
    assert statuses.count(503) == 40 and 10 <= statuses.count(200) <= 90


def test_a_reader_that_hangs_does_not_hold_up_an_answer(serve):  # noqa: F811
    """A pipe that nobody reads holds some hundred lines."""
    read_end, write_end = os.pipe()
    try:
        server = serve("access=1", log=write_end)
        for _ in range(1500):
            assert request(server.port, "GET", "/").status == 200
        written = os.read(read_end, 1 << 20).splitlines()
        assert all(json.loads(line)["event"] == "access" for line in written) and len(written) < 1000
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_request_that_is_too_long_has_no_field_of_the_one_before(serve, tmp_path):  # noqa: F811
    path = tmp_path / "log"
    with open(path, "wb") as log:
        server = serve("access=1", log=log)
    field = b"traceparent: 00-" + TRACE.encode() + b"-" + PARENT.encode() + b"-01\r\n"
    for line, status in ((field, 200), (b"x: " + b"y" * 16390 + b"\r\n", 431)):
        assert h1_status(h1_raw(server, b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"Connection: close\r\n\r\n")) == status
    assert [json.loads(line).get("trace") for line in path.read_text().splitlines()] == [TRACE, None]


@pytest.mark.parametrize("said,network", (("198.51.100.77", "198.51.100.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("::ffff:192.0.2.9", "192.0.2.0/24")))
def test_the_client_is_the_network_of_whom_a_gateway_names(serve, tmp_path, said, network):  # noqa: F811
    path = tmp_path / "log"
    with open(path, "wb") as log:
        server = serve("access=1", "trusted=127.0.0.0/8", log=log)
    assert request(server.port, "GET", "/", headers={"X-Forwarded-For": said}).status == 200
    assert json.loads(path.read_text())["client"] == network


def test_what_is_beyond_the_bound_is_counted(tmp_path):
    with both(tmp_path, {"access": 1, "access_max": 1}, {"access": 1, "access_max": 1}) as programs:
        for daemon, metric in zip(programs, ("kudos_edge_access_lines_dropped_total", "kudos_central_access_lines_dropped_total")):
            before = len(lines(daemon)) + daemon.metric(metric)
            for _ in range(50):
                assert daemon.get(f"/v1/{ITEM}/counts").status == 200
            wait_until(lambda d=daemon, m=metric, b=before: len(lines(d)) + d.metric(m) >= b + 50, 30, "each is written or counted")
            assert daemon.metric(metric) > 0
