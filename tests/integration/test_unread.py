"""What a program says when nobody takes what it prints. Commands that need a central or an edge: test_operate.py, test_identity.py."""
import os

import pytest

from proc import TOP, UNREAD, run_unread

SCENARIO = os.path.join(TOP, "sim/regressions/started-ahead.scenario")
HELP = [["kudos-edge"], ["kudos-edge", "compare"], ["kudos-central"], ["kudos-central", "audit"], ["kudos-sim"], ["kudos-sim", "run"], ["kudos-sim", "broker"]]
COMMANDS = [*(command + ["--help"] for command in HELP), ["kudos-edge", "--version"], ["kudos-central", "--reference"], ["kudos-sim", "--version"],
            ["kudos-sim", "language"], ["kudos-sim", "run", SCENARIO]]


@pytest.mark.parametrize("how", UNREAD)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:3]).replace(SCENARIO, "SCENARIO"))
def test_what_nobody_takes_is_no_success(command, how):
    code, said = run_unread(*command, how=how)
    assert code == 1 and said.splitlines()[-1].endswith(": done, but standard output did not take all that was printed"), said
    assert said.count("standard output") == 1, said


@pytest.mark.parametrize("how", UNREAD)
def test_a_generated_log_that_nobody_takes_is_no_success(how):
    code, said = run_unread("kudos-sim", "generate", how=how)
    assert (code, said) == (1, "kudos-sim generate: cannot write -\n")
