"""Every refusal of edges, of central, of the HTTP server in front of both and of the admin ports, provoked, and its answer read whole: status, type,
title, detail, field, Retry-After.

What can be refused is read from the sources (Sources below): a problem that is added, or that a program begins to answer, fails
test_every_problem_is_provoked until a row or a test here provokes it.
"""
import concurrent.futures
import functools
import glob
import itertools
import json
import os
import re
import socket
import subprocess

import pytest

from http_peer import read_all, serve  # noqa: F401 (fixture)
from packed import unpack
from proc import SLOWER, TOP, Answer, Broker, Central, Edge, SyncOrder, program, request, wait_until
from test_edge_central import FixedTime
from test_storage import spoil
from tokens import Key, bearer

PARTITIONS = 4
WAIT_S = 30 * SLOWER
OPERATOR_TOKEN, ADMIN_TOKEN = "operator-token-0123456789", "admin-token-0123456789"


# ---- what can be refused, by the sources ----

def source(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


class Sources:
    TABLE = {name: (int(status), slug, title) for name, status, slug, title in
             re.findall(r'X\((\w+), (\d+), "([a-z-]+)",\s*"([^"]+)"\)', source("common/api/problem.h"))}
    TITLES = {slug: title for _, slug, title in TABLE.values()}
    # Status -> (slug, title) of what the server refuses by itself.
    SERVER = {int(status): (slug, title) for status, slug, title in
              re.findall(r'\{\.status = (\d+),\s*\.slug = "([a-z-]+)",\s*\.title = "([^"]+)"', source("common/io/http/server/http_answer.c"))}

    @classmethod
    def used_in(cls, *folders):
        files = [f for folder in folders for f in glob.glob(os.path.join(TOP, folder, "**", "*.c"), recursive=True)]
        files = [f for f in files if not f.endswith("common/api/problem.c")]
        names = {name for f in files for name in re.findall(r"KD_PROBLEM_(\w+)", source(os.path.relpath(f, TOP)))}
        return {cls.TABLE[name][1] for name in names & set(cls.TABLE)}

    @classmethod
    def of(cls, place):
        """Slugs of a program. Central also answers what a read of its store failed with (kd_problem_of): of these a failed store alone can be."""
        server = {slug for slug, _ in cls.SERVER.values()}
        return cls.used_in(place, "common") | server | ({"storage-failed"} if place == "central" else set())


seen = set()  # (place, slug) and (place, status) that a test has read


def check(place, answer, status, slug, field=None, detail=None, title=None, retry=False):
    """The answer is this problem, and says nothing else. `detail`: words of it; None: there need be none. `retry`: it may be tried again."""
    assert (answer.status, answer.problem) == (status, slug), answer
    read_problem(answer.json, status, slug, field, detail, title, retry)
    assert answer.headers.get("retry-after") == (str(answer.json["retry_after_s"]) if retry else None), answer
    assert answer.headers["x-content-type-options"] == "nosniff"
    seen.update({(place, slug), (place, status)})


def read_problem(document, status, slug, field=None, detail=None, title=None, retry=False):
    assert document["type"] == f"urn:kudos:{slug}" and document["status"] == status, document
    assert document["title"] == (title or Sources.TITLES[slug]), document
    assert document.get("field") == field, document
    assert detail is None or detail in document["detail"], document
    assert "detail" not in document or document["detail"], document
    assert ("retry_after_s" in document) == retry and (not retry or document["retry_after_s"] >= 1), document
    own = {"elsewhere"} if slug == "misdirected" else set()
    assert not set(document) - {"type", "title", "status", "detail", "field", "retry_after_s"} - own, document


PROVOKED = set()


def provokes(*what):
    """What a test provokes: (place, slug), or (place, status) of the server. It fails when it has not read all of that."""
    PROVOKED.update(what)

    def decorate(test):
        @functools.wraps(test)
        def run(*args, **kw):
            test(*args, **kw)
            assert not set(what) - seen, set(what) - seen
        return run
    return decorate


# ---- programs ----

@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """Of edges without a central."""
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def own_broker(tmp_path):
    with Broker(tmp_path, PARTITIONS, name="own") as b:
        yield b


def secret_file(directory, name, text):
    path = os.path.join(str(directory), name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
        f.write(text + "\n")
    return path


KEY, FORGED = Key("EdDSA", kid="one"), Key("EdDSA", kid="one")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Edge and central that know users by token, and an admin port that wants one."""
    directory = tmp_path_factory.mktemp("programs")
    with open(directory / "keys.json", "w", encoding="ascii") as f:
        json.dump({"keys": [KEY.jwk()]}, f)
    shared = {"jwt": {"keys_file": str(directory / "keys.json"), "issuer": "idp", "audience": "kudos"}, "admin": {"token_file": secret_file(directory, "admin.token", ADMIN_TOKEN)}}
    central = {**shared, "http": {"trusted_peers": "10.9.9.9/32", "operator_token_file": secret_file(directory, "operator.token", OPERATOR_TOKEN)}}
    with Broker(directory, PARTITIONS) as broker, Central(directory, broker.address, partitions=PARTITIONS, more=central) as c, \
            Edge(directory, broker.address, partitions=PARTITIONS, more=shared) as e:
        yield {"edge": e, "central": c}


def raw(port, text):
    """The answer to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        head, body = read_all(s).split(b"\r\n\r\n", 1)
    status, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
    return Answer(int(status.split()[1]), headers, body)


# ---- refused for what was asked ----

USER, OPERATOR = {"X-User-Id": "ann"}, bearer(OPERATOR_TOKEN)
JSON = {"Content-Type": "application/json"}
LIKE = {"operations": [{"item": "posts/1", "op": "like"}]}
READS_ALONE = bearer(KEY.token("ann", scope="kudos:read-only"))

# place, method, path, headers, body; then status, slug, field, words of the detail
ASKED = [
    ("edge", "POST", "/v1/posts/a%2fb/like", USER, None, 400, "invalid-id", "id", None),
    ("edge", "POST", "/v1/posts/1/like", {"X-User-Id": "a b"}, None, 400, "invalid-id", "X-User-Id", None),
    ("edge", "POST", "/v1/likes", USER, {"operations": [{"item": "posts/..", "op": "like"}]}, 400, "invalid-id", "operations[0].item", None),
    ("edge", "POST", "/v1/likes", USER, {"operations": [*LIKE["operations"], {"item": "posts/2", "op": "hate"}]}, 400, "invalid-request", "operations[1].op", None),
    ("edge", "POST", "/v1/likes", USER, {"operations": [{"item": "posts/1", "op": "like", "counter": "smile"}]}, 404, "unknown-counter", "operations[0].counter", None),
    ("edge", "POST", "/v1/likes", USER, {"operations": [{"item": "others/1", "op": "like"}]}, 404, "unknown-collection", "operations[0].item", None),
    ("edge", "POST", "/v1/posts/1/view", USER, {"amount": 0}, 400, "invalid-request", "amount", None),
    ("edge", "POST", "/v1/posts/1/view", USER, "{", 400, "invalid-request", "body", "not valid JSON"),
    ("edge", "POST", "/v1/posts/1/like", {**USER, "Kudos-Session": "made-up"}, None, 400, "invalid-request", "Kudos-Session", "not a token of this user"),
    ("edge", "POST", "/v1/posts/1/like", {**USER, "Idempotency-Key": ""}, None, 400, "invalid-request", "Idempotency-Key", "visible ASCII"),
    ("edge", "POST", "/v1/posts/1/like", {**USER, "Idempotency-Key": "a", "X-Idempotency-Key": "b"}, None, 400, "invalid-request", "X-Idempotency-Key", "otherwise"),
    ("edge", "GET", "/v1/counts?items=", {}, None, 400, "invalid-request", "items", None),
    ("edge", "GET", "/v1/others/1/counts", {}, None, 404, "unknown-collection", None, None),
    ("edge", "POST", "/v1/posts/1/smile", USER, None, 404, "unknown-counter", None, None),
    ("edge", "GET", "/v2/posts", {}, None, 404, "not-found", None, "the API begins with /v1/"),
    ("edge", "GET", "/v1/export", {}, None, 404, "not-found", None, "ask central"),
    ("edge", "PUT", "/v1/posts/1/like", USER, None, 405, "method-not-allowed", None, "GET, HEAD, POST, DELETE, OPTIONS"),
    ("edge", "POST", "/v1/posts/1/like", {}, None, 401, "unauthorized", None, "no gateway that is trusted"),
    ("edge", "POST", "/v1/posts/1/like", bearer("no.token.here"), None, 401, "unauthorized", "Authorization", "malformed"),
    ("edge", "POST", "/v1/posts/1/like", READS_ALONE, None, 403, "forbidden", "Authorization", None),
    ("edge", "POST", "/v1/posts/1/like", {**USER, "Host": "evil.example"}, None, 403, "forbidden", "Host", None),
    ("edge", "POST", "/v1/likes", {**USER, "Content-Type": "text/plain"}, LIKE, 415, "unsupported-media-type", "Content-Type", None),
    ("edge", "POST", "/v1/likes", {**USER, **JSON, "Content-Encoding": "gzip"}, LIKE, 415, "unsupported-media-type", "Content-Encoding", None),
    ("edge", "GET", "/v1/posts/1/counts", {"Expect": "miracles"}, None, 417, "invalid-request", "Expect", None),
    ("central", "GET", "/v1/posts/a%2fb/counts", OPERATOR, None, 400, "invalid-id", "id", None),
    ("central", "POST", "/v1/counts", OPERATOR, {"items": ["posts/.."]}, 400, "invalid-id", "items", None),
    ("central", "POST", "/v1/likes/lookup", {**OPERATOR, "X-User-Id": "a b"}, {"items": ["posts/1"]}, 400, "invalid-id", "X-User-Id", None),
    ("central", "GET", "/v1/posts/1/counts?by=week", OPERATOR, None, 400, "invalid-request", "by", None),
    ("central", "GET", "/v1/export?limit=0", OPERATOR, None, 400, "invalid-request", "limit", None),
    ("central", "POST", "/v1/counts", OPERATOR, "{", 400, "invalid-request", "body", "not valid JSON"),
    ("central", "GET", "/v1/others/1/counts", OPERATOR, None, 404, "unknown-collection", None, None),
    ("central", "GET", "/v1/posts/1/likers?counter=smile", OPERATOR, None, 404, "unknown-counter", "counter", None),
    ("central", "GET", "/v1/posts/1/likers?order=oldest", OPERATOR, None, 400, "invalid-request", "order", "newest or key"),
    ("central", "GET", "/v1/posts/1/likers?order=newest", OPERATOR, None, 404, "index-off", "order", "central.index_newest"),
    ("central", "GET", "/v1/me/like?user=ada", OPERATOR, None, 404, "index-off", None, "central.index_liked"),
    ("central", "GET", "/v1/me/like?user=%21", OPERATOR, None, 400, "invalid-id", "user", "the user id is not valid"),
    ("central", "GET", "/v1/me/view?user=ada", OPERATOR, None, 404, "unknown-counter", None, None),
    ("central", "POST", "/v1/posts/1/likers/among", OPERATOR, {"users": ["u"] * 501}, 400, "invalid-request", "users", "at most 500 users"),
    ("central", "POST", "/v1/posts/1/likers/among", OPERATOR, {"users": ["ada", "a b"]}, 400, "invalid-id", "users[1]", "a user id is 1 to 128 bytes"),
    ("central", "POST", "/v1/posts/1/likers/among", OPERATOR, {"users": [], "counter": "smile"}, 404, "unknown-counter", "counter", None),
    ("central", "POST", "/v1/posts/1/counts", OPERATOR, {"without": ["u"] * 1001}, 400, "invalid-request", "without", "at most 1000 users"),
    ("central", "POST", "/v1/posts/1/counts", OPERATOR, {"without": ["u", "v", 7]}, 400, "invalid-request", "without[2]", "a user is a string"),
    ("central", "POST", "/v1/posts/1/counts", OPERATOR, {"items": ["posts/1"]}, 400, "invalid-request", "body", "there is without alone"),
    ("central", "GET", "/v1/posts/1/display", OPERATOR, None, 404, "not-found", None, "edge"),
    ("central", "GET", "/nothing", OPERATOR, None, 404, "not-found", None, None),
    ("central", "DELETE", "/v1/time", OPERATOR, None, 405, "method-not-allowed", None, "GET"),
    ("central", "GET", "/v1/time", {}, None, 401, "unauthorized", None, "only edges and operators"),
    ("central", "GET", "/v1/time", bearer("no.token.here"), None, 401, "unauthorized", "Authorization", "malformed"),
    ("central", "GET", "/v1/export", {}, None, 403, "forbidden", None, "only operators"),
    ("central", "GET", "/v1/export", READS_ALONE, None, 403, "forbidden", "Authorization", "no token of a user opens this"),
    ("central", "POST", "/v1/counts", {**OPERATOR, "Content-Type": "text/plain"}, {"items": ["posts/1"]}, 415, "unsupported-media-type", "Content-Type", None),
    ("central", "POST", "/v1/counts", {**OPERATOR, **JSON, "Content-Encoding": "br"}, {"items": ["posts/1"]}, 415, "unsupported-media-type", "Content-Encoding", None),
    ("central", "GET", "/v1/time", {**OPERATOR, "Expect": "miracles"}, None, 417, "invalid-request", "Expect", None),
]
PROVOKED |= {(row[0], row[6]) for row in ASKED}


@pytest.mark.parametrize("row", ASKED, ids=lambda row: f"{row[0]} {row[6]} {row[1]} {row[2]}")
def test_what_was_asked_wrongly_is_refused_by_name(programs, row):
    place, method, path, headers, body, status, slug, field, detail = row
    title = Sources.SERVER[status][1] if status == 417 else None
    answer = programs[place].request(method, path, body=body, headers=headers)
    check(place, answer, status, slug, field, detail, title)
    packed = programs[place].request(method, path, body=body, headers={**headers, "Accept": "application/msgpack"})
    assert packed.status == status and packed.headers["content-type"] == "application/msgpack" and unpack(packed.body) == answer.json


# ---- refused by the server, before a handler: the same at edge and central ----

HEAD = "Host: localhost\r\n"
MANY_FIELDS = "".join(f"F{n}: x\r\n" for n in range(80))
BYTES = [  # status, field, request
    (400, None, "GET / HTTP/1.1\r\n\r\n"),  # no Host
    (400, None, f"GET / HTTP/1.1\r\n{HEAD}A : b\r\n\r\n"),
    (400, "X-User-Id", f"GET / HTTP/1.1\r\n{HEAD}X-User-Id: a\r\nX-User-Id: b\r\n\r\n"),
    (405, None, f"TRACE / HTTP/1.1\r\n{HEAD}\r\n"),
    (413, None, f"POST /v1/counts HTTP/1.1\r\n{HEAD}Content-Length: 999999999\r\n\r\n"),
    (417, "Expect", f"GET / HTTP/1.1\r\n{HEAD}Expect: miracles\r\n\r\n"),
    (431, None, f"GET / HTTP/1.1\r\n{HEAD}{MANY_FIELDS}\r\n"),
    (431, None, f"GET / HTTP/1.1\r\n{HEAD}Long: {'x' * 40000}\r\n\r\n"),
    (501, "Transfer-Encoding", f"POST /v1/counts HTTP/1.1\r\n{HEAD}Transfer-Encoding: gzip\r\n\r\n"),
    (505, None, f"GET / HTTP/3.0\r\n{HEAD}\r\n"),
]
PROVOKED |= {(place, status) for place in ("edge", "central") for status, _, _ in BYTES}


@pytest.mark.parametrize("place", ["edge", "central"])
@pytest.mark.parametrize("status, field, text", BYTES, ids=[f"{b[0]}-{n}" for n, b in enumerate(BYTES)])
def test_what_the_server_refuses_by_itself_is_a_problem_too(programs, place, status, field, text):
    slug, title = Sources.SERVER[status]
    answer = raw(programs[place].port, text.encode())
    check(place, answer, status, slug, field, "twice" if field == "X-User-Id" else None, title)
    assert (answer.headers.get("allow") == "GET, HEAD, POST, DELETE") == (status == 405)


@provokes(("server", 408), ("server", 503))
def test_a_request_that_is_late_and_one_too_many_are_told(serve):
    slug, title = Sources.SERVER[408]
    server = serve("body_timeout_ms=200", "max_requests=1")
    with server.connect(60) as s:  # it goes on waiting: the server ends it
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        late = read_all(s)
    head, body = late.split(b"\r\n\r\n", 1)
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])}
    check("server", Answer(int(head.split()[1]), headers, body), 408, slug, title=title)
    with server.connect(60) as s:
        s.sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = wait_until(lambda: a if (a := request(server.port, "GET", "/")).status == 503 else None, WAIT_S, "one too many")
        check("server", answer, 503, "overloaded", title=Sources.SERVER[503][1], retry=True)


