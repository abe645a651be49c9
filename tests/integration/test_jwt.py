"""Tokens of users (JWT) at a real edge and a real central: who asks, what scopes allow, where keys come from, and what a refusal says."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import live
from certificate import make_certificate
from http_peer import DATA, END_HEADERS, END_STREAM, H2, HEADERS, fields, frame, integer
from proc import SLOWER, TOP, Broker, Central, Edge, program, wait_until
from tokens import Key, Provider, b64, bearer, key_set, write_file

PARTITIONS = 4
SECRET = "a secret of the tests, 32 bytes or more"
RSA, EC, ED, MAC = Key("RS256", "r1"), Key("ES256", "e1"), Key("EdDSA", "d1"), Key("HS256", None, SECRET)
PARTY = {"issuer": "idp", "audience": "kudos"}
LIKE = "/v1/posts/1/like"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


def with_keys(directory, text=None, secret=None, **more):
    files = {}
    if text is not None:
        files["keys_file"] = write_file(os.path.join(str(directory), "keys.json"), text)
    if secret is not None:
        files["secret_file"] = write_file(os.path.join(str(directory), "jwt.secret"), secret + "\n", 0o600)
    return {"jwt": {**PARTY, **files, **more}}


def edge_of(directory, broker, name, jwt, **more):
    daemon = Edge(directory, broker.address, name=name, partitions=PARTITIONS, more={**jwt, **more})
    daemon.env = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
    return daemon


@pytest.fixture(scope="module")
def edge(broker, tmp_path_factory):
    """With keys of all algorithms."""
    d = tmp_path_factory.mktemp("edge")
    with edge_of(d, broker, "jwt-1", with_keys(d, key_set(RSA, EC, ED), SECRET)) as e:
        yield e


@pytest.fixture(scope="module")
def central(tmp_path_factory):
    """That trusts no address; with an operator's and an edge's token besides."""
    d = tmp_path_factory.mktemp("central")
    files = {"edge_token_file": write_file(d / "edge", "edge-token-0123456789\n", 0o600),
             "operator_token_file": write_file(d / "operator", "operator-token-0123456789\n", 0o600)}
    with Broker(d, PARTITIONS) as b:
        more = {"http": {"trusted_peers": "192.0.2.1", **files}, "central": {"snapshot_interval": "100ms"}, **with_keys(d, key_set(RSA, EC, ED), SECRET)}
        with Central(d, b.address, partitions=PARTITIONS, more=more) as c, \
                edge_of(d, b, "fed", with_keys(d, key_set(RSA, EC, ED), SECRET), edge={"flush_interval": "50ms"}) as e:
            assert e.post("/v1/posts/fed/like", headers=bearer(EC.token("ada"))).status == 200
            wait_until(lambda: c.get("/v1/posts/fed/counts", headers=bearer("edge-token-0123456789")).json["counts"]["like"]["count"] == 1, 20, "merged")
            yield c


def refused(answer, status, problem, detail, challenge, field="Authorization"):
    assert (answer.status, answer.problem) == (status, problem), answer
    assert answer.json.get("field") == field and detail in answer.json["detail"], answer
    assert answer.headers["www-authenticate"] == challenge, answer


INVALID = 'Bearer error="invalid_token"'


# ---- who asks ----

@pytest.mark.parametrize("key", [RSA, EC, ED, MAC], ids=lambda k: k.alg)
def test_each_algorithm_is_taken(edge, central, key):
    user = f"user-{key.alg.lower()}"
    answer = edge.post(LIKE, headers=bearer(key.token(user)))
    assert answer.status == 200 and answer.json["liked"] is True, answer
    assert edge.get(LIKE, headers=bearer(key.token(user))).json["liked"] is True
    assert central.get("/v1/posts/fed/like", headers=bearer(key.token("ada"))).json["liked"] is True


def test_the_token_alone_decides_who_asks(edge):
    path = "/v1/posts/alone/like"
    assert edge.post(path, user="mallory", headers=bearer(EC.token("ada"))).status == 200
    assert edge.get(path, headers=bearer(EC.token("ada"))).json["liked"] is True
    assert edge.get(path, user="mallory").json["liked"] is not True  # a gateway is believed, too
    refused(edge.get(path, user="ada", headers=bearer("no.token.here")), 401, "unauthorized", "malformed", INVALID)
    # A page in a browser may come under any name: it cannot know the token.
    assert edge.get(path, headers={**bearer(EC.token("ada")), "Host": "www.example"}).status == 200


def test_users_of_one_connection_are_told_apart(edge):
    """A connection of a proxy carries many users, in HTTP/1.1 one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=15)

    def ask(method, headers):
        connection.request(method, "/v1/posts/shared/like", headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()).get("liked")

    try:
        assert ask("POST", bearer(EC.token("one"))) == (200, True)
        assert ask("GET", bearer(EC.token("two")))[1] is not True
        assert ask("GET", {"X-User-Id": "three"})[1] is not True
        assert ask("GET", {})[0] == 401
        assert ask("GET", bearer("rubbish"))[0] == 401
        assert ask("GET", bearer(EC.token("one"))) == (200, True)
        assert ask("GET", {"X-User-Id": "one"}) == (200, True)
    finally:
        connection.close()


def test_a_batch_and_a_lookup_by_token(edge):
    headers = bearer(ED.token("eve"))
    said = edge.post("/v1/likes", headers=headers, body={"operations": [{"item": "posts/b1", "op": "like"}, {"item": "reels/b2", "op": "like"}]})
    assert [r["liked"] for r in said.json["results"]] == [True, True]
    found = edge.post("/v1/likes/lookup", headers=headers, body={"items": ["posts/b1", "reels/b2"]}).json["items"]
    assert [i["liked"] for i in found] == [True, True]
    assert edge.post("/v1/counts", headers=headers, body={"items": ["posts/b1"], "me": True}).json["items"][0]["liked"] is True


