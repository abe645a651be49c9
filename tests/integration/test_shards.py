"""kudos-edge shards: another number of shards for an edge with all that it holds, also when it is killed in the middle."""
import contextlib
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest

from proc import SLOWER, Broker, Central, Edge, fields_of, program, wait_until

PARTITIONS = 5
WAIT_S = 30 * SLOWER
ITEMS = [f"posts/{n}" for n in range(12)]
QUICK = {"edge": {"flush_interval": "100ms", "resend_min": "500ms", "idle_interval_max": "1s"}, "store": {"fresh_rows": 4}}
NOWHERE = "127.0.0.1:9"
LONG = os.environ.get("KUDOS_LONG") == "1"
STRIDE = 1 if LONG else 17


def shards(edge, to, *more, code=0, env=None):
    """The last line's fields, and all that was said."""
    done = subprocess.run([program("kudos-edge"), "shards", "--dir", edge.data, "--to", str(to), *more], capture_output=True, text=True, timeout=60, env=env,
                          check=False)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    lines = done.stdout.splitlines()
    return fields_of(lines[-1]) if lines and lines[-1].startswith("shards ") else {}, said


def start_alone(edge):
    """Without Kafka and central it serves, though it is not ready."""
    def serves():
        try:
            return edge.admin("/healthz").status == 200
        except OSError:
            return False

    edge.start(wait=False)
    wait_until(serves, WAIT_S, "it serves")


def kinds(edge):
    """How many shards are stored; rows and bytes of each kind, as a dry run tells them. No test has four shards."""
    last, said = shards(edge, 4, "--dry-run")
    return int(last["from"]), re.findall(r"^rows kind=(\w+) rows=(\d+) bytes=(\d+)$", said, re.M)


def like(edge, item, user, key=None):
    answer = edge.post(f"/v1/{item}/like", user=user, headers={"Idempotency-Key": key} if key else {})
    assert answer.status == 200, answer
    return answer.json


def view(edge, item):
    assert edge.post(f"/v1/{item}/view", user="u0").status == 200


def shown(edge):
    answer = edge.post("/v1/counts", user="u0", body={"items": ITEMS, "me": True}).json["items"]
    return [(x["counts"]["like"]["count"], x["counts"]["like"]["pending"], x["liked"]) for x in answer]


@contextlib.contextmanager
def filled(directory):
    """A broker, a central and an edge of one shard that was told of some likes by central, stopped with others in its outbox."""
    with Broker(directory, PARTITIONS) as broker, Central(directory, broker.address, partitions=PARTITIONS,
                                                          more={"central": {"snapshot_interval": "100ms"}}) as central:
        edge = Edge(directory, broker.address, shards=1, partitions=PARTITIONS, central=central.url, more=QUICK)
        with edge:
            for item in ITEMS:
                like(edge, item, "u0", key=f"merged-{item}")
                view(edge, item)
            wait_until(lambda: shown(edge) == [(1, 0, True)] * len(ITEMS), WAIT_S, "merged")
            assert edge.stop() == 0
            edge.set({"kafka": {"brokers": NOWHERE}, "central": {"url": f"http://{NOWHERE}"}})
            start_alone(edge)
            for item in ITEMS:
                like(edge, item, "u1", key=f"pending-{item}")
                like(edge, item, "u2")
                view(edge, item)
            edge.delete(f"/v1/{ITEMS[0]}/like", user="u2")
            edge.kill9()
            yield broker, central, edge


@pytest.fixture
def stack(tmp_path):
    with filled(tmp_path) as (broker, central, edge):
        yield broker, central, edge


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    with filled(tmp_path_factory.mktemp("saved")) as (_, _, edge):
        yield edge.data


@pytest.fixture
def stopped(saved, tmp_path):
    """An edge with the data of another one, cut off from Kafka and central."""
    edge = Edge(tmp_path, NOWHERE, shards=1, partitions=PARTITIONS, central=f"http://{NOWHERE}", more=QUICK)
    shutil.copytree(saved, edge.data)
    yield edge
    edge.kill9()


def reconnect(broker, central, edge):
    edge.set({"kafka": {"brokers": broker.address}, "central": {"url": central.url}})
    edge.start()


def check_all(central, edge):
    """Counts are exact here and at central, nothing came twice, and old keys are answered as they were."""
    want = [2] + [3] * (len(ITEMS) - 1)
    wait_until(lambda: shown(edge) == [(n, 0, True) for n in want], WAIT_S, "exact at the edge")
    counts = lambda: [central.get(f"/v1/{i}/counts").json["counts"] for i in ITEMS]
    wait_until(lambda: sum(c["view"]["count"] for c in counts()) >= 2 * len(ITEMS), WAIT_S, "the last batches, of views")
    assert [c["like"]["count"] for c in counts()] == want
    assert [c["view"]["count"] for c in counts()] == [2] * len(ITEMS), "a sum that came under another position would count twice"
    for item in ITEMS:
        for who, name in (("u0", "merged"), ("u1", "pending")):
            answer = like(edge, item, who, key=f"{name}-{item}")
            assert (answer["liked"], answer["changed"]) == (True, True), "the first answer, not that of a second like"
    wait_until(lambda: edge.metric("kudos_edge_operations_retried_total") == 2 * len(ITEMS), WAIT_S, "retries")
    assert edge.metric('kudos_edge_operations_total{op="like"}') == 0
    assert edge.get(f"/v1/{ITEMS[0]}/like", user="u2").json["liked"] is False
    assert edge.metric("kudos_edge_identity_alarms_total") == 0
    audit = subprocess.run([program("kudos-central"), "audit", "--url", central.url], capture_output=True, text=True, timeout=60, check=True)
    assert fields_of(audit.stdout.splitlines()[-1])["verdict"] == "exact"


