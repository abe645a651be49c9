"""Orders of an operator in a group of members of whom none leads all: any member's URL does, and a member that dies in the middle does no harm."""
import os
import subprocess

import pytest

from cluster import AGREE_S, PARTITIONS
from group import NAMES, Group, taken_over
from proc import program, run_program, wait_until
from whole import broker  # noqa: F401 (fixture)


@pytest.fixture
def group(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address) as g:
        yield g


def ordered(group, *words, of="central-1", rc=0):
    """Says a command to one member alone. Its lines, and the fields of the last one."""
    done = run_program("kudos-central", *words, "--url", group.of(of).url, rc=rc)
    lines = done.stdout.splitlines()
    return lines, dict(f.split("=", 1) for f in lines[-1].split()[1:]) if lines else {}


def users(tmp_path, first, last):
    path = tmp_path / f"users-{first}-{last}"
    path.write_text("".join(f"u{n}\n" for n in range(first, last + 1)))
    return str(path)


def counted(group):
    """What the edge shows in all, when nothing is pending any more."""
    total, pending = group.shown()
    return total if pending == 0 else None


def test_a_void_and_an_audit_reach_every_partition_by_any_members_url(group, tmp_path):
    group.like(40)
    group.exact()
    asked = min(NAMES, key=lambda name: list(group.leads().values()).count(name))
    _, seen = ordered(group, "void", "--users", users(tmp_path, 1, 10), "--dry-run", of=asked)
    assert (seen["operations"], seen["verdict"]) == ("10", "preview")
    lines, done = ordered(group, "void", "--users", users(tmp_path, 1, 10), "--job", "wave", of=asked)
    assert (done["users"], done["operations"], done["skipped"], done["verdict"]) == ("10", "10", "0", "withdrawn")
    moved = [dict(f.split("=", 1) for f in line.split()[1:]) for line in lines[:-1]]
    assert sum(int(e["withdrawn"]) for e in moved) == 10 and len(moved) == int(done["items"]) == 8
    _, again = ordered(group, "void", "--users", users(tmp_path, 1, 12), "--job", "wave", of="central-2")
    assert again["operations"] == "2", "the rest alone"
    wait_until(lambda: counted(group) == 28, AGREE_S, "the counts without them")
    listed, last = ordered(group, "void", "--list", of="central-3")
    assert int(last["listed"]) == len(listed) - 1 > 1, "each partition in which something was withdrawn"
    _, audit = ordered(group, "audit", of=asked)
    assert (audit["partitions"], audit["members"], audit["verdict"]) == (str(PARTITIONS), "28", "exact")
    _, undone = ordered(group, "void", "--undo", "wave", of=asked)
    assert (undone["operations"], undone["verdict"]) == ("12", "undone")
    wait_until(lambda: counted(group) == 40, AGREE_S, "all likes again")
    ordered(group, "void", "--undo", "wave", rc=1)
    refused = run_program("kudos-central", "backup", str(tmp_path / "backup"), "--url", group.of(asked).url, rc=1)
    assert "a member that leads all partitions" in refused.stderr
    ordered(group, "void", "--users", users(tmp_path, 1, 2), "--job", "wave", rc=2)


