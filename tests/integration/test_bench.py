"""The ruler of `make bench` cannot lie: the form of its lines, its verdict, and that what is not exact is no figure. Nothing here is timed."""
import argparse
import os
import re
import subprocess
import sys

import pytest

from proc import TOP, fields_of, program

sys.path.append(os.path.join(TOP, "tests", "bench"))
import bench  # noqa: E402
import redis_load  # noqa: E402
import ruler  # noqa: E402

IN_LONG_FORM = os.environ.get("KUDOS_LONG") == "1"
ROW = re.compile(r"bench row=[a-z0-9_]+ ours=\S+ peer=\S+ ratio=\S+ cpu_ratio=\S+ goal=\S+ verdict=(met|missed|told)")
CONTRACT = ("likes reads likes_tls reads_tls likes_jwt batch merge hot likes_50m merge_50m memory_item disk_member written_like latency start sim "
            "redis_p1 redis_p32").split()


@pytest.fixture
def made(tmp_path):
    options = argparse.Namespace(directory=str(tmp_path), seconds=1, repeats=1, shards=1, members=1000, hour=1)
    b = ruler.Bench(options)
    yield b
    b.finish()


def fake_load(tmp_path, monkeypatch, *lines):
    """A kudos-sim that says this."""
    path = tmp_path / "kudos-sim"
    path.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    path.chmod(0o755)
    monkeypatch.setattr(ruler, "program", lambda _: str(path))


def lines_of(capsys):
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("bench ")]


def test_every_row_of_the_contract_has_who_tells_it():
    told = {row for _, rows in bench.PARTS + bench.LONG for row in rows}
    assert set(CONTRACT) <= told, set(CONTRACT) - told


def test_a_row_has_the_form_of_the_contract_and_its_verdict(made, capsys):
    pairs = [({"per_s": 50, "cpu_us": 4}, {"per_s": 100, "cpu_us": 2}), ({"per_s": 30, "cpu_us": 4}, {"per_s": 100, "cpu_us": 1}),
             ({"per_s": 60, "cpu_us": 4}, {"per_s": 100, "cpu_us": 3})]
    made.beside("likes", pairs, ("cpu_ratio", ">=", 0.5))
    made.beside("reads", pairs, ("cpu_ratio", ">=", 0.51))
    made.judged("start", 4.5, goal=("ours", "<=", 5))
    made.beside("redis_p1", pairs)
    assert lines_of(capsys) == [
        "bench row=likes ours=50.00 peer=100 ratio=0.50 cpu_ratio=0.50 goal=cpu_ratio>=0.5 verdict=met",
        "bench row=reads ours=50.00 peer=100 ratio=0.50 cpu_ratio=0.50 goal=cpu_ratio>=0.51 verdict=missed",
        "bench row=start ours=4.50 peer=- ratio=- cpu_ratio=- goal=ours<=5 verdict=met",
        "bench row=redis_p1 ours=50.00 peer=100 ratio=0.50 cpu_ratio=0.50 goal=- verdict=told"]
    for value in ("two words", "a=b", ""):
        with pytest.raises(ValueError):
            made.report("likes", value)


GOOD = "cpu_us=9 cpu_us_per_request=3.0"


@pytest.mark.parametrize("lines", (
    (GOOD, "load requests=3 errors=0 per_s=3 verdict=failed"),
    (GOOD, "load requests=3 errors=0 per_s=3"),
    ("cpu_us=0 cpu_us_per_request=0.0", "load requests=3 errors=0 per_s=3 verdict=ok"),
    ()), ids=("failed", "says-nothing-of-itself", "cpu-of-nobody", "silent"))
def test_a_load_that_is_not_exact_is_no_figure(made, tmp_path, monkeypatch, lines):
    fake_load(tmp_path, monkeypatch, *lines)
    with pytest.raises(ruler.Wrong):
        made.load(1, 1, "--like")


def test_a_load_that_is_exact_tells_the_servers_time(made, tmp_path, monkeypatch):
    fake_load(tmp_path, monkeypatch, GOOD, "load requests=3 errors=0 per_s=3 verdict=ok")
    assert made.load(1, 1, "--like")["cpu_us"] == 3.0