# ---- the whole way ----


def test_an_edge_with_a_full_outbox_changes_its_shards_twice_and_loses_nothing(stack):
    broker, central, edge = stack
    before = kinds(edge)[1]
    assert dict((k, int(n)) for k, n, _ in before)["journal"] > len(ITEMS)
    assert shards(edge, 3)[0]["verdict"] == "changed"
    assert kinds(edge) == (3, before)
    assert shards(edge, 2)[0]["verdict"] == "changed"
    assert kinds(edge) == (2, before)
    assert sorted(d for d in os.listdir(edge.data) if d.startswith("shard")) == ["shard-0", "shard-1"]
    edge.set({"edge": {"shards": 2}})
    reconnect(broker, central, edge)
    check_all(central, edge)


def test_between_two_changes_it_works_as_any_other(stack):
    broker, central, edge = stack
    start_alone(edge)
    before = shown(edge)
    edge.kill9()
    for to in (3, 2, 5, 1) if LONG else (3, 1):
        shards(edge, to)
        edge.set({"edge": {"shards": 0}})  # as stored
        start_alone(edge)
        assert edge.events("edge-started")[-1]["shards"] == to
        assert shown(edge) == before
        like(edge, ITEMS[1], "u1", key=f"pending-{ITEMS[1]}")
        wait_until(lambda: edge.metric("kudos_edge_operations_retried_total") == 1, WAIT_S, "a retry")
        edge.kill9()
    reconnect(broker, central, edge)
    check_all(central, edge)


# ---- what it says ----


def test_a_start_with_another_number_says_what_is_stored_and_names_the_command(stopped):
    edge = stopped
    edge.set({"edge": {"shards": 3}})
    edge.start(wait=False)
    assert edge.wait() == 2
    said = edge.log().splitlines()[-1]
    assert "made with edge.shards = 1, the configuration says 3" in said
    assert f"kudos-edge shards --dir {edge.data} --to 3" in said
    shards(edge, 3)
    start_alone(edge)


def test_a_dry_run_tells_what_would_move_and_changes_nothing(stopped):
    edge = stopped
    last, said = shards(edge, 4, "--dry-run")
    assert (last["from"], last["to"], last["partitions"], last["verdict"]) == ("1", "4", str(PARTITIONS), "planned")
    rows = {k: int(n) for k, n, _ in re.findall(r"^rows kind=(\w+) rows=(\d+) bytes=(\d+)$", said, re.M)}
    assert rows["keys"] == 2 * len(ITEMS) and rows["members"] > 0 and sum(rows.values()) == int(last["rows"])
    assert re.search(r"^disk needed=\d+ free=\d+$", said, re.M)
    assert kinds(edge)[0] == 1 and not [d for d in os.listdir(edge.data) if d.startswith("shards")]
    assert shards(edge, 1)[0]["verdict"] == "unchanged"


def test_what_cannot_be_changed_is_refused_by_name(stopped, tmp_path):
    edge = stopped
    assert "more than the 5 partitions" in shards(edge, 6, code=2)[1]
    for wrong in (0, 65, "two"):
        shards(edge, wrong, code=2)
    os.mkdir(os.path.join(edge.data, "shard-3"))
    assert "shard-3 is there, and shard-0 is one of 1: move it away" in shards(edge, 2, code=2)[1]
    os.rmdir(os.path.join(edge.data, "shard-3"))
    assert "No such file" in shards(Edge(tmp_path, NOWHERE, name="none"), 2, code=2)[1]
    start_alone(edge)
    assert "in use by another process" in shards(edge, 2, code=4)[1]
    edge.kill9()
    assert kinds(edge)[0] == 1


def test_a_row_that_cannot_be_read_ends_it_and_the_old_stores_stand(stopped):
    edge = stopped
    shards(edge, 2)
    store = os.path.join(edge.data, "shard-1")
    table = max((os.path.join(store, f) for f in os.listdir(store) if f.endswith(".ldb")), key=os.path.getsize)
    with open(table, "rb") as f:
        good = f.read()
    with open(table, "wb") as f:
        f.write(bytes(b ^ 1 if n % 300 == 50 else b for n, b in enumerate(good)))
    said = shards(edge, 3, code=1)[1]
    assert "shard-1" in said and not [d for d in os.listdir(edge.data) if d.startswith("shards")], said
    with open(table, "wb") as f:
        f.write(good)
    assert shards(edge, 3)[0]["verdict"] == "changed"