def test_nobody_is_told_how_to_ask(broker, tmp_path):
    with edge_of(tmp_path, broker, "closed", with_keys(tmp_path, key_set(EC)), http={"trusted_peers": "192.0.2.1"}) as e:
        refused(e.post(LIKE, user="ada"), 401, "unauthorized", "no bearer token and no gateway that is trusted here says who is asking", "Bearer", None)
        refused(e.post(LIKE, headers={"Authorization": "Basic YTpi"}), 401, "unauthorized", "no bearer token and no gateway that is trusted here says who is asking", "Bearer", None)
        assert e.post(LIKE, headers=bearer(EC.token())).status == 200
        assert e.get("/v1/posts/1/counts").status == 200  # needs no user


def test_without_keys_authorization_is_as_it_was(broker, tmp_path):
    with edge_of(tmp_path, broker, "off", {}) as e:
        answer = e.post(LIKE, user="bob", headers=bearer("whatever"))
        assert answer.status == 200
        answer = e.post(LIKE, headers=bearer(EC.token("ada")))
        assert answer.status == 401 and "www-authenticate" not in answer.headers
        assert b"kudos_edge_jwt" not in e.admin("/metrics").body


# ---- what is refused, and by which words ----

def bad_tokens():
    now = int(time.time())
    head, body, signature = EC.token().split(".")
    none = f"{b64(json.dumps({'alg': 'none'}).encode())}.{body}."
    forged = Key("HS256", None, RSA.pem())
    der = b64(bytes([0x30, 68, 2, 32]) + bytes(32) + bytes([2, 32]) + bytes(32))
    return {
        "none": (none, "wrong algorithm"),
        "public-key-as-secret": (forged.token(header={"kid": "r1"}), "wrong algorithm"),
        "public-key-as-secret-without-kid": (forged.token(), "bad signature"),
        "other-key": (Key("ES256", "e1").token(), "bad signature"),
        "unknown-key": (Key("ES256", "e2").token(), "unknown key"),
        "expired": (EC.token(exp=now - 60), "expired"),
        "exp-float": (EC.token(exp=now + 60.5), "malformed"),
        "exp-text": (EC.token(exp=str(now + 60)), "malformed"),
        "without-exp": (EC.token(exp=None), "malformed"),
        "early": (EC.token(nbf=now + 600), "not yet valid"),
        "issuer": (EC.token(iss="other"), "wrong issuer"),
        "audience": (EC.token(aud=["shop"]), "wrong audience"),
        "user": (EC.token("auth0|7"), "invalid user"),
        "scope": (EC.token(scope="kudos:wirte:posts/like"), "unknown scope"),
        "crit": (EC.token(header={"crit": ["b64"], "b64": False}), "malformed"),
        "empty-signature": (f"{head}.{body}.", "bad signature"),
        "der": (f"{head}.{body}.{der}", "bad signature"),
        "padding": (f"{head}.{body}.{signature}==", "malformed"),
        "trailing": (f"{head}.{body}.{signature}AAAA", "bad signature"),
        "parts": (f"{head}.{body}.{signature}.x", "malformed"),
        "long": (EC.token(more="x" * 4096), "malformed"),
        "nothing": ("", "malformed"),
    }


def test_every_refusal_is_named(edge, central):
    for name, (token, words) in bad_tokens().items():
        refused(edge.post(LIKE, headers=bearer(token)), 401, "unauthorized", words, INVALID)
        refused(central.get("/v1/posts/1/counts", headers=bearer(token)), 401, "unauthorized", words, INVALID)
        assert edge.post("/v1/likes", headers=bearer(token), body={"operations": []}).status == 401, name
    for metric, daemon in (("kudos_edge_jwt", edge), ("kudos_central_jwt", central)):
        for reason in ("malformed", "wrong-algorithm", "unknown-key", "bad-signature", "expired", "not-yet-valid", "wrong-issuer", "wrong-audience",
                       "invalid-user", "unknown-scope"):
            assert daemon.metric(f'{metric}_refused_total{{reason="{reason}"}}') > 0, reason


def test_a_token_stays_good_within_the_leeway(edge):
    assert edge.get(LIKE, headers=bearer(EC.token(exp=int(time.time()) + 1 - 3))).status == 200


# ---- scopes ----

def lacks(answer, scope):
    refused(answer, 403, "forbidden", "scopes", f'Bearer error="insufficient_scope", scope="{scope}"')


def test_the_limits_of_a_user_do_not_hold_for_a_service(broker, tmp_path):
    with edge_of(tmp_path, broker, "limited", with_keys(tmp_path, key_set(EC)), limits={"user": "2/1h"}) as e:
        def statuses(token):
            return [e.post(f"/v1/posts/{n}/like", headers=bearer(token)).status for n in range(4)]
        assert statuses(EC.token()) == [200, 200, 429, 429]
        assert statuses(EC.token(sub="importer", scope="kudos:service")) == [200] * 4
        assert "ratelimit" not in e.post(LIKE, headers=bearer(EC.token(sub="importer", scope="kudos:service"))).headers


FORBIDDEN = {"type": "urn:kudos:forbidden", "title": "This is not allowed", "status": 403, "detail": "the scopes of this token do not allow this"}


def test_scopes_say_which_counters_may_be_written(edge):
    some = bearer(EC.token("carl", scope="openid kudos:write:posts/like kudos:write:*/view"))
    assert edge.post("/v1/posts/s/like", headers=some).status == 200
    assert edge.post("/v1/reels/s/view", headers=some).status == 200
    lacks(edge.post("/v1/posts/s/save", headers=some), "kudos:write:posts/save")
    lacks(edge.post("/v1/reels/s/like", headers=some), "kudos:write:reels/like")
    lacks(edge.delete("/v1/reels/s/like", headers=some), "kudos:write:reels/like")
    lacks(edge.post("/v1/reels/s/share", headers=some, body={"amount": 5}), "kudos:write:reels/share")
    batch = {"operations": [{"item": "posts/s2", "op": "like"}, {"item": "posts/s2", "op": "like", "counter": "save"}]}
    answer = edge.post("/v1/likes", headers=some, body=batch)
    assert answer.status == 200 and "www-authenticate" not in answer.headers, answer
    taken, lacking = answer.json["results"]
    assert taken["liked"] is True and lacking == {"item": "posts/s2", "counter": "save", "error": FORBIDDEN}
    batch["operations"] = batch["operations"][1:] * 2
    answer = edge.post("/v1/likes", headers=some, body=batch)
    assert (answer.status, answer.problem, answer.json["field"]) == (403, "forbidden", "operations[0]"), answer
    assert answer.headers["www-authenticate"].endswith('scope="kudos:write:posts/save"')
    reader = bearer(EC.token("carl", scope=["kudos:read-only", "kudos:write:*/*"]))
    lacks(edge.post("/v1/posts/s/like", headers=reader), "kudos:write:posts/like")
    assert edge.get("/v1/posts/s/like", headers=reader).json["liked"] is True