# ---- refused for the state of an edge ----

@pytest.fixture
def fresh(broker, tmp_path):
    """Edges of one test, on its own directory."""
    edges = []

    def make(brokers=broker.address, **kw):
        edges.append(Edge(tmp_path, brokers, partitions=PARTITIONS, **kw))
        return edges[-1]

    yield make
    for edge in edges:
        edge.kill9()


def writes(edge, user="bob"):
    """One request of each kind that writes, each of another item."""
    return [edge.post("/v1/posts/w1/like", user=user), edge.delete("/v1/posts/w2/like", user=user), edge.post("/v1/posts/w3/view", user=user),
            edge.post("/v1/likes", user=user, body={"operations": [{"item": "posts/w4", "op": "like"}]})]


@provokes(("edge", "rate-limited"))
def test_who_is_too_fast_is_told_when_to_come_again_also_for_each_entry_of_a_batch(fresh):
    edge = fresh(more={"limits": {"user": "2/1h"}}).start()
    batch = edge.post("/v1/likes", user="ann", body={"operations": [{"item": f"posts/{n}", "op": "like"} for n in range(4)]})
    assert batch.status == 200 and [("error" in r) for r in batch.json["results"]] == [False, False, True, True], batch
    for entry in batch.json["results"][2:]:
        assert set(entry) == {"item", "counter", "error"}, entry
        read_problem(entry["error"], 429, "rate-limited", detail="", retry=True)
    for answer in writes(edge, "ann"):
        check("edge", answer, 429, "rate-limited", detail="", retry=True)


