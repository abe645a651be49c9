"""Backups in an object store, an S3 server of others that checks signatures: what is sent, what a broken way or a killed central leaves, what comes back.

Every wait has a deadline and a condition.
"""
import os
import subprocess

import pytest

from central_feed import VIEW, Central, export, like, until
from central_feed import broker, central, feed  # noqa: F401 (fixtures)
from object_store import BUCKET
from object_store import s3_server, store  # noqa: F401 (fixtures)
from operating import WAIT_S, audit, last_line, run
from proc import fields_of, program


def backup(store, prefix, *arguments, rc=0):  # noqa: F811
    done = run("backup", store.at(prefix), *arguments, rc=rc)
    return last_line(done, "backup") if rc == 0 else done.stderr


def listed(store, prefix):  # noqa: F811
    lines = run("backup", store.at(prefix), "--list", *store.sets).stdout.splitlines()
    assert fields_of(lines[-1])["backups"] == str(len(lines) - 1)
    return [fields_of(line)["name"] for line in lines[:-1]]


def known(c):
    """The backups that central counts on, and whether they are complete."""
    lines = run("backup", "--list", "--url", c.url).stdout.splitlines()[:-1]
    return {(f["name"], f["complete"]) for f in map(fields_of, lines)}


def restore(store, prefix, to, *arguments, rc=0):  # noqa: F811
    done = run("restore", store.at(prefix), "--to", to, *store.sets, *arguments, rc=rc)
    if rc == 0:
        return last_line(done, "restore")
    assert not os.path.exists(to) and not os.path.exists(f"{to}.restoring"), done.stderr
    return done.stderr


@pytest.fixture
def filled(tmp_path, broker, feed, store):  # noqa: F811
    """A central with some chunks of rows in each of two partitions."""
    items = [feed.item(0), feed.item(1)]
    with Central(tmp_path, broker.address, backup=store.options) as c:
        for partition, item in enumerate(items):
            for n in range(30):
                feed.batch("a", [like(item, f"user{n:03}-{m:04}") for m in range(1000)] + [f"sum {item} {VIEW} 3 20000"], partition=partition)
            c.wait_likes(item, 30000)
        c.items = items
        yield c


def test_a_restore_onto_an_empty_machine_is_exact(tmp_path, broker, filled, store):  # noqa: F811
    c = filled
    done = backup(store, "a/b", "--url", c.url, "--name", "first")
    assert (done["name"], done["partitions"], done["verdict"]) == ("first", "2", "done")
    assert int(done["objects"]) == int(done["new_objects"]) == len(store.puts(".rows")) + len(store.puts(".list")) > 4
    assert [p.key for p in store.seen if p.method == "PUT"][-1] == "a/b/backups/first", "the manifest is not the last"
    assert known(c) == {("first", "yes")} and listed(store, "a/b") == ["first"]
    members, likes = export("--url", c.url), [(c.likes(i), c.likes(i, "view")) for i in c.items]
    assert c.stop() == 0
    assert restore(store, "a/b", tmp_path / "data")["name"] == "first"
    assert audit("--dir", tmp_path / "data")["verdict"] == "exact"
    assert export("--dir", tmp_path / "data") == members
    with Central(tmp_path, broker.address, central={"data_dir": str(tmp_path / "data")}) as again:
        assert [(again.likes(i), again.likes(i, "view")) for i in c.items] == likes
        assert known(again) == {("first", "yes")}


def test_a_second_backup_sends_only_what_is_new(tmp_path, filled, feed, store):  # noqa: F811
    """One like more costs its chunk, the lists and the manifest; and both backups can be restored."""
    c = filled
    first = backup(store, "p", "--url", c.url, "--name", "one")
    before, there = export("--url", c.url), set(store.puts())
    feed.batch("a", [like(c.items[0], "somebody-new")])
    c.wait_likes(c.items[0], 30001)
    store.clear()
    second = backup(store, "p", "--url", c.url, "--name", "two")
    sent = store.puts()
    assert sum(sent.values()) == int(second["sent_bytes"]) < int(first["sent_bytes"]) / 2
    assert int(second["objects"]) > int(second["new_objects"])
    assert not there & set(sent), "sent twice"
    assert listed(store, "p") == ["one", "two"]
    after = export("--url", c.url)
    restore(store, "p", tmp_path / "newest")
    restore(store, "p", tmp_path / "one", "--name", "one")
    assert export("--dir", tmp_path / "newest") == after
    assert export("--dir", tmp_path / "one") == before


