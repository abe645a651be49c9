"""How much a user may do at an edge: limits, their headers and refusals, batches that fit in part, what is free, reloads, and velocity."""
import concurrent.futures
import re
import signal
import time

import pytest

from proc import SLOWER, Broker, Edge, SyncOrder, edges, wait_until

PARTITIONS = 4
WAIT_S = 20 * SLOWER


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def start(broker, tmp_path):
    """An edge with these limits: start({"user": "5/1m"}, collections={...}, more={...})."""
    with edges(tmp_path, broker) as make:
        yield lambda limits, collections=None, more=None: make(
            more={"limits": limits, "limits-collections": collections or {}, **(more or {})}).start()


def like(edge, n, user="ann", key=None, **kw):
    return edge.post(f"/v1/posts/{n}/like", user=user, headers={"Idempotency-Key": key} if key else None, **kw)


def many(edge, items, user="ann", key=None):
    body = {"operations": [{"item": i, "op": "like"} for i in items]}
    return edge.post("/v1/likes", user=user, body=body, headers={"Idempotency-Key": key} if key else None)


def left(answer):
    """name -> (r, t) of the header RateLimit."""
    found = re.findall(r'"([a-z0-9_-]+)";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert ", ".join(f'"{n}";r={r};t={t}' for n, r, t in found) == answer.headers["ratelimit"]
    return {n: (int(r), int(t)) for n, r, t in found}


def refused(answer):
    """The seconds of a 429 that is whole."""
    assert (answer.status, answer.problem) == (429, "rate-limited"), answer
    wait_s = answer.json["retry_after_s"]
    assert wait_s >= 1 and answer.headers["retry-after"] == str(wait_s), answer
    return wait_s


def check_taken(edge, n):
    """So many operations were taken since the start. A shard tells that some milliseconds later."""
    wait_until(lambda: edge.metric("kudos_edge_operations_total") == n, WAIT_S, f"{n} operations")


# ---- one operation at a time ----

def test_by_default_a_user_has_a_hundred_a_minute_and_a_thousand_an_hour(start):
    edge = start({"user": None})
    answer = like(edge, 1)
    assert answer.status == 200
    assert answer.headers["ratelimit-policy"] == '"user";q=100;w=60, "user-1h";q=1000;w=3600'
    told = left(answer)
    assert (told["user"][0], told["user-1h"][0]) == (99, 999)
    assert 60 <= told["user"][1] <= 66 and 3600 <= told["user-1h"][1] <= 3928
    assert like(edge, 2, user="bob").headers["ratelimit"].startswith('"user";r=99;')
    assert "ratelimit" not in edge.get("/v1/posts/1/counts").headers
    assert "ratelimit" not in edge.get("/v1/posts/1/like", user="ann").headers


def test_beyond_the_limit_429_says_when_to_come_again_and_that_is_true(start):
    edge = start({"user": "3/3s, 100/1h"})
    begun = time.monotonic()
    told = [left(like(edge, n))["user"][0] for n in range(3)]
    assert told == [2, 1, 0]
    answer = like(edge, 4)
    wait_s = refused(answer)
    assert wait_s <= 4 and left(answer)["user"] in [(0, wait_s), (0, wait_s - 1)], answer
    assert answer.headers["ratelimit-policy"] == '"user";q=3;w=3, "user-1h";q=100;w=3600'
    assert answer.json["detail"] == "this user has done as much as the limit allows"
    wait_until(lambda: like(edge, 4).status == 200, wait_s + WAIT_S, "a like after Retry-After")
    assert time.monotonic() - begun >= 3, "three and one within three seconds"
    assert edge.metric('kudos_edge_limited_requests_total{limit="user"}') >= 1
    assert edge.metric('kudos_edge_limited_operations_total{limit="user"}') >= 1


def test_the_longer_window_holds_when_the_shorter_has_room(start):
    edge = start({"user": "3/1s, 4/1h"})
    assert [like(edge, n).status for n in range(3)] == [200] * 3
    wait_until(lambda: like(edge, 5).status == 200, WAIT_S, "the shorter window has room")
    wait_until(lambda: left(like(edge, 6))["user"][0] == 3, WAIT_S, "nothing counts in the shorter window")
    answer = like(edge, 6)
    assert 3600 <= refused(answer) <= 3928
    assert left(answer)["user-1h"][0] == 0


def test_the_limit_is_one_for_all_shards(start):
    edge = start({"user": "20/1h"}, more={"edge": {"shards": 4}})
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda n: like(edge, n).status, range(100)))
    assert (statuses.count(200), statuses.count(429)) == (20, 80)
    check_taken(edge, 20)
    assert like(edge, 1, user="bob").status == 200


