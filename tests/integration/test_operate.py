"""What an operator does to central: audit, repair, quarantine, retire; on real stores and processes. Backups are in test_backup.py.

Every wait has a deadline and a condition.
"""
import os
import re
import shutil
import subprocess

import pytest

from central_feed import PARTITIONS, T0, VIEW, Central, export, like, until
from central_feed import broker, central, feed  # noqa: F401 (fixtures)
from operating import Store, Traffic, audit, copied, item_key, last_line, mismatches, plant_count, run
from keys import write_keys
from ports import free_ports
from proc import TOP, UNREAD, program, request, run_unread


# ---- audit ----

def test_audit_is_exact_under_traffic(tmp_path, broker, feed):  # noqa: F811
    """Counts are written back all the time and hardly cached: every way of a count through memory and store is there."""
    items = [feed.item(0), feed.item(1)]
    tight = {"redo_bytes": "64KiB", "counts_cached": "1000"}
    with Central(tmp_path, broker.address, central=tight) as c, Traffic(feed, items) as traffic:
        until(lambda: traffic.rounds > 1, "no traffic")
        for n in range(12):
            url = [f"http://127.0.0.1:{c.admin_port}", c.url][n % 2]
            assert audit("--url", url)["partitions"] == str(PARTITIONS)
        assert traffic.rounds > 5
        traffic.stop()
        for item in items:
            until(lambda i=item: c.counts(i)["counts"]["view"]["count"] == traffic.rounds * 6, "not merged")
        done = audit("--url", c.url)
        assert int(done["members"]) == sum(c.likes(i) for i in items)
        assert c.stop() == 0
        assert audit("--dir", c.data) == done


def test_audit_of_what_a_kill_leaves(tmp_path, broker, feed):  # noqa: F811
    """Killed at any moment: the store alone is exact, with counts in rows and in redo, and so is what comes back."""
    items = [feed.item(0), feed.item(1)]
    members = 0
    with Traffic(feed, items) as traffic, Central(tmp_path, broker.address, central={"redo_bytes": "64KiB"}) as c:
        for _ in range(4):
            c.wait_metric("kudos_central_operations_total", 300)
            c.kill9()
            found = int(audit("--dir", c.data)["members"])
            assert found > members
            members = found
            c.start()
            audit("--url", c.url)
        traffic.stop()


def test_audit_finds_a_planted_count_and_repair_mends_it(tmp_path, broker, feed):  # noqa: F811
    item, other = feed.item(0), feed.item(1)
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(item, "u1"), like(item, "u2"), f"sum {item} {VIEW} 4 20000"])
        feed.batch("a", [like(other, "u1")], partition=1)
        c.wait_likes(item, 2)
        c.wait_likes(other, 1)
        assert c.stop() == 0
    data = copied(c.data, tmp_path)
    assert audit("--dir", data) == {"partitions": "2", "items": "2", "members": "3", "mismatches": "0", "verdict": "exact"}
    plant_count(data, "posts/nobody", 9)
    done = run("audit", "--dir", data, rc=1)
    assert last_line(done, "audit")["mismatches"] == "1"
    assert mismatches(done) == [{"partition": "0", "item": "posts/nobody", "counter": "like", "part": "total", "stored": "9",
                                 "recomputed": "0"}]
    # A dry run says the same and changes nothing.
    done = run("repair", "--dir", data, "--dry-run", rc=1)
    assert last_line(done, "repair") == {"partitions": "2", "items": "3", "mismatches": "1", "items_to_mend": "1", "verdict": "wrong"}
    audit("--dir", data, rc=1)
    done = run("repair", "--dir", data)
    assert last_line(done, "repair")["verdict"] == "repaired"
    assert audit("--dir", data)["items"] == "2"
    assert last_line(run("repair", "--dir", data), "repair")["verdict"] == "exact"
    # The untouched original is still right, and a central that starts on the copy is, and tells the edges.
    audit("--dir", c.data)
    before = len(feed.read("counts"))
    with Central(tmp_path, broker.address, central={"data_dir": data}) as c:
        assert (c.likes(item), c.likes("posts/nobody"), c.likes(item, "view")) == (2, 0, 4)
        until(lambda: any("posts/nobody" in s["items"] for s in feed.read("counts", start=before)), "the edges are not told")
        feed.batch("a", [like(item, "u3")])
        c.wait_likes(item, 3)
        audit("--url", c.url)