def test_a_store_that_is_busy_and_a_way_that_breaks_are_tried_again(tmp_path, filled, store):  # noqa: F811
    c, trouble, hit = filled, ["503", "reset", "lost"], set()

    def rule(passing):
        """Each object has one kind of trouble, the first time."""
        if passing.key in hit:
            return None
        hit.add(passing.key)
        return trouble[len(hit) % 3]

    store.rule = rule
    done = backup(store, "p", "--url", c.url)
    assert done["verdict"] == "done" and len(hit) > 6
    assert len(c.events("backup-store-retry")) >= 3, "libcurl itself repeats on a fresh connection what a kept one lost"
    hit.clear()
    trouble[:] = ["503", "cut", "reset"]
    restore(store, "p", tmp_path / "data")
    assert export("--dir", tmp_path / "data") == export("--url", c.url)


def test_an_answer_whose_trailers_do_not_end_is_cut_off(tmp_path, filled, store):  # noqa: F811
    store.rule = lambda passing: "trailers" if passing.method == "GET" else None
    assert "the answer is longer than it may be" in backup(store, "p", "--url", filled.url, rc=2)


@pytest.mark.parametrize("wrong, said", [("key", "SignatureDoesNotMatch"), ("id", "InvalidAccessKeyId"), ("bucket", "NoSuchBucket"), ("none", "backup.key_file")])
def test_what_is_refused_is_told_by_name_and_central_never_hears_of_it(tmp_path, broker, store, wrong, said):  # noqa: F811
    text = store.key_file.read_text()
    keys = tmp_path / "keys"
    keys.touch(0o600)
    keys.write_text(text.replace("secret_access_key = ", "secret_access_key = x") if wrong == "key" else
                    text.replace("access_key_id = ", "access_key_id = X", 1) if wrong == "id" else text)
    options = {**store.options, "key_file": None if wrong == "none" else str(keys)}
    with Central(tmp_path, broker.address, backup=options) as c:
        done = run("backup", store.at("p", "nobodys-bucket" if wrong == "bucket" else BUCKET), "--url", c.url, rc=2)
        assert said in done.stderr and known(c) == set()
        for secret in (line.split(" = ")[1] for line in keys.read_text().splitlines()):
            assert secret not in c.log() + done.stderr
        for address in ("s3://", "s3://UPPER/x", "s3://backups/../x", "s3://backups//x", "s3://backups/a b"):
            assert "no address" in run("backup", address, "--url", c.url, rc=2).stderr
        assert run("restore", store.at("p"), "--to", tmp_path / "to", "-c", c.config, rc=2).stderr
        assert not os.path.exists(tmp_path / "to")