@provokes(("edge", "rate-limited"), ("central", "rate-limited"))
def test_who_shows_worthless_tokens_without_end_is_told_when_to_come_again(programs):
    path, good, forged = "/v1/posts/1/like", bearer(KEY.token("ann")), bearer(FORGED.token("ann"))
    for place in ("edge", "central"):
        program = programs[place]
        wait_until(lambda p=program: p.get(path, headers=good).status == 200, WAIT_S, "remembered")
        refused = wait_until(lambda p=program: a if (a := p.get(path, headers=forged)).status == 429 else None, WAIT_S, "refused", pause=0)
        check(place, refused, 429, "rate-limited", "Authorization", "not verified", retry=True)
        assert "www-authenticate" not in refused.headers
        wait_until(lambda p=program: p.get(path, headers=bearer(KEY.token("bob"))).status == 200, WAIT_S, "the budget comes back")


def refused_beside(edge, first, second, status):
    """The answer of that status to second(n), asked while first(n) is in work. On a busy machine a try may come too late, so there may be several."""
    numbers = itertools.count()

    def attempt():
        n = next(numbers)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            running = pool.submit(first, n)
            wait_until(lambda: running.done() or edge.metric("kudos_edge_in_flight") > 0, WAIT_S, "the first in work", pause=0.005)
            answer = second(n)
        return answer if answer.status == status else None

    return wait_until(attempt, WAIT_S, f"an answer {status}")


