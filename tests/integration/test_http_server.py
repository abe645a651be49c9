"""The HTTP server over HTTP/1.1 and TLS, and its drain, from outside. HTTP/2 is in test_http2.py."""
import contextlib
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

from http_peer import ACK, BODY, DATA, GOAWAY, H2, PING, RST, WINDOW, frame, h1_get, h1_raw, h1_status, read_all
from http_peer import certificate, serve  # noqa: F401 (fixtures)
from proc import program


# ---- HTTP/1.1 ----

def test_h1_pipelining_keeps_the_order(serve):
    answers = h1_raw(serve(), b"GET /later?ms=30 HTTP/1.1\r\nHost: a\r\n\r\n"
                              b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
                              b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              b"2\r\ntw\r\n1;x=y\r\no\r\n0\r\nTrailer: ignored\r\n\r\n"
                              b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
                              b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    parts = re.split(rb"HTTP/1.1 200 OK\r\n", answers)[1:]
    assert [p.split(b"\r\n\r\n", 1)[1] for p in parts] == [BODY, b"one", b"two", b"", BODY]


def test_h1_pipelining_by_the_thousand(serve):
    one = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    server = serve()
    with server.connect() as sock:
        got = b""
        sock.sendall(one * 3000)
        while got.count(b"89ab\r\n") < 3000:  # in all of it: a piece may end within one
            chunk = sock.recv(65536)
            assert chunk
            got += chunk


def test_h1_input_waits_for_the_answer(serve):
    server = serve()
    with server.connect(timeout=0.5) as sock:
        sock.sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += sock.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
        assert h1_get(server, "/release") == BODY
        sock.settimeout(10)
        answers = b""
        while answers.count(BODY) < 2:  # however the answers are cut into reads
            more = sock.recv(65536)
            assert more, answers
            answers += more


def test_h1_input_waits_for_the_reader(serve):
    server = serve()
    with server.connect(timeout=0.5) as sock:
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += sock.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)


def test_h1_byte_by_byte(serve):
    with serve().connect() as sock:
        for byte in b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
            sock.sendall(bytes([byte]))
        assert sock.recv(65536).endswith(b"abc")


