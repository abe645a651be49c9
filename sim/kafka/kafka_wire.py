"""As much of Kafka's protocol as the fixtures need: what a broker knows, where logs end, making and deleting topics, electing leaders.
One request a connection."""
import socket
import time
from collections import namedtuple

PRODUCE, LIST_OFFSETS, METADATA, CREATE_TOPICS, DELETE_TOPICS, CREATE_ACLS, ELECT_LEADERS = 0, 2, 3, 19, 20, 30, 43
OK = 0
LATEST, UNCLEAN = -1, 1

# Node ids; name -> {partition: leader}; (partition, node) of each replica, of whatever topic, that is not in sync; the smallest number of replicas.
Metadata = namedtuple("Metadata", "brokers topics lagging copies")


def until(condition, seconds, what):
    """Polls a condition, which it returns; the deadline is an error with `what` in it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
    return found


class Cursor:
    """Reads big-endian fields; past the end is an error."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise EOFError("a short answer")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big", signed=True)

    def text(self):
        return self.take(max(0, self.number(2))).decode()

    def array(self, read):
        return [read() for _ in range(self.number(4))]


def text(s):
    return len(s).to_bytes(2, "big") + s.encode()


def number(n, size):
    return n.to_bytes(size, "big", signed=True)


def array(items):
    return number(len(items), 4) + b"".join(items)


def ask(port, api, version, body, timeout_s=10):
    """The answer's body. OSError or EOFError when there is none."""
    head = api.to_bytes(2, "big") + version.to_bytes(2, "big") + bytes(4) + text("kudos-tests")
    with socket.create_connection(("127.0.0.1", port), timeout_s) as s:
        s.settimeout(timeout_s)
        s.sendall(len(head + body).to_bytes(4, "big") + head + body)
        with s.makefile("rb") as f:
            size = f.read(4)
            if len(size) < 4:
                raise EOFError("no answer")
            cursor = Cursor(f.read(min(int.from_bytes(size, "big"), 1 << 24)))
    cursor.take(4)  # the correlation id
    return cursor


def metadata(port, timeout_s=10):
    c = ask(port, METADATA, 1, (0xFFFFFFFF).to_bytes(4, "big"), timeout_s)
    lagging, copies = [], []

    def broker():
        node = c.number(4)
        c.text(), c.number(4), c.text()
        return node

    def partition():
        c.number(2)
        index, leader = c.number(4), c.number(4)
        replicas, in_sync = c.array(lambda: c.number(4)), c.array(lambda: c.number(4))
        copies.append(len(replicas))
        lagging.extend((index, node) for node in replicas if node not in in_sync)
        return index, leader

    def topic():
        c.number(2)
        name = c.text()
        c.take(1)
        return name, dict(c.array(partition))

    brokers = c.array(broker)
    c.number(4)
    return Metadata(brokers, dict(c.array(topic)), lagging, min(copies, default=0))


def delete_topics(port, names, timeout_s=10):
    body = len(names).to_bytes(4, "big") + b"".join(map(text, names)) + (timeout_s * 1000).to_bytes(4, "big")
    c = ask(port, DELETE_TOPICS, 1, body, timeout_s + 1)
    c.number(4)
    for name, error in c.array(lambda: (c.text(), c.number(2))):
        if error != OK:
            raise RuntimeError(f"topic {name} cannot be deleted: Kafka's error {error}")


def create_topic(port, name, partitions, timeout_s=10):
    """With one replica of each partition."""
    one = text(name) + number(partitions, 4) + number(1, 2) + array([]) + array([])
    c = ask(port, CREATE_TOPICS, 0, array([one]) + number(timeout_s * 1000, 4), timeout_s + 1)
    for _, error in c.array(lambda: (c.text(), c.number(2))):
        if error != OK:
            raise RuntimeError(f"topic {name} cannot be created: Kafka's error {error}")


KINDS = {"topic": 2, "group": 3}
OPERATIONS = {"read": 3, "write": 4, "create": 5, "describe": 8}
LITERAL, ALLOW = 3, 3


def create_acls(port, user, kind, name, operations, timeout_s=10):
    one = lambda o: (number(KINDS[kind], 1) + text(name) + number(LITERAL, 1) + text(f"User:{user}") + text("*") +
                     number(OPERATIONS[o], 1) + number(ALLOW, 1))
    c = ask(port, CREATE_ACLS, 1, array([one(o) for o in operations]), timeout_s)
    c.number(4)
    for error, cause in c.array(lambda: (c.number(2), c.text())):
        if error != OK:
            raise RuntimeError(f"{kind} {name} cannot be granted: Kafka's error {error} {cause}")


def ends(port, topic, partitions, timeout_s=10):
    """Of those partitions that this broker leads: the offset of the next record."""
    wanted = array([number(p, 4) + number(LATEST, 8) for p in partitions])
    c = ask(port, LIST_OFFSETS, 1, number(-1, 4) + array([text(topic) + wanted]), timeout_s)
    found = c.array(lambda: (c.text(), c.array(lambda: (c.number(4), c.number(2), c.number(8), c.number(8)))))
    return {index: offset for _, rows in found for index, error, _, offset in rows if error == OK}


def elect_unclean(port, topic, partitions, timeout_s=10):
    """A replica that lacks records leads, where none does that has them all. Where one does nothing happens."""
    wanted = array([text(topic) + array([number(p, 4) for p in partitions])])
    ask(port, ELECT_LEADERS, 1, number(UNCLEAN, 1) + wanted + number(timeout_s * 1000, 4), timeout_s + 1)


def varint(n):
    """Zigzag, as in a record."""
    n = 2 * n if n >= 0 else -2 * n - 1
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def produce_damaged(port, topic, partition, count=1, timeout_s=10):
    """Records in a batch whose checksum does not fit. A real broker would refuse it; the embedded one keeps what it is given."""
    value = b"damaged where it lies"
    one = lambda i: b"\0" + varint(0) + varint(i) + varint(-1) + varint(len(value)) + value + varint(0)
    records = b"".join(varint(len(one(i))) + one(i) for i in range(count))
    behind_crc = (number(0, 2) + number(count - 1, 4) + number(0, 8) * 2 + number(-1, 8) + number(-1, 2) + number(-1, 4) +
                  number(count, 4) + records)
    behind_length = number(-1, 4) + number(2, 1) + bytes(4) + behind_crc
    batch = number(0, 8) + number(len(behind_length), 4) + behind_length
    body = number(-1, 2) + number(-1, 2) + number(timeout_s * 1000, 4) + array(
        [text(topic) + array([number(partition, 4) + number(len(batch), 4) + batch])])
    c = ask(port, PRODUCE, 7, body, timeout_s)
    found = c.array(lambda: (c.text(), c.array(lambda: (c.number(4), c.number(2), c.number(8), c.number(8), c.number(8)))))
    (_, ((_, error, offset, _, _),)), = found
    if error != OK:
        raise RuntimeError(f"Kafka's error {error}")
    return offset
