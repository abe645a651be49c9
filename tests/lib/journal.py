"""What clients did and were told, and whether the system agrees with it afterwards.

    journal = Journal()
    with Likes(journal, edge) as likes:          # a client of its own thread: users like items, every tenth views one
        journal.wait(400, edge.name)             # so many acknowledged by this edge
    journal.exact(cluster)                       # members, counts, sums and audit; returns nothing lost

A user likes an item once, so the order of words does not matter here. An answer that never came is a word that may count or not.
"""
import collections
import http.client
import itertools
import json
import threading
import time

from proc import run_program, wait_until

ITEMS = [f"posts/{n}" for n in range(12)]
AGREE_S = 40


class Journal:
    def __init__(self):
        self.lock = threading.Lock()
        self.acked = {}  # (item, user): (edge, when)
        self.tried = set()
        self.views = collections.Counter()  # acknowledged, by item
        self.viewed = []  # (item, edge, when)
        self.doubtful_views = 0
        self.refused = collections.Counter()  # by edge
        self.numbers = itertools.count()

    def taken(self, edge):
        return sum(1 for e, _ in list(self.acked.values()) if e == edge)

    def wait(self, n, edge, seconds=30):
        """Until this edge has acknowledged n likes more than now."""
        before = self.taken(edge)
        wait_until(lambda: self.taken(edge) >= before + n, seconds, f"{n} more likes acknowledged by {edge}")

    def like(self, edge, item, user):
        with self.lock:
            self.tried.add((item, user))
        answer = edge.post(f"/v1/{item}/like", user=user)
        assert answer.status == 200, answer
        with self.lock:
            self.acked[item, user] = (edge.name, time.monotonic())

    def view(self, edge, item, amount=1):
        answer = edge.post(f"/v1/{item}/view", user="reader", body={"amount": amount})
        assert answer.status == 200, answer
        with self.lock:
            self.views[item] += amount
            self.viewed += [(item, edge.name, time.monotonic())] * amount

    # ---- the verdict ----

    def exact(self, cluster, excused=None, views_lost=0):
        """All that was acknowledged, but for what `excused` says of (edge, when), is there; nothing else is; all agree. Returns what is lost
        of the excused as {(item, user): (edge, when)}. With views_lost None sums are not looked at."""
        cluster.wait_flushed(AGREE_S)
        known = dict(self.acked)
        sure = {k for k, v in known.items() if not (excused and excused(*v))}
        missing = []

        def all_there():
            missing[:] = sorted(sure - self.members(cluster))
            return not missing

        try:
            wait_until(all_there, AGREE_S, "likes that were acknowledged", pause=0.2)
        except AssertionError as e:
            raise AssertionError(f"{len(missing)} likes are lost: {missing[:5]}") from e
        members = self.members(cluster)
        lost = {k: v for k, v in known.items() if k not in members}
        assert members <= self.tried, sorted(members - self.tried)[:5]
        likes = collections.Counter(item for item, _ in members)
        self.agreed(cluster, likes)
        if views_lost is not None:
            found = self.counts(cluster.central, "view")
            missing = sum(self.views.values()) - sum(found.values())
            assert views_lost - self.doubtful_views <= missing <= views_lost, (missing, views_lost, self.doubtful_views)
        self.audit(cluster.central)
        return lost

    @staticmethod
    def members(cluster):
        lines = [line.split("\t") for line in cluster.export("--url", cluster.central.url)]
        found = {(item, user) for counter, item, user, _, _ in lines if counter == "like"}
        assert len(found) == len(lines)
        return found

    @staticmethod
    def counts(daemon, counter):
        items = daemon.post("/v1/counts", body={"items": ITEMS}).json["items"]
        return {i["item"]: i["counts"][counter]["count"] for i in items if i["counts"][counter]["count"]}

    def agreed(self, cluster, likes):
        views = {}
        seen = {}

        def agree():
            views.update(self.counts(cluster.central, "view"))
            for d in cluster.everyone:
                items = d.post("/v1/counts", body={"items": ITEMS}).json["items"]
                seen[d.name] = [(i["item"], i["counts"]["like"]["count"], i["counts"]["view"]["count"], sum(c["pending"] for c in
                                 i["counts"].values())) for i in items]
            wanted = [(i, likes.get(i, 0), views.get(i, 0), 0) for i in ITEMS]
            return all(s == wanted for s in seen.values())

        try:
            wait_until(agree, AGREE_S, "all agree")
        except AssertionError as e:
            raise AssertionError(f"likes {dict(likes)} views {views}: {seen}") from e

    @staticmethod
    def audit(central):
        said = run_program("kudos-central", "audit", "--url", central.url).stdout
        assert said.splitlines()[-1].endswith("verdict=exact"), said[-2000:]


class Likes:
    """A client on one connection: a new user likes an item, and so on; every tenth request is a view. While nobody answers it tries again."""

    def __init__(self, journal, edge, views=True):
        self.journal, self.edge, self.views = journal, edge, views
        self.stopping = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopping.set()
        self.thread.join()
        if self.error and not error[0]:
            raise self.error

    def run(self):
        try:
            while not self.stopping.is_set():
                connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=15)
                try:
                    while not self.stopping.is_set():
                        self.one(connection)
                except (OSError, http.client.HTTPException):
                    self.stopping.wait(0.05)
                finally:
                    connection.close()
        except BaseException as e:  # shown where it is joined
            self.error = e

    def one(self, connection):
        j, n = self.journal, next(self.journal.numbers)
        item, user = ITEMS[n * 7 % len(ITEMS)], f"{self.edge.name}-{n}"
        sums = self.views and n % 10 == 0
        with j.lock:
            if sums:
                j.doubtful_views += 1
            else:
                j.tried.add((item, user))
        connection.request("POST", f"/v1/{item}/{'view' if sums else 'like'}", headers={"X-User-Id": user})
        answer = connection.getresponse()
        body = answer.read()
        with j.lock:
            if sums:
                j.doubtful_views -= 1  # an answer: no doubt
            if answer.status == 200 and sums:
                j.views[item] += 1
                j.viewed.append((item, self.edge.name, time.monotonic()))
            elif answer.status == 200:
                j.acked[item, user] = (self.edge.name, time.monotonic())
            else:
                assert answer.status == 503 and json.loads(body)["retry_after_s"] >= 1, (answer.status, body)
                j.refused[self.edge.name] += 1
        if answer.status != 200:
            self.stopping.wait(0.05)
