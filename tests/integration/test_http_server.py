"""The HTTP server from outside: protocols, limits, floods, slow peers, drain.

Frames are written by hand, since a well-behaved client library cannot misbehave. The program under test is http-echo
(tests/integration/http_echo.c); HTTP_ECHO names another build of it, such as a sanitized one.
"""
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ECHO = os.environ.get("HTTP_ECHO", os.path.join(TOP, os.environ.get("BUILD", "build"), "http-echo"))
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
CALM, NO_ERROR, REFUSED = 11, 0, 7
BODY = b"0123456789012345678901234567890123456789ab\r\n"


# ---- the program ----

class Server:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([ECHO, "0", *arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("port "), line
        self.draining = False
        self.port = int(line.split()[1])

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def counters(self):
        text = h1_get(self, "/counters")
        return {k: int(v) for k, v in re.findall(rb"(\w+)=(\d+)", text)}

    def count(self, name):
        return self.counters()[name.encode()]

    def wait_for(self, name, value, seconds=5):
        end = time.monotonic() + seconds
        while self.count(name) != value:
            assert time.monotonic() < end, (name, value, self.counters())

    def drain(self):
        if not self.draining:
            self.process.send_signal(signal.SIGTERM)
        self.draining = True

    def stop(self):
        self.drain()
        try:
            out, _ = self.process.communicate(timeout=15)
        finally:
            self.process.kill()
        assert self.process.returncode == 0
        assert "drained" in out


@pytest.fixture(scope="session", autouse=True)
def program():
    if not os.path.exists(ECHO):
        subprocess.run(["make", "-s", "-C", TOP, ECHO], check=True)


@pytest.fixture
def serve():
    servers = []

    def start(*arguments):
        servers.append(Server(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.returncode is None:
            server.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    where = tmp_path_factory.mktemp("tls")

    def make(name):
        cert, key = str(where / f"{name}.crt"), str(where / f"{name}.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}"],
                       check=True, stderr=subprocess.DEVNULL)
        return cert, key

    return make


# ---- HTTP/1.1 by hand ----

def read_all(sock):
    got = b""
    try:
        while chunk := sock.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass
    return got


def h1_raw(server, text):
    with server.connect() as sock:
        sock.sendall(text)
        return read_all(sock)


def h1_get(server, path):
    answer = h1_raw(server, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return answer.split(b"\r\n\r\n", 1)[1]


def h1_status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


# ---- HTTP/2 by hand ----

def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, bits):
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([value])
    out, value = [limit], value - limit
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes(out + [value])


def literal(name, value):
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def fields(path=b"/", method=b"GET", more=()):
    start = [(b":method", method), (b":scheme", b"http"), (b":authority", b"a"), (b":path", path)]
    return b"".join(literal(n, v) for n, v in [*start, *more])


class H2:
    def __init__(self, server, settings=b"", sock=None):
        self.sock = sock or server.connect()
        self.buffer = b""
        self.frames = []
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def request(self, stream, path=b"/", method=b"GET", more=(), end=True):
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(frame(HEADERS, flags, stream, fields(path, method, more)))

    def next(self):
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            try:
                chunk = self.sock.recv(65536)
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                return None
            self.buffer += chunk
        size = int.from_bytes(self.buffer[:3], "big")
        kind, flags = self.buffer[3], self.buffer[4]
        stream = int.from_bytes(self.buffer[5:9], "big")
        payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
        return kind, flags, stream, payload

    def until(self, wanted):
        """The first frame that fits; None when the connection ended before."""
        while (got := self.next()) is not None:
            if wanted(*got):
                return got
        return None

    def body(self, stream):
        """Body of an answer; None when the stream was reset or the connection ended."""
        data = b""
        while (got := self.next()) is not None:
            kind, flags, at, payload = got
            if at != stream or kind not in (DATA, HEADERS, RST):
                continue
            if kind == RST:
                return None
            data += payload if kind == DATA else b""
            if flags & END_STREAM:
                return data
        return None

    def problem(self, stream):
        return json.loads(self.body(stream))

    def goaway(self):
        """Error code of the last GOAWAY; None when there was none before the end."""
        code = None
        while (got := self.next()) is not None:
            if got[0] == GOAWAY:
                code = struct.unpack(">I", got[3][4:8])[0]
        return code

    def flood(self, data):
        """Sends until all is sent or the server has had enough."""
        try:
            self.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass


# ---- HTTP/2 ----

def test_h2_answers(serve):
    with H2(serve()) as h2:
        h2.request(1)
        assert h2.body(1) == BODY
        h2.request(3, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 3, b"hel") + frame(DATA, END_STREAM, 3, b"lo"))
        assert h2.body(3) == b"hello"
        h2.request(5, method=b"HEAD")
        assert h2.body(5) == b""


def test_h2_preface_in_pieces(serve):
    server = serve()
    with server.connect() as sock:
        for byte in PREFACE + frame(SETTINGS, 0, 0):
            sock.sendall(bytes([byte]))
        sock.sendall(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields()))
        got = b""
        while BODY not in got:
            got += sock.recv(65536)


def test_answers_of_one_turn_leave_together(serve):
    with H2(serve()) as h2:
        for i in range(20):
            h2.request(1 + 2 * i, b"/hold")
        h2.request(101, b"/release")
        assert h2.body(101) == BODY


@pytest.mark.parametrize("more", [
    [(b"x%d" % i, b"v") for i in range(100)],
    [(b"big", b"v" * 20000)],
])
def test_too_many_headers(serve, more):
    server = serve()
    with H2(server) as h2:
        block = fields(more=more)
        h2.send(frame(HEADERS, END_STREAM, 1, block[:10000]) + frame(CONTINUATION, END_HEADERS, 1, block[10000:]))
        assert h2.problem(1)["status"] == 431
        h2.request(3)
        assert h2.body(3) == BODY
    assert server.count("rejected") == 1


def test_endless_headers_end_the_connection(serve):
    server = serve()
    with H2(server) as h2:
        block = fields(more=[(b"big", b"v" * 16000)] * 12)
        pieces = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        h2.flood(frame(HEADERS, END_STREAM, 1, pieces[0]) +
                 b"".join(frame(CONTINUATION, 0, 1, p) for p in pieces[1:]))
        assert h2.goaway() == CALM
    assert server.count("floods") == 1


def test_endless_continuation(serve):
    server = serve()
    with H2(server) as h2:
        h2.flood(frame(HEADERS, END_STREAM, 1, fields()) + frame(CONTINUATION, 0, 1) * 5000)
        assert h2.goaway() in (CALM, None)
    assert server.count("floods") == 1


def test_hpack_references_by_the_thousand(serve):
    server = serve()
    with H2(server) as h2:
        h2.flood(frame(HEADERS, END_STREAM | END_HEADERS, 1,
                       fields() + b"\x40" + integer(1, 7) + b"n" + integer(3000, 7) + b"v" * 3000 + b"\xbe" * 5000))
        assert h2.goaway() == CALM


@pytest.mark.parametrize("length", [None, b"300000"])
def test_body_cap(serve, length):
    server = serve()
    with H2(server) as h2:
        more = [(b"content-length", length)] if length else []
        h2.request(1, b"/echo", b"POST", more=more, end=False)
        for _ in range(0 if length else 5):
            h2.send(frame(DATA, 0, 1, b"x" * 16384) * 4)
        problem = h2.problem(1)
        assert problem["status"] == 413 and problem["type"] == "urn:kudos:payload-too-large"
        h2.request(3)
        assert h2.body(3) == BODY
    server.wait_for("buffered_bytes", 0)


def test_a_refused_upload_is_stopped_in_the_end(serve):
    with H2(serve("max_body_bytes=1000")) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 1, b"x" * 2000))
        assert h2.problem(1)["status"] == 413
        sent = 0
        stopped = None
        while stopped is None and sent < 100:
            h2.send(frame(DATA, 0, 1, b"x" * 16384))
            sent += 1
            h2.sock.settimeout(0.01)
            try:
                stopped = h2.until(lambda kind, *_: kind == RST)
            except TimeoutError:
                pass
        assert stopped[3] == struct.pack(">I", NO_ERROR)
        assert 60 < sent < 80


