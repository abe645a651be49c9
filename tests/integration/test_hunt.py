#!/usr/bin/env python3
"""The swarm: it holds for a moment on the sound cores, every planted bug is found, and what it writes replays."""
import os
import re
import signal
import subprocess

from proc import SLOWER, TOP, program, wait_until

SIM = program("kudos-sim")
LONG = os.environ.get("KUDOS_LONG") == "1"
LIMIT_S = (3000 if LONG else 240) * SLOWER


def kudos_sim(*args, cwd=None):
    done = subprocess.run([SIM, *args], capture_output=True, text=True, timeout=LIMIT_S, cwd=cwd)
    return done, (done.stdout.splitlines() or [""])[-1]


def test_the_sound_cores_hold(tmp_path):
    done, last = kudos_sim("hunt", "--first", "1", "--minutes", "20" if LONG else "0.05", "--out", str(tmp_path))
    assert re.fullmatch(r"hunt seeds=\d+ events=\d+ failures=0 verdict=held", last), done.stdout
    assert done.returncode == 0 and os.listdir(tmp_path) == []


def test_every_planted_bug_is_found():
    done, last = kudos_sim("bugs")
    found = re.fullmatch(r"bugs planted=(\d+) found=(\d+) verdict=held", last)
    assert found and found[1] == found[2] and done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("bug ")]
    assert len(lines) == int(found[1])
    assert all(re.search(r"rule=\S+ +seeds=\d+ +limit=(?:300|1200) found=yes checker=[a-z-]+$", line) for line in lines), done.stdout


def test_a_failure_is_reduced_and_replays(tmp_path):
    done, last = kudos_sim("hunt", "--minutes", "0.02", "--plant", "FREE_ON_ACK", "--shrink-limit", "5", "--out", str(tmp_path))
    assert done.returncode == 1 and last.endswith("verdict=violated"), done.stdout
    name = sorted(os.listdir(tmp_path))[0]
    text = (tmp_path / name).read_text()
    checker = re.match(r"# ([a-z-]+) at ", text)[1]
    command = re.search(r"^# kudos-sim (run .*)$", text, re.MULTILINE)[1].split()
    events = [line for line in text.splitlines() if line.startswith("at ")]
    assert len(events) <= 20
    again, line = kudos_sim(*command, cwd=tmp_path)
    assert again.returncode == 1 and line.endswith("verdict=violated")
    assert f"violated: {checker} at" in again.stdout


def hears_ctrl_c(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"^SigCgt:\s*(\S+)", f.read(), re.M)[1], 16) >> (signal.SIGINT - 1) & 1


def test_ctrl_c_ends_it_in_order(tmp_path):
    """As a terminal does it: everybody in the process group gets the signal."""
    day = os.path.join(TOP, "sim", "scenarios", "whole-day.scenario")
    for args in (("run", day, "--seed", "1"), ("hunt", "--minutes", "10", "--out", str(tmp_path)),
                 ("bugs", "--only", "READ_ENDS", "--first", "2000000", "--seeds", "1000000")):
        process = subprocess.Popen([SIM, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        wait_until(lambda: hears_ctrl_c(process), seconds=30)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT_S)
        last = said.splitlines()[-1]
        assert last.startswith(args[0] + " ") and last.endswith(" verdict=unknown") and process.returncode == 3, (args, said)


def test_what_cannot_be_is_named():
    for args, says in ((("hunt", "--plant", "NOTHING"), "no such planted bug"), (("bugs", "--only", "NOTHING"), "no such planted bug"),
                       (("hunt", "--out", "/proc/nowhere"), "/proc/nowhere")):
        done, _ = kudos_sim(*args)
        assert done.returncode == 2 and says in done.stderr
