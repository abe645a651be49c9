"""Visitors: pseudonyms for people without an account. Tokens at edges and central, what they open and what not, limits per address, keys and reloads."""
import http.client
import os
import signal
import subprocess
import time

import pytest

import live
from keys import write_keys
from packed import unpack
from proc import SLOWER, Broker, Central, Edge, program, wait_until
from test_limits import left, refused
from tokens import Key, bearer, key_set, write_file
from visiting import ID_PREFIX, PREFIX, visitor_id, visitor_token

PARTITIONS = 4
WAIT_S = 20 * SLOWER
KEY = Key("ES256", "e1")
LIKE = "/v1/posts/1/like"
INVALID = 'Bearer error="invalid_token"'
TRUST = {"trusted_peers": "127.0.0.0/8", "forwarded": "x-forwarded-for"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


def options(directory, *keys, **visitors):
    """Visitors may like; and users have tokens."""
    return {"visitors": {"keys_file": write_keys(os.path.join(str(directory), "visitors.keys"), *(keys or ["1 visitors"])), "counters": "like", **visitors},
            "jwt": {"issuer": "idp", "audience": "kudos", "keys_file": write_file(os.path.join(str(directory), "jwt.json"), key_set(KEY))}}


def edge_of(directory, broker, name="visited", more=None, **visitors):
    return Edge(directory, broker.address, name=name, partitions=PARTITIONS, more={**options(directory, **visitors), **(more or {})})


@pytest.fixture(scope="module")
def edge(broker, tmp_path_factory):
    with edge_of(tmp_path_factory.mktemp("edge"), broker) as e:
        yield e


@pytest.fixture
def start(broker, tmp_path):
    """An edge of the test's own: start(limit_new="2/1h", more={...})."""
    edges = []

    def started(more=None, **visitors):
        edges.append(edge_of(tmp_path, broker, more=more, **visitors).start())
        return edges[-1]

    yield started
    for one in edges:
        one.kill9()


def came(edge, address=None, token=None, **kw):
    """The answer to POST /v1/visitors, from an address that a gateway names."""
    headers = {**({"X-Forwarded-For": address} if address else {}), **(bearer(token) if token else {})}
    return edge.post("/v1/visitors", headers=headers, **kw)


def arrive(edge, address=None):
    answer = came(edge, address)
    assert answer.status == 200, answer
    return answer.json["token"]


def like(edge, token, item="1", address=None, key=None, counter="like"):
    headers = {**bearer(token), **({"X-Forwarded-For": address} if address else {}), **({"Idempotency-Key": key} if key else {})}
    return edge.post(f"/v1/posts/{item}/{counter}", headers=headers)


def many(edge, token, *entries, **headers):
    body = {"operations": [{"item": i, "op": "like", **({"counter": c} if c else {})} for i, c in entries]}
    return edge.post("/v1/likes", headers={**bearer(token), **headers}, body=body)


def check_unauthorized(answer, detail):
    assert (answer.status, answer.problem) == (401, "unauthorized"), answer
    assert answer.json["field"] == "Authorization" and answer.json["detail"].startswith(detail), answer
    assert answer.headers["www-authenticate"] == INVALID, answer


def check_forbidden(answer, detail):
    assert (answer.status, answer.problem) == (403, "forbidden") and detail in answer.json["detail"], answer


# ---- a visitor comes, likes, and comes again ----

def test_a_visitor_is_given_a_token_and_likes_with_it(edge):
    answer = came(edge)
    assert answer.status == 200 and set(answer.json) == {"visitor", "token", "expires_at"}, answer
    assert answer.headers["cache-control"] == "no-store"
    visitor, token = answer.json["visitor"], answer.json["token"]
    assert visitor.startswith(ID_PREFIX) and len(visitor) == 30
    assert token.startswith(PREFIX) and len(token) == 74 and visitor.removeprefix(ID_PREFIX) not in token
    said = like(edge, token, "first")
    assert said.status == 200 and said.json["liked"] is True and said.json["changed"] is True, said
    again = like(edge, token, "first")
    assert again.json["changed"] is False and again.json["pending"] >= said.json["pending"]
    assert edge.get("/v1/posts/first/like", headers=bearer(token)).json["liked"] is True
    other = arrive(edge)
    assert edge.get("/v1/posts/first/like", headers=bearer(other)).json["liked"] is not True
    assert like(edge, other, "first").json["changed"] is True, "another pseudonym, another like"


def test_reads_tell_a_visitor_what_it_likes(edge):
    token = arrive(edge)
    assert many(edge, token, ("posts/r1", None), ("reels/r2", "like")).status == 200
    body = {"items": ["posts/r1", "reels/r2"]}
    assert [i["liked"] for i in edge.post("/v1/likes/lookup", headers=bearer(token), body=body).json["items"]] == [True, True]
    assert [i["liked"] for i in edge.post("/v1/counts", headers=bearer(token), body={**body, "me": True}).json["items"]] == [True, True]
    assert [i["liked"] for i in edge.get("/v1/counts?items=posts/r1,reels/r2&me=true", headers=bearer(token)).json["items"]] == [True, True]
    assert edge.delete("/v1/posts/r1/like", headers=bearer(token)).json["liked"] is False
    assert edge.get("/v1/posts/r1/like", headers=bearer(token)).json["liked"] is False


def test_a_renewed_token_is_of_the_same_visitor_and_costs_no_new_one(start):
    edge = start(limit_new="1/1h", token_ttl="10h")
    first = came(edge)
    assert left(first)["visitors"][0] == 0
    refused(came(edge))
    wait_until(lambda: came(edge, token=first.json["token"]).json["expires_at"] > first.json["expires_at"], WAIT_S, "a later end")
    renewed = came(edge, token=first.json["token"])
    assert renewed.json["visitor"] == first.json["visitor"] and renewed.json["token"] != first.json["token"]
    assert like(edge, first.json["token"]).json["changed"] is True
    assert like(edge, renewed.json["token"]).json["changed"] is False, "it is who it was"
    wait_until(lambda: edge.metric('kudos_edge_visitors_total{result="renewed"}') >= 2, WAIT_S, "renewals counted")
    assert edge.metric('kudos_edge_visitors_total{result="new"}') == 1
    assert edge.metric('kudos_edge_visitors_total{result="limited"}') == 1


def test_session_tokens_and_idempotency_keys_are_a_visitors_own(edge):
    one, two = arrive(edge), arrive(edge)
    said = like(edge, one, "s", key="k1")
    assert like(edge, one, "s", key="k1").json["changed"] is True, "the same answer"
    assert like(edge, two, "s", key="k1").json["changed"] is True, "the key of somebody else"
    reused = like(edge, one, "other", key="k1")
    assert (reused.status, reused.problem) == (422, "key-reused")
    session = {"Kudos-Session": said.headers["kudos-session"]}
    assert edge.post("/v1/posts/s/like", headers={**bearer(one), **session}).status == 200
    assert edge.post("/v1/posts/s/like", headers={**bearer(two), **session}).json["field"] == "Kudos-Session"


def test_the_answer_comes_in_messagepack_and_a_body_or_query_is_judged_as_ever(edge):
    answer = edge.post("/v1/visitors", headers={"Accept": "application/msgpack"})
    assert answer.headers["content-type"] == "application/msgpack"
    assert like(edge, unpack(answer.body)["token"], "packed").status == 200
    assert edge.post("/v1/visitors", body={}).status == 200
    wrong = edge.post("/v1/visitors", body={"visitor": "visitor~AAAAAAAAAAAAAAAAAAAAAA"})
    assert (wrong.status, wrong.problem) == (400, "invalid-request"), "nobody chooses a pseudonym"
    assert edge.post("/v1/visitors", headers={"Idempotency-Key": "a key"}).status == 400
    keyed = [came_with_key(edge).json["visitor"] for _ in range(2)]
    assert keyed[0] != keyed[1], "a retry is one more visitor"
    assert (edge.get("/v1/visitors").status, edge.get("/v1/visitors").headers["allow"]) == (405, "POST, OPTIONS")


def came_with_key(edge):
    return edge.post("/v1/visitors", headers={"Idempotency-Key": "the-same"})


def test_a_page_of_another_origin_may_ask_and_like(start):
    edge = start(more={"http": {"cors_origins": "https://app.example"}})
    page = {"Origin": "https://app.example"}
    asked = edge.request("OPTIONS", "/v1/visitors", headers={**page, "Access-Control-Request-Method": "POST"})
    assert asked.status == 204 and "POST" in asked.headers["access-control-allow-methods"], asked
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    answer = edge.post("/v1/visitors", headers=page)
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert edge.post(LIKE, headers={**page, **bearer(answer.json["token"])}).status == 200


# ---- what a visitor may not ----

def test_a_counter_that_takes_no_visitors_says_so(edge):
    token = arrive(edge)
    check_forbidden(like(edge, token, counter="save"), "takes no visitors")
    check_forbidden(like(edge, token, counter="view"), "takes no visitors")
    check_forbidden(edge.delete("/v1/posts/1/save", headers=bearer(token)), "takes no visitors")
    mixed = many(edge, token, ("posts/mixed", "save"), ("posts/mixed", "like"))
    refused, taken = mixed.json["results"]
    assert mixed.status == 200 and taken["liked"] is True and "takes no visitors" in refused["error"]["detail"], mixed
    assert (refused["counter"], refused["error"]["type"], refused["error"]["status"]) == ("save", "urn:kudos:forbidden", 403)
    assert edge.get("/v1/posts/mixed/counts").json["counts"]["like"]["pending"] == 1
    check_forbidden(many(edge, token, ("posts/mixed", "save"), ("posts/mixed", "save")), "takes no visitors")
    assert edge.get("/v1/posts/1/save", headers=bearer(token)).json["liked"] in (False, None)
    assert like(edge, KEY.token("ada"), counter="save").status == 200
    wait_until(lambda: edge.metric("kudos_edge_visitor_writes_forbidden_total") >= 3, WAIT_S, "counted")


def test_without_keys_or_counters_there_are_no_visitors(broker, tmp_path, start):
    with Edge(tmp_path / "off", broker.address, name="off", partitions=PARTITIONS) as off:
        check_forbidden(off.post("/v1/visitors"), "there are no visitors here")
        assert off.post(LIKE, headers=bearer(visitor_token())).status == 401
        assert off.metric('kudos_edge_visitors_total{result="off"}') == 1
    keys_alone = start(counters="")
    check_forbidden(keys_alone.post("/v1/visitors"), "there are no visitors here")
    check_forbidden(like(keys_alone, visitor_token()), "takes no visitors")
    assert keys_alone.get(LIKE, headers=bearer(visitor_token())).status == 200, "who came before may still read"


def test_a_token_that_is_not_good_is_refused_by_its_reason(edge):
    good = visitor_token()
    assert like(edge, good, "forged").status == 200, "the tests make tokens as the edge does"
    check_unauthorized(like(edge, good[:-1]), "malformed")
    check_unauthorized(like(edge, good + "A"), "malformed")
    check_unauthorized(like(edge, PREFIX), "malformed")
    check_unauthorized(like(edge, visitor_token(version=2)), "malformed")
    check_unauthorized(like(edge, visitor_token(key_id=9)), "unknown key")
    check_unauthorized(like(edge, visitor_token(secret=b"another key of thirty-two bytes!")), "bad signature")
    check_unauthorized(like(edge, visitor_token(domain=b"kudos record 1")), "bad signature")
    check_unauthorized(like(edge, visitor_token(until=int(time.time()) - 1)), "expired")
    check_unauthorized(came(edge, token=visitor_token(until=int(time.time()) - 1)), "expired")
    wait_until(lambda: edge.metric('kudos_edge_visitor_tokens_refused_total{reason="bad-signature"}') >= 2, WAIT_S, "counted")


def test_a_token_expires(start):
    edge = start(token_ttl="1s")
    token = arrive(edge)
    wait_until(lambda: like(edge, token).status == 401, WAIT_S, "expired")
    check_unauthorized(like(edge, token), "expired")


def test_nobody_else_can_be_a_visitor(edge):
    """Not by a user's token, whatever its provider lets users choose, and not by a gateway, or a service that acts for others."""
    visitor = visitor_id(bytes(16))
    check_unauthorized(like(edge, KEY.token(visitor)), "invalid user")
    check_unauthorized(like(edge, KEY.token(ID_PREFIX)), "invalid user")
    for spelt in (visitor, visitor.replace("~", "%7E"), ID_PREFIX):
        named = edge.post(LIKE, user=spelt)
        assert (named.status, named.problem, named.json["field"]) == (400, "invalid-id", "X-User-Id"), named
        acting = edge.post(LIKE, user=spelt, headers=bearer(KEY.token("svc", scope="kudos:act-as")))
        assert (acting.status, acting.problem) == (400, "invalid-id"), acting
    assert edge.post(LIKE, user="visitor-1").status == 200
    token = arrive(edge)
    assert edge.post("/v1/posts/own/like", user="ada", headers=bearer(token)).status == 200
    assert edge.get("/v1/posts/own/like", user="ada").json["liked"] is not True, "the token alone decides"
    assert edge.get("/v1/posts/own/like", headers=bearer(token)).json["liked"] is True
    check_forbidden(came(edge, token=KEY.token("ada")), "one of a user")
    check_unauthorized(came(edge, token="no.token.here"), "malformed")


def test_visitors_and_users_of_one_connection_are_told_apart(edge):
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=15)
    one, two = arrive(edge), arrive(edge)

    def ask(method, headers):
        connection.request(method, "/v1/posts/wire/like", headers=headers)
        response = connection.getresponse()
        return response.status, b'"liked":true' in response.read()

    try:
        assert ask("POST", bearer(one)) == (200, True)
        assert ask("GET", bearer(two)) == (200, False)
        assert ask("GET", bearer(KEY.token("ada"))) == (200, False)
        assert ask("GET", bearer(one)) == (200, True)
        assert ask("GET", {})[0] == 401
    finally:
        connection.close()


