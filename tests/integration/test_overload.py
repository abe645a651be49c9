"""An edge under overload gives things up in order, and likes last: what it answers at each level, and what it says of itself.

Work is made to wait by a disk whose syncs take long, which leads to level 3 at most, and by stopping the process again and again, so that its threads
come late to their work.
"""
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import threading

import pytest

from edge_journal import Journal
from proc import SLOWER, Broker, Central, SyncOrder, edges, program, request, wait_until

PARTITIONS = 4
QUICK = {"edge": {"flush_interval": "100ms", "idle_interval_max": "1s"}, "central": {"read_deadline": "5s"},
         "store": {"fresh_rows": 0}}  # rows go to the disk with their operations
REACH_S = 60 * SLOWER
# Beyond level 1 an answer that waits is older than one sync, and younger than two.
BY_DISK = {"level_1": "60ms", "level_2": "220ms", "level_3": "500ms", "level_4": "30s", "enter_after": "300ms", "leave_after": "500ms"}
SYNC_S = {1: 0.12, 2: 0.32, 3: 0.65}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture
def central(broker, tmp_path):
    with Central(tmp_path, broker.address, partitions=PARTITIONS, more={"central": {"snapshot_interval": "100ms"}}) as c:
        yield c


@pytest.fixture
def fresh(broker, tmp_path):
    with edges(tmp_path, broker) as make:
        yield make


def level_of(edge):
    return int(edge.metric("kudos_edge_overload_level"))


def steps(edge):
    """All steps so far. The last one leads to level 0: what leads away from it for a moment on a busy machine has ended."""
    def told():
        taken = [(line["before"], line["level"]) for line in edge.events("overload-level")]
        return taken if taken[-1] == (1, 0) else None

    return wait_until(told, REACH_S, "the last step leads to level 0")


class SlowDisk:
    """Syncs that take as long as a level wants."""

    def __init__(self, edge):
        self.edge, self.order = edge, SyncOrder(edge)

    def leads_to(self, level):
        now = level_of(self.edge)
        self.order.slow(SYNC_S[level] if now <= level else 0)
        return now == level

    def at(self, level, ask):
        """The first answer that is given at this level. A like may be refused meanwhile, where a busy machine makes a second of its sync. What an answer
        says of the level is that of its end: so the level has to be reached before the question comes."""
        def at_level(answer):
            return answer.headers.get("kudos-level") == str(level)

        def answer():
            if not self.leads_to(level) or not at_level(self.edge.get("/v1/posts/warm/count")):
                return None
            got = ask()
            return got if at_level(got) and got.status != 503 else None

        return wait_until(answer, REACH_S, f"an answer at level {level}")


COLD = (f"posts/cold-{n}" for n in itertools.count())


def cold_counts(edge):
    """Of an item that this edge knows nothing of."""
    return edge.get(f"/v1/{next(COLD)}/counts")


def told(answer):
    assert answer.status == 200, answer
    return answer.json["counts"]["like"]["count"], answer.json["source"]


def liked(answer):
    assert answer.status == 200, answer
    return answer.json["liked"], answer.json["source"]


def check_detail(disk, edge, level):
    """What the levels from 1 on give up: central is not asked who likes what. Counts are there."""
    assert liked(disk.at(level, lambda: edge.get("/v1/posts/warm/like", user="bob"))) == (None, "edge")
    assert told(disk.at(level, lambda: edge.get("/v1/posts/warm/counts"))) == (1, "edge")
    feed = disk.at(level, lambda: edge.post("/v1/counts", user="bob", body={"items": ["posts/warm"], "me": True}))
    assert [(i["liked"], i["counts"]["like"]["count"]) for i in feed.json["items"]] == [(None, 1)]
    lookup = disk.at(level, lambda: edge.post("/v1/likes/lookup", user="bob", body={"items": ["posts/warm"]}))
    assert [i["liked"] for i in lookup.json["items"]] == [None]


def check_display(disk, edge, level):
    display = disk.at(level, lambda: edge.get("/v1/posts/warm/display"))
    assert display.json["display"]["like"] == "1"
    age = 10 if level >= 2 else 1
    assert display.headers["cache-control"] == f"public, max-age={age}, stale-while-revalidate=5, stale-if-error=60"


