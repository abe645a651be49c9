"""TLS handshakes wait for their turn: how many may, who is closed, and what a client that went away costs."""
import contextlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

from http_peer import certificate, serve  # noqa: F401
from proc import SANITIZED, stop_at_once, wait_until


def context():
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return found


def hello():
    """The first bytes of a TLS client."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context().wrap_bio(into, out).do_handshake()
    return out.read()


def connected(server, address, n):
    """So many connections that the server has accepted."""
    before = server.count("connections_accepted")
    found = [socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0)) for _ in range(n)]
    wait_until(lambda: server.count("connections_accepted") >= before + n, 30, "they are accepted")
    return found


@contextlib.contextmanager
def stopped(server):
    """What clients do meanwhile comes to the server in one turn of its loop, or two."""
    stop_at_once(server.process)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def answered(sock):
    """Whether the server took part in the handshake."""
    try:
        return sock.recv(65536)[:1] == b"\x16"
    except ConnectionResetError:
        return False


def served(server, address):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0)) as sock:
        with context().wrap_socket(sock) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return tls.recv(65536).startswith(b"HTTP/1.1 200")


def flood(server, sockets):
    first = hello()
    with stopped(server):
        for sock in sockets:
            sock.sendall(first)
    return [answered(sock) for sock in sockets]


def test_so_many_handshakes_of_an_address_wait(serve, certificate):  # noqa: F811
    server = serve(*certificate("one"), "max_handshakes_per_address=2")
    taken = flood(server, connected(server, "127.0.0.3", 60))
    assert 2 <= taken.count(True) < 30
    assert server.count("tls_refused") == taken.count(False)
    assert server.count("tls_failures") == 0
    assert served(server, "127.0.0.4") and served(server, "127.0.0.3")


def test_in_a_full_queue_the_address_with_most_gives_way(serve, certificate):  # noqa: F811
    server = serve(*certificate("one"), "max_handshakes=8")
    greedy = connected(server, "127.0.0.3", 28)
    modest = connected(server, "127.0.0.4", 1)
    taken = flood(server, greedy + modest)
    assert taken[-1] and taken.count(False) > 8
    assert server.count("tls_refused") == taken.count(False)


def test_a_client_that_hung_up_costs_no_handshake(serve, certificate):  # noqa: F811
    server = serve(*certificate("one"))
    sockets = connected(server, "127.0.0.3", 40)
    first = hello()
    with stopped(server):
        for sock in sockets:
            sock.sendall(first)
            sock.shutdown(socket.SHUT_WR)
    assert not any(answered(sock) for sock in sockets)
    server.wait_for("tls_abandoned", 40)
    assert served(server, "127.0.0.3")


def test_a_handshake_in_crumbs_is_finished(serve, certificate):  # noqa: F811
    """Each piece waits for its turn anew."""
    server = serve(*certificate("one"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context().wrap_bio(into, out)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                said = out.read()
                for i in range(0, len(said), 40):
                    sock.sendall(said[i:i + 40])
                into.write(sock.recv(65536))
        sock.sendall(out.read())
    server.wait_for("tls_handshakes", 1)


def in_records(said, size):
    """The same messages in records of so many bytes."""
    parts = []
    while said:
        kind, length = said[:3], struct.unpack(">H", said[3:5])[0]
        payload, said = said[5:5 + length], said[5 + length:]
        parts += [kind + struct.pack(">H", len(payload[at:at + size])) + payload[at:at + size] for at in range(0, len(payload), size)]
    return b"".join(parts)


@pytest.mark.parametrize("size", (1, 3, 4, 200))
def test_a_hello_may_be_parted_over_records(serve, certificate, size):  # noqa: F811
    server = serve(*certificate("one"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(in_records(hello(), size))
        assert answered(sock)


@pytest.mark.parametrize("group, taken", (("X25519", True), ("P-256", True), ("P-384", True), ("P-521", True), ("ffdhe2048", False), ("ffdhe8192", False), ("X448", False)))
def test_only_quick_key_exchanges_are_spoken(serve, certificate, group, taken):  # noqa: F811
    server = serve(*certificate("one"))
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-groups", group], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=30)
    assert ("Verify return code" in done.stdout and "Cipher is (NONE)" not in done.stdout) == taken, done


# ---- memory ----

@pytest.mark.parametrize("size", (1, 3, 4, 200))
def test_a_hello_that_is_announced_as_long_costs_no_memory(serve, certificate, size):  # noqa: F811
    """OpenSSL would take room for all of it."""
    server = serve(*certificate("one"), "handshake_timeout_ms=30000")
    before = resident(server)
    long = b"\x16\x03\x01" + struct.pack(">H", 6) + b"\x01\x02\x01\x40\x03\x03"
    sockets = connected(server, "127.0.0.3", 300)
    for sock in sockets:
        sock.sendall(in_records(long, size))
    server.wait_for("tls_failures", 300, 20)
    assert not any(answered(sock) for sock in sockets)
    assert resident(server) - before < 300 * 64 * KIB or SANITIZED, "and not 152 each"


KIB = 1024


def shaken(server, address):
    """A connection whose handshake is done: its socket and its TLS."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10, source_address=(address, 0))
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context().wrap_bio(into, out)
    while True:
        try:
            tls.do_handshake()
            sock.sendall(out.read())
            return sock
        except ssl.SSLWantReadError:
            sock.sendall(out.read())
            into.write(sock.recv(65536))


def resident(server):
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_connections_of_tls_are_held_bytes_and_memory_goes_back(serve, certificate):  # noqa: F811
    server = serve(*certificate("one"))
    before = resident(server)
    sockets = [shaken(server, "127.0.0.3") for _ in range(600)]
    server.wait_for("tls_handshakes", 600)
    idle = server.count("buffered_bytes")
    assert 600 * 12 * KIB <= idle < 600 * 16 * KIB
    for sock in sockets:
        sock.sendall(b"\x17\x03\x03\x40\x00" + b"x" * 16000)
    wait_until(lambda: server.count("buffered_bytes") >= idle + 600 * 16 * KIB, 30, "a part of a record is held")
    most = resident(server)
    for sock in sockets:
        sock.close()
    wait_until(lambda: server.count("buffered_bytes") < 64 * KIB, 30, "nothing is held")
    if not SANITIZED:  # a sanitizer keeps what was freed
        assert most > before + 10 * KIB * KIB
        wait_until(lambda: resident(server) < before + 5 * KIB * KIB, 20, "memory goes back to the system")
