"""What an attacker does to an edge, and what others keep meanwhile: `kudos-sim attack` on an edge with its broker and central.

The edge may open 1024 descriptors, as a process may that nobody gave more; its store makes many small files. Each attack is short here.
KUDOS_LONG=1: half a minute each.
"""
import os
import re
import signal
import subprocess

import pytest

from proc import SLOWER, TOP, Broker, Central, Edge, program

LONG = os.environ.get("KUDOS_LONG") == "1"
SECONDS = 30 if LONG else 0.7
DESCRIPTORS = 1024
ROUNDS = 5  # of an attack at most; each has the attack and the polite client

ATTACKS = ["rapid-reset", "continuation", "settings", "ping", "window", "tiny-window", "empty-data", "header-bomb", "slow-headers", "slow-bodies",
           "slow-readers", "held-bodies", "unread-answers", "cold-reads", "idle-connections", "kafka-rubbish"]


def limited(daemon, descriptors=DESCRIPTORS):
    """The daemon may open so many descriptors from its next start on."""
    daemon.command = ["bash", "-c", f'ulimit -n {descriptors}; exec "$@"', "limited", *daemon.command]
    return daemon


def attack(edge, *arguments, seconds=SECONDS):
    """(exit code, fields of the lines of attacks by name, fields of the last line, all that was printed)"""
    command = [program("kudos-sim"), "attack", *arguments, "--edge", f"http://127.0.0.1:{edge.port}", "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + ROUNDS * (2 * seconds + 15) * SLOWER)
    print(done.stdout, done.stderr)
    fields = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in done.stdout.splitlines() if re.match("attacks? ", line)]
    by_name = {f["name"]: f for f in fields if "name" in f}
    return done.returncode, by_name, fields[-1] if fields else {}, done.stdout + done.stderr


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    directory = tmp_path_factory.mktemp("attack")
    with Broker(directory) as broker, Central(directory, broker.address, more={"central": {"snapshot_interval": "200ms"}}) as central:
        edge = limited(Edge(directory, broker.address, central=central.url, more={"store": {"write_buffer": "1MiB", "fresh_rows": "0"}}))
        with edge:
            yield broker, central, edge
            assert edge.stop() == 0 and central.stop() == 0, edge.log()[-3000:]


@pytest.mark.parametrize("name", ATTACKS)
def test_others_keep_their_service_beside(stage, name):
    broker, central, edge = stage
    code, lines, last, said = attack(edge, name, "--kafka", broker.address)
    for longer in (2, 4):  # a ratio of moments, on a machine that may have had other work: once more, for longer
        if code == 1 and "less than 0.8" in said:
            code, lines, last, said = attack(edge, name, "--kafka", broker.address, seconds=longer * SECONDS)
    assert (code, last) == (0, {"passed": "1", "failed": "0", "verdict": "held"}), said
    line = lines[name]
    assert list(line) == ["name", "answered", "rss_max_mb", "others_ratio", "verdict"], line
    assert int(line["answered"]) > 100 and float(line["others_ratio"]) >= 0.8 and int(line["rss_max_mb"]) > 0, line
    assert edge.running() and central.running(), edge.log()[-3000:]


def test_every_attack_is_documented_and_is_played_here():
    said = subprocess.run([program("kudos-sim"), "attack", "--help"], capture_output=True, text=True, check=True).stdout
    table = said.split("The attacks:\n\n")[1].split("\n\n")[0]
    rows = re.findall(r"^  (\S+) +(\d+) MiB  (.+)$", table, re.M)
    assert len(rows) == len(table.splitlines()) and sorted(r[0] for r in rows) == sorted(ATTACKS)
    with open(os.path.join(TOP, "docs", "attacks.md"), encoding="utf-8") as f:
        assert re.findall(r"^\| `([\w-]+)` \| (\d+) MiB \| (.+) \|$", f.read(), re.M) == rows


def test_an_edge_that_lets_one_address_take_every_connection_is_found_out(tmp_path):
    """A weak edge: few connections, all of them for whoever comes first. The tool must say so."""
    weak = {"http": {"max_connections": "60", "max_connections_per_address": "60"}}
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1, more=weak) as edge:
        code, lines, last, said = attack(edge, "idle-connections", seconds=1)
        assert (code, last["failed"], last["verdict"]) == (1, "1", "violated"), said
        assert lines["idle-connections"]["verdict"] == "violated" and "not answered" in said, said


def test_memory_beyond_the_bound_is_found_out_from_the_metrics_alone(tmp_path):
    """With --admin /proc is not looked at; 400 connections do not fit into a bound of 1 MiB."""
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1) as edge:
        code, lines, last, said = attack(edge, "slow-headers", "--growth-mb", "1", "--admin", f"http://127.0.0.1:{edge.admin_port}", seconds=1)
        assert (code, last["verdict"]) == (1, "violated") and "memory" in said, said


def test_an_edge_that_is_killed_meanwhile_is_found_out(tmp_path):
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1) as edge:
        command = [program("kudos-sim"), "attack", "ping", "--edge", f"http://127.0.0.1:{edge.port}", "--seconds", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as tool:
            first = tool.stdout.readline()  # it has begun
            assert first.startswith("ping: "), first
            edge.signal(signal.SIGKILL)
            said, _ = tool.communicate(timeout=120)
        assert tool.returncode == 1 and "attacks passed=0 failed=1 verdict=violated" in said, said


def test_what_cannot_be_played_is_unknown_and_says_why(tmp_path):
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1) as edge:
        code, _, last, said = attack(edge, "kafka-rubbish")
        assert (code, last["verdict"]) == (3, "unknown") and "--kafka" in said, said


def test_nobody_there_is_unavailable_and_a_wrong_line_is_usage(tmp_path):
    edge = Edge(tmp_path, "127.0.0.1:1")  # never started
    assert attack(edge, "ping")[0] == 4
    assert "rapid-reset" in attack(edge, "rapid-rest")[3]
    for line in (["rapid-rest"], [], ["ping", "--all"], ["ping", "--from", "nowhere"], ["ping", "--admin", "edge:1"]):
        assert attack(edge, *line)[0] == 2, line
