"""Edge and central at a real Kafka that demands SASL and grants each of them what docs/operations/run.md#rights says, and nothing more; with keys."""
import os
import subprocess

import pytest

import kafka
from central_feed import LIKE, PARTITIONS, TOPICS, Feed
from keys import write_keys
from proc import Central, Edge, program, wait_until
from raw_kafka import RawKafka, batch

WAIT = 60
LONG = os.environ.get("KUDOS_LONG") == "1"
OUT_OF_ORDER = 45  # of a sequence number that does not come next: the broker knows the producer id
LIKES, COUNTS, CHANGES = TOPICS
USERS = {"central": "central-word", "edge": "edge-word", "follower": "follower-word"}
# The table of docs/operations/run.md. Central creates the topics here.
RIGHTS = [("central", "topic", LIKES, "read", "write", "describe", "create"), ("central", "topic", COUNTS, "write", "describe", "create"),
          ("central", "topic", CHANGES, "write", "describe", "create"), ("central", "topic", "kudos.milestones.v1", "write", "describe", "create"),
          ("central", "topic", "kudos.members.v1", "read", "write", "describe", "create"),
          ("central", "group", "kudos-central", "read", "describe"),
          ("edge", "topic", LIKES, "write", "describe"), ("edge", "topic", COUNTS, "read", "describe"),
          ("edge", "group", "edge-1", "describe"),
          ("follower", "topic", LIKES, "read", "describe"), ("follower", "topic", COUNTS, "read", "describe"), ("follower", "group", "kudos-central", "describe")]
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


# ---- what an edge's rights let its user do by hand, without any key

def poison_producer_ids(raw, count):
    """Writes as each of the ids that are given next, with the highest epoch: the broker refuses their producers from then on."""
    first = raw.new_producer_id()
    for producer in range(max(0, first - count), first + count):
        raw.produce(LIKES, {p: batch(b"x", producer, 32767, 0) for p in range(PARTITIONS)})


if LONG:
    def test_producer_ids_that_an_edge_s_user_uses_up_stop_nobody(tmp_path, cluster):
        address = cluster.authenticated
        with Central(tmp_path, address, partitions=PARTITIONS, more={**more(tmp_path, "central", "1 edge:edge-1", "2 central")}) as central, \
                Edge(tmp_path, address, partitions=PARTITIONS, central=central.url,
                     more={**more(tmp_path, "edge", "1 edge:edge-1"), "edge": {"flush_interval": "200ms"}}) as edge:
            shown = lambda item: edge.get(f"/v1/posts/{item}/counts").json["counts"]["like"]
            settled = lambda item, count: shown(item)["count"] == count and shown(item)["pending"] == 0
            assert edge.post("/v1/posts/poison/like", user="before").status == 200
            wait_until(lambda: settled("poison", 1), WAIT, "a like before")
            with RawKafka(address, "edge", USERS["edge"]) as raw:
                poison_producer_ids(raw, 300)
            for user in range(20):
                assert edge.post(f"/v1/posts/poison{user}/like", user="ada").status == 200
            wait_until(lambda: all(settled(f"poison{user}", 1) for user in range(20)), WAIT, "likes counted and shown")
            assert edge.metric("kudos_edge_producers_plain") >= 1
            assert '"plain":true' in edge.log() and "epoch" in edge.log()
            assert (edge.stop(), central.stop()) == (0, 0)