def test_users_items_edges_and_imports_are_ordered_of_any_member(group, tmp_path):
    group.like(16)
    for i in range(8):
        assert group.edge.post(f"/v1/posts/{i}/like", user="leaver").status == 200
    group.likes += 8
    group.exact()
    _, erased = ordered(group, "erase", "--user", "leaver", of="central-2")
    assert (erased["operations"], erased["verdict"]) == ("8", "erased")
    lines, _ = ordered(group, "status", of="central-3")
    assert any(f"partitions={PARTITIONS}/{PARTITIONS} operations=8 state=erased" in line for line in lines), lines
    wait_until(lambda: counted(group) == 16, AGREE_S, "the counts without him")
    for n, verb in enumerate(("close", "open")):
        _, told = ordered(group, verb, *(f"posts/{i}" for i in range(8)), of=NAMES[n])
        assert told["items"] == "8"
    _, added = ordered(group, "edge", "add", "lisbon-1", of="central-3")
    assert (added["partitions"], added["verdict"]) == (str(PARTITIONS), "listed")
    lines, _ = ordered(group, "edge", "list", of="central-2")
    assert f"edge=lisbon-1 region=- heard=0 awaited={PARTITIONS} retired=0" in lines
    _, retired = ordered(group, "edge", "retire", "lisbon-1")
    assert retired["partitions"] == str(PARTITIONS)
    assert ordered(group, "quarantine", "list")[1]["verdict"] == "empty"
    ordered(group, "collect", of="central-2")
    log = tmp_path / "likes.log"
    log.write_text("".join(f"{1700000000000 + n}\tx{n}\tposts/{n % 8}\t1\n" for n in range(100)))
    _, brought = ordered(group, "import", str(log), of="central-3")
    assert (brought["acked"], brought["verdict"]) == ("100", "exact")
    wait_until(lambda: counted(group) == 116, AGREE_S, "imported likes are counted")
    assert ordered(group, "audit")[1]["verdict"] == "exact"


def started(group, *words, of):
    return subprocess.Popen([program("kudos-central"), *words, "--url", group.of(of).url], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def ended(running):
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, (out, err)
    return dict(f.split("=", 1) for f in out.splitlines()[-1].split()[1:])


def imported(group, tmp_path, n):
    """Central has n likes of y0 to y(n-1), all of one partition's items and of others."""
    log = tmp_path / "many.log"
    log.write_text("".join(f"{1700000000000 + k}\ty{k}\tposts/{k % 8}\t1\n" for k in range(n)))
    return str(log)


def killed_while(group, running, begun):
    """Kills the member that leads partition 0 as soon as `begun()` says that the order is under way, and waits for the others to take over."""
    wait_until(lambda: begun() or running.poll() is not None, AGREE_S, "the order is under way")
    early = running.poll() is None
    victim = group.leads()[0]
    group.of(victim).kill9()
    taken_over(group, victim)
    return victim, early


@pytest.mark.parametrize("what", ["void", "import", "erase"] if os.environ.get("KUDOS_LONG") == "1" else ["void"])
def test_a_member_killed_in_the_middle_of_an_order_leaves_the_result_exact(group, tmp_path, what):
    n = 20000
    group.like(8)  # the edge holds the items
    group.exact()
    if what != "import":
        assert ordered(group, "import", imported(group, tmp_path, n))[1]["verdict"] == "exact"
        wait_until(lambda: counted(group) == n + 8, AGREE_S, "all likes")
    victim = group.leads()[0]
    asked = next(name for name in NAMES if name != victim)
    before = sum(m.metric("kudos_central_decisions_total{result=\"merged\"}") for m in group.members.values())

    def decided():
        now = sum(m.metric("kudos_central_decisions_total{result=\"merged\"}") for m in group.members.values() if m.running())
        return now > before

    if what == "void":
        banned = tmp_path / "banned"
        banned.write_text("".join(f"y{k}\n" for k in range(0, n, 2)))
        running = started(group, "void", "--users", str(banned), "--job", "wave", of=asked)
    elif what == "erase":
        running = started(group, "erase", "--user", "y1", of=asked)
    else:
        running = started(group, "import", imported(group, tmp_path, n), of=asked)
    _, early = killed_while(group, running, decided)
    told = ended(running)
    left = 8 + {"void": n // 2, "erase": n - 1, "import": n}[what]
    if what == "void":
        assert early, "it was over before the member died"
        assert (told["operations"], told["skipped"]) == (str(n // 2), "0"), told
    wait_until(lambda: counted(group) == left, AGREE_S, "the result is exact")
    _, audit = ordered(group, "audit", of=asked)
    assert (audit["members"], audit["verdict"]) == (str(left), "exact")
    assert not any(m.events("alarm-follower-differs") for m in group.members.values() if m.running())
