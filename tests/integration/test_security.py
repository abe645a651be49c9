"""SECURITY.md: the tests and options that it names exist, and what it says of files, logs and messages is so."""
import glob
import json
import os
import re
import subprocess

import pytest

from keys import key, write_keys
from proc import TOP, Broker, Central, Edge, program, request, wait_until
from tokens import Key, bearer

PARTITIONS = 2
ADMIN_TOKEN, EDGE_TOKEN, WRONG = "admin-token-0123456789", "edge-token-0123456789", "wrong-token-0123456789"
USER, BY_TOKEN = "that-one-user", "that-other-user"
SECRET = "session-secret-0123456789-0123456789"


def source(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


SECURITY, CONFIGURATION = source("SECURITY.md"), source("docs/configuration.md")


def secret_options():
    """(program, section.key) of all options that name a file which only its owner may read."""
    found, binary, section = [], None, None
    for line in CONFIGURATION.splitlines():
        binary = next((f"kudos-{name}" for name in ("edge", "central") if re.match(rf"## Options of kudos-{name}", line)), binary)
        named = re.match(r"### `?\[?([a-z-]+)\]?`?", line)
        section = named[1] if named else section
        row = re.match(r"\| `(\w+)` \| none \| a file that only its owner can read", line)
        if row:
            found.append((binary, f"{section}.{row[1]}"))
    return found


def test_the_tests_that_it_names_exist():
    defined = {name for f in glob.glob(os.path.join(TOP, "tests", "integration", "test_*.py"))
               for name in re.findall(r"^ *def (test_\w+)\(", source(os.path.relpath(f, TOP)), re.M)}
    named = set(re.findall(r"`(test_\w+)`", SECURITY))
    assert len(named) > 15 and named <= defined, named - defined


def test_the_options_that_it_names_exist():
    sections = {name for _, name in re.findall(r"^(###) `?\[?([a-z-]+)\]?", CONFIGURATION, re.M)}
    named = {o for o in re.findall(r"`([a-z-]+\.[a-z_]+)`", SECURITY) if o.split(".")[0] in sections}
    keys = set(re.findall(r"^\| `([a-z_]+)` \|", CONFIGURATION, re.M))
    assert len(named) > 20 and {o.split(".")[1] for o in named} <= keys, {o for o in named if o.split(".")[1] not in keys}


def test_it_names_every_file_of_a_secret():
    options = {option for _, option in secret_options()}
    assert len(secret_options()) >= 15 and options <= set(re.findall(r"`([a-z-]+\.[a-z_]+)`", SECURITY)), options


@pytest.mark.parametrize("binary, option", secret_options(), ids=lambda x: x)
def test_secrets_that_others_may_read_are_refused_by_name(tmp_path, binary, option):
    make = Edge if binary == "kudos-edge" else Central
    section, name = option.split(".")
    path = tmp_path / "secret"
    path.write_text("a-secret-of-some-length-0123456789\n")
    path.chmod(0o640)
    daemon = make(tmp_path, "127.0.0.1:1", partitions=PARTITIONS, more={section: {name: str(path)}})
    if option != "backup.key_file" and name in ("tls_key", "key_file"):
        daemon.set({section: {name.replace("tls_key", "tls_certificate").replace("key_file", "cert_file"): str(path)}})
    done = subprocess.run([program(binary), "-c", daemon.config, "-t"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "chmod 600" in done.stderr and name in done.stderr, done.stderr
    assert "a-secret-of-some-length" not in done.stdout + done.stderr


def open_to_others(top):
    """Paths at or below it that somebody else can reach and read, write or enter."""
    if not os.stat(top).st_mode & 0o007:
        return []
    below = [os.path.join(top, name) for name in os.listdir(top)] if os.path.isdir(top) else []
    return [top] + [path for name in below for path in open_to_others(name)]


def test_nothing_that_the_programs_make_is_open_to_others(tmp_path):
    with Broker(tmp_path, PARTITIONS) as broker:
        central = Central(tmp_path, broker.address, partitions=PARTITIONS)
        edge = Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url)
        for daemon in (central, edge):
            daemon.command = ["sh", "-c", 'umask 0; exec "$@"', "sh", *daemon.command]
        with central, edge:
            assert edge.post("/v1/posts/1/like", user=USER).status == 200
            done = subprocess.run([program("kudos-central"), "backup", str(tmp_path / "copy"), "--url", f"http://127.0.0.1:{central.admin_port}"],
                                  capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done
        for made in (edge.data, central.data, str(tmp_path / "copy")):
            assert open_to_others(made) == [], made


def secret_file(directory, name, text):
    path = os.path.join(str(directory), name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
        f.write(text + "\n")
    return path


def test_no_log_names_a_user_a_token_or_a_secret(tmp_path):
    jwt, rejected = Key("EdDSA", kid="one"), Key("EdDSA", kid="one")
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwt.jwk()]}))
    shared = {"log": {"level": "debug", "access": 1}, "jwt": {"keys_file": str(tmp_path / "keys.json"), "issuer": "idp", "audience": "kudos"},
              "kafka": {"keys_file": write_keys(tmp_path / "record.keys", "1 edge:*", "2 central", "3 changes")},
              "admin": {"token_file": secret_file(tmp_path, "admin.token", ADMIN_TOKEN)}}
    edge_token = secret_file(tmp_path, "edge.token", EDGE_TOKEN)
    with Broker(tmp_path, PARTITIONS) as broker, \
            Central(tmp_path, broker.address, partitions=PARTITIONS,
                    more={**shared, "http": {"trusted_peers": "10.9.9.9/32", "edge_token_file": edge_token}}) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url,
                 more={**shared, "http": {"session_secret": secret_file(tmp_path, "session.secret", SECRET)},
                       "limits": {"user": "3/1h", "velocity_user": "1/1s"}, "edge": {"flush_interval": "100ms"}}) as edge:
        edge.set({"central": {"token_file": edge_token}})
        edge.stop()
        edge.start()
        tokens = [jwt.token(BY_TOKEN), rejected.token(BY_TOKEN)]
        liked = edge.post("/v1/posts/1/like", user=USER)
        session = {"Kudos-Session": liked.headers["kudos-session"]}
        statuses = {liked.status, edge.post("/v1/posts/1/like", user=BY_TOKEN, headers=session).status,
                    *(edge.post("/v1/posts/1/like", user=USER, headers={"Idempotency-Key": "that-one-key"}).status for _ in range(2)),
                    *(edge.post(f"/v1/posts/{n}/like", user=USER, headers=session).status for n in range(4)),
                    *(edge.get("/v1/posts/1/like", headers=bearer(token)).status for token in tokens),
                    *(central.get("/v1/posts/1/like", headers=bearer(token)).status for token in (*tokens, WRONG)),
                    *(request(d.admin_port, "GET", "/metrics", headers=bearer(t)).status for d in (edge, central) for t in (ADMIN_TOKEN, WRONG))}
        assert statuses == {200, 400, 401, 429}, statuses
        wait_until(lambda: central.get("/v1/posts/1/counts", headers=bearer(EDGE_TOKEN)).json["counts"]["like"]["count"] == 1, what="merged")
        metrics = {d: request(d.admin_port, "GET", "/metrics", headers=bearer(ADMIN_TOKEN)).body.decode() for d in (edge, central)}
        assert (edge.stop(), central.stop()) == (0, 0)
        never = [USER, BY_TOKEN, "that-one-key", session["Kudos-Session"], SECRET, ADMIN_TOKEN, EDGE_TOKEN, WRONG, key("1"), key("2"), key("3"), *tokens]
        for daemon in (edge, central):
            assert daemon.events("access") and "kudos_" in metrics[daemon]
            assert [word for word in never if word in daemon.log() + metrics[daemon]] == []