def test_a_batch_of_which_something_is_forbidden_keeps_its_order_and_its_key(edge):
    def said(scope, **more):
        words = [("save", "like"), ("like", "like"), ("save", "unlike"), ("like", "unlike")]
        ops = [{"item": f"posts/mixed-{n}", "op": op, "counter": counter} for n, (counter, op) in enumerate(words)]
        headers = {**bearer(EC.token("dora", scope=scope)), **more}
        return edge.post("/v1/likes", headers=headers, body={"operations": ops})

    def entries(answer):
        assert answer.status == 200, answer
        assert [r["item"] for r in answer.json["results"]] == [f"posts/mixed-{n}" for n in range(4)]
        return [(r["counter"], r["error"]["status"] if "error" in r else r["liked"]) for r in answer.json["results"]]

    key, part, wanted = {"Idempotency-Key": "mixed"}, "kudos:write:posts/like", [("save", 403), ("like", True), ("save", 403), ("like", False)]
    assert entries(said(part, **key)) == wanted
    assert edge.delete("/v1/posts/mixed-1/like", headers=bearer(EC.token("dora"))).status == 200
    assert entries(said(part, **key)) == wanted  # a retry, which takes nothing
    assert edge.get("/v1/posts/mixed-1/like", headers=bearer(EC.token("dora"))).json["liked"] is False
    wider = said("kudos:write:*/*", **key)
    assert (wider.status, wider.problem) == (422, "key-reused"), "what is allowed is another request"
    assert [e[1] for e in entries(said("kudos:write:*/*"))] == [True, True, False, False]


def test_what_is_forbidden_counts_under_no_limit(broker, tmp_path):
    with edge_of(tmp_path, broker, "limited", with_keys(tmp_path, key_set(EC)), limits={"user": "1/1h"}) as e:
        ops = [{"item": f"posts/{n}", "op": "like", "counter": counter} for n, counter in enumerate(("save", "like", "save", "like", "save"))]
        answer = e.post("/v1/likes", headers=bearer(EC.token(scope="kudos:write:*/like")), body={"operations": ops})
        assert [r["error"]["status"] if "error" in r else 200 for r in answer.json["results"]] == [403, 200, 403, 429, 403], answer


def test_a_service_may_act_for_others_by_scope_alone(edge):
    path = "/v1/posts/act/like"
    assert edge.post(path, user="zoe", headers=bearer(EC.token("batch", scope="kudos:service kudos:act-as"))).status == 200
    assert edge.get(path, headers=bearer(EC.token("zoe"))).json["liked"] is True
    assert edge.get(path, headers=bearer(EC.token("batch"))).json["liked"] is not True
    assert edge.post(path, headers=bearer(EC.token("batch", scope="kudos:act-as"))).status == 200  # without the header for itself
    wrong = edge.post(path, user="z|e", headers=bearer(EC.token("batch", scope="kudos:act-as")))
    assert (wrong.status, wrong.problem, wrong.json["field"]) == (400, "invalid-id", "X-User-Id")
    assert edge.post(path, user="yan", headers=bearer(EC.token("other", scope="kudos:service"))).status == 200
    assert edge.get(path, user="yan").json["liked"] is not True


def test_a_live_stream_ends_with_its_token(edge):
    """By the next event that it is sent: each like of another user is one."""
    soon = EC.token("ada", exp=int(time.time()) - 3)  # good for two seconds more, by jwt.leeway
    with live.by_http1(edge, ["posts/live"], "&me=true", bearer(soon)) as ending, \
            live.by_http1(edge, ["posts/live"], "&me=true", bearer(EC.token("ada"))) as going:
        ending.state(), going.state()
        told = []

        def over():
            edge.post("/v1/posts/live/like", headers=bearer(EC.token(f"other-{len(told)}")))
            told.append(ending.next()[0])
            return told[-1] == "bye"

        wait_until(over, 20 * SLOWER, "the stream ends")
        assert set(told[:-1]) <= {"change"} and ending.next()[0] == "end"
        assert going.next()[0] == "change"


def test_what_central_tells_the_bearer_of_a_token(central):
    plain = bearer(EC.token("ada"))
    assert central.get("/v1/posts/fed/counts", headers=plain).json["counts"]["like"]["count"] == 1
    assert central.post("/v1/counts", headers=plain, body={"items": ["posts/fed"], "me": True}).json["items"][0]["liked"] is True
    assert central.get("/v1/posts/fed/like", user="bob", headers=plain).json["liked"] is True  # of ada, whatever else is named
    assert central.get("/v1/posts/fed/like", user="ada", headers=bearer(EC.token("bob"))).json["liked"] is False
    for path in ("/v1/posts/fed/counts?by=region", "/v1/time", "/v1/catalogue", "/v1/export", "/v1/admin", "/v1/snapshots/posts/fed"):
        answer = central.get(path, headers=plain)
        assert (answer.status, answer.problem, answer.json["field"]) == (403, "forbidden", "Authorization"), path
        assert "www-authenticate" not in answer.headers  # no scope would open it
    lacks(central.get("/v1/posts/fed/likers", headers=plain), "kudos:likers")


def test_likers_need_a_scope_and_their_time_and_region_another(central):
    def likers(token):
        answer = central.get("/v1/posts/fed/likers", headers=bearer(token))
        assert answer.status == 200, answer
        return answer.json["likers"]

    assert likers(EC.token("bob", scope="kudos:likers")) == [{"user": "ada"}]
    for token in (EC.token("bob", scope="kudos:likers:detail"), "operator-token-0123456789"):
        (one,) = likers(token)
        assert one["user"] == "ada" and one["region"] == "mumbai" and one["at"]


