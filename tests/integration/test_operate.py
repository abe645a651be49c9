"""What an operator does to central: audit, repair, backup, restore, quarantine, retire; on real stores and processes.

Stores are looked at and damaged through LevelDB's own library. Every wait has a deadline and a condition.
"""
import contextlib
import ctypes
import ctypes.util
import os
import re
import shutil
import subprocess
import threading

import pytest

from test_central import PARTITIONS, T0, VIEW, Central, export, like, unlike, until  # noqa: F401
from test_central import broker, central, feed  # noqa: F401  (fixtures)
from cluster import EDGE, merged
from proc import Edge, free_ports, program, request

WAIT_S = 60


def run(command, *arguments, rc=0):
    done = subprocess.run([program("kudos-central"), command, *map(str, arguments)], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == rc, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done


def last_line(done, command):
    line = done.stdout.splitlines()[-1]
    assert line.startswith(command + " "), done.stdout
    return dict(pair.split("=") for pair in line.split()[1:])


def audit(*arguments, rc=0):
    done = run("audit", *arguments, rc=rc)
    fields = last_line(done, "audit")
    assert list(fields) == ["partitions", "items", "members", "mismatches", "verdict"]
    assert fields["verdict"] == ("exact" if rc == 0 else "wrong")
    return fields


def mismatches(done):
    return [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines() if line.startswith("mismatch ")]


# ---- LevelDB, by its C interface ----

class Store:
    """One partition's rows, opened for writing; nobody else may have it open."""

    def __init__(self, data, partition=0):
        self.lib = ctypes.CDLL(ctypes.util.find_library("leveldb"))
        for name in ("options_create", "open", "readoptions_create", "writeoptions_create", "get", "create_iterator", "iter_key",
                     "iter_value"):
            getattr(self.lib, "leveldb_" + name).restype = ctypes.c_void_p
        self.options = ctypes.c_void_p(self.lib.leveldb_options_create())
        self.reads = ctypes.c_void_p(self.lib.leveldb_readoptions_create())
        self.writes = ctypes.c_void_p(self.lib.leveldb_writeoptions_create())
        self.error = ctypes.c_char_p()
        path = os.path.join(str(data), f"partition-{partition:04}").encode()
        self.db = ctypes.c_void_p(self.lib.leveldb_open(self.options, path, ctypes.byref(self.error)))
        assert not self.error.value, self.error.value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.leveldb_close(self.db)

    def delete(self, key):
        self.lib.leveldb_delete(self.db, self.writes, key, ctypes.c_size_t(len(key)), ctypes.byref(self.error))
        assert not self.error.value, self.error.value

    def rows(self, prefix=b""):
        found, size = {}, ctypes.c_size_t()
        it = ctypes.c_void_p(self.lib.leveldb_create_iterator(self.db, self.reads))
        self.lib.leveldb_iter_seek(it, prefix, ctypes.c_size_t(len(prefix)))
        while self.lib.leveldb_iter_valid(it) & 255:
            key = ctypes.string_at(self.lib.leveldb_iter_key(it, ctypes.byref(size)), size.value)
            if not key.startswith(prefix):
                break
            found[key] = ctypes.string_at(self.lib.leveldb_iter_value(it, ctypes.byref(size)), size.value)
            self.lib.leveldb_iter_next(it)
        self.lib.leveldb_iter_destroy(it)
        return found

    def put(self, key, value):
        self.lib.leveldb_put(self.db, self.writes, key, ctypes.c_size_t(len(key)), value, ctypes.c_size_t(len(value)),
                             ctypes.byref(self.error))
        assert not self.error.value, self.error.value


def item_key(item):
    collection, name = item.encode().split(b"/")
    return bytes([len(collection)]) + collection + bytes([len(name)]) + name


def plant_count(data, item, total, partition=0):
    """A row of counts that says `total` likes, of no region and day, accurate at version 1."""
    with Store(data, partition) as store:
        store.put(b"n" + item_key(item), (1).to_bytes(8, "big") + bytes([1 << 2, 0, total]))


def copied(data, tmp_path, name="copy"):
    path = os.path.join(str(tmp_path), name)
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(data, path)
    return path


class Traffic:
    """Likes and unlikes of a few users, edge by edge, until it is stopped; what must come of it is known."""

    def __init__(self, feed, items, edges=("a", "b")):
        self.feed, self.items, self.edges = feed, items, edges
        self.rounds, self.stopping, self.error = 0, threading.Event(), None
        self.thread = threading.Thread(target=self.go)

    def go(self):
        try:
            while not self.stopping.is_set():
                n = self.rounds
                for e, edge in enumerate(self.edges):
                    for partition, item in enumerate(self.items):
                        self.feed.batch(edge, [like(item, f"u{n * 20 + u}-{e}", T0 + n) for u in range(20)]
                                        + [unlike(item, f"u{n * 20 - 20}-{e}", T0 + n + 5), f"sum {item} {VIEW} 3 20000"],
                                        partition=partition, region="eu" if e else "asia")
                self.rounds += 1
        except BaseException as e:  # shown where it is joined
            self.error = e

    def __enter__(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.error:
            raise self.error

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


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


def test_a_page_in_a_browser_cannot_act(central):  # noqa: F811
    assert request(central.admin_port, "POST", "/admin/job?do=audit").status == 403
    assert request(central.admin_port, "GET", "/admin/job?do=audit").json["state"] == "none"
    mark = {"X-Kudos-Admin": "1"}
    assert request(central.admin_port, "POST", "/admin/nothing", headers=mark).status == 404
    rebound = mark | {"Origin": f"http://rebound.example:{central.admin_port}"}
    assert request(central.admin_port, "POST", "/admin/job?do=audit", headers=rebound).status == 403
    for wrong in ("", "do=nothing", "do=audit&id=xyz", "do=retire&name=" + "x" * 40):
        assert request(central.admin_port, "POST", "/admin/act?" + wrong, headers=mark).status == 400
    assert request(central.port, "POST", "/admin/job?do=audit", headers=mark).status == 404  # not by the public port


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
    central.wait_metric('kudos_central_alarms_total{reason="quarantine"}', 2)
    central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
    central.wait_likes(item, 2)
    until(lambda: central.metric("kudos_central_quarantined_records") == 1, "no gauge")
    alarm = central.events("alarm-quarantined")[0]
    assert (alarm["partition"], alarm["edge"]) == (0, "a")
    assert central.applied("a") == (1, 1) and central.applied("b") == (1, 1)


def resend_third(feed, item):  # noqa: F811
    feed.batch("a", [like(item, "u3")], seq=3, after=(1, 2))


def test_quarantine_drop(central, feed):  # noqa: F811
    item = feed.item(0)
    where = ["--url", central.url]
    poison(central, feed, item)
    row = kept(where)[0]
    assert (row["edge"], row["position"], row["poison"], row["partition"]) == ("a", "1.2", "content", "0")
    shown = quarantine("show", row["id"], *where).stdout
    assert f"like counter={STRANGE}(not configured) item={item} user=lost" in shown and "operations: 2" in shown
    assert re.search(r"^00000000  9e 01 01 a1 61 ", shown, re.M) and last_line(quarantine("show", row["id"], *where), "quarantine")
    assert "poison still" in quarantine("release", row["id"], *where, rc=1).stderr
    assert central.applied("a") == (1, 1)
    done = quarantine("drop", row["id"], *where)
    assert "its operations are lost" in done.stdout and "user=lost" in done.stdout
    assert last_line(done, "quarantine") == {"id": row["id"], "verdict": "dropped"}
    assert central.applied("a") == (1, 2) and kept(where) == []
    assert central.events("operator-order")[0]["order"] == "quarantine-drop"
    resend_third(feed, item)
    central.wait_likes(item, 3)
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
        assert kept(["--url", c.url])[0]["poison"] == "none"
        quarantine("release", row["id"], "--url", c.url)
        assert c.applied("a") == (1, 2)
        resend_third(feed, item)
        c.wait_likes(item, 4)
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


# ---- retire ----

def test_retire(central, feed):  # noqa: F811
    item = feed.item(0)
    where = ["--url", central.url]
    feed.batch("gone", [like(item, "u1")], complete_to=T0)
    feed.batch("here", [like(item, "u2")], complete_to=T0 + 10**9)
    central.wait_likes(item, 2)
    assert central.counts(item)["as_of"] == "2024-10-03T23:59:59.500Z"
    assert "no partition knows" in run("retire", "nobody", *where, rc=1).stderr
    assert last_line(run("retire", "gone", *where), "retire") == {"edge": "gone", "partitions": "1", "verdict": "retired"}
    assert central.counts(item)["as_of"] == "2024-10-04T00:16:39.500Z"
    feed.batch("gone", [like(item, "u3")])
    feed.batch("here", [like(item, "u4")], complete_to=T0 + 10**9)
    central.wait_likes(item, 3)
    assert last_line(run("retire", "gone", "--undo", *where), "retire")["verdict"] == "readmitted"
    feed.batch("gone", [like(item, "u3")], seq=2, after=(1, 1))
    central.wait_likes(item, 4)


# ---- backup and restore ----

def backup(directory, *arguments, rc=0):
    done = run("backup", directory, *arguments, rc=rc)
    return last_line(done, "backup") if rc == 0 else done.stderr


def backups(*where):
    return [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in run("backup", "--list", *where).stdout.splitlines()[:-1]]


def restore(source, to, *arguments, rc=0):
    done = run("restore", source, "--to", to, *arguments, rc=rc)
    return last_line(done, "restore") if rc == 0 else done.stderr


def flip(path, at):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 0x55]))


