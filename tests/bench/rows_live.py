"""Rows of live streams: 10,000 of them on one item that is liked all the time, over 100 connections. What an event costs the server's processor, beside a
read of the item; and what a stream takes of its memory.

The client reads bytes and counts the events in them: it understands nothing else, and costs less than the server does.
"""
import os
import selectors
import socket
import statistics
import struct
import threading
import time

from http_peer import HEADERS, SETTINGS, WINDOW, END_HEADERS, END_STREAM, PREFACE, fields, frame
from proc import request
from ruler import OTHERS, Wrong
from rows_bytes import resident

CONNECTIONS, STREAMS = 100, 100
EVENTS_S, LIKES_PER_S = 8, 100
WINDOW_MAX = 2**31 - 1
ROOM = {"live": {"max_streams": 20000, "max_streams_per_address": 20000}, "http": {"max_held": "256MiB", "max_held_per_address": "256MiB"}}
EVENT = b"event: change"


def processor_s(pid):
    """Seconds that all threads of the process have run so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        user, system = f.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Watchers:
    """The streams, and a thread that reads them: `states` and `events` are counted."""

    def __init__(self, port, item):
        self.selector, self.sockets = selectors.DefaultSelector(), []
        self.states = self.events = 0
        self.ends = False
        path = f"/v1/live?items={item}".encode()
        for _ in range(CONNECTIONS):
            sock = socket.create_connection(("127.0.0.1", port), timeout=30)
            sock.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 4, WINDOW_MAX)) + frame(WINDOW, 0, 0, struct.pack(">I", WINDOW_MAX - 65535))
                         + b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * n, fields(path)) for n in range(STREAMS)))
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, [b""])
            self.sockets.append(sock)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        os.sched_setaffinity(0, OTHERS)
        while not self.ends:
            for key, _ in self.selector.select(0.1):
                self._take(key.fileobj, key.data)

    def _take(self, sock, tail):
        data = tail[0] + sock.recv(1 << 20)
        self.events += data.count(EVENT)
        self.states += data.count(b"event: state")
        keep = len(EVENT) - 1  # shorter than either: nothing is counted twice
        tail[0] = data[-keep + 1:] if len(data) >= keep else data

    def wait(self, states):
        end = time.monotonic() + 60
        while self.states < states:
            if time.monotonic() > end:
                raise Wrong(f"{self.states} streams of {states} have their state")
            time.sleep(0.05)

    def close(self):
        self.ends = True
        self.thread.join()
        for sock in self.sockets:
            sock.close()


def measure_events(edge, watchers, item):
    """Microseconds of the server's processor an event, the likes that cause them included."""
    before, cpu, end, n = watchers.events, processor_s(edge.popen.pid), time.monotonic() + EVENTS_S, 0
    while time.monotonic() < end:
        if request(edge.port, "POST", f"/v1/{item}/like", headers={"X-User-Id": f"live-{n}"}).status != 200:
            raise Wrong("a like was refused")
        n += 1
        time.sleep(1 / LIKES_PER_S)
    events, spent = watchers.events - before, processor_s(edge.popen.pid) - cpu
    if events < CONNECTIONS * STREAMS * EVENTS_S:
        raise Wrong(f"{events} events in {EVENTS_S} s: less than one a second and stream")
    return spent * 1e6 / events, events / EVENTS_S


def live(bench):
    with bench.edge(bench.broker, "edge-live", more=ROOM) as edge:
        idle = resident(edge.popen.pid)
        watchers = Watchers(edge.port, "posts/live")
        try:
            watchers.wait(CONNECTIONS * STREAMS)
            memory = (resident(edge.popen.pid) - idle) / (CONNECTIONS * STREAMS)
            measured = [measure_events(edge, watchers, "posts/live") for _ in range(bench.options.repeats)]
        finally:
            watchers.close()
        reads = statistics.median(float(bench.read(edge, "--items", 1)["cpu_us"]) for _ in range(bench.options.repeats))
    cost, per_s = (statistics.median(m[i] for m in measured) for i in (0, 1))
    bench.say(f"live: {CONNECTIONS * STREAMS} streams, {per_s:.0f} events/s; {cost:.2f} us of server CPU an event, {reads:.2f} a read of the item")
    bench.judged("live", cost, reads, cpu_ratio=reads / cost)
    bench.judged("live_stream", memory)