@pytest.mark.parametrize("path, body", [("likers/among", {"users": ["ada", "bob"]}), ("counts", {"without": ["ada"]})])
def test_questions_about_other_users_need_the_scope_of_likers(central, path, body):
    def ask(token):
        return central.post(f"/v1/posts/fed/{path}", headers=bearer(token), body=body)

    lacks(ask(EC.token("ada")), "kudos:likers")
    answer = ask(EC.token("ada", scope="kudos:likers"))
    assert answer.status == 200 and answer.json.get("likers", [{"user": "ada"}]) == [{"user": "ada"}]
    if path == "counts":
        assert answer.json["counts"]["like"]["count"] == 0


def test_tokens_of_files_go_on_beside_users_tokens(central):
    assert central.get("/v1/export", headers=bearer("operator-token-0123456789")).status == 200
    assert central.get("/v1/time", headers=bearer("edge-token-0123456789")).status == 200
    assert central.get("/v1/posts/fed/like", user="ada", headers=bearer("edge-token-0123456789")).json["liked"] is True
    refused(central.get("/v1/posts/fed/counts"), 401, "unauthorized", "only edges", "Bearer", None)


# ---- tokens are remembered ----

def taken(daemon, by):
    return daemon.metric(f'kudos_edge_jwt_taken_total{{by="{by}"}}')


def one_connection(daemon, paths_and_tokens):
    """On one connection all requests come to the same shard."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=15)
    try:
        statuses = []
        for path, token in paths_and_tokens:
            connection.request("GET", path, headers=bearer(token))
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        return statuses
    finally:
        connection.close()


def test_a_token_is_verified_once_until_the_keys_change(broker, tmp_path):
    jwt = with_keys(tmp_path, key_set(EC))
    with edge_of(tmp_path, broker, "cached", jwt) as e:
        token = EC.token()
        assert one_connection(e, [(LIKE, token)] * 10) == [200] * 10
        assert (taken(e, "signature"), taken(e, "memory")) == (1, 9)
        # The same token for an expired time is no longer remembered.
        short = EC.token("brief", exp=int(time.time()) + 1 - 4)
        assert one_connection(e, [(LIKE, short)]) == [200]
        wait_until(lambda: one_connection(e, [(LIKE, short)]) == [401], 30, "it expires, though it was remembered")
        # The key goes: what it had signed is refused at once.
        write_file(jwt["jwt"]["keys_file"], key_set(RSA))
        wait_until(lambda: one_connection(e, [(LIKE, token)]) == [401], 30, "the key is gone, and with it what was remembered")
        assert one_connection(e, [(LIKE, RSA.token())] * 2) == [200] * 2


class Kept:
    """A connection that stays, and the user's token on it: as HTTP/1.1 sends it, or as HTTP/2 does, whose table of fields makes it one byte when it comes
    again. `whole`: it never enters the table."""

    def __init__(self, daemon, protocol):
        self.port, self.protocol, self.in_table, self.stream = daemon.port, protocol, None, -1
        sock = socket.create_connection(("127.0.0.1", daemon.port), timeout=15)
        if protocol == "http/1.1":
            self.h1 = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=15)
            self.h1.sock = sock
        else:
            self.h2 = H2(None, sock=sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        (self.h1.close if self.protocol == "http/1.1" else self.h2.sock.close)()

    def authorization(self, token):
        value = f"Bearer {token}".encode()
        if self.protocol != "whole" and self.in_table == token:
            return b"\xbe"  # the newest field of the table
        self.in_table = token
        return (b"\x0f\x08" if self.protocol == "whole" else b"\x57") + integer(len(value), 7) + value

    def headers(self, token, method, path, end=True):
        self.stream += 2
        block = fields(path.encode(), method.encode()) + self.authorization(token)
        self.h2.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), self.stream, block))
        return self.stream

    def ask(self, token, path=LIKE, method="GET"):
        """The answer's document."""
        if self.protocol == "http/1.1":
            self.h1.request(method, path, headers=bearer(token))
            return json.loads(self.h1.getresponse().read())
        return self.h2.problem(self.headers(token, method, path))

    def likes(self, token, path):
        return self.ask(token, path)["liked"] is True

    def good(self, token, path=LIKE):
        """Whether the token is taken; else it is refused as no longer good."""
        said = self.ask(token, path)
        if "liked" in said:
            return True
        assert said["status"] == 401, said
        return False


PROTOCOLS = ("http/1.1", "table", "whole")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_users_who_alternate_on_a_connection_are_told_apart(edge, protocol):
    path = f"/v1/posts/alternate-{protocol[-3:]}/like"
    ada, bob = EC.token("ada"), ED.token("bob")
    with Kept(edge, protocol) as c:
        assert c.ask(ada, path, "POST")["liked"] is True
        for _ in range(3):
            assert [c.likes(t, path) for t in (ada, ada, bob, bob)] == [True, True, False, False]
        assert not c.good(bob[:-5] + "AAAAA", path), "the signature of another token"
        assert [c.likes(t, path) for t in (bob, ada)] == [False, True]


