"""Edge and central at a real Kafka that demands SASL and grants each of them what docs/operations/run.md#rights says, and nothing more; with keys."""
import os
import subprocess

import pytest

import kafka
from central_feed import LIKE, PARTITIONS, TOPICS, Feed
from keys import write_keys
from proc import Central, Edge, program, wait_until

WAIT = 60
LIKES, COUNTS, CHANGES = TOPICS
USERS = {"central": "central-word", "edge": "edge-word"}
# The table of docs/operations/run.md. Central creates the topics here.
RIGHTS = [("central", "topic", LIKES, "read", "write", "describe", "create"), ("central", "topic", COUNTS, "write", "describe", "create"),
          ("central", "topic", CHANGES, "write", "describe", "create"), ("central", "topic", "kudos.milestones.v1", "write", "describe", "create"),
          ("central", "group", "kudos-central", "read", "describe"),
          ("edge", "topic", LIKES, "write", "describe"), ("edge", "topic", COUNTS, "read", "describe"),
          ("edge", "group", "edge-1", "describe")]
OPEN = {"security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN"}


def secrets(directory, user, word=None, mode=0o600):
    path = os.path.join(directory, f"{user}.properties")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as f:
        f.write(f"# who we are\nsasl.username = {user}\nsasl.password = {word or USERS[user]}\n")
    return path


def more(directory, user, *keys, **kafka_more):
    return {"kafka": {"properties_file": secrets(directory, user), "keys_file": write_keys(f"{directory}/{user}.keys", *keys), **kafka_more},
            "kafka-properties": OPEN}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with kafka.Kafka(tmp_path_factory.mktemp("kafka"), 1, users=USERS) as k:
        for right in RIGHTS:
            k.allow(*right)
        yield k


def auth_errors(daemon, prefix):
    return daemon.metric(f'kudos_{prefix}_kafka_errors_total{{reason="auth"}}')


def test_the_rights_of_the_table_suffice_and_an_edge_has_no_others(tmp_path, cluster):
    address = cluster.authenticated
    with Central(tmp_path, address, partitions=PARTITIONS, more={**more(tmp_path, "central", "1 edge:edge-1", "2 central")}) as central, \
            Edge(tmp_path, address, partitions=PARTITIONS, central=central.url,
                 more={**more(tmp_path, "edge", "1 edge:edge-1"), "edge": {"flush_interval": "200ms"}}) as edge:
        for user in range(20):
            assert edge.post("/v1/posts/1/like", user=f"u{user}").status == 200
        shown = lambda: edge.get("/v1/posts/1/counts").json["counts"]["like"]
        wait_until(lambda: shown()["count"] == 20 and shown()["pending"] == 0, WAIT, "likes counted and shown")
        wait_until(lambda: central.metric("kudos_central_lag_records") == 0, WAIT, "no lag")
        assert (auth_errors(central, "central"), auth_errors(edge, "edge")) == (0, 0), central.log()[-2000:] + edge.log()[-2000:]
        assert edge.metric("kudos_edge_records_refused_total") == central.metric("kudos_central_records_refused_total") == 0
        with open(f"{tmp_path}/edge.properties", "a") as f:
            f.writelines(f"{name} = {value}\n" for name, value in OPEN.items())
        forger = Feed(address, f"{tmp_path}/edge.properties")
        forger.say(f"snapshot 0 1 1 {forger.item(0)} {LIKE} 77")
        with pytest.raises(AssertionError, match="not delivered"):
            forger.answer()  # not by the rights of an edge
        forger.claim(1 << 61, "mallory")  # the broker lets it pass: it cannot know what an edge writes
        forger.stop()
        wait_until(lambda: central.metric('kudos_central_records_refused_total{reason="unsigned"}') == 1, WAIT, "the claim refused")
        assert edge.post("/v1/posts/1/like", user="last").status == 200
        wait_until(lambda: shown()["count"] == 21, WAIT, "one more like")
        assert (edge.stop(), central.stop()) == (0, 0)


def test_a_wrong_password_is_told_by_name_and_shown_by_no_message(tmp_path, cluster):
    own = more(tmp_path, "edge", "1 edge:edge-1")
    own["kafka"]["properties_file"] = secrets(tmp_path, "edge", "not-the-word")
    with Edge(tmp_path, cluster.authenticated, partitions=PARTITIONS, more=own) as edge:
        assert edge.post("/v1/posts/1/like", user="ada").status == 200  # Kafka is not needed for it
        wait_until(lambda: auth_errors(edge, "edge") > 0, WAIT, "refused by the broker")
        assert "not-the-word" not in edge.log()
        edge.kill9()


def test_a_file_of_secrets_that_others_can_read_or_that_holds_nonsense_is_refused(tmp_path):
    edge = Edge(tmp_path, "127.0.0.1:1", more=more(tmp_path, "edge", "1 edge:edge-1"))

    def check():
        return subprocess.run([program("kudos-edge"), "-c", edge.config, "-t"], capture_output=True, text=True, timeout=60)

    path = edge.sections["kafka"]["properties_file"]
    assert check().returncode == 0
    for text, mode, said in [("sasl.password = x", 0o640, "chmod 600"), ("no such line", 0o600, "line 1"), ("acks = 1", 0o600, "acks"),
                             ("no.such.property = hunter2", 0o600, "no.such.property"), ("[sasl]\n", 0o600, "line 1")]:
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        done = check()
        assert done.returncode == 2 and said in done.stderr and "hunter2" not in done.stderr, (text, done.stderr)
