"""edge.acknowledge = log: an answer waits until Kafka has the operation, says what it knows when that comes late, and no destroyed disk loses it."""
import shutil
import signal
import threading

import pytest

from proc import Broker, Central, Edge, wait_until

PARTITIONS = 4
UNKNOWN = "unknown whether the log has it"


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path / "kafka", PARTITIONS) as b:
        yield b
        b.signal(signal.SIGCONT)


@pytest.fixture
def central(broker, tmp_path):
    with Central(tmp_path / "central", broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as c:
        yield c


def known(edge):
    """Central has merged a batch of this edge in all partitions: before that it cannot know how far an earlier life of it has gone."""
    batch = {"operations": [{"item": f"posts/known-{n}", "op": "like"} for n in range(40)]}
    answer = edge.post("/v1/likes", user="someone", body=batch)
    return answer.status == 200 and answer.json.get("durable", "log") == "log"


@pytest.fixture
def make(broker, central, tmp_path):
    made = []

    def edge(deadline="20s", **more):
        options = {"edge": {"acknowledge": "log", "acknowledge_deadline": deadline, "flush_interval": "50ms", "resend_min": "200ms", **more}}
        e = Edge(tmp_path / "edge", broker.address, partitions=PARTITIONS, more=options)
        made.append(e)
        e.start()
        wait_until(lambda: known(e), 30, "central has merged a batch of each partition")
        return e

    yield edge
    for e in made:
        e.kill9()


def like(edge, item, key=None, user="ann"):
    return edge.post(f"/v1/posts/{item}/like", user=user, headers={"Idempotency-Key": key} if key else None)


def view(edge, item, key):
    return edge.post(f"/v1/posts/{item}/view", user="ann", headers={"Idempotency-Key": key})


def refused(answer):
    return answer.status == 504 and answer.problem == "log-unconfirmed" and UNKNOWN in answer.json["detail"]


def test_an_answer_says_that_the_log_has_it(make):
    edge = make()
    assert like(edge, 1).json["durable"] == "log"
    batch = {"operations": [{"item": f"posts/{n}", "op": "like"} for n in range(40)]}
    answer = edge.post("/v1/likes", user="bob", body=batch).json
    assert answer["durable"] == "log" and len(answer["results"]) == 40
    assert not any("durable" in r for r in answer["results"])


def test_with_the_disk_alone_nothing_is_told(make):
    edge = make(acknowledge="disk")
    assert "durable" not in like(edge, 1).json
    assert "durable" not in edge.post("/v1/likes", user="bob", body={"operations": [{"item": "posts/1", "op": "like"}]}).json


def test_without_kafka_the_answer_is_unknown_and_the_key_finds_out(broker, make):
    edge = make(deadline="300ms")
    wait_until(lambda: view(edge, 1, "k0").status == 200, 20, "Kafka takes it within the deadline, or has it when it is asked again")
    broker.signal(signal.SIGSTOP)
    late = edge.metric("kudos_edge_log_late_total")
    assert refused(view(edge, 1, "k1"))
    assert refused(view(edge, 1, "k1")), "a retry waits anew"
    assert edge.metric("kudos_edge_log_late_total") == late + 2
    broker.signal(signal.SIGCONT)
    wait_until(lambda: view(edge, 1, "k1").status == 200, 20, "Kafka has taken it")
    assert view(edge, 1, "k1").json["durable"] == "log"
    wait_until(lambda: edge.metric('kudos_edge_operations_total{op="add"}') == 2, 20, "taken once for each key")
    wait_until(lambda: like(edge, 1).json.get("durable") == "log", 20, "Kafka takes likes within the deadline again")


def test_a_late_answer_may_rest_on_the_disk(broker, make):
    edge = make(deadline="300ms", acknowledge_late="disk")
    broker.signal(signal.SIGSTOP)
    answer = like(edge, 1)
    assert (answer.status, answer.json["durable"]) == (200, "disk")
    items = {"operations": [{"item": f"posts/{n}", "op": "like"} for n in range(8)]}
    assert edge.post("/v1/likes", user="bob", body=items).json["durable"] == "disk"


def test_after_kill_9_the_key_still_finds_out(broker, make):
    edge = make(deadline="300ms")
    broker.signal(signal.SIGSTOP)
    assert refused(view(edge, 1, "k1"))
    edge.kill9()
    broker.signal(signal.SIGCONT)
    edge.start()
    wait_until(lambda: view(edge, 1, "k1").status == 200, 20, "it was sent by the new process")
    assert edge.metric('kudos_edge_operations_total{op="add"}') == 0, "it was taken by the process before"


def test_a_drain_answers_those_that_wait(broker, make):
    edge = make(deadline="60s", drain_timeout="2s")
    broker.signal(signal.SIGSTOP)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(like(edge, 1)))
    waiting.start()
    wait_until(lambda: edge.metric("kudos_edge_log_waiting") == 1, 20, "it waits for the log")
    edge.signal(signal.SIGTERM)
    waiting.join(30)
    assert refused(answers[0])
    edge.wait()


def test_a_destroyed_disk_loses_nothing_that_was_answered(central, make):
    edge = make()
    central.kill9()
    items = {"operations": [{"item": f"posts/{n}", "op": "like"} for n in range(20)]}
    for user in range(5):
        assert edge.post("/v1/likes", user=f"u{user}", body=items).json["durable"] == "log"
    assert view(edge, 0, "k1").json["durable"] == "log"
    edge.kill9()
    shutil.rmtree(edge.data)
    edge.start()
    waits = threading.Thread(target=lambda: answers.append(like(edge, 99)))
    answers = []
    waits.start()
    wait_until(lambda: edge.metric("kudos_edge_log_waiting") == 1, 20, "the emptied edge waits for central")
    central.start()
    waits.join(30)
    assert answers[0].json["durable"] == "log"

    def counted():
        answer = counts(edge)
        return all(answer[n]["like"]["count"] == 5 for n in range(20)) and answer[0]["view"]["count"] == 1

    edge.set({"central": {"url": central.url}})
    edge.kill9()
    edge.start()
    wait_until(counted, 60, "central has all of it")


def counts(edge):
    items = edge.post("/v1/counts", body={"items": [f"posts/{n}" for n in range(20)]}).json["items"]
    return [i["counts"] for i in items]