def test_backup_under_traffic_is_restored_exactly_twice(tmp_path, broker, feed):  # noqa: F811
    """Each restore of the same backup reads the rest from the log and ends with the same counts, in an epoch of its own."""
    items = [feed.item(0), feed.item(1)]
    tight = {"redo_bytes": "64KiB", "counts_cached": "1000"}
    saved = tmp_path / "saved"
    with Central(tmp_path, broker.address, central=tight) as c, Traffic(feed, items) as traffic:
        until(lambda: traffic.rounds > 3, "no traffic")
        done = backup(saved, "--url", c.url, "--name", "first")
        assert (done["name"], done["partitions"], done["verdict"]) == ("first", "2", "done") and int(done["rows"]) > 0
        then = traffic.rounds
        until(lambda: traffic.rounds > then + 3, "the traffic has stopped")
        assert {(b["name"], b["complete"]) for b in backups("--url", c.url)} == {("first", "yes")}
        traffic.stop()
        views = traffic.rounds * 6
        for item in items:
            until(lambda i=item: c.counts(i)["counts"]["view"]["count"] == views, "not merged")
        wanted = [(c.likes(i), c.likes(i, "view")) for i in items]
        members = export("--url", c.url)
        assert c.stop() == 0
    assert audit("--dir", copied(saved, tmp_path))["partitions"] == "2"
    epochs = set()
    for n in range(2):
        data = tmp_path / f"restored{n}"
        assert restore(saved, data)["name"] == "first"
        assert {b["complete"] for b in backups("--dir", data)} == {"yes"}
        with Central(tmp_path, broker.address, central={**tight, "data_dir": str(data)}) as c:
            for item in items:
                until(lambda i=item: c.counts(i)["counts"]["view"]["count"] == views, "the log was not read again")
            assert [(c.likes(i), c.likes(i, "view")) for i in items] == wanted
            audit("--url", c.url)
            assert export("--url", c.url) == members
            epochs.add(c.partition()["epoch"])
            assert c.stop() == 0
    assert len(epochs) == 2


