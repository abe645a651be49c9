#!/usr/bin/env python3
"""A real Apache Kafka for tests and the demo: fetched once, KRaft, small brokers on free ports.

As a library:
    with Kafka(directory, brokers=3) as kafka:   # started and answering
        kafka.bootstrap                          # "127.0.0.1:p1,127.0.0.1:p2,..."
        kafka.kill(1); kafka.start(1); kafka.wait_ready()
        kafka.delete_topics("a", "b")
    with Kafka(directory, users={"ada": "secret"}) as kafka:
        kafka.allow("ada", "topic", "a", "read", "describe")
        kafka.authenticated                      # where SASL is demanded, and rights
As a command, in the foreground until SIGTERM:
    python3 sim/kafka/kafka.py run --brokers 1 --dir D --port P --address-file F
With --commands it also obeys, line by line on its standard input, and ends when that ends:
    kill N | kill leader TOPIC | kill all | start all | freeze all | thaw all | delete TOPIC
    truncate TOPIC N    an unclean election: the last records, about N of every partition, are gone (--apart, --min-insync 1)
Each that was done, or not, is a line of FILE.done beside the address file.
Exit codes: 0 stopped, 1 failed, 2 usage, 4 Kafka cannot be had (no Java, no Maven, no download).
"""
import argparse
import base64
import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import kafka_election  # beside this file
import kafka_wire
from kafka_wire import until
from ports import free_ports

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
POM = os.path.join(TOP, "sim", "kafka", "pom.xml")
LIBS = os.path.join(TOP, "build", "kafka", "libs")
CLASSES = os.path.join(os.path.dirname(LIBS), "classes.jsa")
JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
READY_S, STOP_S, FETCH_S = 60, 20, 300


class Unavailable(Exception):
    """Kafka cannot be had on this machine, and why."""