def test_a_request_whose_body_comes_late_stays_with_its_own_token(edge):
    """Between its headers and its body another user's request comes."""
    def batch(item):
        return json.dumps({"operations": [{"item": item, "op": "like"}]}).encode()

    with Kept(edge, "table") as c:
        slow = c.headers(EC.token("slow"), "POST", "/v1/likes", end=False)
        quick = c.headers(ED.token("quick"), "POST", "/v1/likes", end=False)
        c.h2.send(frame(DATA, END_STREAM, slow, batch("posts/late")))
        assert c.h2.problem(slow)["results"][0]["liked"] is True
        c.h2.send(frame(DATA, END_STREAM, quick, batch("posts/early")))
        assert c.h2.problem(quick)["results"][0]["liked"] is True
        liked = {(user, item): c.likes(EC.token(user), f"/v1/posts/{item}/like") for user in ("slow", "quick") for item in ("late", "early")}
    assert liked == {("slow", "late"): True, ("slow", "early"): False, ("quick", "late"): False, ("quick", "early"): True}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_connection_does_not_keep_a_token_that_expires_or_loses_its_key(broker, tmp_path, protocol):
    jwt = with_keys(tmp_path, key_set(EC))
    with edge_of(tmp_path, broker, f"kept-{protocol[-3:]}", jwt) as e, Kept(e, protocol) as c:
        token, other = EC.token("ada"), EC.token("bob")
        assert all(c.good(t) for t in (token, token, token, other, token))
        assert (taken(e, "signature"), taken(e, "memory")) == (2, 3)
        short = EC.token("brief", exp=int(time.time()) + 1 - 4)
        assert c.good(short)
        wait_until(lambda: not c.good(short), 20, "it expires, though the connection stays")
        assert c.good(token)
        before = taken(e, "signature")
        write_file(jwt["jwt"]["keys_file"], key_set(RSA))
        wait_until(lambda: not c.good(token), 20, "the key is gone")
        assert not c.good(other)
        write_file(jwt["jwt"]["keys_file"], key_set(EC))
        wait_until(lambda: c.good(token), 20, "the key is back")
        assert all(c.good(token) for _ in range(3))
        wait_until(lambda: taken(e, "signature") == before + 1, 20, "it was verified anew")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_central_tells_the_users_of_a_connection_apart_too(central, protocol):
    path, ada, bob = "/v1/posts/fed/like", EC.token("ada"), ED.token("bob")
    with Kept(central, protocol) as c:
        for _ in range(2):
            assert [c.likes(t, path) for t in (ada, ada, bob, bob)] == [True, True, False, False]
        short = EC.token("ada", exp=int(time.time()) + 1 - 4)
        assert c.good(short, path)
        wait_until(lambda: not c.good(short, path), 20, "it expires, though the connection stays")
        assert c.good(ada, path)


def test_the_verification_of_a_token_is_charged_to_who_shows_it_and_a_remembered_one_is_not(broker, tmp_path):
    with edge_of(tmp_path, broker, "charged", with_keys(tmp_path, key_set(EC))) as e:
        asked = 0

        def work(token, status):
            """What has been charged when these 20 are counted, too: a shard publishes its figures together, from time to time."""
            nonlocal asked
            assert one_connection(e, [(LIKE, token)] * 20) == [status] * 20
            asked += 20
            wait_until(lambda: e.metric("kudos_edge_http_requests_total") >= asked, 20, "the requests are counted")
            return e.metric("kudos_edge_http_work_total")

        good, forged = EC.token(), Key("ES256", "e1").token()  # the name of a key that is known, the signature of another
        first = work(good, 200)
        remembered = work(good, 200) - first
        refused_one = work(forged, 401) - first - remembered
        assert refused_one > remembered + 20 * 20, "some 100 microseconds each"


def test_an_address_that_forges_is_verified_no_more_and_what_is_remembered_goes_on(broker, tmp_path):
    forged = Key("ES256", "e1").token()
    with edge_of(tmp_path, broker, "forging", with_keys(tmp_path, key_set(EC))) as e:
        ours = http.client.HTTPConnection("127.0.0.1", e.port, timeout=15)
        others = http.client.HTTPConnection("127.0.0.1", e.port, timeout=15, source_address=("127.0.0.9", 0))

        def status(connection, token):
            connection.request("GET", LIKE, headers=bearer(token))
            response = connection.getresponse()
            response.read()
            return response.status

        known = EC.token("ada")
        assert status(ours, known) == 200
        wait_until(lambda: status(ours, forged) == 429, 20, "the budget is spent", pause=0)
        assert status(ours, known) == 200, "remembered"
        assert status(others, EC.token("bob")) == 200, "another address"
        wait_until(lambda: status(ours, EC.token("eve")) == 200, 20, "the budget comes back")
        wait_until(lambda: e.metric('kudos_edge_jwt_refused_total{reason="not-verified"}') > 0, 20, "counted")
        ours.close()
        others.close()


def test_no_more_tokens_are_remembered_than_there_is_room_for(broker, tmp_path):
    with edge_of(tmp_path, broker, "small", with_keys(tmp_path, key_set(ED), cache_max="8"), edge={"shards": "1"}) as e:
        tokens = [ED.token(f"u{n}") for n in range(40)]
        assert one_connection(e, [(LIKE, t) for t in tokens]) == [200] * 40
        before = taken(e, "memory")
        assert one_connection(e, [(LIKE, t) for t in tokens]) == [200] * 40
        assert taken(e, "memory") - before <= 8
        assert taken(e, "signature") >= 72


# ---- keys of files ----

def test_keys_are_taken_up_when_the_file_changes(broker, tmp_path):
    jwt = with_keys(tmp_path, EC.pem())
    path, unnamed = jwt["jwt"]["keys_file"], {"kid": None}
    with edge_of(tmp_path, broker, "files", jwt) as e:
        assert e.get(LIKE, headers=bearer(EC.token())).status == 200  # PEM has no name for a key, so it stands for any
        assert e.get(LIKE, headers=bearer(EC.token(header=unnamed))).status == 200
        fresh = Key("ES256", "e9")
        write_file(path, key_set(fresh))
        wait_until(lambda: e.get(LIKE, headers=bearer(fresh.token())).status == 200, 30, "the new key")
        refused(e.get(LIKE, headers=bearer(EC.token())), 401, "unauthorized", "unknown key", INVALID)
        refused(e.get(LIKE, headers=bearer(EC.token(header=unnamed))), 401, "unauthorized", "bad signature", INVALID)
        write_file(path, key_set(fresh, EC))
        wait_until(lambda: e.get(LIKE, headers=bearer(EC.token())).status == 200, 30, "both keys")
        refused(e.get(LIKE, headers=bearer(EC.token(header=unnamed))), 401, "unauthorized", "unknown key", INVALID)  # which of the two?
        write_file(path, '{"keys": []}')
        wait_until(lambda: e.events("jwt-keys-kept"), 30, "a set without keys is told")
        assert "jwt.keys_file" in e.events("jwt-keys-kept")[0]["cause"] and e.metric("kudos_edge_jwt_files_stale") == 1
        assert e.get(LIKE, headers=bearer(fresh.token())).status == 200, "the last keys stay"
        assert e.metric("kudos_edge_jwt_keys") == 2
        write_file(path, key_set(fresh))
        wait_until(lambda: e.metric("kudos_edge_jwt_files_stale") == 0, 30, "the file is good again")


