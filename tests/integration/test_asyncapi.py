"""docs/asyncapi.yaml against what it speaks of: the bytes of tests/vectors, the shapes and limits of the sources, the options that name topics, and the
validator of AsyncAPI (KUDOS_LONG=1; tests/asyncapi: a package of npm, of fixed version and digest, installed once into $BUILD).
"""
import glob
import json
import os
import re
import shutil
import struct
import subprocess

import jsonschema
import pytest
import yaml

from proc import TOP

LONG = os.environ.get("KUDOS_LONG") == "1"
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
DECODER = ["/usr/bin/python3", os.path.join(TOP, "examples", "kudos_records.py")]
KINDS = {"batch": "Batch", "claim": "Claim", "decision": "Decision", "snapshot": "Snapshot", "changes": "Changes", "milestones": "Milestones",
         "heartbeat": "Heartbeat", "marker": "Marker"}

ROWS = ("chain", "edges", "milestones", "held")  # fields that are arrays of arrays


def source(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


DOCUMENT = yaml.safe_load(source("docs/asyncapi.yaml"))
SCHEMAS, MESSAGES = DOCUMENT["components"]["schemas"], DOCUMENT["components"]["messages"]


def resolved(schema):
    if "allOf" in schema:
        return {**resolved(schema["allOf"][0]), **schema}
    return SCHEMAS[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def check(value, name):
    """The value is one of the schema of that name."""
    jsonschema.Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}).validate(value)


def within(node, path=""):
    """(path, mapping) of all mappings in the document."""
    if isinstance(node, dict):
        yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from within(child, f"{path}/{name}")


# ---- bytes, by the document alone ----

def head(n, short, first, wider):
    if n < short:
        return bytes([first + n])
    tag, form = next((tag, form) for tag, form in wider if n < 256 ** struct.calcsize(form))
    return bytes([tag]) + struct.pack(">" + form, n)


def pack(value, schema):
    """The value as msgpack: its type is told by the schema, the shortest form is taken."""
    schema = resolved(schema)
    if schema["type"] == "array":
        items = schema["items"]
        schemas = items[:len(value)] if isinstance(items, list) else [items] * len(value)
        assert len(schemas) == len(value)
        return head(len(value), 16, 0x90, [(0xdc, "H"), (0xdd, "I")]) + b"".join(map(pack, value, schemas))
    if schema["type"] == "integer":
        return head(value, 128, 0, [(0xcc, "B"), (0xcd, "H"), (0xce, "I"), (0xcf, "Q")])
    data = bytes.fromhex(value) if schema.get("contentEncoding") == "base16" else value.encode()
    if schema.get("contentEncoding") == "base16":
        return head(len(data), 0, 0, [(0xc4, "B"), (0xc5, "H"), (0xc6, "I")]) + data
    return head(len(data), 32, 0xa0, [(0xd9, "B"), (0xda, "H"), (0xdb, "I")]) + data


def vector(name):
    return bytes.fromhex(re.sub(r"#.*", "", source(f"tests/vectors/{name}.hex")))