def test_buffered_bodies_have_a_total(serve):
    server = serve("max_body_bytes=50000", "max_buffered_bytes=100000")
    with H2(server) as h2:
        for stream in (1, 3, 5):
            h2.request(stream, b"/echo", b"POST", end=False)
            h2.send(frame(DATA, 0, stream, b"x" * 16000) * 3)
        assert h2.problem(5)["type"] == "urn:kudos:overloaded"
        h2.send(frame(DATA, END_STREAM, 1))
        assert h2.body(1) is not None
    server.wait_for("buffered_bytes", 0)


@pytest.mark.parametrize("more, status", [
    ([(b"authorization", b"a"), (b"authorization", b"b")], 400),
    ([(b"x-user-id", b"a"), (b"x-user-id", b"b")], 400),
    ([(b"x-bad", b"a\x01b")], 400),
    ([(b"content-length", b"1"), (b"content-length", b"1")], None),
    ([(b"content-length", b"5")], None),
    ([(b":path", b"/other")], None),
    ([(b"connection", b"close")], None),
])
def test_bad_requests_never_reach_the_handler(serve, more, status):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/", more=more)
        body = h2.body(1)
        assert (json.loads(body)["status"] if body is not None else None) == status
    assert server.count("requests") == 1


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT"])
def test_methods_that_are_not_for_origins(serve, method):
    with H2(serve()) as h2:
        block = fields(method=method) if method == b"TRACE" else literal(b":method", method) + literal(
            b":authority", b"a:1")
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        assert h2.problem(1)["status"] == 405