def check_memory(disk, edge, level):
    """From level 3 on neither central nor the disk is asked, also not for what a like shows."""
    memory = level >= 3
    assert told(disk.at(level, lambda: cold_counts(edge))) == ((None, "edge") if memory else (0, "central"))
    assert liked(disk.at(level, lambda: edge.get("/v1/posts/warm/like", user="ann"))) == (None if memory else True, "edge")
    like = disk.at(level, lambda: edge.post(f"/v1/{next(COLD)}/like", user="ann"))
    assert (like.status, like.json["liked"], like.json["changed"], like.json["pending"]) == (200, True, True, 1)
    assert (like.json["count"], like.json["source"]) == ((None, "edge") if memory else (1, "central"))


def check_told(disk, edge, level):
    """Errors tell the level, too: those of a handler, and those of the server, which no handler sees."""
    assert disk.at(level, lambda: edge.get("/v1/nowhere/1/counts")).problem == "unknown-collection"
    many = {f"x-{n}": "1" for n in range(70)}
    assert disk.at(level, lambda: edge.get("/v1/posts/warm/counts", headers=many)).status == 431
    assert edge.metric(f'kudos_edge_overload_seconds_total{{level="{level}"}}') > 0
    ready = request(edge.admin_port, "GET", "/readyz")
    assert ready.status == 200 and b"overload" not in ready.body


def test_a_slow_disk_leads_to_reads_from_memory_step_by_step_and_no_like_is_lost(fresh, central):
    edge = fresh(central=central.url, more={**QUICK, "overload": BY_DISK})
    disk = SlowDisk(edge)
    edge.start()
    assert edge.post("/v1/posts/warm/like", user="ann").status == 200
    merged = {"count": 1, "display": "1", "pending": 0}
    wait_until(lambda: edge.get("/v1/posts/warm/counts").json["counts"]["like"] == merged, 30, "merged")
    assert liked(edge.get("/v1/posts/warm/like", user="bob")) == (False, "central")
    assert told(cold_counts(edge)) == (0, "central")
    assert "kudos-level" not in edge.get("/v1/posts/warm/counts").headers
    with Journal(edge, threads=24, pause_s=0.05) as journal:
        for level in (1, 2, 3):
            check_detail(disk, edge, level)
            check_display(disk, edge, level)
            check_memory(disk, edge, level)
            check_told(disk, edge, level)
            before = journal.statuses[200]
            wait_until(lambda n=before: journal.statuses[200] > n + 30, REACH_S, f"likes at level {level}")
        disk.order.end()
        wait_until(lambda: level_of(edge) == 0, REACH_S, "all is given again")
    wait_until(lambda: "kudos-level" not in edge.get("/v1/posts/warm/counts").headers, 30, "no level is told")
    # A busy machine may bring level 1 back for a moment, or make central late for one question: what is given up once is asked again.
    wait_until(lambda: liked(edge.get("/v1/posts/warm/like", user="bob")) == (False, "central"), REACH_S, "central is asked again")
    wait_until(lambda: liked(edge.get("/v1/posts/warm/like", user="ann")) == (True, "edge"), REACH_S, "the disk is asked again")
    assert journal.problems.keys() <= {"overloaded"}, journal.problems  # on a busy machine a sync may take its second
    taken = steps(edge)
    assert all(abs(level - before) == 1 for before, level in taken), taken
    assert [before for before, _ in taken[1:]] == [level for _, level in taken[:-1]], taken
    assert {(0, 1), (1, 2), (2, 3), (3, 2), (2, 1)} <= set(taken), taken
    wait_until(lambda: not any(p["outbox_batches"] > 1 for p in edge.admin("/debug/partitions").json["partitions"]), 30, "sent")
    wait_until(lambda: edge.admin("/debug/partitions").json["outbox_op_bytes"] == 0, 30, "merged")
    done = subprocess.run([program("kudos-central"), "export", "--url", central.url], capture_output=True, text=True, timeout=60, check=True)
    assert journal.check(done.stdout.splitlines())[0] > 100


class Stops:
    """Stops a process for a while, again and again, so that whatever comes to it waits. It runs in between."""

    def __init__(self, process):
        self.process, self.stopping = process, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.wait(0.03):
            self.process.signal(signal.SIGSTOP)
            self.stopping.wait(0.3)
            self.process.signal(signal.SIGCONT)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