def test_likes_unlikes_and_sums_count_and_users_do_not_share(start):
    edge = start({"user": "4/1h"})
    assert left(like(edge, 1))["user"][0] == 3
    assert left(edge.delete("/v1/posts/1/like", user="ann"))["user"][0] == 2
    answer = edge.post("/v1/posts/1/view", user="ann", body={"amount": 500})
    assert left(answer)["user"][0] == 1, "one operation, whatever its amount"
    assert left(like(edge, 1))["user"][0] == 0
    refused(edge.delete("/v1/posts/1/like", user="ann"))
    refused(edge.post("/v1/posts/1/view", user="ann"))
    assert left(like(edge, 1, user="bob"))["user"][0] == 3


def test_users_who_take_turns_are_each_told_what_is_left_of_theirs(start):
    edge = start({"user": "9/1h"}, collections={"reels": "7/1h"}, more={"edge": {"shards": 1}})

    def of(answer, name):
        return left(answer)[name][0]

    assert [of(like(edge, n), "user") for n in range(3)] == [8, 7, 6]
    assert of(like(edge, 1, user="bob"), "user") == 8
    assert [of(like(edge, 4), "user"), of(like(edge, 2, user="bob"), "user"), of(like(edge, 5), "user")] == [5, 7, 4]
    assert of(edge.post("/v1/reels/1/like", user="ann"), "reels") == 6
    both = left(many(edge, ["posts/7", "reels/2", "posts/8", "reels/3"]))
    assert {n: r for n, (r, _) in both.items()} == {"user": 2, "reels": 4}
    assert of(like(edge, 9), "user") == 1


def test_nothing_is_limited_or_told_without_a_limit(start):
    edge = start({"user": ""})
    answers = [like(edge, n) for n in range(120)]
    assert {a.status for a in answers} == {200}
    assert not any("ratelimit" in a.headers or "ratelimit-policy" in a.headers for a in answers)
    assert edge.metric("kudos_edge_limit_slots_used") == 0


# ---- what is free ----

def test_a_retry_with_its_key_is_free_and_answered_when_nothing_is_left(start):
    edge = start({"user": "2/1h"})
    first = like(edge, 1, key="k1")
    for _ in range(5):
        again = like(edge, 1, key="k1")
        assert again.status == 200 and again.json["changed"] is True
        assert left(again)["user"][0] == 1
    assert left(like(edge, 2, key="k2"))["user"][0] == 0
    refused(like(edge, 3, key="k3"))
    again = like(edge, 1, key="k1")
    assert (again.status, again.json["liked"], left(again)["user"][0]) == (200, first.json["liked"], 0)
    check_taken(edge, 2)


