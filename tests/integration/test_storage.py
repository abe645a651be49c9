"""The disk at its worst, on the real programs: full, failing syncs, unreadable tables, logs of writes torn, flipped, emptied or
gone, files and directories missing or of somebody else, a second process.

Always: the process ends with the code of the contract and a line that names what is wrong and where; nothing is acknowledged
that is not there after the next start; nothing that cannot be read passes for "not liked"; a store that is refused is left as it is.
"""
import hashlib
import json
import os
import shutil
import struct
import subprocess

import pytest

from ports import free_ports
from proc import Broker, Central, Edge, SyncOrder, program, wait_until
from smalldisk import fill, small_disk

PARTITIONS = 2
ITEMS = ["a0", "a1", "a2", "a3", "a4", "a5"]  # over both partitions
USERS = [f"user-{n:03}" for n in range(60)]
QUICK = {"edge": {"flush_interval": "50ms", "resend_min": "200ms"}, "store": {"fresh_rows": "0"}, "clock": {"measure_interval": "1s"}}
SNAPSHOTS = {"central": {"snapshot_interval": "50ms"}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """For programs that merge nothing."""
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def own(tmp_path):
    """A broker of the test's own: a central that begins anew reads all that its topics hold."""
    with Broker(tmp_path, PARTITIONS) as b:
        yield b


@pytest.fixture
def make(request, shared, tmp_path):
    """Programs of one test, killed at its end."""
    started = []
    broker = request.getfixturevalue("own") if "own" in request.fixturenames else shared

    def edge(**kw):
        kw.setdefault("more", QUICK)
        started.append(Edge(tmp_path, broker.address, partitions=PARTITIONS, **kw))
        return started[-1]

    def central(**kw):
        kw.setdefault("more", SNAPSHOTS)
        started.append(Central(tmp_path, broker.address, partitions=PARTITIONS, **kw))
        return started[-1]

    edge.central = central
    yield edge
    for p in started:
        p.kill9()


def like_all(edge, users, items=ITEMS):
    operations = [{"item": f"posts/{i}", "op": "like"} for i in items]
    for user in users:
        answer = edge.post("/v1/likes", user=user, body={"operations": operations})
        assert answer.status == 200, answer


def counts(daemon, items=ITEMS):
    answer = daemon.get("/v1/counts?items=" + ",".join(f"posts/{i}" for i in items))
    assert answer.status == 200, answer
    likes = [x["counts"]["like"] for x in answer.json["items"]]
    return [x["pending"] if x["count"] is None else x["count"] for x in likes]  # an edge without central counts its own alone


def last_line(daemon):
    return daemon.log().splitlines()[-1]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Directories of an edge and of central that were killed, with rows in tables and rows in logs of writes."""
    directory = tmp_path_factory.mktemp("filled")
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS, more=SNAPSHOTS) as central, \
            Edge(directory, broker.address, partitions=PARTITIONS, central=central.url, more=QUICK) as edge:
        for half in (USERS[:40], USERS[40:]):
            like_all(edge, half)
            wait_until(lambda n=USERS.index(half[-1]) + 1: counts(central) == [n] * len(ITEMS), 20, "merged")
            edge.kill9()
            central.kill9()
            if half[0] == USERS[0]:
                central.start()
                edge.start()
        return {"edge": edge.data, "central": central.data}


STORES = {"edge": ["shard-0", "shard-1"], "central": ["partition-0000", "partition-0001"]}


@pytest.fixture(params=["edge", "central"])
def damaged(request, make, filled):
    """A program that does not run, on a copy of what was filled: (program, path of one of its stores)."""
    daemon = make() if request.param == "edge" else make.central()
    shutil.copytree(filled[request.param], daemon.data)
    return daemon, os.path.join(daemon.data, STORES[request.param][1])


def newest(store, end):
    """The path of the newest file of a kind that is not empty."""
    found = sorted(n for n in os.listdir(store) if n.endswith(end) or n.startswith(end))
    found = [os.path.join(store, n) for n in found if os.path.getsize(os.path.join(store, n)) > 0]
    assert found, (store, end, os.listdir(store))
    return found[-1]


def overwrite(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)


def flip(path, at):
    with open(path, "rb") as f:
        f.seek(at)
        byte = f.read(1)[0]
    overwrite(path, at, bytes([byte ^ 0xff]))


def files(store):
    """Digests of all that matters: not the diary of LevelDB and its lock."""
    found = {}
    for name in os.listdir(store) if os.path.exists(store) else ():
        if name not in ("LOG", "LOG.old", "LOCK"):
            with open(os.path.join(store, name), "rb") as f:
                found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def refused(daemon, store, code, *texts):
    """Twice the same refusal, and the files stand as they stood."""
    before = files(store)
    for _ in range(2):
        daemon.start(wait=False)
        assert daemon.wait() == code, daemon.log()[-2000:]
        line = last_line(daemon)
        assert line.startswith(daemon.binary + ": ") and all(t in line for t in texts), line
        shown = daemon.log()
        assert '"event":"edge-started"' not in shown and '"event":"central-started"' not in shown
    after = files(store)
    assert {n: after.get(n) for n in before} == before, "a refused store was changed"
    assert os.path.exists(store) or not before


# ---- damage that a start finds ----------------------------------------------------------------------------------------


def size(path):
    return os.path.getsize(path)


def cut(path, by):
    os.truncate(path, size(path) - by)


def cut_acknowledged(store):
    """Takes the last byte of what was acknowledged. The kill may have left a record behind it that was not, and whose loss is none."""
    path = newest(store, ".log")
    with open(os.path.join(store, "ACKED"), encoding="ascii") as f:
        acked = int(f.read().split()[1])
    with open(path, "rb") as f:
        data = f.read()
    assert len(data) < 32768, "one block, so that records follow each other"
    at = end = 0
    while at + 19 <= len(data):
        first, count = struct.unpack_from("<QI", data, at + 7)
        at += 7 + struct.unpack_from("<H", data, at + 4)[0]
        end = at if first + count - 1 <= acked else end
    os.truncate(path, end - 1)


def zero(path, at, n):
    overwrite(path, at, bytes(n))


DAMAGES = {
    "flipped byte of the log": (lambda s: flip(newest(s, ".log"), size(newest(s, ".log")) // 2), "orrupt"),
    "flipped byte near the end of the log": (lambda s: flip(newest(s, ".log"), size(newest(s, ".log")) - 3), "orrupt"),
    "hole in the log": (lambda s: zero(newest(s, ".log"), size(newest(s, ".log")) // 2, 1024), "orrupt"),
    "log of zeros": (lambda s: zero(newest(s, ".log"), 0, size(newest(s, ".log"))), "a hole (zeros instead of a record) at byte 0"),
    "log missing": (lambda s: os.unlink(newest(s, ".log")), "the log of writes is missing"),
    "log empty": (lambda s: os.truncate(newest(s, ".log"), 0), "acknowledged writes are missing"),
    "log cut": (cut_acknowledged, "acknowledged writes are missing"),
    "table missing": (lambda s: os.unlink(newest(s, ".ldb")), "missing files"),
    "MANIFEST flipped": (lambda s: flip(newest(s, "MANIFEST-"), size(newest(s, "MANIFEST-")) // 2), "orrupt"),
    "MANIFEST missing": (lambda s: os.unlink(newest(s, "MANIFEST-")), "it is missing"),
    "MANIFEST empty": (lambda s: os.truncate(newest(s, "MANIFEST-"), 0), "orrupt"),
    "CURRENT flipped": (lambda s: flip(os.path.join(s, "CURRENT"), 3), "CURRENT"),
    "CURRENT missing": (lambda s: os.unlink(os.path.join(s, "CURRENT")), "no CURRENT file"),
    "ACKED flipped": (lambda s: flip(os.path.join(s, "ACKED"), 20), "ACKED"),
    "ACKED empty": (lambda s: os.truncate(os.path.join(s, "ACKED"), 0), "ACKED is empty"),
    "directory missing": (shutil.rmtree, "missing, though others beside it hold rows"),
    "directory empty": (lambda s: (shutil.rmtree(s), os.mkdir(s)), "missing, though others beside it hold rows"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_refused_by_name_and_left_as_it_is(damaged, name):
    daemon, store = damaged
    damage, text = DAMAGES[name]
    damage(store)
    refused(daemon, store, 1, os.path.basename(store), text)


@pytest.mark.parametrize("damage", [lambda path: cut(path, 10), lambda path: [flip(path, at) for at in range(50, size(path), 300)]],
                         ids=["cut", "flipped"])
def test_a_table_that_cannot_be_read_is_refused_by_name(damaged, damage):
    """LevelDB finds this when rows are read; a start reads them all."""
    daemon, store = damaged
    damage(newest(store, ".ldb"))
    for _ in range(2):
        daemon.start(wait=False)
        assert daemon.wait() == 1
        assert os.path.basename(store) in last_line(daemon) and "cannot be read" in last_line(daemon), last_line(daemon)
        failed = [json.loads(x) for x in daemon.log().splitlines() if '"event":"read-failed"' in x]
        assert failed and failed[-1]["database"] == store and failed[-1]["cause"], daemon.log()[-2000:]


def test_a_missing_shard_is_named_when_their_number_is_left_open(make, filled):
    edge = make()
    shutil.copytree(filled["edge"], edge.data)
    shutil.rmtree(os.path.join(edge.data, "shard-1"))
    edge.set({"edge": {"shards": 0}})
    refused(edge, os.path.join(edge.data, "shard-1"), 1, "shard-1 is missing: shard-0 is one of 2")
    shutil.copytree(os.path.join(filled["edge"], "shard-1"), os.path.join(edge.data, "shard-1"))
    shutil.rmtree(os.path.join(edge.data, "shard-0"))
    refused(edge, os.path.join(edge.data, "shard-0"), 1, "shard-0: missing, though others")


def test_a_first_start_that_was_broken_off_goes_on(make):
    """Directories without a row beside ones that were not made yet are no loss."""
    for daemon, stores in ((make(), STORES["edge"]), (make.central(), STORES["central"])):
        daemon.start()
        daemon.kill9()
        store = os.path.join(daemon.data, stores[0])
        shutil.rmtree(daemon.data)
        os.makedirs(store)
        with open(os.path.join(store, "ACKED"), "w", encoding="ascii") as f:
            f.write("acked 00000000000000000000\n")
        daemon.start()


def test_a_torn_tail_of_the_log_costs_nothing_that_was_acknowledged(own, damaged):
    """What a kill leaves of a write that nobody was told of."""
    daemon, store = damaged
    with open(newest(store, ".log"), "ab") as f:
        f.write(b"\x12\x34\x56\x78" + struct.pack("<HB", 1000, 1) + bytes(range(1, 50)))
    daemon.start()
    assert counts(daemon) == [len(USERS)] * len(ITEMS)


def test_a_tail_of_zeros_goes_where_the_runbook_says(own, damaged):
    """A power cut may leave the length of a write without its bytes."""
    daemon, store = damaged
    log = newest(store, ".log")
    before = size(log)
    with open(log, "ab") as f:
        f.write(bytes(5000))
    refused(daemon, store, 1, f"a hole (zeros instead of a record) at byte {before}")
    os.truncate(log, before)
    daemon.start()
    assert counts(daemon) == [len(USERS)] * len(ITEMS)


def test_what_is_left_of_central_is_taken_when_the_operator_says_so(own, make, filled):
    """What it lost the edges send again."""
    central = make.central()
    edge = make(central=central.url)
    for daemon in (central, edge):
        shutil.copytree(filled[daemon.binary.removeprefix("kudos-")], daemon.data)
    for partition in STORES["central"]:
        os.truncate(newest(os.path.join(central.data, partition), ".log"), 0)
    refused(central, os.path.join(central.data, STORES["central"][0]), 1, "acknowledged writes are missing")
    for partition in STORES["central"]:
        os.unlink(os.path.join(central.data, partition, "ACKED"))
    central.start()
    assert counts(central) < [len(USERS)] * len(ITEMS), "nothing was lost: this test tests nothing"
    edge.start()
    wait_until(lambda: counts(central) == counts(edge) == [len(USERS)] * len(ITEMS), 20, "sent again")


def test_what_is_left_is_taken_when_the_operator_says_so(own, make, filled):
    """The runbook's way to accept a loss: the mark goes. What was merged is central's, and comes back from there."""
    central = make.central()
    shutil.copytree(filled["central"], central.data)
    edge = make(central=central.url)
    shutil.copytree(filled["edge"], edge.data)
    for shard in STORES["edge"]:
        os.truncate(newest(os.path.join(edge.data, shard), ".log"), 0)
    edge.start(wait=False)
    assert edge.wait() == 1 and "acknowledged writes are missing" in last_line(edge)
    for shard in STORES["edge"]:
        os.unlink(os.path.join(edge.data, shard, "ACKED"))
    central.start()
    edge.start()
    like_all(edge, USERS + ["one-more"])
    n = len(USERS) + 1
    wait_until(lambda: counts(central) == [n] * len(ITEMS), 20, "merged")
    wait_until(lambda: counts(edge) == [n] * len(ITEMS), 20, "shown")


def test_a_start_reads_its_rows_beside_the_work(make):
    """Those that the start itself does not read come from a thread, which a stop does not wait for long."""
    rows, edge = 20000, make(name="edge-rows", shards=1).start()
    items = [f"posts/row-{n}" for n in range(rows)]
    for at in range(0, rows, 1000):
        assert edge.post("/v1/likes", user="ann", body={"operations": [{"item": i, "op": "like"} for i in items[at:at + 1000]]}).status == 200
    wait_until(lambda: edge.metric("kudos_edge_fresh_rows") < 2000, 30, "rows are in the store")
    edge.stop()
    for _ in range(3):  # wherever the fill is
        edge.start()
        edge.stop()
    edge.start()
    first = edge.post(f"/v1/{items[-1]}/like", user="ann").json
    assert (first["liked"], first["changed"]) == (True, False), "its row is found, filter or none"
    wait_until(lambda: edge.metric("kudos_edge_filter_rows") > rows * 0.98, 30, "all rows are in the filter")
    assert not any(edge.post(f"/v1/{i}/like", user="ann").json["changed"] for i in items[::1999])
    assert edge.post(f"/v1/{items[0]}/like", user="bob").json["changed"] is True


def test_stores_of_somebody_else_are_refused(damaged):
    """Both directories are sound, but each stands in the other's place."""
    daemon, store = damaged
    other = os.path.join(daemon.data, STORES["edge" if isinstance(daemon, Edge) else "central"][0])
    os.rename(store, store + ".away")
    os.rename(other, store)
    os.rename(store + ".away", other)
    daemon.start(wait=False)
    assert daemon.wait() == 2
    assert ("was made as shard-1" if isinstance(daemon, Edge) else "made as partition 1, not 0") in last_line(daemon), last_line(daemon)


def test_the_store_of_another_edge_is_refused(make, filled):
    edge = make(name="edge-2")
    shutil.copytree(filled["edge"], edge.data)
    edge.start(wait=False)
    assert edge.wait() == 2 and "was made for edge.name = edge-1, the configuration says edge-2" in last_line(edge)


@pytest.mark.parametrize("which", ["edge", "central"])
def test_a_second_process_is_refused(make, which):
    daemon = make() if which == "edge" else make.central()
    daemon.start()
    port, admin = free_ports(2)
    second = subprocess.run([program(daemon.binary), "-c", daemon.config, "--set", f"http.listen=127.0.0.1:{port}", "--set",
                             f"admin.listen=127.0.0.1:{admin}"], capture_output=True, text=True, timeout=30)
    assert second.returncode == 4, second.stderr
    assert STORES[which][0] in second.stderr and "in use" in second.stderr
    assert daemon.get("/v1/posts/a0/counts").status == 200


# ---- a disk that fails under a running process --------------------------------------------------------------------------


class Pair:
    """Central and an edge; likes are noted as acknowledged, and those must be there in the end, with no others."""

    def __init__(self, make):
        self.central = make.central()
        self.edge = make(central=self.central.url)
        self.attempted, self.acked = {i: set() for i in ITEMS}, {i: set() for i in ITEMS}
        self.refused = set()  # items; another shard may still be sound for a moment

    def start(self):
        self.central.start()
        self.edge.start()
        return self

    def like(self, user):
        """One like of each item. False when the edge does not answer any more."""
        for item in ITEMS:
            self.attempted[item].add(user)
            try:
                answer = self.edge.post(f"/v1/posts/{item}/like", user=user)
            except OSError:
                return False
            if answer.status == 200:
                assert item not in self.refused, f"refused, and then {answer}"
                self.acked[item].add(user)
            else:
                assert (answer.status, answer.problem) == (503, "storage-failed"), answer
                assert "retry-after" in answer.headers
                self.refused.add(item)
        return True

    def like_until_it_ends(self):
        for n in range(5000):
            if not self.like(f"filler-{n}"):
                break
        assert self.edge.wait() == 1, self.edge.log()[-2000:]
        failed = [json.loads(x) for x in self.edge.log().splitlines() if '"event":"storage-failed"' in x]
        assert failed and failed[0]["cause"], self.edge.log()[-2000:]
        stopped = json.loads(last_line(self.edge))
        assert (stopped["event"], stopped["cause"]) == ("edge-stopped", f"storage-failed: {failed[0]['cause']}")
        self.refused.clear()
        return failed[0]["cause"]

    def settle(self):
        """Each acknowledged like is there for its user; counts are those of all users that central has, everywhere."""
        for item in ITEMS:
            for user in sorted(self.acked[item])[-20:]:
                answer = self.edge.get(f"/v1/posts/{item}/like", user=user)
                assert answer.json["liked"] is True, (item, user, answer)

        def members(item):
            likers, cursor = set(), ""
            while cursor is not None:
                page = self.central.get(f"/v1/posts/{item}/likers?limit=1000{cursor}").json
                likers |= {m["user"] for m in page["likers"]}
                cursor = f"&cursor={page['next']}" if page["next"] else None
            return likers

        def exact():
            likers = {i: members(i) for i in ITEMS}
            complete = all(self.acked[i] <= likers[i] <= self.attempted[i] for i in ITEMS)
            return complete and counts(self.central) == counts(self.edge) == [len(likers[i]) for i in ITEMS]

        wait_until(exact, 20, "exact")


@pytest.fixture
def pair(own, make):
    return Pair(make)


def limit_files(daemon, data, more):
    """No file of the running process grows beyond the largest of its logs by more than that: a write fails, as on a full disk."""
    largest = max(size(os.path.join(top, n)) for top, _, names in os.walk(data) for n in names if n.endswith(".log"))
    subprocess.run(["prlimit", f"--pid={daemon.popen.pid}", f"--fsize={largest + more}"], check=True)


def test_edge_whose_files_cannot_grow(pair):
    pair.start()
    assert pair.like("before")
    limit_files(pair.edge, pair.edge.data, 2000)
    assert "File too large" in pair.like_until_it_ends()
    pair.edge.start()
    assert pair.like("after")
    pair.settle()


def test_central_whose_files_cannot_grow(pair):
    pair.start()
    assert pair.like("before")
    limit_files(pair.central, pair.central.data, 2000)
    for n in range(2000):
        if not pair.central.running():
            break
        assert pair.like(f"filler-{n}"), "an edge goes on without central"
    assert pair.central.wait() == 1
    assert '"event":"commit-failed"' in pair.central.log() and "File too large" in pair.central.log()
    pair.central.start()
    pair.settle()


def test_full_disk_of_an_edge(pair, small_disk):  # noqa: F811
    pair.edge.data = str(small_disk / "data")
    pair.edge.set({"edge": {"data_dir": pair.edge.data}})
    pair.start()
    assert pair.like("before")
    fill(small_disk)
    assert "No space left" in pair.like_until_it_ends()
    pair.edge.start(wait=False)
    assert pair.edge.wait() == 1, "as long as it is full it does not start"
    assert "No space left" in last_line(pair.edge) and pair.edge.data in last_line(pair.edge), last_line(pair.edge)
    os.unlink(small_disk / "ballast")
    pair.edge.start()
    assert pair.like("after")
    pair.settle()


def test_full_disk_of_central(pair, small_disk):  # noqa: F811
    pair.central.data = str(small_disk / "data")
    pair.central.set({"central": {"data_dir": pair.central.data}})
    pair.start()
    assert pair.like("before")
    fill(small_disk)
    for n in range(5000):
        if not pair.central.running():
            break
        assert pair.like(f"filler-{n}")
    assert pair.central.wait() == 1
    assert '"event":"commit-failed"' in pair.central.log() and "No space left" in pair.central.log()
    os.unlink(small_disk / "ballast")
    pair.central.start()
    pair.settle()


def test_edge_whose_syncs_fail(pair):
    order = SyncOrder(pair.edge)
    pair.start()
    assert pair.like("before")
    order.fail()
    assert "Input/output error" in pair.like_until_it_ends()
    assert len(pair.acked[ITEMS[0]]) == 1, "not one was acknowledged after the first failure"
    pair.edge.start(wait=False)
    assert pair.edge.wait() == 1 and "Input/output error" in last_line(pair.edge)
    order.end()
    pair.edge.start()
    assert pair.like("after")
    pair.settle()


def test_central_whose_syncs_fail(pair):
    order = SyncOrder(pair.central)
    pair.start()
    assert pair.like("before")
    order.fail()
    assert pair.like("next")
    assert pair.central.wait() == 1
    assert '"event":"commit-failed"' in pair.central.log() and "Input/output error" in pair.central.log()
    order.end()
    pair.central.start()
    pair.settle()


# ---- reads that fail ----------------------------------------------------------------------------------------------------


def spoil(store):
    """The blocks of rows in all tables, in place: the process has the files mapped. What is behind them (filter, index) was checked
    when the file was opened, and not again."""
    for name in os.listdir(store):
        if name.endswith(".ldb"):
            path = os.path.join(store, name)
            for at in range(50, size(path) * 7 // 10, 300):
                flip(path, at)


def unreadable(daemon):
    """Users whose like of a0 cannot be read, at the program on a store that was spoiled. Whoever can be read has liked it."""
    found = []
    for user in USERS:
        answer = daemon.get("/v1/posts/a0/like", user=user)
        if answer.status == 200:
            assert answer.json["liked"] is True, (user, answer)
        else:
            assert (answer.status, answer.problem) == (503, "storage-failed"), answer
            found.append(user)
    assert len(found) >= 10
    return found


def test_a_row_of_an_edge_that_cannot_be_read_is_never_not_liked(make, filled):
    edge = make()
    edge.set({"kafka": {"brokers": "127.0.0.1:1", "start_timeout": "100ms"}})
    shutil.copytree(filled["edge"], edge.data)
    edge.start()
    for shard in STORES["edge"]:
        spoil(os.path.join(edge.data, shard))
    for user in unreadable(edge)[:10]:
        for answer in (edge.post("/v1/posts/a0/like", user=user), edge.delete("/v1/posts/a0/like", user=user),
                       edge.post("/v1/likes/lookup", user=user, body={"items": [f"posts/{i}" for i in ITEMS]}),
                       edge.post("/v1/counts", user=user, body={"items": ["posts/a0"], "me": True}),
                       edge.post("/v1/likes", user=user, body={"operations": [{"item": "posts/a0", "op": "like"}]})):
            assert (answer.status, answer.problem) == (503, "storage-failed"), answer
    assert '"event":"read-failed"' in edge.log() and "orrupt" in edge.log()
    wait_until(lambda: edge.metric("kudos_edge_store_read_errors_total") > 0, 20, "metric")
    assert counts(edge) == [len(USERS)] * len(ITEMS), "what is in memory is still true"


def test_a_row_of_central_that_cannot_be_read_is_never_not_liked(own, make, filled):
    central = make.central(more={"central": {**SNAPSHOTS["central"], "tombstone_ttl": "0s"}})  # no sweep, which reads all rows
    shutil.copytree(filled["central"], central.data)
    central.start()
    edge = make(central=central.url, name="edge-9").start()
    # What it reads by itself, the changes that were not published, it has read.
    wait_until(lambda: central.metric("kudos_central_snapshots_total") > 0 and central.metric("kudos_central_unpublished_bytes") == 0, 20, "changes published")
    for partition in STORES["central"]:
        spoil(os.path.join(central.data, partition))
    user = unreadable(central)[0]
    for answer in (central.get("/v1/posts/a0/likers?limit=100"),
                   central.post("/v1/likes/lookup", user=user, body={"items": ["posts/a0"]})):
        assert (answer.status, answer.problem) == (503, "storage-failed"), answer
    assert '"event":"read-failed"' in central.log()
    wait_until(lambda: central.metric("kudos_central_store_read_errors_total") > 0, 20, "metric")
    # An edge that has to ask says that it does not know.
    assert edge.get("/v1/posts/a0/like", user=user).json["liked"] is None
    # A batch that needs the row is not merged as if there were none: central stops, and does not begin on what is damaged.
    assert edge.post("/v1/posts/a0/like", user=user).status == 200
    assert central.wait() == 1
    assert '"event":"storage-failed"' in central.log()
    central.start(wait=False)
    assert central.wait() == 1 and "partition" in last_line(central)
    shutil.rmtree(central.data)
    shutil.copytree(filled["central"], central.data)
    central.start()
    wait_until(lambda: edge.admin("/debug/partitions").json["partitions"] and counts(central) == [len(USERS)] * len(ITEMS)
               and sum(p["outbox_batches"] for p in edge.admin("/debug/partitions").json["partitions"]) == 0, 20, "merged again")


@pytest.mark.parametrize("which", ["edge", "central"])
def test_a_mapped_table_that_cannot_be_read_ends_the_process_by_name(make, filled, which):
    """A disk that fails under a mapped file raises a signal; so does a file that is cut, which is what we can do here."""
    daemon = make() if which == "edge" else make.central()
    daemon.set({"kafka": {"brokers": "127.0.0.1:1"} | ({"start_timeout": "100ms"} if which == "edge" else {})})
    shutil.copytree(filled[which], daemon.data)
    daemon.start(wait=which == "edge")
    wait_until(lambda: '"event":"central-started"' in daemon.log() or which == "edge", 20, "started")
    for store in STORES[which]:
        for name in os.listdir(os.path.join(daemon.data, store)):
            if name.endswith(".ldb"):
                os.truncate(os.path.join(daemon.data, store, name), 0)
    for user in USERS:
        try:
            answer = daemon.get("/v1/posts/a0/like", user=user)
        except OSError:
            break
        assert answer.json["liked"] is True, answer
    assert daemon.wait() == 1
    assert "a mapped file of a store cannot be read" in last_line(daemon) and '"event":"storage-failed"' in daemon.log()
