"""`kudos-sim attack` finds out an edge that is weak or gone, names what it plays, and says why it cannot play."""
import os
import re
import signal
import subprocess

from attacking import ATTACKS, attack
from proc import TOP, Broker, Edge, program


def test_every_attack_is_documented_and_is_played_here():
    said = subprocess.run([program("kudos-sim"), "attack", "--help"], capture_output=True, text=True, check=True).stdout
    table = said.split("The attacks:\n\n")[1].split("\n\n")[0]
    rows = re.findall(r"^  (\S+) +(\d+) MiB  (.+)$", table, re.M)
    assert len(rows) == len(table.splitlines()) and sorted(r[0] for r in rows) == sorted(ATTACKS)
    with open(os.path.join(TOP, "docs", "attacks.md"), encoding="utf-8") as f:
        assert re.findall(r"^\| `([\w-]+)` \| (\d+) MiB \| (.+) \|$", f.read(), re.M) == rows


def test_an_edge_that_lets_one_address_take_every_connection_is_found_out(tmp_path):
    """A weak edge: few connections, all of them for whoever comes first of one address, which the attacker has in common with the honest client. The
    tool must say so."""
    weak = {"http": {"max_connections": "60", "max_connections_per_address": "60"}}
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1, more=weak) as edge:
        code, lines, last, said = attack(edge, "idle-connections", "--from", "127.0.0.1")
        assert (code, last["failed"], last["verdict"]) == (1, "1", "violated"), said
        assert lines["idle-connections"]["verdict"] == "violated" and "not answered" in said, said


def test_memory_beyond_the_bound_is_found_out_from_the_metrics_alone(tmp_path):
    """With --admin /proc is not looked at; 400 connections do not fit into a bound of 1 MiB."""
    with Broker(tmp_path) as broker, Edge(tmp_path, broker.address, shards=1) as edge:
        code, lines, last, said = attack(edge, "slow-headers", "--growth-mb", "1", "--admin", f"http://127.0.0.1:{edge.admin_port}")
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
        for seed, (name, option) in enumerate((("kafka-rubbish", "--kafka"), ("forged-tokens", "--token"))):
            code, _, last, said = attack(edge, name, "--seed", str(seed))
            assert (code, last["verdict"]) == (3, "unknown") and option in said, said


def test_nobody_there_is_unavailable_and_a_wrong_line_is_usage(tmp_path):
    edge = Edge(tmp_path, "127.0.0.1:1")  # never started
    assert attack(edge, "ping")[0] == 4
    assert "rapid-reset" in attack(edge, "rapid-rest")[3]
    for line in (["rapid-rest"], [], ["ping", "--all"], ["ping", "--from", "nowhere"], ["ping", "--admin", "edge:1"], ["ping", "--token", "a.b"]):
        assert attack(edge, *line)[0] == 2, line
