"""Orders of an operator in a group of members of whom none leads all: any member's URL does, and a member that dies in the middle does no harm."""
import contextlib
import os
import signal
import subprocess

import pytest

from cluster import AGREE_S, PARTITIONS
from group import NAMES, Group, taken_over
from proc import Broker, program, run_program, wait_until


LONG = os.environ.get("KUDOS_LONG") == "1"


@contextlib.contextmanager
def group_in(where):
    """`others` are the likes that its edge has not brought, less those that were withdrawn."""
    with Broker(where, PARTITIONS) as broker, Group(where, broker.address) as g:
        g.others = 0
        yield g


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    with group_in(tmp_path_factory.mktemp("group")) as g:
        yield g


@pytest.fixture
def own_group(tmp_path):
    with group_in(tmp_path) as g:
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


def counts(group, others, what):
    """The edge shows, in all, what it took itself and so many others, and nothing is pending any more."""
    group.others = others
    wait_until(lambda: group.shown() == (group.likes + others, 0), AGREE_S, what)


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
    counts(group, -12, "the counts without them")
    listed, last = ordered(group, "void", "--list", of="central-3")
    assert int(last["listed"]) == len(listed) - 1 > 1, "each partition in which something was withdrawn"
    _, audit = ordered(group, "audit", of=asked)
    assert (audit["partitions"], audit["members"], audit["verdict"]) == (str(PARTITIONS), "28", "exact")
    _, undone = ordered(group, "void", "--undo", "wave", of=asked)
    assert (undone["operations"], undone["verdict"]) == ("12", "undone")
    counts(group, 0, "all likes again")
    ordered(group, "void", "--undo", "wave", rc=1)
    ordered(group, "void", "--users", users(tmp_path, 1, 2), "--job", "wave", rc=2)


def test_users_items_edges_and_imports_are_ordered_of_any_member(group, tmp_path):
    group.like(16)
    for i in range(8):
        assert group.edge.post(f"/v1/posts/{i}/like", user="leaver").status == 200
    counts(group, group.others + 8, "his likes, too")
    _, erased = ordered(group, "erase", "--user", "leaver", of="central-2")
    assert (erased["operations"], erased["verdict"]) == ("8", "erased")
    lines, _ = ordered(group, "status", of="central-3")
    assert any(f"partitions={PARTITIONS}/{PARTITIONS} operations=8 state=erased" in line for line in lines), lines
    counts(group, group.others - 8, "the counts without him")
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
    counts(group, group.others + 100, "imported likes are counted")
    assert ordered(group, "audit")[1]["verdict"] == "exact"


def started(group, *words, of):
    return subprocess.Popen([program("kudos-central"), *map(str, words), "--url", group.of(of).url], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def ended(running):
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, (out, err)
    return dict(f.split("=", 1) for f in out.splitlines()[-1].split()[1:])


def log_of(tmp_path, who, n):
    """A log of n likes, of as many users, on all items."""
    log = tmp_path / f"{who}.log"
    log.write_text("".join(f"{1700000000000 + k}\t{who}{k}\tposts/{k % 8}\t1\n" for k in range(n)))
    return str(log)


def under_way(group, what, victim, running):
    """A member has begun to carry the order out; of an import, which is no job, a decision was merged."""
    def merged():
        return group.of(victim).metric('kudos_central_decisions_total{result="merged"}')

    def begun():
        return any(e["kind"] == what for m in group.members.values() for e in m.events("job-started"))

    before = merged() if what == "import" else 0
    wait_until(lambda: running.poll() is not None or (merged() > before if what == "import" else begun()), AGREE_S, "the order is under way",
               pause=0.002)


@pytest.mark.parametrize("what", ["void", "import", "erase"] if LONG else ["void"])
def test_a_member_killed_in_the_middle_of_an_order_leaves_the_result_exact(own_group, tmp_path, what):
    group = own_group
    n = 20000
    group.like(8)  # the edge holds the items
    log = log_of(tmp_path, what, n)
    if what != "import":
        assert ordered(group, "import", log)[1]["verdict"] == "exact"
        counts(group, group.others + n, "all likes")
    victim = group.leads()[0]
    asked = next(name for name in NAMES if name != victim)
    banned = tmp_path / "banned"
    banned.write_text("".join(f"void{k}\n" for k in range(0, n, 2)))
    words, change = {"void": (("void", "--users", banned, "--job", "wave-2"), -n // 2),
                     "erase": (("erase", "--user", "erase1"), -1),
                     "import": (("import", log), n)}[what]
    running = started(group, *words, of=asked)
    under_way(group, what, victim, running)
    group.of(victim).signal(signal.SIGSTOP)  # in the middle of its partitions, or before them
    group.of(victim).kill9()
    taken_over(group, victim)
    told = ended(running)
    if what == "void":
        assert (told["operations"], told["skipped"]) == (str(n // 2), "0"), told
    counts(group, group.others + change, "the result is exact")
    _, audit = ordered(group, "audit", of=asked)
    assert (audit["members"], audit["verdict"]) == (str(group.likes + group.others), "exact")
    assert not any(m.events("alarm-follower-differs") for m in group.members.values() if m.running())
