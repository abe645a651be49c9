#!/usr/bin/env python3
"""What each user likes, in a file, from kudos.changes.v1: a consumer in a page of code.

    liked.py --brokers HOST:PORT --file liked.json        takes what the topic holds and is not in the file yet, and ends
    liked.py --file liked.json --user ada                 what ada likes: lines of `counter item`

Each record has a label: partition, version, first. Central sends a record again under the same label, so a record whose label is in the file is a
copy and is dropped. A record may come up to 63 records late in its partition. So a user's word is kept with its stamp (time_us, edge), and the larger
stamp stands. Places in Kafka and likes stand in one file, which is replaced as a whole: a kill at any moment takes nothing twice.

It leaves out what follow_changes.py does besides: after a restore of central begin with a new file, and with the rows of `kudos-central export`.
Needs the Debian packages python3-confluent-kafka and python3-msgpack.
"""
import argparse
import json
import os
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from kudos_records import decode

LABELS_KEPT = 1024  # of a partition: far more than a record can be late


def read_new(options, places):
    """The messages of the topic behind `places` ({partition: next offset}), up to its present end."""
    consumer = Consumer({"bootstrap.servers": options.brokers, "group.id": "liked", "enable.auto.commit": False, "enable.partition.eof": True})
    try:
        partitions = list(consumer.list_topics(options.topic, 10).topics[options.topic].partitions)
    except KafkaException as e:
        print(f"{options.brokers} does not answer: {e.args[0].str()}", file=sys.stderr)
        raise SystemExit(4) from None
    consumer.assign([TopicPartition(options.topic, p, places.get(str(p), OFFSET_BEGINNING)) for p in partitions])
    ended = set()
    while len(ended) < len(partitions):
        message = consumer.poll(30)
        if message is None:
            raise SystemExit("Kafka does not answer")
        if not message.error():
            yield message
        elif message.error().name() == "_PARTITION_EOF":
            ended.add(message.partition())
        else:
            raise SystemExit(f"Kafka: {message.error().str()}")
    consumer.close()


def take(state, record):
    """False: a copy."""
    labels = state["labels"].setdefault(str(record["partition"]), [])
    label = [record["version"], record["first"]]
    if label in labels or (len(labels) == LABELS_KEPT and label < min(labels)):
        return False
    labels.append(label)
    if len(labels) > LABELS_KEPT:
        labels.remove(min(labels))
    for change in record["changes"]:
        if "user" not in change:
            continue  # sums: views, shares
        likes = state["users"].setdefault(change["user"], {})
        word = [change["time_us"], change["edge"], change["liked"]]
        name = f"{change['counter']} {change['item']}"
        likes[name] = max(likes.get(name, word), word)
    return True


def main():
    parser = argparse.ArgumentParser(description="What each user likes, from the changes topic of Kudos.")
    parser.add_argument("--brokers", metavar="HOST:PORT,...")
    parser.add_argument("--file", required=True)
    parser.add_argument("--user")
    parser.add_argument("--topic", default="kudos.changes.v1")
    options = parser.parse_args()
    state = {"places": {}, "labels": {}, "users": {}}
    if os.path.exists(options.file):
        with open(options.file, encoding="utf-8") as file:
            state = json.load(file)
    if options.brokers:
        copies = 0
        for message in read_new(options, state["places"]):
            copies += not take(state, decode(message.value()))
            state["places"][str(message.partition())] = message.offset() + 1
        with open(options.file + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(options.file + ".new", options.file)
        print(f"copies {copies}")
    for name, (_, _, liked) in sorted(state["users"].get(options.user, {}).items()):
        if liked:
            print(name)


if __name__ == "__main__":
    main()
