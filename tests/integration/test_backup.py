"""What an operator does for the day after: backups and their restore, what may be forgotten, and edges compared with central; on real stores and processes.

Every wait has a deadline and a condition.
"""
import contextlib
import http.server
import os
import re
import shutil
import signal
import subprocess

import pytest

from central_feed import PARTITIONS, T0, VIEW, Central, export, like, until
from central_feed import broker, central, feed  # noqa: F401 (fixtures)
from cluster import EDGE, merged
from operating import WAIT_S, Store, Traffic, audit, copied, item_key, last_line, run
from ports import free_ports
from proc import Edge, program
from serving import served


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
        listed = run("backup", "--list", "--url", c.url)
        assert {(b["name"], b["complete"], b["partition"]) for b in backups("--url", c.url)} == {("first", "yes", "0"), ("first", "yes", "1")}
        assert last_line(listed, "backup")["backups"] == "1", "one, however many partitions it has"
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
    assert "not empty" in backup(tmp_path / "saved", "--dir", c.data, rc=2)
    assert [b["name"] for b in backups("--dir", c.data)] == ["b1", "b1"]
    assert last_line(run("backup", "--forget", "b1", "--dir", c.data), "backup") == {"name": "b1", "verdict": "forgotten"}
    assert backups("--dir", c.data) == []
    assert "no partition knows" in run("backup", "--forget", "b1", "--dir", c.data, rc=1).stderr
    with c:
        assert "no absolute path" not in backup(tmp_path / "second", "-c", c.config)["verdict"]
        assert "not empty" in backup(tmp_path / "second", "-c", c.config, rc=2)
        assert "cannot be made" in backup("/proc/no/such", "-c", c.config, rc=1)
        assert len(backups("-c", c.config)) == PARTITIONS
        assert "in use" in restore(tmp_path / "saved", c.data, "--force", rc=4)
        assert c.likes(item) == 1
    for wrong in ([], [""], ["x", "--list"], ["--list", "--forget", "b"], ["--list", "--name", "b"], ["x", "--name", "UPPER"]):
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


