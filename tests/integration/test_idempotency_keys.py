"""An idempotency key belongs to one request at an edge: whichever shards its items are in, single or many at once, also after kill -9."""
import collections
import json
import socket
import subprocess
import threading

import pytest

from proc import Broker, Edge, program, wait_until

PARTITIONS = 4
MAX = 64000  # the least edge.idempotency_max
BATCH = 1000  # operations: the largest batch
REUSED = (422, "key-reused")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def edge(broker, tmp_path):
    bounds = {"edge": {"idempotency_ttl": "1h", "idempotency_max": MAX}}
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more=bounds) as e:
        yield e


def taken(edge):
    """Operations that were taken since the start."""
    return sum(edge.metric(f'kudos_edge_operations_total{{op="{op}"}}') for op in ("like", "unlike", "add"))


def shard_items(edge, count=2):
    """`count` items of each of the two shards. The shard of a request's connection hands over what is the other's, and counts that."""
    items, handed, n = ([], []), "kudos_edge_parts_handed_over_total", 0
    with socket.create_connection(("127.0.0.1", edge.port), timeout=15) as s:  # one connection: all of its requests begin at one shard
        f = s.makefile("rb")
        while min(map(len, items)) < count:
            n += 1
            before = edge.metric(handed)
            s.sendall(f"GET /v1/posts/shard-{n}/counts HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            length = 0
            while (line := f.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            f.read(length)
            items[int(edge.metric(handed) - before)].append(f"shard-{n}")
    return items[0][:count], items[1][:count]


def like(edge, item, key, user="ann"):
    answer = edge.post(f"/v1/posts/{item}/like", user=user, headers={"Idempotency-Key": key})
    return answer.status if answer.status == 200 else (answer.status, answer.problem)


def many(edge, items, key, user="ann"):
    body = {"operations": [{"item": f"posts/{i}", "op": "like"} for i in items]}
    answer = edge.post("/v1/likes", user=user, body=body, headers={"Idempotency-Key": key})
    return answer.status if answer.status == 200 else (answer.status, answer.problem)


def test_a_key_is_of_one_request_whichever_shards_its_items_are_in(edge):
    (a, b), (c, d) = shard_items(edge)
    assert like(edge, a, "one") == 200
    assert like(edge, c, "one") == REUSED, "an item of the other shard"
    assert like(edge, b, "one") == REUSED
    assert like(edge, a, "one") == 200, "a retry"
    assert like(edge, c, "one", user="bob") == 200, "keys are a user's own"
    assert like(edge, c, "two") == 200
    assert like(edge, a, "two") == REUSED
    wait_until(lambda: taken(edge) == 3, 20, "operations")


def test_a_key_is_of_one_request_single_or_many_at_once(edge):
    (a, b), (c, d) = shard_items(edge)
    assert like(edge, a, "single") == 200
    assert many(edge, [a], "single") == REUSED
    assert many(edge, [c], "single") == REUSED
    assert many(edge, [a, c], "many") == 200
    assert many(edge, [a, c], "many") == 200, "a retry"
    assert many(edge, [c, a], "many") == REUSED, "another order"
    assert many(edge, [c], "many") == REUSED
    assert many(edge, [b, d], "many") == REUSED
    for item in (a, b, c, d):
        assert like(edge, item, "many") == REUSED
    wait_until(lambda: taken(edge) == 3, 20, "operations")


def test_keys_stand_after_kill_9(edge):
    (a, b), (c, d) = shard_items(edge)
    assert like(edge, a, "single") == 200
    assert many(edge, [a, c], "many") == 200
    edge.kill9()
    edge.start()
    assert like(edge, c, "single") == REUSED
    assert many(edge, [c], "single") == REUSED
    assert like(edge, d, "many") == REUSED
    assert many(edge, [c, a], "many") == REUSED
    assert like(edge, a, "single") == 200
    assert many(edge, [a, c], "many") == 200
    wait_until(lambda: edge.metric("kudos_edge_operations_retried_total") == 3, 20, "retries")
    assert taken(edge) == 0


def test_of_requests_with_one_key_at_one_moment_exactly_one_is_taken(edge):
    (a, b), (c, d) = shard_items(edge)
    for n in range(40):
        told, gate = collections.Counter(), threading.Barrier(4)

        def client(item):
            gate.wait()
            told[like(edge, item, f"race-{n}")] += 1

        threads = [threading.Thread(target=client, args=(item,)) for item in (a, b, c, d)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert told == {200: 1, REUSED: 3}, n
    wait_until(lambda: taken(edge) == 40, 20, "operations")


def test_a_refused_request_leaves_its_key_free(edge):
    (a, b), (c, d) = shard_items(edge)
    bad = edge.post(f"/v1/posts/{a}/view", user="ann", body=json.dumps({"amount": 0}), headers={"Idempotency-Key": "free"})
    assert bad.status == 400
    assert like(edge, c, "free") == 200
    assert like(edge, a, "free") == REUSED


def viewed(edge, item, key, user="ann"):
    """Asks to add 1 to a sum; what the edge then has of it."""
    answer = edge.post(f"/v1/posts/{item}/view", user=user, headers={"Idempotency-Key": key})
    assert answer.status == 200, answer
    return answer.json["pending"]


def fill(edge, item, name, batches):
    """Uses up a thousand keys with each batch, all at the shard of one item."""
    for n in range(batches):
        assert many(edge, [item] * BATCH, f"{name}-{n}", user="bob") == 200


def test_one_shard_may_have_all_keys_of_the_edge(edge):
    """The keys of a hot item are at one shard, which then remembers nearly all: more than its even part, also after kill -9."""
    (a, _), (c, d) = shard_items(edge)
    assert viewed(edge, a, "sum") == 1
    assert many(edge, [a, c], "many") == 200
    fill(edge, a, "before", MAX // BATCH - 2)
    for _ in range(2):
        assert viewed(edge, a, "sum") == 1, "a retry"
        assert many(edge, [a, c], "many") == 200
        assert like(edge, c, "sum") == REUSED
        assert like(edge, d, "many") == REUSED
        edge.kill9()
        edge.start()
    assert like(edge, d, "other") == 200
    fill(edge, c, "after", 2)
    wait_until(lambda: viewed(edge, a, "sum") == 2, 20, "the oldest key of all shards makes room")


def test_the_largest_batch_at_one_shard_is_remembered(edge):
    """A like and an unlike of one item, the first and the last operation: half of it taken again would turn its last word round."""
    (a, _), _ = shard_items(edge)
    ops = [{"item": f"posts/{a}", "op": "like" if n % 2 == 0 else "unlike"} for n in range(BATCH)]

    def ask():
        answer = edge.post("/v1/likes", user="ann", body={"operations": ops}, headers={"Idempotency-Key": "large"})
        assert answer.status == 200, answer
        return [(r["liked"], r["changed"]) for r in answer.json["results"]]

    first = ask()
    fill(edge, a, "others", MAX // BATCH - 2)
    assert ask() == first
    wait_until(lambda: edge.metric("kudos_edge_operations_retried_total") == BATCH, 20, "retries")
    wait_until(lambda: taken(edge) == MAX - BATCH, 20, "operations")


def test_fewer_keys_than_the_largest_batches_are_refused_by_name(broker, tmp_path):
    few = Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"edge": {"idempotency_max": MAX - 1}})
    checked = subprocess.run([program("kudos-edge"), "-t", "-c", few.config], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 2 and "idempotency_max" in checked.stderr, checked
