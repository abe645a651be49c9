"""Pages of other origins (CORS), as their browsers ask: preflights, answers and refusals, OPTIONS without a page, a reload. In a real browser:
test_browsers.py.
"""
import signal
import socket
import subprocess

import pytest

from http_peer import h1_raw, h1_status, read_all
from http_peer import program, serve  # noqa: F401 (fixtures)
from proc import Broker, Edge, request, wait_until

APP, LOCAL, EVIL = "https://app.example", "http://localhost:3000", "https://evil.example"
SET, SUM, GET, BOTH, POST = ("GET, HEAD, POST, DELETE, OPTIONS", "POST, OPTIONS", "GET, HEAD, OPTIONS", "GET, HEAD, POST, OPTIONS", "POST, OPTIONS")
PATHS = [("/v1/posts/1/like", SET), ("/v1/posts/1/save", SET), ("/v1/posts/1/view", SUM), ("/v1/posts/1/counts", BOTH), ("/v1/posts/1/likers/among", POST), ("/v1/posts/1/display", GET),
         ("/v1/counts", BOTH), ("/v1/counts?items=posts/1&me=true", BOTH), ("/v1/likes", POST), ("/v1/likes/lookup", POST),
         ("/v1/display", GET), ("/v1/display?items=posts/1", GET), ("/v1/visitors", POST)]
# What a page may read without being told (the Fetch standard), and what no page has a use for.
SAFE = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
OF_NO_USE = {"date", "vary", "x-content-type-options", "access-control-allow-origin", "access-control-expose-headers", "connection"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as b:
        yield b


def edge_for(broker, directory, origins):
    return Edge(directory, broker.address, more={"http": {"cors_origins": origins}})


@pytest.fixture(scope="module")
def edge(broker, tmp_path_factory):
    with edge_for(broker, tmp_path_factory.mktemp("listed"), f"{APP}, {LOCAL}") as e:
        yield e


@pytest.fixture(scope="module")
def anyone(broker, tmp_path_factory):
    with edge_for(broker, tmp_path_factory.mktemp("anyone"), "*") as e:
        yield e


@pytest.fixture(scope="module")
def nobody(broker, tmp_path_factory):
    with edge_for(broker, tmp_path_factory.mktemp("nobody"), None) as e:
        yield e


def preflight(edge, path, origin=APP, method="POST", **more):
    fields = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "content-type,kudos-session"}
    return edge.request("OPTIONS", path, headers={**fields, **more})


def cors(answer):
    return {k: v for k, v in answer.headers.items() if k.startswith("access-control-")}


def words(text):
    return {w.strip().lower() for w in text.split(",")}