def test_a_live_stream_ends_when_the_keys_change_and_a_token_without_its_key_opens_none(broker, tmp_path):
    fresh = Key("ES256", "e9")
    jwt = with_keys(tmp_path, key_set(EC, fresh))
    with edge_of(tmp_path, broker, "called-back", jwt) as e, live.by_http1(e, ["posts/called"], "&me=true", bearer(fresh.token())) as called, \
            live.by_http1(e, ["posts/called"]) as without:
        called.state(), without.state()
        write_file(jwt["jwt"]["keys_file"], key_set(EC))
        assert called.until_named("bye") == {} and called.next()[0] == "end"
        with pytest.raises(live.Refused) as refusal, live.by_http1(e, ["posts/called"], "&me=true", bearer(fresh.token())):
            pass
        assert refusal.value.status == 401
        assert e.post("/v1/posts/called/like", headers=bearer(EC.token("ada"))).status == 200
        assert without.next()[0] == "change"


def test_keys_are_read_again_on_sighup(central, broker, tmp_path):
    jwt = with_keys(tmp_path, key_set(EC), SECRET)
    with edge_of(tmp_path, broker, "hup", jwt) as e:
        other = Key("HS256", None, "another secret of 32 bytes and more")
        write_file(jwt["jwt"]["secret_file"], other.secret, 0o600)
        e.signal(signal.SIGHUP)
        wait_until(lambda: e.get(LIKE, headers=bearer(other.token())).status == 200, 30, "the new secret")
        assert e.get(LIKE, headers=bearer(MAC.token())).status == 401
        write_file(jwt["jwt"]["secret_file"], other.secret, 0o644)
        wait_until(lambda: e.events("jwt-keys-kept"), 30, "a secret that others can read")
        assert "chmod 600" in e.events("jwt-keys-kept")[0]["cause"] and other.secret not in e.log()
        assert e.get(LIKE, headers=bearer(other.token())).status == 200
    before = len(central.events("reloaded"))
    central.signal(signal.SIGHUP)
    wait_until(lambda: len(central.events("reloaded")) > before, 30, "central reloads")
    assert central.get("/v1/posts/fed/counts", headers=bearer(EC.token())).status == 200