def decoded(name, *arguments):
    done = subprocess.run([*DECODER, *arguments, os.path.join(TOP, "tests", "vectors", f"{name}.hex")], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


EXAMPLES = [(example["name"], kind, example["payload"], message.get("x-decoded", {}).get(example["name"]))
            for kind, message in MESSAGES.items() for example in message["examples"]]
BODIES = [(example["name"], "Body", example["value"], example["x-decoded"]) for example in SCHEMAS["Body"]["x-examples"]]


@pytest.mark.parametrize("name, kind, payload, columns", EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_an_example_has_the_bytes_of_its_vector_and_decodes_to_what_the_document_says(name, kind, payload, columns):
    schema = SCHEMAS[KINDS[kind]]
    check(payload, KINDS[kind])
    assert pack(payload, schema) == vector(name)
    record = decoded(name)
    assert record.pop("record") == kind
    titles = [field["title"] for field in schema["items"]][2:]
    assert list(record) == titles[:len(payload) - 2]
    for title, value, field in zip(titles, payload[2:], schema["items"][2:]):
        if "x-columns" in field:
            assert record[title] == columns
            check(columns, field["x-columns"])
        elif kind == "decision" and title in ("item", "body"):
            assert record[title] == columns[title]
        elif title in ROWS:
            assert [list(row.values()) for row in record[title]] == value
        else:
            assert record[title] == value


@pytest.mark.parametrize("name, kind, payload, columns", BODIES, ids=[e[0] for e in BODIES])
def test_a_body_has_the_bytes_of_its_vector_and_decodes_to_what_the_document_says(name, kind, payload, columns):
    check(payload, kind)
    assert pack(payload, SCHEMAS[kind]) == vector(name) and decoded(name, "--body") == columns
    check(columns, SCHEMAS[kind]["x-columns"])


def test_the_header_of_an_example_is_that_of_its_vector():
    example = MESSAGES["claim"]["examples"][0]
    assert list(example["headers"]) == re.findall(r'#define KD_MAC_HEADER "(.*)"', source("common/wire/mac.h"))
    check(example["headers"]["kudos-mac"], "Mac")
    assert bytes.fromhex(example["headers"]["kudos-mac"]) == vector("mac")
    assert list(DOCUMENT["components"]["messageTraits"]["signed"]["headers"]["properties"]) == list(example["headers"])
    assert all(message["traits"] == [{"$ref": "#/components/messageTraits/signed"}] for message in MESSAGES.values())


def test_every_vector_is_an_example():
    files = {os.path.basename(path)[:-4] for path in glob.glob(os.path.join(TOP, "tests", "vectors", "*"))}
    assert files == {e[0] for e in EXAMPLES + BODIES} | {"mac"}


# ---- nothing in the sources is missing here ----

def struct_of(name):
    """Members of a struct of wire.h, as the document names them."""
    body = re.search(r"typedef struct \{([^{}]*)\} " + name + ";", source("include/kudos/wire.h"))[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    return {name.strip(" *") for line in re.findall(r"\w+ ([^;]+);", body) for name in line.split(",")}


def test_every_kind_of_record_is_a_message():
    kinds = re.findall(r"KD_RECORD_(\w+) = (\d+)", source("include/kudos/wire.h"))
    described = {kind.upper(): str(SCHEMAS[name]["items"][1]["const"]) for kind, name in KINDS.items()}
    assert dict(kinds) == described and set(MESSAGES) == set(KINDS)
    told = {m["$ref"].rsplit("/", 1)[1] for channel in DOCUMENT["channels"].values() for m in channel["messages"].values()}
    assert told == set(MESSAGES)


def test_every_topic_of_the_options_is_a_channel():
    topics = dict(re.findall(r"\| `(\w+)_topic` \| `([^`]+)` \|", source("docs/configuration.md")))
    assert {name: channel["address"] for name, channel in DOCUMENT["channels"].items()} == topics
    used = set(re.findall(r"KD_TOPIC_([A-Z]+)", source("central/io/daemon/settings.h")))
    assert used | {"MEMBERS"} == {name.upper() for name in topics}, "the members topic is no topic of a worker"


def test_the_topics_are_made_as_the_document_says():
    ms = {"h": 3600_000, "d": 24 * 3600_000}
    for name, number, unit in re.findall(r"\| `(\w+)_retention` \| `(\d+)([hd])` \|", source("docs/configuration.md")):
        made = DOCUMENT["channels"][name]["bindings"]["kafka"]["topicConfiguration"]
        assert made["retention.ms"] == int(number) * ms[unit]
        for config in ("max.message.bytes", "compression.type", "message.timestamp.type"):
            assert f"{config}={made[config]}" in source("docs/operations/run.md")


def test_the_fields_of_each_record_are_those_of_the_sources():
    comment = re.sub(r"\s*\n \* *", " ", source("include/kudos/wire.h").split("*/")[0])
    for kind, name in KINDS.items():
        array = re.search(kind + r" +\[1, \d, (.*?)\](?= +(?:claim|decision|marker|counts topic|changes topic|changes|milestones topic|members topic|`body`))", comment)[1]
        rows = [re.split(r", ", row) for row in re.findall(r"\[\[(.*?)\], \.\.\.\]", array)]
        flat = re.sub(r"\[\[.*?\], \.\.\.\]", "ROWS", array).replace("[retired, ...]", "retired").replace("[closed, ...]", "closed").split(", ")
        fields = SCHEMAS[name]["items"][2:]
        described = ["ROWS" if field["title"] in ROWS else field["title"] for field in fields]
        assert described == flat, name
        assert [[e["title"] for e in f["items"]["items"]] for f in fields if f["title"] in ROWS] == rows, name
        needed = sum(not field.get("x-optional") for field in SCHEMAS[name]["items"])
        assert SCHEMAS[name]["minItems"] == needed, name
    made = {"BATCH_FIELDS": "Batch", "CLAIM_FIELDS": "Claim"}
    for path, names in (("batch", made), ("decision", {"DECISION_FIELDS": "Decision"}), ("snapshot", {"FIELDS": "Snapshot"}), ("changes", {"FIELDS": "Changes"}),
                        ("milestones", {"FIELDS": "Milestones"}), ("heartbeat", {"FIELDS": "Heartbeat"}), ("marker", {"FIELDS": "Marker"})):
        for constant, name in names.items():
            assert int(re.search(r"\b" + constant + r" = (\d+)", source(f"common/wire/wire_{path}.c"))[1]) == SCHEMAS[name]["minItems"]


def test_the_columns_are_those_of_the_sources():
    row = re.search(r"\| 1 \| n \| s \| i \|(.*)\|", source("common/wire/wire_body.c"))[1]
    assert [e["title"] for e in SCHEMAS["Body"]["items"]][4:] == [cell.strip() for cell in row.split("|")]
    described = {schema["x-struct"]: schema for _, schema in within(SCHEMAS) if "x-struct" in schema}
    assert set(described) == {"kd_op", "kd_sum", "kd_increment", "kd_change", "kd_chain_link", "kd_milestone", "kd_held"}
    for name, schema in described.items():
        if name in ("kd_chain_link", "kd_milestone", "kd_held"):
            names = {field["title"] for field in schema["items"]}
        else:
            names = {p for variant in schema.get("oneOf", [schema]) for p in resolved(variant)["properties"]}
        assert names == struct_of(name), name


def limits():
    text = source("include/kudos/limits.h") + source("include/kudos/wire.h") + source("common/wire/keyring.h") + source("common/wire/mac.h")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    pairs = re.findall(r"(?:#define )?\b(KD_\w+)\s*(?:=|\s)\s*(\(?[\dKu(][^,\n;}]*)", text)
    names = {}
    for name, expression in pairs:
        expression = re.sub(r"(?<=\d)(?:ull|u)\b", "", expression).strip()
        try:
            names[name] = eval(expression, {"__builtins__": {}}, names)  # numbers and names of our own headers
        except (SyntaxError, NameError, TypeError):
            pass
    return names


def test_limits_are_those_of_the_sources():
    known, checked = limits(), set()
    for path, schema in within(DOCUMENT):
        limit = schema.get("x-limit") or schema.get("limit")
        if not isinstance(limit, str):
            continue
        key = next(k for k in ("maximum", "maxLength", "maxItems", "maxProperties", "value") if k in schema)
        ends = 1 if limit in ("KD_TIME_END_US", "KD_PARTITIONS_MAX") or path.endswith("Snapshot/items/10") else 0  # the limit itself is out
        digits = 2 if limit == "KD_MAC_MAX" else 1  # of a byte, in JSON
        assert schema[key] == digits * (known[limit] - ends), path
        checked.add(limit)
    assert len(checked) >= 14, checked
    assert str(known["KD_WIRE_SCHEMA"]) == "1" and all(SCHEMAS[n]["items"][0]["const"] == known["KD_WIRE_SCHEMA"] for n in (*KINDS.values(), "Body"))
    assert DOCUMENT["info"]["version"] in source("include/kudos/limits.h")


def test_a_record_of_changes_is_as_late_as_the_document_says():
    window = int(re.search(r"KD_CHANGES_WINDOW = (\d+)", source("include/kudos/publisher.h"))[1])
    assert f"up to {window - 1} records of its partition too late" in " ".join(DOCUMENT["info"]["description"].split())
    kept = int(re.search(r"^LABELS_KEPT = (\d+)", source("examples/follow_changes.py"), re.M)[1])
    assert kept >= 2 * window


# ---- the validator of others ----

if LONG:  # it is fetched first, in 169 packages
    @pytest.fixture(scope="session")
    def validator():
        here, there = os.path.join(TOP, "tests", "asyncapi"), os.path.join(BUILD, "asyncapi")
        os.makedirs(there, exist_ok=True)
        lock = source("tests/asyncapi/package-lock.json")
        kept = os.path.join(there, "installed")
        if not os.path.exists(kept) or open(kept, encoding="utf-8").read() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(here, name), there)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            try:
                done = subprocess.run(command, cwd=there, capture_output=True, text=True, timeout=200)
            except FileNotFoundError:
                pytest.fail("the validator cannot be installed: there is no `npm`; `sh .ci/install test` installs it")
            except subprocess.TimeoutExpired:
                pytest.fail("the validator cannot be installed: `npm ci` did not end within 200 s; it fetches packages at the first time")
            if done.returncode != 0:
                pytest.fail(f"the validator cannot be installed; can this machine fetch packages of npm?\n{done.stderr}")
            with open(kept, "w", encoding="utf-8") as f:
                f.write(lock)
        shutil.copy(os.path.join(here, "lint.mjs"), there)
        return ["node", os.path.join(there, "lint.mjs")]

    def test_the_validator_of_asyncapi_takes_the_document_and_no_broken_one(validator, tmp_path):
        document, broken = os.path.join(TOP, "docs", "asyncapi.yaml"), tmp_path / "broken.yaml"
        broken.write_text(source("docs/asyncapi.yaml").replace("action: send", "action: shout", 1))
        done = subprocess.run([*validator, document, str(broken)], capture_output=True, text=True, timeout=120)
        first, *others = done.stdout.splitlines()
        assert first == f"{document}: 5 channels, 8 messages", done.stdout + done.stderr
        assert others[-1] == f"{broken}: wrong" and "operations/edgeSendsBatches/action" in done.stdout and done.returncode == 1
