"""Clients that hoard what an edge has: descriptors, connections, memory for bodies and for answers. The others go on being served."""
import contextlib
import json
import os
import socket
import time

import pytest

from attacker import AnswersUnread, AnswersUnreadByHttp1, Attack, BodiesWithoutEnd, Honest
from proc import SANITIZED, Broker, Central, edges, wait_until

PARTITIONS = 4
MIB = 1024 * 1024
ATTACK_S = 4
HELD = 2 * 32 * MIB  # two shards, and http.max_held_per_address
BESIDES = 112 * MIB  # requests that are with the handlers when their connection is closed, sessions, the allocator's own


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def fresh(broker, tmp_path):
    with edges(tmp_path, broker) as make:
        yield lambda **more: make(more={**more, "http": {"trusted_peers": "127.0.0.2", **more.get("http", {})}})


def resident(daemon):
    with open(f"/proc/{daemon.popen.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


# ---- memory ----

@pytest.mark.parametrize("kind, connections", [(BodiesWithoutEnd, 14), (AnswersUnread, 30), (AnswersUnreadByHttp1, 500)])
def test_who_hoards_memory_takes_no_service_from_others(fresh, kind, connections):
    e = fresh().start()
    gateway, neighbour = Honest(e, "127.0.0.2", user="ann"), Honest(e, "127.0.0.1")
    for honest in (gateway, neighbour):
        assert honest.ask("GET", "/v1/posts/1/counts")[0] == 200
    before = most = resident(e)
    with Attack(kind(e.port), connections) as attack:
        end, n = time.monotonic() + ATTACK_S, 0
        while time.monotonic() < end or attack.opened < connections or n < 10:
            assert time.monotonic() < end + 60
            assert gateway.ask("POST", f"/v1/posts/h{n}/like", body="{}")[0] == 200
            assert gateway.ask("GET", f"/v1/posts/h{n}/counts")[1]["counts"]["like"]["pending"] == 1
            assert neighbour.ask("GET", "/v1/posts/1/counts")[0] == 200
            most = max(most, resident(e))
            n += 1
        held = e.metric("kudos_edge_http_held_bytes")
    assert held < HELD + BESIDES / 2
    wait_until(lambda: e.metric("kudos_edge_http_held_bytes") < MIB, 30, "what was held is gone")
    if not SANITIZED:  # a sanitizer keeps what was freed
        assert most < before + HELD + BESIDES, (before, most)
        wait_until(lambda: resident(e) < before + 24 * MIB, 30, "memory goes back to the system")
    if kind is not AnswersUnreadByHttp1:  # there, too little is held for anybody to be closed
        closed = e.events("http-hoarder-closed")
        assert closed and {line["peer"] for line in closed} == {"127.0.0.1"}
        assert e.metric("kudos_edge_http_hoarders_closed_total") >= len(closed)


def test_whoever_holds_most_of_all_addresses_is_closed(fresh):
    """Five addresses together would fill the shards' 64 MiB, none of them over its own limit. No client of the others gets 503."""
    e = fresh(http={"max_held": "32MiB", "max_held_per_address": "16MiB"}, edge={"shards": 1}).start()
    gateway = Honest(e, "127.0.0.2", user="ann")
    with contextlib.ExitStack() as attacks:
        for n in range(5):
            attacks.enter_context(Attack(BodiesWithoutEnd(e.port, f"127.0.1.{n}"), 4))
        for n in range(400):
            assert gateway.ask("POST", f"/v1/posts/w{n}/like", body="{}")[0] == 200
        wait_until(lambda: any(line["limit"] == "server" for line in e.events("http-hoarder-closed")), 20, "somebody is closed")
        assert e.metric("kudos_edge_http_held_bytes") <= 32 * MIB
        assert gateway.ask("GET", "/v1/posts/w1/counts")[0] == 200


@pytest.mark.parametrize("path", [b"/v1/likes", b"/v1/likes/lookup", b"/v1/posts/1/like", b"/v1/posts/1/view", b"/v1/none", b"/v1/posts/1/none"])
def test_a_stranger_cannot_make_an_edge_hold_a_body_that_needs_a_user(fresh, path):
    e = fresh().start()
    with Attack(BodiesWithoutEnd(e.port, path=path), 4) as attack:
        wait_until(lambda: e.metric("kudos_edge_http_bytes_total{way=\"in\"}") > 4 * 128 * 16000, 20, "bodies come")
        assert e.metric("kudos_edge_http_held_bytes") < MIB
        assert attack.opened >= 4
    assert not e.events("http-hoarder-closed")


def test_a_request_without_a_user_is_refused_before_its_body(fresh):
    e = fresh().start()
    head = b"POST /v1/likes HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", e.port), timeout=10) as sock:
        sock.sendall(head)
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401 ") and b"connection: close" in answer.lower()