def answer_before_body(edge, path):
    """What a POST is answered whose body does not come; empty where nothing is."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=2) as s, contextlib.suppress(TimeoutError):
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n".encode())
        return s.recv(4096)
    return b""


def test_threads_that_come_late_lead_to_refused_reads_and_likes_go_on(fresh):
    edge = fresh(more={"overload": {"level_1": "40ms", "level_2": "60ms", "level_3": "80ms", "level_4": "100ms", "enter_after": "200ms",
                                    "leave_after": "200ms"}}).start()
    assert edge.post("/v1/posts/1/like", user="ann").status == 200
    users, liked_by = itertools.count(), ["ann"]

    def like():
        user = f"u{next(users)}"
        got = edge.post("/v1/posts/1/like", user=user)
        liked_by.extend([user] * (got.status == 200))
        return got

    def at_four(ask):
        def answer():
            got = ask()
            return got if got.headers.get("kudos-level") == "4" else None
        return wait_until(answer, REACH_S, "an answer at level 4")

    with Stops(edge):
        body = {"items": ["posts/1"]}
        for refused in (at_four(lambda: edge.get("/v1/posts/1/counts")), at_four(lambda: edge.get("/v1/posts/1/display")),
                        at_four(lambda: edge.get("/v1/counts?items=posts/1")), at_four(lambda: edge.post("/v1/counts", body=body)),
                        at_four(lambda: edge.get("/v1/posts/1/like", user="ann")),
                        at_four(lambda: edge.post("/v1/likes/lookup", user="ann", body=body))):
            assert (refused.status, refused.problem) == (503, "overloaded"), refused
            assert refused.headers["retry-after"] == "1" and refused.json["retry_after_s"] == 1
        early = wait_until(lambda: a if (a := answer_before_body(edge, "/v1/counts")).startswith(b"HTTP/1.1 503") else None, REACH_S, "no body is held")
        assert b"kudos-level: 4" in early, early
        for _ in range(5):
            taken = at_four(like)
            assert taken.status == 200, taken
        batch = at_four(lambda: edge.post("/v1/likes", user="ann", body={"operations": [{"item": "posts/2", "op": "like"}]}))
        assert batch.status == 200, batch
        assert edge.metric("kudos_edge_requests_overloaded_total") >= 6

        def says_so():
            ready = request(edge.admin_port, "GET", "/readyz")
            assert ready.status == 200, ready
            return b"reads are refused: overloaded" in ready.body

        wait_until(says_so, REACH_S, "/readyz says that reads are refused")
    wait_until(lambda: level_of(edge) == 0, REACH_S, "all is given again")
    wait_until(lambda: "kudos-level" not in edge.get("/v1/posts/1/counts").headers, 30, "no level is told")

    def pending():
        """As far as reads are answered: on a busy machine a level comes back for a moment."""
        got = edge.get("/v1/posts/1/counts")
        return got.status == 200 and got.json["counts"]["like"]["pending"]

    assert wait_until(pending, REACH_S, "an answer") == len(liked_by)
    taken = steps(edge)
    assert taken[:4] == [(0, 1), (1, 2), (2, 3), (3, 4)], taken
    assert all(line["loop_ms"] >= 40 for line in edge.events("overload-level") if line["level"] > line["before"])


def test_reads_leave_room_for_likes(fresh, central):
    """Of eight in work reads have six, also while nothing is wrong with the edge but that central does not answer."""
    edge = fresh(shards=1, central=central.url, more={**QUICK, "edge": {"in_flight_max": 8}, "central": {"read_deadline": "10s"}}).start()
    wait_until(lambda: told(cold_counts(edge)) == (0, "central"), 30, "central is asked")
    answers, lock = [], threading.Lock()

    def keep(ask):
        answer = ask()
        with lock:
            answers.append(answer)

    central.signal(signal.SIGSTOP)
    reads = [threading.Thread(target=keep, args=(lambda: cold_counts(edge),)) for _ in range(6)]
    like = threading.Thread(target=keep, args=(lambda: edge.post(f"/v1/{next(COLD)}/like", user="ann"),))
    try:
        for read in reads:
            read.start()
        wait_until(lambda: edge.metric("kudos_edge_in_flight") == 6, 20, "reads wait for central")
        refused = cold_counts(edge)
        assert (refused.status, refused.problem) == (503, "overloaded") and refused.headers["retry-after"] == "1"
        assert len(answers) == 0
        like.start()
        wait_until(lambda: edge.metric("kudos_edge_in_flight") == 7, 20, "a like is admitted")
    finally:
        os.kill(central.popen.pid, signal.SIGCONT)
        for thread in (*reads, like):
            if thread.ident:
                thread.join()
    assert [a.status for a in answers] == [200] * 7, answers
