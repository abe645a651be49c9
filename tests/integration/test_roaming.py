"""A user goes on at another edge with his session token: what numbers, answers and `liked` say then, on the real programs."""
import os
import signal

import pytest

from proc import Broker, Central, Edge, wait_until

PARTITIONS = 2
DRIFT = "50ms"


class User:
    """Carries his session token from edge to edge."""

    def __init__(self, name):
        self.name, self.token = name, None

    def _headers(self):
        return {"Kudos-Session": self.token} if self.token else {}

    def _said(self, answer):
        assert answer.status == 200, answer
        self.token = answer.headers["kudos-session"]
        return answer.json

    def likes(self, edge, item):
        return self._said(edge.post(f"/v1/{item}/like", user=self.name, headers=self._headers()))

    def unlikes(self, edge, item):
        return self._said(edge.delete(f"/v1/{item}/like", user=self.name, headers=self._headers()))

    def asks(self, edge, item):
        """`liked` as GET says it. GET, lookup and `me` are asked one after the other: what one of them knows, the later ones say too."""
        one = edge.get(f"/v1/{item}/like", user=self.name, headers=self._headers()).json
        looked = edge.post("/v1/likes/lookup", user=self.name, headers=self._headers(), body={"items": [item]}).json["items"][0]
        me = edge.post("/v1/counts", user=self.name, headers=self._headers(), body={"items": [item], "me": True}).json["items"][0]
        told = [answer["liked"] for answer in (one, looked, me)]
        while told[0] is None and len(told) > 1:  # central may have heard of it between two questions
            told.pop(0)
        assert len(set(told)) == 1, (one, looked, me)
        return one


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Central, which collects tombstones after a second, and edges a, b and slow; the last one sends a batch every two seconds."""
    directory = tmp_path_factory.mktemp("roaming")
    path = os.path.join(str(directory), "session.secret")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
        f.write("00112233445566778899aabbccddeeff")
    with Broker(directory, PARTITIONS) as broker, Central(
            directory, broker.address, partitions=PARTITIONS,
            more={"central": {"snapshot_interval": "100ms", "tombstone_ttl": "1s", "backups": "none", "drift_bound": DRIFT}}) as central:
        edges = [Edge(directory, broker.address, name=name, region=name, partitions=PARTITIONS, central=central.url,
                      more={"edge": {"flush_interval": flush, "idle_interval_max": "5s"}, "clock": {"drift_bound": DRIFT}, "http": {"session_secret": path}})
                 for name, flush in (("a", "100ms"), ("b", "100ms"), ("slow", "2s"))]
        with edges[0], edges[1], edges[2]:
            yield (central, *edges)


def shown(edge, item):
    return edge.get(f"/v1/{item}/counts").json["counts"]["like"]


def settled(edges, item, count):
    want = {"count": count, "display": str(count), "pending": 0}
    wait_until(lambda: all(shown(e, item) == want for e in edges), 30, f"{item} == {count} at all edges")


class Away:
    """Central stands still: nothing of the edges is confirmed meanwhile."""

    def __init__(self, central):
        self.central = central

    def __enter__(self):
        self.central.signal(signal.SIGSTOP)

    def __exit__(self, *_):
        self.central.signal(signal.SIGCONT)


def test_an_unlike_that_was_said_elsewhere_before_takes_nobody_elses_like_out_of_the_number(world):
    central, a, b, _ = world
    users = [User(f"u{i}") for i in range(13)]
    for user in users:
        user.likes(a, "posts/eight")
    settled((a, b), "posts/eight", 13)
    for user in users[8:]:
        user.unlikes(b, "posts/eight")
    settled((a, b), "posts/eight", 8)
    with Away(central):
        for user in users[8:]:
            assert user.unlikes(a, "posts/eight")["changed"] is None
        answer = a.get("/v1/posts/eight/counts").json
        assert answer["as_of"] and answer["counts"]["like"] == {"count": 8, "display": "8", "pending": 5}
    settled((a, b), "posts/eight", 8)


def test_ones_own_like_is_in_the_number_whatever_was_said_elsewhere_before(world):
    central, a, b, _ = world
    ann = User("ann")
    ann.likes(a, "posts/own")
    settled((a, b), "posts/own", 1)
    ann.unlikes(b, "posts/own")
    settled((a, b), "posts/own", 0)
    with Away(central):
        answer = ann.likes(a, "posts/own")
        assert (answer["liked"], answer["changed"], answer["count"], answer["pending"]) == (True, None, 1, 1)
        assert shown(a, "posts/own")["count"] == 1
    settled((a, b), "posts/own", 1)


def test_a_first_like_here_of_who_liked_elsewhere_is_not_told_as_a_change(world):
    _, a, b, _ = world
    bob = User("bob")
    assert bob.likes(a, "posts/first")["changed"] is True
    assert bob.likes(b, "posts/first")["changed"] is None
    assert bob.likes(b, "posts/first")["changed"] is False


def test_a_like_at_another_edge_that_central_does_not_have_yet_is_unknown_not_denied(world):
    _, a, _, slow = world
    eve = User("eve")
    eve.likes(slow, "posts/early")
    assert eve.asks(a, "posts/early")["liked"] is None
    assert eve.asks(slow, "posts/early") == {"item": "posts/early", "liked": True, "source": "edge"}
    told = []
    wait_until(lambda: told.append(eve.asks(a, "posts/early")) or told[-1]["liked"] is not None, 30, "central has it")
    assert told[-1] == {"item": "posts/early", "liked": True, "source": "central"}
    assert {x["liked"] for x in told[:-1]} <= {None}


def test_a_withdrawn_like_stays_withdrawn_when_its_tombstone_is_gone(world):
    central, a, b, _ = world
    kim = User("kim")
    kim.likes(a, "posts/gone")
    settled((a, b), "posts/gone", 1)
    kim.unlikes(b, "posts/gone")
    settled((a, b), "posts/gone", 0)
    assert kim.asks(a, "posts/gone")["liked"] is False

    def gone():
        return "at_us" not in central.get("/v1/posts/gone/like", user="kim").json
    wait_until(gone, 60, "the tombstone is collected")
    wait_until(lambda: kim.asks(a, "posts/gone") == {"item": "posts/gone", "liked": False, "source": "central"}, 30, "central's word")