def test_trailers_are_ignored(serve):
    with H2(serve()) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 1, b"body"))
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"x-user-id", b"mallory")))
        assert h2.body(1) == b"body"


def test_more_streams_than_allowed(serve):
    server = serve("max_streams=4")
    with H2(server) as h2:
        h2.until(lambda kind, flags, *_: kind == SETTINGS and flags == ACK)
        h2.send(frame(SETTINGS, ACK, 0))
        for i in range(5):
            h2.request(1 + 2 * i, b"/hold")
        end = h2.until(lambda kind, *_: kind in (RST, GOAWAY))
        assert end[0] == GOAWAY or end[3] == struct.pack(">I", REFUSED)


def test_abandoned_work_keeps_its_slot(serve):
    server = serve("max_streams=4", "max_resets_per_s=1000")
    with H2(server) as h2:
        for i in range(10):
            h2.request(1 + 2 * i, b"/hold")
            h2.send(frame(RST, 0, 1 + 2 * i, struct.pack(">I", 8)))
        server.wait_for("refused_streams", 6)
        assert server.count("requests_open") == 5  # four held, and the one that asks
        assert h1_get(server, "/release") == BODY
        h2.request(101)
        assert h2.body(101) == BODY
    assert server.count("requests_open") == 1


def test_a_lost_connection_keeps_its_slot(serve):
    server = serve("max_connections_per_address=3")
    for _ in range(2):
        with H2(server) as h2:
            h2.request(1, b"/hold")
            h2.send(frame(PING, 0, 0, b"12345678"))
            h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)
    server.wait_for("connections_open", 1)
    with server.connect() as one, server.connect() as two:
        one.sendall(b"GET /release HTTP/1.1\r\nHost: a\r\n\r\n")
        assert BODY in one.recv(65536)
        assert two.recv(1) == b""  # both lost ones were still counted
    server.wait_for("connections_open", 1)
    assert server.count("connections_refused") == 1


def test_rapid_reset(serve):
    server = serve()
    with H2(server) as h2:
        one = [frame(HEADERS, END_HEADERS | END_STREAM, s, fields()) + frame(RST, 0, s, struct.pack(">I", 8))
               for s in range(1, 20001, 2)]
        h2.flood(b"".join(one))
        assert h2.goaway() == CALM
    assert server.count("requests") < 2000
    assert server.count("floods") == 1


def test_resets_that_we_are_made_to_send(serve):
    server = serve()
    with H2(server) as h2:
        zero = struct.pack(">I", 0)
        h2.flood(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, s, fields(b"/hold")) + frame(WINDOW, 0, s, zero)
                          for s in range(1, 4001, 2)))
        h2.goaway()
    assert server.count("requests_open") <= 129
    assert h1_get(server, "/release") == BODY


@pytest.mark.parametrize("kind, flags, stream, payload", [
    (PING, 0, 0, b"12345678"), (SETTINGS, 0, 0, b""), (DATA, 0, 1, b""), (DATA, PADDED, 1, bytes([15]) + bytes(15)),
    (PRIORITY, 0, 99, bytes(5))], ids=["ping", "settings", "data", "padded-data", "priority"])
def test_control_floods(serve, kind, flags, stream, payload):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.flood(frame(kind, flags, stream, payload) * 100000)
        assert h2.goaway() in (CALM, None)
    assert server.count("floods") == 1