def test_with_acknowledge_log_the_broker_confirms_only_what_it_took(tmp_path, cluster):
    """A producer id belongs to nobody: whoever writes ahead under it makes the broker take the next record for a repeat."""
    more_of_edge = {**more(tmp_path, "edge", "1 edge:edge-1"), "edge": {"acknowledge": "log"}}
    address = cluster.authenticated
    with Central(tmp_path, address, partitions=PARTITIONS, more={**more(tmp_path, "central", "1 edge:edge-1", "2 central")}) as central, \
            Edge(tmp_path, address, partitions=PARTITIONS, central=central.url, more=more_of_edge) as edge, \
            RawKafka(address, "edge", USERS["edge"]) as raw:
        assert edge.post("/v1/posts/log/like", user="first").json["durable"] == "log"
        newest = raw.new_producer_id()
        live = [producer for producer in range(max(0, newest - 30), newest)
                if any(error == OUT_OF_ORDER for error, _ in raw.produce(LIKES, {p: batch(b"x", producer, 0, 1 << 30) for p in range(PARTITIONS)}).values())]
        assert edge.metric("kudos_edge_producers_plain") >= 1
        assert len(live) <= 2 * PARTITIONS, "only central's own producer has ids"
        assert edge.post("/v1/posts/log/like", user="second").json["durable"] == "log"
        wait_until(lambda: central.get("/v1/posts/log/counts").json["counts"]["like"]["count"] == 2, WAIT, "both counted")
        assert (edge.stop(), central.stop()) == (0, 0)


if LONG:
    def test_a_record_that_inflates_without_end_costs_central_no_memory(tmp_path, cluster):
        address = cluster.authenticated
        bomb = bytes(200 * 1024 * 1024)
        with Central(tmp_path, address, partitions=PARTITIONS, more={**more(tmp_path, "central", "1 edge:edge-1", "2 central")}) as central, \
                Edge(tmp_path, address, partitions=PARTITIONS, central=central.url,
                     more={**more(tmp_path, "edge", "1 edge:edge-1"), "edge": {"flush_interval": "200ms"}}) as edge:
            shown = lambda: edge.get("/v1/posts/bomb/counts").json["counts"]["like"]
            assert edge.post("/v1/posts/bomb/like", user="before").status == 200
            wait_until(lambda: shown()["count"] == 1 and shown()["pending"] == 0, WAIT, "a like before")
            before = rss_mib(central)
            with RawKafka(address, "edge", USERS["edge"]) as raw:
                raw.produce(LIKES, {p: batch(bomb, zipped=True) for p in range(PARTITIONS)})
            assert edge.post("/v1/posts/bomb/like", user="after").status == 200
            wait_until(lambda: shown()["count"] == 2 and shown()["pending"] == 0, WAIT, "a like after")
            assert rss_mib(central) < before + 64
            assert (edge.stop(), central.stop()) == (0, 0)
            with Central(tmp_path, address, partitions=PARTITIONS, more={**more(tmp_path, "central", "1 edge:edge-1", "2 central")}) as again:
                wait_until(lambda: again.metric("kudos_central_lag_records") == 0, WAIT, "all read after a start")
                assert rss_mib(again) < before + 64


def rss_mib(daemon):
    with open(f"/proc/{daemon.popen.pid}/status") as f:
        return next(int(line.split()[1]) // 1024 for line in f if line.startswith("VmHWM"))


def test_a_topic_that_kudos_makes_keeps_records_by_the_broker_s_clock_and_codec(cluster):
    with RawKafka(cluster.bootstrap) as raw:
        for topic in TOPICS:
            found = raw.topic_configs(topic)
            assert (found["message.timestamp.type"], found["compression.type"]) == ("LogAppendTime", "zstd"), topic


def test_a_follower_is_denied_nothing_by_the_rights_of_the_table(tmp_path, cluster):
    def denied():
        with open(f"{cluster.directory}/node1/log", encoding="utf-8", errors="replace") as f:
            return [line for line in f if "Denied" in line and "User:follower" in line]

    keys = "1 edge:edge-1", "2 central"
    following = more(tmp_path, "follower", *keys)
    following["central"] = {"role": "follower"}
    with Central(tmp_path, cluster.authenticated, partitions=PARTITIONS, more=more(tmp_path, "central", *keys)) as central, \
            Central(tmp_path, cluster.authenticated, name="central-2", partitions=PARTITIONS, more=following) as follower:
        wait_until(lambda: follower.metric("kudos_central_followed_partitions") == PARTITIONS, WAIT, "a follower that agrees")
        assert denied() == []
        assert (follower.stop(), central.stop()) == (0, 0)
