"""Processes for tests: start one, wait for a condition with a deadline, speak HTTP to it, stop it whatever happens."""
import http.client
import json
import os
import signal
import socket
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def program(name):
    """Path of a built program; BUILD names another build than build/ (a sanitized one)."""
    return os.path.join(TOP, os.environ.get("BUILD", "build"), name)


def free_ports(n):
    """Ports that were free a moment ago. All sockets are open at once, so that they differ."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def until(condition, seconds, what):
    """Asks again and again until the condition gives something true, which is returned; `what` names it in the failure."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.02)


class Process:
    """A process whose standard error goes to a file. Used as a context it is killed at the end."""

    def __init__(self, argv, log, **more):
        self.log = log
        self.argv = [str(a) for a in argv]
        with open(log, "ab") as err:
            self.process = subprocess.Popen(self.argv, stderr=err, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.kill()
        return self.process.wait(30)

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self, seconds=30):
        """Drains; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def wait(self, seconds=30):
        return self.process.wait(seconds)

    def said(self):
        """The lines of its log that are JSON."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def events(self, name):
        return [line for line in self.said() if line.get("event") == name]


class Broker(Process):
    """The embedded broker: `bootstrap` is where it is. It forgets everything when it stops."""

    def __init__(self, directory, partitions, topics=("kudos.likes.v1", "kudos.counts.v1", "kudos.changes.v1")):
        self.file = os.path.join(directory, "broker-address")
        super().__init__([program("kudos-sim"), "broker", "--partitions", partitions, "--topics", ",".join(topics),
                          "--address-file", self.file], os.path.join(directory, "broker.log"))
        until(lambda: os.path.exists(self.file) or not self.alive(), 20, "the broker's address")
        with open(self.file, encoding="ascii") as f:
            self.bootstrap = f.read().strip()


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, seconds=10):
    """One request over HTTP/1.1. A dict as body is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection.request(method, path, body, headers or {})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def get(port, path, **more):
    return request(port, "GET", path, **more)


def metrics(port):
    """The samples of /metrics by name and labels as written."""
    text = get(port, "/metrics").body.decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and line[0] != "#"}
