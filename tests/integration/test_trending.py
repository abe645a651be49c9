"""What is trending, asked from outside: at central over all partitions, at an edge from its cache, over kills, and while central is away."""
import threading

import packed
import pytest

from proc import Broker, Central, Edge, wait_until

PARTITIONS = 4
PATH = "/v1/trending?collection=posts&counter=like&window=10m"
MORE = {"central": {"snapshot_interval": "100ms"}}


@pytest.fixture
def here(tmp_path):
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS, more=MORE) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "5s"}}) as edge:
        yield edge, central


def ask(program, path=PATH, status=200):
    answer = program.get(path)
    assert answer.status == status, answer
    return answer.json


def listed(answer):
    return [(i["item"], i["velocity"]) for i in answer["items"]]


def like(edge, item, users):
    for user in users:
        assert edge.post(f"/v1/{item}/like", user=user).status == 200


def like_some(edge, central):
    like(edge, "posts/cold", ["ann"])
    like(edge, "posts/hot", ["ann", "bob", "cid"])
    like(edge, "posts/warm", ["ann", "bob"])
    assert edge.delete("/v1/posts/cold/like", user="ann").status == 200
    wait_until(lambda: listed(ask(central)) == [("posts/hot", 3), ("posts/warm", 2)], what="merged")


def test_central_lists_what_gains_likes_fastest_and_says_what_may_be_missing(here):
    edge, central = here
    like_some(edge, central)
    answer = ask(central)
    assert answer["collection"] == "posts" and answer["counter"] == "like" and answer["window"] == "10m"
    assert all(i["velocity"] == i["at_most"] for i in answer["items"]) and answer["missing_at_most"] == 0
    assert answer["complete"] is True and answer["age_ms"] == 0 and answer["source"] == "central"
    one = ask(central, PATH + "&limit=1")
    assert listed(one) == [("posts/hot", 3)] and one["missing_at_most"] == 2, "the one that the limit leaves out"
    packed_answer = central.request("GET", PATH, headers={"Accept": "application/msgpack"})
    read = packed.unpack(packed_answer.body)
    assert {**read, "since": "", "as_of": ""} == {**ask(central), "since": "", "as_of": ""}


def test_a_kill_of_central_changes_nothing_of_the_answer(here):
    edge, central = here
    like_some(edge, central)
    before = listed(ask(central))
    central.kill9()
    central.start()
    assert listed(ask(central)) == before


def test_an_edge_asks_once_for_all_who_wait_and_goes_on_with_what_it_heard(here):
    edge, central = here
    like_some(edge, central)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(edge.get(PATH + "&limit=50"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status for a in answers] == [200] * 20
    assert edge.metric("kudos_edge_trending_asks_total") == 1
    first = answers[0].json
    assert listed(first) == [("posts/hot", 3), ("posts/warm", 2)] and first["source"] == "edge"
    assert answers[0].headers["cache-control"] == "public, max-age=5, stale-while-revalidate=5, stale-if-error=60"
    assert answers[0].headers["vary"] == "accept"
    central.kill9()
    path = PATH.replace("10m", "1m")
    problem = edge.get(path)
    assert problem.status == 503 and problem.problem == "central-unavailable", problem
    wait_until(lambda: ask(edge)["age_ms"] > 5000, what="an old answer")
    assert listed(ask(edge)) == listed(first)
    assert edge.get(PATH).headers["cache-control"] == "public, max-age=1"
    central.start()
    wait_until(lambda: ask(edge)["age_ms"] < 5000, what="a new answer")


def test_what_cannot_be_asked_is_refused_alike_by_both(here):
    for program in here:
        for query, status, slug in (("", 400, "invalid-request"), ("collection=nowhere", 404, "unknown-collection"),
                                    ("collection=posts&counter=nothing", 404, "unknown-counter"),
                                    ("collection=posts&counter=view", 404, "unknown-counter"),
                                    ("collection=posts&window=2m", 400, "invalid-request"),
                                    ("collection=posts&limit=51", 400, "invalid-request"),
                                    ("collection=posts&limit=0", 400, "invalid-request")):
            answer = program.get("/v1/trending?" + query)
            assert answer.status == status and answer.problem == slug, (query, answer)


def test_a_counter_that_central_does_not_keep_is_not_found_at_both(tmp_path):
    more = {"central": {"snapshot_interval": "100ms", "trending": "reels/like"}}
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS, more=more) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url) as edge:
        for program in (central, edge):
            answer = program.get(PATH)
            assert answer.status == 404 and answer.problem == "not-found", answer
        assert ask(edge, PATH.replace("posts", "reels"))["items"] == []
