"""kudos-central void: what a wave of bots did is withdrawn, from outside, and put back. The rules of each row are in tests/unit/central/test_void.c.

Every wait has a deadline and a condition.
"""
import re
import shutil
import signal
import subprocess

from central_feed import PARTITIONS, T0, Central, broker, central, feed, like, unlike, until  # noqa: F401 (fixtures)
from operating import audit, last_line, run
from proc import Edge, program

BOTS = 1500
WINDOW = ("--from", str(T0), "--to", str(T0 + 10**9))


def listed(path, names):
    path.write_text("# a comment\n\n" + "".join(name + "\n" for name in names))
    return str(path)


def effects(done):
    return [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines() if line.startswith("effect ")]


def void(*arguments, rc=0):
    return last_line(run("void", *arguments, rc=rc), "void")


class Wave:
    """Bots on an item of each partition, the second one of half of them, and two people on both."""

    def __init__(self, feed, tmp_path, bots=BOTS):
        self.feed, self.bots, self.items = feed, bots, [feed.item(0), feed.item(1)]
        self.users = listed(tmp_path / "bots", (f"bot{n}" for n in range(bots)))
        for partition, item in enumerate(self.items):
            some = range(bots // (partition + 1))
            feed.batch("a", [like(item, f"bot{n}", T0 + 1000 + n) for n in some], partition=partition)
            feed.batch("b", [like(item, "ada", T0 + 5), like(item, "bob", T0 + 5)], partition=partition, region="us")
        self.all = [bots + 2, bots // 2 + 2]

    def wait(self, central, counts):
        for item, count in zip(self.items, counts):
            central.wait_likes(item, count)


def test_a_wave_is_shown_withdrawn_and_put_back(tmp_path, central, feed):  # noqa: F811
    where = ("--url", central.url)
    wave = Wave(feed, tmp_path)
    wave.wait(central, wave.all)
    preview = run("void", "--users", wave.users, *WINDOW, "--dry-run", *where)
    told = last_line(preview, "void")
    assert list(told) == ["users", "items", "operations", "skipped", "job", "verdict"]
    assert (told["users"], told["items"], told["operations"], told["verdict"]) == (str(BOTS), "2", str(BOTS * 3 // 2), "preview")
    assert effects(preview) == [{"item": item, "counter": "like", "before": str(count), "withdrawn": str(count - 2), "after": "2"}
                                for item, count in zip(wave.items, wave.all)], "the largest first"
    wave.wait(central, wave.all)
    done = run("void", "--users", wave.users, *WINDOW, "--job", "wave-1", *where)
    assert effects(done) == effects(preview)
    told = last_line(done, "void")
    assert (told["operations"], told["skipped"], told["job"], told["verdict"]) == (str(BOTS * 3 // 2), "0", "wave-1", "withdrawn")
    wave.wait(central, [2, 2])
    audit(*where)
    told = until(lambda: (c := [x for p in (0, 1) for r in feed.read("changes", partition=p) for x in r["changes"] if not x[2]])
                 and len(c) >= BOTS * 3 // 2 and c, "changes are told")
    assert len(told) == BOTS * 3 // 2 and all(user.startswith("bot") for _, user, _ in told), "each change is told once"

    again = void("--users", wave.users, *WINDOW, *where)
    assert (again["operations"], again["items"]) == ("0", "0"), "nothing is withdrawn twice"
    voids = run("void", "--list", *where).stdout
    assert re.findall(r"job=(\S+) partition=(\d) \S+ withdrawn=(\d+)", voids) == [("wave-1", "0", str(BOTS)), ("wave-1", "1", str(BOTS // 2))]

    # One user says something of his own meanwhile: that stands.
    feed.batch("a", [unlike(wave.items[0], "bot0", T0 + 2 * 10**9), like(wave.items[0], "bot1", T0 + 2 * 10**9)])
    central.wait_likes(wave.items[0], 3)
    done = void("--undo", "wave-1", *where)
    assert (done["operations"], done["verdict"]) == (str(BOTS * 3 // 2 - 2), "undone")
    wave.wait(central, [wave.all[0] - 1, wave.all[1]])
    audit(*where)
    assert "no partition knows that void" in run("void", "--undo", "wave-1", *where, rc=1).stderr
    assert "take another one" in run("void", "--users", wave.users, *WINDOW, "--job", "wave-1", *where, rc=2).stderr


def test_a_void_takes_what_was_named_alone(tmp_path, central, feed):  # noqa: F811
    where = ("--url", central.url)
    wave = Wave(feed, tmp_path, bots=10)
    wave.wait(central, wave.all)
    second = listed(tmp_path / "items", [wave.items[1]])
    assert void("--users", wave.users, *WINDOW, "--items", second, *where)["operations"] == "5"
    assert void("--users", wave.users, "--from", str(T0 + 1005), "--to", "2024-10-05T00:00:00Z", "--counter", "like", *where)["operations"] == "5"
    wave.wait(central, [7, 2])
    for wrong in (("--users", wave.users, "--to", "2999-01-01T00:00:00Z"), ("--users", wave.users, "--counter", "view"),
                  ("--users", wave.users, "--from", "yesterday"), ("--users", listed(tmp_path / "none", [])),
                  ("--users", listed(tmp_path / "odd", ["a user"])), ("--users", wave.users, "--undo", "x"),
                  ("--undo", "x", "--dry-run"), ("--users", str(tmp_path / "nothing")), ("--users", wave.users, "--job", "NO")):
        assert run("void", *wrong, *where, rc=2).stderr, wrong
    for name, data, said in (("zero", b"bot0\0and more\n", "zero:1: bot0?and more is no id of a user"),  # bot0 is somebody else
                             ("late", b"# a comment\n\nbot0\n\xef\xbb\xbfbot1\n", "late:4: ")):
        (tmp_path / name).write_bytes(data)
        assert said in run("void", "--users", str(tmp_path / name), *WINDOW, *where, rc=2).stderr
    assert "--from is later than --to" in run("void", "--users", wave.users, "--from", str(T0 + 9), "--to", str(T0 + 8), *where, rc=2).stderr
    odd = listed(tmp_path / "odd-items", ["posts"])  # its third line
    assert "odd-items:3: posts is no item" in run("void", "--users", wave.users, "--items", odd, *where, rc=2).stderr
    wave.wait(central, [7, 2])


def test_a_central_killed_within_a_void_goes_on_with_it(tmp_path, broker, feed):  # noqa: F811
    bots = 8000
    with Central(tmp_path, broker.address) as c:
        wave = Wave(feed, tmp_path, bots=bots)
        wave.wait(c, wave.all)
        order = ["void", "--users", wave.users, *WINDOW, "--job", "wave-2", "--url", f"http://127.0.0.1:{c.admin_port}"]
        command = subprocess.Popen([program("kudos-central"), *order], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        c.wait_metric("kudos_central_decisions_total", 2)
        c.kill9()
        out, err = command.communicate(timeout=60)
        assert command.returncode in (0, 4), (out, err)
        c.start()
        until(lambda: c.get(f"/v1/{wave.items[0]}/counts").status == 200, "central serves")
        told = last_line(run(*order), "void")
        assert 0 <= int(told["operations"]) < bots * 3 // 2, "some were withdrawn before"
        wave.wait(c, [2, 2])
        audit("--url", c.url)
        assert void("--undo", "wave-2", "--url", c.url)["operations"] == str(bots * 3 // 2), "as a whole"
        wave.wait(c, wave.all)
        audit("--url", c.url)


def test_a_restore_from_an_older_backup_keeps_the_void(tmp_path, broker, feed):  # noqa: F811
    with Central(tmp_path, broker.address) as c:
        wave = Wave(feed, tmp_path, bots=50)
        wave.wait(c, wave.all)
        run("backup", str(tmp_path / "saved"), "--url", c.url)
        assert void("--users", wave.users, *WINDOW, "--job", "wave-3", "--url", c.url)["operations"] == "75"
        feed.batch("a", [like(wave.items[0], "bot3", T0 + 1003 + 1)])  # late, from within the window
        c.wait_applied("a", feed.last["a", 0])
        assert c.likes(wave.items[0]) == 2
        assert c.stop() == 0
    run("restore", str(tmp_path / "saved"), "--to", str(tmp_path / "restored"))
    with Central(tmp_path, broker.address, central={"data_dir": str(tmp_path / "restored")}) as c:
        wave.wait(c, [2, 2])
        audit("--url", c.url)
        assert void("--undo", "wave-3", "--url", c.url)["operations"] == "75"
        wave.wait(c, wave.all)


def test_what_edges_tell_of_a_user_whose_like_was_withdrawn(tmp_path, broker):
    """docs/protocol.md, rule 25: counts everywhere; of the user himself each edge that has no row of his."""
    item = "posts/one"
    with Central(tmp_path, broker.address) as c:
        def edge(name, region):
            return Edge(tmp_path, broker.address, name=name, region=region, partitions=PARTITIONS, central=c.url,
                        more={"edge": {"flush_interval": "100ms"}})

        def shown(n):
            for e in (a, b):
                until(lambda e=e: (lambda like: (like["count"], like["pending"]))(e.get(f"/v1/{item}/counts").json["counts"]["like"]) == (n, 0), f"{n} shown")

        with edge("edge-a", "mumbai") as a, edge("edge-b", "virginia") as b:
            for user in ("ann", "bot1", "bot2", "bot3"):
                assert a.post(f"/v1/{item}/like", user=user).json["liked"]
            shown(4)
            done = void("--users", listed(tmp_path / "bots", ["bot1", "bot2", "bot3"]), "--job", "edges", "--url", c.url)
            assert done["operations"] == "3"
            shown(1)
            assert b.get(f"/v1/{item}/like", user="bot1").json == {"item": item, "liked": False, "source": "central"}
            assert a.get(f"/v1/{item}/like", user="bot1").json == {"item": item, "liked": True, "source": "edge"}, "by its own row"
            # He goes on: his later word stands, whatever edge he says it at, and an undo leaves it alone.
            assert a.post(f"/v1/{item}/like", user="bot1").json["changed"] is False
            shown(2)
            a.delete(f"/v1/{item}/like", user="bot2")
            shown(2)
            compared = subprocess.run([program("kudos-edge"), "compare", "--url", f"http://127.0.0.1:{a.admin_port}", "--central", c.url],
                                      capture_output=True, text=True, timeout=60)
            assert compared.returncode == 0 and " verdict=" in compared.stdout, compared
            assert void("--undo", "edges", "--url", c.url)["operations"] == "1", "of bot3 alone"
            shown(3)
            assert b.get(f"/v1/{item}/like", user="bot3").json["liked"] is True


def test_a_restored_central_knows_a_void_that_only_its_log_has_before_it_answers(tmp_path, broker, central, feed):  # noqa: F811
    """The first second of a restored central: it said that nobody knows the void, and an operator would have left the likes withdrawn."""
    where = ("--url", central.url)
    wave = Wave(feed, tmp_path, bots=20)
    wave.wait(central, wave.all)
    run("backup", str(tmp_path / "backup"), *where)
    void("--users", wave.users, *WINDOW, "--job", "wave-1", *where)
    central.kill9()
    shutil.rmtree(central.data)
    run("restore", str(tmp_path / "backup"), "--to", central.data)
    broker.signal(signal.SIGSTOP)
    try:
        central.start(wait=False)
        until(lambda: central.log().count('"central-started"') == 2, "it has started")
        undo = subprocess.Popen([program("kudos-central"), "void", "--undo", "wave-1", *where], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until(lambda: central.log().count('"void-list"') > 2 or undo.poll() is not None, "it is asked")
    finally:
        broker.signal(signal.SIGCONT)
    said, _ = undo.communicate(timeout=60)
    assert undo.returncode == 0 and "verdict=undone" in said, said
    wave.wait(central, wave.all)
