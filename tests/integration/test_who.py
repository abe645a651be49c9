"""Who liked an item last, and what a user likes: the indices of central, as a product asks them, and as an operator switches them on and off.

Every wait has a deadline and a condition.
"""
import pytest

from central_feed import PARTITIONS, SAVE, T0, Central, like, unlike, until
from central_feed import broker, feed  # noqa: F401 (fixtures)
from operating import audit
from tokens import Key, bearer, key_set, write_file

EC = Key("ES256", "ec-1")
BOTH = {"index_newest": "true", "index_liked": "true"}


@pytest.fixture
def central(tmp_path, broker):  # noqa: F811
    with Central(tmp_path, broker.address, central=BOTH) as c:
        yield c


def pages(ask, path, key, limit):
    """All that the pages hold, in their order, and how many there were."""
    seen, cursor, count = [], "", 0
    while cursor is not None:
        answer = ask(f"{path}{'&' if '?' in path else '?'}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer.body
        assert len(answer.json[key]) <= limit
        seen += answer.json[key]
        cursor, count = answer.json["next"], count + 1
    return seen, count


def newest(central, item, limit=1000, more=""):  # noqa: F811
    return [m["user"] for m in pages(central.get, f"/v1/{item}/likers?order=newest{more}", "likers", limit)[0]]


def mine(central, user, counter="like", limit=200):  # noqa: F811
    return [m["item"] for m in pages(lambda path: central.get(path, headers={"X-User-Id": user}), f"/v1/me/{counter}", "items", limit)[0]]


# ---- likers ----

def test_the_newest_likers_come_first_page_by_page(central, feed):  # noqa: F811
    item = feed.item(0)
    users = [f"u{n}" for n in range(1200)]
    feed.batch("a", [like(item, u, T0 + 7 * n) for n, u in enumerate(users)])
    central.wait_likes(item, 1200)
    seen, count = pages(central.get, f"/v1/{item}/likers?order=newest", "likers", 100)
    assert [m["user"] for m in seen] == users[::-1] and count == 12, "the pages go on behind a thousand"
    assert seen[0] == {"user": "u1199", "at": "2024-10-04T00:00:00.008Z", "region": "eu"}
    feed.batch("a", [unlike(item, "u1199", T0 + 9000), like(item, "u5", T0 + 9001), like(item, "u6", T0 + 9002, counter=SAVE)])
    central.wait_likes(item, 1199)
    assert newest(central, item)[:3] == ["u5", "u1198", "u1197"], "who liked again moved, who took it back is gone"
    assert len(newest(central, item)) == 1199
    assert newest(central, item, more="&counter=save") == ["u6"]
    assert newest(central, "posts/nobody") == []


def test_a_cursor_stays_where_it_is_while_likes_come(central, feed):  # noqa: F811
    item = feed.item(0)
    feed.batch("a", [like(item, f"u{n}", T0 + n) for n in range(10)])
    central.wait_likes(item, 10)
    first = central.get(f"/v1/{item}/likers?order=newest&limit=4").json
    feed.batch("a", [like(item, "late", T0 + 100), unlike(item, "u6", T0 + 101)])
    central.wait_likes(item, 10)
    second = central.get(f"/v1/{item}/likers?order=newest&limit=4&cursor={first['next']}").json
    assert [m["user"] for m in second["likers"]] == ["u5", "u4", "u3", "u2"]
    other = central.get(f"/v1/{item}/likers?limit=4&cursor={first['next']}")
    assert (other.status, other.problem) == (400, "invalid-request"), "a cursor of one order is none of the other"
    assert central.get(f"/v1/{item}/likers?order=oldest").json["field"] == "order"


# ---- what I liked ----

def test_what_a_user_likes_over_all_partitions(central, feed):  # noqa: F811
    items = [feed.item(n % PARTITIONS, f"posts/m{n}x") for n in range(30)]
    for n, item in enumerate(items):
        feed.batch("a", [like(item, "ada", T0 + n), like(item, "bob", T0)], partition=n % PARTITIONS)
    until(lambda: len(mine(central, "ada")) == 30, "not all likes are there")
    assert mine(central, "ada", limit=7) == items[::-1] == mine(central, "ada", limit=1) == mine(central, "ada")
    assert sorted(mine(central, "bob", limit=4)) == sorted(items), "likes of one time are told once each"
    answer = central.get("/v1/me/like?limit=3", headers={"X-User-Id": "ada"})
    assert answer.json["items"][0] == {"item": items[29], "at": "2024-10-04T00:00:00.000Z"}
    assert (answer.json["counter"], answer.json["source"], answer.json["age_ms"]) == ("like", "central", 0)
    feed.batch("a", [unlike(items[28], "ada", T0 + 500)], partition=0)
    feed.batch("a", [like(items[3], "ada", T0 + 501)], partition=1)
    until(lambda: mine(central, "ada")[:2] == [items[3], items[29]] and len(mine(central, "ada")) == 29, lambda: str(mine(central, "ada")))
    # The page that was asked for before goes on as if nothing had come.
    rest = central.get(f"/v1/me/like?limit=3&cursor={answer.json['next']}", headers={"X-User-Id": "ada"}).json
    assert [m["item"] for m in rest["items"]] == items[26:23:-1]
    assert mine(central, "ada", counter="save") == [] == mine(central, "nobody")
    stolen = central.get(f"/v1/me/like?cursor={answer.json['next']}", headers={"X-User-Id": "bob"})
    assert (stolen.status, stolen.json["field"]) == (400, "cursor")


def test_whom_it_is_about_is_asked_as_everywhere(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address, central=BOTH, jwt={"issuer": "idp", "audience": "kudos", "keys_file": write_file(str(tmp_path / "keys.json"), key_set(EC))}) as c:
        feed.batch("a", [like(item, "ada")])
        c.wait_likes(item, 1)

        def me(token, query="", **headers):
            return c.get(f"/v1/me/like{query}", headers={**bearer(token), **headers})

        assert me(EC.token("ada")).json["items"] == [{"item": item, "at": "2024-10-04T00:00:00.000Z"}]
        assert me(EC.token("bob"), **{"X-User-Id": "ada"}).json["items"] == [], "a token decides alone"
        refused = me(EC.token("bob"), "?user=ada")
        assert refused.status == 403 and "kudos:likers" in refused.headers["www-authenticate"]
        assert me(EC.token("bob", scope="kudos:likers"), "?user=ada").json["items"] == [{"item": item}]
        assert me(EC.token("bob", scope="kudos:likers:detail"), "?user=ada").json["items"][0]["at"]
        assert c.get("/v1/me/like?user=ada").json["items"][0]["item"] == item, "an operator may"
        assert c.get("/v1/me/like?user=%20").problem == "invalid-id"
        assert c.get("/v1/me/like").status == 401, "nobody is named"
        assert c.get("/v1/me/cheer").problem == "unknown-counter" and c.get("/v1/me/view").problem == "unknown-counter"
        assert c.post("/v1/me/like").status == 405


# ---- switching ----

def stages(central, name):  # noqa: F811
    return {p["indices"][name]["stage"] for p in central.admin("/debug/partitions").json["partitions"]}


def test_switched_off_the_answer_names_the_option(tmp_path, broker):  # noqa: F811
    with Central(tmp_path, broker.address) as c:
        for path, option in (("/v1/posts/1/likers?order=newest", "central.index_newest"), ("/v1/me/like", "central.index_liked")):
            answer = c.get(path, headers={"X-User-Id": "ada"})
            assert (answer.status, answer.problem) == (404, "index-off") and option in answer.json["detail"]
        assert c.get("/v1/posts/1/likers?order=key").status == 200


def test_switched_on_over_rows_it_is_built_and_says_so_until_then(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    users = [f"u{n}" for n in range(20000)]
    with Central(tmp_path, broker.address) as c:
        for at in range(0, 20000, 1000):
            feed.batch("a", [like(item, users[n], T0 + n) for n in range(at, at + 1000)])
        c.wait_likes(item, 20000)
        assert stages(c, "newest") == {"off"}
        c.stop()
        c.set({"central": BOTH})
        c.start()
        told = set()

        def built():
            answer = c.get(f"/v1/{item}/likers?order=newest&limit=3")
            told.add((answer.status, answer.problem if answer.status != 200 else None))
            return answer.status == 200 and answer

        assert [m["user"] for m in until(built, "it is not built").json["likers"]] == users[:-4:-1]
        assert told <= {(503, "index-building"), (200, None)}
        until(lambda: c.metric("kudos_central_indices_unfinished") == 0, "an index is still being built")
        assert {(e["index"], e["stage"]) for e in c.events("index")} >= {("newest", "complete"), ("liked", "complete")}
        assert newest(c, item) == users[::-1] and mine(c, "u77") == [item]
        assert audit("--url", c.url)["verdict"] == "exact"
        c.stop()
        # Off and on again: the rows go, and are built anew; with a like in between that no entry tells of.
        c.set({"central": {"index_newest": "false", "index_liked": "true"}})
        c.start()
        feed.batch("a", [unlike(item, users[-1], T0 + 30000)])
        c.wait_likes(item, 19999)
        until(lambda: stages(c, "newest") == {"off"}, lambda: str(stages(c, "newest")))
        assert stages(c, "liked") == {"complete"} and mine(c, users[-1]) == []
        c.stop()
        c.set({"central": BOTH})
        c.start()
        assert [m["user"] for m in until(built, "it is not built again").json["likers"]] == users[-2:-5:-1]


def test_killed_while_it_is_built_it_goes_on(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address) as c:
        for at in range(0, 20000, 1000):
            feed.batch("a", [like(item, f"u{n}", T0 + n) for n in range(at, at + 1000)])
        c.wait_likes(item, 20000)
        c.stop()
        c.set({"central": BOTH})
        for _ in range(3):
            c.start()
            c.kill9()
        c.start()
        until(lambda: stages(c, "newest") == stages(c, "liked") == {"complete"}, "it is not built")
        assert len(newest(c, item)) == 20000
        c.kill9()
        c.start()
        assert stages(c, "newest") <= {"complete"}, "a complete index stays so over a kill"
        assert audit("--url", c.url)["verdict"] == "exact"
