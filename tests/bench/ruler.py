"""The ruler of `make bench`: how one thing is measured beside another, and how a row is told.

A row is a line `bench row= ours= peer= ratio= cpu_ratio= goal= verdict=`, without blanks in a value; `-` where there is none:

- ours, peer: a throughput (a second) unless docs/performance.md says otherwise of the row
- ratio: our throughput divided by the peer's; of times, the peer's divided by ours: more is better
- cpu_ratio: the peer's processor time of the server for an operation divided by ours: more is better
- goal: what is to be reached, as `cpu_ratio>=0.65`; verdict: met or missed, or told where there is no goal

Server and client have processors of their own, and the peer's the same ones. A server's processor time is that of the window in which requests are
sent. Medians of pairs that were measured in turns: ours, peer, ours, peer ... A run that is not exact is no figure: Wrong.
"""
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from proc import Broker, Central, Edge, fields_of, program

PARTITIONS, ITEMS, USERS = 8, 100000, 1000000
CONNECTIONS, STREAMS = 16, 64  # a group commit holds at most what is in flight
RUN_S = 120  # beyond --seconds
# Central is elsewhere: batches are handed to Kafka once and wait to be applied.
EDGE = {"edge": {"send_window": 10000, "resend_min": "60s", "items_max": 20000000, "outbox_max": "8GiB"},
        "central": {"like_wait": None, "read_wait": None}}  # the defaults
VERDICTS = {None: "told", True: "met", False: "missed"}


class Wrong(Exception):
    """A figure that means nothing, since what it counts was not done."""


def cores():
    """(the servers', everybody else's): sets of processors. The same set where there is but one."""
    mine = sorted(os.sched_getaffinity(0))
    half = len(mine) // 2
    return (mine[:half], mine[half:]) if half else (mine, mine)


SERVER, OTHERS = cores()


def pinned(command, on):
    return ["taskset", "-c", ",".join(map(str, on)), *map(str, command)]


def run(*command, timeout=RUN_S, on=None):
    """({name: value} of the last line, all lines) of a program that ends by itself; `on`: processors that it may use."""
    done = subprocess.run(pinned(command, on or SERVER + OTHERS), capture_output=True, text=True, timeout=timeout)
    lines = done.stdout.strip().splitlines()
    if not lines:
        raise Wrong(f"{command[0]} said nothing: {done.stderr[-500:]}")
    return fields_of(lines[-1]), lines


def exact(figures, verdict="exact"):
    """These figures, of a run that says so of itself."""
    if figures.get("verdict") != verdict:
        raise Wrong(f"not {verdict}: {figures}")
    return figures