def test_a_disk_that_is_full_leaves_the_old_stores(stopped):
    """Files may not grow: the new stores cannot be written."""
    edge = stopped
    kinds(edge)  # an open of LevelDB writes files by itself; what it has to write is written now
    command = [program("kudos-edge"), "shards", "--dir", edge.data, "--to", "3"]
    before = kinds(edge)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))))
    assert done.returncode == 1, done.stdout + done.stderr
    assert kinds(edge) == before and not [d for d in os.listdir(edge.data) if d.startswith("shards")]


# ---- killed in the middle ----

# Counts what the process does to names and to stable storage, and kills it before that of a number.
STEPS = r"""
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/stat.h>
#define STEP(name, type, list, call)                                   \
    int name list                                                      \
    {                                                                  \
        static int(*next) list;                                        \
        if (!next) next = (type)dlsym(RTLD_NEXT, #name);               \
        if (__sync_add_and_fetch(&steps, 1) == atoi(getenv("KILL_BEFORE"))) raise(SIGKILL); \
        return next call;                                              \
    }
static int steps;
STEP(rename, int (*)(const char *, const char *), (const char *a, const char *b), (a, b))
STEP(mkdir, int (*)(const char *, mode_t), (const char *a, mode_t m), (a, m))
STEP(rmdir, int (*)(const char *), (const char *a), (a))
STEP(unlink, int (*)(const char *), (const char *a), (a))
STEP(fsync, int (*)(int), (int fd), (fd))
STEP(fdatasync, int (*)(int), (int fd), (fd))
"""


@pytest.fixture
def steps(tmp_path):
    """Of a library to preload, the environment."""
    source, library = tmp_path / "steps.c", tmp_path / "steps.so"
    source.write_text(STEPS)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True)
    return dict(os.environ, LD_PRELOAD=str(library), ASAN_OPTIONS="verify_asan_link_order=0")


def refused_start(edge):
    edge.start(wait=False)
    assert edge.wait() == 2
    return edge.log().splitlines()[-1]


def test_killed_at_any_step_it_leaves_the_old_stores_or_the_new_and_goes_on(stack, steps, tmp_path):
    """At each step that reaches names or the disk, in short at one of seventeen. Before the decision a start finds the old stores; behind it, it is refused until the command has ended."""
    broker, central, edge = stack
    shards(edge, 3)
    want, saved = kinds(edge)[1], tmp_path / "saved"
    shutil.copytree(edge.data, saved)
    old = new = 0
    for n in range(1, 1000, STRIDE):
        shutil.rmtree(edge.data)
        shutil.copytree(saved, edge.data)
        done = subprocess.run([program("kudos-edge"), "shards", "--dir", edge.data, "--to", "2"], capture_output=True, text=True, timeout=60,
                              env=steps | {"KILL_BEFORE": str(n)}, check=False)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        if "shards.to-2" in os.listdir(edge.data):
            new += 1
            if new % 8 == 1 or STRIDE > 1:
                assert f"kudos-edge shards --dir {edge.data} --to 2 ends it" in refused_start(edge)
            assert shards(edge, 4, "--dry-run")[0]["verdict"] == "unfinished"
            assert shards(edge, 2)[0]["verdict"] == "unchanged"
        elif "shard-2" not in os.listdir(edge.data):  # all is done, the last sync was not
            new += 1
        else:
            old += 1
            if old % 5 and STRIDE == 1:
                continue
            assert kinds(edge) == (3, want), f"step {n}"
            assert shards(edge, 2)[0]["verdict"] == "changed"
        assert kinds(edge) == (2, want), f"step {n}"
        assert sorted(d for d in os.listdir(edge.data) if d.startswith("shard")) == ["shard-0", "shard-1"]
    assert old > 30 // STRIDE and new > 10 // STRIDE, (old, new)
    edge.set({"edge": {"shards": 2}})
    reconnect(broker, central, edge)
    check_all(central, edge)


def test_two_at_once_do_not_meet(stopped, steps):
    """The second one is refused while the first one is stopped in the middle."""
    edge = stopped
    source = STEPS.replace("SIGKILL", "SIGSTOP")
    library = os.path.join(os.path.dirname(edge.data), "stop.so")
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-xc", "-", "-o", library, "-ldl"], input=source, text=True, check=True)
    first = subprocess.Popen([program("kudos-edge"), "shards", "--dir", edge.data, "--to", "2"], env=steps | {"LD_PRELOAD": library, "KILL_BEFORE": "15"})
    try:
        assert os.waitid(os.P_PID, first.pid, os.WSTOPPED).si_status == signal.SIGSTOP
        assert "another kudos-edge shards" in shards(edge, 2, code=4)[1]
        edge.start(wait=False)
        assert edge.wait() == 4
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(60) == 0 and kinds(edge)[0] == 2