def test_what_is_refused_otherwise_is_free(start):
    edge = start({"user": "1000/1h"}, more={"edge": {"outbox_max": "4KiB"}})
    assert left(like(edge, 1, key="k"))["user"][0] == 999
    reused = like(edge, 2, key="k")
    assert (reused.status, reused.problem) == (422, "key-reused")
    assert edge.post("/v1/posts/..bad!/like", user="ann").status == 400
    assert left(like(edge, 1))["user"][0] == 998
    full = wait_until(lambda: next((a for a in [like(edge, 1, user="filler")] if a.status != 200), None), WAIT_S,
                      "a full outbox", pause=0)
    assert (full.status, full.problem) == (503, "outbox-full")
    several = [left(a)["user"] for a in [like(edge, 1, user="carl") for _ in range(5)] if a.status == 503]
    assert several and set(several) == {(1000, 0)}, "a 503 tells the headers, and costs nothing"
    batch = many(edge, ["posts/1"] * 40, user="dora")
    assert (batch.status, batch.problem) == (503, "outbox-full")
    assert left(batch)["user"] == (1000, 0), "of a batch, too"


# ---- batches ----

ITEMS = [f"{'posts' if n % 2 else 'reels'}/{n}" for n in range(10)]


def check_partial(answer, fits, items=ITEMS):
    """Of a batch the first `fits` were taken, each other has its error, all in their order."""
    assert answer.status == 200, answer
    results = answer.json["results"]
    assert [r["item"] for r in results] == items
    for taken in results[:fits]:
        assert taken["liked"] is True and "error" not in taken
    for rest in results[fits:]:
        error = rest["error"]
        assert set(rest) == {"item", "counter", "error"}
        assert (error["type"], error["status"]) == ("urn:kudos:rate-limited", 429)
        assert error["retry_after_s"] >= 1
    return results


def test_a_batch_may_use_up_what_is_left(start):
    edge = start({"user": "7/1h"})
    like(edge, "x")
    results = check_partial(many(edge, ITEMS), 6)
    assert 3600 <= results[-1]["error"]["retry_after_s"] <= 3928
    check_taken(edge, 7)
    assert edge.metric('kudos_edge_limited_operations_total{limit="user"}') == 4
    assert edge.metric('kudos_edge_limited_requests_total{limit="user"}') == 1
    assert all(edge.get(f"/v1/{i}/like", user="ann").json["liked"] for i in ITEMS[:6])
    assert [edge.get(f"/v1/{i}/counts").json["counts"]["like"]["pending"] for i in ITEMS[6:]] == [0] * 4
    refused(many(edge, ITEMS[6:]))
    check_partial(many(edge, ITEMS[:5], user="bob"), 5, ITEMS[:5])


def test_what_did_not_fit_is_part_of_the_answer_of_its_key(start):
    """The same key never takes more than it did the first time, with more room, and after kill -9, which lets all limits begin anew."""
    edge = start({"user": "6/3s"})
    assert [like(edge, n).status for n in "xy"] == [200, 200]
    first = check_partial(many(edge, ITEMS, key="k"), 4)
    wait_until(lambda: left(many(edge, ITEMS, key="k"))["user"][0] == 6, WAIT_S, "room for six")
    for restart in (False, True):
        if restart:
            edge.kill9()
            edge.start()
        again = check_partial(many(edge, ITEMS, key="k"), 4)
        assert [r.get("changed") for r in again] == [r.get("changed") for r in first]
        assert left(many(edge, ITEMS, key="k"))["user"][0] == 6, "a retry is free"
    check_taken(edge, 0)  # since the start
    check_partial(many(edge, ITEMS[4:], key="rest"), 6, ITEMS[4:])
    check_taken(edge, 6)
    reused = many(edge, ITEMS[:4], key="k")
    assert (reused.status, reused.problem) == (422, "key-reused")


def test_when_nothing_fits_the_batch_is_refused_and_its_key_is_free(start):
    edge = start({"user": "2/3s"})
    assert many(edge, ITEMS[:2], key="a").status == 200
    wait_s = refused(many(edge, ITEMS[2:4], key="b"))
    assert wait_s <= 4
    other = wait_until(lambda: next((a for a in [many(edge, ITEMS[4:6], key="b")] if a.status != 429), None), WAIT_S, "room again")
    check_partial(other, 2, ITEMS[4:6])


