"""Clients that write down what they were told, and what central must then hold: A is in L, L is in T.

    with Journal(edge, collection="posts") as j:       # likes and unlikes, each pair by one thread, until stopped
        ...
    j.check(central_export_lines)                      # every pair as its last certain word says, nothing invented
    j.statuses, j.problems                             # answers by status and slug
"""
import collections
import http.client
import random
import threading
import time

TOOK_NOTHING = {"outbox-full"}  # a refusal that says so; of others it is open whether the operation counts
DOUBLE = 0.3                    # of the likes are followed by an unlike


class Journal:
    def __init__(self, edge, threads=4, items=20, pause_s=0.0, seed=1):
        # pause_s: between the operations of a thread, on average; a test may change it
        self.edge, self.items, self.pause_s, self.seed = edge, items, pause_s, seed
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.wanted = {}       # (item, user) -> liked, of a pair whose last word is certain
        self.unsure = set()    # pairs of which it is open
        self.attempted = set()
        self.statuses, self.problems = collections.Counter(), collections.Counter()
        self.refusals = []     # the headers of some, for the test
        self.acked_at = 0.0    # when the last 2xx came
        self.first_refusal_at = None
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for t in self.threads:
            t.join()

    def say(self, connection, method, item, user):
        """The status and slug; (None, None) without an answer."""
        connection.request(method, f"/v1/posts/{item}/like", headers={"X-User-Id": user})
        answer = connection.getresponse()
        body = answer.read().decode()
        slug = body.split("urn:kudos:")[1].split('"')[0] if answer.status >= 400 else None
        with self.lock:
            self.statuses[answer.status] += 1
            if slug:
                self.problems[slug] += 1
                self.first_refusal_at = self.first_refusal_at or time.monotonic()
                if len(self.refusals) < 1000:
                    self.refusals.append((answer.status, slug, answer.getheader("retry-after")))
            else:
                self.acked_at = time.monotonic()
        return answer.status, slug

    def one(self, connection, method, item, user):
        pair, liked = (f"posts/{item}", user), method == "POST"
        with self.lock:
            self.attempted.add(pair)
        try:
            status, slug = self.say(connection, method, item, user)
        except (OSError, http.client.HTTPException):
            connection.close()
            self.stopping.wait(0.05)
            status, slug = None, None
        with self.lock:
            if status == 200:
                self.wanted[pair] = liked
                self.unsure.discard(pair)
            elif slug not in TOOK_NOTHING:
                self.unsure.add(pair)
        return status

    def run(self, number):
        draw = random.Random(self.seed * 1000 + number)
        connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=60)
        for n in range(1 << 30):
            if self.stopping.wait(2 * draw.random() * self.pause_s):
                break
            item, user = f"j{draw.randrange(self.items)}", f"j{number}.{n}"
            if self.one(connection, "POST", item, user) == 200 and draw.random() < DOUBLE:
                self.one(connection, "DELETE", item, user)
        connection.close()

    def check(self, export):
        """export: lines of `kudos-central export`. Nothing acknowledged is lost, nothing is there that nobody said."""
        held = {tuple(line.split("\t")[1:3]) for line in export if line.startswith("like\tposts/j")}
        liked = {p for p, yes in self.wanted.items() if yes and p not in self.unsure}
        unliked = {p for p, yes in self.wanted.items() if not yes and p not in self.unsure}
        assert not liked - held, f"{len(liked - held)} acknowledged likes are lost: {sorted(liked - held)[:5]}"
        assert not unliked & held, f"{len(unliked & held)} acknowledged unlikes are lost: {sorted(unliked & held)[:5]}"
        assert not held - self.attempted, f"nobody said {sorted(held - self.attempted)[:5]}"
        refused = self.attempted - set(self.wanted) - self.unsure
        assert not refused & held, f"refused with outbox-full and counted: {sorted(refused & held)[:5]}"
        return len(liked), len(held)
