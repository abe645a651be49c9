"""Answers in MessagePack: for each path, and each error, the same fields and values as in JSON."""
import json

import pytest

from http_peer import h1_raw, serve  # noqa: F401
from packed import unpack
from proc import Broker, Central, Edge, wait_until

PARTITIONS = 4
PACKED = {"Accept": "application/msgpack"}
MOVES = {"age_ms", "as_of", "now_us", "pending"}  # they go on between two requests; their types are compared
TEN = [f"posts/many-{n}" for n in range(20)]

# Said again, each of these is answered alike.
AT_EDGE = [
    ("POST", "/v1/posts/1/like", None), ("DELETE", "/v1/posts/2/like", None), ("GET", "/v1/posts/1/like", None),
    ("POST", "/v1/likes", {"operations": [{"item": "posts/1", "op": "like"}, {"item": "posts/2", "op": "unlike", "counter": "save"}]}),
    ("POST", "/v1/likes/lookup", {"items": TEN}),
    ("GET", "/v1/posts/1/counts", None), ("GET", "/v1/posts/1/display", None),
    ("GET", "/v1/counts?me=true&items=" + ",".join(TEN), None), ("POST", "/v1/counts", {"items": ["posts/1"], "me": True}),
    # errors
    ("POST", "/v1/posts/1/view", "{"), ("GET", "/v1/nothing", None), ("PUT", "/v1/posts/1/counts", None), ("TRACE", "/v1/posts/1/counts", None),
    ("POST", "/v1/likes", {"operations": [{"item": "posts/1", "op": "hate"}]}), ("GET", "/v1/others/1/counts", None),
]
AT_CENTRAL = [
    ("GET", "/v1/posts/1/counts", None), ("GET", "/v1/posts/1/counts?by=region", None), ("GET", "/v1/posts/1/counts?by=day", None),
    ("GET", "/v1/posts/1/like", None), ("GET", "/v1/posts/1/likers", None), ("GET", "/v1/posts/none/likers", None),
    ("GET", "/v1/counts?items=" + ",".join(TEN), None), ("POST", "/v1/counts", {"items": ["posts/1"], "me": True}),
    ("POST", "/v1/likes/lookup", {"items": TEN}), ("GET", "/v1/time", None), ("GET", "/v1/catalogue", None), ("GET", "/v1/admin", None),
    # errors
    ("GET", "/v1/posts/1/display", None), ("DELETE", "/v1/time", None), ("GET", "/v1/export?limit=0", None), ("POST", "/v1/counts", "{"),
    ("GET", "/v1/posts/1/counts?by=hour", None), ("GET", "/v1/posts/1/likers?cursor=*", None),
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("msgpack")
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as central, \
            Edge(directory, broker.address, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "5s"}}) as edge:
        for item in ["posts/1", *TEN]:
            assert edge.post(f"/v1/{item}/like", user="u1").status == 200
        merged = {"count": 1, "display": "1", "pending": 0}
        for item in ["posts/1", *TEN]:
            wait_until(lambda i=item: edge.get(f"/v1/{i}/counts").json["counts"]["like"] == merged, 30, "merged")
        yield {"edge": edge, "central": central}


def standing(value, key=None):
    """A document with only the types of what moves."""
    if isinstance(value, dict):
        return {k: standing(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [standing(v) for v in value]
    return type(value) if key in MOVES else value


def both(daemon, method, path, body):
    headers = {"Content-Type": "application/json"}
    # The first one of three changes what there is to change, and asks central.
    return [daemon.request(method, path, body=body, user="u1", headers={**headers, **more}) for more in ({}, {}, PACKED)][1:]


@pytest.mark.parametrize("which,method,path,body", [("edge", *a) for a in AT_EDGE] + [("central", *a) for a in AT_CENTRAL])
def test_the_two_forms_say_the_same(programs, which, method, path, body):
    text, packed = both(programs[which], method, path, body)
    assert packed.headers["content-type"] == "application/msgpack"
    assert text.headers["content-type"] == ("application/json" if text.status == 200 else "application/problem+json")
    said = standing(unpack(packed.body))
    assert packed.status == text.status and said == standing(text.json) and list(said) == list(text.json)
    assert len(packed.body) < len(text.body)
    differ = {"content-type", "content-length", "date", "etag", "kudos-as-of", "kudos-session"}
    assert {k: v for k, v in packed.headers.items() if k not in differ} == {k: v for k, v in text.headers.items() if k not in differ}


def test_the_form_is_negotiated(programs):
    for daemon in programs.values():
        for accept, wanted in (("application/vnd.msgpack", "application/vnd.msgpack"), ("*/*", "application/json"),
                               ("application/msgpack;q=0.1, application/json", "application/json"), ("text/html", "application/json")):
            for path in ("/v1/posts/1/counts", "/v1/nothing"):
                said = daemon.get(path, headers={"Accept": accept})
                if path == "/v1/nothing" and wanted == "application/json":
                    assert said.headers["content-type"] == "application/problem+json"
                else:
                    assert said.headers["content-type"] == wanted


def test_a_cache_can_hold_both_forms_of_a_display(programs):
    edge = programs["edge"]
    text, packed = both(edge, "GET", "/v1/posts/1/display", None)
    assert text.headers["vary"] == packed.headers["vary"] == "accept"
    assert text.headers["etag"] != packed.headers["etag"]
    for said, headers, other in ((text, {}, packed), (packed, PACKED, text)):
        again = edge.get("/v1/posts/1/display", headers={**headers, "If-None-Match": said.headers["etag"]})
        assert (again.status, again.body, again.headers["vary"]) == (304, b"", "accept")
        assert edge.get("/v1/posts/1/display", headers={**headers, "If-None-Match": other.headers["etag"]}).status == 200


def test_what_is_bytes_or_lines_stays_so(programs):
    for headers in ({}, PACKED):
        assert programs["central"].get("/v1/snapshots/posts/1?edge=a", headers=headers).headers["content-type"] == "application/msgpack"
        assert programs["central"].get("/v1/export", headers=headers).headers["content-type"] == "text/tab-separated-values"


@pytest.mark.parametrize("line,status,slug", (("Host: a\r\nHost: a", 400, "invalid-request"), ("Host: a\r\nExpect: more", 417, "invalid-request"),
                                              ("Host: a\r\nContent-Length: 999999999", 413, "payload-too-large")))
def test_what_the_server_refuses_by_itself_has_both_forms(serve, line, status, slug):  # noqa: F811
    server, said = serve(), {}
    for accept in ("*/*", "application/msgpack"):
        answer = h1_raw(server, f"POST / HTTP/1.1\r\n{line}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n".encode())
        head, body = answer.split(b"\r\n\r\n", 1)
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        said[accept] = (head, body)
    assert b"application/problem+json" in said["*/*"][0] and b"content-type: application/msgpack" in said["application/msgpack"][0]
    document = unpack(said["application/msgpack"][1])
    assert document["type"] == f"urn:kudos:{slug}" and document["status"] == status
    assert document == json.loads(said["*/*"][1])
