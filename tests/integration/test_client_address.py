"""Whose connection and whose request it is: the PROXY protocol, and Forwarded or X-Forwarded-For of trusted peers."""
import json
import socket
import struct

import pytest

from http_peer import BODY, DATA, H2, Server, frame, h1_raw, h1_status, read_all
from http_peer import certificate, serve  # noqa: F401 (fixtures)
from proc import Broker, Central, Edge, wait_until
from test_http_server import client_context

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ASK = b"GET /client HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
LOOPBACK = b"7f00000100000000 127.0.0.1"


def key(address):
    """How a limit counts it: four bytes of IPv4, or the first eight of IPv6."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (socket.inet_pton(family, address) + b"\0\0\0\0")[:8].hex().encode()


def proxied(address, tlvs=b"", port=4711):
    if ":" in address:
        body = socket.inet_pton(socket.AF_INET6, address) + socket.inet_pton(socket.AF_INET6, "::1") + struct.pack(">HH", port, 80)
    else:
        body = socket.inet_aton(address) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", port, 80)
    return SIGNATURE + b"\x21" + (b"\x21" if ":" in address else b"\x11") + struct.pack(">H", len(body) + len(tlvs)) + body + tlvs


def answer_to(server, before=b"", fields=()):
    lines = b"".join(name.encode() + b": " + value.encode() + b"\r\n" for name, value in fields)
    return h1_raw(server, before + ASK[:-2] + lines + b"\r\n")


def asked(server, before=b"", fields=()):
    answer = answer_to(server, before, fields)
    return answer.split(b"\r\n\r\n", 1)[1] if h1_status(answer) == 200 else h1_status(answer)


class Balanced:
    """The server behind a balancer: what the helpers of http_peer ask of it goes by a LOCAL header."""

    def __init__(self, server):
        self.inner = server
        self.__dict__.update({k: getattr(server, k) for k in ("port", "process")})

    def connect(self, timeout=10):
        sock = self.inner.connect(timeout)
        sock.sendall(LOCAL)
        return sock

    counters = property(lambda self: lambda: type(self.inner).counters(self))

    def count(self, name):
        return self.counters()[name.encode()]

    def wait_for(self, *arguments):
        type(self.inner).wait_for(self, *arguments)


@pytest.fixture
def proxy(serve):  # noqa: F811
    def start(*arguments, peers="127.0.0.0/8,::1"):
        return serve(f"proxy={peers}", *arguments)
    return start


# ---- PROXY ----

def test_the_address_of_a_proxy_header_is_the_client(proxy):
    server = proxy()
    assert asked(server, proxied("203.0.113.7")) == key("203.0.113.7") + b" 203.0.113.7"
    assert asked(server, proxied("2001:db8:1:2:3::4")) == key("2001:db8:1:2::") + b" 2001:db8:1:2:3::4"
    assert asked(server, proxied("203.0.113.7", b"\x04\0\x03abc" + b"\x05\x00\x10" + b"u" * 16)) == key("203.0.113.7") + b" 203.0.113.7"


def test_a_local_header_keeps_the_address_of_the_connection(proxy):
    server = proxy()
    assert asked(server, LOCAL) == LOOPBACK
    assert asked(server, SIGNATURE + b"\x21\0\0\0") == LOOPBACK


def test_a_header_byte_by_byte_and_what_follows_it(proxy, certificate):  # noqa: F811
    server = proxy(*certificate("balanced"))
    with server.connect() as sock:
        for byte in proxied("203.0.113.7") + ASK:
            sock.sendall(bytes([byte]))
        assert read_all(sock).endswith(key("203.0.113.7") + b" 203.0.113.7")
    sock = server.connect()
    sock.sendall(proxied("203.0.113.8"))
    with client_context("http/1.1").wrap_socket(sock) as tls:
        tls.sendall(ASK)
        assert read_all(tls).endswith(key("203.0.113.8") + b" 203.0.113.8")
    sock = server.connect()
    sock.sendall(proxied("203.0.113.9"))
    with H2(server, sock=sock) as h2:
        h2.request(1, b"/client")
        assert h2.body(1) == key("203.0.113.9") + b" 203.0.113.9"


@pytest.mark.parametrize("start", [
    ASK, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", SIGNATURE + b"\x22", SIGNATURE + b"\x21\x12", SIGNATURE + b"\x21\x31\0\0", SIGNATURE + b"\x21\x11\x10\x01",
    proxied("1.2.3.4", b"\x04\0\x09x"), b"\x16\x03\x01\0\5hello",
], ids=repr)
def test_a_connection_without_a_valid_header_is_closed_and_counted(proxy, start):
    server = proxy()
    assert h1_raw(server, start + ASK) == b""
    assert Balanced(server).count("proxy_refused") == 1


def test_a_header_that_does_not_come_is_not_waited_for(proxy):
    server = proxy("handshake_timeout_ms=300")
    for start in (b"", SIGNATURE[:5], proxied("1.2.3.4")[:-1]):
        with server.connect() as sock:
            sock.sendall(start)
            assert sock.recv(1) == b""
    assert Balanced(server).count("timeouts") == 3


def test_only_a_balancer_that_is_listed_may_connect(proxy):
    server = proxy(peers="10.0.0.0/8,127.0.0.9")
    assert h1_raw(server, proxied("203.0.113.7") + ASK) == b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=("127.0.0.9", 0)) as sock:
        sock.sendall(proxied("203.0.113.7") + ASK.replace(b"/client", b"/counters"))
        assert b"proxy_refused=1\n" in read_all(sock)


def test_connections_are_counted_for_the_client_and_not_for_the_balancer(proxy):
    server = proxy("max_connections_per_address=2")
    held = []

    def hold(address):
        held.append(server.connect())
        held[-1].sendall(proxied(address) + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return held[-1].recv(4096).endswith(BODY)

    assert [hold(f"203.0.113.{n // 2}") for n in range(10)] == [True] * 10  # ten from one balancer
    assert not hold("203.0.113.3")  # the third one of a client
    assert Balanced(server).count("connections_refused") == 1
    held[6].close()
    Balanced(server).wait_for("connections_open", 10)  # nine that are held, and the one that asks
    assert hold("203.0.113.3")
    for sock in held:
        sock.close()


def test_new_connections_are_counted_for_the_client_and_not_for_the_balancer(proxy):
    server = proxy("max_new_per_address=1")  # two at once, and one a second
    taken = [asked(server, proxied("203.0.113.7")) is not None for _ in range(30)]
    assert taken[:2] == [True, True] and not all(taken)
    assert all(asked(server, proxied(f"203.0.113.{100 + n}")) for n in range(30))  # of others, by the same balancer
    assert Balanced(server).count("connections_refused") == taken.count(False)


def test_trust_is_that_of_the_client_behind_the_balancer(serve):  # noqa: F811
    server = serve("proxy=127.0.0.0/8", "trusted=127.0.0.0/8,10.0.0.0/8")
    named = [("X-Forwarded-For", "203.0.113.1")]
    assert asked(server, proxied("203.0.113.7"), named) == key("203.0.113.7") + b" 203.0.113.7"
    assert asked(server, proxied("10.1.1.1"), named) == key("203.0.113.1") + b" 10.1.1.1"


# ---- Forwarded ----

FORWARDED = [
    ([("X-Forwarded-For", "203.0.113.1")], "203.0.113.1"),
    ([("X-Forwarded-For", "9.9.9.9, 203.0.113.1, 10.1.1.1")], "203.0.113.1"),
    ([("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-For", "10.1.1.1")], "203.0.113.1"),
    ([("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-For", "198.51.100.1")], "198.51.100.1"),
    ([("Forwarded", "for=203.0.113.1;proto=https, for=10.1.1.1")], "203.0.113.1"),
    ([("Forwarded", 'for="[2001:db8:1:2:3::4]:99"')], "2001:db8:1:2::"),
    ([("Forwarded", "for=10.2.2.2, for=unknown, for=10.1.1.1")], "10.1.1.1"),
    ([("Forwarded", "for=203.0.113.1"), ("X-Forwarded-For", "203.0.113.1")], "203.0.113.1"),
    ([("X-Forwarded-For", "rubbish, 203.0.113.1")], "203.0.113.1"),
    ([("X-Forwarded-For", "10.1.1.1")], "10.1.1.1"),
    ([("X-Forwarded-For", "")], "127.0.0.1"),
    ([("Forwarded", "proto=https")], "127.0.0.1"),
    ([], "127.0.0.1"),
]


@pytest.fixture(scope="module")
def gateway():
    server = Server("trusted=127.0.0.0/8,10.0.0.0/8")
    yield server
    server.stop()


@pytest.mark.parametrize("fields, client", FORWARDED, ids=repr)
def test_a_trusted_peer_names_the_client(gateway, fields, client):
    assert asked(gateway, fields=fields) == key(client) + b" 127.0.0.1"
    with H2(gateway) as h2:
        h2.request(1, b"/client", more=[(n.lower().encode(), v.encode()) for n, v in fields])
        assert h2.body(1) == key(client) + b" 127.0.0.1"


@pytest.mark.parametrize("fields", [f for f, _ in FORWARDED] + [[("X-Forwarded-For", "rubbish")]], ids=repr)
def test_from_anybody_else_it_is_ignored(serve, fields):  # noqa: F811
    assert asked(serve("trusted=10.0.0.0/8"), fields=fields) == LOOPBACK


@pytest.mark.parametrize("fields", [
    [("X-Forwarded-For", "rubbish")], [("X-Forwarded-For", "203.0.113.1, x")], [("X-Forwarded-For", "1.2.3.4/8")], [("Forwarded", "for")],
    [("Forwarded", "for=1.2.3.4:80")], [("Forwarded", 'for="1.2.3.4')], [("Forwarded", "for=203.0.113.1"), ("X-Forwarded-For", "203.0.113.2")],
    [("Forwarded", 'for="'), ("X-Forwarded-For", "203.0.113.2")],
    [("Forwarded", 'for="203.0.113.1:99999"')], [("X-Forwarded-For", "203.0.113.1:65536")],
], ids=repr)
def test_what_a_trusted_peer_sends_and_cannot_be_read_is_refused(gateway, fields):
    answer = answer_to(gateway, fields=fields)
    problem = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    named = fields[0][0] if len(fields) == 1 or fields[0][1] == 'for="' else "X-Forwarded-For"
    assert h1_status(answer) == 400 and problem["field"] == named and problem["detail"], problem


@pytest.mark.parametrize("use, client", [(1, "203.0.113.1"), (2, "203.0.113.2"), (3, "127.0.0.1")])
def test_one_field_can_be_chosen(serve, use, client):  # noqa: F811
    fields = [("Forwarded", "for=203.0.113.1"), ("X-Forwarded-For", "203.0.113.2")]
    assert asked(serve("trusted=127.0.0.0/8", f"forwarded={use}"), fields=fields) == key(client) + b" 127.0.0.1"


def test_who_fills_the_connection_of_a_gateway_is_refused_and_the_others_on_it_go_on(serve):  # noqa: F811
    server = serve("trusted=127.0.0.0/8", "max_held_per_connection=100000")
    hoarder, other = [(b"x-forwarded-for", b"198.51.100.66")], [(b"x-forwarded-for", b"198.51.100.7")]
    with H2(server) as h2:
        streams = range(1, 41, 2)
        for stream in streams:
            h2.request(stream, b"/echo", b"POST", more=hoarder, end=False)
            h2.send(frame(DATA, 0, stream, b"x" * 16000))
        assert h2.problem(streams[-1])["status"] == 503
        for stream in range(41, 81, 2):
            h2.request(stream, b"/client", more=other)
            assert h2.body(stream) == key("198.51.100.7") + b" 127.0.0.1"
        h2.request(81, b"/client", more=hoarder)
        assert h2.problem(81)["status"] == 503


# ---- the programs ----

@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    where = tmp_path_factory.mktemp("balanced")
    http = {"http": {"proxy_protocol": "v2", "proxy_peers": "127.0.0.1", "max_connections_per_address": "2"}}
    public = {"http": {**http["http"], "public_counts": "true"}}
    with Broker(where, 1) as broker, Central(where, broker.address, partitions=1, more=public) as central:
        with Edge(where, broker.address, shards=1, partitions=1, more=http) as edge:
            yield edge, central


def said(program, text):  # noqa: F811
    with socket.create_connection(("127.0.0.1", program.port), timeout=10) as sock:
        sock.sendall(text)
        return read_all(sock)


@pytest.mark.parametrize("which, metric", [(0, "kudos_edge_http_proxy_refused_total"), (1, "kudos_central_http_proxy_refused_total")], ids=["edge", "central"])
def test_a_program_behind_a_balancer_serves_and_limits_the_client(programs, which, metric):
    target = programs[which]
    ask = b"GET /v1/posts/1/counts HTTP/1.1\r\nHost: a\r\n\r\n"
    before = target.metric(metric)
    assert said(target, ask) == b""
    wait_until(lambda: target.metric(metric) == before + 1, what=metric)
    held = []
    for n in range(7):
        held.append(socket.create_connection(("127.0.0.1", target.port), timeout=10))
        held[-1].sendall(proxied(f"203.0.113.{n // 2}") + ask)
        assert held[-1].recv(65536).startswith(b"HTTP/1.1 200")
    assert said(target, proxied("203.0.113.0") + ask) == b""  # its third
    for sock in held:
        sock.close()


def test_a_user_is_believed_from_whom_the_balancer_names(programs):
    edge, _ = programs
    like = b"POST /v1/posts/1/like HTTP/1.1\r\nHost: localhost\r\nX-User-Id: ann\r\nConnection: close\r\n\r\n"
    assert said(edge, proxied("203.0.113.77") + like).startswith(b"HTTP/1.1 401")
    assert said(edge, proxied("127.0.0.1") + like).startswith(b"HTTP/1.1 200")
