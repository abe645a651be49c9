"""What kudos.changes.v1 told of likes, and whether its labels hold: none is missing, and none has two contents."""
import os
import sys
import threading

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from proc import TOP

sys.path.insert(0, os.path.join(TOP, "examples"))
from kudos_records import decode  # noqa: E402

TOPIC, QUIET_S, END_S = "kudos.changes.v1", 3, 120


class ToldChanges:
    """Reads the topic from its beginning on, beside the drill."""

    def __init__(self, brokers, partitions, number):
        """`number`: of (item, user) the number of that like."""
        self.consumer = Consumer({"bootstrap.servers": brokers, "group.id": "drill", "enable.auto.commit": False, "auto.offset.reset": "error",
                                  "log_level": 2})
        self.partitions, self.number = partitions, number
        self.likes, self.contents, self.twice, self.again, self.ends = set(), {}, 0, 0, {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def start(self):
        self.consumer.assign([TopicPartition(TOPIC, p, OFFSET_BEGINNING) for p in range(self.partitions)])
        self.thread.start()

    def take(self, record):
        label = record["partition"], record["version"], record["first"]
        content = hash(tuple(sorted((c["item"], c.get("user"), c["time_us"], c.get("liked"), c.get("amount")) for c in record["changes"])))
        if self.contents.setdefault(label, content) != content:
            self.twice += 1
        self.ends[label] = record["first"] + len(record["changes"])
        for change in record["changes"]:
            like = self.number(change["item"], change["user"])
            self.again += like in self.likes
            self.likes.add(like)

    def run(self):
        idle = 0
        while idle < QUIET_S:
            message = self.consumer.poll(1)
            idle = idle + 1 if message is None and self.over.is_set() else 0
            if message is not None and not message.error():
                self.take(decode(message.value()))

    def stop(self):
        """Ends behind the last record."""
        self.over.set()
        self.thread.join(END_S)
        self.consumer.close()

    def broken(self):
        """Records whose predecessor in the same version is missing: each goes on where the one before it ended."""
        behind = {(*label[:2], end) for label, end in self.ends.items()}
        return sum(label[2] > 0 and label not in behind for label in self.contents)
