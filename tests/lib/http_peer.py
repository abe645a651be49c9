"""The HTTP server as its peers see it: the program under test, and frames written by hand, since a well-behaved client library cannot misbehave.

The program is http-echo (tests/integration/http_echo.c). The fixtures (serve, certificate) are imported by the tests that use them.
"""
import json
import re
import signal
import socket
import struct
import subprocess

import pytest

from certificate import make_certificate
from proc import program, wait_until

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
CALM, CLOSED, NO_ERROR, PROTOCOL_ERROR, REFUSED = 11, 5, 0, 1, 7
BODY = b"0123456789012345678901234567890123456789ab\r\n"


# ---- the program ----

class Server:
    def __init__(self, *arguments, log=None):
        self.process = subprocess.Popen([program("http-echo"), "0", *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
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

    def wait_for(self, name, value, seconds=30):
        try:
            wait_until(lambda: self.count(name) == value, seconds, f"{name} is {value}")
        except AssertionError as e:
            raise AssertionError(f"{e}: {self.counters()}") from e

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


@pytest.fixture
def serve():
    servers = []

    def start(*arguments, log=None):
        servers.append(Server(*arguments, log=log))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.returncode is None:
            server.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    where = tmp_path_factory.mktemp("tls")
    return lambda name: make_certificate(where, name)


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