def fetch(libs=LIBS):
    """Downloads the jars once. Whoever comes meanwhile waits; the marker is made only when all are there."""
    marker = os.path.join(libs, ".complete")
    os.makedirs(os.path.dirname(libs), exist_ok=True)
    with open(os.path.join(os.path.dirname(libs), "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(marker) and os.path.getmtime(marker) >= os.path.getmtime(POM):
            return libs
        for program in ("java", "mvn"):
            if not shutil.which(program):
                raise Unavailable(f"{program} is not installed")
        shutil.rmtree(libs, ignore_errors=True)
        command = ["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", "-DincludeScope=runtime",
                   f"-DoutputDirectory={libs}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=FETCH_S)
        if done.returncode != 0:
            raise Unavailable("the download failed: " + done.stdout[-500:])
        keep_classes(libs)
        open(marker, "w").close()
    return libs


def keep_classes(libs):
    """What a broker loads when it starts, in one file that later JVMs map: nearly half of the work of a start. Of a JVM or a folder that it was not made
    for it is not taken, and all goes on more slowly."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(CLASSES)
    with tempfile.TemporaryDirectory() as directory:
        kafka = Kafka(directory, libs=libs)
        kafka.classes = f"-XX:ArchiveClassesAtExit={CLASSES}"  # the broker is the last to end
        with kafka:
            pass


def new_id():
    """As Kafka writes its own; "-" in front would be taken for an option."""
    return "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


class Kafka:
    """A cluster whose nodes, numbered from 1, are broker and controller in one. Owns `directory` and the processes.

    `advertise` maps a listener's name to the addresses, one per node, under which clients that come in by it are told to
    find the brokers (a fault proxy's, say); each gets a port of its own, see `listener_ports`.

    `users`: names and passwords (SASL/PLAIN) of a further listener, where a user may do only what `allow` has granted. Whoever comes by
    `bootstrap` may do everything: that is for the fixtures themselves.

    `apart`: the controller is a node of its own, behind the brokers, so that it can elect leaders while most brokers are dead.

    `session_ms`: a broker that is silent for so long counts as dead. On a busy machine a short time takes living ones for dead, and leaves partitions
    with one copy in sync.
    """

    def __init__(self, directory, brokers=1, port=None, advertise=None, apart=False, min_insync=None, users=None, libs=None, session_ms=3000):
        self.directory = os.path.abspath(directory)
        self.nodes = range(1, brokers + 1)
        self.controllers = [brokers + 1] if apart else list(self.nodes)
        self.apart, self.session_ms = apart, session_ms
        self.min_insync = min_insync or (2 if brokers >= 3 else 1)
        self.advertise = dict(advertise or {})
        self.users = dict(users or {})
        self.processes = {}
        self.libs = libs or fetch()
        self.classes = f"-XX:SharedArchiveFile={CLASSES}"
        names = ["CLIENT"] + ["SASL"] * bool(self.users) + list(self.advertise)
        free = free_ports(brokers * len(names) + len(self.controllers))
        self.controller_ports = dict(zip(self.controllers, free))
        free = free[len(self.controllers):]
        self.listener_ports = {name: dict(zip(self.nodes, free[i * brokers:])) for i, name in enumerate(names)}
        if port:
            self.listener_ports["CLIENT"] = {n: port + n - 1 for n in self.nodes}

    @property
    def bootstrap(self):
        return ",".join(f"127.0.0.1:{p}" for p in self.listener_ports["CLIENT"].values())

    @property
    def authenticated(self):
        return ",".join(f"127.0.0.1:{p}" for p in self.listener_ports["SASL"].values())

    def __enter__(self):
        try:
            self.format()
            self.start_all()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _path(self, node, name):
        return os.path.join(self.directory, f"node{node}", name)

    def _java(self, node, main, *args, heap="256m"):
        return ["java", f"-Xms{heap}", f"-Xmx{heap}", *JVM, self.classes, f"-Dlog4j.configuration=file:{self._path(node, 'log4j.properties')}",
                "-cp", os.path.join(self.libs, "*"), main, *args]

    @property
    def all_nodes(self):
        return sorted({*self.nodes, *self.controllers})

    @property
    def brokers_running(self):
        return [n for n in self.nodes if n in self.processes]

    def _config(self, node):
        """Of a node that is a broker, and of one that is a controller."""
        config = {
            "process.roles": ",".join(["broker"] * (node in self.nodes) + ["controller"] * (node in self.controllers)),
            "node.id": node,
            "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{p}" for n, p in self.controller_ports.items()),
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._path(node, "data"),
            "unclean.leader.election.enable": "false",
            "broker.session.timeout.ms": self.session_ms,
            "broker.heartbeat.interval.ms": 500,
            "min.insync.replicas": self.min_insync,
        }
        config.update(self._rights_config() if self.users else {})
        if node in self.nodes:
            return {**config, **self._broker_config(node)}
        return {**config, "listeners": f"CONTROLLER://127.0.0.1:{self.controller_ports[node]}"}

    def _rights_config(self):
        """KRaft's own authorizer. A user who has not said who he is may do everything, but only the listeners for fixtures let him in."""
        users = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        return {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config":
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
        }

    def _broker_config(self, node):
        replicas = min(3, len(self.nodes))
        own = ["CLIENT"] + ["SASL"] * bool(self.users)
        listeners = [(name, f"127.0.0.1:{self.listener_ports[name][node]}") for name in own]
        listeners += [(name, addresses[node - 1]) for name, addresses in self.advertise.items()]
        bound = [f"{name}://127.0.0.1:{self.listener_ports[name][node]}" for name, _ in listeners]
        if node in self.controllers:
            bound.append(f"CONTROLLER://127.0.0.1:{self.controller_ports[node]}")
        plain = [name for name, _ in listeners] + ["CONTROLLER"]
        return {
            "listeners": ",".join(bound),
            "advertised.listeners": ",".join(f"{name}://{address}" for name, address in listeners),
            "listener.security.protocol.map": ",".join(f"{name}:{'SASL_PLAINTEXT' if name == 'SASL' else 'PLAINTEXT'}" for name in plain),
            "inter.broker.listener.name": "CLIENT",
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "replica.lag.time.max.ms": 5000,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "log.cleaner.dedupe.buffer.size": 2 * 1024 * 1024,
        }

    def format(self):
        """Writes the configurations and makes the data directories, where they are not there yet."""
        id_file = os.path.join(self.directory, "cluster-id")
        os.makedirs(self.directory, exist_ok=True)
        if not os.path.exists(id_file):
            with open(id_file, "w") as f:
                f.write(new_id())
        with open(id_file) as f:
            cluster_id = f.read()
        for node in self.all_nodes:
            os.makedirs(self._path(node, "data"), exist_ok=True)
            with open(self._path(node, "log4j.properties"), "w") as f:
                f.write("log4j.rootLogger=WARN, out\nlog4j.logger.kafka.authorizer.logger=INFO\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                        "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
                        "log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n\n")
            with open(self._path(node, "server.properties"), "w") as f:
                f.writelines(f"{key}={value}\n" for key, value in self._config(node).items())
        first, *others = self.all_nodes
        self._run(first, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self._path(first, "server.properties"),
                  "--ignore-formatted")
        for node in others:
            self._format_like(first, node)

    def _format_like(self, first, node):
        """Copies what the tool wrote for the first node; only the ids differ, and a JVM for each node takes a second."""
        if os.path.exists(self._path(node, "data/meta.properties")):
            return
        shutil.copy(self._path(first, "data/bootstrap.checkpoint"), self._path(node, "data"))
        with open(self._path(first, "data/meta.properties")) as f:
            text = f.read()
        text = re.sub(r"^node.id=.*$", f"node.id={node}", text, flags=re.M)
        text = re.sub(r"^directory.id=.*$", f"directory.id={new_id()}", text, flags=re.M)
        with open(self._path(node, "data/meta.properties"), "w") as f:
            f.write(text)

    def _run(self, node, *command):
        done = subprocess.run(self._java(node, *command, heap="64m"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=READY_S)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout[-1000:]}")

    def start(self, node):
        """Starts a node that is not running. Does not wait until it answers."""
        assert node not in self.processes
        with open(self._path(node, "log"), "ab") as log:
            command = self._java(node, "kafka.Kafka", self._path(node, "server.properties"))
            self.processes[node] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                    cwd=self._path(node, ""), start_new_session=True)

    def start_all(self):
        """Starts the nodes that do not run; a controller apart comes first, since the brokers look for it."""
        for node in sorted((n for n in self.all_nodes if n not in self.processes), key=lambda n: n in self.nodes):
            self.start(node)

    def kill(self, node):
        """kill -9. What the operating system holds of its log survives, as it would a crash of the process."""
        process = self.processes.pop(node)
        process.kill()
        process.wait()

    def signal_all(self, number):
        for process in self.processes.values():
            process.send_signal(number)

    def leader(self, topic):
        """The node that leads partition 0, or the first that runs where nobody does."""
        leaders = self.metadata().topics.get(topic) or {}
        return leaders.get(0) if leaders.get(0) in self.processes else self.brokers_running[0]

    def obey(self, line):
        """Carries out one line of --commands. Returns what its line in the .done file says besides."""
        verb, *words = line.split()
        if verb == "kill" and words[0] == "all":
            for node in list(self.processes):
                self.kill(node)
        elif verb == "kill" and self.brokers_running:
            self.kill(self.leader(words[1]) if words[0] == "leader" else int(words[0]))
        elif verb == "start":
            self.start_all()
        elif verb == "truncate":
            self.start_all()
            self.wait_ready()
            gone = kafka_election.truncate(self, words[0], int(words[1]))
            if gone == 0:
                raise RuntimeError("nothing was lost in the election")
            return f": {gone} records are gone"
        elif verb in ("freeze", "thaw"):
            self.signal_all(signal.SIGSTOP if verb == "freeze" else signal.SIGCONT)
        elif verb == "delete":
            kafka_wire.delete_topics(self.some_port(), words[:1], timeout_s=2)
        return ""

    def _answers(self, node):
        process = self.processes[node]
        if process.poll() is not None:
            with open(self._path(node, "log"), errors="replace") as log:
                raise RuntimeError(f"Kafka node {node} ended with {process.returncode}: {log.read()[-1000:]}")
        return node not in self.nodes or brokers_known(self.listener_ports["CLIENT"][node]) >= len(self.brokers_running)

    def wait_ready(self, seconds=READY_S):
        """Until every running node answers, and knows of as many brokers as are running."""
        for node in list(self.processes):
            until(lambda: self._answers(node), seconds, f"Kafka node {node} does not answer")

    def metadata(self):
        """What a running node knows: brokers, and topics with the leaders of their partitions."""
        return kafka_wire.metadata(self.some_port())

    def delete_topics(self, *names):
        kafka_wire.delete_topics(self.some_port(), names)

    def allow(self, user, kind, name, *operations):
        """Grants a user operations ("read", "write", ...) on a "topic" or "group" of that name."""
        kafka_wire.create_acls(self.some_port(), user, kind, name, operations)

    def some_port(self):
        return self.listener_ports["CLIENT"][next(iter(self.brokers_running))]

    def stop(self):
        """Ends all nodes, by force what does not end in time."""
        for process in self.processes.values():
            process.terminate()
            process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + STOP_S
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


def brokers_known(port):
    """How many registered brokers does this one know of? 0: it does not answer."""
    try:
        return len(kafka_wire.metadata(port, 2).brokers)
    except (OSError, EOFError):
        return 0


def attempt(kafka, line, done):
    """Whether the command was obeyed; `done` gets a line either way, but not of a deletion that is tried again."""
    try:
        said = f"done: {line}{kafka.obey(line)}"
        print(said, flush=True)
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, StopIteration, TimeoutError) as e:
        said = f"failed: {line}: {e!r}"
        print(said, file=sys.stderr, flush=True)
        if line.startswith("delete"):
            return False
    print(said, file=done, flush=True)
    return True


def follow(kafka, done):
    """Obeys until standard input ends. A deletion that no broker took is tried again, as long as it takes until one is back."""
    rest, later = b"", []
    while True:
        if not select.select([0], [], [], 0.5 if later else None)[0]:
            later = [line for line in later if not attempt(kafka, line, done)]
            continue
        piece = os.read(0, 4096)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        later += [line for line in map(bytes.decode, lines) if not attempt(kafka, line, done)]


def run(options):
    # Before anything is started: a signal in between must not leave a JVM behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    with Kafka(options.dir, options.brokers, options.port, apart=options.apart, min_insync=options.min_insync) as kafka:
        if options.address_file:
            with open(options.address_file + ".new", "w") as f:
                f.write(kafka.bootstrap + "\n")
            os.rename(options.address_file + ".new", options.address_file)
        print(f"kafka {kafka.bootstrap}", flush=True)
        if options.commands:
            with open((options.address_file or os.path.join(options.dir, "commands")) + ".done", "w") as done:
                follow(kafka, done)
            return 0
        while all(p.poll() is None for p in kafka.processes.values()):
            time.sleep(0.2)
        print("a Kafka node ended by itself; its log is in " + kafka.directory, file=sys.stderr)
        return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="download the jars, once")
    p = commands.add_parser("run", help="run a cluster in the foreground")
    p.add_argument("--brokers", type=int, default=1)
    p.add_argument("--dir", required=True)
    p.add_argument("--port", type=int, help="of the first broker; the others follow (default: free ones)")
    p.add_argument("--commands", action="store_true", help="obey standard input; end when it ends")
    p.add_argument("--apart", action="store_true", help="the controller is a node of its own")
    p.add_argument("--min-insync", type=int, help="of new topics (default: 2 of three replicas)")
    p.add_argument("--address-file", help="gets the bootstrap addresses once they answer")
    options = parser.parse_args()
    try:
        if options.command == "fetch":
            fetch()
            return 0
        return run(options)
    except Unavailable as e:
        print(f"Kafka cannot be had: {e}", file=sys.stderr)
        return 4
    except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as e:
        print(e, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