def test_h1_versions(serve):
    server = serve()
    assert h1_raw(server, b"GET / HTTP/1.0\r\n\r\n").endswith(BODY)
    assert h1_status(h1_raw(server, b"GET / HTTP/1.2\r\nHost: a\r\n\r\n")) == 505
    assert h1_status(h1_raw(server, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n")) == 505


def short(value):
    """An id that fits: pytest puts it into the environment, and Linux starts no program with a variable of a megabyte."""
    return repr(value[:60]) if isinstance(value, bytes) else None


@pytest.mark.parametrize("text, status", [
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n", 400),
    (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    (b"\x00\x00\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nx", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n", 413),
    (b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\nConnection: close\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"v" * 20000 + b"\r\nConnection: close\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"x: y\r\n" * 100 + b"\r\n", 431),
    (b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
], ids=short)
def test_h1_bad_requests(serve, text, status):
    server = serve()
    answer = h1_raw(server, text)
    assert h1_status(answer) == status
    assert (b"\r\nallow: get, head, post, delete\r\n" in answer.lower()) == (status == 405)
    assert server.count("requests") == 1


def test_h1_expects_continue(serve):
    with serve().connect() as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        sock.sendall(b"abc")
        assert sock.recv(1000).endswith(b"abc")


def test_overload_is_said(serve):
    server = serve("max_requests=1")
    with H2(server) as h2:
        h2.request(1, b"/hold")
        h2.request(3)
        problem = h2.problem(3)
        assert problem["status"] == 503 and problem["retry_after_s"] == 1
        h2.send(frame(RST, 0, 1, struct.pack(">I", 8)))


# ---- TLS ----

def client_context(*alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def test_tls_h2_and_h1(serve, certificate):
    server = serve(*certificate("one"))
    with H2(server, sock=client_context("h2", "http/1.1").wrap_socket(server.connect())) as h2:
        assert h2.sock.selected_alpn_protocol() == "h2"
        h2.request(1, b"/big?n=1000000")
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 2000000)) + frame(WINDOW, 0, 1, struct.pack(">I", 2000000)))
        assert h2.body(1) == b"x" * 1000000
    with client_context("http/1.1").wrap_socket(server.connect()) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert read_all(sock).endswith(BODY)
    assert server.count("tls_handshakes") == 2


def test_tls_wrong_alpn_and_rubbish(serve, certificate):
    server = serve(*certificate("two"))
    with pytest.raises(ssl.SSLError):
        client_context("spdy/3").wrap_socket(server.connect())
    with server.connect() as sock:
        sock.sendall(b"\x16\x03\x01\x00\x05hello")
        read_all(sock)
    assert server.count("tls_failures") == 2


def test_tls_without_a_certificate_is_refused(serve):
    server = serve()
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        client_context("h2").wrap_socket(server.connect())


def hand_shake(server, version, ciphers=None):
    """What was agreed on, or None: with TLS of that version alone, and before 1.3 with those ciphers alone."""
    context = client_context("h2", "http/1.1")
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    try:
        with context.wrap_socket(server.connect()) as sock:
            return sock.cipher()[0]
    except (ssl.SSLError, ConnectionResetError):
        return None


OLD = ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"]


def test_tls_1_2_has_aead_ciphers_with_forward_secrecy_alone(serve, certificate):
    server = serve(*certificate("modern"))
    version = ssl.TLSVersion.TLSv1_2
    assert [hand_shake(server, version, name) for name in OLD] == [None] * len(OLD)
    for name in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"):
        assert hand_shake(server, version, name) == name
    assert hand_shake(server, ssl.TLSVersion.TLSv1_3) is not None


def test_tls_ciphers_and_versions_are_those_of_the_options(serve, certificate):
    cert, key = certificate("chosen")
    one = serve(cert, key, "tls_ciphers=ECDHE-ECDSA-AES256-GCM-SHA384", "tls_ciphersuites=TLS_CHACHA20_POLY1305_SHA256")
    assert hand_shake(one, ssl.TLSVersion.TLSv1_2) == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert hand_shake(one, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256") is None
    assert hand_shake(one, ssl.TLSVersion.TLSv1_3) == "TLS_CHACHA20_POLY1305_SHA256"
    newest = serve(cert, key, "tls_min_version=1.3")
    assert hand_shake(newest, ssl.TLSVersion.TLSv1_2) is None
    assert hand_shake(newest, ssl.TLSVersion.TLSv1_3) is not None
    one.process.send_signal(signal.SIGHUP)  # keeps them
    assert one.process.stdout.readline() == "reload ok\n"
    assert hand_shake(one, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256") is None


def test_tls_reload(serve, certificate):
    cert, key = certificate("first")
    server = serve(cert, key)

    def shown():
        return ssl.get_server_certificate(("127.0.0.1", server.port))

    def reload():
        server.process.send_signal(signal.SIGHUP)
        return server.process.stdout.readline()

    before = shown()
    with open(cert) as f:
        good = f.read()
    with open(cert, "w") as f:
        f.write("rubbish")
    assert cert in reload()
    assert shown() == before
    with open(cert, "w") as f:
        f.write(good)
    other_cert, other_key = certificate("second")
    os.replace(other_cert, cert)
    os.replace(other_key, key)
    assert reload() == "reload ok\n"
    assert shown() != before


def test_tls_client_certificates(serve, certificate):
    cert, key = certificate("edge-1")
    server = serve(cert, key, cert)
    context = client_context("http/1.1")
    context.load_cert_chain(cert, key)
    with context.wrap_socket(server.connect()) as sock:
        sock.sendall(b"GET /headers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"peer=edge-1\n" in read_all(sock)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        with client_context("http/1.1").wrap_socket(server.connect()) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if not sock.recv(100):
                raise ConnectionResetError
    assert server.count("requests") == 2


def test_a_client_that_updates_its_keys_again_and_again_is_closed(serve, certificate):
    """27 bytes of an update cost the server some 20 us. OpenSSL's own client asks for one at each line that begins with K, and tells what it sends and gets."""
    server = serve(*certificate("keys"))
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-alpn", "http/1.1", "-tls1_3", "-msg", "-crlf"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        told = []

        def says(line, answer):
            """Whether the client says so before the server ends the connection."""
            with contextlib.suppress(BrokenPipeError):
                client.stdin.write(line)
                client.stdin.flush()
            for got in client.stdout:
                told.append(got)
                if answer in got:
                    return True
            return False

        assert says(b"", b"Verify return code")
        updates = 0
        while updates < 20 and says(b"K\n", b">>> TLS 1.3, Handshake [length 0005], KeyUpdate") and says(b"GET / HTTP/1.1\nHost: a\n\n", BODY.rstrip()):
            updates += 1  # and was served with its newest keys
        client.kill()
    assert updates == 8, b"".join(told)[-2000:].decode(errors="replace")
    assert server.count("floods") == 1


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_key_for_others_than_its_owner_is_refused(certificate, mode):
    cert, key = certificate("open")
    os.chmod(key, mode)
    run = subprocess.run([program("http-echo"), "0", cert, key], capture_output=True, text=True)
    assert run.returncode == 1 and key in run.stderr and "chmod 600" in run.stderr


def test_a_taken_port_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run([program("http-echo"), str(port)], capture_output=True, text=True)
        assert run.returncode == 1
        assert f"127.0.0.1:{port}" in run.stderr and "in use" in run.stderr


# ---- drain ----

def test_drain_finishes_what_is_in_work(serve):
    server = serve()
    with H2(server) as h2, server.connect() as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(65536).endswith(BODY)
        h2.request(1, b"/later?ms=300")
        h2.send(frame(PING, 0, 0, b"12345678"))
        h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)
        server.drain()
        told = {kind: payload for kind, _, _, payload in (h2.next(), h2.next())}
        assert told[GOAWAY][:4] == struct.pack(">I", 0x7FFFFFFF)
        h2.request(3)  # crossed with the notice: still served
        h2.send(frame(PING, ACK, 0, told[PING]))
        seen = b""
        last = None
        while (got := h2.next()) is not None:
            seen += got[3] if got[0] == DATA else b""
            last = got[3][:4] if got[0] == GOAWAY else last
        assert seen == BODY * 2
        assert last == struct.pack(">I", 3)
        assert read_all(idle) == b""


def test_drain_waits_for_work_that_was_abandoned(serve):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/later?ms=2000")
        h2.send(frame(PING, 0, 0, b"12345678"))
        h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started > 0.2  # at once, it would take some milliseconds


def test_drain_lets_an_idle_h1_client_ask_once_more(serve):
    server = serve()
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(65536).endswith(BODY)
        server.drain()
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(sock).endswith(BODY)
