"""The Kafka shell against the embedded broker and a real Kafka: topics, stored offsets, lost logs, killed brokers.

The program under test is kafka-probe (tests/integration/kafka_probe.c).
"""
import itertools
import os
import subprocess
import sys

import pytest

import kafka
from ports import free_ports
from proc import program

LONG = os.environ.get("KUDOS_LONG") == "1"
PROBE = program("kafka-probe")
PROBE_S = 200  # more than the probe gives itself; two busy cores need a while for three brokers
PARTITIONS = 4
ENOTFOUND, EMISMATCH = 2, 13
fresh = (f"topic{n}" for n in itertools.count())


def probe(*arguments, rc=0):
    done = subprocess.run([PROBE, *map(str, arguments)], capture_output=True, text=True, timeout=90)
    assert done.returncode == rc, (arguments, done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return done.stderr if rc else done.stdout


def consume(bootstrap, topic, partition, offset, last):
    """The records up to the number `last` (0: to the end) as (offset, number), and the conditions in between."""
    rows = [line.split() for line in probe("consume", bootstrap, topic, partition, offset, last).splitlines()]
    records = [(int(a), int(b)) for a, b in rows if a.isdigit()]
    return records, [a for a, _ in rows if not a.isdigit()]


class Embedded:
    """The embedded broker, whose topics are made at its start."""

    def __init__(self, directory):
        self.file = os.path.join(directory, "address")
        self.names = [next(fresh) for _ in range(8)]
        self.process = subprocess.Popen([PROBE, "broker", "--partitions", str(PARTITIONS), "--topics",
                                         ",".join(self.names), "--address-file", self.file])
        kafka.until(lambda: os.path.exists(self.file), 30, "no address file")
        with open(self.file) as f:
            self.bootstrap = f.read().strip()

    def new_topic(self):
        return self.names.pop()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


class Real:
    def __init__(self, directory, brokers):
        self.kafka = kafka.Kafka(directory, brokers)
        self.kafka.__enter__()
        self.bootstrap = self.kafka.bootstrap

    def new_topic(self, replicas=1):
        name = next(fresh)
        assert probe("topics", self.bootstrap, f"{name}:{PARTITIONS}:{replicas}") == f"{name} {PARTITIONS}\n"
        return name

    def stop(self):
        self.kafka.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    cluster = Real(tmp_path_factory.mktemp("kafka1"), 1)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    broker = Embedded(tmp_path_factory.mktemp("embedded"))
    yield broker
    assert broker.stop() == 0
    assert not os.path.exists(broker.file)


@pytest.fixture(params=["embedded", "real"])
def broker(request):
    return request.getfixturevalue(request.param)


def test_goes_on_from_a_stored_offset(broker):
    topic = broker.new_topic()
    probe("produce", broker.bootstrap, topic, 2, 1, 3000)
    records, conditions = consume(broker.bootstrap, topic, 2, 1000, 0)
    assert records == [(n, n + 1) for n in range(1000, 3000)]
    assert conditions == ["eof"]
    assert consume(broker.bootstrap, topic, 1, 0, 0) == ([], ["eof"])


def test_tells_an_offset_that_is_not_in_the_log(broker):
    topic = broker.new_topic()
    probe("produce", broker.bootstrap, topic, 0, 1, 10)
    records, conditions = consume(broker.bootstrap, topic, 0, 500, 10)
    assert conditions == ["out-of-range"]
    assert records == [(n, n + 1) for n in range(10)]


def test_looks_up_one_record(broker):
    topic = broker.new_topic()
    probe("produce", broker.bootstrap, topic, 3, 1, 20)
    assert probe("marks", broker.bootstrap, topic, 3) == "0 20\n"
    assert probe("get", broker.bootstrap, topic, 3, 7) == "8\n"
    probe("get", broker.bootstrap, topic, 3, 20, rc=ENOTFOUND)
    probe("get", broker.bootstrap, topic, 9, 0, rc=ENOTFOUND)


def test_refuses_another_number_of_partitions(broker):
    topic = broker.new_topic()
    assert probe("topics", broker.bootstrap, f"{topic}:{PARTITIONS}:1") == f"{topic} {PARTITIONS}\n"
    text = probe("topics", broker.bootstrap, f"{topic}:{PARTITIONS + 1}:1", rc=EMISMATCH)
    assert f"{topic} has {PARTITIONS} partitions, not {PARTITIONS + 1}" in text


def test_embedded_brokers_listen_where_they_are_told(tmp_path):
    port, file = free_ports(1)[0], str(tmp_path / "address")
    command = [PROBE, "broker", "--port", str(port), "--brokers", "3", "--address-file", file]
    broker = subprocess.Popen(command)
    try:
        kafka.until(lambda: os.path.exists(file), 30, "no address file")
        with open(file, encoding="ascii") as f:
            assert f.read() == ",".join(f"127.0.0.1:{port + n}" for n in range(3)) + "\n"
        second = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert second.returncode == 1 and f"port {port}: Address already in use" in second.stderr, second
    finally:
        broker.terminate()
        assert broker.wait(20) == 0


def test_no_port_is_given_twice(tmp_path):
    """Not by another process either: a client that was left over would speak to the next one's server."""
    command = [sys.executable, "-c", "import ports; print(*ports.free_ports(4))"]
    env = dict(os.environ, TMPDIR=str(tmp_path), PYTHONPATH=os.path.dirname(kafka.__file__))
    given = [subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout.split() for _ in range(3)]
    assert len(set(sum(given, []))) == 12 and all(16000 <= int(p) < 32000 for one in given for p in one), given


def test_embedded_broker_refuses_bad_usage(tmp_path):
    for arguments in ([], ["--address-file", "x", "--partitions", "0"], ["--address-file", "x", "--topics", "a,,b"]):
        assert subprocess.run([PROBE, "broker", *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL,
                              timeout=20).returncode == 2
    assert subprocess.run([PROBE, "broker", "--address-file", "/none/x"], stderr=subprocess.DEVNULL,
                          timeout=20).returncode == 1


def test_notices_a_recreated_topic(real):
    topic = real.new_topic()
    probe("produce", real.bootstrap, topic, 0, 1, 50)
    assert probe("get", real.bootstrap, topic, 0, 49) == "50\n"
    real.kafka.delete_topics(topic)
    kafka.until(lambda: topic not in real.kafka.metadata().topics, 20, "the topic is still there")
    probe("get", real.bootstrap, topic, 0, 49, rc=ENOTFOUND)
    probe("topics", real.bootstrap, f"{topic}:{PARTITIONS}:1")
    get = [PROBE, "get", real.bootstrap, topic, "0", "49"]  # until its partitions have leaders: not to be had
    kafka.until(lambda: subprocess.run(get, capture_output=True, timeout=90).returncode == ENOTFOUND, 30, "the record is not known to be gone")
    probe("produce", real.bootstrap, topic, 0, 101, 110)
    records, conditions = consume(real.bootstrap, topic, 0, 50, 110)
    assert conditions == ["out-of-range"]
    assert records == [(n, n + 101) for n in range(10)]


def test_tells_a_deleted_topic_and_ends(real):
    topic = real.new_topic()
    with subprocess.Popen([PROBE, "consume", real.bootstrap, topic, "0", "0", "99"], stdout=subprocess.PIPE,
                          text=True) as consumer:
        assert consumer.stdout.readline() == "eof 0\n"
        real.kafka.delete_topics(topic)
        output, _ = consumer.communicate(timeout=PROBE_S)
        assert consumer.returncode == 0
        assert "gone" in output


def produce_meanwhile(bootstrap, topic, last):
    return subprocess.Popen([PROBE, "produce", bootstrap, topic, "0", "1", str(last)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_until_acked(producer, n):
    for line in producer.stdout:
        if line.startswith("acked ") and int(line.split()[1]) >= n:
            return
    raise AssertionError(producer.communicate()[1][-2000:])


def check_exact(bootstrap, topic, last, producer_output, consumer):
    """Every number arrived; without a reset of the producer also once and in order (that is what idempotence promises)."""
    summary = producer_output.split()
    assert summary[-4] == "resets" and summary[-2] == "recreated"
    output, errors = consumer.communicate(timeout=PROBE_S)
    assert consumer.returncode == 0, errors[-2000:]
    rows = [line.split() for line in output.splitlines()]
    live = [(int(a), int(b)) for a, b in rows if a.isdigit()]
    offsets = [offset for offset, _ in live]
    assert offsets == sorted(set(offsets)), "the consumer saw a record twice"
    assert {number for _, number in live} == set(range(1, last + 1))
    if int(summary[-3]) == 0:
        assert [number for _, number in live] == list(range(1, last + 1))


def run_through_a_kill(cluster, topic, last, kill_and_restart):
    consumer = subprocess.Popen([PROBE, "consume", cluster.bootstrap, topic, "0", "0", str(last)], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
    producer = produce_meanwhile(cluster.bootstrap, topic, last)
    try:
        wait_until_acked(producer, last // 10)
        kill_and_restart()
        output, errors = producer.communicate(timeout=PROBE_S)
        assert producer.returncode == 0, errors[-2000:]
        check_exact(cluster.bootstrap, topic, last, output, consumer)
    finally:
        for process in (producer, consumer):
            process.kill()
            process.wait()


def test_a_killed_broker_loses_and_doubles_nothing(real):
    topic = real.new_topic()

    def kill_and_restart():
        real.kafka.kill(1)
        real.kafka.start(1)
        real.kafka.wait_ready()

    run_through_a_kill(real, topic, 100_000, kill_and_restart)


def leader_of(cluster, topic, but=None):
    """Once the node that is asked has heard of one; a node can be a moment behind the one that has made the topic."""
    def leader():
        return cluster.kafka.metadata().topics.get(topic, {}).get(0, -1)

    kafka.until(lambda: leader() not in (-1, but), 20, f"{topic} has no leader, or still {but}")
    return leader()


if LONG:  # three brokers more: test_kafka_worst.py has three, too, and kills them, too
    def test_a_killed_leader_is_replaced(tmp_path):
        cluster = Real(tmp_path, 3)
        try:
            topic = cluster.new_topic(replicas=3)
            leader = leader_of(cluster, topic)
            run_through_a_kill(cluster, topic, 50_000, lambda: cluster.kafka.kill(leader))
            assert leader_of(cluster, topic, but=leader) != leader
        finally:
            cluster.stop()
