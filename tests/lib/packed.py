"""MessagePack, read strictly: what an answer may hold, each value in its shortest form, and nothing behind it."""
import struct

WIDTHS = {0xc4: "B", 0xc5: ">H", 0xc6: ">I", 0xcc: "B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: "b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q",
          0xd9: "B", 0xda: ">H", 0xdb: ">I", 0xdc: ">H", 0xdd: ">I", 0xde: ">H", 0xdf: ">I"}
LEAST = {0xc5: 2**8, 0xc6: 2**16, 0xcc: 128, 0xcd: 2**8, 0xce: 2**16, 0xcf: 2**32, 0xd9: 32, 0xda: 2**8, 0xdb: 2**16,
         0xdc: 16, 0xdd: 2**16, 0xde: 16, 0xdf: 2**16}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), "cut short"
        self.at += n
        return self.data[self.at - n:self.at]

    def text(self, n):
        return self.take(n).decode()

    def array(self, n):
        return [self.value() for _ in range(n)]

    def map(self, n):
        pairs = [(self.value(), self.value()) for _ in range(n)]
        assert all(isinstance(k, str) for k, _ in pairs) and len(dict(pairs)) == n, pairs
        return dict(pairs)

    def value(self):
        kind = self.take(1)[0]
        if kind < 0x80 or kind >= 0xe0:
            return kind if kind < 0x80 else kind - 256
        if kind < 0xc0:
            return self.map(kind & 15) if kind < 0x90 else self.array(kind & 15) if kind < 0xa0 else self.text(kind & 31)
        if kind in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[kind]
        number, = struct.unpack(WIDTHS[kind], self.take(struct.calcsize(WIDTHS[kind])))
        assert kind not in LEAST or number >= LEAST[kind], f"{number} as {kind:#x} is not the shortest form"
        if kind <= 0xc6:
            return self.take(number)
        if kind <= 0xd3:
            return number
        return self.text(number) if kind <= 0xdb else self.array(number) if kind <= 0xdd else self.map(number)


def unpack(data):
    reader = Reader(data)
    value = reader.value()
    assert reader.at == len(data), "something stands behind the value"
    return value
