"""What an operator does to central: audit, repair, backup, restore, quarantine, retire; on real stores and processes.

Stores are looked at and damaged through LevelDB's own library. Every wait has a deadline and a condition.
"""
import contextlib
import ctypes
import ctypes.util
import json
import os
import re
import shutil
import subprocess
import threading

import pytest

from test_central import PARTITIONS, T0, VIEW, Central, Feed, export, like, unlike, until  # noqa: F401
from test_central import broker, central, feed  # noqa: F401  (fixtures)
from proc import free_ports, program

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
    from proc import request
    assert request(central.admin_port, "POST", "/admin/audit").status == 403
    assert request(central.admin_port, "GET", "/admin/audit").status == 405
    assert request(central.admin_port, "POST", "/admin/nothing", headers={"X-Kudos-Admin": "1"}).status == 404
