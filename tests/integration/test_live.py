"""Live streams (GET /v1/live) of two real edges beside a central: what they show, and that it is what reads show."""
import contextlib
import http.client
import itertools
import signal
import socket
import struct

import pytest

import live
from certificate import make_certificate
from http_peer import DATA, H2, HEADERS, RST, SETTINGS, WINDOW, frame
from proc import SLOWER, Broker, Central, Edge, SyncOrder, edges, wait_until

PARTITIONS = 4
BY_DISK = {"level_1": "60ms", "level_2": "220ms", "level_3": "5s", "level_4": "30s", "enter_after": "100ms", "leave_after": "3s"}
QUICK = {"edge": {"flush_interval": "50ms"}}
ADA, BOB = {"X-User-Id": "ada"}, {"X-User-Id": "bob"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("live")
    cert, key = make_certificate(directory, "edge")
    more = {**QUICK, "http": {"tls_certificate": cert, "tls_key": key}, "live": {"max_streams_per_address": 100}}
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "50ms"}}) as central, \
            Edge(directory, broker.address, name="here", partitions=PARTITIONS, central=central.url, more=more) as here, \
            Edge(directory, broker.address, name="there", region="oslo", partitions=PARTITIONS, central=central.url, more=more) as there:
        yield here, there


def here_as_server(edge):
    class Server:
        def connect(self):
            return socket.create_connection(("127.0.0.1", edge.port), timeout=live.DEADLINE_S)

    return Server()


STALLED = "posts/stalled"


@pytest.fixture(scope="module", autouse=True)
def stalled(fleet):
    """Two streams of one connection, of which the first takes nothing: what becomes of them is seen by the last test, for it takes 20 s."""
    _, there = fleet
    with H2(here_as_server(there), b"") as client:
        client.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0)))
        client.request(1, f"/v1/live?items={STALLED}".encode())
        client.request(3, f"/v1/live?items={STALLED}".encode())
        client.send(frame(WINDOW, 0, 3, struct.pack(">I", 100000)))
        yield client


def like(edge, item, user="ada"):
    assert edge.post(f"/v1/{item}/like", user=user).status == 200


def unlike(edge, item, user="ada"):
    assert edge.request("DELETE", f"/v1/{item}/like", user=user).status == 200


@pytest.mark.parametrize("way", live.WAYS)
def test_state_first_then_changes(fleet, way):
    here, there = fleet
    item, other = f"posts/first-{way.replace(' ', '-').replace('/', '-')}", "posts/quiet"
    with live.WAYS[way](here, [item, other]) as stream:
        name, mark, data = stream.next()
        assert name == "state" and stream.retry == 2000 and 0 < len(mark) <= 64, (name, mark)
        assert [e["item"] for e in data["items"]] == [item, other]
        assert {**data["items"][0], "age_ms": 0, "as_of": ""} == {
            "item": item, "counts": {c: {"count": 0, "display": "0", "pending": 0} for c in ("like", "save", "view", "share")},
            "age_ms": 0, "as_of": "", "source": data["items"][0]["source"]}
        like(here, item)
        assert stream.likes(item, 1)["source"] == "edge"
        like(there, item, "bob")
        stream.likes(item, 2)
        unlike(there, item, "bob")
        entry = stream.until(lambda e: e["counts"]["like"] == {"count": 1, "display": "1", "pending": 0}, "all is confirmed")
        assert "liked" not in entry


# ---- whose like it is ----

def test_liked_follows_what_its_user_does_through_this_edge(fleet):
    here, _ = fleet
    item, other = "posts/mine", "posts/also-mine"
    with live.by_http2(here, [item, other], "&me=true", ADA) as ada, live.by_http1(here, [item], "&me=true", BOB) as bob:
        state = ada.state()
        assert [state[i]["liked"] for i in (item, other)] == [False, False] and bob.state()[item]["liked"] is False
        like(here, item)
        for n in range(300):  # of others, who make many changes of it
            like(here, item, f"other-{n}")
        entry = ada.likes(item, 301)
        assert entry["liked"] is True and list(entry) == ["item", "counts", "liked", "age_ms", "as_of", "source"]
        assert bob.likes(item, 301)["liked"] is False
        unlike(here, item)
        assert ada.likes(item, 300)["liked"] is False
        like(here, other)
        assert ada.likes(other, 1)["liked"] is True


def test_an_operation_that_changes_no_number_changes_liked(fleet):
    """An unlike by a user of whom this edge has no row shows no delta, and yet settles what he thinks."""
    here, there = fleet
    item = "posts/settled"
    like(there, item)
    wait_until(lambda: here.get(f"/v1/{item}/like", user="ada").json["liked"] is True, what="central has it")
    with live.by_http2(here, [item], "&me=true", ADA) as stream:
        assert stream.state()[item]["liked"] is True
        unlike(here, item)
        assert stream.until(lambda e: e["liked"] is False, "the unlike")["item"] == item


# ---- coming again ----

