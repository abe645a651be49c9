#!/usr/bin/env python3
"""The documentation against what it speaks of: tables of options, relative links, named files.

`make docs`, which is this file with --write, writes docs/configuration.md anew.
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
CONFIGURATION = os.path.join(TOP, "docs", "configuration.md")
PROGRAMS = ("kudos-edge", "kudos-central")
HEAD = """# Configuration

All options of both programs, from the table that also drives the parser and `--help`. `configs/edge.conf` and
`configs/central.conf` say more about each option; [run](operations/run.md#configuration) says which must be the same everywhere.

`make docs` writes this page: it joins `build/kudos-edge --reference` and `build/kudos-central --reference`, and a test compares.

- A file has `[section]` lines and `key = value` lines.
- A comment takes a line of its own, which begins with `#` or `;`. There is no comment behind a value: a value with a `#` or `;` behind a
  blank is refused by line and name. Any other `#` or `;` belongs to the value.
- `--set section.key=value` overrides a file. There the rest of the argument is the value, whatever it holds.
- Durations and sizes carry their unit.
- An option that is not reloadable needs a restart. Files of certificates, keys of records and tokens are read again on SIGHUP
  in any case, [each by itself](operations/run.md#reload).
"""
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:common|edge|central|sim|sdk|examples|tests|include|configs|docs|\.ci)/[A-Za-z0-9_./-]+)`")


def configuration():
    parts = [HEAD]
    for program in PROGRAMS:
        done = subprocess.run([os.path.join(BUILD, program), "--reference"], check=True, capture_output=True, text=True)
        parts.append(re.sub(r"^#", "##", done.stdout.strip(), flags=re.MULTILINE) + "\n")
    return "\n".join(parts)


def documents():
    found = glob.glob(f"{TOP}/*.md") + glob.glob(f"{TOP}/docs/**/*.md", recursive=True) + [f"{TOP}/sim/data/README.md", f"{TOP}/sdk/js/README.md", f"{TOP}/examples/README.md"]
    assert len(found) >= 7, found
    return {os.path.relpath(f, TOP): open(f, encoding="utf-8").read() for f in found}


def test_configuration_is_what_the_programs_say():
    with open(CONFIGURATION, encoding="utf-8") as f:
        assert f.read() == configuration(), "docs/configuration.md is behind the programs: make docs"


def test_links_lead_somewhere():
    links = [(name, link) for name, text in documents().items() for link in LINK.findall(text)]
    relative = [(name, link.split("#")[0]) for name, link in links if "://" not in link and not link.startswith("#")]
    assert len(relative) > 5
    lost = [(n, link) for n, link in relative if not os.path.exists(os.path.join(TOP, os.path.dirname(n), link))]
    assert not lost, f"links that lead nowhere: {lost}"


def test_files_that_are_named_exist():
    named = [(name, path) for name, text in documents().items() for path in NAMED.findall(text)]
    assert len(named) > 20
    lost = [(n, path) for n, path in named if not os.path.exists(os.path.join(TOP, path))]
    assert not lost, f"files that are not there: {lost}"


def files():
    for folder, folders, names in os.walk(TOP):
        folders[:] = [f for f in folders if f not in (".git", "run", "__pycache__") and not f.startswith("build")]
        yield from (os.path.join(folder, name) for name in names)


def test_the_project_stands_alone():
    outside = b"../" + b"shared"
    wrong = []
    for path in files():
        with open(path, "rb") as f:
            if outside in f.read():
                wrong.append(os.path.relpath(path, TOP))
    assert not wrong, f"{outside.decode()} is named in {wrong}"


COMMANDS = [["kudos-edge"], ["kudos-edge", "compare"], ["kudos-edge", "aside"], ["kudos-central"], ["kudos-central", "export"], ["kudos-central", "backup"],
            ["kudos-sim"]]


def commands_of_sim():
    """Those that `kudos-sim --help` lists."""
    said = subprocess.run([os.path.join(BUILD, "kudos-sim"), "--help"], capture_output=True, text=True, check=True).stdout
    return [["kudos-sim", name] for name in re.findall(r"^  ([a-z]+) {2,}", said, re.M)]


def test_h_is_help():
    assert ["kudos-sim", "load"] in commands_of_sim()
    for command in COMMANDS + commands_of_sim():
        short, long = (subprocess.run([os.path.join(BUILD, command[0]), *command[1:], option], capture_output=True, text=True) for option in ("-h", "--help"))
        assert (short.returncode, short.stdout, short.stderr) == (0, long.stdout, ""), command


def test_uninstall_removes_what_install_has_put_there_and_no_more(tmp_path):
    def make(target):
        subprocess.run(["make", "-s", "-C", TOP, "-o", "all", f"BUILD={BUILD}", f"DESTDIR={tmp_path}", "PREFIX=/usr", target], check=True)
        return sorted(os.path.relpath(os.path.join(where, name), tmp_path) for where, _, names in os.walk(tmp_path) for name in names)

    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/kudos-edge-local").touch()
    installed = make("install")
    assert {"usr/bin/kudos-edge", "usr/bin/kudos-sim", "usr/share/doc/kudos/edge.conf"} < set(installed)
    assert make("uninstall") == ["usr/bin/kudos-edge-local"]
    assert not (tmp_path / "usr/share/doc/kudos").exists()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: test_docs.py --write")
    with open(CONFIGURATION, "w", encoding="utf-8") as out:
        out.write(configuration())