@pytest.mark.parametrize("options, said", [
    ({"keys_file": "{}"}, "jwt.keys_file"),
    ({"keys_file": "no key"}, "jwt.keys_file: no key in it"),
    ({"keys_file": key_set(Key("RS256", bits=1024))}, "fewer than 2048 bits"),
    ({"secret_file": "short"}, "jwt.secret_file: a secret has at least 32 bytes"),
    ({"secret_file": EC.pem()}, "jwt.secret_file: PEM is no secret"),
    ({"keys_url": "ftp://127.0.0.1/"}, "jwt.keys_url"),
    ({"keys_url": "http://u:p@127.0.0.1/"}, "jwt.keys_url"),
    ({"keys_url": "http://127.0.0.1/", "keys_file": key_set(EC)}, "jwt.keys_file and jwt.keys_url"),
    ({"issuer": "idp"}, "jwt.issuer"),
    ({"keys_file": key_set(EC), "leeway": "1500ms"}, "jwt.leeway"),
], ids=lambda v: str(v)[:40] if isinstance(v, str) else None)
@pytest.mark.parametrize("binary", ["edge", "central"])
def test_a_configuration_that_cannot_be_used_is_refused_by_name(tmp_path, binary, options, said):
    section = {}
    for key, value in options.items():
        is_file = key.endswith("_file")
        section[key] = write_file(tmp_path / key, value, 0o600) if is_file else value
    daemon = (Edge if binary == "edge" else Central)(tmp_path, "127.0.0.1:1", more={"jwt": section})
    done = subprocess.run([*daemon.command, "-t"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and said in done.stderr, done


# ---- keys of an address ----

FAST = {"refresh_interval": "1s", "refetch_min": "1s"}


def fetched(daemon):
    return daemon.metric("kudos_edge_jwt_fetches_total")


def test_keys_of_an_address_follow_a_rotation(broker, tmp_path):
    old, new = Key("ES256", "2025"), Key("EdDSA", "2026")
    with Provider(key_set(old)) as p, edge_of(tmp_path, broker, "url", {"jwt": {**PARTY, "keys_url": p.url, **FAST}}) as e:
        assert e.get(LIKE, headers=bearer(old.token())).status == 200
        p.text = key_set(old, new)
        wait_until(lambda: e.get(LIKE, headers=bearer(new.token())).status == 200, 30, "the new key")
        assert e.get(LIKE, headers=bearer(old.token())).status == 200
        p.text = key_set(new)
        wait_until(lambda: e.get(LIKE, headers=bearer(old.token())).status == 401, 30, "the old key goes")
        assert 0 <= e.metric("kudos_edge_jwt_keys_age_seconds") < 10 and e.metric("kudos_edge_jwt_fetch_failures_total") == 0


@pytest.mark.parametrize("binary", ["edge", "central"])
def test_sighup_fetches_the_keys(broker, tmp_path, binary):
    with Provider(key_set(EC)) as p, Broker(tmp_path, PARTITIONS, name="own") as own:
        jwt = {"jwt": {**PARTY, "keys_url": p.url, "refresh_interval": "1h", "refetch_min": "1h"}}
        if binary == "edge":
            daemon = edge_of(tmp_path, own, "hup-url", jwt)
        else:
            daemon = Central(tmp_path, own.address, partitions=PARTITIONS, more=jwt)
            daemon.env = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
        with daemon:
            assert daemon.get(LIKE, headers=bearer(EC.token())).status == 200
            p.text = key_set(ED)
            assert daemon.get(LIKE, headers=bearer(ED.token())).status == 401
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: daemon.get(LIKE, headers=bearer(ED.token())).status == 200, 30, "the new key")
            assert daemon.get(LIKE, headers=bearer(EC.token())).status == 401 and p.asked == 2


def test_the_last_keys_stay_while_the_provider_is_away(broker, tmp_path):
    with Provider(key_set(EC)) as p, edge_of(tmp_path, broker, "away", {"jwt": {**PARTY, "keys_url": p.url, **FAST}}) as e:
        assert e.get(LIKE, headers=bearer(EC.token())).status == 200
        for status, text in ((500, "down"), (200, ""), (200, "no keys"), (200, '{"keys": []}'), (302, ""), (200, "{" * (300 * 1024))):
            failures = e.metric("kudos_edge_jwt_fetch_failures_total")
            p.headers, p.moved = {"Location": "/moved"} if status == 302 else {}, key_set(RSA)
            p.status, p.text = status, text
            e.signal(signal.SIGHUP)  # and not by the pace of the backoff
            wait_until(lambda f=failures: e.metric("kudos_edge_jwt_fetch_failures_total") > f, 30, f"a failure by {status}")
            assert e.get(LIKE, headers=bearer(EC.token())).status == 200
            assert e.get(LIKE, headers=bearer(RSA.token())).status == 401
        assert len(e.events("jwt-provider-away")) == 1 and not e.events("jwt-provider-back")
        age = e.metric("kudos_edge_jwt_keys_age_seconds")
        wait_until(lambda: e.metric("kudos_edge_jwt_keys_age_seconds") > age, 20, "the age of the keys grows")
        p.status, p.text = 200, key_set(RSA)
        e.signal(signal.SIGHUP)
        wait_until(lambda: e.get(LIKE, headers=bearer(RSA.token())).status == 200, 30, "the provider is back")
        wait_until(lambda: e.events("jwt-provider-back"), 20, "it is told")


def test_a_provider_whose_answer_does_not_end_is_cut_off(broker, tmp_path):
    with Provider(key_set(EC)) as p, edge_of(tmp_path, broker, "endless", {"jwt": {**PARTY, "keys_url": p.url, **FAST}}) as e:
        p.trailers = 8  # a few are nobody's harm
        e.signal(signal.SIGHUP)
        wait_until(lambda: fetched(e) >= 2, 20, "a fetch with trailers")
        assert e.get(LIKE, headers=bearer(EC.token())).status == 200 and not e.events("jwt-provider-away")
        p.trailers = 2000000
        e.signal(signal.SIGHUP)
        wait_until(lambda: e.events("jwt-provider-away"), 20, "it is given up")
        assert "its header fields or trailers are too long" in e.events("jwt-provider-away")[0]["cause"]
        assert e.get(LIKE, headers=bearer(EC.token())).status == 200


def test_unknown_keys_cause_one_fetch_at_most_in_an_interval(broker, tmp_path):
    with Provider(key_set(EC)) as p, \
            edge_of(tmp_path, broker, "storm", {"jwt": {**PARTY, "keys_url": p.url, "refresh_interval": "1h", "refetch_min": "2s"}}) as e:
        assert p.asked == 1
        begun = time.monotonic()
        fresh = Key("ES256", "fresh")
        p.text = key_set(EC, fresh)
        n = 0
        while e.get(LIKE, headers=bearer(fresh.token())).status != 200:  # a storm of tokens that name unknown keys
            for _ in range(20):
                n += 1
                assert e.get(LIKE, headers=bearer(Key.token(fresh, header={"kid": f"k{n}"}))).status == 401
            assert time.monotonic() - begun < 20
        asked, took = p.asked, time.monotonic() - begun
        assert asked >= 2 and asked - 1 <= 1 + took / 2, (asked, took, n)
        # A token without a name, or one of a key that is known, is no reason to fetch.
        for token in (Key("RS256").token(), Key("ES256", "e1").token(), "rubbish"):
            assert e.get(LIKE, headers=bearer(token)).status == 401
        assert p.asked == asked


def test_a_provider_that_hangs_holds_nothing_up(broker, tmp_path):
    with Provider(key_set(EC)) as p:
        p.open.clear()
        with edge_of(tmp_path, broker, "hangs", {"jwt": {**PARTY, "keys_url": p.url, **FAST}}) as e:  # it starts all the same
            assert e.get("/v1/posts/1/counts").status == 200
            refused(e.get(LIKE, headers=bearer(EC.token())), 401, "unauthorized", "unknown key", INVALID)
            assert p.asked == 1, "one fetch at a time"
            p.open.set()
            wait_until(lambda: e.get(LIKE, headers=bearer(EC.token())).status == 200, 20, "the keys")
            p.open.clear()
            asked = p.asked
            wait_until(lambda: p.asked > asked, 30, "the next fetch hangs, too")
            assert e.stop(8 * SLOWER) == 0, "a stop cuts it short, which would take 10 s alone"


def test_a_name_server_that_does_not_answer_holds_no_stop_up(broker, tmp_path):
    e = edge_of(tmp_path, broker, "nameless", {"jwt": {**PARTY, "keys_url": "http://slow.example/keys", **FAST}})
    e.env = {**os.environ, "NO_PROXY": "*", "no_proxy": "*", "LD_PRELOAD": program("libkudos_names_hang.so"), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    with e:
        assert e.get("/v1/posts/1/counts").status == 200
        wait_until(lambda: e.events("jwt-provider-away"), 20, "the first fetch is given up")
        wait_until(lambda: fetched(e) >= 2, 20, "the next one looks the name up")
        assert e.stop(8 * SLOWER) == 0 and not e.events("stop-hangs"), e.log()[-1000:]


def test_a_provider_is_believed_by_its_certificate_alone(broker, tmp_path):
    certificate = make_certificate(tmp_path, "idp")
    with Provider(key_set(EC), certificate) as p:
        section = {**PARTY, "keys_url": p.url, **FAST}
        with edge_of(tmp_path, broker, "stranger", {"jwt": section}) as e:
            wait_until(lambda: e.events("jwt-provider-away"), 30, "it is told")
            assert "certificate" in e.events("jwt-provider-away")[0]["cause"]
            refused(e.get(LIKE, headers=bearer(EC.token())), 401, "unauthorized", "unknown key", INVALID)
        with edge_of(tmp_path, broker, "trusting", {"jwt": {**section, "ca_file": certificate[0]}}) as e:
            assert e.get(LIKE, headers=bearer(EC.token())).status == 200


# ---- as the documents tell it ----

def chapter(path, title):
    """The text below a title, up to the next one."""
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return re.split(r"^##+ ", f.read().split(f"\n### {title}\n")[1], flags=re.MULTILINE)[0]


def commands_of(text):
    """The indented blocks but those of a configuration."""
    blocks = ["".join(line[4:] + "\n" for line in block.strip("\n").split("\n")) for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)]
    return [block for block in blocks if not block.startswith("[")]


def test_an_identity_provider_is_brought_as_the_manual_says(broker, tmp_path):
    """run.md, word for word but for the issuer's address. The provider's set holds a key for encryption, too, as Keycloak's does."""
    text = chapter("docs/operations/run.md", "Bring your identity provider")
    discover, look, like = commands_of(text)
    signs, encrypts = Key("RS256", "sig"), {**Key("RS256", "enc").jwk(), "use": "enc", "alg": "RSA-OAEP"}
    with Provider(json.dumps({"keys": [encrypts, signs.jwk()]})) as p:
        def run(command, **env):
            command = re.sub(r"^ISSUER=.*", f"ISSUER={p.root}", command)
            return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "NO_PROXY": "*", **env}).stdout

        said = dict(line.split(" = ") for line in run(discover).splitlines())
        assert said.keys() == {"issuer", "keys_url"}
        wanted = dict(re.findall(r"^    (audience|user_claim) = (\S+)$", text, re.MULTILINE))
        with edge_of(tmp_path, broker, "brought", {"jwt": {**said, **wanted, **FAST}}) as e:
            def asked(key=signs, **claims):
                token = key.token(**{"iss": p.root, "aud": ["account", "kudos"], "scope": "openid profile", **claims})
                return json.loads(run(like, TOKEN=token, EDGE=f"http://127.0.0.1:{e.port}")), token

            done, token = asked()
            assert done["liked"] is True and done["item"] == "posts/hello"
            head, body = map(json.loads, run(look, TOKEN=token).replace("'", '"').splitlines())
            assert (head["kid"], body["iss"], body["sub"]) == ("sig", p.root, "ada")
            refusals = {"wrong issuer": asked(iss=p.root + "/"), "wrong audience": asked(aud="account"), "unknown key": asked(Key("RS256", "other")),
                        "invalid user": asked(user="auth0|65f"), "expired": asked(exp=1), "not yet valid": asked(nbf=int(time.time()) + 3600)}
            for why, (answer, _) in refusals.items():
                assert answer["status"] == 401 and answer["detail"].startswith(why), (why, answer)
            opaque = json.loads(run(like, TOKEN="opaque", EDGE=f"http://127.0.0.1:{e.port}"))
            assert opaque["detail"].startswith("malformed")
            told = set(re.findall(r"`([a-z ]+)`", "".join(row.split("|")[1] for row in text.split("| `detail` | set |")[1].split("\n\n")[0].splitlines()[2:])))
            assert told == {*refusals, "malformed"}


