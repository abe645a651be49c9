#!/usr/bin/env python3
"""The set of scenarios in the simulation: each holds, says so in its last line, and draws a page; and docs/drills.md against the language."""
import glob
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from proc import SLOWER, TOP, program

SIM = program("kudos-sim")
LONG = os.environ.get("KUDOS_LONG") == "1"
SET = sorted(glob.glob(f"{TOP}/sim/scenarios/*.scenario"))
REGRESSIONS = sorted(glob.glob(f"{TOP}/sim/regressions/*.scenario"))
DOCS = os.path.join(TOP, "docs", "drills.md")
LAST = re.compile(r"run seed=\d+ events=\d+ virtual_s=[\d.]+ real_s=[\d.]+ acks=\d+ trace_sha256=([0-9a-f]{64}) "
                  r"verdict=(held|violated|unknown)")


def name_of(path):
    return os.path.basename(path).removesuffix(".scenario")


def play(path, *options):
    done = subprocess.run([SIM, "run", path, *options], capture_output=True, text=True, timeout=120 * SLOWER)
    return done, LAST.fullmatch((done.stdout.splitlines() or [""])[-1])


def written(tmp_path, text):
    path = tmp_path / "drill.scenario"
    path.write_text(text)
    return str(path)


def page_of(path):
    """The page, read as XML: it loads nothing and runs nothing."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    for element in root.iter():
        assert element.tag not in ("script", "link", "iframe", "img", "object"), element.tag
        assert not any(k in ("src", "srcset") or k.startswith("on") for k in element.keys()), element.attrib
        assert element.get("href", "#").startswith("#"), element.attrib
    assert "url(" not in text and "@import" not in text
    return root


def verdict_of(root):
    section = next(e for e in root.iter("section") if e.get("class", "").startswith("verdict "))
    return section.get("class").split()[1], "".join(section.itertext())


def test_the_set_is_there():
    assert {"region-cut", "one-way-cut", "flapping-link", "kafka-leader-lost", "kafka-wiped", "central-down-an-hour",
            "central-restored-twice", "edge-wiped", "edge-restored", "edge-copied", "same-like-two-regions", "unlike-elsewhere",
            "viral-during-cut", "clock-step", "disk-full", "rolling-upgrade", "whole-day", "standard"} <= set(map(name_of, SET))


@pytest.mark.parametrize("path", [p for p in SET if LONG or name_of(p) != "whole-day"], ids=name_of)
def test_holds_and_draws_a_page(path, tmp_path):
    page = tmp_path / "page.html"
    done, last = play(path, "--seed", "1", "--report", str(page))
    assert done.returncode == 0 and last and last[2] == "held", done.stdout + done.stderr
    assert done.stderr == "", "no moving line where there is no terminal"
    root = page_of(page)
    verdict, says = verdict_of(root)
    assert verdict == "held" and "Held" in says
    text = "".join(root.itertext())
    with open(path, encoding="utf-8") as f:
        source = f.read()
    assert re.search(r"^teaches +(.*)$", source, re.MULTILINE)[1] in text
    for region in re.search(r"^edges +(.*)$", source, re.MULTILINE)[1].split():
        assert any(h.text.strip() == region for h in root.iter("h3")), region
    assert f"kudos-sim run {path} --seed 1" in text
    assert page.stat().st_size < 1_000_000


if LONG:  # in short the hunt has other seeds
    @pytest.mark.parametrize("path", SET, ids=name_of)
    def test_holds_with_other_seeds(path):
        for seed in ("2", "3", "4", "5"):
            done, last = play(path, "--seed", seed)
            assert done.returncode == 0 and last and last[2] == "held", done.stdout + done.stderr


@pytest.mark.parametrize("path", REGRESSIONS, ids=name_of)
def test_what_was_mended_stays_so(path):
    with open(path, encoding="utf-8") as f:
        named = re.findall(r"--seed (\d+)", f.read())  # the one that showed it
    for seed in ("1", "2", "3", *named):
        done, last = play(path, "--seed", seed)
        assert done.returncode == 0 and last and last[2] == "held", done.stdout + done.stderr


def test_a_seed_is_a_run():
    path = f"{TOP}/sim/scenarios/flapping-link.scenario"
    digests = [play(path, "--seed", seed)[1][1] for seed in ("7", "7", "8")]
    assert digests[0] == digests[1] != digests[2]


def test_a_broken_rule_is_violated_with_its_evidence(tmp_path):
    page = tmp_path / "page.html"
    done, last = play(f"{TOP}/sim/scenarios/kafka-leader-lost.scenario", "--plant", "FREE_ON_ACK", "--report", str(page))
    assert done.returncode == 1 and last[2] == "violated", done.stdout
    verdict, says = verdict_of(page_of(page))
    assert verdict == "violated" and "Found by the checker" in says


def test_a_quiet_run_is_unknown(tmp_path):
    page = tmp_path / "page.html"
    path = written(tmp_path, "teaches quiet\nedges a b\nlength 10s\nheal 30s\nusers 5 items 2 rate 1/s zipf 0\nneed acks 100000\n")
    done, last = play(path, "--report", str(page))
    assert done.returncode == 3 and last[2] == "unknown", done.stdout
    verdict, says = verdict_of(page_of(page))
    assert verdict == "unknown" and "Too little happened" in says and "acks" in says


def test_a_wrong_file_is_told_with_its_line(tmp_path):
    done, _ = play(written(tmp_path, "teaches x\nlength 10s\nat 1s cut nowhere\n"))
    assert done.returncode == 2
    assert re.search(r"drill\.scenario:3: .*nowhere", done.stderr), done.stderr


def allowed(tmp_path, text):
    """What the program says that stands there, when something else does."""
    done, _ = play(written(tmp_path, text))
    said = re.search(r"these do: (.*)$", done.stderr.strip())
    assert said, done.stderr
    return [w.strip() for w in said[1].split(" or USER")[0].split(",") if w.strip()]


def documented():
    """All that stands in code within the text and its tables."""
    with open(DOCS, encoding="utf-8") as f:
        return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", f.read(), flags=re.DOTALL))


def test_the_language_is_documented(tmp_path):
    directives = allowed(tmp_path, "teaches x\nnonsense\n")
    events = allowed(tmp_path, "teaches x\nlength 10s\nat 1s nonsense\n")
    assert len(directives) > 15 and len(events) > 20
    told = documented()
    missing = [w for w in directives + events if not any(t == w or t.startswith(w + " ") for t in told)]
    assert not missing, f"docs/drills.md does not tell {missing}"


def test_the_set_is_documented():
    with open(DOCS, encoding="utf-8") as f:
        text = f.read()
    missing = [name_of(p) for p in SET if f"`{name_of(p)}`" not in text]
    assert not missing, f"docs/drills.md does not name {missing}"


def test_the_examples_of_the_page_can_be_played(tmp_path):
    with open(DOCS, encoding="utf-8") as f:
        examples = [e for e in re.findall(r"```\n(.*?)```", f.read(), re.DOTALL) if e.startswith("teaches")]
    assert examples
    for example in examples:
        done, last = play(written(tmp_path, example))
        assert done.returncode == 0 and last[2] == "held", example + done.stdout + done.stderr
