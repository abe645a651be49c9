"""What could be read in two ways, or was sent by a page in a browser without asking, is refused by name: at the edge and at central alike."""
import http.client
import json

import pytest

from proc import Answer, Broker, Central, Edge

PARTITIONS = 4
ITEMS = '{"items":["posts/1"]}'
OPERATIONS = '{"operations":[{"item":"posts/1","op":"like"}]}'


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("strict")
    with Broker(directory, PARTITIONS) as broker, Central(directory, broker.address, partitions=PARTITIONS) as central, \
            Edge(directory, broker.address, partitions=PARTITIONS, central=central.url) as edge:
        yield {"edge": edge, "central": central}


def ask(program, method, path, fields=(), body=None):
    """A request with exactly these header fields, doubled ones too; http.client adds no content type of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=15)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def refused(answer, status, problem, field):
    assert (answer.status, answer.problem, answer.json.get("field")) == (status, problem, field), answer


# ---- items ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which, path", [
    ("edge", "/v1/posts/../like"), ("edge", "/v1/posts/./counts"), ("edge", "/v1/posts/%2e%2E/like"), ("edge", "/v1/posts/.%2e/display"),
    ("central", "/v1/posts/../counts"), ("central", "/v1/posts/%2e/likers"), ("central", "/v1/snapshots/posts/..")])
def test_dots_are_no_item(programs, which, path):
    answer = ask(programs[which], "GET", path, [("X-User-Id", "ann")])
    assert (answer.status, answer.problem) == (400, "invalid-id"), answer


@pytest.mark.parametrize("which", ["edge", "central"])
def test_dots_are_no_item_in_a_query_or_a_body(programs, which):
    refused(ask(programs[which], "GET", "/v1/counts?items=posts/1,posts/.."), 400, "invalid-id", "items")
    refused(ask(programs[which], "POST", "/v1/counts", body='{"items":["posts/."]}'), 400, "invalid-id", "items")
    for good in ("posts/...", "posts/.a", "posts/a..b"):
        assert ask(programs[which], "GET", f"/v1/counts?items={good}").status == 200


def test_dots_are_no_item_in_a_batch(programs):
    body = '{"operations":[{"item":"posts/..","op":"like"}]}'
    refused(ask(programs["edge"], "POST", "/v1/likes", [("X-User-Id", "ann")], body), 400, "invalid-id", "operations[0].item")


# ---- the query --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which, path, field", [
    ("edge", "/v1/counts?items=posts/1&items=posts/2", "items"), ("edge", "/v1/counts?items=posts/1&%69tems=posts/2", "items"),
    ("edge", "/v1/counts?items=posts/1&items=posts/1", "items"), ("edge", "/v1/counts?me=false&items=posts/1&me=true", "me"),
    ("edge", "/v1/counts?items=posts/1&me=maybe", "me"), ("edge", "/v1/counts?items=posts/1&me=", "me"),
    ("edge", "/v1/counts?items=posts/1&me=TRUE", "me"), ("edge", "/v1/counts?items=posts/1&me", "me"),
    ("central", "/v1/counts?items=posts/1&items=posts/2", "items"), ("central", "/v1/posts/1/counts?by=region&by=day", "by"),
    ("central", "/v1/posts/1/counts?by=week", "by"), ("central", "/v1/posts/1/likers?limit=5&limit=6", "limit"),
    ("central", "/v1/posts/1/likers?counter=like&counter=save", "counter"), ("central", "/v1/posts/1/likers?cursor=x&cursor=x", "cursor"),
    ("central", "/v1/posts/1/likers?counter=", "counter"), ("central", "/v1/posts/1/likers?counter", "counter"),
    ("central", "/v1/posts/1/likers?cursor=", "cursor"), ("central", "/v1/posts/1/likers?limit=", "limit"),
    ("central", "/v1/posts/1/likers?cou%6eter=like", "counter"), ("central", "/v1/posts/1/counts?by=", "by"),
    ("central", "/v1/counts?items=", "items"), ("central", "/v1/counts?items=posts/1&me=", "me"), ("edge", "/v1/counts?items=", "items"),
    ("central", "/v1/export?partition=", "partition"), ("central", "/v1/export?cursor=", "cursor"), ("central", "/v1/export?limit=", "limit"),
    ("central", "/v1/snapshots/posts/1?edge=", "edge"), ("edge", "/v1/posts/1/counts?counter=", "counter"),
    ("central", "/v1/export?partition=0&partition=1", "partition"), ("central", "/v1/snapshots/posts/1?edge=a&edge=b", "edge")])
def test_a_parameter_that_comes_twice_or_says_nothing_is_refused(programs, which, path, field):
    refused(ask(programs[which], "GET", path, [("X-User-Id", "ann")]), 400, "invalid-request", field)


def test_parameters_of_others_are_ignored(programs):
    for which in ("edge", "central"):
        assert ask(programs[which], "GET", "/v1/counts?items=posts/1&_=1&_=2&utm").status == 200
    for of_another in ("by=day", "by=week", "limit=x", "items=posts/2"):
        answer = ask(programs["edge"], "GET", f"/v1/posts/1/counts?{of_another}")
        assert answer.status == 200 and "days" not in answer.json["counts"]["like"], of_another
    answer = ask(programs["edge"], "GET", "/v1/counts?items=posts/1&me=false")
    assert answer.status == 200 and "liked" not in answer.json["items"][0]


# ---- header fields ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["edge", "central"])
@pytest.mark.parametrize("field", ["X-User-Id", "Kudos-Session", "Kudos-Seen", "Idempotency-Key", "X-Idempotency-Key", "Content-Type", "Authorization"])
def test_a_field_that_comes_twice_is_refused_by_name(programs, which, field):
    answer = ask(programs[which], "GET", "/v1/posts/1/like", [("X-User-Id", "ann"), (field, "a"), (field, "b")])
    refused(answer, 400, "invalid-request", field)


def test_two_keys_under_two_names_are_refused_unless_they_agree(programs):
    def like(first, second):
        return ask(programs["edge"], "POST", "/v1/posts/1/like", [("X-User-Id", "ann"), ("Idempotency-Key", first), ("X-Idempotency-Key", second)])

    refused(like("a", "b"), 400, "invalid-request", "X-Idempotency-Key")
    refused(like("a", ""), 400, "invalid-request", "X-Idempotency-Key")
    assert like('"same"', "same").status == 200


# ---- bodies -----------------------------------------------------------------------------------------------------------


def bodies(programs):
    """Each place that reads a body."""
    edge, central = programs["edge"], programs["central"]
    return [(edge, "/v1/likes", OPERATIONS), (edge, "/v1/posts/1/view", '{"amount":1}'), (edge, "/v1/posts/1/like", "{}"),
            (edge, "/v1/counts", ITEMS), (edge, "/v1/likes/lookup", ITEMS), (central, "/v1/counts", ITEMS), (central, "/v1/likes/lookup", ITEMS)]


@pytest.mark.parametrize("media", ["text/plain", "text/plain;charset=UTF-8", "TEXT/PLAIN", "multipart/form-data; boundary=x", "text/html",
                                   "application/xml", "application/jsonp", "text/plain; x=application/json", "+json", "text/plain, foo/x+json",
                                   "application/json, text/plain", "application/json x", "foo/+json"])
def test_a_body_that_is_not_said_to_be_json_is_refused(programs, media):
    for program, path, body in bodies(programs):
        refused(ask(program, "POST", path, [("X-User-Id", "ann"), ("Content-Type", media)], body), 415, "unsupported-media-type", "Content-Type")


@pytest.mark.parametrize("media", ["application/json", "Application/JSON ; charset=utf-8", "application/vnd.kudos+json",
                                   "application/x-www-form-urlencoded", None])
def test_json_is_taken_and_what_curl_says_of_it(programs, media):
    for program, path, body in bodies(programs):
        fields = [("X-User-Id", "ann")] + ([("Content-Type", media)] if media else [])
        assert ask(program, "POST", path, fields, body).status == 200, path


@pytest.mark.parametrize("codings", [["gzip"], ["identity, gzip"], ["br"], [""], ["identity", "gzip"], ["gzip", "identity"]], ids=repr)
def test_a_body_in_a_coding_is_refused(programs, codings):
    for program, path, body in bodies(programs):
        answer = ask(program, "POST", path, [("X-User-Id", "ann"), *(("Content-Encoding", coding) for coding in codings)], body)
        refused(answer, 415, "unsupported-media-type", "Content-Encoding")
        assert answer.headers["accept-encoding"] == "identity"


def test_identity_is_no_coding(programs):
    for program, path, body in bodies(programs):
        assert ask(program, "POST", path, [("X-User-Id", "ann"), ("Content-Encoding", "Identity")], body).status == 200, path
    wrong = ask(programs["edge"], "POST", "/v1/likes", [("X-User-Id", "ann"), ("Content-Type", "text/plain")], OPERATIONS)
    assert wrong.status == 415 and "accept-encoding" not in wrong.headers


def test_without_a_body_its_type_does_not_matter(programs):
    assert ask(programs["edge"], "POST", "/v1/posts/1/like", [("X-User-Id", "ann"), ("Content-Type", "text/plain"), ("Content-Length", "0")]).status == 200
    assert json.loads(ask(programs["edge"], "GET", "/v1/posts/1/like", [("X-User-Id", "ann")]).body)["liked"] is True
