"""Everything has a bound, and the answer at the bound is the documented one: an edge that is cut off, a disk that is slow or hangs, a disk
that is full under a backup or an audit, a changes topic that nobody takes.

KUDOS_LONG=1: cut off for ten minutes at full load, on a real Kafka.
"""
import contextlib
import http.client
import os
import signal
import subprocess
import threading
import time

import pytest

import kafka
from edge_journal import Journal
from mixed import look
from proc import Broker, Central, Edge, SyncOrder, fields_of, program, wait_until
from smalldisk import fill, small_disk

LONG = os.environ.get("KUDOS_LONG") == "1"
PARTITIONS = 4
CUT_S = float(os.environ.get("KUDOS_CUT_SECONDS", "600")) if LONG else 2.5
OUTBOX = 32 << 20 if LONG else 64 << 10
MiB = 1 << 20
QUICK = {"edge": {"flush_interval": "100ms", "idle_interval_max": "1s", "resend_min": "500ms", "resend_max": "2s"},
         "clock": {"measure_interval": "1s"}, "store": {"write_buffer": "4MiB", "fresh_rows": 1000}}
SNAPSHOTS = {"central": {"snapshot_interval": "100ms"}}
OF_AN_OPERATION = 400  # bytes of the outbox, at most


def kudos_central(*arguments, timeout=120):
    done = subprocess.run([program("kudos-central"), *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout.splitlines(), done.stderr


def outbox_batches(edge):
    return sum(p["outbox_batches"] for p in edge.admin("/debug/partitions").json["partitions"])


def exact(members, *where, seconds=30):
    """An audit, again while something is still on its way."""
    def audit():
        code, lines, error = kudos_central("audit", *where, timeout=600)
        assert code == 0 and lines[-1].endswith("mismatches=0 verdict=exact"), (code, lines, error)
        return f" members={members} " in lines[-1]

    wait_until(audit, seconds, f"{members} members", pause=0.2)


class Reader:
    """Reads of what the edge knows, without a pause; the slowest, and what was not 200."""

    def __init__(self, edge, path):
        self.edge, self.path, self.slowest_s, self.reads, self.wrong = edge, path, 0.0, 0, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.wait(0.02):
            began = time.monotonic()
            answer = self.edge.get(self.path)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.reads += 1
            if answer.status != 200:
                self.wrong.append(answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


@contextlib.contextmanager
def some_kafka(directory):
    """(address, what freezes it, what thaws it)"""
    if LONG:
        kafka.fetch()
        with kafka.Kafka(os.path.join(directory, "kafka")) as k:
            yield k.bootstrap, lambda: k.signal_all(signal.SIGSTOP), lambda: k.signal_all(signal.SIGCONT)
    else:
        with Broker(directory, PARTITIONS) as b:
            yield b.address, lambda: b.signal(signal.SIGSTOP), lambda: b.signal(signal.SIGCONT)


class Load:
    """kudos-sim load beside the test: as fast as the edge answers."""

    def __init__(self, edge, seconds, out):
        self.out = os.path.join(str(out), "load.out")
        command = [program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{edge.port}", "--like", "--collection", "reels", "--users",
                   "1000000", "--items", "500", "--seconds", str(int(max(seconds, 1))), "--deadline-ms", "60000"]
        with open(self.out, "wb") as f:
            self.popen = subprocess.Popen(command, stdout=f, stderr=f)

    def result(self):
        """Its lines as one dictionary: likes, requests, errors, and answers by status."""
        self.popen.wait(CUT_S + 120)
        with open(self.out, encoding="ascii") as f:
            text = f.read()
        print(text)
        return fields_of(text)


def until_flushed(edge, seconds):
    began = time.monotonic()
    wait_until(lambda: outbox_batches(edge) == 0 and edge.metric("kudos_edge_outbox_bytes") < 4096, seconds, "an empty outbox")
    return time.monotonic() - began


def test_an_edge_cut_off_at_full_load(tmp_path):
    """Kafka and central fall silent, as behind a black hole."""
    more = {**QUICK, "edge": {**QUICK["edge"], "outbox_max": f"{OUTBOX}B"}}
    with some_kafka(str(tmp_path)) as (brokers, freeze, thaw), Central(tmp_path, brokers, partitions=PARTITIONS, more=SNAPSHOTS) as central, \
            Edge(tmp_path, brokers, partitions=PARTITIONS, central=central.url, more=more) as edge:
        with Journal(edge, pause_s=0.02) as j:  # slowly: a fast machine fills the small outbox before central is heard of
            wait_until(lambda: j.statuses[200] > 200, 30, "likes")
            wait_until(lambda: edge.get("/v1/posts/j1/counts").json["as_of"], 30, "an edge that follows central")
            assert j.statuses.keys() == {200}, j.problems
            j.pause_s = 0.02 if LONG else 0
            before = look(edge)
            freeze()
            central.signal(signal.SIGSTOP)
            load = Load(edge, CUT_S, tmp_path)
            with Reader(edge, "/v1/posts/j1/counts") as reader:
                samples = sample_cut(edge, j, CUT_S)
                load_said = load.result()
            thaw()
            central.signal(signal.SIGCONT)
            drained_s = until_flushed_or_taken(edge, j)
        judge_cut(j, reader, samples, before, load_said)
        flushed_s = drained_s + until_flushed(edge, 600 if LONG else 30)
        print(f"cut again_s={drained_s:.1f} flushed_s={flushed_s:.1f}", flush=True)
        again = edge.post("/v1/posts/after/like", user="after")
        assert again.status == 200, again
        wait_until(lambda: central.get("/v1/posts/after/counts").json["counts"]["like"]["count"] == 1, 30, "merged")
        code, lines, error = kudos_central("export", "--url", central.url, timeout=600)
        assert code == 0, error
        liked, held = j.check(lines)
        print(f"cut journal_liked={liked} journal_held={held} load_likes={load_said['likes']}")
        exact(held + int(load_said["likes"]) + 1, "--url", central.url)


def sample_cut(edge, j, seconds):
    """For so long, and on a busy machine until there are some samples of a full outbox."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end or (len(since_refusal(found, j)) <= 3 and time.monotonic() < end + 30):
        found.append((time.monotonic(), edge.metric("kudos_edge_outbox_bytes"), look(edge)))
        if LONG and len(found) % 50 == 1:
            print("sample", int(found[-1][1]), found[-1][2], flush=True)
        time.sleep(min(0.2, seconds / 50))
    return found


def since_refusal(samples, j):
    return [s for s in samples if s[0] > j.first_refusal_at]


def until_flushed_or_taken(edge, j):
    """Until the edge takes likes again, by itself."""
    began = time.monotonic()
    wait_until(lambda: j.acked_at > began, 300 if LONG else 30, "likes taken again")
    return j.acked_at - began


def judge_cut(j, reader, samples, before, load_said):
    most, disk = max(s[1] for s in samples), max(s[2].disk_kib for s in samples)
    full = since_refusal(samples, j)
    print(f"cut journal={dict(j.statuses)} {dict(j.problems)} load={load_said['answers']} reads={reader.reads} slowest_read_s={reader.slowest_s:.3f}")
    print(f"cut budget={OUTBOX} outbox_bytes={most:.0f} disk_before_kib={before.disk_kib} disk_kib={disk} heap_before_kib={before.heap_kib} "
          f"heap_kib={max(s[2].heap_kib for s in samples)}")
    assert j.statuses.keys() == {200, 503} and j.problems.keys() == {"outbox-full"}, (j.statuses, j.problems)
    assert all(int(after) >= 1 for _, _, after in j.refusals)
    assert most <= OUTBOX + 2 * OF_AN_OPERATION, "the budget"
    assert len(full) > 3 and full[-1][1] > OUTBOX / 2
    # Rows and LevelDB's tables lie beside the operations; when nothing more is taken nothing more is written.
    assert full[-1][2].disk_kib <= full[0][2].disk_kib + (OUTBOX + 16 * MiB) // 1024, "it goes on growing"
    assert reader.reads > 10 and not reader.wrong and reader.slowest_s < 5, (reader.wrong[:1], reader.slowest_s)
    assert set(part.split(":")[0] for part in load_said["answers"].split(",")) == {"200", "503"}, load_said


# ---- a disk that is slow ------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path):
    """An edge and a central that are not started."""
    with Broker(tmp_path, PARTITIONS) as broker:
        central = Central(tmp_path, broker.address, partitions=PARTITIONS, more=SNAPSHOTS)
        edge = Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url, more=QUICK)
        yield edge, central
        edge.kill9()
        central.kill9()


def sleeping(daemon):
    """A thread of it sleeps, which none does but in a sync that was told to be slow."""
    def call(thread):
        with contextlib.suppress(OSError):
            with open(f"/proc/{daemon.popen.pid}/task/{thread}/syscall", encoding="ascii") as f:
                return f.read().split()[0]
        return ""

    return any(call(t) in ("35", "230") for t in os.listdir(f"/proc/{daemon.popen.pid}/task"))


def test_a_slow_disk_sheds_and_recovers(pair):
    """Syncs of 0.2 s make likes slow, of 2.5 s make the edge refuse what it could not sync soon; nothing that was answered 2xx is lost, and what
    waits is bounded by what came within a second."""
    edge, central = pair
    order = SyncOrder(edge)
    central.start()
    edge.start()
    with Journal(edge, threads=24) as j:
        wait_until(lambda: j.statuses[200] > 200, 30, "likes")
        order.slow(0.2)
        taken = edge.metric("kudos_edge_operations_total")
        wait_until(lambda: edge.metric("kudos_edge_operations_total") > taken + 32, 30, "slow likes")
        assert j.statuses.keys() == {200}, (j.statuses, j.problems)
        j.pause_s = 1.0  # so that some come while a sync is under way
        order.slow(2.5)
        wait_until(lambda: j.problems["overloaded"] > 10, 30, "refusals")
        assert edge.metric("kudos_edge_in_flight") <= 24
        assert edge.metric("kudos_edge_requests_overloaded_total") > 0
        assert edge.get("/v1/posts/j1/counts").status == 200, "reads never wait for a disk"
        wait_until(lambda: j.acked_at > j.first_refusal_at, 30, "some are taken, a group behind each sync")
        assert j.problems.keys() == {"overloaded"} and all(int(after) >= 1 for _, _, after in j.refusals), j.problems
        order.end()
        j.pause_s = 0
        ended = time.monotonic()
        wait_until(lambda: j.acked_at > ended, 30, "likes taken again")
        settled = j.statuses[200]
        wait_until(lambda: j.statuses[200] > settled + 500, 30, "likes as fast as before")
    assert edge.log().count('"event":"commit-slow"') < 20, "once a sync"
    edge.kill9()
    edge.env = None
    edge.start()
    assert edge.post("/v1/posts/after/like", user="after").status == 200
    until_flushed(edge, 30)
    wait_until(lambda: central.get("/v1/posts/after/counts").json["counts"]["like"]["count"] == 1, 30, "merged")
    code, lines, error = kudos_central("export", "--url", central.url)
    assert code == 0, error
    j.check(lines)


def test_a_pause_of_the_process_is_no_slow_disk(pair):
    """A machine that is stopped for a moment, or has no processor for the edge, makes no sync slow: who asks meanwhile is not refused for it. Once the
    edge refused a like in its first turn after the pause, since a sync had begun a second ago by the clock."""
    edge, _ = pair
    edge.set({"edge": {"shards": 1}})
    order = SyncOrder(edge)
    edge.start()
    likers = [http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30) for _ in range(2)]

    def ask(liker, user):
        liker.request("POST", "/v1/posts/paused/like", headers={"X-User-Id": user})

    def answer(liker):
        response = liker.getresponse()
        return response.status, response.read()

    for n, liker in enumerate(likers):
        ask(liker, f"first{n}")
        assert answer(liker)[0] == 200
    for n in range(5):
        order.slow(0.3)
        ask(likers[0], f"before{n}")
        wait_until(lambda: sleeping(edge), 20, "a sync that is under way")
        edge.signal(signal.SIGSTOP)
        ask(likers[1], f"meanwhile{n}")
        time.sleep(1.2)  # what a sync may take, and some more
        order.end()
        edge.signal(signal.SIGCONT)
        answers = [answer(liker) for liker in likers]
        assert [a[0] for a in answers] == [200, 200], answers
    assert not edge.events("commit-slow")


def test_a_disk_that_hangs_does_not_keep_a_process_from_ending(pair):
    edge, central = pair
    orders = [SyncOrder(edge), SyncOrder(central)]
    edge.set({"edge": {"drain_timeout": "100ms"}})
    central.set({"central": {"drain_timeout": "100ms"}})
    central.start()
    edge.start()
    orders[1].slow(60)
    assert edge.post("/v1/posts/a/like", user="ann").status == 200
    wait_until(lambda: sleeping(central), 20, "a commit of central that hangs")
    orders[0].slow(60)
    waits = threading.Thread(target=silent_like, args=(edge,), daemon=True)
    waits.start()
    wait_until(lambda: sleeping(edge), 20, "a commit of the edge that hangs")
    wait_until(lambda: '"event":"commit-slow"' in edge.log(), 20, "it says so")
    refused = edge.post("/v1/posts/b/like", user="cid")
    assert (refused.status, refused.problem) == (503, "overloaded"), refused
    edge.signal(signal.SIGTERM)
    central.signal(signal.SIGTERM)
    assert edge.wait(15) == 1 and central.wait(15) == 1
    assert "hangs" in edge.log().splitlines()[-1] and "hangs" in central.log().splitlines()[-1]
    assert central.events("stop-hangs")[0]["part"] == "disk"
    for order in orders:
        order.end()
    central.start()
    edge.start()
    wait_until(lambda: central.get("/v1/posts/a/counts").json["counts"]["like"]["count"] == 1, 20, "merged")


def silent_like(edge):
    with contextlib.suppress(OSError):
        edge.post("/v1/posts/b/like", user="ben")


# ---- a disk that is full, under what an operator does --------------------------------------------------------------------


MEMBERS = 40000


def like_many(edge, users=MEMBERS // 200):
    """Likes of 200 items by so many users."""
    operations = [{"item": f"posts/m{i}", "op": "like"} for i in range(200)]
    for n in range(users):
        answer = edge.post("/v1/likes", user=f"many-{n:05}", body={"operations": operations})
        assert answer.status == 200, answer




def test_backup_to_a_full_disk_is_no_backup(pair, small_disk, tmp_path):  # noqa: F811
    """Central goes on, nothing of it is left, central does not count on it; audits need no room."""
    edge, central = pair
    central.start()
    edge.start()
    like_many(edge)
    until_flushed(edge, 60)
    fill(small_disk, pages=100)
    for where in (("--url", central.url), ("-c", central.config)):
        code, lines, error = kudos_central("backup", small_disk / "saved", *where)
        assert code == 1 and "No space left" in error and str(small_disk) in error and not lines, (code, lines, error)
        assert sorted(os.listdir(small_disk)) == ["ballast"], "nothing that could pass for a backup"
    code, lines, _ = kudos_central("backup", "--list", "--url", central.url)
    assert code == 0 and lines == ["backup backups=0 verdict=listed"]
    assert edge.post("/v1/posts/m0/like", user="ann").status == 200
    until_flushed(edge, 30)
    exact(MEMBERS + 1, "--url", central.url)
    code, lines, error = kudos_central("backup", tmp_path / "saved", "--url", central.url)
    assert code == 0 and "rows=" in lines[-1], (lines, error)
    exact(MEMBERS + 1, "--dir", tmp_path / "saved")
    assert central.stop() == 0
    # Of one that does not run, and by a limit on files instead of a full disk.
    code, lines, error = kudos_central("backup", small_disk / "saved", "--dir", central.data)
    assert code == 1 and "No space left" in error and sorted(os.listdir(small_disk)) == ["ballast"], (code, error)
    for command in (("backup", tmp_path / "limited", "--dir", central.data), ("restore", tmp_path / "saved", "--to", tmp_path / "limited")):
        done = subprocess.run(["prlimit", "--fsize=65536", "--core=0", program("kudos-central"), *map(str, command)], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 1 and "File too large" in done.stderr, (done.returncode, done.stderr)
        assert not os.path.exists(tmp_path / "limited")
    code, _, error = kudos_central("restore", tmp_path / "saved", "--to", small_disk / "data")
    assert code == 1 and "No space left" in error and sorted(os.listdir(small_disk)) == ["ballast"], (code, error)
    exact(MEMBERS + 1, "--dir", central.data)


def test_a_backup_that_fills_the_disk_of_central(pair, small_disk):  # noqa: F811
    """Who comes first stops: the backup, or central as it does when its disk is full. What is left is exact, and no backup."""
    edge, central = pair
    central.data = str(small_disk / "data")
    central.set({"central": {"data_dir": central.data}})
    central.start()
    edge.start()
    like_many(edge, 100)
    until_flushed(edge, 60)
    fill(small_disk, pages=160)
    code, lines, error = kudos_central("backup", small_disk / "saved", "--url", central.url)
    assert code in (1, 4) and not lines and not os.path.exists(small_disk / "saved"), (code, lines, error)
    for n in range(200):
        assert edge.post("/v1/posts/m0/like", user=f"late-{n}").status == 200
    if not central.running() or not wait_flushed(edge, 5):
        assert central.wait() == 1 and "No space left" in central.log()
    os.unlink(small_disk / "ballast")
    if not central.running():
        central.start()
    until_flushed(edge, 30)
    exact(20000 + 200, "--url", central.url)


def wait_flushed(edge, seconds):
    with contextlib.suppress(AssertionError):
        until_flushed(edge, seconds)
        return True
    return False


def test_an_audit_where_no_byte_can_be_written(pair, small_disk):  # noqa: F811
    """Running, it reads; of one that does not run it says that the disk is full, and not that counts are wrong."""
    edge, central = pair
    central.data = str(small_disk / "data")
    central.set({"central": {"data_dir": central.data}})
    central.start()
    edge.start()
    like_many(edge, 20)
    until_flushed(edge, 30)
    assert edge.stop() == 0  # even an edge with nothing to do sends something, which central would have to write
    exact(4000, "--url", central.url)
    fill(small_disk, pages=0)
    exact(4000, "--url", central.url)
    central.kill9()
    code, lines, error = kudos_central("audit", "--dir", central.data)
    assert code == 1 and "No space left" in error and not any("mismatch " in line for line in lines), (code, lines, error)
    os.unlink(small_disk / "ballast")
    exact(4000, "--dir", central.data)


# ---- a topic that takes nothing ------------------------------------------------------------------------------------------


def settled(look_at, seconds=1.0):
    """The value that does not change for so long."""
    value, since = look_at(), time.monotonic()
    while time.monotonic() - since < seconds:
        now = look_at()
        if now != value:
            value, since = now, time.monotonic()
        time.sleep(0.05)
    return value


class WithholdingBroker(Broker):
    """One whose changes topic can be made to take nothing, as when its brokers are away."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.options += ["--withhold", "kudos.changes.v1"]

    def withhold(self):
        self.signal(signal.SIGUSR1)

    def give_back(self):
        self.signal(signal.SIGUSR2)


def test_a_changes_topic_that_takes_nothing_has_a_bound(tmp_path):
    """Counts go on until so much waits; then reading waits, with an alarm before; all of it goes on by itself."""
    most = 256 << 10
    more = {"central": {**SNAPSHOTS["central"], "unpublished_max": f"{most}B", "commit_ops": 200}}
    with WithholdingBroker(tmp_path, PARTITIONS) as broker, Central(tmp_path, broker.address, partitions=PARTITIONS, more=more) as central, \
            Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url, more=QUICK) as edge:
        like_many(edge, 1)
        exact(200, "--url", central.url)
        wait_until(lambda: central.metric("kudos_central_unpublished_bytes") == 0, 20, "changes delivered")
        broker.withhold()
        like_many(edge, 10)
        exact(2000, "--url", central.url)
        wait_until(lambda: central.metric("kudos_central_unpublished_bytes") > 10000, 20, "changes that wait")
        like_many(edge, 200)
        wait_until(lambda: central.events("reading-waits"), 30, "as much as may wait")
        assert central.log().index('"event":"alarm-unpublished"') < central.log().index('"event":"reading-waits"')
        assert central.metric('kudos_central_alarms_total{reason="unpublished"}') in range(1, PARTITIONS + 1)
        merged = settled(lambda: central.metric("kudos_central_operations_total"), seconds=3)
        assert merged < 200 * 200 and central.metric("kudos_central_pauses_total") > 0
        sent = edge.metric("kudos_edge_batches_sent_total")
        like_many(edge, 20)
        wait_until(lambda: edge.metric("kudos_edge_batches_sent_total") > sent + 4, 20, "sent to Kafka")
        assert settled(lambda: central.metric("kudos_central_operations_total")) == merged, "nothing more is merged"
        # Beyond it what was gathered before it was noticed.
        assert central.metric("kudos_central_unpublished_bytes") < 2 * most, central.metric("kudos_central_unpublished_bytes")
        assert outbox_batches(edge) > 0 and central.get("/v1/posts/m0/counts").status == 200
        broker.give_back()
        until_flushed(edge, 60)
        exact(200 * 200, "--url", central.url)
        wait_until(lambda: central.metric("kudos_central_unpublished_bytes") == 0, 30, "changes delivered")


def test_a_start_does_not_wait_for_a_topic_without_leaders(tmp_path):
    """Central and an edge that are started while nothing can be written to the changes topic, as when its brokers are away: likes are merged."""
    with WithholdingBroker(tmp_path, PARTITIONS) as broker:
        broker.withhold()
        with Central(tmp_path, broker.address, partitions=PARTITIONS, more=SNAPSHOTS) as central, \
                Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url, more=QUICK) as edge:
            like_many(edge, 1)
            exact(200, "--url", central.url)
            wait_until(lambda: central.metric("kudos_central_unpublished_bytes") > 0, 20, "changes that wait")
            broker.give_back()
            wait_until(lambda: central.metric("kudos_central_unpublished_bytes") == 0, 30, "changes delivered")


# ---- questions and reads in work -----------------------------------------------------------------------------------------


def test_more_questions_than_may_be_under_way_are_answered_with_what_is_known(pair):
    """central.asks_max: a read of an item that is not known here waits for central's answer; one too many does not wait, and says so."""
    edge, central = pair
    edge.set({"edge": {"shards": 1}, "central": {"asks_max": 1, "read_deadline": "8s"}})
    central.start()
    edge.start()
    wait_until(lambda: edge.metric("kudos_edge_central_up") == 1, 20, "central reached")
    central.signal(signal.SIGSTOP)
    answers = []
    waits = threading.Thread(target=lambda: answers.append(edge.get("/v1/posts/cold-1/counts", timeout=30)), daemon=True)
    waits.start()
    wait_until(lambda: edge.metric("kudos_edge_asks_total") == 1, 20, "a question under way")
    began = time.monotonic()
    other = edge.get("/v1/posts/cold-2/counts")
    assert (other.status, other.json["as_of"], other.json["source"]) == (200, None, "edge") and time.monotonic() - began < 4, other
    assert not answers
    central.signal(signal.SIGCONT)
    waits.join(30)
    assert answers[0].status == 200 and answers[0].json["source"] == "central", answers


def test_more_reads_than_central_does_at_once_are_refused(pair):
    """central.reads_max: 503 overloaded with Retry-After; those within it are answered."""
    _, central = pair
    central.set({"central": {"reads_max": 16}})
    central.start()
    done = subprocess.run([program("kudos-sim"), "load", "--edge", central.url, "--path", "/v1/posts/{item}/counts", "--seconds", "1",
                           "--connections", "16", "--streams", "64"], capture_output=True, text=True, timeout=60)
    said = fields_of(done.stdout)
    assert {part.split(":")[0] for part in said["answers"].split(",")} == {"200", "503"}, done.stdout
    assert central.metric("kudos_central_http_shed_total") > 0
    assert central.get("/v1/posts/1/counts").status == 200, "and afterwards as before"
