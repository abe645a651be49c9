"""Likes at a rate, through edges: who gets no answer from one edge asks the next with the same key, as a client of a region with two edges does.

A request likes 40 items as one user, so that a drill gives thousands of likes a second and spends its processor on other things. A like is a number, user * ITEMS + item.
"""
import contextlib
import http.client
import json
import threading
import time

ITEMS, THREADS, ANSWER_S = 40, 4, 5


def name_of(item):
    return f"posts/{item}"


class Client:
    """One thread, with a connection to each edge."""

    def __init__(self, crowd, first):
        self.crowd, self.user = crowd, first
        self.connections = [http.client.HTTPConnection("127.0.0.1", edge.port, timeout=ANSWER_S) for edge in crowd.edges]
        self.acked, self.refused, self.asked = [], 0, 0
        self.thread = threading.Thread(target=self.run)

    def attempt(self, connection, user, body):
        try:
            connection.request("POST", "/v1/likes", body, {"X-User-Id": f"u{user}", "Idempotency-Key": f"k{user}", "Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            return response.status == 200
        except (OSError, http.client.HTTPException):
            connection.close()
            return False

    def like(self, user):
        self.asked += 1
        for i in range(2 * len(self.connections)):  # a connection that an edge's death has broken says so at its next use
            if self.attempt(self.connections[(user + i) % len(self.connections)], user, self.crowd.body):
                self.acked.append(user)
                return
        self.refused += 1

    def run(self):
        next_s = time.monotonic()
        while not self.crowd.over.is_set():
            self.like(self.user)
            self.user += THREADS
            next_s = max(next_s + self.crowd.pause_s, time.monotonic() - 1)  # who was held up does not storm
            self.crowd.over.wait(max(0, next_s - time.monotonic()))


class Crowd:
    def __init__(self, edges, per_second):
        self.edges, self.pause_s = edges, THREADS * ITEMS / per_second
        self.body = json.dumps({"operations": [{"item": name_of(i), "op": "like"} for i in range(ITEMS)]})
        self.over = threading.Event()
        self.clients = [Client(self, n) for n in range(THREADS)]

    def start(self):
        for client in self.clients:
            client.thread.start()

    def stop(self):
        self.over.set()
        for client in self.clients:
            with contextlib.suppress(RuntimeError):  # it was never started
                client.thread.join()

    @property
    def asked(self):
        return sum(c.asked for c in self.clients)

    @property
    def refused(self):
        return sum(c.refused for c in self.clients)

    @property
    def acked(self):
        return sum(len(c.acked) for c in self.clients)

    def acked_likes(self):
        return {user * ITEMS + item for c in self.clients for user in c.acked for item in range(ITEMS)}

    def attempted(self, like):
        user = like // ITEMS
        return user < self.clients[user % THREADS].user