# ---- limits ----

def test_an_address_is_given_so_many_visitors(start):
    edge = start(limit_new="3/1h", more={"http": TRUST})
    answers = [came(edge, "192.0.2.1") for _ in range(3)]
    assert [left(a)["visitors"][0] for a in answers] == [2, 1, 0]
    assert answers[0].headers["ratelimit-policy"] == '"visitors";q=3;w=3600'
    beyond = came(edge, "192.0.2.1")
    assert 3600 <= refused(beyond) <= 3928 and left(beyond)["visitors"][0] == 0
    assert beyond.json["detail"] == "this address was given as many visitors as the limit allows"
    assert came(edge, "192.0.2.2").status == 200
    assert [came(edge, f"2001:db8:1:2::{n}").status for n in range(4)] == [200] * 3 + [429], "a /64 is one address"
    assert came(edge, "2001:db8:1:3::1").status == 200
    assert like(edge, answers[0].json["token"], address="192.0.2.1").status == 200


def test_pseudonyms_do_not_lift_the_limit_of_their_address(start):
    edge = start(limit_address="5/1h", limit_new="", more={"http": TRUST, "limits": {"user": "100/1h"}})
    tokens = [arrive(edge, "192.0.2.1") for _ in range(7)]
    answers = [like(edge, t, address="192.0.2.1") for t in tokens]
    assert [a.status for a in answers] == [200] * 5 + [429] * 2
    assert answers[0].headers["ratelimit-policy"] == '"address";q=5;w=3600, "user";q=100;w=3600'
    assert (left(answers[0])["address"][0], left(answers[0])["user"][0]) == (4, 99)
    assert refused(answers[6]) >= 3600 and answers[6].json["detail"].startswith("visitors at this address")
    assert like(edge, tokens[0], address="192.0.2.9").status == 200, "the limit is the address's"
    assert edge.post(LIKE, headers={**bearer(KEY.token("ada")), "X-Forwarded-For": "192.0.2.1"}).status == 200, "users are not visitors"
    assert edge.metric('kudos_edge_limited_requests_total{limit="address"}') == 2
    assert edge.metric('kudos_edge_limited_operations_total{limit="address"}') == 2


