"""kudos-sim drill: the set of scenarios on the real binaries, and a verdict that can be something else than held.

A scenario is played so much faster that it takes SECONDS. In short a few that take different ways through the harness, on the embedded broker,
and one on a real Kafka; with KUDOS_LONG=1 all of them, and more slowly.
"""
import glob
import os
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

import kafka
from drills import drill
from proc import TOP, program, wait_until

LONG = os.environ.get("KUDOS_LONG") == "1"
SECONDS = 60 if LONG else 7
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
EMBEDDED = ("region-cut", "same-like-two-regions", "edge-restored", "central-restored-twice", "disk-full", "user-erased")
REAL = ("kafka-wiped",)
if LONG:
    EMBEDDED = REAL = sorted(os.path.basename(f).removesuffix(".scenario") for f in glob.glob(f"{TOP}/sim/scenarios/*.scenario"))


def path_of(name):
    return os.path.join(TOP, "sim", "scenarios", name + ".scenario")


def faster(path):
    with open(path, encoding="utf-8") as f:
        number, unit = re.search(r"^length\s+(\d+)(\w+)", f.read(), re.M).groups()
    return max(1, int(number) * UNITS[unit] / SECONDS)


def held(directory, name, kind):
    path = path_of(name)
    page = os.path.join(directory, "page.html")
    code, fields, said = drill(directory, path, "--faster", f"{faster(path):.1f}", "--kafka", kind, "--report", page)
    assert (fields.get("verdict"), code) == ("held", 0) and fields["lost"] == fields["doubled"] == "0", said[-3000:]
    assert int(fields["acks"]) > 0
    ElementTree.parse(page)


@pytest.mark.parametrize("name", EMBEDDED)
def test_held_on_the_embedded_broker(tmp_path, name):
    held(tmp_path, name, "embedded")


@pytest.mark.parametrize("name", REAL)
def test_held_on_a_real_kafka(tmp_path, name):
    kafka.fetch()
    held(tmp_path, name, "real")


QUICK = """teaches A drill of a few seconds.
edges mumbai virginia
partitions 2
shards 1
length 2s
flush 100 ops 200ms
snapshot 100ms
users 0
at 100ms ana likes posts/1 at mumbai
at 200ms ben likes posts/1 at virginia
at 500ms for 500ms kill mumbai
"""


def written(directory, text):
    path = os.path.join(directory, "quick.scenario")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def test_a_count_that_is_not_what_was_expected_is_a_violation(tmp_path):
    code, fields, said = drill(tmp_path, written(tmp_path, QUICK + "expect posts/1 like 3\n"))
    assert (code, fields["verdict"]) == (1, "violated") and "expected" in said


def test_a_process_dies_at_a_named_point_and_an_operator_works_meanwhile(tmp_path):
    events = ("at 200ms audit central\nat 300ms arm virginia manifest-written 1\nat 400ms kill virginia\n"
              "at 600ms rehearse restore of central\nat 700ms kill and audit central\n")
    code, fields, said = drill(tmp_path, written(tmp_path, QUICK + events))
    assert (code, fields["verdict"]) == (0, "held"), said
    assert int(fields["kills"]) >= 4, "mumbai once, virginia twice, central once: " + said
    assert "left out" not in said


def test_a_drill_in_which_too_little_happened_is_unknown(tmp_path):
    code, fields, said = drill(tmp_path, written(tmp_path, QUICK + "expect posts/1 like 2\nneed acks 3 kills 1\n"))
    assert (code, fields["verdict"], fields["acks"], fields["kills"]) == (3, "unknown", "2", "1"), said


def test_what_is_wrong_with_a_scenario_is_told(tmp_path):
    code, _, said = drill(tmp_path, written(tmp_path, "teaches Nothing.\nat 0s kill nobody-of-this-name\n"))
    assert code == 2 and "quick.scenario:2:" in said


def alive_in(directory):
    """The processes whose configuration is below this directory."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as f:
                if os.fsencode(str(directory)) in f.read():
                    found.append(int(entry))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGKILL))
def test_an_end_before_the_end_leaves_no_process_behind(tmp_path, number):
    keep = os.path.join(tmp_path, "drill")
    scenario = written(tmp_path, QUICK.replace("length 2s", "length 60s"))
    with subprocess.Popen([program("kudos-sim"), "drill", scenario, "--keep", keep], stdout=subprocess.PIPE, text=True) as p:
        try:
            wait_until(lambda: "edge-started" in log_of(keep, "virginia"), 60, "an edge")
            p.send_signal(number)
            said, _ = p.communicate(timeout=30)
        finally:
            p.kill()
    wait_until(lambda: not alive_in(keep), 30, "all processes gone")
    if number == signal.SIGINT:
        assert p.returncode == 3 and said.splitlines()[-1].endswith("verdict=unknown")


def log_of(keep, name):
    try:
        with open(os.path.join(keep, name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""
