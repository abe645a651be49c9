#!/usr/bin/env python3
"""Follows kudos.changes.v1 into a SQLite database: who likes what, and exact counts.

    follow_changes.py --brokers HOST:PORT --database likes.db             follows until it is ended (SIGTERM, Ctrl-C)
    follow_changes.py --brokers HOST:PORT --database likes.db --once      up to what the topic holds now
    sqlite3 likes.db 'SELECT counter, item, count(*) FROM likes WHERE liked GROUP BY 1, 2'

At its end it prints `counter item count` lines; counters by their number of the wire. Needs the Debian packages python3-confluent-kafka and
python3-msgpack, or those of PyPI.

What keeps the counts exact, as docs/asyncapi.yaml tells it:
- The place in Kafka stands in the database, and moves in the transaction of the rows. Kafka's own offsets of groups are not used.
- A like or unlike counts where its stamp (time_us, edge) is the largest of its user, so copies and records out of order do nothing.
- An amount of a sum is added once for each label (partition, version, index). A record is at most 63 records late, so a thousand labels are
  enough: what is older than these is a copy.
- A restore of central undoes versions. Which ones, the chain of the snapshots of kudos.counts.v1 says. A record waits until a snapshot of its
  epoch is known. What was undone before it was taken is passed over. What was taken before it was undone cannot be taken back: exit code 3.
- What Kafka has deleted before it was read is missing for good: exit code 3, too.

After exit code 3 remove the database and begin again, with the rows of central:

    kudos-central export --url ... >rows.tsv && follow_changes.py --rows rows.tsv ...

Likes are exact then, but for a user who likes and unlikes an item in one microsecond at two edges: those rows do not tell their edge. Sums count
from the oldest record that the topic still holds.
"""
import argparse
import signal
import sqlite3
import sys

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from kudos_records import NewerSchema, decode, mac_holds

LABELS_KEPT = 1024
GONE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)
BATCH, WAIT_S, ANSWER_S = 500, 0.2, 30
HELD_MAX = 100  # records of a partition that wait for a snapshot; then the partition is not read on
TABLES = """
CREATE TABLE IF NOT EXISTS likes (counter INTEGER, item TEXT, user TEXT, time_us INTEGER, edge TEXT, region TEXT, liked INTEGER,
                                  PRIMARY KEY (counter, item, user)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sums (counter INTEGER, item TEXT, day INTEGER, total INTEGER, PRIMARY KEY (counter, item, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (partition INTEGER, version INTEGER, first INTEGER, PRIMARY KEY (partition, version, first)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (partition INTEGER PRIMARY KEY, next_offset INTEGER, epoch INTEGER, version INTEGER);
"""
TAKE_LIKE = """
INSERT INTO likes VALUES (:counter, :item, :user, :time_us, :edge, :region, :liked) ON CONFLICT DO UPDATE
SET time_us = excluded.time_us, edge = excluded.edge, region = excluded.region, liked = excluded.liked
WHERE (excluded.time_us, excluded.edge) > (likes.time_us, likes.edge)
"""
TAKE_SUM = """
INSERT INTO sums VALUES (:counter, :item, :day, :amount) ON CONFLICT DO UPDATE SET total = total + excluded.total
"""
COUNTS = """
SELECT counter, item, count(*) FROM likes WHERE liked GROUP BY counter, item
UNION ALL SELECT counter, item, sum(total) FROM sums GROUP BY counter, item ORDER BY 1, 2
"""


class BeginAgain(Exception):
    """The database cannot be made exact by what is in Kafka."""


