"""A process that has all its connections: the address with most of them gives way to newcomers, with a connection for which nobody works."""
import socket
import ssl

import pytest

from http_peer import BODY, H2, NO_ERROR, PREFACE, certificate, serve  # noqa: F401
from proc import wait_until

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def come(server, address):
    """A connection that was served, or None."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0))
    try:
        sock.sendall(ASK)
        if BODY in sock.recv(65536):
            return sock
    except ConnectionError:
        pass
    sock.close()
    return None


def is_open(sock):
    try:
        sock.setblocking(False)
        while sock.recv(65536):
            pass
        return False
    except ConnectionResetError:
        return False
    except BlockingIOError:
        return True
    finally:
        sock.settimeout(10)


def counter(sock, name):
    """Over a connection that is there: for a further one there is no room."""
    sock.sendall(b"GET /counters HTTP/1.1\r\nHost: a\r\n\r\n")
    lines = sock.recv(65536).split(b"\r\n\r\n", 1)[1].decode().split("\n")
    return int(dict(line.split("=") for line in lines if line)[name])


def test_who_has_most_gives_way_to_newcomers(serve):  # noqa: F811
    server = serve("max_connections=12")
    many = [come(server, "127.0.0.3") for _ in range(10)]
    few = [come(server, "127.0.0.4") for _ in range(2)]
    newcomers = [come(server, f"127.0.0.{5 + n}") for n in range(3)]
    assert all(newcomers)
    assert [is_open(sock) for sock in many] == [False] * 3 + [True] * 7  # the oldest ones
    assert all(is_open(sock) for sock in few)
    assert come(server, "127.0.0.3") is None  # it has most
    assert counter(few[0], "gave_way") == 3 and counter(few[0], "connections_refused") == 1


def test_addresses_with_as_few_keep_what_they_have(serve):  # noqa: F811
    server = serve("max_connections=4")
    there = [come(server, f"127.0.0.{3 + n}") for n in range(4)]
    assert come(server, "127.0.0.9") is None
    assert all(is_open(sock) for sock in there)


def test_a_request_in_work_is_not_given_up(serve):  # noqa: F811
    server = serve("max_connections=4")
    held = [come(server, "127.0.0.3") for _ in range(2)]
    for sock in held:
        sock.sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
    other = come(server, "127.0.0.4")
    wait_until(lambda: counter(other, "requests_open") == 3, 30, "both are with the handler, beside the one that asks")
    idle = come(server, "127.0.0.3")
    newcomer = come(server, "127.0.0.5")
    assert newcomer and not is_open(idle)
    assert come(server, "127.0.0.6") is None  # of the two connections of the first address each has a request
    other.sendall(b"GET /release HTTP/1.1\r\nHost: a\r\n\r\n")
    assert all(BODY in sock.recv(65536) for sock in held)


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx", PREFACE + b"\0\0\x20\x01\x04\0\0\0\x01"])
def test_a_request_that_waits_for_its_client_keeps_no_newcomer_out(serve, begun):  # noqa: F811
    server = serve("max_connections=6")
    many = [socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=("127.0.0.3", 0)) for _ in range(5)]
    other = come(server, "127.0.0.4")
    for sock in many:
        sock.sendall(begun)
    for _ in range(2):  # what was sent before has been read before the second answer
        counter(other, "requests")
    newcomers = [come(server, f"127.0.0.{5 + n}") for n in range(3)]
    assert all(newcomers) and counter(other, "gave_way") == 3
    assert is_open(other) and not any(map(is_open, many[:3]))


def test_http2_is_told(serve, certificate):  # noqa: F811
    server = serve(*certificate("one"), "max_connections=2")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with H2(server, sock=context.wrap_socket(server.connect())) as encrypted, H2(server) as plain:
        for client in (encrypted, plain):
            client.request(1, b"/")
            client.until(lambda kind, flags, stream, *_: stream == 1 and flags & 1)
        first = come(server, "127.0.0.3")
        assert first and counter(first, "gave_way") == 1
        assert encrypted.goaway() == NO_ERROR
