"""Who asks for items that nobody has ever liked, as fast as it can, takes neither the memory of those that are liked nor another client's answers."""
import http.client
import json
import threading
import time

import pytest

from proc import SLOWER, Broker, Central, Edge, wait_until

PARTITIONS = 4
ROOM, LIKED, FLOOD, PER_S = 4000, 400, 15000 // SLOWER, 1000


@pytest.fixture
def edge(tmp_path):
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "100ms", "items_max": ROOM}, "central": {"asks_per_client": PER_S}}) as e:
        yield e


class Client:
    """A connection from an address of its own, without a user."""

    def __init__(self, edge, address):
        self.connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30, source_address=(address, 0))

    def likes(self, items):
        self.connection.request("GET", "/v1/counts?items=" + ",".join(items))
        response = self.connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return [item["counts"]["like"] for item in json.loads(body)["items"]]

    def counts(self, items):
        return [like["count"] for like in self.likes(items)]


def like_all(edge, items):
    for at in range(0, len(items), 200):
        answer = edge.post("/v1/likes", user="ann", body={"operations": [{"item": i, "op": "like"} for i in items[at:at + 200]]})
        assert answer.status == 200
    client = Client(edge, "127.0.0.3")
    merged = {"count": 1, "display": "1", "pending": 0}
    wait_until(lambda: all(client.likes(items[at:at + 200]) == [merged] * 200 for at in range(0, len(items), 200)), 30, "merged")


def test_a_flood_of_unknown_items_costs_the_flooder_alone(edge):
    liked = [f"posts/liked-{n}" for n in range(LIKED)]
    like_all(edge, liked)
    began, told, errors = time.monotonic(), [], []

    def flood(part):
        try:
            client = Client(edge, "127.0.0.1")
            for at in range(0, FLOOD // 3, 200):
                told.extend(client.counts([f"posts/nothing-{part}-{at + n}" for n in range(200)]))
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=flood, args=(part,)) for part in range(3)]
    for t in threads:
        t.start()
    honest, cold, n = Client(edge, "127.0.0.2"), [], 0
    while any(t.is_alive() for t in threads):
        n += 1
        if n < PER_S // 2:  # within its own budget
            cold.extend(honest.counts([f"posts/cold-{n}"]))
        else:
            assert honest.counts(liked[:1]) == [1]
    for t in threads:
        t.join()
    seconds = time.monotonic() - began
    assert not errors, errors
    assert len(cold) > 10 and set(cold) == {0}, "another address has its answers"
    assert set(told) == {0, None} and len(told) == FLOOD, "what is over the budget is not known now"
    # A number is not known either where central did not answer in time, as on a busy machine.
    wait_until(lambda: FLOOD // 10 < edge.metric("kudos_edge_asks_over_budget_total") <= told.count(None), 5, "the metric")
    assert told.count(0) <= PER_S * (seconds + 1.1)
    assert seconds > told.count(None) / PER_S / 2, "whoever asks for more than its budget waits"
    assert edge.metric("kudos_edge_items") <= ROOM
    assert edge.metric("kudos_edge_items_probation") <= ROOM / 2
    miss = 'kudos_edge_counts_lookups_total{result="miss"}'
    misses = edge.metric(miss)
    assert Client(edge, "127.0.0.1").counts(liked[:200]) == [1] * 200, "numbers that are known need no budget"
    assert honest.counts(liked[200:]) == [1] * 200
    hit = edge.metric('kudos_edge_counts_lookups_total{result="hit"}')
    assert hit >= LIKED and edge.metric(miss) == misses, "nobody was pushed out"


def test_users_of_a_gateway_have_budgets_of_their_own(edge):
    """A gateway's address stands for many; who names a user in vain (not trusted) is an address again."""
    edge.stop()
    edge.set({"central": {"asks_per_client": 20}})
    edge.start()
    none = [edge.post(f"/v1/posts/one-user-{n}/like", user="ann").json["count"] for n in range(100)].count(None)
    assert none > 20, "his likes are taken, and the number is not known now"
    assert [edge.post(f"/v1/posts/users-{n}/like", user=f"u{n}").json["count"] for n in range(100)].count(None) == 0