def test_backup_of_a_central_that_does_not_run(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(item, "u1"), f"sum {item} {VIEW} 4 20000"])
        c.wait_likes(item, 1)
        assert "in use" in backup(tmp_path / "no", "--dir", c.data, rc=4)
        assert c.stop() == 0
    done = backup(tmp_path / "saved", "--dir", c.data, "--name", "b1")
    assert done["verdict"] == "done"
    assert "there is a backup of that name" in backup(tmp_path / "again", "--dir", c.data, "--name", "b1", rc=1)
    assert not os.path.exists(tmp_path / "again") and not os.path.exists(tmp_path / "again.partial")
    assert "not empty" in backup(tmp_path / "saved", "--dir", c.data, rc=1)
    assert [b["name"] for b in backups("--dir", c.data)] == ["b1", "b1"]
    assert last_line(run("backup", "--forget", "b1", "--dir", c.data), "backup") == {"name": "b1", "verdict": "forgotten"}
    assert backups("--dir", c.data) == []
    assert "no partition knows" in run("backup", "--forget", "b1", "--dir", c.data, rc=1).stderr
    with c:
        assert "no absolute path" not in backup(tmp_path / "second", "-c", c.config)["verdict"]
        assert "not empty" in backup(tmp_path / "second", "-c", c.config, rc=1)
        assert "cannot be made" in backup("/proc/no/such", "-c", c.config, rc=1)
        assert len(backups("-c", c.config)) == PARTITIONS
        assert "in use" in restore(tmp_path / "saved", c.data, "--force", rc=4)
        assert c.likes(item) == 1
    for wrong in ([], ["x", "--list"], ["--list", "--forget", "b"], ["--list", "--name", "b"], ["x", "--name", "UPPER"]):
        run("backup", *wrong, rc=2)