def test_strangers_are_refused_by_central_before_their_body(broker, tmp_path):
    with Central(tmp_path, broker.address, partitions=PARTITIONS, more={"http": {"trusted_peers": "127.0.0.2"}}) as c:
        for path, status in (("/v1/likes/lookup", 401), ("/v1/none", 404), ("/v1/counts", 401), ("/v1/time", 401)):
            with socket.create_connection(("127.0.0.1", c.port), timeout=10) as sock:
                sock.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n".encode())
                assert sock.recv(65536).startswith(f"HTTP/1.1 {status} ".encode()), path


# ---- connections and descriptors ----

def idle_connections(port, n, address="127.0.0.1"):
    """So many that connect and say nothing; of those that were closed at once the socket is closed here, too."""
    found = []
    for _ in range(n):
        with contextlib.suppress(OSError):
            found.append(socket.create_connection(("127.0.0.1", port), source_address=(address, 0), timeout=5))
    return found


def served(sock):
    try:
        sock.sendall(b"GET /v1/posts/1/counts HTTP/1.1\r\nHost: a\r\n\r\n")
        return sock.recv(65536).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def test_connections_of_an_address_are_counted_for_the_process(fresh):
    """And not for each of its shards."""
    e = fresh(http={"max_connections_per_address": 10}, edge={"shards": 4}).start()
    sockets = idle_connections(e.port, 60)
    assert sum(served(sock) for sock in sockets) == 10
    wait_until(lambda: e.metric("kudos_edge_connections_refused_total") == 50, 30, "the others are counted")
    other = Honest(e, "127.0.0.2")
    assert other.ask("GET", "/v1/posts/1/counts")[0] == 200
    sockets[0].close()
    for sock in sockets:
        sock.close()
    wait_until(lambda: served(socket.create_connection(("127.0.0.1", e.port), timeout=5)), 30, "room again")


def test_an_address_opens_so_many_connections_in_a_second_in_the_process(fresh):
    e = fresh(http={"max_new_connections_per_address": 5}, edge={"shards": 4}).start()
    taken = [served(sock) for sock in idle_connections(e.port, 300, "127.0.0.3")]
    assert sum(taken) >= 10 and not all(taken)
    assert Honest(e, "127.0.0.2").ask("GET", "/v1/posts/1/counts")[0] == 200
    wait_until(lambda: e.metric("kudos_edge_connections_refused_total") == 300 - sum(taken), 30, "the others are counted")
    wait_until(lambda: any(served(sock) for sock in idle_connections(e.port, 1, "127.0.0.3")), 30, "again, some time later")


def test_connections_of_all_addresses_are_counted_for_the_process(fresh):
    e = fresh(http={"max_connections": 12}, edge={"shards": 4}).start()
    sockets = [sock for n in range(6) for sock in idle_connections(e.port, 8, f"127.0.2.{n}")]
    assert sum(served(sock) for sock in sockets) == 12
    for sock in sockets:
        sock.close()


@pytest.mark.parametrize("limit", [320, 1024])
def test_idle_connections_leave_the_store_its_descriptors(fresh, limit):
    e = fresh(store={"write_buffer": "1MiB"})
    e.command = ["prlimit", f"--nofile={limit}:{limit}"] + e.command
    e.start()
    sockets = idle_connections(e.port, limit + 200)
    gateway, long_id = Honest(e, "127.0.0.2", user="ann"), "x" * 80
    try:
        for n in range(60):  # some megabytes: each store begins new files meanwhile
            operations = [{"item": f"posts/d{n}-{k}-{long_id}", "op": "like"} for k in range(600)]
            assert gateway.ask("POST", "/v1/likes", body=json.dumps({"operations": operations}))[0] == 200
        assert e.running() and not e.events("storage-failed")
        assert e.metric("process_open_fds") < limit
    finally:
        for sock in sockets:
            sock.close()
    lowered = e.events("connections-lowered")[0]
    assert lowered["connections"] + lowered["reserved"] == limit and lowered["configured"] == 10000
    assert e.metric("kudos_edge_connections_max") == lowered["connections"]
    e.kill9()
    e.start()
    gateway.close()
    for n in (0, 30, 59):
        item = gateway.ask("GET", f"/v1/posts/d{n}-599-{long_id}/counts")[1]
        assert item["counts"]["like"]["pending"] == 1
