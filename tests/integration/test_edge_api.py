"""kudos-edge from outside, with an embedded broker and without central: every answer and error of the contract, ids,
idempotency keys, session tokens, work over two shards, durability across kill -9, drain, refusals at the start.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading

import pytest

from ports import free_ports
from proc import Broker, Edge, program, request, wait_until

PARTITIONS = 4


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture(scope="module")
def edge(broker, tmp_path_factory):
    with Edge(tmp_path_factory.mktemp("edge"), broker.address, partitions=PARTITIONS) as e:
        yield e


@pytest.fixture
def fresh(broker, tmp_path):
    """Edges of one test, on its own directory."""
    edges = []

    def make(**kw):
        kw.setdefault("brokers", broker.address)
        kw.setdefault("partitions", PARTITIONS)
        edges.append(Edge(tmp_path, **kw))
        return edges[-1]

    yield make
    for e in edges:
        e.kill9()


# ---- answers --------------------------------------------------------------------------------------------------------


def test_like_and_again_and_unlike(edge):
    first = edge.post("/v1/posts/l1/like", user="ann")
    assert first.status == 200 and first.headers["content-type"] == "application/json"
    assert first.json == {"item": "posts/l1", "counter": "like", "liked": True, "changed": True, "count": None,
                          "display": None, "pending": 1, "age_ms": None, "as_of": None, "source": "edge"}
    again = edge.post("/v1/posts/l1/like", user="ann").json
    assert (again["liked"], again["changed"], again["count"], again["pending"]) == (True, False, None, 2)
    assert edge.post("/v1/posts/l1/like", user="bob").json["pending"] == 3
    gone = edge.delete("/v1/posts/l1/like", user="ann").json
    assert (gone["liked"], gone["changed"], gone["count"]) == (False, True, None)
    gone = edge.delete("/v1/posts/l1/like", user="ann").json
    assert (gone["liked"], gone["changed"], gone["count"]) == (False, False, None)


def test_unlike_of_nothing_known_says_that_it_does_not_know(edge):
    answer = edge.delete("/v1/posts/l2/like", user="ann").json
    assert (answer["liked"], answer["changed"], answer["count"], answer["pending"]) == (False, None, None, 1)


def test_set_counters_are_apart(edge):
    assert edge.post("/v1/posts/l3/save", user="ann").json["counter"] == "save"
    counts = edge.get("/v1/posts/l3/counts").json
    assert counts["counts"]["save"] == {"count": None, "display": None, "pending": 1}
    assert counts["counts"]["like"] == {"count": None, "display": None, "pending": 0}
    assert (counts["age_ms"], counts["as_of"], counts["source"]) == (None, None, "edge")


def test_sums(edge):
    assert edge.post("/v1/posts/s1/view", user="ann").json["pending"] == 1
    answer = edge.post("/v1/posts/s1/view", user="ann", body={"amount": 1000}).json
    assert (answer["count"], answer["display"], answer["pending"]) == (None, None, 2) and "liked" not in answer
    for body in ('{"amount":0}', '{"amount":1001}', '{"amount":-1}', '{"amount":1e3}', '{"amount":1.5}', '{"amount":"1"}',
                 '{"amount":true}', '{"amount":99999999999999999999}'):
        bad = edge.post("/v1/posts/s1/view", user="ann", body=body)
        assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-request", "amount"), body
    assert edge.get("/v1/posts/s1/counts").json["counts"]["view"] == {"count": None, "display": None, "pending": 2}


def test_has_liked(edge):
    edge.post("/v1/posts/h1/like", user="ann")
    assert edge.get("/v1/posts/h1/like", user="ann").json == {"item": "posts/h1", "liked": True, "source": "edge"}
    edge.delete("/v1/posts/h1/like", user="ann")
    assert edge.get("/v1/posts/h1/like", user="ann").json["liked"] is False
    assert edge.get("/v1/posts/h1/like", user="bob").json == {"item": "posts/h1", "liked": None, "source": "edge"}


NULL = {"count": None, "display": None}


def test_no_number_is_invented_where_none_of_central_is_known(edge):
    """Five likes are five of how many? Likes, bulk reads, reads of one item, with and without `me`: null, and what this edge has is pending."""
    likes = [edge.post("/v1/posts/five/like", user=f"u{n}").json for n in range(5)]
    assert [(x["count"], x["display"], x["pending"]) for x in likes] == [(None, None, n + 1) for n in range(5)]
    batch = edge.post("/v1/likes", user="u0", body={"operations": [{"item": "posts/five", "op": "unlike"}]}).json["results"][0]
    assert (batch["count"], batch["display"], batch["pending"]) == (None, None, 6)
    one = edge.get("/v1/posts/five/counts")
    assert one.status == 200 and one.json["counts"]["like"] == {**NULL, "pending": 6}
    body = {"items": ["posts/five", "posts/never"], "me": True}
    for items in (edge.get("/v1/counts?items=posts/five,posts/never").json, edge.post("/v1/counts", body=body, user="u1").json):
        assert [x["counts"]["like"] for x in items["items"]] == [{**NULL, "pending": 6}, {**NULL, "pending": 0}]
        assert all((x["age_ms"], x["as_of"]) == (None, None) for x in items["items"])
    assert [x["liked"] for x in items["items"]] == [True, None]


def test_display_is_null_and_not_cacheable_where_no_number_of_central_is_known(edge):
    edge.post("/v1/posts/d1/like", user="ann")
    answer = edge.get("/v1/posts/d1/display")
    assert answer.json == {"item": "posts/d1", "display": {"like": None, "save": None, "view": None, "share": None}}
    assert answer.headers["cache-control"] == "no-store" and "kudos-as-of" not in answer.headers
    same = edge.get("/v1/posts/d1/display", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status, same.headers["cache-control"]) == (304, "no-store") and "kudos-as-of" not in same.headers


def test_head_is_a_get_without_its_body(edge):
    answer = edge.request("HEAD", "/v1/posts/d2/counts")
    assert answer.status == 200 and answer.body == b""


# ---- many at once, over both shards -----------------------------------------------------------------------------------


def test_bulk_keeps_the_order_over_shards(edge):
    ids = [f"b{i}" for i in range(200)]
    for i in ids[:20]:
        edge.post(f"/v1/posts/{i}/like", user="ann")
    handed_over = edge.metric("kudos_edge_parts_handed_over_total")
    by_get = edge.get("/v1/counts?items=" + ",".join(f"posts/{i}" for i in ids)).json["items"]
    by_post = edge.post("/v1/counts", body={"items": [f"posts/{i}" for i in ids]}).json["items"]
    assert [x["item"] for x in by_get] == [f"posts/{i}" for i in ids]
    assert [x["counts"]["like"]["pending"] for x in by_get] == [1] * 20 + [0] * 180
    assert by_post == by_get and "liked" not in by_post[0]
    wait_until(lambda: edge.metric("kudos_edge_parts_handed_over_total") > handed_over, 20, "a hand-over")


def test_bulk_with_me(edge):
    edge.post("/v1/posts/m1/like", user="ann")
    items = edge.post("/v1/counts", user="ann", body={"items": ["posts/m1", "posts/m2"], "me": True}).json["items"]
    assert [x["liked"] for x in items] == [True, None]
    items = edge.get("/v1/counts?me=true&items=posts%2Fm1%2Cposts/m2", user="ann").json["items"]
    assert [x["liked"] for x in items] == [True, None]
    assert edge.post("/v1/counts", body={"items": ["posts/m1"], "me": True}).problem == "unauthorized"


def test_lookup(edge):
    edge.post("/v1/posts/k1/like", user="ann")
    edge.post("/v1/posts/k2/save", user="ann")
    edge.delete("/v1/posts/k3/like", user="ann")
    likes = edge.post("/v1/likes/lookup", user="ann", body={"items": ["posts/k1", "posts/k2", "posts/k3"]}).json["items"]
    assert [(x["item"], x["liked"]) for x in likes] == [("posts/k1", True), ("posts/k2", None), ("posts/k3", False)]
    saves = edge.post("/v1/likes/lookup", user="ann", body={"items": ["posts/k2"], "counter": "save"}).json["items"]
    assert [x["liked"] for x in saves] == [True]


def test_batch_of_likes(edge):
    operations = [{"item": f"posts/q{i}", "op": "like"} for i in range(1000)]
    results = edge.post("/v1/likes", user="ann", body={"operations": operations}).json["results"]
    assert [r["item"] for r in results] == [o["item"] for o in operations]
    assert all((r["liked"], r["changed"], r["pending"]) == (True, True, 1) for r in results)
    mixed = [{"item": "posts/q0", "op": "unlike"}, {"item": "posts/q0", "op": "like"}, {"item": "posts/q0", "op": "unlike"},
             {"counter": "save", "op": "like", "item": "posts/q\u0030"}]
    results = edge.post("/v1/likes", user="ann", body=json.dumps({"operations": mixed}).replace("q0\"}", "q\\u0030\"}")).json
    assert [(r["counter"], r["liked"], r["changed"], r["pending"]) for r in results["results"]] == [
        ("like", False, True, 2), ("like", True, True, 3), ("like", False, True, 4), ("save", True, True, 1)]
    assert results["results"][3]["item"] == "posts/q0"


def test_batch_with_a_key_is_answered_from_memory(edge):
    body = {"operations": [{"item": f"posts/bk{i}", "op": "like"} for i in range(3)]}
    headers = {"Idempotency-Key": "batch-1"}
    first = edge.post("/v1/likes", user="ann", body=body, headers=headers)
    edge.delete("/v1/posts/bk0/like", user="ann")
    again = edge.post("/v1/likes", user="ann", body=body, headers=headers)
    assert [r["changed"] for r in again.json["results"]] == [r["changed"] for r in first.json["results"]]
    assert edge.get("/v1/posts/bk0/like", user="ann").json["liked"] is False, "a retry is not an operation"


@pytest.mark.parametrize("items", ([0], [0, 1, 2], [0, 3], [0, 1]))
def test_the_key_of_a_batch_is_not_that_of_another_which_begins_alike(edge, items):
    """What both have would be told as taken, and is not."""
    name = "bo" + "".join(map(str, items))

    def said(items):
        return edge.post("/v1/likes", user="ann", body={"operations": [{"item": f"posts/{name}{i}", "op": "like"} for i in items]},
                         headers={"Idempotency-Key": name})

    assert said([0, 1]).status == 200
    assert edge.delete(f"/v1/posts/{name}0/like", user="ann").status == 200
    answer = said(items)
    if items == [0, 1]:
        assert answer.json["results"][0]["liked"] is True, "the same again is answered from memory"
    else:
        assert (answer.status, answer.problem) == (422, "key-reused")
    assert edge.get(f"/v1/posts/{name}0/like", user="ann").json["liked"] is False


@pytest.mark.parametrize("body, field", [
    ("", "body"), ("[]", "body"), ("{", "body"), ("nonsense", "body"), ("{}", "operations"), ('{"operations":[]}', "operations"),
    ('{"operations":{}}', "operations"), ('{"operations":[1]}', "operations[0]"), ('{"operations":[],"x":1}', "body"),
    ('{"operations":[{"item":"posts/1","op":"like"}],"operations":[]}', "operations"),
    ('{"operations":[{"item":"posts/1"}]}', "operations[0].op"), ('{"operations":[{"op":"like"}]}', "operations[0].item"),
    ('{"operations":[{"item":"posts/1","op":"love"}]}', "operations[0].op"),
    ('{"operations":[{"item":"posts/1","op":"like"},{"item":7,"op":"like"}]}', "operations[1].item"),
    ('{"operations":[{"item":"posts/1","op":"like","op":"unlike"}]}', "operations[0].op"),
    ('{"operations":[{"item":"posts/1","op":"like","why":1}]}', "operations[0]"),
    ('{"operations":[{"item":"posts/1","op":"like"}]} x', "body"),
    ('{"operations":' + "[" * 10000 + "]" * 10000 + "}", "operations[0]"),
    (json.dumps({"operations": [{"item": "posts/1", "op": "like"}] * 1001}), "operations"),
])
def test_batch_refusals_name_the_field(edge, body, field):
    bad = edge.post("/v1/likes", user="ann", body=body)
    assert (bad.status, bad.problem) == (400, "invalid-request")
    assert bad.json["field"] == field


def test_batch_refuses_as_a_whole(edge):
    operations = [{"item": "posts/w1", "op": "like"}, {"item": "posts/a b", "op": "like"}]
    bad = edge.post("/v1/likes", user="ann", body={"operations": operations})
    assert (bad.problem, bad.json["field"]) == ("invalid-id", "operations[1].item")
    assert edge.get("/v1/posts/w1/counts").json["counts"]["like"]["pending"] == 0
    bad = edge.post("/v1/likes", user="ann", body={"operations": [{"item": "posts/w1", "op": "like", "counter": "view"}]})
    assert (bad.problem, bad.json["field"]) == ("unknown-counter", "operations[0].counter")


@pytest.mark.parametrize("body, field", [
    ("{}", "items"), ('{"items":[]}', "items"), ('{"items":"posts/1"}', "items"), ('{"items":[1]}', "items"),
    ('{"items":["posts/1"],"me":1}', "me"), ('{"items":["posts/1"],"items":["posts/1"]}', "items"),
    ('{"items":["posts/1"],"counter":"like"}', "body"), (json.dumps({"items": ["posts/1"] * 201}), "items"),
])
def test_bulk_refusals_name_the_field(edge, body, field):
    bad = edge.post("/v1/counts", user="ann", body=body)
    assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-request", field)


# ---- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw, text", [
    ("a", "a"), ("A-Za.z0_9~:@=+", "A-Za.z0_9~:@=+"), ("%41%2D", "A-"), ("...", "..."), ("x" * 128, "x" * 128),
    ("%7e%7E", "~~"), ("1e3", "1e3"), ("-0", "-0"),
])
def test_ids_that_are_valid(edge, raw, text):
    answer = edge.get(f"/v1/posts/{raw}/counts")
    assert answer.status == 200 and answer.json["item"] == "posts/" + text


@pytest.mark.parametrize("raw", ["%00", "a%2fb", "a%2Fb", "%", "%4", "%zz", "a%20b", "x" * 129, "%c3%a9", "%ff", "a,b", "a!b", "*", "",
                                 ".", "..", "%2e%2E"])
def test_ids_that_are_not(edge, raw):
    bad = edge.get(f"/v1/posts/{raw}/counts")
    assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-id", "id"), raw


@pytest.mark.parametrize("user", ["%00", "a%2fb", "a b", "", "x" * 129, "%"])
def test_users_that_are_not(edge, user):
    bad = edge.post("/v1/posts/u1/like", user=user)
    assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-id", "X-User-Id"), user


def test_users_are_percent_decoded(edge):
    edge.post("/v1/posts/u2/like", user="a%40b")
    assert edge.post("/v1/posts/u2/like", user="a@b").json["changed"] is False


# ---- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, path, status, slug", [
    ("GET", "/", 404, "not-found"), ("GET", "/v2/posts/1/counts", 404, "not-found"), ("GET", "/v1", 404, "not-found"),
    ("GET", "/v1/posts/1", 404, "not-found"), ("GET", "/v1/posts/1/counts/", 404, "not-found"),
    ("GET", "/v1/posts/1/like/more", 404, "not-found"), ("GET", "/v1/nothing", 404, "not-found"),
    ("GET", "/v1/songs/1/counts", 404, "unknown-collection"), ("GET", "/v1/posts/1/love", 404, "unknown-counter"),
    ("GET", "/v1/counts?items=songs/1", 404, "unknown-collection"), ("GET", "/v1/counts?items=posts/", 400, "invalid-id"),
    ("GET", "/v1/counts?items=posts", 400, "invalid-id"), ("GET", "/v1/counts", 400, "invalid-request"),
    ("GET", "/v1/counts?items=", 400, "invalid-request"), ("GET", "/v1/counts?items=%zz", 400, "invalid-request"),
    ("GET", "/v1/counts?items=" + ",".join(["posts/1"] * 201), 400, "invalid-request"),
    ("POST", "/v1/posts/1/like", 401, "unauthorized"), ("DELETE", "/v1/posts/1/like", 401, "unauthorized"),
    ("GET", "/v1/posts/1/like", 401, "unauthorized"), ("POST", "/v1/posts/1/view", 401, "unauthorized"),
    ("POST", "/v1/likes", 401, "unauthorized"),
])
def test_errors(edge, method, path, status, slug):
    bad = edge.request(method, path)
    assert (bad.status, bad.problem) == (status, slug)
    assert {"type", "title", "status"} <= bad.json.keys()


@pytest.mark.parametrize("path", ["/v1/posts/1/likers", "/v1/posts/1/likers?limit=10", "/v1/snapshots/posts/1", "/v1/time", "/v1/export", "/v1/admin"])
def test_what_is_asked_of_central_says_so(edge, path):
    bad = edge.get(path, user="ann")
    assert (bad.status, bad.problem) == (404, "not-found") and "central" in bad.json["detail"], bad
    assert edge.post(path, user="ann").problem == "not-found"


@pytest.mark.parametrize("method, path, allow", [
    ("PUT", "/v1/posts/1/like", "GET, HEAD, POST, DELETE, OPTIONS"), ("GET", "/v1/posts/1/view", "POST, OPTIONS"),
    ("DELETE", "/v1/posts/1/view", "POST, OPTIONS"), ("DELETE", "/v1/posts/1/counts", "GET, HEAD, POST, OPTIONS"),
    ("DELETE", "/v1/posts/1/display", "GET, HEAD, OPTIONS"), ("DELETE", "/v1/counts", "GET, HEAD, POST, OPTIONS"),
    ("POST", "/v1/display", "GET, HEAD, OPTIONS"),
    ("GET", "/v1/likes", "POST, OPTIONS"), ("PATCH", "/v1/likes/lookup", "POST, OPTIONS"),
])
def test_wrong_method_says_which_are_right(edge, method, path, allow):
    bad = edge.request(method, path, user="ann")
    assert (bad.status, bad.problem, bad.headers["allow"]) == (405, "method-not-allowed", allow)


def test_body_of_a_like_is_nothing(edge):
    assert edge.post("/v1/posts/e1/like", user="ann", body="{}").status == 200
    bad = edge.post("/v1/posts/e1/like", user="ann", body='{"amount":2}')
    assert (bad.problem, bad.json["field"]) == ("invalid-request", "body")


def test_the_header_of_a_stranger_is_ignored(fresh):
    e = fresh(more={"http": {"trusted_peers": "10.0.0.0/8"}}).start()
    assert e.post("/v1/posts/1/like", user="ann").problem == "unauthorized"
    assert e.post("/v1/posts/1/like", user="not valid").problem == "unauthorized"
    assert e.get("/v1/posts/1/counts").json["counts"]["like"]["pending"] == 0


def test_over_http2(edge):
    out = subprocess.run(["curl", "-s", "--http2-prior-knowledge", "-w", "\n%{http_version} %{http_code}", "-X", "POST", "-H",
                          "X-User-Id: ann", f"http://127.0.0.1:{edge.port}/v1/posts/h2/like"], capture_output=True, text=True,
                         timeout=15, check=True).stdout.splitlines()
    assert json.loads(out[0])["pending"] == 1 and out[1] == "2 200"


def test_another_host_on_the_same_connection_is_judged_by_itself(edge):
    """What a host is worth is kept with the connection, for this host alone."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=20)
    for host, status in (("localhost", 200), ("localhost", 200), ("evil.example", 403), ("localhost", 200), ("localhos", 403), ("127.0.0.1", 200)):
        connection.request("POST", "/v1/posts/host/like", headers={"Host": host, "X-User-Id": "ann"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, host
    connection.close()


# ---- session and idempotency --------------------------------------------------------------------------------------------


def test_session_token_comes_back_and_is_checked(edge):
    token = edge.post("/v1/posts/t1/like", user="ann").headers["kudos-session"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{44}", token)
    later = edge.delete("/v1/posts/t1/like", user="ann", headers={"Kudos-Session": token})
    assert later.status == 200 and later.headers["kudos-session"] != token
    forged = token[:10] + ("A" if token[10] != "A" else "B") + token[11:]
    for user, bad in (("ann", forged), ("ann", ""), ("ann", "x"), ("bob", token)):
        answer = edge.post("/v1/posts/t1/like", user=user, headers={"Kudos-Session": bad})
        assert (answer.status, answer.problem, answer.json["field"]) == (400, "invalid-request", "Kudos-Session"), bad


def test_the_token_of_another_edge_is_refused_by_name_and_a_start_without_a_secret_warns(edge, fresh):
    other = fresh(name="edge-2").start()
    assert [line["level"] for line in other.events("session-secret-unset")] == ["warn"]
    token = other.post("/v1/posts/t2/like", user="ann").headers["kudos-session"]
    bad = edge.post("/v1/posts/t2/like", user="ann", headers={"Kudos-Session": token})
    assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-request", "Kudos-Session")
    assert "another edge" in bad.json["detail"] and "without this header" in bad.json["detail"], bad
    assert edge.post("/v1/posts/t2/like", user="ann").status == 200


M64 = 2**64 - 1


def siphash128(key, data):
    """SipHash-2-4 with 128 bits (Aumasson, Bernstein), as in libsodium."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotl(x, b):
        return (x << b | x >> (64 - b)) & M64

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & M64
            v[2] = (v[2] + v[3]) & M64
            v[1], v[3] = rotl(v[1], 13) ^ v[0], rotl(v[3], 16) ^ v[2]
            v[0] = (rotl(v[0], 32) + v[3]) & M64
            v[2] = (v[2] + v[1]) & M64
            v[3], v[1] = rotl(v[3], 21) ^ v[0], rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for m, in struct.iter_unpack("<Q", padded):
        v[3] ^= m
        rounds(2)
        v[0] ^= m
    v[2] ^= 0xEE
    rounds(4)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(4)
    return struct.pack("<QQ", low, v[0] ^ v[1] ^ v[2] ^ v[3])


def session_token(secret_hex, time_us, user):
    key = hashlib.blake2b(bytes.fromhex(secret_hex), digest_size=16, key=b"kudos session token v1").digest()
    head = b"\x02" + struct.pack(">QIIQIIQ", 0, 0, 0, 0, 0, 0, time_us)
    return base64.urlsafe_b64encode(head + siphash128(key, head + user.encode())).decode().rstrip("=")


def token_time(token):
    """The newest that it tells of."""
    raw = base64.urlsafe_b64decode(token)
    if raw[0] == 3:  # of one edge
        return struct.unpack(">Q", raw[1:9])[0]
    first, _, _, second, _, _, rest = struct.unpack(">QIIQIIQ", raw[1:41])
    return max(first, second, rest)


def test_an_operation_is_newer_than_what_its_user_has_seen(fresh, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("00112233445566778899aabbccddeeff")
    secret.chmod(0o600)
    e = fresh(more={"http": {"session_secret": secret}}).start()
    assert not e.events("session-secret-unset")
    ahead = token_time(e.post("/v1/posts/1/like", user="ann").headers["kudos-session"]) + 200_000
    token = session_token(secret.read_text(), ahead, "ann")
    answer = e.delete("/v1/posts/1/like", user="ann", headers={"Kudos-Session": token})
    assert answer.status == 200
    assert token_time(answer.headers["kudos-session"]) > ahead
    again = e.post("/v1/posts/1/view", user="ann", headers={"Kudos-Session": token})
    assert token_time(again.headers["kudos-session"]) == ahead, "a sum has no stamp: the token is handed on"


@pytest.mark.parametrize("header, value", [("Idempotency-Key", "k1"), ("Idempotency-Key", '"k2"'), ("X-Idempotency-Key", "k3")])
def test_a_key_makes_a_retry_one_operation(edge, header, value):
    item = "i" + value.strip('"')
    first = edge.post(f"/v1/posts/{item}/view", user="ann", headers={header: value})
    again = edge.post(f"/v1/posts/{item}/view", user="ann", headers={header: value})
    assert (first.status, again.status, again.json["pending"]) == (200, 200, 1)
    assert edge.post(f"/v1/posts/{item}/view", user="bob", headers={header: value}).json["pending"] == 2, "keys are a user's own"
    other = edge.post(f"/v1/posts/{item}-other/view", user="ann", headers={header: value})
    assert (other.status, other.problem) == (422, "key-reused")


def test_a_key_for_something_else_is_refused(edge):
    headers = {"Idempotency-Key": "reused"}
    assert edge.post("/v1/posts/r1/like", user="ann", headers=headers).status == 200
    bad = edge.delete("/v1/posts/r1/like", user="ann", headers=headers)
    assert (bad.status, bad.problem) == (422, "key-reused")
    assert edge.get("/v1/posts/r1/like", user="ann").json["liked"] is True


@pytest.mark.parametrize("key", ["", '""', "x" * 129, "a b", 'a"b'])
def test_keys_that_are_not(edge, key):
    bad = edge.post("/v1/posts/r2/like", user="ann", headers={"Idempotency-Key": key})
    assert (bad.status, bad.problem, bad.json["field"]) == (400, "invalid-request", "Idempotency-Key")


# ---- durability, stop, start ---------------------------------------------------------------------------------------------


def test_acknowledged_likes_survive_kill_9(fresh):
    e = fresh().start()
    acked, lock, stop = [], threading.Lock(), threading.Event()

    def client(n):
        i = 0
        while not stop.is_set():
            i += 1
            item, user = f"k{i % 7}", f"u{n}-{i}"
            try:
                answer = e.post(f"/v1/posts/{item}/like", user=user, timeout=5)
            except OSError:
                return
            if answer.status == 200:
                with lock:
                    acked.append((item, user))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    wait_until(lambda: len(acked) > 400, 30, "likes")
    e.kill9()
    stop.set()
    for t in threads:
        t.join()
    e.start()
    for item in sorted({i for i, _ in acked}):
        users = {u for i, u in acked if i == item}
        count = e.get(f"/v1/posts/{item}/counts").json["counts"]["like"]["pending"]
        assert len(users) <= count <= len(users) + 4, "at most one per client was on its way"
    for item, user in acked[::20]:
        assert e.get(f"/v1/posts/{item}/like", user=user).json["liked"] is True


def test_a_key_is_remembered_across_kill_9(fresh):
    e = fresh().start()
    headers = {"Idempotency-Key": "once"}
    assert e.post("/v1/posts/1/view", user="ann", headers=headers).json["pending"] == 1
    e.kill9()
    e.start()
    assert e.post("/v1/posts/1/view", user="ann", headers=headers).json["pending"] == 1


def test_drain_hands_over_and_ends_with_0(fresh):
    e = fresh(more={"edge": {"flush_interval": "60s"}}).start()
    wait_until(lambda: e.metric("kudos_edge_kafka_ready") == 2, 30, "kafka")
    for i in range(20):
        e.post(f"/v1/posts/{i}/like", user="ann")
    assert e.stop() == 0
    assert '"event":"draining"' in e.log() and '"code":0' in e.log()
    sent = [json.loads(x)["sent"] for x in e.log().splitlines() if '"event":"shard-flushed"' in x]
    assert len(sent) == 2 and sum(sent) >= PARTITIONS, "flush_interval had not sealed them"
    with pytest.raises(OSError):
        request(e.port, "GET", "/v1/posts/1/counts")
    e.start()
    sealed = [p["outbox_batches"] for p in json.loads(e.admin("/debug/partitions").body)["partitions"]]
    assert sum(sealed) >= PARTITIONS, "sealed by the drain, in the outbox until central has applied them"
    assert e.get("/v1/posts/1/counts").json["counts"]["like"] == {**NULL, "pending": 1}


def test_drain_finishes_requests_and_closes_idle_connections(fresh):
    e = fresh().start()
    with socket.create_connection(("127.0.0.1", e.port), timeout=15) as idle:
        head = f"POST /v1/posts/1/view HTTP/1.1\r\nHost: localhost\r\nX-User-Id: ann\r\nContent-Length: 12\r\n\r\n"
        idle.sendall(head.encode() + b'{"amount"')
        wait_until(lambda: e.metric("kudos_edge_connections") >= 1, 20, "connection")
        e.signal(signal.SIGTERM)
        wait_until(lambda: '"event":"draining"' in e.log(), 20, "drain")
        idle.sendall(b":5}")
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer:
            part = idle.recv(65536)
            assert part, answer
            answer += part
        assert answer.startswith(b"HTTP/1.1 200") and b'"pending":1' in answer
        assert idle.recv(65536) == b""
    assert e.wait() == 0


class Forwarder:
    """A port that leads to another address, from start() on."""

    def __init__(self, port, target):
        self.target = (target.split(":")[0], int(target.split(":")[1]))
        self.listener = socket.create_server(("127.0.0.1", port))
        self.open = [self.listener]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            self.open += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def close(self):
        for s in self.open:
            s.close()


def test_serves_without_kafka_and_finds_it_later(broker, fresh):
    port, = free_ports(1)
    e = fresh(brokers=f"127.0.0.1:{port}", more={"kafka": {"start_timeout": "200ms"}, "edge": {"flush_interval": "50ms"}})
    e.start()
    assert e.post("/v1/posts/1/like", user="ann").json["pending"] == 1
    assert e.metric("kudos_edge_kafka_ready") == 0 and e.metric("kudos_edge_batches_sent_total") == 0
    wait_until(lambda: e.events("kafka-unreachable"), 20, "a line about Kafka")
    forwarder = Forwarder(port, broker.address)
    try:
        wait_until(lambda: e.metric("kudos_edge_kafka_ready") == 2, 30, "the topics")
        wait_until(lambda: e.metric("kudos_edge_batches_sent_total") > 0, 30, "a batch")
        assert e.stop() == 0
    finally:
        forwarder.close()


def test_sighup_reloads_the_level_and_names_what_needs_a_restart(fresh):
    e = fresh().start()
    with open(e.config, encoding="ascii") as f:
        good = f.read()
    with open(e.config, "a", encoding="ascii") as f:
        f.write("\n[nonsense]\nkey = 1\n")
    e.signal(signal.SIGHUP)
    wait_until(lambda: e.events("reload-refused"), 30, "a refusal")
    with open(e.config, "w", encoding="ascii") as f:
        f.write(good)
    e.set({"log": {"level": "error"}, "edge": {"region": "virginia", "resend_max": "50s"}})
    e.signal(signal.SIGHUP)
    wait_until(lambda: {x["key"] for x in e.events("reload-needs-restart")} == {"region", "resend_max"}, 30, "each option that needs a restart")
    assert not e.events("reloaded"), "a file that was refused is not taken; the level is error by now"
    assert e.post("/v1/posts/1/like", user="ann").status == 200


@pytest.mark.parametrize("more, code, text", [
    ({"kafka": {"partitions": PARTITIONS + 1}}, 2, "partitions"),
    ({"edge": {"shards": 1}}, 2, "made with edge.shards = 2, the configuration says 1: set edge.shards = 2"),
    ({"edge": {"shards": 4}}, 2, "made with edge.shards = 2, the configuration says 4: set edge.shards = 2"),
    ({"edge": {"name": "edge-2"}}, 2, "made for edge.name = edge-1, the configuration says edge-2"),
])
def test_a_start_that_does_not_fit_is_refused_by_name(fresh, more, code, text):
    e = fresh().start()
    assert e.stop() == 0
    e.set(more)
    e.start(wait=False)
    assert e.wait() == code
    assert text in e.log().splitlines()[-1]


def test_a_second_process_is_refused(fresh):
    e = fresh().start()
    port, admin = free_ports(2)
    sets = ["--set", f"http.listen=127.0.0.1:{port}", "--set", f"admin.listen=127.0.0.1:{admin}"]
    second = subprocess.run([program("kudos-edge"), "-c", e.config, *sets], capture_output=True, text=True, timeout=30)
    assert second.returncode == 4 and "shard-0" in second.stderr and '"event":"start-failed"' in second.stderr
    sets = ["--set", f"edge.data_dir={e.data}-2", "--set", f"admin.listen=127.0.0.1:{admin}"]
    second = subprocess.run([program("kudos-edge"), "-c", e.config, *sets], capture_output=True, text=True, timeout=30)
    assert second.returncode == 4 and f":{e.port}" in second.stderr
    assert e.post("/v1/posts/1/like", user="ann").status == 200


def test_an_edge_takes_the_descriptors_that_the_system_allows(fresh):
    e = fresh()
    e.command = ["prlimit", "--nofile=512:2048"] + e.command
    e.start()
    assert resource.prlimit(e.popen.pid, resource.RLIMIT_NOFILE) == (2048, 2048)


@pytest.mark.parametrize("sets, text", [
    (["counters.counts=9 set"], "counts"), (["http.tls_required=true"], "tls_certificate"), (["edge.shards=5"], "edge.shards"),
    (["http.trusted_peers=10.0.0.0/33"], "trusted_peers"), (["edge.flush_interval=5"], "flush_interval"),
    (["api.collections=Posts"], "collections"), (["kafka-properties.acks=1"], "acks"),
])
def test_configuration_is_checked_without_a_start(fresh, sets, text):
    e = fresh()
    arguments = [a for s in sets for a in ("--set", s)]
    done = subprocess.run([program("kudos-edge"), "-c", e.config, "-t", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and text in done.stderr
    assert not os.path.exists(e.data)


def test_overload_is_refused_before_work(fresh):
    e = fresh(more={"edge": {"in_flight_max": 10}}).start()
    body = {"operations": [{"item": f"posts/{i}", "op": "like"} for i in range(200)]}
    statuses, lock = [], threading.Lock()

    def client():
        for _ in range(20):
            answer = e.post("/v1/likes", user="ann", body=body)
            with lock:
                statuses.append(answer)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    refused = [a for a in statuses if a.status == 503]
    assert refused and all(a.problem == "overloaded" and int(a.headers["retry-after"]) >= 1 for a in refused)
    assert any(a.status == 200 for a in statuses)


def test_a_full_outbox_is_refused_and_nothing_is_lost(fresh):
    e = fresh(more={"edge": {"outbox_max": "1MiB"}}).start()
    taken, i, refused = 0, 0, None
    while refused is None and i < 200:
        operations = [{"item": f"posts/o{i}-{k}", "op": "like"} for k in range(1000)]
        answer = e.post("/v1/likes", user=f"u{i}", body={"operations": operations})
        if answer.status == 200:
            taken += 1
        else:
            refused = answer
        i += 1
    assert (refused.status, refused.problem) == (503, "outbox-full")
    assert int(refused.headers["retry-after"]) == refused.json["retry_after_s"] >= 1 and taken > 0
    assert e.get("/v1/posts/o0-7/counts").json["counts"]["like"]["pending"] == 1


def test_a_failing_disk_ends_the_process_and_acknowledges_nothing(fresh):
    e = fresh(shards=1)
    limit = 600 * 1024
    e.command = ["prlimit", f"--fsize={limit}", "--core=0"] + e.command
    e.start()
    acked, failed = [], None
    for i in range(2000):
        try:
            operations = [{"item": f"posts/f{i}-{k}", "op": "like"} for k in range(200)]
            answer = e.post("/v1/likes", user="ann", body={"operations": operations})
        except OSError:
            break
        if answer.status != 200:
            failed = answer
            break
        acked.append(i)
    assert failed is None or (failed.status, failed.problem) == (503, "storage-failed")
    assert e.wait() == 1
    assert '"event":"storage-failed"' in e.log()
    e.command = e.command[3:]
    e.start()
    for i in acked:
        counts = e.get("/v1/counts?items=" + ",".join(f"posts/f{i}-{k}" for k in range(200))).json["items"]
        assert all(c["counts"]["like"]["pending"] == 1 for c in counts), i


def test_metrics_never_name_items_or_users(edge):
    edge.post("/v1/posts/secret-item/like", user="secret-user")
    text = edge.admin("/metrics").body.decode()
    assert "secret" not in text
    for name in ("kudos_edge_operations_total", "kudos_edge_request_seconds_count", "kudos_edge_outbox_batches",
                 "kudos_edge_outbox_bytes", "kudos_edge_snapshots_total", "kudos_edge_commit_seconds_count",
                 "kudos_edge_clock_offset_us", "kudos_edge_central_up"):
        assert name in text
