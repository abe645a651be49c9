"""Clients that hoard, and honest clients beside them, each from an address of its own on loopback.

    with Attack(lambda: BodiesWithoutEnd(edge.port), 14) as attack:      # 14 connections, opened again when they are closed
        honest = Honest(edge, "127.0.0.2")
        for n in range(100):
            assert honest.get("/v1/posts/1/counts") == 200
"""
import contextlib
import http.client
import json
import multiprocessing
import selectors
import socket
import struct
import time

from http_peer import DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, fields, frame

STREAMS = range(1, 257, 2)
MANY = b"/v1/counts?items=" + b",".join(b"posts/%d" % i for i in range(200))


class Kind:
    """What a connection of an attack says: pieces, sent one after the other."""

    def __init__(self, port, pieces, address="127.0.0.1"):
        self.port, self.address, self.pieces = port, address, pieces


class BodiesWithoutEnd(Kind):
    """128 requests with a body of 255 KiB each, whose last byte never comes. Nobody says who asks."""

    def __init__(self, port, address="127.0.0.1", path=b"/v1/counts"):
        heads = b"".join(frame(HEADERS, END_HEADERS, s, fields(path, b"POST")) for s in STREAMS)
        bodies = [frame(DATA, 0, s, b" " * 16000) for s in STREAMS]
        super().__init__(port, [PREFACE + frame(SETTINGS, 0, 0) + heads, *bodies * 16], address)


class AnswersUnread(Kind):
    """128 bulk reads of 200 items each on a connection whose window is 0."""

    def __init__(self, port):
        shut = frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0))
        super().__init__(port, [PREFACE + shut, *(frame(HEADERS, END_HEADERS | END_STREAM, s, fields(MANY)) for s in STREAMS)])


class AnswersUnreadByHttp1(Kind):
    """The same by HTTP/1.1: requests one behind the other, and nothing is ever read."""

    def __init__(self, port):
        super().__init__(port, [b"GET " + MANY + b" HTTP/1.1\r\nHost: a\r\n\r\n"] * len(STREAMS))


class Attack:
    """So many connections of one kind, each opened again when it is closed, by a process of its own until the block ends."""

    def __init__(self, kind, connections):
        self.kind, self.wanted = kind, connections
        self.count = multiprocessing.Value("i", 0)
        self.process = multiprocessing.Process(target=self.run, daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()

    @property
    def opened(self):
        return self.count.value

    # ---- in that process ----

    def open(self, selector):
        with contextlib.suppress(OSError):
            sock = socket.create_connection(("127.0.0.1", self.kind.port), source_address=(self.kind.address, 0), timeout=5)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_WRITE, self.kind.pieces[::-1])
            self.count.value += 1

    @staticmethod
    def step(selector, sock, waiting):
        """Sends some more, and never reads. What was sent whole is asked whether the connection still is."""
        try:
            while waiting:
                waiting[-1] = waiting[-1][sock.send(waiting[-1]):]
                if not waiting[-1]:
                    waiting.pop()
            gone = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            selector.unregister(sock)
            sock.close()

    def run(self):
        selector = selectors.DefaultSelector()
        while True:
            for _ in range(min(4, self.wanted - len(selector.get_map()))):
                self.open(selector)
            for key in list(selector.get_map().values()):
                self.step(selector, key.fileobj, key.data)
            time.sleep(0.01)


class Honest:
    """A client that asks, reads the answer, and keeps its connection."""

    def __init__(self, daemon, address, user=None):
        self.daemon, self.address, self.user = daemon, address, user
        self.connection = None

    def ask(self, method, path, body=None):
        """Status and document. A connection that the server has closed is opened again, once."""
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=15,
                                                             source_address=(self.address, 0))
            try:
                self.connection.request(method, path, body=body, headers={"X-User-Id": self.user} if self.user else {})
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.HTTPException, OSError):
                self.close()
                if last:
                    raise
        return None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