def test_the_ten_lines_of_a_backend_do_what_they_say(broker, tmp_path):
    code = re.search(r"```python\n(.*?)```", chapter("docs/api.md", "From a backend, in ten lines"), re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 11
    with edge_of(tmp_path, broker, "lines", with_keys(tmp_path, key_set(EC)), http={"trusted_peers": "192.0.2.1"}) as e:
        token = write_file(tmp_path / "site.jwt", EC.token("site", scope="kudos:service kudos:act-as") + "\n")
        code = code.replace("http://localhost:8442", f"http://127.0.0.1:{e.port}").replace("run/site.jwt", token)
        done = subprocess.run(["python3", "-c", code], capture_output=True, text=True, timeout=60, check=True, env={**os.environ, "no_proxy": "*"})
        assert [line.split()[0::2] for line in done.stdout.splitlines()] == [["posts/hello", "True"], ["reels/hello", "None"]]
        assert e.get("/v1/posts/hello/like", user="ada", headers=bearer(EC.token("ada"))).json["liked"] is True


# ---- the command that makes tokens ----

def openssl(path, *algorithm):
    subprocess.run(["openssl", "genpkey", "-algorithm", *algorithm, "-out", str(path)], check=True, capture_output=True, timeout=30)
    public = subprocess.run(["openssl", "pkey", "-in", str(path), "-pubout"], check=True, capture_output=True, text=True, timeout=30)
    return public.stdout


@pytest.mark.parametrize("algorithm", [["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ed25519"]],
                         ids=lambda a: a[0])
def test_the_command_makes_tokens_that_an_edge_takes(broker, tmp_path, algorithm):
    key = tmp_path / "key.pem"
    jwt = with_keys(tmp_path, openssl(key, *algorithm), leeway="0s")

    def token(*more):
        command = [program("kudos-sim"), "token", "--key", str(key), "--sub", "ada", "--iss", "idp", "--aud", "kudos", *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=20)

    with edge_of(tmp_path, broker, f"made-{algorithm[0].lower()}", jwt) as e:
        made = token("--scope", "kudos:write:posts/like", "--kid", "k")
        assert made.returncode == 0 and e.post(LIKE, headers=bearer(made.stdout.strip())).status == 200
        assert e.post("/v1/posts/1/save", headers=bearer(made.stdout.strip())).status == 403
        brief = token("--exp", "1s").stdout.strip()
        wait_until(lambda: "expired" in e.get(LIKE, headers=bearer(brief)).json.get("detail", ""), 30, "it expires")
    assert token("--alg", "HS256").returncode == 2
    assert token("--exp", "soon").returncode == 2
    assert subprocess.run([program("kudos-sim"), "token", "--key", "/nowhere", "--sub", "a"], capture_output=True, timeout=20).returncode == 2
