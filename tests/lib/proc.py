"""Processes of a test: started, awaited by a condition with a deadline, killed, and never left behind.

    with Broker(directory, partitions=4) as broker, Edge(directory, broker.address, shards=2) as edge:
        edge.post("/v1/posts/1/like", user="u1").json["count"]
        edge.kill9(); edge.start()

Programs come from $BUILD (default build) of this tree. Everything a process prints is in DIRECTORY/NAME.log, which is shown
when waiting for it fails. Only the standard library is used; HTTP is HTTP/1.1, which every port speaks beside HTTP/2.
"""
import contextlib
import glob
import http.client
import json
import os
import re
import signal
import subprocess
import time

from ports import free_ports

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SANITIZED = os.path.basename(os.environ.get("BUILD", "build")) in ("address", "undefined", "address,undefined", "thread")
SLOWER = 4 if SANITIZED else 1  # a sanitized build takes its time
START_S, STOP_S = 30 * SLOWER, 30 * SLOWER


def program(name):
    """The path of a built program; made when it is missing."""
    build = os.environ.get("BUILD", "build")
    path = build if os.path.isabs(build) else os.path.join(TOP, build)
    path = os.path.join(path, name)
    if not os.path.exists(path):
        subprocess.run(["make", "-s", "-C", TOP, f"BUILD={build}", os.path.join(build, name)], check=True)
    return path


def run_program(name, *arguments, rc=0, seconds=60):
    """A program that ends by itself; what it said. It must end with this exit code."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, timeout=seconds)
    assert done.returncode == rc, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


UNREAD = ("full", "left", "closed")


def run_unread(name, *arguments, how, seconds=60):
    """A program whose standard output takes nothing (a disk that is full, a pipe that its reader has left, no descriptor). Its exit code, and what it
    said on standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    with open("/dev/full", "w", encoding="ascii") as full:
        command = ["sh", "-c", 'exec "$0" "$@" >&-'] if how == "closed" else []
        done = subprocess.run([*command, program(name), *map(str, arguments)], stdout=writer if how == "left" else full, stderr=subprocess.PIPE,
                              text=True, timeout=seconds)
    os.close(writer)
    return done.returncode, done.stderr


def fields_of(line):
    """{name: value} of the words `name=value` in a line; other words are left out."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def wait_until(condition, seconds=START_S, what="condition", pause=0.02):
    """The first true value of condition(), or an AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} s (last: {value!r})"
        time.sleep(pause)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The slug of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json", self
        document = self.json
        assert document["status"] == self.status and self.headers.get("cache-control") == "no-store", self
        return document["type"].removeprefix("urn:kudos:")

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:500]!r}>"


def request(port, method, path, body=None, headers=None, host="127.0.0.1", timeout=15):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def stop_at_once(popen):
    """SIGSTOP, and until each of the process's threads stands still: one that runs stops some time later."""
    def stands():
        states = []
        for path in glob.glob(f"/proc/{popen.pid}/task/*/stat"):
            with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as f:
                states.append(f.read().rpartition(")")[2].split()[0])
        return all(state in "TZX" for state in states)

    popen.send_signal(signal.SIGSTOP)
    wait_until(stands, 30, "stopped")


