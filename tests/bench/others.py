"""Likes of many items at a fixed rate, by one client that is never late itself: the 99th percentile of what they take.

    python3 tests/bench/others.py PORT ITEMS RATE SECONDS TAG

Each like is a batch of one, by a user of its own, on a connection of HTTP/1.1 that has nothing else in flight: kudos_edge_request_seconds tells batches
apart, and so these likes from those of a load beside them. A like is due at a fixed moment, and what it takes counts from there, however late it could
be sent. The last line: p50_us= p99_us= max_us=, late_us= (99th percentile, of the moments of sending), errors=.

It asks the kernel to run it before all else. On a machine that it shares with the servers it would else measure its own wait for a processor.
"""
import gc
import os
import select
import socket
import sys
import time

CONNECTIONS = 32  # more than are ever in flight, unless an answer takes 64 ms
LAST_S = 20


def prefer():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        print("others: no right to a priority: waits for a processor are in the figures", file=sys.stderr)


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def like(item, user):
    body = b'{"operations":[{"item":"posts/%d","op":"like"}]}' % item
    return (b"POST /v1/likes HTTP/1.1\r\nHost: localhost\r\nX-User-Id: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (user, len(body), body))


def percentile(values, share):
    values = sorted(values)
    return int(values[min(len(values) - 1, int(share * len(values)))] * 1e6)


def run(port, items, rate, seconds, tag):
    idle, due, begin = [connect(port) for _ in range(CONNECTIONS)], {}, time.monotonic()
    took, late, errors, sent, total = [], [], 0, 0, int(rate * seconds)
    while len(took) + errors < total and time.monotonic() < begin + seconds + LAST_S:
        now = time.monotonic()
        while sent < total and idle and begin + sent / rate <= now:
            connection = idle.pop(0)
            connection.send(like(sent % items, b"%s.%d" % (tag, sent)))
            due[connection] = begin + sent / rate
            late.append(time.monotonic() - due[connection])
            sent += 1
        wait = max(begin + sent / rate - time.monotonic(), 0) if sent < total and idle else 1
        for connection in select.select(list(due), [], [], wait)[0]:
            good = connection.recv(65536).startswith(b"HTTP/1.1 200 ")  # an answer of so few bytes comes whole
            errors += not good
            if good:
                took.append(time.monotonic() - due[connection])
                idle.append(connection)
            del due[connection]
    print(f"others p50_us={percentile(took, 0.5)} p99_us={percentile(took, 0.99)} max_us={percentile(took, 1)} late_us={percentile(late, 0.99)} "
          f"errors={total - len(took)}")


if __name__ == "__main__":
    gc.disable()
    prefer()
    run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), sys.argv[5].encode())
