"""kudos-central erase: all that a user said is withdrawn, from outside, and stays withdrawn. The rules of each row are in tests/unit/central/test_erase.c.

Every wait has a deadline and a condition.
"""
import re
import subprocess
import time

from central_feed import PARTITIONS, T0, Central, broker, central, export, feed, like, unlike, until  # noqa: F401 (fixtures)
from operating import audit, last_line, run
from proc import Edge, program

RUNNING = ["erase", "--user", "ann"]


def erase(user, *where, rc=0):
    return last_line(run("erase", "--user", user, *where, rc=rc), "erase")


def status(*where):
    done = run("status", *where)
    assert last_line(done, "status")["verdict"] == "listed"
    return [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines() if line.startswith("erase ")]


def said(feed, user, count, edge="a"):  # noqa: F811
    """Likes of that user on so many items of each partition, and one of bob on the first of each."""
    found = {p: [] for p in range(PARTITIONS)}
    for n in range(PARTITIONS * count * 2):
        items = found[feed.where(f"posts/i{n}")]
        if len(items) < count:
            items.append(f"posts/i{n}")
    for partition, items in found.items():
        for start in range(0, count, 500):
            feed.batch(edge, [like(item, user, T0 + start) for item in items[start:start + 500]], partition=partition)
        feed.batch("b", [like(items[0], "bob")], partition=partition, region="us")
    return found


def wait_counts(central, found, first, others):  # noqa: F811
    for items in found.values():
        central.wait_likes(items[0], first)
        for item in items[1:][-1:]:
            central.wait_likes(item, others)


def test_a_user_is_erased_everywhere_and_counts_move_once(central, feed):  # noqa: F811
    where = ("--url", central.url)
    found = said(feed, "ann", 3)
    wait_counts(central, found, 2, 1)
    feed.batch("a", [unlike(found[0][2], "ann", T0 + 10**6)])
    central.wait_applied("a", feed.last["a", 0])
    likes = export(*where).count("\tann\t")
    told = erase("ann", *where)
    assert list(told) == ["operations", "gone_at", "reason", "job", "verdict"]
    assert (told["operations"], told["verdict"]) == (str(likes), "erased") and likes == 3 * PARTITIONS - 1
    wait_counts(central, found, 1, 0)
    audit(*where)
    assert "\tann\t" not in export(*where) and export(*where).count("\tbob\t") == PARTITIONS
    unlikes = until(lambda: (c := [x for p in range(PARTITIONS) for r in feed.read("changes", partition=p) for x in r["changes"] if not x[2]])
                    and len(c) >= likes and c, "changes are told")
    assert len(unlikes) == len({(x[0], x[1]) for x in unlikes}) and {x[1] for x in unlikes} == {"ann"}, "each once"
    assert erase("ann", *where)["operations"] == "0", "nothing is withdrawn twice"

    late = feed.item(0, prefix="posts/late")
    feed.batch("cut", [like(late, "ann", T0 + 10), like(found[0][1], "ann", T0 + 10**7), like(late, "eve", T0 + 10)], partition=0)
    central.wait_likes(late, 1)
    assert central.likes(found[0][1]) == 0, "also on an item that is known"
    central.wait_metric("kudos_central_erased_operations_total", 2)
    assert "\tann\t" not in export(*where)
    [latest] = status(*where)
    assert (latest["partitions"], latest["state"], latest["operations"]) == (f"{PARTITIONS}/{PARTITIONS}", "erased", "0")


def test_status_tells_where_the_id_still_is(tmp_path, central, feed):  # noqa: F811
    where = ("--url", central.url)
    found = said(feed, "ann", 1)
    wait_counts(central, found, 2, 2)
    run("backup", str(tmp_path / "old"), "--name", "old", *where)
    assert (told := erase("ann", *where))["gone_at"] == "unknown" and told["reason"] == "backup:old", "the backup was made before"
    run("backup", "--forget", "old", *where)
    assert [s["reason"] for s in status(*where)] == ["edges"], "nobody said how long edges remember"
    feed.raw(b"\x93\x01\x02", partition=0)
    until(lambda: [s["reason"] for s in status(*where)] == ["quarantine"], "the record is in quarantine")
    assert run("erase", "--user", "no user", *where, rc=2).stderr and run("erase", *where, rc=2).stderr


def test_without_a_place_that_is_unknown_a_time_is_told(tmp_path, broker, feed):  # noqa: F811
    with Central(tmp_path, broker.address, central={"backups": "none", "edge_row_ttl": "16d"}) as c:
        wait_counts(c, said(feed, "ann", 1), 2, 2)
        told = erase("ann", "--url", c.url)
        # Edges that were heard of an age ago hold operations that nobody knows.
        assert (told["gone_at"], told["reason"]) == ("unknown", "edge:a")
        for edge in ("a", "b"):
            for p in range(PARTITIONS):
                feed.batch(edge, [], partition=p, complete_to=told_us(c) + 10**6)
                c.wait_applied(edge, feed.last[edge, p], p)
        [s] = status("--url", c.url)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", s["gone_at"]), s
        assert "reason" not in s


def told_us(central):  # noqa: F811
    return int(status("--url", central.url)[0]["to_us"])


