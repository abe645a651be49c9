"""The load of the rows redis_p1 and redis_p32: likes as one would write them for Redis, with a script that adds the user to the item's set and counts
him if he was not in it.

A client of one thread, with commands made beforehand; a connection has so many in flight and sends as many again when all are answered. Each like is by
another user, and afterwards each must count exactly once. `busy` tells the client's own share of its processor: where it is 1, the client was measured.
"""
import selectors
import socket
import time

from ruler import Wrong

SCRIPT = b"return redis.call('SADD',KEYS[1],ARGV[1])==1 and redis.call('INCR',KEYS[2]) or 0"
READ = 65536


def resp(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def keys_of(item):
    return b"users:posts/%d" % item, b"likes:posts/%d" % item


def cpu_s(pid):
    """Processor time of a process, by the clock that clock_getcpuclockid gives on Linux."""
    return time.clock_gettime(~pid << 3 | 2)


class Link:
    """A connection with at most one request under way, which is several commands."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader, self.requests, self.left = self.socket.makefile("rb"), iter(()), 0

    def send(self, depth):
        """The next request, of so many commands."""
        self.socket.sendall(next(self.requests))
        self.left = depth

    def take(self):
        """How many answers have come, each of which must be the number of a count that went up."""
        data = self.socket.recv(READ)
        if not data or b"-" in data or b":0\r" in data:
            raise Wrong(f"redis: {data[:200]!r}")
        answers = data.count(b"\n")
        self.left -= answers
        return answers

    def ask(self, commands):
        """What is answered to each: a number or a text."""
        self.socket.sendall(b"".join(commands))
        for _ in commands:
            line = self.reader.readline()
            yield self.reader.readline().strip() if line.startswith(b"$") and line != b"$-1\r\n" else line[1:].strip()


def script(link):
    """The name by which Redis knows the script."""
    sha, = link.ask([resp(b"SCRIPT", b"LOAD", SCRIPT)])
    return sha


def prepare(links, sha, most, depth, items):
    """Gives each connection its part of `most` likes."""
    def like(n):
        return resp(b"EVALSHA", sha, b"2", *keys_of(n % items), b"u1.%010d" % n)

    share = most // len(links) // depth
    for i, link in enumerate(links):
        link.requests = iter([b"".join(like((i * share + r) * depth + k) for k in range(depth)) for r in range(share)])


def turn(selector, depth, again):
    """How many likes were answered; `again`: connections without any in flight send more."""
    answered = 0
    for key, _ in selector.select(30):
        link = key.data
        answered += link.take()
        if again and link.left == 0:
            link.send(depth)
    return answered


def check(link, likes, items):
    """Each like is in its item's set and in its item's count."""
    for command, at in ((b"SCARD", 0), (b"GET", 1)):
        counted = sum(int(n) for n in link.ask([resp(command, keys_of(i)[at]) for i in range(items)]) if n != b"-1")
        if counted != likes:
            raise Wrong(f"redis: {likes} likes were answered, {command.decode()} tells {counted}")


def load(redis, connections, depth, seconds, items, most):
    """{"per_s", "cpu_us", "busy"} of as many likes as it takes in so many seconds, `most` at most."""
    links = [Link(redis.port) for _ in range(connections)]
    prepare(links, script(links[0]), most, depth, items)
    with selectors.EpollSelector() as selector:
        for link in links:
            selector.register(link.socket, selectors.EVENT_READ, link)
        begun, own, cpu, likes = time.monotonic(), time.process_time(), cpu_s(redis.popen.pid), 0
        for link in links:
            link.send(depth)
        while time.monotonic() < begun + seconds:
            likes += turn(selector, depth, True)
        took, own, cpu = time.monotonic() - begun, time.process_time() - own, cpu_s(redis.popen.pid) - cpu
        late = 0
        while any(link.left for link in links):
            late += turn(selector, depth, False)
    check(links[0], likes + late, items)
    for link in links:
        link.socket.close()
    return {"per_s": likes / took, "cpu_us": cpu / likes * 1e6, "busy": own / took}