def test_a_visitor_has_the_limit_of_a_user_too_and_what_it_refuses_costs_the_address_nothing(start):
    edge = start(limit_address="10/1h", more={"limits": {"user": "2/1h"}})
    token, other = arrive(edge), arrive(edge)
    assert [like(edge, token, n).status for n in range(4)] == [200, 200, 429, 429]
    partial = many(edge, other, *((f"posts/{n}", None) for n in range(5)))
    assert [("error" in r) for r in partial.json["results"]] == [False] * 2 + [True] * 3
    assert left(partial) == {"address": (6, left(partial)["address"][1]), "user": (0, left(partial)["user"][1])}
    assert edge.metric('kudos_edge_limited_operations_total{limit="user"}') == 5


def test_a_batch_may_use_up_what_is_left_of_an_address(start):
    edge = start(limit_address="3/1h", more={"limits": {"user": "100/1h"}})
    token = arrive(edge)
    entries = [(f"posts/{n}", None) for n in range(5)]
    first = many(edge, token, *entries, **{"Idempotency-Key": "b"})
    assert [r.get("error", {}).get("status") for r in first.json["results"]] == [None] * 3 + [429] * 2
    assert "visitors at this address" in first.json["results"][4]["error"]["detail"]
    again = many(edge, token, *entries, **{"Idempotency-Key": "b"})
    assert [("error" in r) for r in again.json["results"]] == [False] * 3 + [True] * 2, "the same answer"
    assert left(again) == {"address": (0, left(again)["address"][1]), "user": (97, left(again)["user"][1])}
    assert again.json["results"][3]["error"]["retry_after_s"] >= 3600


