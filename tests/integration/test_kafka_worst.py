"""Kafka at its worst, under the real programs: drills on three brokers of a real Kafka.

In short what takes most of these ways in one drill. With KUDOS_LONG=1 everything once, and every fault by itself, in its own time, with several seeds. A
drill proves every like at its end: nothing acknowledged is lost or counted twice, edges and central agree, the audit is exact.
"""
import datetime
import json
import os
import re

import pytest

import kafka
from drills import drill
from proc import TOP

LONG = os.environ.get("KUDOS_LONG") == "1"
SEEDS = tuple(range(1, int(os.environ.get("KUDOS_SEEDS", "3")) + 1))
WORST = os.path.join(TOP, "sim", "scenarios", "kafka-at-its-worst.scenario")
FASTER = 10
LOST_PERCENT = 5  # of the answers, on purpose: a scenario's default
LINES_A_SECOND, LINES_MORE = 1, 100  # of a program's log

BASE = """teaches Kafka at its worst.
edges mumbai virginia singapore
length {length}s
heal 120s
users 500 items 30 rate 40/s zipf 1.1
mix like 60 unlike 20 save 10 view 10
roam 10%
tokens yes
need acks {acks} {need}
"""
# An election kills the followers first, then the leader, and for a moment all three are dead.
SHORT = (16, "", "at 1s fence mumbai\nat 1500ms fence central\nat 2s recreate counts\nat 4s recreate likes\nat 6s for 9s freeze central\n"
         "at 6s truncate likes 5\n")
# Seconds, what must have happened (no duplicates: what was sent may be applied before it is due again; the checks below prove the faults), events. While central is stopped it does not read what Kafka loses.
FAULTS = {
    "leader-killed": (40, "kills 3", "every 12s from 3s for 6s kill kafka\n"),
    "all-killed": (45, "kills 2", "at 5s for 15s kill all of kafka\nat 30s for 5s kill all of kafka\nat 32s kill central\n"),
    "likes-deleted": (40, "", "at 8s for 6s freeze central\nat 10s recreate likes\nat 24s recreate likes\nat 24s kill central\n"
                      "at 32s recreate likes\nat 32s kill mumbai\n"),
    "counts-deleted": (40, "", "at 8s recreate counts\nat 16s for 6s cut mumbai from kafka\nat 18s recreate counts\n"
                       "at 28s recreate counts\nat 28s for 2s kill virginia\n"),
    "likes-truncated": (70, "", "at 5s for 25s freeze central\nat 5s truncate likes 10\nat 42s truncate likes 10\nat 50s kill central\n"),
    "counts-truncated": (45, "", "at 5s truncate counts 10\nat 15s for 5s kill mumbai\n"),
    "producers-dead": (40, "", "every 4s from 2s fence mumbai\nevery 5s from 3s fence central\nevery 3s from 4s fence virginia\n"),
    "away-for-long": (400, "kills 1", "at 5s for 6m kill all of kafka\n"),
}


@pytest.fixture(scope="module", autouse=True)
def fetched():
    kafka.fetch()


def held(directory, path, seed, *options, seconds):
    """All that was said, and the directory with the logs."""
    code, fields, said = drill(directory, path, "--kafka", "real", "--brokers", "3", *options, seed=seed, seconds=seconds)
    assert code == 0 and fields.get("verdict") == "held" and fields["lost"] == fields["doubled"] == "0", said[-3000:]
    assert "left out" not in said, "a fault was not played"
    return said, os.path.join(directory, "drill")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def check_answered(said):
    """Nobody was refused, and no more answers were missing than the drill itself lost."""
    found = re.search(r"operations attempted (\d+), refused by name (\d+), operations without an answer (\d+)", said)
    attempted, refused, unanswered = map(int, found.groups())
    assert refused == 0 and unanswered <= attempted * LOST_PERCENT // 100 + 10, found[0]


def seconds_of(lines):
    """From the first line of a log to its last."""
    times = [datetime.datetime.fromisoformat(json.loads(line)["time"].rstrip("Z")) for line in (lines[0], lines[-1])]
    return (times[1] - times[0]).total_seconds()


def check_logs(keep):
    """No flood: what a program has to say of an outage it says in some lines."""
    for name in ("mumbai", "virginia", "singapore", "central"):
        lines = read(os.path.join(keep, name + ".log")).splitlines()
        assert len(lines) <= seconds_of(lines) * LINES_A_SECOND + LINES_MORE, f"{name}: {len(lines)} lines\n" + "\n".join(lines[-50:])


def check_elections(keep, number):
    done = read(os.path.join(keep, "broker.address.done"))
    gone = [int(n) for n in re.findall(r"^done: truncate .*: (\d+) records are gone$", done, re.M)]
    assert len(gone) == number and all(gone), done


def check_producers_died(keep, **events):
    for name, event in events.items():
        assert f'"event":"{event}"' in read(os.path.join(keep, name + ".log")), f"no producer of {name} was made anew"


def play(directory, fault, seed):
    length, need, events = fault
    path = os.path.join(directory, "worst.scenario")
    with open(path, "w", encoding="utf-8") as f:
        f.write(BASE.format(length=length, acks=length * 5, need=need) + events)
    said, keep = held(directory, path, seed, seconds=length + 400)
    check_answered(said)
    check_logs(keep)
    check_elections(keep, events.count("truncate"))
    return keep


def test_the_worst_of_it(tmp_path):
    check_producers_died(play(tmp_path, SHORT, 1), mumbai="kafka-producer-reset", central="producer-reset")


if LONG:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_everything_once(tmp_path, seed):
        said, keep = held(tmp_path, WORST, seed, "--faster", str(FASTER), seconds=600)
        check_answered(said)
        check_logs(keep)
        check_elections(keep, 1)
        check_producers_died(keep, mumbai="kafka-producer-reset", virginia="kafka-producer-reset", central="producer-reset")

    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("name", FAULTS)
    def test_one_by_one(tmp_path, name, seed):
        keep = play(tmp_path, FAULTS[name], seed)
        if name == "producers-dead":
            check_producers_died(keep, mumbai="kafka-producer-reset", virginia="kafka-producer-reset", central="producer-reset")