@provokes(("edge", "key-reused"), ("edge", "key-in-flight"))
def test_a_key_that_is_in_use_is_refused(fresh):
    edge = fresh()
    syncs = SyncOrder(edge)
    edge.start()
    key = {"Idempotency-Key": "k"}
    assert edge.post("/v1/posts/1/like", user="ann", headers=key).status == 200
    for answer in (edge.post("/v1/posts/2/like", user="ann", headers=key), edge.post("/v1/likes", user="ann", headers=key, body=LIKE)):
        check("edge", answer, 422, "key-reused", "Idempotency-Key", "another request")
    syncs.slow(0.5)

    def like(n):
        return edge.post(f"/v1/posts/slow-{n}/like", user="ann", headers={"Idempotency-Key": f"slow-{n}"})

    check("edge", refused_beside(edge, like, like, 409), 409, "key-in-flight", "Idempotency-Key", "not yet answered", retry=True)


@provokes(("edge", "overloaded"))
def test_more_than_an_edge_works_on_is_refused(fresh):
    edge = fresh(more={"edge": {"in_flight_max": 1}}, shards=1)
    syncs = SyncOrder(edge)
    edge.start()
    syncs.slow(0.5)
    answer = refused_beside(edge, lambda n: edge.post(f"/v1/posts/{n}/like", user="ann"), lambda n: edge.post(f"/v1/posts/{n}/like", user="bob"), 503)
    check("edge", answer, 503, "overloaded", detail="too many requests are in work", retry=True)