def test_retries_of_visitors_are_free(start):
    edge = start(limit_address="2/1h", more={"limits": {"user": "2/1h"}})
    token = arrive(edge)
    for _ in range(5):
        assert left(like(edge, token, key="k"))["address"][0] == 1
    assert left(like(edge, token, "2", key="k2")) == {"address": (0, left(like(edge, token, key="k"))["address"][1]), "user": (0, left(like(edge, token, key="k"))["user"][1])}
    refused(like(edge, token, "3", key="k3"))
    assert like(edge, token, "2", key="k2").status == 200, "answered when nothing is left"


def test_a_fast_visitor_is_listed_by_its_pseudonym(start):
    edge = start(more={"limits": {"velocity_user": "3/1h", "velocity_refuse": "true"}})
    visitor = came(edge).json
    assert [like(edge, visitor["token"], n).status for n in range(5)] == [200] * 3 + [429] * 2
    assert [f["user"] for f in edge.admin("/debug/velocity").json["velocity"]] == [visitor["visitor"]]


# ---- several programs, keys that change ----

def test_any_edge_and_central_know_a_visitor_of_another(tmp_path):
    with Broker(tmp_path, PARTITIONS) as b:
        more = {"central": {"snapshot_interval": "100ms"}, "visitors": {"keys_file": options(tmp_path)["visitors"]["keys_file"]}}
        with Central(tmp_path, b.address, partitions=PARTITIONS, more=more) as central:
            fast = {"edge": {"flush_interval": "50ms"}, "central": {"url": central.url}}
            with edge_of(tmp_path, b, "oslo", more=fast) as oslo, edge_of(tmp_path, b, "lima", more=fast) as lima:
                visitor = came(oslo).json
                token = visitor["token"]
                said = like(oslo, token, "far")
                wait_until(lambda: central.get("/v1/posts/far/like", headers=bearer(token)).json["liked"] is True, WAIT_S, "central knows")
                session = {**bearer(token), "Kudos-Session": said.headers["kudos-session"]}
                wait_until(lambda: lima.get("/v1/posts/far/like", headers=session).json["liked"] is True, WAIT_S, "the other edge asks central for it")
                assert like(lima, token, "far").status == 200
                assert like(oslo, came(lima, token=token).json["token"], "far").json["changed"] is False, "renewed elsewhere"
                wait_until(lambda: central.get("/v1/posts/far/counts").json["counts"]["like"]["count"] == 1, WAIT_S, "one visitor, once")
                likers = central.get("/v1/posts/far/likers").json["likers"]
                assert [x["user"] for x in likers] == [visitor["visitor"]]
                check_central(central, token)


