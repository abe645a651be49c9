#!/usr/bin/env python3
"""Decodes the records of Kudos' Kafka topics. docs/asyncapi.yaml describes them, under the same names.

    decode(record)               a dict; ValueError for bytes that are no record, NewerSchema for those of a newer program
    mac_holds(key_id, key, ...)  whether the header kudos-mac has a MAC of this key, and the MAC is right

Needs the package msgpack. On the command line it reads hexadecimal text from a file, `#` begins a comment:

    kudos_records.py tests/vectors/changes.hex          what the record says, as JSON
    kudos_records.py --body tests/vectors/body.hex      the same of the body of a batch
"""
import hashlib
import hmac
import json
import re
import sys

import msgpack

SCHEMA = 1
BATCH, CLAIM, SNAPSHOT, CHANGES, DECISION, MILESTONES, HEARTBEAT, MARKER = 1, 2, 3, 4, 5, 6, 7, 8
# By kind: the elements of the array behind schema and kind, in their order. Those behind the bar may be missing.
FIELDS = {
    BATCH: ("batch", "edge region incarnation seq digest sent_us after_incarnation after_seq after_digest complete_to_us epoch body | viral"),
    CLAIM: ("claim", "epoch central at_us | supersedes author read digest"),
    SNAPSHOT: ("snapshot", "kind partition epoch version previous made_us low_watermark_us stable_us part parts chain edges counts | retired closed read history untold"),
    CHANGES: ("changes", "partition epoch version first changes |"),
    DECISION: ("decision", "job seq last what epoch central at_us item stamp_us region author body |"),
    MILESTONES: ("milestones", "partition epoch version first milestones |"),
    HEARTBEAT: ("heartbeat", "member run seq started_us at_us url zone leaving partitions held |"),
    MARKER: ("marker", "partition epoch central at_us version |"),
}
LIVES, ERASE = 7, 10  # sorts of decisions whose body is no operations: lives of collections, the id of a user,
RETIRE, READMIT, RELEASE, DROP, EXPECT = 11, 12, 13, 14, 17  # the name of an edge, the id of a record in quarantine, the edges that are expected
UUID_DASHES = (8, 12, 16, 20)


class NewerSchema(Exception):
    """A newer program wrote the record: leave it alone, and take a newer version of this file."""