@provokes(("edge", "outbox-full"))
def test_an_outbox_without_room_is_told(fresh):
    edge = fresh(more={"edge": {"outbox_max": "16KiB"}}, shards=1).start()

    def full(n):
        operations = [{"item": f"posts/o{n}-{k}", "op": "like"} for k in range(1000)]
        answer = edge.post("/v1/likes", user=f"u{n}", body={"operations": operations})
        return answer if answer.status != 200 else None

    numbers = iter(range(200))
    check("edge", wait_until(lambda: full(next(numbers)), WAIT_S, "a refusal"), 503, "outbox-full", detail="wait for central", retry=True)


@provokes(("edge", "clock-out-of-bounds"))
def test_a_clock_out_of_bounds_is_told(fresh, tmp_path):
    with FixedTime(tmp_path / "time", 1_000_000_000_000_000) as clock:
        edge = fresh(central=f"http://127.0.0.1:{clock.port}").start()
        wait_until(lambda: edge.metric("kudos_edge_clock_out_of_bounds") == 1, WAIT_S, "a measurement")
        for answer in writes(edge):
            check("edge", answer, 503, "clock-out-of-bounds", detail="differs too much from central's", retry=True)


@provokes(("edge", "log-unconfirmed"))
def test_an_edge_that_waits_for_the_log_says_that_it_is_unknown(fresh):
    waits = {"edge": {"acknowledge": "log", "acknowledge_deadline": "100ms"}, "kafka": {"start_timeout": "100ms"}}
    edge = fresh(brokers="127.0.0.1:1", more=waits).start()
    for answer in writes(edge):
        check("edge", answer, 504, "log-unconfirmed", detail="unknown whether the log has it")