def test_repair_says_that_sums_stay(tmp_path, broker, feed):  # noqa: F811
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(feed.item(0), "u1")])
        c.wait_likes(feed.item(0), 1)
        assert c.stop() == 0
    with Store(c.data) as store:
        store.put(b"n" + item_key("posts/seen"), (1).to_bytes(8, "big") + bytes([VIEW << 2, 0, 7]))
    done = run("repair", "--dir", c.data, rc=1)
    assert last_line(done, "repair")["verdict"] == "partial" and "cannot be recomputed" in done.stdout
    assert [(m["part"], m["total"], m["sum"]) for m in mismatches(done)] == [("regions", "7", "0"), ("days", "7", "0")]


def test_audit_refuses_what_it_cannot_read(tmp_path, broker, central):  # noqa: F811
    assert "in use" in run("audit", "--dir", central.data, rc=4).stderr
    assert "in use" in run("repair", "--dir", central.data, rc=4).stderr
    assert run("audit", "--url", f"http://127.0.0.1:{free_ports(1)[0]}", rc=4).stderr
    assert "http" in run("audit", "--url", "ftp://x", rc=2).stderr
    assert "cannot be read" in run("audit", "--dir", tmp_path / "nothing", rc=2).stderr
    assert "usage" in run("audit", "--url", "http://x", "--dir", "y", rc=2).stderr
    assert "usage" in run("repair", rc=2).stderr
    assert "verdict=" in run("audit", "--help").stdout
    assert central.stop() == 0
    with Store(central.data) as store:
        store.put(b"m\x01\xff", b"x")
    assert "member" in run("audit", "--dir", central.data, rc=1).stderr


@pytest.mark.parametrize("command", ["audit", "export"])
def test_a_store_in_another_place_is_told_with_both_numbers(tmp_path, central, command):  # noqa: F811
    assert central.stop() == 0
    lacking, swapped = copied(central.data, tmp_path, "lacking"), copied(central.data, tmp_path, "swapped")
    shutil.rmtree(os.path.join(lacking, "partition-0001"))
    assert "made with kafka.partitions = 2, the directory holds 1" in run(command, "--dir", lacking, rc=2).stderr
    shutil.rmtree(os.path.join(swapped, "partition-0000"))
    shutil.copytree(os.path.join(swapped, "partition-0001"), os.path.join(swapped, "partition-0000"))
    assert "made as partition 1, not 0" in run(command, "--dir", swapped, rc=2).stderr


def test_a_page_in_a_browser_cannot_act(central):  # noqa: F811
    assert request(central.admin_port, "POST", "/admin/job?do=audit").status == 403
    assert request(central.admin_port, "GET", "/admin/job?do=audit").json["state"] == "none"
    mark = {"X-Kudos-Admin": "1"}
    assert request(central.admin_port, "POST", "/admin/nothing", headers=mark).status == 404
    rebound = mark | {"Origin": f"http://rebound.example:{central.admin_port}"}
    assert request(central.admin_port, "POST", "/admin/job?do=audit", headers=rebound).status == 403
    by_name = {"Host": f"rebound.example:{central.admin_port}"}
    for path, status in (("/admin/job?do=audit", 403), ("/debug/partitions", 403), ("/metrics", 200), ("/readyz", 200)):
        assert request(central.admin_port, "GET", path, headers=by_name).status == status, path
    for wrong in ("", "do=nothing", "do=audit&id=xyz", "do=audit&id=-1", "do=audit&id=%201", "do=retire&name=" + "x" * 40):
        assert request(central.admin_port, "POST", "/admin/act?" + wrong, headers=mark).status == 400
    assert request(central.port, "POST", "/admin/job?do=audit", headers=mark).status == 404  # not by the public port