class Column:
    """Reads the bytes of one `bin` value from its begin to its end."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise ValueError("a column is cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def varint(self):
        """LEB128: seven bits a byte, low ones first."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self):
        """Zigzag: 0, -1, 1, -2, 2, ... as 0, 1, 2, 3, 4."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bits(self, count, width):
        """So many numbers of so many bits, low bits first."""
        packed = int.from_bytes(self.take((count * width + 7) // 8), "little")
        return [packed >> i * width & (1 << width) - 1 for i in range(count)]

    def end(self):
        if self.at != len(self.data):
            raise ValueError("bytes are left over in a column")


class Texts:
    """A column of texts that are mostly numbered: each is told by what differs from the one before."""

    def __init__(self):
        self.prefix, self.number = b"", 0

    def next(self, column):
        form = column.varint()
        if form < 3:  # a new prefix: what it shares with the one before, and the rest
            shared = column.varint()
            self.prefix = self.prefix[:shared] + column.take(column.varint())
        if form >= 4:
            self.number += form - 4
        else:
            self.number = column.varint() if form == 1 else 0
        if form in (2, 3):
            text = column.take(16).hex()
            tail = "-".join(text[a:b] for a, b in zip((0, *UUID_DASHES), (*UUID_DASHES, 32)))
        else:
            tail = "" if form == 0 else str(self.number)
        return self.prefix + tail.encode()


def item_of(key):
    """collection/id of a key: each of the two behind a byte with its length."""
    cut = 1 + key[0]
    if len(key) != cut + 1 + key[cut]:
        raise ValueError("no key of an item")
    return f"{key[1:cut].decode()}/{key[cut + 1:].decode()}"


def decode_body(data):
    """{ops, sums, increments} of the body of a batch."""
    schema, op_count, sum_count, increment_count, *columns = msgpack.unpackb(data)
    if schema > SCHEMA:
        raise NewerSchema(f"body of schema {schema}")
    heads, users, states, times, ranks, sums, increments = map(Column, columns)
    texts, names = Texts(), Texts()
    items = [item_of(texts.next(heads)) for _ in range(heads.varint())]
    ops, counter = [], 1
    for item in items:
        head, groups = heads.varint(), []
        if head % 2 == 1:
            counter = 0
            for _ in range(head // 2):
                counter += heads.varint()
                groups.append((counter, heads.varint()))
        elif head > 0:
            groups.append((counter, head // 2))
        for counter, count in groups:
            names.number = 0
            ops += [{"item": item, "user": names.next(users).decode(), "counter": counter} for _ in range(count)]
    if len(ops) != op_count:
        raise ValueError("not as many operations as the body says")
    time, stamps = 0, []
    for _ in ops:
        time += times.varint()
        stamps.append(time)
    width = max(op_count - 1, 0).bit_length()
    for op, liked, rank in zip(ops, states.bits(op_count, 1), ranks.bits(op_count, width)):
        op["time_us"], op["liked"] = stamps[rank], liked == 1
    body = {"ops": ops, "sums": [], "increments": []}
    item = day = 0
    for _ in range(sum_count):
        item += sums.varint()
        counter = sums.varint()
        day += sums.signed()
        body["sums"].append({"item": items[item], "counter": counter, "day": day, "amount": sums.varint()})
    item = 0
    for _ in range(increment_count):
        item += increments.varint()
        body["increments"].append({"item": items[item], "counter": increments.varint(), "shown": increments.signed()})
    for column in (heads, users, states, times, ranks, sums, increments):
        column.end()
    return body


def decode_counts(data):
    """[{item, counts: {wire number of a counter: value}}] of a snapshot; a counter that is not listed counts 0."""
    column, texts = Column(data), Texts()
    items = [{"item": item_of(texts.next(column)), "counts": {}} for _ in range(column.varint())]
    for item in items:
        counter = 0
        for _ in range(column.varint()):
            counter += column.varint()
            item["counts"][counter] = column.varint()
    column.end()
    return items


def decode_changes(data):
    """The changes of a record in their order: of a set with `user`, of a sum with `amount`."""
    column, items, users = Column(data), Texts(), Texts()
    count = column.varint()
    edges, regions = ([column.take(column.varint()).decode() for _ in range(column.varint())] for _ in range(2))
    time, day, changes = 0, 0, []
    for _ in range(count):
        head = column.varint()
        change = {"counter": head // 4, "item": item_of(items.next(column)), "edge": edges[column.varint()], "region": regions[column.varint()]}
        if head & 1:
            day += column.signed()
            change.update(day=day, amount=column.varint())
        else:
            change["user"] = users.next(column).decode()
            time += column.signed()
            change.update(time_us=time, liked=head & 2 != 0)
        changes.append(change)
    column.end()
    return changes


def decode(record):
    """The record as {"record": "batch", "claim", "decision", "snapshot", "changes", "milestones", "heartbeat" or "marker", ...}: elements behind those that are known are left
    out."""
    try:
        return decode_array(msgpack.unpackb(record))
    except (IndexError, TypeError, msgpack.UnpackException) as error:
        raise ValueError(f"no record of Kudos: {error}") from error


def decode_expected(body):
    """[name, region] of each edge; the region may be empty."""
    names, at = [], 0
    while at < len(body):
        end = at + 1 + body[at]
        names.append(body[at + 1:end].decode())
        at = end
    return [[name, region] for name, region in zip(names[::2], names[1::2])]


def decode_ordered(what, body):
    """The body of a decision."""
    if what in (ERASE, RETIRE, READMIT):
        return body.decode()
    if what in (LIVES, RELEASE, DROP):
        return body.hex()
    if what == EXPECT:
        return decode_expected(body)
    return decode_body(body) if body else None


def decode_array(array):
    if not isinstance(array, list) or len(array) < 2 or not isinstance(array[0], int) or not isinstance(array[1], int):
        raise ValueError("no record of Kudos")
    if array[0] > SCHEMA or array[1] not in FIELDS:
        raise NewerSchema(f"schema {array[0]}, kind {array[1]}")
    name, fields = FIELDS[array[1]]
    always, sometimes = (part.split() for part in fields.split("|"))
    values = array[2:]
    if len(values) < len(always):
        raise ValueError("fields are missing")
    found = {"record": name, **dict(zip(always + sometimes, values))}
    if name == "batch":
        found["body"] = decode_body(found["body"])
    if name == "decision":
        found["item"] = item_of(found["item"]) if found["item"] else None
        found["body"] = decode_ordered(found["what"], found["body"])
    if name == "changes":
        found["changes"] = decode_changes(found["changes"])
    if name == "milestones":
        fields = ("id", "counter", "item", "threshold", "count", "time_us")
        found["milestones"] = [dict(zip(fields, row)) for row in found["milestones"]]
    if name == "heartbeat":
        found["held"] = [dict(zip(("partition", "state", "epoch", "read", "yields"), row)) for row in found["held"]]
    if name == "snapshot":
        found["chain"] = [dict(zip(("epoch", "last"), link)) for link in found["chain"]]
        found["edges"] = [dict(zip(("edge", "incarnation", "seq", "digest", "watermark_us"), edge)) for edge in found["edges"]]
        found["counts"] = decode_counts(found["counts"])
    return found


def mac_holds(key_id, key, topic, partition, value, header):
    """Whether `header`, the value of kudos-mac or None, has a MAC of this key, and it is that of the record. `key`: 32 bytes."""
    place = len(topic).to_bytes(2, "big") + topic.encode() + partition.to_bytes(4, "big")
    digest = hashlib.blake2b(b"kudos record 1" + place + value, digest_size=32).digest()
    wanted = key_id.to_bytes(4, "big") + hashlib.blake2b(digest, key=key, digest_size=16).digest()
    if header is None or header[:1] != b"\1" or len(header) % 20 != 1:
        return False
    return any(hmac.compare_digest(header[at:at + 20], wanted) for at in range(1, len(header), 20))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1:-1] not in ([], ["--body"]):
        sys.exit("usage: kudos_records.py [--body] FILE")
    with open(sys.argv[-1], encoding="utf-8") as file:
        text = bytes.fromhex(re.sub(r"#.*", "", file.read()))
    json.dump((decode if len(sys.argv) == 2 else decode_body)(text), sys.stdout, indent=1)
    print()
