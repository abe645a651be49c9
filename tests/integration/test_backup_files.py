"""Backups to file:///DIR: a directory that keeps many backups, each of which writes only what is new.

Every wait has a deadline and a condition.
"""
import glob
import os

import pytest

from central_feed import Central, export, like
from central_feed import broker, central, feed  # noqa: F401 (fixtures)
from group import Group
from operating import audit, last_line, run
from proc import fields_of
from whole import broker as whole_broker  # noqa: F401 (fixture)

LONG = os.environ.get("KUDOS_LONG") == "1"


@pytest.fixture
def filled(tmp_path, broker, feed):  # noqa: F811
    """A central with several chunks of rows."""
    with Central(tmp_path, broker.address) as c:
        c.items = [feed.item(0), feed.item(1)]
        for n in range(10):
            feed.batch("a", [like(c.items[0], f"user{n:03}-{m:04}") for m in range(1000)])
        feed.batch("a", [like(c.items[1], "somebody")], partition=1)
        c.wait_likes(c.items[0], 10000)
        c.wait_likes(c.items[1], 1)
        yield c


def files(store):
    return {os.path.relpath(f, store) for f in glob.glob(f"{store}/*/*")}


def backup(store, *words, rc=0):
    done = run("backup", f"file://{store}", *words, rc=rc)
    return last_line(done, "backup") if rc == 0 else done.stderr


def listed(store):
    return [fields_of(line)["name"] for line in run("backup", f"file://{store}", "--list").stdout.splitlines()[:-1]]


def restore(store, to, *words, rc=0):
    done = run("restore", f"file://{store}", "--to", to, *words, rc=rc)
    return last_line(done, "restore") if rc == 0 else done.stderr


def test_a_directory_keeps_many_backups_and_gets_only_what_is_new(tmp_path, filled, feed):  # noqa: F811
    c, store = filled, tmp_path / "store"
    first = backup(store, "--url", c.url, "--name", "one")
    assert first["verdict"] == "done" and int(first["new_objects"]) == len(files(store)) - 1
    members, there = export("--url", c.url), files(store)
    feed.batch("a", [like(c.items[1], "somebody-new")], partition=1)
    c.wait_likes(c.items[1], 2)
    second = backup(store, "--url", c.url, "--name", "two")
    assert int(second["sent_bytes"]) < int(first["sent_bytes"]) / 2 and there < files(store)
    assert listed(store) == ["one", "two"]
    assert "there is a backup one" in backup(store, "--url", c.url, "--name", "one", rc=2)
    restore(store, tmp_path / "newest")
    restore(store, tmp_path / "old", "--name", "one")
    assert export("--dir", tmp_path / "newest") == export("--url", c.url) and export("--dir", tmp_path / "old") == members
    assert audit("--dir", tmp_path / "newest")["verdict"] == "exact"
    pruned = last_line(run("backup", f"file://{store}", "--prune", "1", "--url", c.url), "backup")
    assert (pruned["kept"], pruned["pruned"]) == ("1", "1") and int(pruned["removed_objects"]) > 0
    assert listed(store) == ["two"] and "name=one" not in run("backup", "--list", "--url", c.url).stdout
    restore(store, tmp_path / "again")
    assert export("--dir", tmp_path / "again") == export("--url", c.url)
    assert not glob.glob(f"{store}/new/*") and not glob.glob(f"{store}/running/*")


def test_a_directory_that_is_no_place_or_is_damaged_is_named(tmp_path, filled):
    c, store = filled, tmp_path / "store"
    assert "file:///DIR" in backup("relative", "--url", c.url, rc=2)
    assert "lies in" in backup(c.data, "--url", c.url, rc=2) and "lies in" in backup(f"{c.data}/in-it", "--url", c.url, rc=2)
    assert f"{tmp_path}/no/store cannot be made" in backup(tmp_path / "no" / "store", "--url", c.url, rc=2)
    assert "No such file" in restore(tmp_path / "no", tmp_path / "to", rc=2)
    (tmp_path / "file").touch()
    assert "file" in backup(tmp_path / "file", "--url", c.url, rc=2)
    assert run("backup", "--list", "--url", c.url).stdout.splitlines()[-1] == "backup backups=0 verdict=listed", "central heard of none of them"
    backup(store, "--url", c.url, "--name", "one")
    assert "is the backup itself" in restore(store, store, "--force", rc=2)
    rows = next(f for f in glob.glob(f"{store}/partition-*/*.rows"))
    with open(rows, "r+b") as f:
        f.truncate(os.path.getsize(rows) // 2)
    assert os.path.basename(rows) in restore(store, tmp_path / "to", rc=1) and not (tmp_path / "to").exists()
    os.unlink(rows)
    assert os.path.basename(rows) in restore(store, tmp_path / "to", rc=1)


if LONG:

    def test_members_share_a_directory(tmp_path, whole_broker):  # noqa: F811
        """Each member writes at the same path, which is mounted by all."""
        with Group(tmp_path, whole_broker.address) as group:
            group.like(40)
            group.exact()
            assert len(set(group.leads().values())) > 1, "one member leads all: this is no spread group"
            store, urls = tmp_path / "store", ",".join(m.url for m in group.members.values())
            assert backup(store, "--url", group.of("central-2").url, "--name", "b")["verdict"] == "done"
            assert [os.path.basename(f) for f in glob.glob(f"{store}/backups/*")] == ["b"]
            members = export("--url", urls)
            restore(store, tmp_path / "to")
            assert export("--dir", tmp_path / "to") == members and members.count("\n") == 40