def figure(value):
    """A number as it stands in a row."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def word(value):
    text = value if isinstance(value, str) else figure(value)
    if not re.fullmatch(r"[^\s=]+(>=|<=)?[^\s=]*", text):
        raise ValueError(f"{text!r} is no value of a row")
    return text


class Bench:
    def __init__(self, options):
        self.options = options
        self.rows, self.missed, self.seed = [], [], int(time.time()) % 1000000 * 1000
        self.directory = options.directory or tempfile.mkdtemp(prefix="kudos-bench-")
        os.makedirs(self.directory, exist_ok=True)
        self.stack = contextlib.ExitStack()
        self.shared_broker = None

    def finish(self):
        self.stack.close()
        if not self.options.directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    # ---- rows ----

    def say(self, text):
        """What stands behind a row, for people."""
        print(f"  {text}", flush=True)

    def report(self, row, ours=None, peer=None, ratio=None, cpu_ratio=None, goal="-", verdict=None):
        """A row. `verdict`: whether the goal is met; None where there is none."""
        values = {"row": row, "ours": ours, "peer": peer, "ratio": ratio, "cpu_ratio": cpu_ratio, "goal": goal, "verdict": VERDICTS[verdict]}
        line = "bench " + " ".join(f"{name}={word(value)}" for name, value in values.items())
        self.rows.append(row)
        if verdict is False:
            self.missed.append(line)
        print(line, flush=True)

    def judged(self, row, ours=None, peer=None, goal=None, **ratios):
        """A row with the goal (name of a value, ">=" or "<=", bound), or without one."""
        values = {"ours": ours, "peer": peer, **ratios}
        held = None
        if goal:
            name, way, bound = goal
            held = values[name] >= bound if way == ">=" else values[name] <= bound
        self.report(row, **values, goal=f"{goal[0]}{goal[1]}{goal[2]}" if goal else "-", verdict=held)

    def beside(self, row, pairs, goal=None, unit="request"):
        """A row of pairs of figures {"per_s": ..., "cpu_us": ...} that were measured in turns; the median of ours."""
        ours, peer = ({key: statistics.median(float(p[i][key]) for p in pairs) for key in ("per_s", "cpu_us")} for i in (0, 1))
        ratio = statistics.median(float(a["per_s"]) / float(b["per_s"]) for a, b in pairs)
        cpu_ratio = statistics.median(float(b["cpu_us"]) / float(a["cpu_us"]) for a, b in pairs)
        self.say(f"{row}: {ours['cpu_us']:.2f} us of server CPU a {unit}, peer {peer['cpu_us']:.2f}")
        self.judged(row, ours["per_s"], peer["per_s"], goal, ratio=ratio, cpu_ratio=cpu_ratio)
        return ours

    # ---- one measurement ----

    def load(self, port, pid, *arguments, tls=False, seconds=None, again=False):
        """Figures of one run of `kudos-sim load`, with cpu_us, the processor time of process `pid` for a request. `again`: by the users of the run
        before. Without TLS by the client that costs least."""
        self.seed += not again
        seconds = seconds or self.options.seconds
        client = ("--insecure",) if tls else ("--pump",)
        _, lines = run(program("kudos-sim"), "load", "--edge", f"{'https' if tls else 'http'}://127.0.0.1:{port}", "--connections", CONNECTIONS,
                       "--streams", STREAMS, "--seed", self.seed, "--seconds", seconds, "--cpu-of", pid, *client, *arguments,
                       timeout=seconds + RUN_S, on=OTHERS)
        figures = {}
        for line in lines:
            figures.update(fields_of(line))
        if figures.get("verdict") != "ok" or float(figures["cpu_us"]) == 0:
            raise Wrong("\n".join(lines))
        figures["cpu_us"] = float(figures["cpu_us_per_request"])
        return figures

    def like(self, edge, *more, **kw):
        return self.load(edge.port, edge.popen.pid, "--like", "--check", "--items", ITEMS, "--users", USERS, *more, **kw)

    def batch(self, edge, items, users, size, *more, **kw):
        """Likes of each item by each user in batches; figures are of likes."""
        figures = self.load(edge.port, edge.popen.pid, "--batch", "--items", items, "--users", users, "--batch-size", size, "--connections", 8,
                            "--streams", 4, *more, **kw)
        return dict(figures, per_s=figures["likes_per_s"], cpu_us=figures["cpu_us"] / size)

    def read(self, edge, *more, **kw):
        return self.load(edge.port, edge.popen.pid, "--read", "--items", ITEMS, *more, **kw)

    def file(self, peer, *more, **kw):
        return self.load(peer.port, peer.popen.pid, "--path", "/f?{item}", "--items", ITEMS, *more, **kw)

    # ---- what is measured ----

    @property
    def broker(self):
        """A broker for all rows."""
        if not self.shared_broker:
            self.shared_broker = self.stack.enter_context(self.new_broker("broker"))
        return self.shared_broker

    def new_broker(self, name):
        broker = Broker(self.path(name), PARTITIONS)
        broker.command = pinned(broker.command, OTHERS)
        return broker

    def edge(self, broker, name, tls=None, central=None, more=None):
        """An edge on the servers' processors. `tls`: files of its key and certificate."""
        more = {**EDGE, **(more or {})}
        if tls:
            more["http"] = {"tls_certificate": tls[1], "tls_key": tls[0], "tls_required": "true"}
        edge = Edge(self.path(name), broker.address, name=name, shards=self.options.shards, partitions=PARTITIONS, central=central, more=more)
        edge.command = pinned(edge.command, SERVER)
        edge.tls = tls is not None
        return edge

    def central(self, broker, name, more=None):
        central = Central(self.path(name), broker.address, partitions=PARTITIONS, more=more)
        central.command = pinned(central.command, OTHERS)
        return central