@pytest.mark.parametrize("order", ("collect", "edge-add&name=e8&region=r", "retire&name=a", "readmit&name=a", "quarantine-drop&id=1", "close&item=posts/1&name=b"))
def test_no_decision_is_made_under_what_is_no_name(central, order):  # noqa: F811
    """A decision that is not valid would be a broken invariant of the program."""
    for job in ("A", ".", "_x", "-1", "%ff", "..%2f..%2fetc%2fpasswd", "a%00b", "a%20b"):
        for field in ("job", "region") if "region" not in order else ("job",):
            answer = request(central.admin_port, "POST", f"/admin/act?do={order}&{field}={job}", headers={"X-Kudos-Admin": "1"})
            assert answer.status == 400 and "not an order" in answer.body.decode(), (field, job, answer)
    assert request(central.admin_port, "GET", "/healthz").status == 200


def test_each_command_is_told_its_own_verdict(tmp_path, central):  # noqa: F811
    where = ["--url", central.url]
    mark = {"X-Kudos-Admin": "1"}

    def job(number=None):
        return request(central.admin_port, "GET", "/admin/job" + (f"?job={number}" if number else "")).json

    assert request(central.admin_port, "POST", "/admin/job?do=backup&dir=relative&name=x", headers=mark).status == 202
    until(lambda: job()["state"] == "refused", "a backup that cannot be made ends")
    first = job()
    audit(*where)
    assert job()["kind"] == "audit" and job()["job"] != first["job"] and job(first["job"]) == first
    assert job(first["job"] - 1)["state"] == "none"
    assert request(central.admin_port, "GET", "/admin/job?job=x1").status == 400
    # At the same moment: they wait for each other, and one may be over before the command of the one before has asked for its verdict.
    orders = [["audit"] if n % 2 else ["backup", str(tmp_path / f"backup-{n}")] for n in range(16)]
    commands = [subprocess.Popen([program("kudos-central"), *order, *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for order in orders]
    told = [(order, *command.communicate(timeout=60), command.returncode) for order, command in zip(orders, commands)]
    assert all(rc == 0 and re.search(r" verdict=(exact|done)$", out.strip()) for _, out, _, rc in told), told


# ---- quarantine ----

STRANGE = 60  # a counter that no configuration here has


def quarantine(*arguments, rc=0):
    return run("quarantine", *arguments, rc=rc)


def kept(where):
    done = quarantine("list", *where)
    fields = last_line(done, "quarantine")
    rows = [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines()[:-1]]
    assert fields == {"records": str(len(rows)), "verdict": "kept" if rows else "empty"}
    return rows


def poison(central, feed, item):  # noqa: F811
    """Edge a is merged up to 1, waits with 2 (poisoned, sent twice), and holds 3; edge b goes on."""
    feed.batch("a", [like(item, "u1")])
    central.wait_likes(item, 1)
    feed.batch("a", [like(item, "lost", counter=STRANGE), like(item, "lost")])
    feed.again()
    feed.batch("a", [like(item, "u3")])
    feed.batch("b", [like(item, "u4")])
    central.wait_metric('kudos_central_alarms_total{reason="unknown-counter"}', 2)
    central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
    central.wait_likes(item, 2)
    until(lambda: central.metric("kudos_central_quarantined_records") == 1, "no gauge")
    alarm = central.events("alarm-unknown-counter")[0]
    assert (alarm["partition"], alarm["edge"], alarm["counter"]) == (0, "a", STRANGE)
    assert central.applied("a") == (1, 1) and central.applied("b") == (1, 1)


def test_quarantine_drop(central, feed):  # noqa: F811
    item = feed.item(0)
    where = ["--url", central.url]
    poison(central, feed, item)
    row = kept(where)[0]
    assert (row["edge"], row["position"], row["poison"], row["partition"]) == ("a", "1.2", "counter", "0")
    shown = quarantine("show", row["id"], *where).stdout
    assert f"like counter={STRANGE}(not configured) item={item} user=lost" in shown and "operations: 2" in shown
    assert re.search(r"^00000000  9e 01 01 a1 61 ", shown, re.M) and last_line(quarantine("show", row["id"], *where), "quarantine")
    assert "waits for a counter" in quarantine("release", row["id"], *where, rc=1).stderr
    assert central.applied("a") == (1, 1)
    done = quarantine("drop", row["id"], *where)
    assert "its operations are lost" in done.stdout and "user=lost" in done.stdout
    assert last_line(done, "quarantine") == {"id": row["id"], "verdict": "dropped"}
    assert kept(where) == [] and central.events("operator-order")[0]["order"] == "quarantine-drop"
    central.wait_likes(item, 3)  # what came behind it is read again from the log
    assert central.applied("a") == (1, 3)
    assert "no partition knows" in quarantine("drop", row["id"], *where, rc=1).stderr
    audit(*where)


def test_quarantine_release_after_an_upgrade_offline_and_online(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    upgrade = ["--set", f"counters.clap={STRANGE} set"]
    with Central(tmp_path, broker.address) as c:
        poison(c, feed, item)
        assert c.stop() == 0
    where = ["--dir", c.data]
    row = kept(where)[0]
    copy = copied(c.data, tmp_path)
    # Without running: the same words on the directory.
    quarantine("release", row["id"], *where, rc=1)
    done = quarantine("release", row["id"], "--dir", copy, "-c", c.config, *upgrade)
    assert last_line(done, "quarantine")["verdict"] == "released" and kept(["--dir", copy]) == []
    assert f"clap\t{item}\tlost\t" in export("--dir", copy, "-c", c.config, *upgrade)
    assert audit("--dir", copy, "-c", c.config, *upgrade)["members"] == "4"
    # Running, with the counter configured.
    c.set({"counters": {"like": "1 set", "save": "2 set", "view": "3 sum", "share": "4 sum", "clap": f"{STRANGE} set"}})
    with c:
        c.wait_likes(item, 4)  # a start merges what waited, and what came behind it
        assert "no partition knows" in quarantine("release", row["id"], "--url", c.url, rc=1).stderr
        assert c.likes(item, "clap") == 1 and kept(["--url", c.url]) == []
        audit("--url", c.url)


def test_quarantine_of_what_is_nobodys(central, feed):  # noqa: F811
    where = ["--url", f"http://127.0.0.1:{central.admin_port}"]
    feed.raw(bytes.fromhex("ddffffffff"))
    feed.raw(b"\x9e\x02" + b"newer" * 9)  # a newer schema waits and is not kept
    rows = until(lambda: kept(where), "not kept")
    until(lambda: central.metric('kudos_central_batches_total{result="unknown_schema"}') == 1, "the newer one was not met")
    assert len(rows) == 1 and rows[0]["edge"] == "?" and rows[0]["poison"] == "record"
    assert "cannot be decoded" in quarantine("show", rows[0]["id"], *where).stdout
    assert "no whole batch" in quarantine("release", rows[0]["id"], *where, rc=1).stderr
    assert "none passes it" in quarantine("drop", rows[0]["id"], *where).stdout
    assert kept(where) == []
    for wrong in (["show"], ["list", "12"], ["drop", "xyz"], ["drop", "0"], []):
        quarantine(*wrong, *where, rc=2)


NEWER_CLAIM = b"\x95\x02\x03\x09\xa5newer\x01"  # of wire schema 2


def test_central_waits_in_front_of_a_newer_central_s_record_until_its_program_knows_it(tmp_path, broker, feed):  # noqa: F811
    item, keys = feed.item(0), write_keys(tmp_path / "keys", "1 edge:*", "2 central")
    with Central(tmp_path, broker.address, kafka={"keys_file": keys}) as c:
        feed.keys(keys, "a")
        feed.batch("a", [like(item, "u1")])
        c.wait_likes(item, 1)
        feed.keys(keys)
        feed.raw(NEWER_CLAIM)
        feed.keys(keys, "a")
        feed.batch("a", [like(item, "u2")])
        c.wait_metric("kudos_central_waits_for_newer", 1)
        assert [e["schema"] for e in c.events("waits-for-newer")] == [2] and c.likes(item) == 1
        assert c.stop() == 0
    with c:
        c.wait_metric("kudos_central_waits_for_newer", 1)
        assert c.likes(item) == 1, "a start of the same program waits at the same record"
        assert c.stop() == 0
    c.set({"kafka": {"keys_file": None}})  # as a program that need not wait there
    with c:
        c.wait_likes(item, 2)
        audit("--url", c.url)


def test_a_last_line_that_nobody_could_read_is_no_success(tmp_path, broker, feed):  # noqa: F811
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(feed.item(0), "u1")])
        c.wait_likes(feed.item(0), 1)
        for how in UNREAD:
            for command, told in (("audit", "done, but standard output"), ("export", "standard output"), ("retire a", "done, but standard output")):
                code, said = run_unread("kudos-central", *command.split(), "--url", c.url, how=how)
                assert code == 1 and told in said, (command, how, code, said)


# ---- retire ----

def test_retire(central, feed):  # noqa: F811
    item = feed.item(0)
    where = ["--url", central.url]
    feed.batch("gone", [like(item, "u1")], complete_to=T0)
    feed.batch("here", [like(item, "u2")], complete_to=T0 + 10**9)
    central.wait_likes(item, 2)
    assert central.counts(item)["as_of"] == "2024-10-03T23:59:59.500Z"
    assert "no partition knows" in run("retire", "nobody", *where, rc=1).stderr
    done = run("retire", "gone", *where)
    assert last_line(done, "retire") == {"edge": "gone", "partitions": "1", "verdict": "retired"}
    assert done.stdout.splitlines()[:-1] == ["partition 1 does not know gone"] and "say this again" in done.stderr
    assert central.counts(item)["as_of"] == "2024-10-04T00:16:39.500Z"
    feed.batch("gone", [like(item, "u3")])
    feed.batch("here", [like(item, "u4")], complete_to=T0 + 10**9)
    central.wait_likes(item, 3)
    assert last_line(run("retire", "gone", "--undo", *where), "retire")["verdict"] == "readmitted"
    central.wait_likes(item, 4)  # what was refused is read again from the log: its edge need not have it any more
    assert central.events("log-rewound")[0]["partition"] == 0 and central.applied("gone") == (1, 2)


def test_what_waits_while_its_edge_is_retired_is_merged_when_it_is_taken_back(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        where = ["--url", central.url]
        feed.batch("a", [like(item, "u1", counter=STRANGE)])
        feed.batch("a", [like(item, "u2")])
        central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
        run("retire", "a", *where)
        central.set({"counters": {"like": "1 set", "save": "2 set", "view": "3 sum", "share": "4 sum", "clap": f"{STRANGE} set"}})
        assert central.stop() == 0
        central.start()
        feed.batch("b", [like(item, "u3")])
        central.wait_likes(item, 1)
        assert kept(where)[0]["poison"] == "none"
        run("retire", "a", "--undo", *where)
        central.wait_likes(item, 2)
        assert central.likes(item, "clap") == 1 and central.applied("a") == (1, 2) and kept(where) == []


# ---- help ----

def test_the_help_names_every_command():
    with open(f"{TOP}/central/io/daemon/main.c", encoding="utf-8") as f:
        commands = set(re.findall(r'\{"(\w+)", kd_command_', f.read()))
    said = subprocess.run([program("kudos-central"), "--help"], capture_output=True, text=True, check=True).stdout
    named = said.split("each with --help:")[1].split(".")[0]
    assert len(commands) > 15 and {word.strip() for word in named.split(",")} == commands
