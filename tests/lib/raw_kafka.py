"""Who may write to a topic of Kafka and does so by hand: record batches with any producer id, sequence number and time, as no client library makes them."""
import gzip
import socket
import struct
import time


def _table():
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        yield n


CRC32C = list(_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC32C[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(n):
    n = (n << 1) ^ (n >> 63)
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def batch(value, producer=-1, epoch=-1, sequence=-1, zipped=False):
    """A batch (format 2) of one record."""
    at = int(time.time() * 1000)
    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    records = varint(len(record)) + record
    body = struct.pack(">hiqqqhii", int(zipped), 0, at, at, producer, epoch, sequence, 1) + (gzip.compress(records, 1) if zipped else records)
    return struct.pack(">qiib", 0, len(body) + 9, 0, 2) + struct.pack(">I", crc32c(body)) + body


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


class RawKafka:
    """A connection to one broker; as `user` by SASL/PLAIN."""

    def __init__(self, address, user=None, password=None):
        host, port = address.split(",")[0].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.calls = 0
        if user:
            self._authenticate(user, password)

    def _authenticate(self, user, password):
        self._call(17, 1, string("PLAIN"))
        word = f"\0{user}\0{password}".encode()
        assert self._call(36, 0, struct.pack(">i", len(word)) + word)[:2] == b"\0\0", "not let in"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _call(self, api, version, payload):
        self.calls += 1
        message = struct.pack(">hhi", api, version, self.calls) + string("raw") + payload
        self.socket.sendall(struct.pack(">i", len(message)) + message)
        return self._read(struct.unpack(">i", self._read(4))[0])[4:]

    def _read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            assert more, "the broker closed the connection"
            data += more
        return data

    def new_producer_id(self):
        return struct.unpack_from(">q", self._call(22, 0, struct.pack(">hi", -1, 60000)), 6)[0]

    def produce(self, topic, batches):
        """batches: by partition. Returns (error, offset) by partition."""
        payload = struct.pack(">hhii", -1, -1, 10000, 1) + string(topic) + struct.pack(">i", len(batches))
        for partition, data in batches.items():
            payload += struct.pack(">ii", partition, len(data)) + data
        answer = self._call(0, 7, payload)
        at = 4 + 2 + struct.unpack_from(">h", answer, 4)[0]
        count, at, out = struct.unpack_from(">i", answer, at)[0], at + 4, {}
        for _ in range(count):
            partition, error, offset = struct.unpack_from(">ihq", answer, at)
            out[partition], at = (error, offset), at + 30
        return out

    def topic_configs(self, topic):
        answer = self._call(32, 0, struct.pack(">ib", 1, 2) + string(topic) + struct.pack(">i", -1))
        at = 8
        assert struct.unpack_from(">h", answer, at)[0] == 0, "refused"

        def text():
            nonlocal at
            length = struct.unpack_from(">h", answer, at)[0]
            at += 2 + max(0, length)
            return answer[at - max(0, length):at].decode()

        at += 2
        text()
        at += 1
        text()
        count, at, out = struct.unpack_from(">i", answer, at)[0], at + 4, {}
        for _ in range(count):
            name = text()
            out[name] = text()
            at += 3
        return out