def killed_during_a_backup(c, at):
    """Whether it was: on a busy machine the backup may be whole before the kill. Then it is taken away again."""
    command = [program("kudos-central"), "backup", str(at), "--url", c.url, "--name", "broken"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as p:
        until(lambda: os.path.exists(f"{at}.partial") or p.poll() is not None, "nothing was begun")
        c.kill9()
        code, said = p.wait(WAIT_S), p.stderr.read()
    if code == 4 and not os.path.exists(at):
        return bool(said)
    c.start()
    shutil.rmtree(at)
    run("backup", "--forget", "broken", "--url", c.url)
    return False


def test_a_central_that_is_killed_during_a_backup(tmp_path, broker, feed):  # noqa: F811
    """What was begun holds stable until an operator says that it is no more; nothing that looks like a backup is left."""
    item, at = feed.item(0), tmp_path / "saved"
    with Central(tmp_path, broker.address) as c:
        for n in range(60):
            feed.batch("a", [like(item, f"user{n}-{m}") for m in range(1000)])
        c.wait_likes(item, 60000)
        assert any(killed_during_a_backup(c, at) for _ in range(5))
        assert not os.path.exists(at) and "no backup" in restore(f"{at}.partial", tmp_path / "to", rc=2)
        c.start()
        assert {(b["name"], b["complete"]) for b in backups("--url", c.url)} == {("broken", "no")}
        assert ".partial is there" in backup(at, "--url", c.url, rc=2)
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
    assert "is the backup itself" in restore(tmp_path / "good", tmp_path / "good", "--force", rc=2)
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


def test_a_place_that_is_not_its_own_is_refused_by_name(tmp_path, broker, feed):  # noqa: F811
    """Whatever lies in a data directory or a backup would be moved or deleted with it; and --force would move away what lies in the place."""
    home, saved = tmp_path / "home", tmp_path / "saved"
    data, link = home / "data", tmp_path / "link"

    def refused(rc, *words):
        before = sorted(os.listdir(tmp_path)), sorted(os.listdir(home)), sorted(os.listdir(data)), sorted(os.listdir(saved))
        error = run(*words, rc=rc).stderr
        assert before == (sorted(os.listdir(tmp_path)), sorted(os.listdir(home)), sorted(os.listdir(data)), sorted(os.listdir(saved))), words
        return error

    def restores(rc, named):
        for to in (data / "partition-0000", data / "partition-0000" / "deep", data / "new", home, f"{home}/./", link):
            error = refused(rc, "restore", saved, "--to", to, "--force")
            assert (named in error) == (rc == 4) and str(data) in error, error
        for to in (saved / "new", saved / "partition-0001"):
            assert f"lies in {saved}" in refused(2, "restore", saved, "--to", to, "--force")

    home.mkdir()
    with Central(tmp_path, broker.address, central={"data_dir": str(data)}) as c:
        item = feed.item(0)
        feed.batch("a", [like(item, "u1")])
        c.wait_likes(item, 1)
        link.symlink_to(data / "partition-0000")
        backup(saved, "--url", c.url, "--name", "one")
        restores(4, "in use by another process")
        for where in (data / "sub", data / "partition-0000" / "sub", link / "sub"):
            assert f"lies in {data}" in refused(2, "backup", where, "--url", c.url)
        for where in (saved / "sub", saved / "partition-0001" / "sub"):
            assert f"lies in {saved}" in refused(2, "backup", where, "--url", c.url)
        assert "DIR is an empty text" in refused(2, "backup", "", "--url", c.url)
        assert c.likes(item) == 1 and len(backups("--url", c.url)) == PARTITIONS
        assert c.stop() == 0
    restores(2, "in use")
    assert f"{tmp_path} holds {tmp_path}/" in refused(2, "restore", saved, "--to", tmp_path, "--force")
    assert f"lies in {saved}" in refused(2, "backup", saved / "sub", "--dir", data)
    link.unlink()
    for target in (data, tmp_path / "nothing"):
        link.symlink_to(target)
        for to in (link, f"{link}/"):
            assert f"{link} is a symbolic link" in refused(2, "restore", saved, "--to", to, "--force")
        link.unlink()
    assert restore(saved, data, "--force")["verdict"] == "done"


# Counts the renames beside the data directory; kills the process before that of a number. A file system may have no exchange. Or the process
# waits when it has made the directory of its copy.
RENAMES = r"""
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
static void pass(const char *from)
{
    static int passes;
    const char *beside = getenv("BESIDE");
    size_t n = strlen(beside);
    if (strncmp(from, beside, n) == 0 && !strchr(from + n, '/') && ++passes == atoi(getenv("KILL_BEFORE"))) raise(SIGKILL);
}
int rename(const char *from, const char *to)
{
    pass(from);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
int renameat2(int d, const char *from, int e, const char *to, unsigned flags)
{
    pass(from);
    if (getenv("NO_EXCHANGE")) return errno = EINVAL, -1;
    return ((int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT, "renameat2"))(d, from, e, to, flags);
}
int mkdir(const char *path, mode_t mode)
{
    int rc = ((int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir"))(path, mode);
    if (getenv("WAIT_AT") && strcmp(path, getenv("WAIT_AT")) == 0) raise(SIGSTOP);
    return rc;
}
"""


@pytest.fixture
def renames(tmp_path):
    """Of a library to preload, the environment."""
    source, library = tmp_path / "renames.c", tmp_path / "renames.so"
    source.write_text(RENAMES)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return dict(os.environ, LD_PRELOAD=str(library), BESIDE=str(tmp_path / "to"), KILL_BEFORE="0")


def three_likes_saved(c, feed, saved):  # noqa: F811
    """A backup of them is made, and this central has stopped."""
    item = feed.item(0)
    feed.batch("a", [like(item, f"user{n}") for n in range(3)])
    c.wait_likes(item, 3)
    backup(saved, "--url", c.url)
    assert c.stop() == 0


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "steps"])
def test_restore_that_is_killed_leaves_the_old_or_the_new(tmp_path, broker, feed, renames, exchange):  # noqa: F811
    """At each of its renames: what is at the place is whole, the one or the other. Where the file system cannot exchange names there may be
    nothing for a moment: a central does not begin anew there, and the command goes on by name."""
    saved, to = tmp_path / "saved", tmp_path / "to"
    with Central(tmp_path, broker.address) as c:
        three_likes_saved(c, feed, saved)
    env = renames if exchange else renames | {"NO_EXCHANGE": "1"}
    command = [program("kudos-central"), "restore", saved, "--to", to, "--force"]
    nothing = 0
    for kill_before in range(1, 9):
        for d in os.listdir(tmp_path):
            if d.startswith("to"):
                shutil.rmtree(tmp_path / d)
        os.mkdir(to)
        (to / "mine").write_text("kept")
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, env=env | {"KILL_BEFORE": str(kill_before)})
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        if not to.exists():
            nothing += 1
            c.set({"central": {"data_dir": to}})
            c.start(wait=False)
            assert c.wait() == 4 and not to.exists()
            assert f"a restore to {to} is under way or was broken off: {to}.restoring is there" in c.log()
            assert "was broken off" in restore(saved, to, "--force", rc=2)
        elif not (to / "mine").exists():
            assert audit("--dir", to)["members"] == "3"
        if os.path.exists(f"{to}.restoring"):
            assert "was broken off" in restore(saved, to, "--force", rc=2)
            shutil.rmtree(f"{to}.restoring")
        restore(saved, to, "--force")
        assert audit("--dir", to)["members"] == "3"
        assert any((tmp_path / d / "mine").exists() for d in os.listdir(tmp_path) if d.startswith("to.replaced-"))
    assert done.returncode == 0 and kill_before == (3 if exchange else 6) and nothing == (0 if exchange else 1)