def again(edge, items, mark, query="", headers=None):
    with live.by_http2(edge, items, query, {**(headers or {}), "Last-Event-ID": mark}) as stream:
        return set(stream.state())


def test_who_comes_again_is_told_what_has_changed(fleet):
    """What changed within a second of the last event may be told once more: an item that goes on changing brings the ids on."""
    here, _ = fleet
    items = [f"posts/again-{n}" for n in range(8)]
    busy = items[0]
    for item in items:
        like(here, item)
    with live.by_http2(here, items) as stream:
        marks = itertools.count()

        def quiet():
            like(here, busy, f"user-{next(marks)}")
            stream.next()
            return again(here, items, stream.last_id) <= {busy}

        wait_until(quiet, live.DEADLINE_S, "nothing is told but the item that changes")
        mark = stream.last_id
    like(here, items[3], "bob")
    assert {items[3]} <= again(here, items, mark) <= {items[3], busy}
    assert again(here, items[:2], mark) == set(items[:2]), "another list is told nothing by it"
    assert again(here, items, mark, "&me=true", ADA) == set(items)
    for worthless in ("1", "0.0.0", "x" * 64, mark + "g", mark.replace(".", "-")):
        assert again(here, items, worthless) == set(items)


# ---- who does not read ----

def test_a_stream_that_does_not_read_is_skipped_to_the_newest(fleet):
    """Its window is 0 from the beginning: nothing of it is sent, and when it opens the window, it gets the state of now, once."""
    here, _ = fleet
    item = "posts/skipped"
    settings = struct.pack(">HI", 4, 0)  # SETTINGS_INITIAL_WINDOW_SIZE
    with H2(here_as_server(here), settings) as client, live.by_http1(here, [item]) as other:
        client.request(1, f"/v1/live?items={item}".encode())
        assert client.until(lambda kind, flags, stream, payload: kind == HEADERS)
        other.state()
        for n in range(1, 6):
            like(here, item, f"user-{n}")
            other.likes(item, n)
        client.send(frame(WINDOW, 0, 1, struct.pack(">I", 100000)))
        _, _, _, data = client.until(lambda kind, flags, stream, payload: kind == DATA and b"event:" in payload)
        assert data.count(b"event:") == 1 and b'"count":5' in data, data


def test_a_client_that_disappears_leaves_nothing(fleet):
    here, _ = fleet
    for way in live.WAYS.values():
        with way(here, ["posts/gone"]) as stream:
            stream.state()
    wait_until(lambda: here.metric("kudos_edge_live_streams") == 0, what="no stream is open")
    wait_until(lambda: here.metric("kudos_edge_live_items") == 0, what="no item is shown")


# ---- who is refused ----

def refusal(edge, items, query="", headers=None, **more):
    with pytest.raises(live.Refused) as refused:
        with live.by_http1(edge, items, query, headers, **more):
            pass
    return refused.value.status, refused.value.body["type"].removeprefix("urn:kudos:")


def test_what_is_refused(fleet):
    here, _ = fleet
    assert refusal(here, [f"posts/{n}" for n in range(201)]) == (400, "invalid-request")
    assert refusal(here, ["posts/a!"]) == (400, "invalid-id")
    assert refusal(here, ["nothing/a"]) == (404, "unknown-collection")
    assert refusal(here, ["posts/a"], "&me=perhaps") == (400, "invalid-request")
    assert refusal(here, ["posts/a"], "&me=true") == (401, "unauthorized")
    with live.by_http1(here, [f"posts/many-{n}" for n in range(200)]) as stream:
        told = {}
        while len(told) < 200:
            name, _, data = stream.next()
            assert name == "state"
            told.update({e["item"]: e for e in data["items"]})
    head = http.client.HTTPConnection("127.0.0.1", here.port, timeout=30)
    head.request("HEAD", "/v1/live?items=posts/a")
    answer = head.getresponse()
    assert (answer.status, answer.getheader("content-type"), answer.getheader("content-length")) == (200, "text/event-stream", None)


def test_an_address_has_so_many_streams_and_others_have_theirs(fleet):
    here, _ = fleet
    wait_until(lambda: here.metric("kudos_edge_live_streams") == 0, what="no stream is open")
    with contextlib.ExitStack() as streams:
        for _ in range(100):
            streams.enter_context(live.by_http1(here, ["posts/crowd"], source="127.0.0.7")).state()
        assert refusal(here, ["posts/crowd"], source="127.0.0.7") == (429, "rate-limited")
        with live.by_http1(here, ["posts/crowd"], source="127.0.0.8") as other:
            other.state()
    assert here.metric('kudos_edge_live_refused_total{reason="address"}') == 1


@pytest.fixture
def alone(tmp_path):
    """What makes an edge without a central."""
    with Broker(tmp_path, PARTITIONS) as broker, edges(tmp_path, broker) as make:
        yield make


def test_a_process_has_so_many_streams(alone):
    edge = alone(more={"live": {"max_streams": 2}})
    edge.start()
    with live.by_http1(edge, ["posts/a"]) as one, live.by_http2(edge, ["posts/a"]) as two:
        assert one.state()["posts/a"]["counts"]["like"] == {"count": None, "display": None, "pending": 0}
        two.state()
        assert refusal(edge, ["posts/a"]) == (503, "overloaded")