def test_a_batch_again_while_the_first_is_in_work_is_told_to_wait(broker, tmp_path):
    edge = Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"limits": {"user": "6/1h"}})
    syncs = SyncOrder(edge)
    with edge, concurrent.futures.ThreadPoolExecutor(1) as pool:
        syncs.slow(2)
        first = pool.submit(many, edge, ITEMS, key="k")
        wait_until(lambda: edge.metric("kudos_edge_in_flight") == len(ITEMS), WAIT_S, "the first in work", pause=0.005)
        second = many(edge, ITEMS, key="k")
        assert not first.done() and (second.status, second.problem) == (409, "key-in-flight")
        check_partial(first.result(), 6)
        syncs.end()
        check_partial(many(edge, ITEMS, key="k"), 6)


def test_the_largest_batch_is_told(start):
    edge = start({"user": ""})
    answer = many(edge, [f"posts/{n}" for n in range(1001)])
    assert (answer.status, answer.problem) == (400, "invalid-request")
    assert answer.json["detail"] == "at most 1000 operations in one request"


# ---- collections ----

def test_a_collection_has_its_own_limit_in_place_of_the_users(start):
    edge = start({"user": "5/1h"}, collections={"reels": "2/1m, 3/1h", "stories": ""})
    answer = edge.post("/v1/reels/1/like", user="ann")
    assert answer.headers["ratelimit-policy"] == '"reels";q=2;w=60, "reels-1h";q=3;w=3600'
    assert left(answer)["reels"][0] == 1
    assert left(like(edge, 1))["user"][0] == 4, "reels do not count here"
    assert all("ratelimit" not in edge.post(f"/v1/stories/{n}/like", user="ann").headers for n in range(9))
    items = ["posts/2", "stories/1", "reels/2", "posts/3", "reels/3", "posts/4", "stories/2"]
    batch = many(edge, items)
    results = check_partial(batch, 4, items)
    assert results[4]["error"]["detail"] == "this user has done as much as the limit of the collection allows"
    assert {n: r for n, (r, _) in left(batch).items()} == {"user": 2, "reels": 0, "reels-1h": 1}
    assert edge.metric('kudos_edge_limited_operations_total{limit="collection"}') == 3
    refused(edge.post("/v1/reels/9/like", user="ann"))
    assert like(edge, 9).status == 200


# ---- reload, memory ----

def reload(edge, limits, event="reloaded"):
    before = len(edge.events(event))
    edge.set({"limits": limits})
    edge.signal(signal.SIGHUP)
    wait_until(lambda: len(edge.events(event)) > before, WAIT_S, event)


def policy(edge, n, user):
    return like(edge, n, user=user).headers.get("ratelimit-policy")


def test_a_reload_changes_limits_and_what_is_wrong_changes_nothing(start):
    edge = start({"user": "2/1h"})
    assert [like(edge, n).status for n in range(3)] == [200, 200, 429]
    reload(edge, {"user": "9/1h"})
    wait_until(lambda: policy(edge, 1, "bob") == '"user";q=9;w=3600', WAIT_S, "new limits")
    # Connections are spread over the shards, each of which takes the limits over by itself.
    wait_until(lambda: like(edge, 4).status == 200, WAIT_S, "other windows are counted anew")
    for wrong in ("100", "1/1m, 2/1m", "5/90us"):
        reload(edge, {"user": wrong}, "reload-refused")
    assert policy(edge, 1, "carl") == '"user";q=9;w=3600'
    reload(edge, {"user": ""})
    wait_until(lambda: all(policy(edge, 1, f"dora{n}") is None for n in range(16)), WAIT_S, "no limits, at any shard")
    assert {like(edge, n).status for n in range(20)} == {200}
    assert not edge.events("reload-needs-restart")


def test_requests_in_work_survive_reloads(start):
    edge = start({"user": "100000/1h"})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(like, edge, n) for n in range(300)]
        for n in range(20):
            reload(edge, {"user": f"{100000 + n}/1h"})
        assert {a.result().status for a in asked} == {200}
    assert edge.stop() == 0


