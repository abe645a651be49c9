"""Edge and central over a real Kafka: the likes topic deleted, the broker killed, Kafka away for longer than any timeout of its client; and every
like still counted once. And the changes topic deleted alone."""
import signal
import time

import pytest

import kafka
import kafka_wire
from central_feed import PARTITIONS as FEED_PARTITIONS
from central_feed import Feed
from proc import Central, Edge, wait_until

PARTITIONS, ITEMS, WAIT = 4, 7, 60


class Crowd:
    """Users who like one item each, through one edge."""

    def __init__(self, edge, central):
        self.edge, self.central, self.users = edge, central, 0

    def like(self, n):
        for _ in range(n):
            answer = self.edge.post(f"/v1/posts/{self.users % ITEMS}/like", user=f"u{self.users}")
            assert answer.status == 200, answer
            self.users += 1

    def counted(self):
        return sum(self.central.get(f"/v1/posts/{i}/counts").json["counts"]["like"]["count"] for i in range(ITEMS))

    def wait_exact(self, what):
        wait_until(lambda: self.counted() == self.users, WAIT, what)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with kafka.Kafka(tmp_path_factory.mktemp("kafka"), 1) as k:
        yield k


def test_log_lost_and_broker_killed(tmp_path, cluster):
    with Central(tmp_path, cluster.bootstrap, partitions=PARTITIONS) as central, \
            Edge(tmp_path, cluster.bootstrap, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "200ms"}}) as edge:
        crowd = Crowd(edge, central)
        crowd.like(50)
        crowd.wait_exact("the first likes")
        cluster.delete_topics("kudos.likes.v1")
        crowd.like(50)
        crowd.wait_exact("likes after the topic was deleted")
        assert central.metric("kudos_central_rewinds_total") >= 1
        cluster.kill(1)
        crowd.like(20)
        assert crowd.counted() == 100  # read while Kafka is away
        cluster.start(1)
        cluster.wait_ready()
        crowd.wait_exact("likes after the broker was killed")
        central.kill9()
        crowd.like(20)
        central.start()
        crowd.wait_exact("likes after central was killed")
        assert (edge.stop(), central.stop()) == (0, 0)


# Every limit of the client after which it gives something up, but those that a program refuses to have changed (message.timeout.ms is 0: never).
SHORT = {"socket.timeout.ms": 1000, "request.timeout.ms": 1000, "metadata.max.age.ms": 1500, "topic.metadata.refresh.interval.ms": 1000,
         "topic.metadata.propagation.max.ms": 1000, "socket.connection.setup.timeout.ms": 1000}
AWAY_S, ANSWER_S, LINES_MAX = 5, 2, 60


def test_away_for_longer_than_any_timeout(tmp_path, cluster):
    topics = {"likes_topic": "away.likes", "counts_topic": "away.counts"}
    more = {"kafka": topics, "kafka-properties": SHORT, "edge": {"flush_interval": "200ms"}}
    with Central(tmp_path, cluster.bootstrap, partitions=PARTITIONS,
                 more={"kafka": {**topics, "changes_topic": "away.changes", "milestones_topic": "away.milestones"}, "kafka-properties": SHORT}) as central, \
            Edge(tmp_path, cluster.bootstrap, partitions=PARTITIONS, central=central.url, more=more) as edge:
        crowd = Crowd(edge, central)
        crowd.like(20)
        crowd.wait_exact("the first likes")
        errors, lines = edge.metric("kudos_edge_kafka_errors_total"), len(edge.log().splitlines())
        cluster.kill(1)
        back = time.monotonic() + AWAY_S
        while time.monotonic() < back:
            asked = time.monotonic()
            crowd.like(1)
            assert edge.get(f"/v1/posts/{(crowd.users - 1) % ITEMS}/counts").json["counts"]["like"]["pending"] >= 1
            assert time.monotonic() - asked < ANSWER_S, "an edge that waits for Kafka"
            time.sleep(0.02)  # a pace, not a wait
        assert crowd.users > 40 and crowd.counted() == 20
        assert edge.metric("kudos_edge_outbox_batches") >= 1 and edge.metric("kudos_edge_kafka_errors_total") > errors
        assert edge.metric("kudos_edge_batches_undelivered_total") == 0, "the client gave a batch up"
        said = edge.log().splitlines()[lines:]
        assert len(said) <= LINES_MAX and not any('"level":"error"' in line for line in said), "\n".join(said)
        cluster.start(1)
        cluster.wait_ready()
        crowd.wait_exact("likes after Kafka was away")
        wait_until(lambda: edge.admin("/debug/partitions").json["outbox_op_bytes"] == 0, WAIT,
                   "the outbox is empty")
        assert (edge.stop(), central.stop()) == (0, 0)


def changes_of(bootstrap, topics):
    """All that stand in the changes topic: item, user, liked, counter, edge."""
    feed = Feed(bootstrap, topics=topics)
    try:
        records = [r for p in range(FEED_PARTITIONS) for r in feed.read("changes", p)]
    finally:
        feed.stop()
    return [(*change, stamp[0], stamp[2]) for r in records for change, stamp in zip(r["changes"], r["stamps"])]


def test_a_changes_topic_that_is_deleted_alone_is_made_again(tmp_path, cluster):
    """Nobody reads it, and without a change nobody writes it: central looks for it. Changes that are merged while it is not there wait, and come
    out of the new one as they are. Somebody's topic in its place with another number of partitions ends central by name, as at a start."""
    names = ("again.likes", "again.counts", "again.changes")
    likes, counts, changes = ({f"{n.split('.')[1]}_topic": n} for n in names)

    def taken_away():  # of a central that stands still, which cannot make it meanwhile
        cluster.delete_topics(names[2])
        wait_until(lambda: names[2] not in kafka_wire.metadata(cluster.some_port()).topics, WAIT, "the topic is deleted")

    with Central(tmp_path, cluster.bootstrap, partitions=FEED_PARTITIONS, more={"kafka": {**likes, **counts, **changes, "milestones_topic": "alone.milestones"}}) as central, \
            Edge(tmp_path, cluster.bootstrap, partitions=FEED_PARTITIONS, central=central.url,
                 more={"kafka": {**likes, **counts}, "edge": {"flush_interval": "200ms"}}) as edge:
        crowd = Crowd(edge, central)
        crowd.like(20)
        wait_until(lambda: len(changes_of(cluster.bootstrap, names)) == 20, WAIT, "the first changes")
        cluster.delete_topics(names[2])  # and no change comes
        wait_until(lambda: central.events("topics-ready"), WAIT, "the topic was not made again")
        assert names[2] in central.events("topic-gone")[0]["cause"]
        assert len(kafka_wire.metadata(cluster.some_port()).topics[names[2]]) == FEED_PARTITIONS
        central.signal(signal.SIGSTOP)
        taken_away()
        crowd.like(20)
        central.signal(signal.SIGCONT)
        wait_until(lambda: len(central.events("topics-ready")) == 2, WAIT, "the topic was not made again")
        wanted = {(f"posts/{n % ITEMS}", f"u{n}", True, 1, edge.name) for n in range(20, 40)}
        wait_until(lambda: set(changes_of(cluster.bootstrap, names)) == wanted, WAIT, "the changes that waited")
        crowd.wait_exact("all likes")
        central.signal(signal.SIGSTOP)
        taken_away()
        kafka_wire.create_topic(cluster.some_port(), names[2], FEED_PARTITIONS + 1)
        central.signal(signal.SIGCONT)
        assert central.wait() == 2
        assert "again.changes has 3 partitions, not 2" in central.events("topics-refused")[0]["cause"]
