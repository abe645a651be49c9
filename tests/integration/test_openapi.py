"""The description of the API (OpenAPI) of both programs: valid, of the configuration that runs, with the limits that are enforced; and requests that
tools of others make from it are answered as it says.
"""
import json
import os
import re
import signal
import subprocess

import pytest

from described import PARTITIONS, described, edge_and_central
from described import broker  # noqa: F401 (fixture)
from openapi_tools import run_tool
from proc import TOP, Broker, Central, Edge, program, wait_until

LONG = os.environ.get("KUDOS_LONG") == "1"
CONFIGS = {"kudos-edge": "configs/edge.conf", "kudos-central": "configs/central.conf"}
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
          "negative_data_rejection", "unsupported_method", "allow_header_conformance")


@pytest.fixture(scope="module")
def pair(broker, tmp_path_factory):  # noqa: F811
    # A busy machine is no reason for 503 of what only central knows: schemathesis takes that for a fault of the server.
    patient = {"central": {"read_deadline": "10s"}}
    with edge_and_central(tmp_path_factory.mktemp("pair"), broker, edge=patient) as both:
        yield both


def printed(name):
    command = [program(name), "-c", os.path.join(TOP, CONFIGS[name]), "--openapi"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# ---- the document ----

def test_the_description_is_valid(pair, tmp_path):
    files = []
    for name in CONFIGS:
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(printed(name))
    said = run_tool("openapi-spec-validator", *files)
    assert said.count(": OK") == len(files), said


@pytest.mark.parametrize("name", ("edge", "central"))
def test_the_description_is_served_to_anybody_and_cached(pair, name):
    daemon = pair[name]
    first = daemon.get("/v1/openapi.json", headers={"Authorization": "Bearer nonsense", "Host": "elsewhere.example"})
    assert (first.status, first.headers["content-type"], first.headers["cache-control"]) == (200, "application/json", "public, max-age=60")
    again = daemon.get("/v1/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.json == json.loads(printed(f"kudos-{name}")) | {"components": first.json["components"], "paths": first.json["paths"]}


@pytest.mark.parametrize("name", ("edge", "central"))
def test_examples_are_valid(pair, name):
    api, seen = described(pair[name]), 0

    def check(part):
        nonlocal seen
        if isinstance(part, dict):
            for example in part.get("examples", ()):
                assert not api.errors(part, example), (part, example)
                seen += 1
            for inner in part.values():
                check(inner)
        elif isinstance(part, list):
            for inner in part:
                check(inner)

    check(api.document["components"])
    assert seen >= 4


@pytest.mark.parametrize("name", ("edge", "central"))
def test_what_has_to_be_understood_of_an_answer_is_said_at_its_member(pair, name):
    """Generators put it beside the members of their types: an application's author looks there first."""
    api = described(pair[name])
    schemas = api.document["components"]["schemas"]
    mute = [f"{of}.{member}" for of in {"Number", "NumberParts", "Said", "Added", "CountsFor", "CountsForMe", "CountsEach", "Counts", "Liked", "Problem"} & set(schemas)
            for member, schema in schemas[of]["properties"].items()
            if member not in ("item", "counter", "counts", "type", "title", "status", "at_us", "complete") and not api.at(schema).get("description")]
    assert not mute, mute


@pytest.mark.parametrize("name", ("edge", "central"))
def test_names_of_the_configuration_are_described_also_after_a_reload(tmp_path, name):
    more = {"api": {"collections": "songs"}, "counters": {"cheer": "1 set", "play": "2 sum"}}
    make = Edge if name == "edge" else Central
    # a broker of its own: a second central would end the first
    with Broker(tmp_path, PARTITIONS) as broker, make(tmp_path, broker.address, partitions=PARTITIONS, more=more) as daemon:
        before = daemon.get("/v1/openapi.json")
        schemas = before.json["components"]["schemas"]
        assert schemas["Collection"]["enum"] == ["songs"] and schemas["SetCounter"]["enum"] == ["cheer"]
        paths = {p for p in before.json["paths"] if p.startswith("/v1/{collection}/{id}/")}
        own = {"counts", "count", "cheer", "play", "display", "among"} if name == "edge" else {"counts", "count", "cheer", "likers", "among"}
        assert {p.rsplit("/", 1)[1] for p in paths} == own
        daemon.set({"api": {"collections": "songs, films"}, "counters": {"clap": "3 set"}})
        daemon.signal(signal.SIGHUP)
        after = wait_until(lambda: next((a for a in [daemon.get("/v1/openapi.json")] if a.headers["etag"] != before.headers["etag"]), None),
                           what="another description")
        schemas = after.json["components"]["schemas"]
        assert schemas["Collection"]["enum"] == ["songs", "films"] and schemas["SetCounter"]["enum"] == ["cheer", "clap"]
        assert "/v1/{collection}/{id}/clap" in after.json["paths"]


def test_the_described_limits_are_those_that_are_enforced(pair):
    edge = pair["edge"]
    schemas = edge.get("/v1/openapi.json").json["components"]["schemas"]
    most = schemas["Items"]["maxItems"]
    operations = schemas["Operations"]["properties"]["operations"]["maxItems"]
    amount = schemas["Amount"]["properties"]["amount"]["maximum"]
    for over, status in ((0, 200), (1, 400)):
        assert edge.post("/v1/counts", body={"items": ["posts/l"] * (most + over)}).status == status
        assert edge.get("/v1/counts?items=" + ",".join(["posts/l"] * (most + over))).status == status
        assert edge.post("/v1/likes", user="ann", body={"operations": [{"item": "posts/l", "op": "like"}] * (operations + over)}).status == status
        assert edge.post("/v1/posts/l/view", user="ann", body={"amount": amount + over}).status == status
        for limit, path in (("likers", "/v1/posts/l/likers"), ("export", "/v1/export")):
            most_rows = next(p["schema"]["maximum"] for op in described(pair["central"]).operations.values() if op["operationId"] == limit
                             for p in op["parameters"] if p["name"] == "limit")
            assert pair["central"].get(f"{path}?limit={most_rows + over}").status == status
        id_of = re.search(r"\{1,(\d+)\}", schemas["Id"]["pattern"])[1]
        assert edge.get(f"/v1/posts/{'x' * (int(id_of) + over)}/counts").status == status


def test_paths_that_the_other_program_has_say_whom_to_ask(pair):
    paths = {name: set(daemon.get("/v1/openapi.json").json["paths"]) for name, daemon in pair.items()}
    sums = {p for p in paths["edge"] if p.endswith(("/view", "/share"))}  # of these central says that they have no members
    for name, other, word in (("edge", "central", "ask central"), ("central", "edge", "ask an edge")):
        for path in paths[other] - paths[name] - sums:
            answer = pair[name].get(path.replace("{collection}", "posts").replace("{id}", "1"), user="ann")
            assert (answer.status, answer.problem) == (404, "not-found") and word in answer.json["detail"], (name, path)


@pytest.mark.parametrize("name", ("edge", "central"))
def test_no_two_operations_are_said_to_do_the_same(pair, name):
    said = [op["summary"] for op in described(pair[name]).operations.values()]
    assert len(set(said)) == len(said), said


def test_a_client_of_the_description_may_show_a_token_where_a_user_is_told_something(pair):
    """A client made by a generator sends what `security` names, and nothing else: without a token there is no `liked` in a feed."""
    edge = pair["edge"]
    for op in described(edge).operations.values():
        told = {parameter["name"] for parameter in op["parameters"]} & {"me", "Kudos-Session"}
        if not told or op["operationId"] == "visitor":
            continue
        assert {"token": []} in op["security"] and {"user": []} in op["security"], op["operationId"]
        assert ({} in op["security"]) == (op["operationId"] in ("counts_of", "ask_counts", "live")), op["operationId"]
    assert edge.post("/v1/counts", body={"items": ["posts/1"]}).status == 200
    assert edge.post("/v1/counts", body={"items": ["posts/1"], "me": True}).status == 401


# ---- docs/api.md ----

def requests_of(section):
    """{METHOD PATH} of the first column of the table that begins with `request`."""
    with open(os.path.join(TOP, "docs/api.md"), encoding="utf-8") as f:
        text = f.read().split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = re.search(r"^\| request \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)[1].splitlines()
    return {f"{m} {p}" for row in rows for m, p in re.findall(r"`([A-Z]+) (/[^`?]+)", row.split(" | ")[0])}


@pytest.mark.parametrize("section, name, sets, sums", (("An edge", "edge", ("like", "save"), ("view", "share")), ("Central", "central", ("like", "save"), ())))
def test_the_requests_of_the_document_are_those_that_are_described(pair, section, name, sets, sums):
    named = set()
    for request in requests_of(section):
        for kind, counters in (("{set counter}", sets), ("{sum counter}", sums)):
            if kind in request:
                named.update(request.replace(kind, counter) for counter in counters)
                break
        else:
            named.add(request)
    assert named == {f"{m} {p}" for m, p in described(pair[name]).operations}


def test_the_errors_of_the_document_are_those_that_are_described(pair):
    with open(os.path.join(TOP, "docs/api.md"), encoding="utf-8") as f:
        text = f.read().split("\n## Errors\n")[1].split("\n## ")[0]
    told = {(int(status), slug) for status, slugs in re.findall(r"^\| (\d{3}) \| ([^|]+) \|", text, re.M) for slug in re.findall(r"`([a-z-]+)`", slugs)}
    said = set()
    for daemon in pair.values():
        api = described(daemon)
        for op in api.operations.values():
            for status, response in op["responses"].items():
                if int(status) < 400:
                    continue
                types = api.at(response)["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["type"]["enum"]
                said.update((int(status), t.removeprefix("urn:kudos:")) for t in types)
    told -= {(405, "method-not-allowed")}  # of no operation
    assert said - told <= {(501, "invalid-request"), (505, "invalid-request")} and told <= said


# ---- requests by a tool of others ----

@pytest.mark.parametrize("name", ("edge", "central"))
def test_what_a_tool_makes_of_the_description_is_answered_as_described(pair, name, tmp_path, monkeypatch):
    monkeypatch.setenv("SCHEMATHESIS_HOOKS", os.path.join(TOP, "tests/openapi/hooks.py"))
    daemon = pair[name]
    description = tmp_path / "openapi.json"
    description.write_bytes(daemon.get("/v1/openapi.json").body)
    said = run_tool("schemathesis", "--config-file", os.path.join(TOP, "tests/openapi/schemathesis.toml"), "run", description,
                    "--url", f"http://127.0.0.1:{daemon.port}", "-H", "X-User-Id: ada", "--checks", ",".join(CHECKS), "--seed", 1,
                    "--phases", "examples,coverage,fuzzing", "-n", 500 if LONG else 4, "--no-shrink", "--exclude-operation-id", "live", "--continue-on-failure", "--warnings", "off",
                    seconds=3000 if LONG else 150, cwd=tmp_path)
    operations = len(described(daemon).operations) - (name == "edge")  # a live stream does not end: test_live.py
    assert f"Tested: {operations}" in said and int(re.search(r"(\d+) generated", said)[1]) > 10 * operations, said


# ---- a client by a tool of others ----

BY_A_GENERATED_CLIENT = """
import sys
from made import AuthenticatedClient
from made.api.edge import ask_counts, set_like, unset_like
from made.models import AskCounts, Collection

client = AuthenticatedClient(base_url=sys.argv[1], token="ada", auth_header_name="X-User-Id", prefix="")
said = set_like.sync_detailed(Collection.POSTS, "made", client=client, idempotency_key="1")
assert said.parsed.liked is True and said.parsed.count == 1, said
feed = ask_counts.sync(client=client, body=AskCounts(["posts/made"], me=True), kudos_session=said.headers["kudos-session"])
assert feed.items[0].liked is True and feed.items[0].counts.like.count == 1, feed
reused = unset_like.sync(Collection.POSTS, "made", client=client, idempotency_key="1")
assert (reused.type_.value, reused.status.value, reused.field) == ("urn:kudos:key-reused", 422, "Idempotency-Key"), reused
"""


def test_a_generator_makes_a_client_of_an_edge_that_knows_every_answer(pair, tmp_path):
    edge, description, settings = pair["edge"], tmp_path / "openapi.json", tmp_path / "settings.json"
    description.write_bytes(edge.get("/v1/openapi.json").body)
    settings.write_text(json.dumps({"post_hooks": [], "package_name_override": "made"}))
    run_tool("openapi-python-client", "generate", "--path", description, "--output-path", tmp_path / "made", "--meta", "none", "--config", settings,
             "--fail-on-warning")
    run_tool("python", "-c", BY_A_GENERATED_CLIENT, f"http://127.0.0.1:{edge.port}", cwd=tmp_path)
