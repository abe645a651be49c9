"""Questions about a list of users, asked of an edge: who of them likes an item, and its counts without them. Central answers, the edge says what it lacks."""
import socket
import threading

import pytest

from proc import Broker, Central, Edge, wait_until
from tokens import Key, key_set, write_file

PARTITIONS = 4
KEY = Key("ES256", "one")
EDGE_TOKEN = "edge-token-0123456789"


def bearer(**claims):
    return {"Authorization": f"Bearer {KEY.token(**claims)}"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    directory = tmp_path_factory.mktemp("setting")
    token = directory / "edge.token"
    token.write_text(EDGE_TOKEN + "\n")
    token.chmod(0o600)
    return {"directory": directory, "token": str(token), "jwt": {"keys_file": write_file(directory / "keys.json", key_set(KEY)), "issuer": "idp", "audience": "kudos"}}


@pytest.fixture(scope="module")
def central(broker, setting, tmp_path_factory):
    """It knows edges by their token alone: what they may ask is what a stranger may not."""
    more = {"central": {"snapshot_interval": "100ms"}, "http": {"trusted_peers": "192.0.2.1", "edge_token_file": setting["token"]}}
    with Central(tmp_path_factory.mktemp("central"), broker.address, partitions=PARTITIONS, more=more) as c:
        yield c


def edge_of(directory, broker, setting, url, **sections):
    more = {"edge": {"flush_interval": "100ms"}, "jwt": setting["jwt"], **sections}
    more["central"] = {"token_file": setting["token"], "read_deadline": "5s", **sections.get("central", {})}
    return Edge(directory, broker.address, partitions=PARTITIONS, central=url, more=more)


@pytest.fixture(scope="module")
def edge(broker, central, setting, tmp_path_factory):
    with edge_of(tmp_path_factory.mktemp("edge"), broker, setting, central.url) as e:
        yield e


def among(edge, item, users, **more):
    return edge.post(f"/v1/{item}/likers/among", user="reader", body={"users": users, **more})


def without(edge, item, users):
    return edge.post(f"/v1/{item}/counts", user="reader", body={"without": users})


def liked_by(edge, item, *users, counter="like"):
    """And central has merged it."""
    for user in users:
        assert edge.post(f"/v1/{item}/{counter}", user=user).status == 200
    wait_until(lambda: edge.get(f"/v1/{item}/counts").json["counts"][counter]["pending"] == 0, 20, f"likes of {item} at central")


def test_who_of_some_users_likes_an_item(edge):
    liked_by(edge, "posts/a", "ada", "bob", "cyd")
    liked_by(edge, "posts/a", "eve", counter="save")
    answer = among(edge, "posts/a", ["cyd", "dan", "ada", "cyd", "eve"])
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    said = answer.json
    assert (said["item"], said["counter"], said["likers"]) == ("posts/a", "like", [{"user": "cyd"}, {"user": "ada"}])
    assert (said["count"], said["display"], said["pending"], said["missing"], said["source"]) == (3, "3", 0, 0, "central")
    assert 0 <= said["age_ms"] < 5000 and said["as_of"] and set(said) == {
        "item", "counter", "likers", "count", "display", "pending", "missing", "age_ms", "as_of", "source"}
    assert among(edge, "posts/a", ["ada", "eve"], counter="save").json["likers"] == [{"user": "eve"}]
    nobody = among(edge, "posts/none", ["ada"]).json
    assert (nobody["likers"], nobody["count"]) == ([], 0)
    assert among(edge, "posts/a", []).json["likers"] == []


def test_the_counts_without_some_users(edge):
    liked_by(edge, "posts/w", "ada", "bob", "cyd")
    assert edge.post("/v1/posts/w/view", user="ada", body={"amount": 7}).status == 200
    wait_until(lambda: edge.get("/v1/posts/w/counts").json["counts"]["view"] == {"count": 7, "display": "7", "pending": 0}, 20, "the views")
    said = without(edge, "posts/w", ["bob", "dan", "bob"]).json
    assert said["counts"]["like"] == {"count": 2, "display": "2", "pending": 0, "missing": 0}
    assert said["counts"]["view"]["count"] == 7
    assert set(said) == {"item", "counts", "age_ms", "as_of", "source"} and said["source"] == "central"
    assert set(said["counts"]) == set(edge.get("/v1/posts/w/counts").json["counts"])
    assert without(edge, "posts/w", [f"u{n}" for n in range(998)] + ["ada", "cyd"]).json["counts"]["like"]["count"] == 1
    assert without(edge, "posts/w", []).json["counts"]["like"]["count"] == 3


def test_what_this_edge_has_taken_and_central_has_not_merged_is_told(broker, central, setting, tmp_path):
    with edge_of(tmp_path, broker, setting, central.url, edge={"flush_interval": "60s", "name": "edge-slow"}) as slow:
        for user in ("ada", "bob"):
            assert slow.post("/v1/posts/m/like", user=user).status == 200
        assert slow.post("/v1/posts/m/view", user="ada").status == 200
        shown = slow.get("/v1/posts/m/counts").json["counts"]
        assert (shown["like"]["count"], shown["like"]["pending"]) == (2, 2)
        said = among(slow, "posts/m", ["ada", "bob"]).json
        assert (said["likers"], said["count"], said["pending"], said["missing"]) == ([], 0, 0, 2)
        counts = without(slow, "posts/m", ["ada"]).json["counts"]
        assert (counts["like"]["count"], counts["like"]["missing"], counts["view"]["missing"], counts["save"]["missing"]) == (0, 2, 1, 0)


@pytest.mark.parametrize("path, body", [("likers/among", {"users": ["ada"]}), ("counts", {"without": ["ada"]})])
def test_who_may_ask_is_as_at_central(edge, path, body):
    def ask(**headers):
        return edge.request("POST", f"/v1/posts/a/{path}", body=body, headers=headers)

    lacks = ask(**bearer(sub="ada"))
    assert (lacks.status, lacks.problem, lacks.json["field"]) == (403, "forbidden", "Authorization")
    assert 'scope="kudos:likers"' in lacks.headers["www-authenticate"]
    assert ask(**bearer(sub="ada", scope="kudos:likers")).status == 200
    assert ask(**bearer(sub="ada", scope="kudos:likers kudos:read-only")).status == 200
    assert ask().status == 401
    assert ask(**{"X-User-Id": "ada"}).status == 200  # of a gateway


def test_no_time_and_no_region_reach_a_user_through_an_edge(edge, central):
    liked_by(edge, "posts/t", "ada")
    asked = among(edge, "posts/t", ["ada"]).json
    assert asked["likers"] == [{"user": "ada"}]
    own = central.post("/v1/posts/t/likers/among", body={"users": ["ada"]}, headers={"Authorization": f"Bearer {EDGE_TOKEN}"})
    assert own.status == 200 and own.json["likers"] == [{"user": "ada"}]


def test_the_user_at_fault_is_named(edge):
    for answer, field in ((among(edge, "posts/a", ["ada", "a b"]), "users[1]"), (without(edge, "posts/a", ["ada", "bob", 7]), "without[2]")):
        assert (answer.status, answer.json["field"]) == (400, field)
    answer = among(edge, "posts/a", ["ada"], counter="smile")
    assert (answer.status, answer.problem) == (404, "unknown-counter")


def test_a_central_that_is_away_is_told(broker, setting, tmp_path):
    with edge_of(tmp_path, broker, setting, "http://127.0.0.1:1", edge={"flush_interval": "100ms", "name": "edge-alone"}) as alone:
        for answer in (among(alone, "posts/a", ["ada"]), without(alone, "posts/a", ["ada"])):
            assert (answer.status, answer.problem) == (503, "central-unavailable"), answer
            assert int(answer.headers["retry-after"]) == answer.json["retry_after_s"] >= 1


def test_a_central_that_does_not_answer_is_given_up_at_the_deadline(broker, setting, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        more = {"central": {"read_deadline": "100ms"}, "edge": {"flush_interval": "100ms", "name": "edge-deaf"}}
        with edge_of(tmp_path, broker, setting, f"http://127.0.0.1:{silent.getsockname()[1]}", **more) as deaf:
            assert among(deaf, "posts/a", ["ada"]).problem == "central-unavailable"


def test_these_questions_are_paid_from_the_budget_of_the_user(broker, central, setting, tmp_path):
    more = {"central": {"asks_per_client": "1"}, "edge": {"flush_interval": "100ms", "name": "edge-poor", "shards": "1"}}
    with edge_of(tmp_path, broker, setting, central.url, **more) as poor:
        assert among(poor, "posts/a", ["ada"]).status == 200
        refused = wait_until(lambda: next((a for a in [among(poor, "posts/a", ["ada"])] if a.status != 200), None), 20, "a budget that is used up", pause=0)
        assert (refused.status, refused.problem) == (503, "overloaded") and int(refused.headers["retry-after"]) >= 1
        other = poor.post("/v1/posts/a/likers/among", user="other", body={"users": ["ada"]})
        assert other.status == 200
        assert poor.metric("kudos_edge_asks_over_budget_total") >= 1


def test_an_edge_says_where_to_ask_for_all_likers(broker, central, setting, edge, tmp_path):
    answer = edge.get("/v1/posts/a/likers", user="ada")
    assert (answer.status, answer.problem) == (404, "not-found")
    assert "ask central" in answer.json["detail"] and "http" not in answer.json["detail"]
    more = {"central": {"public_url": "https://likes.example"}, "edge": {"flush_interval": "100ms", "name": "edge-told"}}
    with edge_of(tmp_path, broker, setting, central.url, **more) as told:
        for path in ("/v1/posts/a/likers", "/v1/export"):
            answer = told.get(path, user="ada")
            assert (answer.status, answer.problem) == (404, "not-found")
            assert answer.json["detail"].endswith("ask central: https://likes.example")
