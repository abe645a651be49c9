"""Live streams as a client reads them: server-sent events, over HTTP/1.1 by Python, over HTTP/2 by curl or by frames."""
import contextlib
import http.client
import json
import queue
import ssl
import subprocess
import threading

from proc import SLOWER, Answer

DEADLINE_S = 20 * SLOWER


class Events:
    """Reads lines of a stream on a thread, and gives them as events: (name, id, data), comments as ("comment", None, text)."""

    def __init__(self, lines):
        self.seen = queue.Queue()
        self.retry, self.last_id = None, None
        self.thread = threading.Thread(target=self._read, args=(lines,), daemon=True)
        self.thread.start()

    def _read(self, lines):
        fields = {}
        try:
            for line in lines:
                self._line(line.decode().removesuffix("\n"), fields)
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        self.seen.put(("end", None, None))

    def _line(self, line, fields):
        if line.startswith(":"):
            self.seen.put(("comment", None, line[1:].strip()))
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            self.retry = int(fields["retry"]) if "retry" in fields else self.retry
            if "event" in fields:
                self.last_id = fields.get("id", self.last_id)
                self.seen.put((fields["event"], fields.get("id"), json.loads(fields["data"])))
            fields.clear()

    def next(self, seconds=DEADLINE_S):
        return self.seen.get(timeout=seconds)

    def state(self):
        name, _, data = self.next()
        assert name == "state", (name, data)
        return {entry["item"]: entry for entry in data["items"]}

    def until(self, good, what):
        """The first entry that is told for which good(entry) is true."""
        told = []
        with contextlib.suppress(queue.Empty):
            while True:
                name, _, data = self.next()
                assert name not in ("end", "bye"), (what, name, told)
                told += data["items"] if name in ("state", "change") else []
                for entry in told:
                    if good(entry):
                        return entry
        raise AssertionError(f"{what}: {told}")

    def likes(self, item, n):
        return self.until(lambda e: e["item"] == item and e["counts"]["like"]["count"] == n, f"{item} has {n} likes")

    def until_named(self, wanted):
        while True:
            name, _, data = self.next()
            if name == wanted:
                return data
            assert name != "end", f"no {wanted} came"


class Refused(Exception):
    def __init__(self, status, headers, body):
        super().__init__(f"{status} {body}")
        self.status, self.headers, self.body = status, headers, json.loads(body)


@contextlib.contextmanager
def by_http1(edge, items, query="", headers=None, tls=False, source=None):
    where = ("127.0.0.1", edge.port)
    address = (source, 0) if source else None
    connection = http.client.HTTPSConnection(*where, timeout=60, context=ssl._create_unverified_context(), source_address=address) if tls \
        else http.client.HTTPConnection(*where, timeout=60, source_address=address)
    try:
        connection.request("GET", f"/v1/live?items={','.join(items)}{query}", headers=headers or {})
        response = connection.getresponse()
        if response.status != 200:
            raise Refused(response.status, response.headers, response.read())
        events = Events(iter(response.readline, b""))
        events.response = response
        events.close = lambda: (connection.sock or response.fp.raw._sock).shutdown(2)
        yield events
    finally:
        with contextlib.suppress(OSError, AttributeError):
            response.fp.raw._sock.shutdown(2)
        connection.close()


@contextlib.contextmanager
def by_http2(edge, items, query="", headers=None, tls=False):
    url = f"{'https' if tls else 'http'}://127.0.0.1:{edge.port}/v1/live?items={','.join(items)}{query}"
    told = [argument for name, value in (headers or {}).items() for argument in ("-H", f"{name}: {value}")]
    process = subprocess.Popen(["curl", "-sS", "-N", "-k", "--http2" if tls else "--http2-prior-knowledge", *told, url],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield Events(iter(process.stdout.readline, b""))
    finally:
        process.kill()
        process.communicate()


WAYS = {"HTTP/1.1": by_http1, "HTTP/2": by_http2,
        "HTTP/1.1 TLS": lambda *a, **more: by_http1(*a, tls=True, **more), "HTTP/2 TLS": lambda *a, **more: by_http2(*a, tls=True, **more)}


def answer_to(edge, path, user=None, headers=None):
    """The answer to a request for a stream, of which the first event is read."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=60)
    try:
        connection.request("GET", path, headers={**({"X-User-Id": user} if user else {}), **(headers or {})})
        response = connection.getresponse()
        body = response.read() if response.status != 200 else b"".join(iter(response.readline, b"\n"))
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)
    finally:
        connection.close()
