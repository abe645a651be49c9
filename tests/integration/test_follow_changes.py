"""The example of a consumer (examples/follow_changes.py) beside a whole cluster: what it counts is what central exports, whatever is repeated,
killed or restored.

It runs under Debian's Python, whose packages it names.
"""
import collections
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess

import pytest

from cluster import Cluster
from keys import key, write_keys
from proc import SLOWER, TOP, Process, wait_until
from whole import broker, cluster, ok  # noqa: F401

PYTHON = "/usr/bin/python3"  # Debian's, not one that a machine has besides
EXAMPLE = os.path.join(TOP, "examples", "follow_changes.py")
UNDONE = 3
NUMBERS = {"like": 1, "save": 2, "view": 3, "share": 4}
ITEMS = [f"posts/p{n}" for n in range(12)] + ["reels/r"]
USERS = [f"u{n}" for n in range(20)] + [f"0b5a1c9e-8f3d-4e2a-9b7c-{n:012x}" for n in range(5)] + ["anna", "a~b@c"]

# Appends the records of a topic to it once more, the last one first.
REPEAT = """
import sys
from confluent_kafka import Consumer, Producer, TopicPartition, OFFSET_BEGINNING
brokers, topic = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "repeat", "enable.partition.eof": True})
partitions = consumer.list_topics(topic, 20).topics[topic].partitions
consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
found, ended = [], set()
while len(ended) < len(partitions):
    message = consumer.poll(20)
    if message.error():
        ended.add(message.partition())
    else:
        found.append(message)
producer = Producer({"bootstrap.servers": brokers})
for message in reversed(found):
    producer.produce(topic, message.value(), partition=message.partition(), headers=message.headers())
assert producer.flush(20) == 0
print(len(found))
"""


def python(*arguments, rc=0):
    done = subprocess.run([PYTHON, *map(str, arguments)], capture_output=True, text=True, timeout=90 * SLOWER)
    assert done.returncode == rc, (done.returncode, done.stdout[-2000:], done.stderr[-3000:])
    return done


class Follower(Process):
    def __init__(self, directory, brokers, *more, name="follower"):
        self.database = os.path.join(str(directory), name + ".db")
        super().__init__(directory, name, [PYTHON, EXAMPLE, "--brokers", brokers, "--database", self.database, *map(str, more)])

    def rows(self, query):
        if not os.path.exists(self.database):
            return []
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as db:
            with contextlib.suppress(sqlite3.OperationalError):  # it has not made its tables yet
                return db.execute(query).fetchall()
        return []


def follow(follower, rc=0):
    """What it prints when it takes what is there and ends: {(counter, item): count}."""
    lines = [line.split() for line in python(*follower.command[1:], "--once", rc=rc).stdout.splitlines()]
    return {(int(counter), item): int(count) for counter, item, count in lines}


def exported(central):
    """The same of central: likes and saves by its export, views and shares by its counts."""
    pairs = (line.split("\t") for line in subprocess.run([*central.command[:1], "export", "--url", central.url], check=True, capture_output=True,
                                                         text=True).stdout.splitlines())
    counts = collections.Counter((NUMBERS[counter], item) for counter, item, *_ in pairs)
    for answer in ok(central.get("/v1/counts?items=" + ",".join(ITEMS)))["items"]:
        counts.update({(NUMBERS[c], answer["item"]): answer["counts"][c]["count"] for c in ("view", "share")})
    return {which: count for which, count in counts.items() if count > 0}


def drive(cluster, seed, rounds=12):
    """Users who like, unlike and save at changing edges with their tokens, and views; all of it merged at the end."""
    chance, tokens = random.Random(seed), {}
    for _ in range(rounds):
        for user in chance.sample(USERS, 15):
            edge = chance.choice(cluster.edges)
            entries = [{"item": item, "op": chance.choice(["like", "like", "unlike"]), "counter": chance.choice(["like", "save"])}
                       for item in chance.sample(ITEMS, 4)]
            headers = {"Kudos-Session": tokens[user]} if user in tokens else {}
            answer = edge.post("/v1/likes", body={"operations": entries}, user=user, headers=headers)
            assert answer.status == 200, answer
            tokens[user] = answer.headers["kudos-session"]
        ok(chance.choice(cluster.edges).post(f"/v1/{chance.choice(ITEMS)}/view", body={"amount": chance.randrange(1, 9)}, user=user))
    cluster.wait_flushed()
    wait_until(lambda: cluster.central.metric("kudos_central_unpublished_bytes") == 0, what="all changes in Kafka")


def test_it_counts_what_central_exports_through_copies_kills_and_epochs(tmp_path, cluster, broker):
    follower = Follower(tmp_path, broker.address).start()
    drive(cluster, 1)
    wait_until(lambda: follower.rows("SELECT 1 FROM likes"), what="first rows")
    follower.kill9()
    drive(cluster, 2)
    cluster.central.kill9()
    cluster.central.start()
    follower.start()
    drive(cluster, 3)
    copies = int(python("-c", REPEAT, broker.address, "kudos.changes.v1").stdout)
    assert copies >= 10
    drive(cluster, 4)
    assert follower.stop() == 0
    counts = exported(cluster.central)
    assert len(counts) > 20 and follow(follower) == counts
    assert len(follower.rows("SELECT DISTINCT epoch FROM places")) >= 1 and follower.rows("SELECT 1 FROM likes WHERE NOT liked")


def test_after_a_restore_it_says_so_and_begins_again_with_centrals_rows(tmp_path, cluster, broker):
    follower = Follower(tmp_path, broker.address)
    drive(cluster, 1, rounds=2)
    assert cluster.central.stop() == 0
    shutil.copytree(cluster.central.data, tmp_path / "copy")
    cluster.central.start()
    drive(cluster, 2)
    assert follow(follower) == exported(cluster.central)
    cluster.central.kill9()
    shutil.rmtree(cluster.central.data)
    shutil.move(tmp_path / "copy", cluster.central.data)
    cluster.central.start()
    drive(cluster, 3, rounds=2)
    follower.start(wait=False)
    assert follower.wait() == UNDONE
    assert "is undone" in follower.log()
    rows = tmp_path / "rows.tsv"
    with open(rows, "w") as out:
        subprocess.run([*cluster.central.command[:1], "export", "--url", cluster.central.url], check=True, stdout=out)
    again = follow(Follower(tmp_path, broker.address, "--rows", rows, name="again"))
    assert {k: n for k, n in again.items() if k[0] <= 2} == {k: n for k, n in exported(cluster.central).items() if k[0] <= 2}


@pytest.fixture
def signed(tmp_path, broker):
    keys = write_keys(tmp_path / "keys", "1 edge:*", "2 central", "3 changes")
    with Cluster(tmp_path, broker.address, central={"kafka": {"keys_file": keys}}, edge={"kafka": {"keys_file": keys}}) as c:
        yield c


def test_with_a_key_it_takes_what_central_has_signed_and_nothing_else(tmp_path, signed, broker):
    drive(signed, 1, rounds=2)
    for name, of in (("good", "3"), ("bad", "4")):
        (tmp_path / name).write_text(key(of))
    python("-c", 'import sys; from confluent_kafka import Producer; p = Producer({"bootstrap.servers": sys.argv[1]})\n'
           'p.produce("kudos.changes.v1", b"rubbish", partition=0); assert p.flush(20) == 0', broker.address)
    assert follow(Follower(tmp_path, broker.address, "--key", f"3:{tmp_path / 'good'}", name="right")) == exported(signed.central)
    assert follow(Follower(tmp_path, broker.address, "--key", f"3:{tmp_path / 'bad'}", name="wrong")) == {}