def test_backup_holds_what_the_edges_may_forget(tmp_path, broker, feed):  # noqa: F811
    """stable follows the oldest known backup: none, one that is older, then the younger alone."""
    def stable():
        found = c.partition()["stable"]
        return found["at_us"], found["held_by"], found["holder"]

    item, drift = feed.item(0), 2 * 500000
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(item, "u1")], complete_to=T0)
        c.wait_likes(item, 1)
        assert stable()[:2] == (0, "no-backup")
        backup(tmp_path / "one", "--url", c.url, "--name", "one")
        assert stable() == (T0 - drift, "backup", "one")
        feed.batch("a", [like(item, "u2")], complete_to=T0 + 10**9)
        c.wait_likes(item, 2)
        backup(tmp_path / "two", "--url", c.url, "--name", "two")
        assert stable() == (T0 - drift, "backup", "one")
        run("backup", "--forget", "one", "--url", c.url)
        assert stable() == (T0 + 10**9 - drift, "backup", "two")
        assert c.stop() == 0
    restore(tmp_path / "one", tmp_path / "data")
    with Central(tmp_path, broker.address, central={"data_dir": str(tmp_path / "data")}) as c:
        assert stable() == (T0 - drift, "backup", "one")


def test_a_central_that_is_killed_during_a_backup(tmp_path, broker, feed):  # noqa: F811
    """What was begun holds stable until an operator says that it is no more; nothing that looks like a backup is left."""
    item, at = feed.item(0), tmp_path / "saved"
    with Central(tmp_path, broker.address) as c:
        for n in range(60):
            feed.batch("a", [like(item, f"user{n}-{m}") for m in range(1000)])
        c.wait_likes(item, 60000)
        command = [program("kudos-central"), "backup", str(at), "--url", c.url, "--name", "broken"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as p:
            until(lambda: os.path.exists(f"{at}.partial") or p.poll() is not None, "nothing was begun")
            assert p.poll() is None
            c.kill9()
            assert p.wait(WAIT_S) == 4 and p.stderr.read()
        assert not os.path.exists(at) and "no backup" in restore(f"{at}.partial", tmp_path / "to", rc=2)
        c.start()
        assert {(b["name"], b["complete"]) for b in backups("--url", c.url)} == {("broken", "no")}
        assert ".partial is there" in backup(at, "--url", c.url, rc=1)
        shutil.rmtree(f"{at}.partial")
        run("backup", "--forget", "broken", "--url", c.url)
        assert backup(at, "--url", c.url)["verdict"] == "done"
        audit("--url", c.url)


def test_restore_refuses_what_is_damaged_or_in_the_way(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(item, f"user{n}") for n in range(300)])
        c.wait_likes(item, 300)
        backup(tmp_path / "good", "--url", c.url)
        assert c.stop() == 0
    to, bad = tmp_path / "to", tmp_path / "bad"

    def damaged(damage):
        copied(tmp_path / "good", tmp_path, "bad")
        damage(bad / "partition-0000")
        error = restore(bad, to, rc=1)
        assert not os.path.exists(to) and not os.path.exists(f"{to}.restoring"), error
        return error

    def files(directory, end):
        return [os.path.join(directory, f) for f in os.listdir(directory) if f.endswith(end)]

    for end in (".log", ".ldb"):  # wherever the rows are: flipped, cut, gone
        for path in files(tmp_path / "good" / "partition-0000", end):
            if os.path.getsize(path) < 100:
                continue
            name = os.path.basename(path)
            assert damaged(lambda d, n=name, s=os.path.getsize(path): flip(d / n, s // 2))
            assert damaged(lambda d, n=name, s=os.path.getsize(path): os.truncate(d / n, s // 2))
            assert damaged(lambda d, n=name: os.unlink(d / n))
    assert damaged(lambda d: os.unlink(d / "CURRENT"))
    assert damaged(shutil.rmtree)
    assert "is damaged" in damaged(lambda d: flip(d.parent / "BACKUP", 40))
    assert "is damaged" in damaged(lambda d: shutil.copytree(d.parent / "partition-0001", d, dirs_exist_ok=True)
                                   if shutil.rmtree(d) is None else None)
    assert "no backup" in restore(tmp_path / "nothing", to, rc=2)
    # A directory with something in it.
    os.mkdir(to)
    restore(tmp_path / "good", to)
    assert "not empty" in restore(tmp_path / "good", to, rc=2)
    (to / "mine").write_text("kept")
    assert restore(tmp_path / "good", str(to) + "/", "--force")["verdict"] == "done"
    aside = [d for d in os.listdir(tmp_path) if d.startswith("to.replaced-")]
    assert (tmp_path / aside[0] / "mine").read_text() == "kept"
    assert audit("--dir", to)["members"] == "300"
    run("restore", tmp_path / "good", rc=2)


def test_backup_that_fails_leaves_nothing(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Central(tmp_path, broker.address) as c:
        feed.batch("a", [like(item, f"user{n}") for n in range(300)])
        c.wait_likes(item, 300)
        (tmp_path / "file").write_text("")
        assert "cannot be made" in backup(tmp_path / "file" / "below", "--url", c.url, rc=1)
        assert backups("--url", c.url) == []
        feed.batch("a", [like(item, "more")])
        c.wait_likes(item, 301)
        audit("--url", c.url)


def test_collection_goes_on_after_an_identity_alarm(central, feed):  # noqa: F811
    item = feed.item(0)
    feed.batch("a", [like(item, "u1")])
    central.wait_likes(item, 1)
    feed.batch("a", [like(item, "u9")], seq=1, after=(0, 0), hold=True)
    feed.batch("a", [like(item, "u8")], seq=2, after=(1, 1))
    central.wait_metric('kudos_central_alarms_total{reason="identity"}', 1)
    with_alarm = central.admin("/debug/partitions").body
    assert b'"alarm"' in with_alarm, with_alarm
    assert last_line(run("collect", "--url", central.url), "collect") == {"partitions": str(PARTITIONS), "verdict": "resumed"}
    assert b'"alarm"' not in central.admin("/debug/partitions").body


# ---- compare ----

def compare(edge, where, rc=(0,), stopped=False):
    whom = ["--dir", edge.data, "-c", edge.config] if stopped else ["--url", f"http://127.0.0.1:{edge.admin_port}"]
    done = subprocess.run([program("kudos-edge"), "compare", *whom, "--central", where], capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode in rc, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    rows = [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines()[:-1]]
    return last_line(done, "compare"), rows


def test_compare_finds_the_like_that_central_lost(tmp_path, broker):  # noqa: F811
    """Nothing differs under likes, unlikes and a user who went on elsewhere; a row taken out of central's store is named."""
    items = [f"posts/c{n}" for n in range(40)]
    with Central(tmp_path, broker.address) as c:
        settings = merged(EDGE, {"edge": {"flush_interval": "100ms"}})
        first, second = (Edge(tmp_path, broker.address, name=n, region=n, partitions=PARTITIONS, central=c.url, more=settings)
                         for n in ("here", "there"))
        with first, second:
            for n, item in enumerate(items):
                for user in range(5):
                    assert first.post(f"/v1/{item}/like", user=f"u{user}").status == 200
                if n % 2:
                    assert first.delete(f"/v1/{item}/like", user="u1").status == 200
            for item in items[:5]:
                c.wait_likes(item, 5 - items.index(item) % 2)
                assert second.delete(f"/v1/{item}/like", user="u2").status == 200
            for item in items:
                c.wait_likes(item, 5 - items.index(item) % 2 - (item in items[:5]))
            asked = []

            def all_there():
                asked[:] = [compare(first, c.url, rc=(0, 3))[0]]  # 3: the edge has not heard enough yet
                return asked[0]["rows"] == "200"

            until(all_there, lambda: f"the edge's window does not hold its rows: {asked}")
            assert asked[0]["partitions"] == str(PARTITIONS) and asked[0]["verdict"] == "same" and int(asked[0]["asked"]) > 0
            assert c.stop() == 0
            with contextlib.ExitStack() as stack:
                stores = [stack.enter_context(Store(c.data, p)) for p in range(PARTITIONS)]
                gone = [(s, k) for s in stores for k in s.rows(b"m\x01" + item_key(items[8])) if k.endswith(b"u3")]
                assert len(gone) == 1
                gone[0][0].delete(gone[0][1])
            c.start()
            answer, rows = compare(first, c.url, rc=(1,))
            assert answer["differ"] == "1" and answer["verdict"] == "different"
            assert [(r["item"], r["user"], r["here"], r["central"]) for r in rows] == [(items[8], "u3", "like", "missing")]
            until(lambda: compare(second, c.url, rc=(0, 3))[0]["verdict"] == "same", "the other edge does not hear")
            # The same of directories: refused while they are in use; of an edge that was killed, rows that only its journal has are compared too.
            with pytest.raises(AssertionError, match="in use"):
                compare(first, c.url, stopped=True)
            first.kill9()
            assert second.stop() == 0
            again, rows_again = compare(first, c.url, rc=(1,), stopped=True)
            assert rows_again == rows and int(again["rows"]) == int(answer["rows"]) and again["partitions"] == str(PARTITIONS)
            assert compare(second, c.url, stopped=True)[0]["verdict"] == "same"
            with first:  # and it may start as ever
                assert first.get(f"/v1/{items[9]}/counts").status == 200
    for wrong in ([], ["--central", "http://x", "--dir", "d", "--url", "http://y"], ["--central", "http://x", "-c", "f"]):
        assert subprocess.run([program("kudos-edge"), "compare", *wrong], capture_output=True).returncode == 2
    nothing = [program("kudos-edge"), "compare", "--central", "http://x", "--dir", str(tmp_path / "nothing")]
    assert subprocess.run(nothing, capture_output=True).returncode == 2
    assert b"verdict=" in subprocess.run([program("kudos-edge"), "compare", "--help"], capture_output=True).stdout
    assert subprocess.run([program("kudos-edge"), "compare", "--central", f"http://127.0.0.1:{free_ports(1)[0]}", "--url",
                           f"http://127.0.0.1:{free_ports(1)[0]}"], capture_output=True).returncode == 4
