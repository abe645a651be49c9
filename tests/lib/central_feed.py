"""A central, and the companion that makes records for it (tests/integration/feed.c), on the embedded broker.

The fixtures (broker, feed, central) are imported by the tests that use them.
"""
import json
import subprocess

import pytest

import proc
from proc import Broker, program, run_program, wait_until

PARTITIONS = 2
TOPICS = ("kudos.likes.v1", "kudos.counts.v1", "kudos.changes.v1")
DAY = 86400 * 10**6
T0 = 20000 * DAY  # 2024-10-04
LIKE, SAVE, VIEW = 1, 2, 3
WAIT = 30


class Feed:
    """The companion: batches of edges in their order, and topics read back."""

    def __init__(self, bootstrap, properties=None, topics=TOPICS):
        self.process = subprocess.Popen([program("feed"), bootstrap, str(PARTITIONS), *topics] + [str(properties)] * bool(properties),
                                        text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.last = {}

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline().strip()
        assert line.startswith("ok"), line
        return line[3:]

    def where(self, item):
        self.say(f"where {item}")
        return int(self.answer())

    def item(self, partition, prefix="posts/p"):
        """An item that lies in that partition."""
        return next(i for i in (f"{prefix}{n}" for n in range(99)) if self.where(i) == partition)

    def batch(self, edge, ops, partition=0, inc=1, seq=None, after=None, complete_to=0, region="eu", hold=False):
        """ops: "like ITEM USER COUNTER TIME" and so on. Without seq: the next one behind the last. Returns its position."""
        last = self.last.get((edge, partition), (0, 0))
        at = (inc, seq or (last[1] + 1 if last[0] == inc else 1))
        after = after or last
        self.say(f"batch {partition} {edge} {region} {at[0]} {at[1]} {after[0]} {after[1]} {complete_to}", *ops,
                 "end hold" if hold else "end")
        self.answer()
        self.last[edge, partition] = at
        return at

    def again(self):
        self.say("again")
        self.answer()

    def raw(self, data, partition=0):
        self.say(f"raw {partition} {data.hex()}")
        self.answer()

    def claim(self, epoch, name, partition=0):
        self.say(f"claim {partition} {epoch} {name}")
        self.answer()

    def snapshot(self, epoch, version, item, counter, count, partition=0):
        self.say(f"snapshot {partition} {epoch} {version} {item} {counter} {count}")
        self.answer()

    def keys(self, path=None, holder="central"):
        """From here on records are signed by the keys of that file, as central does or as that edge does; without a file not at all."""
        self.say(f"keys {path} {holder}" if path else "keys none")
        self.answer()

    def read(self, topic, partition=0, start=0):
        self.say(f"read {topic} {partition} {start}")
        rows = []
        while True:
            line = self.process.stdout.readline()
            if not line.startswith("{"):
                assert line.startswith("ok "), line
                return rows
            rows.append(json.loads(line))

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def until(condition, what):
    """`what` may be a function that tells more."""
    try:
        return wait_until(condition, WAIT)
    except AssertionError as e:
        raise AssertionError(f"{what() if callable(what) else what} ({e})") from e


class Central(proc.Central):
    def __init__(self, directory, bootstrap, **more):
        super().__init__(directory, bootstrap, partitions=PARTITIONS,
                         more={"central": {"snapshot_interval": "100ms", "drain_timeout": "10s"}})
        self.set(more)

    def counts(self, item, query=""):
        reply = self.get(f"/v1/{item}/counts{query}")
        assert reply.status == 200, reply.body
        return reply.json

    def likes(self, item, counter="like"):
        return self.counts(item)["counts"][counter]["count"]

    def wait_likes(self, item, n):
        until(lambda: self.likes(item) == n, lambda: f"{item} has {self.likes(item)} likes, not {n}")

    def partition(self, number=0):
        return next(p for p in self.admin("/debug/partitions").json["partitions"] if p["partition"] == number)

    def applied(self, edge, partition=0):
        return next((tuple(e["applied"]) for e in self.partition(partition)["edges"] if e["edge"] == edge), None)

    def wait_applied(self, edge, at, partition=0):
        until(lambda: self.applied(edge, partition) == at,
              lambda: f"{edge} is at {self.applied(edge, partition)}, not {at}")

    def wait_metric(self, name, value):
        until(lambda: self.metric(name) >= value, lambda: f"{name} is {self.metric(name)}")


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, PARTITIONS) as b:
        yield b


@pytest.fixture
def feed(broker):
    f = Feed(broker.address)
    yield f
    f.stop()


@pytest.fixture
def central(tmp_path, broker):
    with Central(tmp_path, broker.address) as c:
        yield c


def like(item, user, time=T0, counter=LIKE):
    return f"like {item} {user} {counter} {time}"


def unlike(item, user, time=T0, counter=LIKE):
    return f"unlike {item} {user} {counter} {time}"


def export(*arguments, rc=0):
    done = run_program("kudos-central", "export", *arguments, rc=rc)
    return done.stdout if rc == 0 else done.stderr
