"""An S3 server of others (moto, from PyPI), and the way to it, on which tests look at what passes and do harm.

    store           fixture: the way to a server that was just emptied of rules and of what was seen; `store.at(prefix)` is an address
    store.rule      None, or a function of a Passing that returns what becomes of it: None goes on, "503", "404", "reset", "hang", "lost",
                    "flip", "cut", "trailers" (an answer that ends with two million of them), "short" (a list without its end, which nothing
                    tells) or "page" (a page for people, as some proxies give it)
"""
import http.client
import http.server
import os
import socket
import struct
import subprocess
import threading

import pytest

from ports import free_ports
from proc import TOP, wait_until
from pypi import environment
from serving import served

BUCKET = "backups"
BUSY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


class Passing:
    """A request on its way to the server, and its answer's status when it came."""

    def __init__(self, method, path, body, root):
        self.method, self.path, self.body, self.status = method, path, body, None
        self.key = path.split("?")[0].removeprefix(f"/{BUCKET}/{root}/")

    def __repr__(self):
        return f"{self.method} {self.path} {len(self.body)} {self.status}"


class Way(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        passing = Passing(self.command, self.path, body, self.server.store.root)
        self.server.store.seen.append(passing)
        rule = self.server.store.rule
        todo = rule(passing) if rule else None
        if todo == "503":
            return self.answer(503, {}, BUSY)
        if todo == "404":
            return self.answer(404, {}, BUSY.replace(b"SlowDown", b"NoSuchKey"))
        if todo == "reset":
            return self.reset()
        if todo == "hang":
            self.server.store.released.wait(60)
            return self.reset()
        status, headers, data = self.ask(body)
        passing.status = status
        if todo == "lost":  # it was done, and the answer does not arrive
            return self.reset()
        if todo == "flip":
            data = data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 0x55]) + data[len(data) // 2 + 1:]
        if todo == "short":
            data = data[:data.rindex(b"<Contents>")]
        if todo == "page":
            data = b"<html><body>Back in a minute.</body></html>"
        if todo == "trailers":
            return self.answer_without_end(status)
        self.answer(status, headers, data, cut=todo == "cut")

    do_GET = do_PUT = do_DELETE = pass_on

    def ask(self, body):
        server = http.client.HTTPConnection("127.0.0.1", self.server.store.server_port, timeout=30)
        try:
            server.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
            reply = server.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            server.close()

    def answer(self, status, headers, data, cut=False):
        self.send_response_only(status)
        self.send_header("Date", headers.get("Date") or self.date_time_string())
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)
        if cut:
            self.reset()

    def answer_without_end(self, status):
        self.send_response_only(status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"0\r\n")
        try:
            for n in range(2000000):
                self.wfile.write(b"x-%d: 1234567890\r\n" % n)
        except OSError:  # as it should be
            self.close_connection, self.wfile = True, self.rfile

    def reset(self):
        """RST, as a broken way does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()
        self.wfile = self.rfile

    def finish(self):
        if not self.close_connection or self.wfile is not self.rfile:
            super().finish()

    def log_message(self, *_):
        pass


class ObjectStore:
    def __init__(self, key_file, server_port):
        self.key_file, self.server_port = key_file, server_port
        self.port, self.tests = None, 0
        self.begin()

    def begin(self):
        """Each test has a part of the store for itself."""
        self.tests += 1
        self.root = f"test{self.tests}"
        return self.clear()

    def clear(self):
        self.seen, self.rule, self.released = [], None, threading.Event()
        return self

    def at(self, prefix, bucket=BUCKET):
        return f"s3://{bucket}/{self.root}/{prefix}"

    @property
    def options(self):
        return {"endpoint": f"http://127.0.0.1:{self.port}", "key_file": str(self.key_file), "timeout": "30s"}

    @property
    def sets(self):
        return [word for k, v in self.options.items() for word in ("--set", f"backup.{k}={v}")]

    def puts(self, ending=""):
        """What was stored since the last clear(), by key."""
        return {p.key: len(p.body) for p in list(self.seen) if p.method == "PUT" and p.status == 200 and p.key.endswith(ending)}


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory):
    where, directory, (port,) = environment("s3-server", "tests/s3/requirements.txt"), tmp_path_factory.mktemp("s3"), free_ports(1)
    key_file = directory / "key"
    log = open(directory / "log", "ab")
    command = [os.path.join(where, "bin", "python"), os.path.join(TOP, "tests", "s3", "server.py"), str(port), str(key_file), BUCKET]
    with log, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=directory,
                               env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")}) as process:
        try:
            def ready():
                assert process.poll() is None, (directory / "log").read_text()[-3000:]
                return key_file.exists()

            wait_until(ready, 60, "the S3 server")
            yield ObjectStore(key_file, port)
        finally:
            process.kill()


@pytest.fixture
def store(s3_server):
    with served(Way, store=s3_server) as way:
        s3_server.port = way.server_port
        yield s3_server.begin()
        s3_server.released.set()