def check_central(central, token):
    """What a visitor may ask central, by that token alone, also from an operator's address."""
    assert central.get("/v1/posts/far/counts", headers=bearer(token)).status == 200
    lookup = central.post("/v1/likes/lookup", headers=bearer(token), body={"items": ["posts/far"]})
    assert [i["liked"] for i in lookup.json["items"]] == [True]
    for path in ("/v1/posts/far/likers", "/v1/export", "/v1/time", "/v1/catalogue", "/v1/admin", "/v1/posts/far/counts?by=region"):
        check_forbidden(central.get(path, headers=bearer(token)), "no token of a visitor opens this")
    check_unauthorized(central.get("/v1/posts/far/like", headers=bearer(visitor_token(key_id=9))), "unknown key")
    asked = central.post("/v1/visitors")
    assert asked.status == 404 and "ask an edge" in asked.json["detail"]
    assert central.metric("kudos_central_visitor_tokens_taken_total") >= 3
    assert central.metric('kudos_central_visitor_tokens_refused_total{reason="unknown-key"}') == 1


def reload(daemon, event="keys-reloaded"):
    before = daemon.log().count(event)
    daemon.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.log().count(event) > before, WAIT_S, event)


def test_a_live_stream_ends_by_other_keys_and_not_by_the_same_ones_read_again(start):
    edge = start()
    path = edge.sections["visitors"]["keys_file"]
    with live.by_http1(edge, ["posts/1"], "&me=true", bearer(arrive(edge))) as stream:
        stream.state()
        reload(edge)
        for _ in range(3):  # told apart by a quarter of a second, in which a shard looks at its keys
            assert like(edge, arrive(edge)).status == 200
            assert stream.next()[0] == "change"
        write_keys(path, "2 visitors")
        reload(edge)
        assert stream.until_named("bye") == {}