class Database:
    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(TABLES)

    def place(self, partition):
        """(next offset, epoch, version) of the newest record that was taken, or None."""
        return self.db.execute("SELECT next_offset, epoch, version FROM places WHERE partition = ?", (partition,)).fetchone()

    def move(self, partition, next_offset, label=None):
        """`label`: (epoch, version) of a record that was taken; without it one was passed over."""
        if self.place(partition) is None:
            self.db.execute("INSERT INTO places VALUES (?, ?, 0, 0)", (partition, next_offset))
        self.db.execute("UPDATE places SET next_offset = ? WHERE partition = ?", (next_offset, partition))
        if label and label > self.place(partition)[1:]:
            self.db.execute("UPDATE places SET epoch = ?, version = ? WHERE partition = ?", (*label, partition))

    def label_is_new(self, partition, version, first):
        """Whether the record with this label was not taken before; it is remembered."""
        floor = self.db.execute("SELECT version FROM labels WHERE partition = ? ORDER BY version DESC, first DESC LIMIT 1 OFFSET ?",
                                (partition, LABELS_KEPT)).fetchone()
        if floor and version <= floor[0]:
            return False
        added = self.db.execute("INSERT OR IGNORE INTO labels VALUES (?, ?, ?)", (partition, version, first)).rowcount == 1
        if floor:
            self.db.execute("DELETE FROM labels WHERE partition = ? AND version < ?", (partition, floor[0]))
        return added

    def take(self, record):
        new = self.label_is_new(record["partition"], record["version"], record["first"])
        for change in record["changes"]:
            if "user" in change:
                self.db.execute(TAKE_LIKE, change)
            elif new:
                self.db.execute(TAKE_SUM, change)

    def load(self, path, counters):
        """Lines of `kudos-central export`: counter, item, user, stamp, region. Any later change is larger than a stamp without an edge."""
        self.db.execute("BEGIN")
        with open(path, encoding="utf-8") as file:
            for line in file:
                counter, item, user, time_us, region = line.rstrip("\n").split("\t")
                self.db.execute(TAKE_LIKE, {"counter": counters[counter], "item": item, "user": user, "time_us": int(time_us), "edge": "",
                                            "region": region, "liked": True})
        self.db.execute("COMMIT")


class Chain:
    """What the newest snapshot of a partition says of its history."""

    def __init__(self):
        self.epoch, self.last = 0, {}

    def learn(self, snapshot):
        """Whether it began a new epoch."""
        if snapshot["epoch"] <= self.epoch:
            return False
        self.epoch = snapshot["epoch"]
        self.last = {link["epoch"]: link["last"] for link in snapshot["chain"]}
        return True

    def admits(self, epoch, version):
        return epoch == self.epoch or version <= self.last.get(epoch, -1)