def test_a_key_that_others_can_read_is_refused_at_the_start(tmp_path, broker, store):  # noqa: F811
    keys = tmp_path / "keys"
    keys.write_text(store.key_file.read_text())
    c = Central(tmp_path, broker.address, backup={"key_file": str(keys)})
    for mode, text, said in ((0o644, None, "chmod 600"), (0o600, "access_key_id = x\n", "both needed"), (0o600, "secret = verysecret\n", "line 1")):
        keys.write_text(text or keys.read_text())
        keys.chmod(mode)
        done = subprocess.run([program("kudos-central"), "-t", "-c", c.config], capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == 2 and "backup.key_file" in done.stderr and said in done.stderr and "verysecret" not in done.stderr


def test_a_store_that_hangs_is_given_up_and_an_older_backup_is_unharmed(tmp_path, broker, feed, store):  # noqa: F811
    with Central(tmp_path, broker.address, backup={**store.options, "timeout": "2s"}) as c:
        feed.batch("a", [like(feed.item(0), "u")])
        c.wait_likes(feed.item(0), 1)
        backup(store, "p", "--url", c.url, "--name", "old")
        feed.batch("a", [like(feed.item(0), "u2")])
        c.wait_likes(feed.item(0), 2)
        store.rule = lambda passing: "hang" if passing.key.endswith(".rows") and passing.method == "PUT" else None
        assert "partition-0000" in backup(store, "p", "--url", c.url, "--name", "new", rc=4)
        assert known(c) == {("old", "yes")}, "nothing is held back for a backup that there is not"
        store.rule = None
        assert listed(store, "p") == ["old"]
        restore(store, "p", tmp_path / "data")
        # It goes on with what is there, and central stops at once while the store hangs.
        store.rule = lambda passing: "hang" if passing.key.startswith("p/backups/") else None
        command = [program("kudos-central"), "backup", store.at("p"), "--url", c.url]
        c.set({"backup": {"timeout": "60s"}})
        c.stop()
        c.start()
        store.clear()
        store.rule = lambda passing: "hang" if passing.key.startswith("p/backups/") else None
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            until(lambda: store.seen, "nothing was asked")
            assert c.stop() == 0
            assert p.wait(WAIT_S) == 4


def test_what_is_damaged_is_named_and_nothing_is_left(tmp_path, filled, store):  # noqa: F811
    backup(store, "p", "--url", filled.url, "--name", "b")
    objects = list(store.puts())
    for key in [next(k for k in objects if k.endswith(".rows")), next(k for k in objects if k.endswith(".list")), "p/backups/b"]:
        store.rule = lambda passing, k=key: "flip" if passing.key == k else None
        assert key.removeprefix("p/") in restore(store, "p", tmp_path / "to", rc=1)
    store.rule = None
    gone = next(k for k in objects if k.endswith(".rows"))
    store.rule = lambda passing: "404" if passing.key == gone else None
    assert "is not there" in restore(store, "p", tmp_path / "to", rc=1)
    store.rule = None
    assert "no backup" in restore(store, "elsewhere", tmp_path / "to", rc=2)
    assert "no backup other" in restore(store, "p", tmp_path / "to", "--name", "other", rc=2)
    restore(store, "p", tmp_path / "to")


def test_a_central_that_is_killed_during_a_backup_goes_on_with_what_is_there(tmp_path, filled, store):  # noqa: F811
    c, sent = filled, []

    def rule(passing):
        if passing.method == "PUT" and passing.key.endswith(".rows"):
            sent.append(passing.key)
        return "hang" if len(sent) > 3 else None

    store.rule = rule
    command = [program("kudos-central"), "backup", store.at("p"), "--url", c.url, "--name", "broken"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
        until(lambda: len(sent) > 3, "nothing was sent")
        c.kill9()
        assert p.wait(WAIT_S) == 4
    store.rule = None
    assert listed(store, "p") == [], "half a backup is none"
    there = set(store.puts(".rows"))
    assert len(there) == 3
    c.start()
    assert known(c) == {("broken", "no")}
    run("backup", "--forget", "broken", "--url", c.url)
    store.clear()
    done = backup(store, "p", "--url", c.url, "--name", "whole")
    again = there & set(store.puts(".rows"))
    assert len(again) < 3 and int(done["new_objects"]) < int(done["objects"]), "what was there is not sent again, but for rows that changed"
    restore(store, "p", tmp_path / "data")
    assert audit("--dir", tmp_path / "data")["verdict"] == "exact"
    assert export("--dir", tmp_path / "data") == export("--url", c.url)


def test_a_manifest_whose_arrival_is_in_doubt_is_taken_back_or_counted_on(tmp_path, broker, feed, store):  # noqa: F811
    """A backup that could be restored, and that central had forgotten, would lack what the edges forget meanwhile."""
    def doubt(passing, removable):
        manifest = passing.key == "p/backups/b"
        return "lost" if manifest and passing.method == "PUT" else "503" if manifest and passing.method == "DELETE" and not removable else None

    with Central(tmp_path, broker.address, backup={**store.options, "timeout": "2s"}) as c:
        store.rule = lambda passing: doubt(passing, True)
        backup(store, "p", "--url", c.url, "--name", "b", rc=4)
        assert known(c) == set() and listed(store, "p") == []
        store.rule = lambda passing: doubt(passing, False)
        backup(store, "p", "--url", c.url, "--name", "b", rc=4)
        assert known(c) == {("b", "no")} and listed(store, "p") == ["b"]
        store.rule = None
        assert last_line(run("backup", store.at("p"), "--forget", "b", "--url", c.url), "backup")["pruned"] == "1"
        assert known(c) == set() and listed(store, "p") == []


def test_pruning_keeps_the_newest_and_removes_what_no_backup_needs(tmp_path, filled, feed, store):  # noqa: F811
    c = filled
    for n in range(3):
        feed.batch("a", [like(c.items[0], f"more{n}")])
        c.wait_likes(c.items[0], 30001 + n)
        backup(store, "p", "--url", c.url, "--name", f"b{n}")
    members, there = export("--url", c.url), set(store.puts(".rows")) | set(store.puts(".list"))
    store.clear()
    done = last_line(run("backup", store.at("p"), "--prune", "2", "--url", c.url), "backup")
    assert (done["kept"], done["pruned"], done["verdict"]) == ("2", "1", "pruned")
    removed = [p.key for p in store.seen if p.method == "DELETE" and not p.key.startswith("p/running/")]
    assert removed[0] == "p/backups/b0" and len(removed) - 1 == int(done["removed_objects"]) > 0
    assert set(removed[1:]) < there
    assert listed(store, "p") == ["b1", "b2"] and known(c) == {("b1", "yes"), ("b2", "yes")}
    assert last_line(run("backup", store.at("p"), "--forget", "b1", "--url", c.url), "backup")["pruned"] == "1"
    assert known(c) == {("b2", "yes")}
    assert "no backup" in run("backup", store.at("p"), "--forget", "b1", "--url", c.url, rc=1).stderr
    restore(store, "p", tmp_path / "data")
    assert export("--dir", tmp_path / "data") == members
    for wrong in (["--prune", "0"], ["--prune", "x"], ["--prune", "2", "--list"], ["--prune", "2", "--name", "b"]):
        run("backup", store.at("p"), *wrong, rc=2)
    run("backup", tmp_path / "dir", "--prune", "2", rc=2)


def test_pruning_keeps_away_from_a_backup_under_way_and_from_what_it_cannot_read(tmp_path, broker, feed, store):  # noqa: F811
    """A backup that is not whole yet is named by nobody: what it counts on must not be removed meanwhile."""
    for name, partitions in (("one", None), ("two", None)):
        os.makedirs(tmp_path / name)
    with Central(tmp_path / "one", broker.address, backup=store.options) as c:
        feed.batch("a", [like(feed.item(0), "u")])
        c.wait_likes(feed.item(0), 1)
        backup(store, "p", "--url", c.url, "--name", "b1")
        backup(store, "p", "--url", c.url, "--name", "b2")
        store.rule = lambda passing: "flip" if passing.key == "p/backups/b2" else None
        assert "p/backups/b2"[2:] in run("backup", store.at("p"), "--prune", "1", "--url", c.url, rc=1).stderr
        store.rule = lambda passing: "hang" if passing.key == "p/backups/b3" and passing.method == "PUT" else None
        command = [program("kudos-central"), "backup", store.at("p"), "--url", c.url, "--name", "b3"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            until(lambda: any(s.key == "p/backups/b3" and s.method == "PUT" for s in store.seen), "no manifest")
            stopped = restore(store, "p", tmp_path / "copy")
            assert stopped["name"] == "b2"
            before = len([s for s in store.seen if s.method == "DELETE"])
            error = run("backup", store.at("p"), "--prune", "1", "--dir", tmp_path / "copy", "-c", c.config, rc=4).stderr
            assert "backup-b3 is under way" in error
            removed = [s.key for s in store.seen if s.method == "DELETE"][before:]
            assert all(key.startswith("p/running/prune-") for key in removed), removed
            store.rule = None
            store.released.set()
            assert p.wait(WAIT_S) == 0
        assert listed(store, "p") == ["b1", "b2", "b3"]


@pytest.mark.parametrize("harm", ("short", "page"))
def test_a_list_that_is_cut_short_or_none_is_not_believed(tmp_path, broker, feed, store, harm):  # noqa: F811
    """A backup that the list leaves out would count as none, and its objects would be removed."""
    with Central(tmp_path, broker.address, backup=store.options) as c:
        for name in ("b1", "b2", "b3"):
            feed.batch(name, [like(feed.item(0), name)])
            backup(store, "p", "--url", c.url, "--name", name)
        store.rule = lambda passing: harm if passing.method == "GET" and "list-type" in passing.path else None
        for arguments in (("--list",), ("--prune", "1", "--url", c.url)):
            assert "a list that makes no sense" in run("backup", store.at("p"), *arguments, *store.sets, rc=1).stderr
        assert "a list that makes no sense" in restore(store, "p", tmp_path / "copy", rc=1)
        assert not [s for s in store.seen if s.method == "DELETE" and not s.key.startswith("p/running/")]
        store.rule = None
        assert listed(store, "p") == ["b1", "b2", "b3"]
        assert restore(store, "p", tmp_path / "copy")["name"] == "b3"


def test_a_backup_of_a_central_that_does_not_run(tmp_path, filled, store):  # noqa: F811
    c = filled
    members = export("--url", c.url)
    assert c.stop() == 0
    done = backup(store, "p", "--dir", c.data, "--name", "b", *store.sets)
    assert done["verdict"] == "done" and int(done["new_objects"]) > 4
    assert "there is a backup b" in backup(store, "p", "--dir", c.data, "--name", "b", *store.sets, rc=2)
    restore(store, "p", tmp_path / "data")
    assert export("--dir", tmp_path / "data") == members
    assert last_line(run("backup", store.at("p"), "--forget", "b", "--dir", c.data, *store.sets), "backup")["verdict"] == "pruned"
    assert listed(store, "p") == []


def test_a_bucket_may_stand_before_the_host(tmp_path, broker, feed, store):  # noqa: F811
    """libcurl takes any name below localhost for this machine."""
    options = {**store.options, "endpoint": f"http://localhost:{store.server_port}", "path_style": "false"}
    with Central(tmp_path, broker.address, backup=options) as c:
        feed.batch("a", [like(feed.item(0), "u")])
        c.wait_likes(feed.item(0), 1)
        backup(store, "p", "--url", c.url, "--name", "b")
        assert listed(store, "p") == ["b"], "the same objects, by the other way to say it"