def test_keys_are_changed_without_a_pause(start, tmp_path):
    edge = start()
    path = edge.sections["visitors"]["keys_file"]
    old = arrive(edge)
    write_keys(path, "1 visitors", "2 visitors")
    reload(edge)
    second = arrive(edge)
    assert like(edge, visitor_token(key_id=2)).status == 200
    write_keys(path, "2 visitors", "1 visitors")
    reload(edge)
    new = arrive(edge)
    assert [like(edge, t).status for t in (old, second, new)] == [200] * 3
    write_keys(path, "2 visitors")
    reload(edge)
    assert [like(edge, t).status for t in (old, second, new)] == [401, 401, 200], "the first line has signed"
    write_keys(path, "2 central")
    reload(edge, "keys-kept")
    assert like(edge, new).status == 200 and edge.metric('kudos_edge_config_stale{file="visitors.keys_file"}') == 1
    assert "one of visitors or * is needed" in edge.log()
    write_keys(path, "2 visitors")
    reload(edge)
    assert edge.metric('kudos_edge_config_stale{file="visitors.keys_file"}') == 0


def test_a_reload_opens_and_closes_counters_and_changes_limits(start):
    edge = start(counters="like")
    token = arrive(edge)
    check_forbidden(like(edge, token, counter="view"), "takes no visitors")
    edge.set({"visitors": {"counters": "like, view", "limit_address": "100000/1h"}})
    reload(edge, '"reloaded"')
    wait_until(lambda: like(edge, token, counter="view").status == 200, WAIT_S, "the shards have taken it over")
    assert edge.popen.poll() is None and "reload-needs-restart" not in edge.log()
    edge.set({"visitors": {"counters": ""}})
    reload(edge, '"reloaded"')
    wait_until(lambda: like(edge, token).status == 403, WAIT_S, "closed")
    wait_until(lambda: came(edge).status == 403, WAIT_S, "closed at the other shard, too")
    check_forbidden(came(edge), "there are no visitors here")


@pytest.mark.parametrize("wrong, said", [
    ({"counters": "like", "keys_file": None}, "visitors.counters needs visitors.keys_file"),
    ({"counters": "applause"}, "visitors.counters: [counters] has no applause"),
    ({"token_ttl": "1500ms"}, "visitors.token_ttl: whole seconds are wanted"),
    ({"limit_new": "many"}, "visitors.limit_new"),
    ({"keys_file": "/nonexistent/keys"}, "visitors.keys_file: there is no such file"),
])
def test_a_configuration_that_cannot_work_is_refused(broker, tmp_path, wrong, said):
    edge = edge_of(tmp_path, broker)
    edge.set({"visitors": wrong})
    done = run_check(edge)
    assert done.returncode == 2 and said in done.stderr, done


def run_check(edge):
    return subprocess.run([program("kudos-edge"), "-c", edge.config, "-t"], capture_output=True, text=True, timeout=60)