def test_a_wrong_collection_is_refused_by_name(start):
    edge = start({"user": "9/1h"})
    before = len(edge.events("reload-refused"))
    edge.set({"limits-collections": {"postz": "1/1m"}})
    edge.signal(signal.SIGHUP)
    said = wait_until(lambda: edge.events("reload-refused")[before:], WAIT_S, "reload-refused")
    assert "limits-collections.postz" in str(said)


def test_of_more_users_than_there_is_room_for_none_is_refused(start):
    edge = start({"user": "2/1h", "users_max": 1000})
    slots = edge.metric("kudos_edge_limit_slots")
    assert 2000 <= slots <= 4096
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(lambda n: like(edge, 1, user=f"u{n}").status, range(5000)))
    assert statuses == {200}
    assert edge.metric("kudos_edge_limit_users_forgotten_total") > 0
    assert 0 < edge.metric("kudos_edge_limit_slots_used") <= slots


# ---- velocity ----

def velocity(edge):
    return edge.admin("/debug/velocity").json["velocity"]


def test_who_is_too_fast_is_counted_and_listed(start):
    edge = start({"user": "", "velocity_user": "10/1h", "velocity_item": "12/1h"})
    assert velocity(edge) == []
    assert {like(edge, n).status for n in range(10)} == {200}
    assert velocity(edge) == []
    assert {like(edge, n).status for n in range(10, 15)} == {200}
    assert {like(edge, "hot", user=f"u{n}").status for n in range(20)} == {200}
    item, user = sorted(velocity(edge), key=lambda f: "user" in f)
    assert (item["item"], item["most"], item["over"]) == ("posts/hot", 20, 8)
    assert (user["user"], user["most"], user["over"]) == ("ann", 15, 5)
    assert 0 < user["since_us"] <= user["last_us"]
    assert edge.metric('kudos_edge_velocity_operations_total{of="user"}') == 5
    assert edge.metric('kudos_edge_velocity_operations_total{of="item"}') == 8
    assert many(edge, [f"posts/{n}" for n in range(40)], user="bulk").status == 200
    assert [f["most"] for f in velocity(edge) if f.get("user") == "bulk"] == [40]
    assert not edge.events("velocity"), "no line for each"


def test_the_list_is_bounded(start):
    edge = start({"user": "", "velocity_user": "1/1h"})
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: like(edge, 1, user=f"u{n // 2}"), range(200)))
    listed = velocity(edge)
    assert len(listed) == 64
    order = [(f["last_us"] // 1000000, f["most"]) for f in listed]
    assert order == sorted(order, reverse=True)


def test_who_is_too_fast_is_refused_where_that_is_wanted(start):
    edge = start({"user": "", "velocity_user": "5/3s", "velocity_refuse": "true"})
    assert [like(edge, n).status for n in range(5)] == [200] * 5
    answer = like(edge, 6)
    wait_s = refused(answer)
    assert answer.json["detail"].startswith("velocity: ") and "ratelimit" not in answer.headers
    assert edge.metric('kudos_edge_limited_requests_total{limit="velocity"}') == 1
    wait_until(lambda: like(edge, 6).status == 200, wait_s + WAIT_S, "a like after Retry-After")
    items = [f"posts/{n}" for n in range(8)]
    assert "velocity" in check_partial(many(edge, items, user="bob"), 5, items)[-1]["error"]["detail"]


def test_a_hot_item_is_refused_and_others_are_not(start):
    edge = start({"user": "", "velocity_item": "3/1h", "velocity_refuse": "true"})
    assert [like(edge, "hot", user=f"u{n}").status for n in range(5)] == [200, 200, 200, 429, 429]
    assert like(edge, "cool").status == 200
    check_partial(many(edge, ["posts/a", "posts/hot", "posts/b"]), 1, ["posts/a", "posts/hot", "posts/b"])
    assert [f["over"] for f in velocity(edge) if f.get("item") == "posts/hot"] == [3]