@provokes(("edge", "item-closed"))
def test_a_closed_item_says_so(fresh, tmp_path, own_broker):
    with Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as central:
        edge = fresh(brokers=own_broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}}).start()
        assert edge.post("/v1/posts/shut/like", user="ann").status == 200
        done = subprocess.run([program("kudos-central"), "close", "posts/shut", "--url", central.url], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        wait_until(lambda: edge.get("/v1/posts/shut/counts").json.get("closed"), WAIT_S, "it has heard")
        check("edge", edge.post("/v1/posts/shut/like", user="bob"), 403, "item-closed", detail="an operator has closed this item")


@provokes(("edge", "edge-retired"))
def test_a_retired_edge_says_so(fresh, tmp_path, own_broker):
    with Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as central:
        edge = fresh(brokers=own_broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}}).start()
        for n in range(20):  # in each partition
            assert edge.post(f"/v1/posts/r{n}/like", user="ann").status == 200
        wait_until(lambda: all(central.get(f"/v1/posts/r{n}/counts").json["counts"]["like"]["count"] == 1 for n in range(20)), WAIT_S, "all merged")
        done = subprocess.run([program("kudos-central"), "retire", edge.name, "--url", central.url], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        wait_until(lambda: edge.metric("kudos_edge_retired_partitions") == PARTITIONS, WAIT_S, "it has heard")
        for answer in writes(edge):
            check("edge", answer, 503, "edge-retired", detail="an operator has retired this edge", retry=True)
        assert edge.admin("/readyz").body.startswith(b"edge-retired")


@provokes(("edge", "central-unavailable"))
def test_what_only_central_knows_is_refused_while_it_is_away(fresh):
    edge = fresh(central="http://127.0.0.1:1").start()
    answer = edge.post("/v1/posts/1/likers/among", user="ann", body={"users": ["bob"]})
    check("edge", answer, 503, "central-unavailable", detail="only central knows this", retry=True)


# ---- refused for the state of central ----

@provokes(("central", "overloaded"))
def test_more_reads_than_central_takes_are_refused(tmp_path, own_broker):
    with Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"reads_max": 16}}) as central:
        load = subprocess.Popen([program("kudos-sim"), "load", "--edge", central.url, "--path", "/v1/posts/{item}/counts", "--seconds", "60",
                                 "--connections", "16", "--streams", "64"], stdout=subprocess.DEVNULL)
        try:
            answer = wait_until(lambda: a if (a := central.get("/v1/posts/1/counts")).status != 200 else None, WAIT_S, "a refusal", pause=0)
        finally:
            load.kill()
            load.wait()
        check("central", answer, 503, "overloaded", detail="too many reads are in work", retry=True)