class Follower:
    def __init__(self, options):
        self.options, self.database = options, Database(options.database)
        self.consumer = Consumer({"bootstrap.servers": options.brokers, "group.id": options.group, "enable.auto.commit": False,
                                  "auto.offset.reset": "error", **dict(pair.split("=", 1) for pair in options.set)})
        self.chains, self.held, self.paused, self.stop = {}, {}, set(), False

    def partitions(self, topic):
        found = self.consumer.list_topics(topic, ANSWER_S).topics[topic]
        if found.error or not found.partitions:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def begin(self):
        """Reads the changes on from the place in the database, and the snapshots from now on: central sends one a second."""
        changes, counts, places = self.options.changes, self.options.counts, []
        self.ends = {}
        for partition in self.partitions(changes):
            low, self.ends[partition] = self.consumer.get_watermark_offsets(TopicPartition(changes, partition), ANSWER_S)
            place = self.database.place(partition)
            if place is None and low > 0 and not self.options.rows:
                raise BeginAgain(f"partition {partition}: Kafka has deleted the first records")
            if place and not low <= place[0] <= self.ends[partition]:
                raise BeginAgain(f"partition {partition}: record {place[0]} is not in Kafka, which has {low} to {self.ends[partition]}")
            places.append(TopicPartition(changes, partition, place[0] if place else OFFSET_BEGINNING))
            self.chains[partition], self.held[partition] = Chain(), []
        self.consumer.assign(places + [TopicPartition(counts, partition, OFFSET_END) for partition in self.partitions(counts)])

    def genuine(self, message):
        if not self.options.key:
            return True
        header = dict(message.headers() or []).get("kudos-mac")
        return mac_holds(*self.options.key, message.topic(), message.partition(), message.value(), header)

    def hear(self, snapshot):
        chain, partition = self.chains[snapshot["partition"]], snapshot["partition"]
        if not chain.learn(snapshot):
            return
        place = self.database.place(partition)
        if place and place[1] and not chain.admits(*place[1:]):
            raise BeginAgain(f"partition {partition}: central was restored, version {place[2]} of epoch {place[1]} is undone")
        self.release(partition)

    def release(self, partition):
        """Takes the records whose epoch is known, in their order, and reads on when none is left."""
        chain, held = self.chains[partition], self.held[partition]
        while held and (held[0][1] is None or held[0][1]["epoch"] <= chain.epoch):
            offset, record = held.pop(0)
            label = record and (record["epoch"], record["version"])
            if label and chain.admits(*label):
                self.database.take(record)
                self.database.move(partition, offset + 1, label)
            else:
                self.database.move(partition, offset + 1)
        if not held and partition in self.paused:
            self.paused.remove(partition)
            self.consumer.resume([TopicPartition(self.options.changes, partition)])

    def hold(self, partition, offset, record):
        self.held[partition].append((offset, record))
        if len(self.held[partition]) >= HELD_MAX and partition not in self.paused:
            self.paused.add(partition)
            self.consumer.pause([TopicPartition(self.options.changes, partition)])
        self.release(partition)

    def receive(self, message):
        if message.error():
            raise BeginAgain(message.error().str()) if message.error().code() in GONE else KafkaException(message.error())
        changes, record = message.topic() == self.options.changes, None
        try:
            if not changes or self.genuine(message):
                record = decode(message.value())
        except ValueError:
            pass
        if record is None or record["record"] != ("changes" if changes else "snapshot"):
            print(f"passed over: {message.topic()} {message.partition()} {message.offset()} is not central's", file=sys.stderr)
            record = None
        if changes:
            self.hold(message.partition(), message.offset(), record)
        elif record:
            self.hear(record)

    def done(self):
        """With --once: whether all that was there at the start is taken."""
        places = {partition: self.database.place(partition) for partition in self.ends}
        return self.options.once and all(end == 0 or places[p] and places[p][0] >= end for p, end in self.ends.items())

    def run(self):
        self.begin()
        while not self.stop and not self.done():
            messages = self.consumer.consume(BATCH, WAIT_S)
            self.database.db.execute("BEGIN")
            for message in messages:
                self.receive(message)
            self.database.db.execute("COMMIT")

    def end(self, *_):
        self.stop = True


def key_of(text):
    number, key = text.split(":", 1)
    with open(key, encoding="ascii") as file:
        return int(number), bytes.fromhex(file.read().strip())


def numbers_of(text):
    return {name: int(number) for name, number in (pair.split("=") for pair in text.split(","))}


def arguments():
    parser = argparse.ArgumentParser(description="Follows the changes of Kudos into a SQLite database.")
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,...")
    parser.add_argument("--database", required=True, metavar="FILE")
    parser.add_argument("--once", action="store_true", help="ends when all that the topic holds at the start is taken")
    parser.add_argument("--rows", metavar="FILE", help="what `kudos-central export` printed, for a new database; made now, not last week")
    parser.add_argument("--counters", default="like=1,save=2", type=numbers_of, help="numbers of the counters in --rows [like=1,save=2]")
    parser.add_argument("--key", type=key_of, metavar="ID:FILE", help="takes only changes with a MAC of this key; FILE has it in hexadecimal")
    parser.add_argument("--changes", default="kudos.changes.v1", metavar="TOPIC")
    parser.add_argument("--counts", default="kudos.counts.v1", metavar="TOPIC")
    parser.add_argument("--group", default="follow-changes", help="what the brokers' rights call this reader; no offset is stored there")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a property of librdkafka: security.protocol, ...")
    return parser.parse_args()


def main():
    options = arguments()
    follower = Follower(options)
    if options.rows:
        if follower.database.db.execute("SELECT 1 FROM places").fetchone():
            sys.exit("--rows is for a new database")
        follower.database.load(options.rows, options.counters)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, follower.end)
    try:
        follower.run()
    except BeginAgain as error:
        print(f"begin again with a new database: {error}", file=sys.stderr)
        return 3
    except KafkaException as error:
        sys.exit(f"Kafka: {error}")
    except NewerSchema as error:
        sys.exit(f"a newer program wrote {error}: take a newer kudos_records.py")
    finally:
        follower.consumer.close()
    for row in follower.database.db.execute(COUNTS):
        print(*row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