def test_restore_takes_no_place_that_a_central_took_meanwhile(tmp_path, broker, feed, renames):  # noqa: F811
    saved, to = tmp_path / "saved", tmp_path / "to"
    with Central(tmp_path, broker.address) as c:
        three_likes_saved(c, feed, saved)
        shutil.copytree(c.data, to)
        command = [program("kudos-central"), "restore", saved, "--to", to, "--force"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=renames | {"WAIT_AT": f"{to}.restoring"}) as restoring:
            assert os.WIFSTOPPED(os.waitpid(restoring.pid, os.WUNTRACED)[1])
            c.set({"central": {"data_dir": to}})
            c.start()
            os.kill(restoring.pid, signal.SIGCONT)
            assert restoring.wait(WAIT_S) == 4 and f"{to} is in use by another process" in restoring.stderr.read()
        assert c.likes(feed.item(0)) == 3 and c.stop() == 0
    assert sorted(d for d in os.listdir(tmp_path) if d.startswith("to")) == ["to"]


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


class Rubbish(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.text)))
        self.end_headers()
        self.wfile.write(self.server.text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("text", (b"{}", b'{"edge":"a","partitions":0}', b'{"edge":"","partitions":4}', b'{"edge":"a","partitions":4097}', b"[" * 1000))
def test_compare_calls_nothing_the_same_that_is_no_edge(text):
    with served(Rubbish, text=text) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run([program("kudos-edge"), "compare", "--url", url, "--central", url], capture_output=True, text=True, timeout=WAIT_S)
        assert (done.returncode, done.stdout) == (2, "") and "is it an edge's admin port?" in done.stderr, done


def test_an_order_that_rubbish_answers_has_failed_and_says_why():
    with served(Rubbish, text=b"{}") as server:
        done = subprocess.run([program("kudos-central"), "audit", "--url", f"http://127.0.0.1:{server.server_port}"], capture_output=True, text=True,
                              timeout=WAIT_S)
        assert (done.returncode, done.stdout) == (1, "") and "is this central's admin port?" in done.stderr, done


def test_what_a_server_says_does_not_steer_the_terminal():
    with served(Rubbish, text=b'{"state":"refused","error":"\\u001b]0;x\\u0007\\u001b[2Jno"}') as server:
        done = subprocess.run([program("kudos-central"), "audit", "--url", f"http://127.0.0.1:{server.server_port}"], capture_output=True, text=True,
                              timeout=WAIT_S)
        assert (done.returncode, done.stderr) == (2, "kudos-central audit: ?]0;x??[2Jno\n"), done


def test_lines_of_a_server_are_lines_and_nothing_else():
    with served(Rubbish, text=b'{"job":1,"state":"done","of":1,"partitions":1,"lines":"a\\u001b[2J b\\r\\nc\\u0000d"}') as server:
        done = subprocess.run([program("kudos-central"), "audit", "--url", f"http://127.0.0.1:{server.server_port}"], capture_output=True, timeout=WAIT_S)
        assert b"a?[2J b?\nc?d" in done.stdout and b"\x1b" not in done.stdout, done


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
                asked[:] = [compare(first, c.url)[0]]
                return asked[0]["rows"] == "200"

            until(all_there, lambda: f"the edge's window does not hold its rows: {asked}")
            assert asked[0]["partitions"] == str(PARTITIONS) and asked[0]["verdict"] == "same" and int(asked[0]["asked"]) > 0
            settled = compare(first, c.url)[0]  # a window, a page on both sides, a smaller one, its rows on both sides: of each partition
            assert int(settled["questions"]) <= 7 * PARTITIONS < int(settled["rows"]), settled
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
            assert compare(second, c.url)[0]["verdict"] == "same"
            assert second.stop() == 0
            second.start()  # and asked at once: compare waits for what is not there yet
            assert compare(second, c.url)[0]["verdict"] == "same"
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


def test_a_command_on_an_edge_that_does_not_run_forgets_no_key(tmp_path, broker):  # noqa: F811
    """It knows a smaller bound than the edge's own: keys of retries that the edge remembers stay, so a view that is sent again counts once."""
    less, batch, bounds = 64000, 1000, {"edge": {"shards": "1", "flush_interval": "100ms", "idempotency_max": "100000"}}
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more=merged(EDGE, bounds)) as edge:
        def view(n):
            answer = edge.post("/v1/posts/v/view", user="u", headers={"Idempotency-Key": f"key-{n}"})
            assert answer.status == 200, answer
            return answer.json["pending"]

        assert [view(n) for n in range(3)] == [1, 2, 3]
        for n in range(less // batch):
            body = {"operations": [{"item": "posts/v", "op": "like"}] * batch}
            assert edge.post("/v1/likes", user="u", body=body, headers={"Idempotency-Key": f"batch-{n}"}).status == 200
        edge.kill9()
        small = tmp_path / "small.conf"
        with open(edge.config, encoding="utf-8") as f:
            small.write_text(f.read().replace("idempotency_max = 100000", f"idempotency_max = {less}"))
        assert f"idempotency_max = {less}" in small.read_text()
        done = subprocess.run([program("kudos-edge"), "aside", "--dir", edge.data, "-c", small], capture_output=True, text=True, timeout=WAIT_S)
        assert done.stdout == "aside sums=0 verdict=empty\n", done
        edge.start()
        assert [view(n) for n in range(3)] == [3] * 3
