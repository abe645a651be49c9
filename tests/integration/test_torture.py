"""kudos-sim torture: it holds whatever dies, and finds what was broken on purpose in the real programs, with the same seed and length.

A torture that does not catch each of these is none: no sync before an answer; an incarnation that a restart does not renew; an outbox freed when Kafka
acknowledges; an overlay that central's applied does not end. The programs with points, and those with a rule broken besides, share all objects but a few with
the others (Makefile), so they are made here. All run side by side.
"""
import os
import re
import signal
import subprocess

import pytest

from proc import SLOWER, TOP, fields_of

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
LONG = os.environ.get("KUDOS_LONG") == "1"
MINUTES, SEED, LIMIT_S = str(0.2 * SLOWER), "1", 240 * SLOWER
# What each must be found by. A broken rule may also end a process, by an assertion or by what its store says of itself.
PLANTS = {
    "NO_SYNC": ("read-your-writes", "shown", "as-of", "lost", "position", "process died"),
    "FIXED_INCARNATION": ("identity", "position", "lost", "process died"),
    "FREE_ON_ACK": ("shown", "as-of", "lost"),
    "OVERLAY_NEVER_ENDS": ("shown",),
}


def variant_of(build):
    """(folder of all variants, what make was told of this one): build/debug-address -> build, DEBUG=1 SANITIZE=address."""
    name = os.path.basename(build)
    found = re.fullmatch(r"(debug)?-?((?:address|undefined|thread|,)*)", name)
    if not name or not found or not any(found.groups()):
        return build, []
    return os.path.dirname(build), ["DEBUG=1"] * bool(found[1]) + [f"SANITIZE={found[2]}"] * bool(found[2])


def made(plant):
    """The folder of the programs with points, and with that rule broken."""
    folder, flags = variant_of(BUILD)
    flags = [*flags, "POINTS=1", *([f"PLANT={plant}"] if plant else [])]
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD")}
    subprocess.run(["make", "-s", "-j2", "-C", TOP, f"BUILD={folder}", *flags, "all"], check=True, env=clean, timeout=LIMIT_S)
    said = subprocess.run(["make", "-s", "-C", TOP, f"BUILD={folder}", *flags, "where"], check=True, env=clean, text=True, stdout=subprocess.PIPE)
    return os.path.join(TOP, said.stdout.strip())


class Torture:
    def __init__(self, directory, programs, minutes):
        self.log = os.path.join(directory, "said")
        with open(self.log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([os.path.join(programs, "kudos-sim"), "torture", "--minutes", minutes, "--seed", SEED,
                                             "--keep", os.path.join(directory, "torture")], stdout=out, stderr=subprocess.STDOUT, cwd=TOP)

    def end(self, limit_s=LIMIT_S):
        """(exit code, checker or None, fields of the last line)"""
        code = self.process.wait(limit_s)
        with open(self.log, encoding="utf-8") as f:
            lines = f.read().splitlines()
        print("\n".join(lines))
        fields = fields_of(lines[-1])
        found = re.match(r"([a-z -]+): ", lines[-2])
        return code, found[1] if found and fields["verdict"] != "held" else None, fields

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


@pytest.fixture(scope="module")
def tortures(tmp_path_factory):
    programs = {plant: made(plant) for plant in ("", *PLANTS)}
    running = {plant: Torture(tmp_path_factory.mktemp(plant or "sound"), folder, MINUTES) for plant, folder in programs.items()}
    yield running
    for one in running.values():
        one.stop()


def test_nothing_is_lost_whatever_dies(tortures):
    code, checker, fields = tortures[""].end()
    assert (code, checker, fields["verdict"], fields["lost"], fields["doubled"]) == (0, None, "held", "0", "0")
    assert int(fields["cycles"]) >= 5 and int(fields["kills"]) >= int(fields["cycles"])


@pytest.mark.parametrize("plant", PLANTS)
def test_a_rule_broken_on_purpose_is_found(tortures, plant):
    code, checker, fields = tortures[plant].end()
    assert (code, fields["verdict"]) == (1, "violated") and checker in PLANTS[plant], checker


def test_points_are_named(tortures):
    said = subprocess.run([tortures[""].process.args[0], "torture", "--list-points"], check=True, stdout=subprocess.PIPE, text=True).stdout
    names = {line.split()[0] for line in said.splitlines()}
    assert {"before-sync", "after-sync", "after-seal", "after-produce", "after-delivery", "before-commit", "after-commit", "after-publish", "after-install",
            "before-install", "backup-partition", "restore-partition", "table-written", "manifest-written"} <= names


if LONG:
    def test_for_half_an_hour_and_at_every_point(tmp_path):
        one = Torture(tmp_path, made(""), "30")
        try:
            code, checker, fields = one.end(2700)
        finally:
            one.stop()
        assert (code, checker, fields["verdict"]) == (0, None, "held")