def test_a_central_killed_within_an_erasure_goes_on_with_it(tmp_path, broker, feed):  # noqa: F811
    each = 3000
    with Central(tmp_path, broker.address) as c:
        found = said(feed, "ann", each)
        wait_counts(c, found, 2, 1)
        order = [*RUNNING, "--url", f"http://127.0.0.1:{c.admin_port}"]
        command = subprocess.Popen([program("kudos-central"), *order], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        c.wait_metric('kudos_central_decisions_total{result="merged"}', 2)
        c.kill9()
        out, err = command.communicate(timeout=60)
        assert command.returncode in (0, 4), (out, err)
        c.start()
        until(lambda: c.get(f"/v1/{found[0][0]}/counts").status == 200, "central serves")
        told = last_line(run(*order), "erase")
        assert 0 <= int(told["operations"]) < PARTITIONS * each, "some were withdrawn before"
        wait_counts(c, found, 1, 0)
        audit("--url", c.url)
        assert "\tann\t" not in export("--url", c.url)
        assert [s["state"] for s in status("--url", c.url)] == ["erased"]


def test_a_restore_from_an_older_backup_keeps_the_erasure(tmp_path, broker, feed):  # noqa: F811
    with Central(tmp_path, broker.address) as c:
        found = said(feed, "ann", 20)
        wait_counts(c, found, 2, 1)
        run("backup", str(tmp_path / "saved"), "--name", "saved", "--url", c.url)
        assert erase("ann", "--url", c.url)["operations"] == str(20 * PARTITIONS)
        feed.batch("a", [like(found[0][0], "ann", T0 + 10**9)])  # late
        c.wait_applied("a", feed.last["a", 0])
        assert c.likes(found[0][0]) == 1
        assert [s["reason"] for s in status("--url", c.url)] == ["backup:saved"], "his id is in it"
        assert c.stop() == 0
    run("restore", str(tmp_path / "saved"), "--to", str(tmp_path / "restored"))
    with Central(tmp_path, broker.address, central={"data_dir": str(tmp_path / "restored")}) as c:
        wait_counts(c, found, 1, 0)
        c.wait_applied("a", feed.last["a", 0])
        audit("--url", c.url)
        assert "\tann\t" not in export("--url", c.url)
        until(lambda: [s["state"] for s in status("--url", c.url)] == ["erased"], "the erasure is read again")
        assert [s["reason"] for s in status("--url", c.url)] == ["backup:saved"], "also of a central that was put back to that very copy"
        run("backup", "--forget", "saved", "--url", c.url)
        assert "backup:saved" not in [s.get("reason") for s in status("--url", c.url)]


def test_edges_a_late_one_and_the_user_who_comes_back(tmp_path, broker):
    """Two edges and one that is killed with operations that nobody else knows, and starts when the user is erased."""
    items = [f"posts/{n}" for n in range(6)]
    with Central(tmp_path, broker.address, central={"index_liked": "true", "index_newest": "true"}) as c:
        def edge(name, region, flush="100ms"):
            return Edge(tmp_path, broker.address, name=name, region=region, partitions=PARTITIONS, central=c.url,
                        more={"edge": {"flush_interval": flush}})

        def shown(item, n):
            for e in (a, b):
                until(lambda e=e: (lambda got: (got["count"], got["pending"]))(e.get(f"/v1/{item}/counts").json["counts"]["like"]) == (n, 0), f"{n} shown of {item}")

        with edge("edge-a", "mumbai") as a, edge("edge-b", "virginia") as b, edge("edge-c", "oslo", "1m") as cut:
            for item in items[:4]:
                a.post(f"/v1/{item}/like", user="ann")
                b.post(f"/v1/{item}/like", user="bob")
            b.post(f"/v1/{items[0]}/like", user="ann")
            b.delete(f"/v1/{items[3]}/like", user="ann")
            for item in items[2:]:
                assert cut.post(f"/v1/{item}/like", user="ann").json["liked"]
            cut.post(f"/v1/{items[5]}/like", user="eve")
            cut.kill9()
            for item, n in zip(items, (2, 2, 2, 1)):
                shown(item, n)
            assert erase("ann", "--url", c.url)["operations"] == "3"
            for item in items[:4]:
                shown(item, 1)
            cut.start()
            until(lambda: c.likes(items[5]) == 1, "what the killed edge held is merged")
            assert [c.likes(item) for item in items] == [1, 1, 1, 1, 0, 1]
            assert "\tann\t" not in export("--url", c.url)
            audit("--url", c.url)

            assert b.get(f"/v1/{items[1]}/like", user="ann").json["liked"] is False
            for query in ("", "?order=newest"):
                assert [row["user"] for row in c.get(f"/v1/{items[0]}/likers{query}").json["likers"]] == ["bob"]
            assert [row["user"] for row in c.post(f"/v1/{items[0]}/likers/among", body={"users": ["ann", "bob"]}).json["likers"]] == ["bob"]
            assert c.get("/v1/me/like", user="ann").json["items"] == []

            # He comes back, later than the bound of the clocks behind the order.
            until(lambda: time.time() * 1e6 > told_us(c) + 10**5, "the stamp of the erasure is past")
            assert b.post(f"/v1/{items[4]}/like", user="ann").json["liked"]
            shown(items[4], 1)
            audit("--url", c.url)
            assert export("--url", c.url).count("\tann\t") == 1