@provokes(("central", "index-building"))
def test_an_index_that_is_not_complete_is_told(tmp_path, own_broker):
    central = Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}})
    syncs = SyncOrder(central)
    with central:
        # There is a store then, which has read something, and has no index: an empty one would look for other centrals first.
        wait_until(lambda: central.metric("kudos_central_claims_total") == PARTITIONS, WAIT_S, "its claims read")
        central.stop()
        central.set({"central": {"index_newest": "true", "index_liked": "true"}})
        syncs.slow(0.5)  # the commit that completes it takes so long
        central.start()
        for path in ("/v1/posts/1/likers?order=newest", "/v1/me/like?user=ada"):
            check("central", central.get(path), 503, "index-building", detail="the index is being built", retry=True)
        syncs.end()
        wait_until(lambda: central.get("/v1/posts/1/likers?order=newest").status == 200, WAIT_S, "complete")


@provokes(("central", "misdirected"))
def test_who_does_not_lead_sends_an_edge_elsewhere(tmp_path, own_broker):
    with Central(tmp_path, own_broker.address, partitions=PARTITIONS), \
            Central(tmp_path, own_broker.address, name="central-2", partitions=PARTITIONS, more={"central": {"role": "follower"}}) as follower:
        check("central", follower.get("/v1/posts/1/counts", headers={"Kudos-Ask": "leader"}), 421, "misdirected")


@provokes(("central", "central-unavailable"))
def test_who_is_not_known_to_have_the_state_gives_no_copy_of_it(tmp_path, own_broker):
    member = Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"members": 2, "replicas": 2}})  # the other one never comes
    member.set({"central": {"advertise": member.url}})
    try:
        member.start(wait=False)
        wait_until(lambda: member.events("central-started"), WAIT_S, "that it listens")
        answer = member.get("/v1/seed?partition=0&member=central-9")
        check("central", answer, 503, "central-unavailable", detail="this member is not known to have the partition's state", retry=True)
    finally:
        member.kill9()