def test_what_is_missed_is_told_with_its_reason(made, capsys):
    def part(b):
        b.judged("reads", cpu_ratio=0.8, goal=("cpu_ratio", ">=", 1.2))
        b.judged("viral", 3000, goal=("ours", "<=", 2000))

    assert bench.go(made, [(part, ("reads", "viral"))]) == 1
    lines = capsys.readouterr().out.splitlines()
    reads, viral = (next(i for i, line in enumerate(lines) if line.startswith(f"missed: row={row} ")) for row in ("reads", "viral"))
    assert "nghttp2 has 8,150" in lines[reads + 1] and lines[viral + 1].startswith("  why: not known beforehand")
    assert set(bench.why.__globals__["WHY"]) <= {row for _, rows in bench.PARTS + bench.LONG for row in rows}


@pytest.mark.parametrize("error", (ruler.Wrong("lost"), AssertionError("late"), subprocess.TimeoutExpired("kudos-sim", 1)))
def test_rows_of_a_part_that_fails_are_missed(made, capsys, error):
    def part(b):
        b.judged("likes", 1.0)
        raise error

    assert bench.go(made, [(part, ("likes", "likes_kept"))]) == 1
    lines = lines_of(capsys)
    assert lines[1].startswith("bench row=likes_kept ours=- ") and lines[1].endswith(" verdict=missed") and lines[-1] == "bench verdict=missed"


def test_what_meets_all_goals_is_met(made, capsys):
    assert bench.go(made, [(lambda b: b.judged("sim", 6000, goal=("ours", ">=", 5000)), ("sim",))]) == 0
    assert lines_of(capsys)[-1] == "bench verdict=met"


class FakeLink:
    def __init__(self, answers):
        self.answers = answers

    def ask(self, commands):
        command = commands[0].split(b"\r\n")[2].decode()
        return [str(self.answers[command]).encode() for _ in commands]


@pytest.mark.parametrize("answers,good", (({"SCARD": 3, "GET": 3}, True), ({"SCARD": 3, "GET": 2}, False), ({"SCARD": 2, "GET": 3}, False)))
def test_a_peer_that_lost_likes_is_no_peer(answers, good):
    if good:
        redis_load.check(FakeLink(answers), 30, 10)
    else:
        with pytest.raises(ruler.Wrong):
            redis_load.check(FakeLink(answers), 30, 10)


@pytest.mark.parametrize("told", (b"-ERR no\r\n", b":0\r\n", b""))
def test_an_answer_of_a_peer_that_is_no_new_like_is_no_figure(told):
    link = redis_load.Link.__new__(redis_load.Link)
    link.left, link.socket = 1, argparse.Namespace(recv=lambda _: told)
    with pytest.raises(ruler.Wrong):
        link.take()


def tool(*arguments):
    done = subprocess.run([sys.executable, os.path.join(TOP, "tests", "bench", "bench.py"), *arguments], capture_output=True, text=True, timeout=110)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_small_run_ends_with_its_verdict_and_the_code_of_it(tmp_path):
    program("kudos-edge")
    code, lines, error = tool("--only", "likes", "--seconds", "1", "--repeats", "1", "--directory", str(tmp_path))
    rows = [line for line in lines if line.startswith("bench row=")]
    assert len(rows) == 3 and all(ROW.fullmatch(row) for row in rows), (lines, error)
    assert rows[2].startswith("bench row=likes_kept ") and rows[2].endswith("verdict=met"), rows
    missed = any(row.endswith("verdict=missed") for row in rows)
    assert lines[-1] == f"bench verdict={'missed' if missed else 'met'}" and code == int(missed), (code, lines)


def test_a_row_that_nobody_knows_is_named():
    code, _, error = tool("--only", "likes,speed")
    assert code == 2 and "--only speed" in error and "redis_p32" in error


if IN_LONG_FORM:
    def test_a_step_of_make_capacity_tells_what_its_members_took():
        command = [sys.executable, os.path.join(TOP, "tests", "capacity.py"), "--seconds", "7", "--steps", "13"]  # an edge sends each 5 s
        step, last = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
        told = {name: float(value) for name, value in fields_of(step).items()}
        assert (told["members"], told["replicas"], last) == (3, 2, "capacity steps=1 verdict=told")
        for name in ("likes_s", "cpu_ms_s", "rss_mb", "in_kb_s", "out_kb_s"):
            assert told[name] > 0, step
        assert told["cpu_ms_s"] <= told["cpu_ms_s_all"], step
