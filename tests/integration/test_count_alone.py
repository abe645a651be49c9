"""One number of an item and nothing else, at an edge and at central."""
import packed
import pytest

from proc import Broker, Central, Edge, wait_until

ITEM = "/v1/posts/a"


@pytest.fixture
def here(tmp_path):
    with Broker(tmp_path) as broker, Central(tmp_path, broker.address, more={"central": {"snapshot_interval": "100ms"}}) as central, \
            Edge(tmp_path, broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}}) as edge:
        assert edge.post(f"{ITEM}/like", user="ada").status == 200
        assert edge.post(f"{ITEM}/view", user="ada", body={"amount": 7}).status == 200
        for program in (central, edge):
            wait_until(lambda p=program: p.get(f"{ITEM}/count").json == {"count": 1}, 30, "merged")
        yield edge, central


def test_both_tell_the_number_of_the_counter_that_is_named_or_of_the_first(here):
    for program in here:
        assert program.get(f"{ITEM}/count").json == program.get(f"{ITEM}/count?counter=like").json == {"count": 1}
        assert program.get(f"{ITEM}/count?counter=view").json == {"count": 7}
        assert program.get("/v1/posts/nobody/count").json == {"count": 0}
        small = program.get(f"{ITEM}/count?counter=view", headers={"Accept": "application/msgpack"})
        assert packed.unpack(small.body) == {"count": 7}
        unknown = program.get(f"{ITEM}/count?counter=nothing")
        assert unknown.status == 404 and unknown.problem == "unknown-counter", unknown


def test_an_edge_answers_304_while_the_number_stays(here):
    edge, _ = here
    wait_until(lambda: "kudos-as-of" in edge.get(f"{ITEM}/count").headers, 30, "as_of")
    first = edge.get(f"{ITEM}/count")
    assert first.headers["cache-control"].startswith("public, max-age=")
    held = {"If-None-Match": first.headers["etag"]}
    assert edge.get(f"{ITEM}/count", headers=held).status == 304
    assert edge.get(f"{ITEM}/count?counter=view", headers=held).status == 200
    assert edge.post(f"{ITEM}/like", user="bob").status == 200
    assert edge.get(f"{ITEM}/count", headers=held).json == {"count": 2}


def test_where_nothing_is_known_the_number_is_null_and_not_kept(tmp_path):
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, central="http://127.0.0.1:1") as edge:
        answer = edge.get(f"{ITEM}/count")
        assert answer.json == {"count": None} and answer.headers["cache-control"] == "no-store"
