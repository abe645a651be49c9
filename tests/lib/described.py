"""A description of an API (OpenAPI), and what came of it: every answer is held against it, and remembered.

    api = Described(edge.get("/v1/openapi.json").json)
    api.came("GET", "/v1/posts/1/counts", answer)       AssertionError: the answer is not described
    api.missing()                                       what is described and never came

The fixtures (broker) are imported by the tests that use them.
"""
import contextlib
import json
import re

import pytest

from cluster import merged
from openapi_tools import tool_packages
from packed import unpack
from proc import Broker, Central, Edge

PARTITIONS = 4


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


INDICES = {"central": {"index_newest": "true", "index_liked": "true"}}


@contextlib.contextmanager
def edge_and_central(directory, broker, more=None, edge=None):  # pylint: disable=redefined-outer-name
    """{name: an edge, and the central that it asks}; `more` is for both. Central keeps its indices."""
    with Central(directory, broker.address, partitions=PARTITIONS, more=merged({"central": {"snapshot_interval": "100ms"}}, INDICES, more)) as central:
        with Edge(directory, broker.address, partitions=PARTITIONS, central=central.url,
                  more=merged({"edge": {"flush_interval": "100ms"}, "limits": {"user": "1000000/1h"}}, more, edge)) as e:
            yield {"edge": e, "central": central}


def described(daemon):
    return Described(daemon.get("/v1/openapi.json").json)


class Described:
    def __init__(self, document):
        tool_packages()
        import jsonschema  # of the tools
        self.document, self.jsonschema = document, jsonschema
        self.operations = {(m.upper(), path): op for path, of in document["paths"].items() for m, op in of.items()}
        self.statuses, self.members, self.headers = set(), set(), set()

    # ---- what is described ----

    def at(self, part):
        """The part that a $ref leads to."""
        while "$ref" in part:
            found = self.document
            for name in part["$ref"][2:].split("/"):
                found = found[name]
            part = found
        return part

    def find(self, method, path):
        """(operation's id, operation) of a request."""
        path = path.split("?")[0]
        by_words = sorted(self.operations, key=lambda key: key[1].count("{"))
        for method_of, template in by_words:
            if method_of == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                op = self.operations[method_of, template]
                return op["operationId"], op
        raise AssertionError(f"{method} {path} is not described")

    def described_members(self, schema, at=""):
        """Names of all members that a schema has: counts.like.count"""
        schema = self.at(schema)
        for part in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            yield from self.described_members(part, at)
        for name, member in schema.get("properties", {}).items():
            yield at + name
            yield from self.described_members(member, f"{at}{name}.")
        if "items" in schema:
            yield from self.described_members(schema["items"], at)

    def json_of(self, response):
        return self.at(response).get("content", {}).get("application/json", {}).get("schema")

    def every(self):
        """(statuses, members of 200, headers), each with the operation before it."""
        statuses, members, headers = set(), set(), set()
        for op in self.operations.values():
            for status, response in op["responses"].items():
                statuses.add((op["operationId"], int(status)))
                headers.update((int(status), name.lower()) for name in self.at(response).get("headers", {}))
            schema = self.json_of(op["responses"]["200"])
            members.update((op["operationId"], name) for name in self.described_members(schema or {}))
        return statuses, members, headers

    def missing(self):
        return [sorted(all_of - seen) for all_of, seen in zip(self.every(), (self.statuses, self.members, self.headers))]

    # ---- what came ----

    def errors(self, schema, value):
        whole = {"allOf": [schema], "components": self.document["components"]}
        return [error.message for error in self.jsonschema.Draft202012Validator(whole).iter_errors(value)]

    def came(self, method, path, answer):
        """Holds the answer (status, headers, body) against the description."""
        name, op = self.find(method, path)
        about = f"{name}: {method} {path}: {answer}"
        assert str(answer.status) in op["responses"], f"a status that is not described: {about}"
        response = self.at(op["responses"][str(answer.status)])
        self.statuses.add((name, answer.status))
        for header, part in response.get("headers", {}).items():
            self.header(header.lower(), self.at(part), answer, about)
        kind = answer.headers.get("content-type")
        assert (kind in response["content"]) if "content" in response else not answer.body, f"a content type that is not described: {about}"
        if kind and kind.endswith(("json", "msgpack")):
            schema, value = response["content"][kind]["schema"], json.loads(answer.body) if kind.endswith("json") else unpack(answer.body)
            assert self.at(schema).keys() - {"description"}, f"nothing is said of its form: {about}"
            wrong = self.errors(schema, value)
            assert not wrong, f"{wrong} of {about}"
            if answer.status == 200:
                self.members.update((name, member) for member in self.members_of(schema, value))
        return answer

    def header(self, name, part, answer, about):
        if name not in answer.headers:
            assert not part["required"], f"no header {name}: {about}"
            return
        assert not self.errors(part["schema"], answer.headers[name]), f"the header {name} is not as described: {about}"
        self.headers.add((answer.status, name))

    def members_of(self, schema, value, at=""):
        schema = self.at(schema)
        for part in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            if not self.errors(part, value):
                yield from self.members_of(part, value, at)
        if isinstance(value, dict):
            for name, member in schema.get("properties", {}).items():
                if name in value:
                    yield at + name
                    yield from self.members_of(member, value[name], f"{at}{name}.")
        if isinstance(value, list):
            for one in value:
                yield from self.members_of(schema.get("items", {}), one, at)