# ---- OPTIONS and preflights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, allow", PATHS)
def test_a_preflight_is_answered_before_anybody_asks_who_asks(edge, path, allow):
    answer = preflight(edge, path)
    assert (answer.status, answer.body, answer.headers["allow"], answer.headers["cache-control"]) == (204, b"", allow, "no-store")
    assert answer.headers["access-control-allow-methods"] == allow and answer.headers["access-control-max-age"] == "7200"
    assert words(answer.headers["access-control-allow-headers"]) == {
        "content-type", "authorization", "idempotency-key", "x-idempotency-key", "kudos-session", "if-none-match", "last-event-id"}
    assert (answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (APP, "Origin")
    assert not {"access-control-allow-credentials", "access-control-allow-private-network"} & set(answer.headers)


@pytest.mark.parametrize("path, allow", PATHS)
def test_options_without_a_page_and_a_wrong_method_name_the_same_methods(edge, path, allow):
    plain = edge.request("OPTIONS", path)
    assert (plain.status, plain.headers["allow"], cors(plain)) == (204, allow, {})
    wrong = edge.request("PUT", path)
    assert (wrong.status, wrong.headers["allow"]) == (405, allow)


def test_options_of_the_server(edge):
    answer = h1_raw_of(edge, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert h1_status(answer) == 204 and b"\r\nallow: GET, HEAD, POST, DELETE, OPTIONS\r\n" in answer


def h1_raw_of(daemon, text):
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as sock:
        sock.sendall(text)
        return read_all(sock)


@pytest.mark.parametrize("path, slug", [("/v1/songs/1/like", "unknown-collection"), ("/v1/posts/1/love", "unknown-counter"), ("/v2/counts", "not-found"),
                                        ("/v1/posts/%20/like", "invalid-id"), ("/v1/export", "not-found")])
def test_what_does_not_exist_has_no_methods_and_its_page_may_read_that(edge, path, slug):
    answer = preflight(edge, path)
    assert answer.status in (400, 404) and answer.problem == slug and answer.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize("origin", [EVIL, "null", "*", "https://app.example.evil.example", "http://app.example", "https://app.example:443",
                                    "HTTPS://APP.EXAMPLE", "https://app.example, http://localhost:3000", "https://app.example\tx", "x" * 4000])
def test_an_origin_that_is_not_listed_is_answered_like_no_page(edge, origin):
    asked = preflight(edge, "/v1/posts/1/like", origin)
    assert (asked.status, asked.headers["allow"], asked.headers["vary"], cors(asked)) == (204, SET, "Origin", {})
    said = edge.post("/v1/posts/1/like", headers={"Origin": origin})
    assert (said.status, said.headers["vary"], cors(said)) == (401, "Origin", {})


def test_private_networks_are_not_opened(edge):
    answer = preflight(edge, "/v1/posts/1/like", **{"Access-Control-Request-Private-Network": "true"})
    assert answer.status == 204 and "access-control-allow-private-network" not in answer.headers


# ---- answers -----------------------------------------------------------------------------------------------------------

ASKED = [("GET", "/v1/posts/1/counts", None, 200), ("GET", "/v1/posts/1/display", None, 200), ("GET", "/v1/counts?items=posts/1", None, 200),
         ("GET", "/v1/display?items=posts/1", None, 200), ("GET", "/v1/display?items=posts/2,posts/1", None, 308),
         ("POST", "/v1/posts/1/like", None, 401), ("GET", "/v1/songs/1/counts", None, 404), ("GET", "/", None, 404), ("PUT", "/v1/counts", None, 405), ("GET", "/v1/counts", None, 400),
         ("POST", "/v1/likes", "{", 401), ("TRACE", "/v1/posts/1/like", None, 405)]


@pytest.mark.parametrize("method, path, body, status", ASKED)
def test_every_answer_is_for_the_page_that_asks(edge, method, path, body, status):
    for origin in (APP, LOCAL):
        answer = edge.request(method, path, body=body, headers={"Origin": origin})
        assert (answer.status, answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (status, origin, "Origin")
        assert "access-control-allow-credentials" not in answer.headers
        exposed = words(answer.headers["access-control-expose-headers"])
        assert set(answer.headers) - SAFE - OF_NO_USE - {"location"} <= exposed, "location is followed, never read"


def test_a_page_may_read_the_headers_of_a_like(edge):
    answer = edge.post("/v1/posts/x1/like", user="ann", headers={"Origin": APP})
    assert answer.status == 200 and "kudos-session" in answer.headers
    exposed = words(answer.headers["access-control-expose-headers"])
    assert exposed == {"allow", "etag", "kudos-as-of", "kudos-level", "kudos-session", "ratelimit", "ratelimit-policy", "retry-after"}
    assert set(answer.headers) - SAFE - OF_NO_USE <= exposed


def test_a_304_is_for_the_page_that_asks(edge):
    tag = edge.get("/v1/posts/x2/display").headers["etag"]
    answer = edge.get("/v1/posts/x2/display", headers={"If-None-Match": tag, "Origin": LOCAL})
    assert (answer.status, answer.headers["access-control-allow-origin"], answer.headers["vary"]) == (304, LOCAL, "Origin")


@pytest.mark.parametrize("method, path, body, status", ASKED)
def test_a_cache_is_told_that_an_answer_without_a_page_is_not_for_pages(edge, method, path, body, status):
    answer = edge.request(method, path, body=body)
    assert (answer.status, answer.headers["vary"], cors(answer)) == (status, "Origin", {})


@pytest.mark.parametrize("method, path, body, status", ASKED)
def test_every_origin_gets_the_same_answer(anyone, method, path, body, status):
    for headers in ({}, {"Origin": EVIL}, {"Origin": "null"}):
        answer = anyone.request(method, path, body=body, headers=headers)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers.get("vary", "accept") == "accept", "one copy in a cache is good for all origins"
    assert preflight(anyone, "/v1/posts/1/like", EVIL).headers["access-control-allow-methods"] == SET


@pytest.mark.parametrize("method, path, body, status", ASKED)
def test_without_origins_no_answer_speaks_of_them(nobody, method, path, body, status):
    answer = nobody.request(method, path, body=body, headers={"Origin": APP})
    assert answer.status == status and answer.headers.get("vary", "accept") == "accept" and not cors(answer)
    asked = preflight(nobody, "/v1/posts/1/like")
    assert (asked.status, asked.headers["allow"], cors(asked)) == (204, SET, {}) and "vary" not in asked.headers


def test_a_second_origin_is_refused(edge):
    answer = h1_raw_of(edge, f"GET /v1/posts/1/counts HTTP/1.1\r\nHost: localhost\r\nOrigin: {EVIL}\r\nOrigin: {APP}\r\nConnection: close\r\n\r\n".encode())
    assert h1_status(answer) == 400 and b'"field":"Origin"' in answer and b"access-control-allow" not in answer


def test_over_http2(edge):
    def curl(*arguments):
        url = f"http://127.0.0.1:{edge.port}/v1/posts/1/like"
        done = subprocess.run(["curl", "-sSi", "--http2-prior-knowledge", "-H", f"Origin: {APP}", *arguments, url], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stderr
        return done.stdout

    asked = curl("-X", "OPTIONS", "-H", "Access-Control-Request-Method: POST")
    assert asked.startswith("HTTP/2 204") and f"access-control-allow-methods: {SET}" in asked
    many = [a for i in range(80) for a in ("-H", f"x-{i}: y")]
    # curl writes the fields in the order of its arguments: this Origin comes behind the 64 that are stored.
    said = subprocess.run(["curl", "-sSi", "--http2-prior-knowledge", *many, "-H", f"Origin: {APP}", f"http://127.0.0.1:{edge.port}/"],
                          capture_output=True, text=True, timeout=20).stdout
    assert said.startswith("HTTP/2 431") and f"access-control-allow-origin: {APP}" in said and "vary: Origin" in said


# ---- what the server refuses by itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status, text", [
    (431, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(70)) + b"%s\r\n"),
    (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n%s\r\n"),
    (405, b"TRACE / HTTP/1.1\r\nHost: a\r\n%s\r\n"),
    (417, b"GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n%s\r\n"),
    (413, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n%s\r\n"),
    (408, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n%s\r\n"),
    (401, b"POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n%s\r\n"),
])
def test_a_page_may_read_what_the_server_refuses_by_itself(serve, status, text):
    server = serve(f"origins={APP}", "body_timeout_ms=300")
    answer = h1_raw(server, text % b"Origin: https://app.example\r\nConnection: close\r\n")
    assert h1_status(answer) == status
    assert b"\r\naccess-control-allow-origin: https://app.example\r\n" in answer and b"\r\nvary: Origin\r\n" in answer, answer


def test_a_page_may_read_that_there_is_too_much_to_do(serve):
    server = serve(f"origins={APP}", "max_requests=1")
    with server.connect() as held:
        held.sendall(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")

        def refused():
            answer = request(server.port, "GET", "/", headers={"Origin": APP})
            return answer if answer.status == 503 else None

        answer = wait_until(refused, 30, "a 503")
        assert (answer.headers["access-control-allow-origin"], answer.headers["retry-after"]) == (APP, "1")
        assert "retry-after" in words(answer.headers["access-control-expose-headers"])


# ---- configuration ----------------------------------------------------------------------------------------------------------


def test_a_reload_changes_whose_pages_may_read(broker, tmp_path):
    e = edge_for(broker, tmp_path, None)

    def allowed(origin):
        return e.get("/v1/posts/1/counts", headers={"Origin": origin}).headers.get("access-control-allow-origin")

    def reload(origins, expected):
        e.set({"http": {"cors_origins": origins}})
        e.signal(signal.SIGHUP)
        # Connections are spread over the shards, each of which takes the list over by itself.
        wait_until(lambda: all({o: allowed(o) for o in (APP, EVIL, "null")} == expected for _ in range(8)), 30, f"{origins} everywhere")

    with e:
        assert allowed(APP) is None
        reload(APP, {APP: APP, EVIL: None, "null": None})
        reload(f"{EVIL}, null", {APP: None, EVIL: EVIL, "null": "null"})
        reload("*", {APP: "*", EVIL: "*", "null": "*"})
        e.set({"http": {"cors_origins": f"{APP}, *"}})
        e.signal(signal.SIGHUP)
        wait_until(lambda: any("cors_origins" in x["cause"] for x in e.events("reload-refused")), 30, "a refusal")
        assert allowed(EVIL) == "*", "what is refused changes nothing"
        reload(None, {APP: None, EVIL: None, "null": None})
        assert not e.events("reload-needs-restart")
        assert e.stop() == 0
