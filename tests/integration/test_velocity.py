"""Velocities of the items that a feed names: beside their counts, at central and, from its cache, at an edge."""
import pytest

from proc import Broker, Central, Edge, wait_until

PARTITIONS = 4
MORE = {"central": {"snapshot_interval": "100ms"}}
HOT, COLD, NEVER = "posts/hot", "reels/cold", "posts/never"


@pytest.fixture
def here(tmp_path):
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS, more=MORE) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "5s"}}) as edge:
        yield edge, central


def like(edge, item, users):
    for user in users:
        assert edge.post(f"/v1/{item}/like", user=user).status == 200


def bulk(program, items, velocity="10m"):
    answer = program.get(f"/v1/counts?items={','.join(items)}&velocity={velocity}")
    assert answer.status == 200, answer
    return answer.json["items"]


def told(item):
    return item["counts"]["like"]["velocity"], item["counts"]["like"]["velocity_at_most"]


def like_some(edge, central):
    like(edge, HOT, ["ann", "bob", "cid"])
    like(edge, COLD, ["ann", "bob"])
    assert edge.delete(f"/v1/{COLD}/like", user="ann").status == 200
    wait_until(lambda: [told(i) for i in bulk(central, [HOT, COLD])] == [(3, 3), (1, 1)], what="merged")


def test_central_tells_the_likes_of_the_last_minutes_beside_the_counts(here):
    edge, central = here
    like_some(edge, central)
    hot, cold, never = bulk(central, [HOT, COLD, NEVER])
    assert told(hot) == (3, 3) and told(cold) == (1, 1) and told(never) == (0, 0)
    assert hot["counts"]["like"]["count"] == 3 and hot["velocity_age_ms"] == 0
    assert hot["counts"]["view"]["velocity"] is None, "nobody knows when a view came"
    plain = central.get(f"/v1/counts?items={HOT}").json["items"][0]
    assert "velocity" not in plain["counts"]["like"] and "velocity_age_ms" not in plain


def test_velocities_are_charged_as_the_work_that_they_are(here):
    """A window of a partition is read for each counter, as long as a thousand reads of counts take."""
    _, central = here
    feed = [f"posts/{i}" for i in range(40)]

    def cost(query):
        before = central.metric("kudos_central_http_work_total")
        assert central.get(f"/v1/counts?items={','.join(feed)}{query}").status == 200
        wait_until(lambda: central.metric("kudos_central_http_work_total") > before, 10, "it is charged")
        return central.metric("kudos_central_http_work_total") - before

    plain, windows = cost(""), cost("&velocity=10m")
    assert 40 <= plain < 400 and windows >= 500 + plain, (plain, windows)


def test_an_edge_asks_once_for_a_whole_feed_and_answers_from_what_it_heard(here):
    edge, central = here
    like_some(edge, central)
    feed = [HOT, COLD, *(f"posts/{i}" for i in range(48))]
    first = bulk(edge, feed)
    assert [i["item"] for i in first] == feed
    assert told(first[0]) == (3, 3) and told(first[1]) == (1, 1) and told(first[2]) == (0, 0)
    asks = edge.metric("kudos_edge_velocity_asks_total")
    assert 1 <= asks <= 2, "one question a shard"
    assert [told(i) for i in bulk(edge, feed)] == [told(i) for i in first]
    posted = edge.post("/v1/counts?velocity=10m", body={"items": feed[:3], "me": True}, user="ann")
    assert [told(i) for i in posted.json["items"]] == [(3, 3), (1, 1), (0, 0)], posted
    assert [i["liked"] for i in posted.json["items"]] == [True, False, False]
    assert edge.metric("kudos_edge_velocity_asks_total") == asks, "they were fresh"


def test_while_central_is_away_an_edge_tells_the_old_number_with_its_age_and_null_of_others(here):
    edge, central = here
    like_some(edge, central)
    assert told(bulk(edge, [HOT], "1m")[0]) == (3, 3)
    central.kill9()
    wait_until(lambda: bulk(edge, [HOT], "1m")[0]["velocity_age_ms"] > 1000, what="an old number")
    hot, other = bulk(edge, [HOT, NEVER], "1m")
    assert told(hot) == (3, 3)
    assert told(other) == (None, None) and other["velocity_age_ms"] is None
    central.start()
    wait_until(lambda: told(bulk(edge, [NEVER], "1m")[0]) == (0, 0), what="central again")


def test_a_window_that_is_none_is_refused_alike_by_both(here):
    for program in here:
        for query in ("velocity=2m", "velocity=", "velocity=1m&velocity=1h"):
            answer = program.get(f"/v1/counts?items={HOT}&{query}")
            assert answer.status == 400 and answer.problem == "invalid-request", (query, answer)
        posted = program.post("/v1/counts?velocity=2m", body={"items": [HOT]})
        assert posted.status == 400 and posted.problem == "invalid-request", posted


def test_of_a_counter_whose_velocities_central_does_not_keep_null_is_told(tmp_path):
    more = {"central": {"snapshot_interval": "100ms", "trending": "reels/like"}}
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS, more=more) as central:
        hot, cold = bulk(central, [HOT, COLD])
        assert told(hot) == (None, None) and told(cold) == (0, 0)