def test_ping_flood_without_reading(serve):
    server = serve("max_control_per_s=1000000", "write_stall_timeout_ms=300")
    with server.connect(timeout=5) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises((BrokenPipeError, ConnectionResetError, TimeoutError)):
            sock.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(PING, 0, 0, b"12345678") * 1000000)
    server.wait_for("connections_open", 1)


def test_zero_window_ends_by_deadline(serve):
    server = serve("write_stall_timeout_ms=200")
    with H2(server, struct.pack(">HI", 4, 0)) as h2:
        h2.request(1, b"/big?n=1000")
        started = time.monotonic()
        assert h2.body(1) is None
        assert 0.15 < time.monotonic() - started < 5
    assert server.count("timeouts") == 1


def test_one_byte_window_is_served(serve):
    with H2(serve(), struct.pack(">HI", 4, 1)) as h2:
        h2.request(1)
        data = b""
        while len(data) < len(BODY):
            data += h2.until(lambda kind, *_: kind == DATA)[3]
            h2.send(frame(WINDOW, 0, 1, struct.pack(">I", 1)))
        assert data == BODY


def test_window_overflow(serve):
    with H2(serve()) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)))
        assert h2.goaway() == 3


def test_slow_reader_of_a_big_answer(serve):
    server = serve("write_stall_timeout_ms=300")
    with H2(server, struct.pack(">HI", 4, 0x7FFFFFFF)) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFF0000)))
        for s in (1, 3, 5):
            h2.request(s, b"/big?n=3000000")
        got = b"".join(h2.body(s) for s in (1,))
        assert got == b"x" * 3000000


def test_who_does_not_read_at_all_is_cut_off(serve):
    server = serve("write_stall_timeout_ms=100")
    with H2(server, struct.pack(">HI", 4, 0x7FFFFFFF)) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFF0000)))
        for s in (1, 3, 5, 7):
            h2.request(s, b"/big?n=3000000")
        server.wait_for("timeouts", 1, seconds=10)  # 100 ms, and a second per 16 KiB of at most 64
        server.wait_for("buffered_bytes", 0)


# ---- deadlines ----

@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01", b"PRI * HT"])
def test_silence_at_the_start(serve, certificate, start):
    server = serve(*certificate("silent"), "handshake_timeout_ms=150")
    with server.connect() as sock:
        sock.sendall(start)
        assert sock.recv(1) == b""
    assert server.count("timeouts") == 1


def test_slow_headers_and_bodies(serve):
    server = serve("headers_timeout_ms=150", "body_timeout_ms=150")
    assert h1_raw(server, b"GET / HTTP/1.1\r\nHost: a\r\nX: ") == b""
    slow_body = h1_raw(server, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
    assert h1_status(slow_body) == 408
    with H2(server) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        assert h2.problem(1)["status"] == 408
    with H2(server) as h2:
        h2.send(frame(HEADERS, END_STREAM, 1, fields()))
        assert h2.goaway() is None
    assert server.count("timeouts") == 4


def test_preface_then_silence(serve):
    server = serve("idle_timeout_ms=150")
    with H2(server) as h2:
        assert h2.goaway() == NO_ERROR
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(sock).endswith(BODY)


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
        got = 0
        sock.sendall(one * 3000)
        while got < 3000:
            chunk = sock.recv(65536)
            assert chunk
            got += chunk.count(b"89ab\r\n")


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
    assert h1_status(h1_raw(server, text)) == status
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
        assert b"peer=edge-1" in read_all(sock)
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        with client_context("http/1.1").wrap_socket(server.connect()) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if not sock.recv(100):
                raise ConnectionResetError
    assert server.count("requests") == 2


def test_a_key_for_everyone_is_refused(certificate):
    cert, key = certificate("open")
    os.chmod(key, 0o644)
    run = subprocess.run([ECHO, "0", cert, key], capture_output=True, text=True)
    assert run.returncode == 1 and key in run.stderr


def test_a_taken_port_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run([ECHO, str(port)], capture_output=True, text=True)
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
        h2.request(1, b"/later?ms=200")
        h2.send(frame(PING, 0, 0, b"12345678"))
        h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)
    started = time.monotonic()
    server.stop()
    assert 0.1 < time.monotonic() - started < 2


def test_drain_lets_an_idle_h1_client_ask_once_more(serve):
    server = serve()
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sock.recv(65536).endswith(BODY)
        server.drain()
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(sock).endswith(BODY)