class Process:
    """A program with its log. Subclasses say when it is ready."""

    def __init__(self, directory, name, command, env=None):
        os.makedirs(directory, exist_ok=True)
        self.directory, self.name, self.command = str(directory), name, command
        self.env = dict(os.environ, **env) if env else None
        self.log_path = os.path.join(self.directory, name + ".log")
        self.popen = None

    def ready(self):
        return True

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=START_S):
        def check():
            assert self.popen.poll() is None, f"{self.name} ended with {self.popen.returncode}:\n{self.log()[-3000:]}"
            return self.ready()

        try:
            wait_until(check, seconds, f"{self.name} ready")
        except AssertionError as e:
            self.kill9()
            raise AssertionError(f"{e}\n{self.log()[-3000:]}") from e

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def events(self, name):
        """Its log's lines of that event."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in lines if line.get("event") == name]

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def signal(self, number):
        if number == signal.SIGSTOP:
            stop_at_once(self.popen)
        else:
            self.popen.send_signal(number)

    def wait(self, seconds=STOP_S):
        """The exit code."""
        try:
            code = self.popen.wait(seconds)
            self.remove_clock()
            return code
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.log()[-3000:]}") from None

    def stop(self, seconds=STOP_S):
        """SIGTERM, and the exit code."""
        if self.running():
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill9(self):
        if self.popen is not None:
            self.popen.kill()
            self.popen.wait()
            self.remove_clock()

    def remove_clock(self):
        """What libfaketime keeps in shared memory: it leaves that when killed, and stumbles over it when the pid comes again."""
        if "FAKETIME" in (self.env or {}):
            for name in (f"faketime_shm_{self.popen.pid}", f"sem.faketime_sem_{self.popen.pid}"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"/dev/shm/{name}")

    def __enter__(self):
        return self if self.running() else self.start()

    def __exit__(self, *error):
        self.kill9()


TOPICS = tuple(f"kudos.{name}.v1" for name in ("likes", "counts", "changes", "milestones", "members"))


class Broker(Process):
    """The embedded broker; it forgets everything when it ends. Each start has a port of its own: who was left over from before must not find it."""

    def __init__(self, directory, partitions=4, topics=TOPICS, name="broker"):
        self.address_file = os.path.join(str(directory), name + ".address")
        self.options = ["--partitions", str(partitions), "--topics", ",".join(topics), "--address-file", self.address_file]
        super().__init__(directory, name, [])
        self.partitions = partitions

    def start(self, wait=True):
        for attempts_left in (2, 1, 0):
            if os.path.exists(self.address_file):
                os.unlink(self.address_file)
            self.command = [program("kudos-sim"), "broker", "--port", str(*free_ports(1)), *self.options]
            try:
                return super().start(wait)
            except AssertionError:
                # The port was free when it was given out, and somebody else has taken it since.
                if attempts_left == 0 or "Address already in use" not in self.log():
                    raise

    def ready(self):
        return os.path.exists(self.address_file)

    @property
    def address(self):
        with open(self.address_file, encoding="ascii") as f:
            return f.read().strip()


class Daemon(Process):
    """kudos-edge or kudos-central: a configuration file, a public and an admin port."""

    binary = None

    def __init__(self, directory, name, sections):
        self.port, self.admin_port = free_ports(2)
        self.sections = {}
        self.config = os.path.join(str(directory), name + ".conf")
        os.makedirs(directory, exist_ok=True)
        super().__init__(directory, name, [program(self.binary), "-c", self.config])
        self.set(sections)

    def set(self, sections):
        """Merges {"section": {"key": value}} into the configuration and writes it; None takes a key out."""
        for section, pairs in sections.items():
            kept = self.sections.setdefault(section, {})
            kept.update({k: v for k, v in pairs.items()})
        with open(self.config, "w", encoding="utf-8") as f:
            for section, pairs in self.sections.items():
                f.write(f"[{section}]\n")
                f.writelines(f"{k} = {v}\n" for k, v in pairs.items() if v is not None)

    def ready(self):
        try:
            return request(self.admin_port, "GET", "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def admin(self, path):
        return request(self.admin_port, "GET", path)

    def metric(self, name):
        """The sum over a metric's rows; `name` may hold labels."""
        text = self.admin("/metrics").body.decode()
        rows = re.findall(r"^" + re.escape(name) + r"(?:\{[^}]*\})? (\S+)$", text, re.M)
        assert rows, name
        return sum(float(v) for v in rows)

    def request(self, method, path, body=None, user=None, headers=None, timeout=15):
        fields = dict(headers or {})
        if user is not None:
            fields["X-User-Id"] = user
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        return request(self.port, method, path, body, fields, timeout=timeout)

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, **kw):
        return self.request("POST", path, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)


# A test opens a connection for each request: a fast machine's is refused at the 500 a second that one address may open. Tests of that limit set it.
EACH_REQUEST_CONNECTS = {"max_new_connections_per_address": "0"}
# A busy machine is no overload, of which an edge gives up details of answers. Tests of overload set their own levels.
CALM = {"level_1": "57s", "level_2": "58s", "level_3": "59s", "level_4": "60s"}


class Edge(Daemon):
    binary = "kudos-edge"

    def __init__(self, directory, brokers, name="edge-1", region="mumbai", shards=2, partitions=4, central=None, more=None):
        super().__init__(directory, name, {})
        self.data = os.path.join(str(directory), name + ".data")
        self.set({
            "edge": {"name": name, "region": region, "data_dir": self.data, "shards": shards},
            "http": {"listen": f"127.0.0.1:{self.port}", **EACH_REQUEST_CONNECTS},
            "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
            "kafka": {"brokers": brokers, "partitions": partitions},
            "central": {"url": central, "like_wait": "10s", "read_wait": "10s"},  # on a busy machine a near central looks far
            "limits": {"user": ""},  # tests ask more of a user than people do
            "overload": CALM,
        })
        self.set(more or {})


@contextlib.contextmanager
def edges(directory, broker):
    """What makes an edge beside this broker, by arguments of Edge, as often as it is called; all of them are killed at the end."""
    with contextlib.ExitStack() as made:
        def make(**kw):
            edge = Edge(directory, broker.address, partitions=broker.partitions, **kw)
            made.callback(edge.kill9)
            return edge

        yield make


class Central(Daemon):
    binary = "kudos-central"

    def __init__(self, directory, brokers, name="central-1", partitions=4, more=None):
        super().__init__(directory, name, {})
        self.data = os.path.join(str(directory), name + ".data")
        self.set({
            "central": {"name": name, "data_dir": self.data},
            "http": {"listen": f"127.0.0.1:{self.port}", **EACH_REQUEST_CONNECTS},
            "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
            "kafka": {"brokers": brokers, "partitions": partitions},
        })
        self.set(more or {})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class SyncOrder:
    """What syncs of a daemon's files do, from its next start on: fail, or take longer. Its program runs with a library of ours before libc."""

    def __init__(self, daemon):
        library, self.path = program("libkudos_powercut.so"), daemon.data + ".sync"
        daemon.env = dict(os.environ, LD_PRELOAD=library, KUDOS_POWERCUT_DIR=daemon.data, KUDOS_SYNC_ORDER=self.path,
                          ASAN_OPTIONS="verify_asan_link_order=0")

    def write(self, text):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.rename(self.path + ".new", self.path)

    def fail(self):
        self.write("1 0")

    def slow(self, seconds):
        self.write(f"0 {int(seconds * 1e6)}")

    def end(self):
        os.unlink(self.path)