def test_who_goes_on_sending_behind_a_stream_of_http1_is_closed(fleet):
    here, _ = fleet
    with here_as_server(here).connect() as rubbish:
        rubbish.sendall(b"GET /v1/live?items=posts/rubbish HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert rubbish.recv(100).startswith(b"HTTP/1.1 200")
        rubbish.sendall(b"x" * 32 * 1024)
        wait_until(lambda: here.metric("kudos_edge_live_streams") == 1, what="a little does no harm")
        with pytest.raises(OSError):
            while True:
                rubbish.sendall(b"x" * 65536)
    wait_until(lambda: here.metric("kudos_edge_live_streams") == 0, what="the stream has ended")


def likes_again(edge):
    with contextlib.suppress(OSError):
        return edge.post("/v1/posts/a/like", user="ada").status == 200


def test_a_connection_that_shows_more_than_an_address_may_hold_is_closed_and_no_other(alone):
    """It is closed while the edge takes one of its streams: what that one holds must leave the count of its address, too."""
    edge = alone(more={"http": {"max_held_per_address": "1MiB", "max_held_per_connection": "1MiB"}})
    edge.start()
    with live.by_http1(edge, ["posts/a"], source="127.0.0.9") as other:
        other.state()
        with contextlib.suppress(OSError), H2(here_as_server(edge), struct.pack(">HI", 4, 0)) as client:
            for n in range(20):
                client.request(1 + 2 * n, f"/v1/live?items={','.join(f'posts/s{n}i{i}' for i in range(200))}".encode())
            client.until(lambda kind, flags, stream, payload: False)
        wait_until(lambda: edge.metric("kudos_edge_http_hoarders_closed_total") == 1, what="it is closed")
        wait_until(lambda: edge.metric("kudos_edge_connections") == 1, what="its address is forgotten")
        wait_until(lambda: likes_again(edge), what="its address is barred no longer")
        other.until(lambda e: e["counts"]["like"]["pending"] == 1, "the other stream goes on")


def test_items_are_held_for_another_stream_that_shows_them_when_the_first_one_ends(alone):
    edge = alone()
    edge.start()
    held = lambda: edge.metric("kudos_edge_http_held_bytes")
    path = f"/v1/live?items={','.join(f'posts/i{i}' for i in range(200))}".encode()
    with H2(here_as_server(edge), struct.pack(">HI", 4, 0)) as client:
        for n in (1, 3):
            client.request(n, path)
            client.until(lambda kind, flags, stream, payload: kind == HEADERS)
        client.send(frame(RST, 0, 1, struct.pack(">I", 8)))
        wait_until(lambda: edge.metric("kudos_edge_live_streams") == 1, what="the first one has ended")
        wait_until(lambda: held() >= 200 * 1024, what="its items are held for the other one")
        client.send(frame(RST, 0, 3, struct.pack(">I", 8)))
        wait_until(lambda: edge.metric("kudos_edge_live_streams") == 0, what="both have ended")
        wait_until(lambda: held() < 100 * 1024, what="nothing is held")


def test_a_stop_says_goodbye_first(alone):
    edge = alone()
    edge.start()
    with live.by_http2(edge, ["posts/a"]) as one, live.by_http1(edge, ["posts/a"]) as two:
        one.state(), two.state()
        edge.signal(signal.SIGTERM)
        for stream in (one, two):
            assert stream.until_named("bye") == {} and stream.next()[0] == "end"
        assert edge.wait() == 0


def test_under_overload_no_stream_begins_and_those_that_are_open_go_on(alone):
    edge = alone(more={"overload": BY_DISK})
    order = SyncOrder(edge)
    edge.start()
    with live.by_http1(edge, ["posts/a"]) as stream:
        stream.state()
        order.slow(0.32)

        def refused():  # each shard learns the level in its own tick, after the metric tells it
            edge.post("/v1/posts/b/like", user="ada")
            try:
                with live.by_http1(edge, ["posts/a"]):
                    return None
            except live.Refused as e:
                return e.status, e.body["type"]

        assert wait_until(refused, live.DEADLINE_S, "no stream begins") == (503, "urn:kudos:overloaded")
        edge.post("/v1/posts/a/like", user="ada")
        stream.until(lambda e: e["counts"]["like"]["pending"] == 1, "the like")
        order.slow(0)


def test_a_stream_that_takes_nothing_is_reset_and_its_neighbour_goes_on(fleet, stalled):
    _, there = fleet
    stalled.sock.settimeout(60 * SLOWER)
    kind, _, stream, payload = stalled.until(lambda kind, flags, stream, payload: kind == RST)
    assert (stream, struct.unpack(">I", payload)[0]) == (1, 8)
    like(there, STALLED)
    assert stalled.until(lambda kind, flags, stream, payload: kind == DATA and stream == 3 and b'"count":1' in payload)