@provokes(("edge", "storage-failed"), ("central", "storage-failed"))
def test_a_row_that_cannot_be_read_is_told(fresh, tmp_path, own_broker):
    users = [f"user-{n:03}" for n in range(60)]
    central = Central(tmp_path, own_broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}).start()
    try:
        edge = fresh(brokers=own_broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}, "store": {"fresh_rows": "0"}}).start()
        for user in users:
            assert edge.post("/v1/posts/1/like", user=user).status == 200
        wait_until(lambda: central.get("/v1/posts/1/counts").json["counts"]["like"]["count"] == len(users), WAIT_S, "merged")
        edge.kill9()
        central.kill9()
        edge.set({"central": {"url": None}, "kafka": {"brokers": "127.0.0.1:1", "start_timeout": "100ms"}})
        central.start()  # what was in the log of writes is in a table now
        edge.start()
        wait_until(lambda: central.metric("kudos_central_snapshots_total") > 0 and central.metric("kudos_central_unpublished_bytes") == 0, WAIT_S, "published")
        for place, daemon in (("edge", edge), ("central", central)):
            for store in glob.glob(os.path.join(daemon.data, "shard-*" if place == "edge" else "partition-*")):
                spoil(store)
            failed = [a for user in users if (a := daemon.get("/v1/posts/1/like", user=user)).status != 200]
            assert failed
            for answer in failed:
                check(place, answer, 503, "storage-failed", detail="", retry=True)
        check("central", central.get("/v1/posts/1/likers"), 503, "storage-failed", detail="", retry=True)
    finally:
        central.kill9()


# ---- the admin ports: text, and no Retry-After, for a command says what it waits for ----

MARK, SHOWN = {"X-Kudos-Admin": "1"}, bearer(ADMIN_TOKEN)
ADMIN = [  # place, method, path, headers, status, body
    *[(place, *row) for place in ("edge", "central") for row in (
        ("GET", "/metrics", {}, 401, "a token of admin.token_file is wanted"),
        ("GET", "/debug/partitions", bearer("another-token-0123456789"), 401, "a token of admin.token_file is wanted"),
        ("GET", "/debug/partitions", {**SHOWN, "Host": "evil.example"}, 403, "Host does not name this machine"),
        ("GET", "/debug/partitions", {**SHOWN, "Origin": "https://evil.example"}, 403, "pages in a browser"),
        ("GET", "/debug/nothing", SHOWN, 404, "not found"), ("GET", "/nothing", SHOWN, 404, "not found"),
        ("GET", "/debug/velocity?n=1&n=2", SHOWN, 400, "each parameter comes once"))],
    ("edge", "GET", "/admin/nothing", SHOWN, 404, '"no such question"'),
    ("central", "POST", "/admin/job?do=audit", SHOWN, 403, "X-Kudos-Admin is missing"),
    ("central", "POST", "/admin/nothing", {**SHOWN, **MARK}, 404, '"no such action"'),
    ("central", "POST", "/admin/act?do=nothing", {**SHOWN, **MARK}, 400, '"not an order'),
]


@pytest.mark.parametrize("row", ADMIN, ids=lambda row: f"{row[0]} {row[4]} {row[1]} {row[2]}")
def test_admin_ports_say_why(programs, row):
    place, method, path, headers, status, words = row
    answer = request(programs[place].admin_port, method, path, headers=headers)
    assert answer.status == status and words in answer.body.decode(), answer
    assert "retry-after" not in answer.headers and answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == ("application/json" if words.startswith('"') else "text/plain; charset=utf-8"), answer


def test_an_admin_port_refuses_what_could_be_read_in_two_ways(programs):
    for place in programs.values():
        answer = raw(place.admin_port, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert answer.status == 400 and b"read in two ways" in answer.body, answer


# ---- none is missing ----

def slug_of(what):
    return what if isinstance(what, str) else Sources.SERVER[what][0]


def test_every_problem_is_provoked():
    assert len(Sources.TABLE) >= 19 and len(Sources.SERVER) >= 9
    for place in ("edge", "central"):
        found = {slug_of(what) for where, what in PROVOKED if where == place}
        assert found >= Sources.of(place), Sources.of(place) - found
    assert {slug_of(what) for _, what in PROVOKED} == {slug for _, slug, _ in Sources.TABLE.values()}
    statuses = {what for _, what in PROVOKED if isinstance(what, int)}
    assert statuses == set(Sources.SERVER), statuses ^ set(Sources.SERVER)


def test_every_problem_is_documented():
    rows = re.findall(r"^\| (\d{3}) \| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", source("docs/api.md"), re.M)
    told = {(int(status), slug) for status, slugs in rows for slug in re.findall(r"`([a-z-]+)`", slugs)}
    assert {(status, slug) for status, slug, _ in Sources.TABLE.values()} <= told
