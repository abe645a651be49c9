"""The whole system: three edges, a central and a log between them, on the embedded broker and on a real Kafka.

What is demanded is always the same: every edge and central agree with an answer that was computed without them. Each wait
has a condition and a deadline; kills come at a point of the run that a counter tells. KUDOS_LONG=1 adds longer runs.
"""
import json
import os
import random
import signal
import subprocess

import pytest

import kafka
from cluster import PARTITIONS, Cluster, Replay
from proc import Central, Edge, program, wait_until
from votes import LOG, PAIRS, head_of_the_log
from whole import DRIFT_BOUND_MS, SLOW_FLUSH, OnKafka, drift_bound, faked, ok, one_user_says
from whole import broker, cluster, real  # noqa: F401 (fixtures)

LONG = os.environ.get("KUDOS_LONG") == "1"
EVENTS = 60000  # of the real log, in short; it has four times as many
MANY = 1000 if LONG else 250
STREAMS = 48 if LONG else 24
LIKE = 1


@pytest.fixture(params=["embedded", "real"])
def anywhere(request, tmp_path):
    """A cluster that is not started yet, on either broker."""
    if request.param == "real":
        c = OnKafka(tmp_path, request.getfixturevalue("real"))
    else:
        c = Cluster(tmp_path, request.getfixturevalue("broker").address)
    yield c
    c.kill()


# ---- the real log ----------------------------------------------------------------------------------------------------


def real_log(directory):
    """(log, its pairs)"""
    return (LOG, PAIRS) if LONG else head_of_the_log(directory, EVENTS)


def exact_and_exported(c, directory, spread):
    log, pairs = real_log(directory)
    with c, Replay(c, log, spread) as replay:
        replay.exact(pairs)
        assert len(c.export("--url", c.central.url)) == pairs
        c.stop()


@pytest.mark.parametrize("spread", ["sticky", "random"] if LONG else ["random"])
def test_the_real_log_is_exact(tmp_path, real, spread):
    exact_and_exported(OnKafka(tmp_path, real), tmp_path, spread)


@pytest.mark.parametrize("spread", ["sticky", "random"] if LONG else ["sticky"])
def test_the_real_log_is_exact_on_the_embedded_broker(tmp_path, broker, spread):
    exact_and_exported(Cluster(tmp_path, broker.address), tmp_path, spread)


@pytest.mark.parametrize("spread", ["random", "user"])
def test_lost_answers_are_asked_for_again(cluster, spread, tmp_path):
    pairs = small_log(tmp_path / "log.tsv", events=8000, seed=7)
    with Replay(cluster, tmp_path / "log.tsv", spread, lost=0.2) as replay:
        replay.exact(len(pairs))
        assert replay.retries() > 1000


# ---- kills and restarts in the middle of it ---------------------------------------------------------------------------


def kill_edge(c, real, replay, at):
    victim = c.edges[1]
    c.wait_taken(at, victim)
    assert replay.running()
    victim.kill9()
    victim.start()


def kill_central(c, real, replay, at):
    wait_until(lambda: c.central.metric("kudos_central_operations_total") >= at, 60, "operations merged")
    assert replay.running()
    c.central.kill9()
    others = c.edges[:1] + c.edges[2:]
    before = {e.name: c.taken(e) for e in others}
    wait_until(lambda: all(c.taken(e) > before[e.name] for e in others), 30, "likes without central")
    c.central.start()


def kill_broker(c, real, replay, at):
    c.wait_taken(at, c.edges[0])
    assert replay.running()
    real.kill(1)
    try:
        before = c.taken(c.edges[0])
        wait_until(lambda: c.taken(c.edges[0]) > before, 30, "likes without Kafka")
    finally:
        real.start(1)
        real.wait_ready()


@pytest.mark.parametrize("spread", ["sticky", "random"] if LONG else ["random"])
def test_killed_in_the_middle_it_is_still_exact(tmp_path, real, spread):
    log, pairs = real_log(tmp_path)
    with OnKafka(tmp_path, real) as c, Replay(c, log, spread, connections=1, streams=STREAMS) as replay:
        for at, kill in ((3, kill_central), (8, kill_edge), (20, kill_broker)):
            kill(c, real, replay, at * MANY)
        replay.exact(pairs)
        assert replay.retries() > 0, "nobody noticed the kill of an edge"
        assert len(c.export("--url", c.central.url)) == pairs
        for edge in c.edges:
            assert edge.metric("kudos_edge_identity_alarms_total") == 0
        assert c.central.metric("kudos_central_alarms_total") == 0


def test_a_rolling_restart_refuses_nobody(tmp_path, real):
    log, pairs = real_log(tmp_path)
    with OnKafka(tmp_path, real) as c, Replay(c, log, "random", connections=1, streams=STREAMS) as replay:
        for i, edge in enumerate(c.edges):
            c.wait_taken(8 * MANY if i == 0 else 3 * MANY, edge)
            assert replay.running()
            assert edge.stop() == 0
            edge.start()
        c.wait_taken(3 * MANY)
        assert replay.running(), "the last restart came after the end"
        replay.exact(pairs)
        for edge in c.edges:
            assert edge.metric("kudos_edge_requests_overloaded_total") == 0
            assert edge.metric("kudos_edge_commit_expired_total") == 0


def test_the_likes_topic_deleted_before_central_has_read_it(tmp_path, real):
    """Kafka's acknowledgement is worth nothing then: only the outboxes still hold the likes."""
    log, pairs = real_log(tmp_path)
    with OnKafka(tmp_path, real) as c, Replay(c, log, "random", connections=1, streams=STREAMS) as replay:
        c.wait_taken(2 * MANY)
        c.central.kill9()
        sent = {e.name: e.metric("kudos_edge_batches_sent_total") for e in c.edges}
        wait_until(lambda: all(e.metric("kudos_edge_batches_sent_total") > sent[e.name] + 2 * PARTITIONS for e in c.edges), 30,
                   "batches without central")
        assert replay.running()
        real.delete_topics(c.topics["likes"])
        kafka.until(lambda: c.topics["likes"] not in real.metadata().topics, 20, "the topic is still there")
        c.central.start()  # makes the topic anew
        replay.exact(pairs)


if LONG:
    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("kill", [kill_edge, kill_central, kill_broker])
    def test_killed_again_and_again(tmp_path, real, kill, seed):
        draw = random.Random(seed)
        with OnKafka(tmp_path, real) as c, Replay(c, LOG, "random", seed=seed + 1, connections=1, streams=16) as replay:
            kill(c, real, replay, draw.randrange(1000, 40000))
            replay.exact(PAIRS)


# ---- one user in several places ----------------------------------------------------------------------------------------


ROAMING = {
    "like-unlike-like": ([(0, "POST"), (1, "DELETE"), (0, "POST")], 1),
    "like-unlike-like-at-three": ([(0, "POST"), (1, "DELETE"), (2, "POST")], 1),
    "unlike-like-unlike": ([(2, "DELETE"), (1, "POST"), (2, "DELETE")], 0),
    "like-like-unlike": ([(0, "POST"), (1, "POST"), (2, "DELETE")], 0),
}


@pytest.mark.parametrize("token", [True, False], ids=["token", "spaced"])
def test_a_roaming_users_last_word_holds(tmp_path, broker, token):
    """First all of it before anything has been flushed, then word by word, each having arrived before the next."""
    with Cluster(tmp_path, broker.address, **drift_bound(f"{DRIFT_BOUND_MS}ms")) as c:
        for name, (words, n) in ROAMING.items():
            one_user_says(c, f"posts/{name}", words, token)
        for name, (words, n) in ROAMING.items():
            c.wait_counts(f"posts/{name}", "like", n)
            # An edge answers from its own row; only the one of the last word and central need know that word.
            for d in (c.edges[words[-1][0]], c.central):
                assert ok(d.get(f"/v1/posts/{name}/like", user="ann"))["liked"] is (n == 1), (name, d.name)
    lines = sorted(f"posts/{name}" for name, (_, n) in ROAMING.items() if n)
    assert [line.split("\t")[1] for line in c.export("--dir", stopped(c).data)] == lines


def stopped(c):
    """Central's directory after kill -9: opened and stopped once more, so that nothing is only in its log."""
    with c.central as central:
        assert central.stop() == 0
    return central


def test_each_word_is_everywhere_before_the_next(cluster):
    for n, edge, method in ((1, 0, "POST"), (0, 1, "DELETE"), (1, 0, "POST")):
        ok(cluster.edges[edge].request(method, "/v1/posts/1/like", user="ann"))
        cluster.wait_counts("posts/1", "like", n)


def test_who_went_on_elsewhere_is_told_his_last_word_here(cluster):
    """The first edge's row says "not liked", and stays; the token says that there is a later word."""
    first = cluster.edges[0]
    one_user_says(cluster, "posts/1", [(0, "POST"), (0, "DELETE")], token=True)
    answer = first.delete("/v1/posts/2/like", user="ann")
    answer = cluster.edges[1].post("/v1/posts/1/like", user="ann", headers={"Kudos-Session": answer.headers["kudos-session"]})
    cluster.wait_counts("posts/1", "like", 1)
    token = {"Kudos-Session": answer.headers["kudos-session"]}
    assert ok(first.get("/v1/posts/1/like", user="ann", headers=token)) == {"item": "posts/1", "liked": True, "source": "central"}
    # Central knows no later word of this one, and of the other none at all.
    assert ok(first.get("/v1/posts/2/like", user="ann", headers=token))["liked"] is False
    both = ok(first.post("/v1/likes/lookup", body={"items": ["posts/1", "posts/2", "posts/3"]}, user="ann", headers=token))["items"]
    assert [i["liked"] for i in both] == [True, False, False]
    feed = ok(first.post("/v1/counts", body={"items": ["posts/2", "posts/1"], "me": True}, user="ann", headers=token))["items"]
    assert [i["liked"] for i in feed] == [False, True]
    wrong = {"Kudos-Session": "x" * 76}
    assert ok(first.get("/v1/posts/1/like", user="ann", headers=wrong))["source"] == "edge"
    # What it takes itself is the last word again, whether central has it or not; and without central it says what it holds.
    again = first.delete("/v1/posts/1/like", user="ann", headers=token)
    token = {"Kudos-Session": again.headers["kudos-session"]}
    assert ok(first.get("/v1/posts/1/like", user="ann", headers=token)) == {"item": "posts/1", "liked": False, "source": "edge"}
    cluster.central.kill9()
    later = {"Kudos-Session": first.post("/v1/posts/4/like", user="ann", headers=token).headers["kudos-session"]}
    assert ok(first.get("/v1/posts/1/like", user="ann", headers=later)) == {"item": "posts/1", "liked": False, "source": "edge"}


def test_words_that_arrive_in_another_order(tmp_path, broker):
    """What the first edge took is flushed last, by its drain; what it took within one batch cancels out nothing."""
    with Cluster(tmp_path, broker.address) as c:
        late, edge = c.edges[:2]
        c.edges[1].post("/v1/posts/overtaken/like", user="bob")
        one_user_says(c, "posts/cancelled", [(1, "POST")], token=True)
        c.wait_counts("posts/cancelled", "like", 1)
        late.stop()
        late.set(SLOW_FLUSH)
        late.start()
        one_user_says(c, "posts/cancelled", [(0, "POST"), (0, "DELETE")], token=True)
        one_user_says(c, "posts/overtaken", [(0, "POST"), (1, "DELETE")], token=True)
        wait_until(lambda: ok(edge.get("/v1/posts/overtaken/counts"))["counts"]["like"]["pending"] == 0, 30, "the unlike merged")
        assert ok(late.get("/v1/posts/overtaken/counts"))["counts"]["like"]["pending"] == 1
        assert late.stop() == 0
        late.start()
        c.wait_counts("posts/overtaken", "like", 1)
        c.wait_counts("posts/cancelled", "like", 0)


def skewed(c, seconds_of):
    """Before the start: edges whose wall clocks are wrong by so many seconds."""
    for edge, seconds in zip(c.edges, seconds_of):
        edge.env = faked(FAKETIME=f"{seconds:+.3f}s")
    return c


def test_the_token_orders_words_where_clocks_would_not(tmp_path, broker):
    """The first edge is ahead by nearly the drift bound: by the clocks alone its like would be the user's last word."""
    # What is left of the bound is for the uncertainty of the measurement: a tenth of a second on a machine that is busy, more in its worst moments.
    with skewed(Cluster(tmp_path, broker.address, **drift_bound("4s")), (3.2, 0, -3.2)) as c:
        for name, (words, n) in ROAMING.items():
            one_user_says(c, f"posts/{name}", words, token=True)
        for name, (words, n) in ROAMING.items():
            c.wait_counts(f"posts/{name}", "like", n)
        ok(c.edges[0].post("/v1/posts/tokenless/like", user="ann"))
        ok(c.edges[1].delete("/v1/posts/tokenless/like", user="ann"))
        c.wait_counts("posts/tokenless", "like", 1)  # ordered by the clocks: wrong, and alike everywhere


def test_an_edge_whose_clock_is_out_of_bounds_refuses_writes_by_name(tmp_path, broker):
    with skewed(Cluster(tmp_path, broker.address, **drift_bound("500ms")), (0, 1, -1)) as c:
        ok(c.edges[0].post("/v1/posts/1/like", user="ann"))
        for edge in c.edges[1:]:
            wait_until(lambda: edge.metric("kudos_edge_clock_out_of_bounds") == 1, 30, "a measurement")
            answer = edge.post("/v1/posts/1/like", user="bob")
            assert (answer.status, answer.problem) == (503, "clock-out-of-bounds") and int(answer.headers["retry-after"]) >= 1
        wait_until(lambda: all(ok(d.get("/v1/posts/1/counts"))["counts"]["like"]["count"] == 1 for d in c.everyone), 20, "reads")


def test_liked_at_two_edges_that_hear_nothing_of_each_other(cluster):
    cluster.central.signal(signal.SIGSTOP)
    try:
        for edge in cluster.edges[:2]:
            for counter in ("like", "save"):
                answer = ok(edge.post(f"/v1/posts/1/{counter}", user="ann"))
                assert (answer["count"], answer["display"], answer["pending"]) == (None, None, 1)
        assert ok(cluster.edges[2].post("/v1/posts/1/like", user="bob"))["count"] is None
    finally:
        cluster.central.signal(signal.SIGCONT)
    cluster.wait_counts("posts/1", "like", 2)
    cluster.wait_counts("posts/1", "save", 1)


# ---- counters ----------------------------------------------------------------------------------------------------------


def test_sets_and_sums_go_the_whole_way(cluster):
    a, b, c = cluster.edges
    for edge in (a, b, c):
        for user in ("ann", "bob", edge.name):
            ok(edge.post("/v1/reels/1/save", user=user))
            ok(edge.post("/v1/reels/1/view", user=user))
    ok(a.delete("/v1/reels/1/save", user="mumbai"))
    ok(b.post("/v1/reels/1/view", user="ann", body={"amount": 100}))
    ok(c.post("/v1/reels/1/share", user="ann", body={"amount": 7}))
    ok(a.post("/v1/reels/1/share", user="ann"))
    for counter, n in (("save", 4), ("view", 109), ("share", 8), ("like", 0)):
        cluster.wait_counts("reels/1", counter, n)
    by_region = ok(cluster.central.get("/v1/reels/1/counts?by=region"))["counts"]
    assert by_region["view"]["regions"] == {"mumbai": 3, "virginia": 103, "singapore": 3}
    assert by_region["share"]["regions"] == {"mumbai": 1, "singapore": 7}
    assert sum(by_region["save"]["regions"].values()) == 4


def test_a_retried_view_counts_once_also_over_a_kill(cluster):
    edge = cluster.edges[0]
    key = {"Idempotency-Key": "view-1"}
    for _ in range(3):
        ok(edge.post("/v1/posts/1/view", user="ann", headers=key))
    edge.kill9()
    edge.start()
    ok(edge.post("/v1/posts/1/view", user="ann", headers=key))
    cluster.wait_counts("posts/1", "view", 1)
    ok(edge.post("/v1/posts/1/view", user="ann", headers=key))
    ok(edge.post("/v1/posts/1/view", user="ann", headers={"Idempotency-Key": "view-2"}))
    cluster.wait_counts("posts/1", "view", 2)


def test_sums_count_once_though_their_batches_come_again(tmp_path, broker):
    with Cluster(tmp_path, broker.address, edge={"edge": {"resend_min": "200ms"}}) as c:
        c.central.kill9()
        for n in range(20):
            for edge in c.edges:
                ok(edge.post(f"/v1/posts/{n}/view", user="ann", body={"amount": 3}))
        again = 'kudos_edge_batches_sent_total{again="true"}'
        wait_until(lambda: all(e.metric(again) >= 2 * PARTITIONS for e in c.edges), 30, "batches sent again")
        c.edges[2].kill9()
        c.edges[2].start()
        c.central.start()
        for n in range(20):
            c.wait_counts(f"posts/{n}", "view", 9)
        repeated = 'kudos_central_batches_total{result="duplicate"}'
        wait_until(lambda: c.central.metric(repeated) > 0, 20, "duplicates seen")


# ---- what comes out: reads, export, changes --------------------------------------------------------------------------------


def small_log(path, events, seed, users=300, items=40):
    """Writes a log of likes, repeats and unlikes; returns the set of (item, user) that like at its end."""
    draw, last = random.Random(seed), {}
    with open(path, "w", encoding="ascii") as f:
        for n in range(events):
            pair = (f"posts/i{int(items * draw.random() ** 2)}", f"u{draw.randrange(users)}")
            last[pair] = draw.random() < 0.7
            f.write(f"{1000 + n}\t{pair[1]}\t{pair[0]}\t{1 if last[pair] else -1}\n")
    return {pair for pair, liked in last.items() if liked}


def read_changes(bootstrap, topics):
    """Every change ever published, in the order of each partition: (counter, item, user, stamp, liked)."""
    commands = "".join(f"read changes {p} 0\n" for p in range(PARTITIONS))
    done = subprocess.run([program("feed"), bootstrap, str(PARTITIONS), topics["likes"], topics["counts"], topics["changes"]],
                          input=commands, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.count("\nok ") + done.stdout.startswith("ok ") == PARTITIONS, done.stdout[-2000:]
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            record = json.loads(line)
            for (item, user, liked), (counter, time_us, edge, _) in zip(record["changes"], record["stamps"]):
                yield counter, item, user, (time_us, edge), liked


def members_of(changes):
    """Who likes what, and the stamp: the last writer wins by stamp; a copy changes nothing."""
    rows = {}
    for counter, item, user, stamp, liked in changes:
        if stamp > rows.get((counter, item, user), ((0, ""), False))[0]:
            rows[counter, item, user] = (stamp, liked)
    return {pair: stamp[0] for pair, (stamp, liked) in rows.items() if liked}


def test_central_edges_export_and_changes_tell_the_same(tmp_path, real):
    pairs = small_log(tmp_path / "log.tsv", events=6000, seed=3)
    wanted = {item: sum(1 for i, _ in pairs if i == item) for item, _ in pairs}
    with OnKafka(tmp_path, real) as c:
        with Replay(c, tmp_path / "log.tsv", "random") as replay:
            c.wait_taken(300)
            c.central.kill9()  # a change whose publication is in doubt is published again
            c.central.start()
            replay.exact(len(pairs))
        for daemon in c.everyone:
            body = {"items": sorted(wanted)}
            found = {i["item"]: i["counts"]["like"]["count"] for i in ok(daemon.post("/v1/counts", body=body))["items"]}
            assert found == wanted, daemon.name
        for item in sorted(wanted)[:5]:
            for by in ("region", "day"):
                answer = ok(c.central.get(f"/v1/{item}/counts?by={by}"))["counts"]["like"]
                assert sum(answer[by + "s"].values()) == answer["count"] == wanted[item]
        by_url = c.export("--url", c.central.url)
        c.stop()
        rows = [line.split("\t") for line in by_url]
        assert {(item, user) for _, item, user, _, _ in rows} == pairs and len(rows) == len(pairs)
        assert {counter for counter, *_ in rows} == {"like"} and by_url == sorted(by_url)
        assert c.export("--dir", c.central.data) == by_url
        changes = list(read_changes(real.bootstrap, c.topics))
    exported = {(LIKE, item, user): int(stamp) for _, item, user, stamp, _ in rows}
    told = members_of(changes)
    assert told.keys() == exported.keys()
    # A like that comes again from another region moves the row and is no change.
    assert all(stamp <= exported[pair] for pair, stamp in told.items())
    # Copies and any order do no harm.
    random.Random(1).shuffle(changes)
    assert members_of(changes + changes[::2]) == told


# ---- cut off -----------------------------------------------------------------------------------------------------------------


def test_cut_off_from_central_it_serves_and_says_how_old_it_is(cluster):
    ok(cluster.edges[0].post("/v1/posts/1/like", user="ann"))
    cluster.wait_counts("posts/1", "like", 1)
    assert cluster.central.stop() == 0
    edge = cluster.edges[1]

    def stands():
        """What is shown, when nothing more comes that central has published before its end."""
        seen = ok(edge.get("/v1/posts/1/counts"))
        wait_until(lambda: ok(edge.get("/v1/posts/1/counts"))["age_ms"] > seen["age_ms"] + 500, 30, "an age that grows")
        return seen if ok(edge.get("/v1/posts/1/counts"))["as_of"] == seen["as_of"] else None

    before = wait_until(stands, 30, "as_of stands")
    answer = ok(edge.post("/v1/posts/1/like", user="bob"))
    assert answer["count"] == 2 and answer["pending"] == 1 and answer["changed"] is True
    for n in range(50):
        answer = ok(edge.post("/v1/posts/2/like", user=f"u{n}"))
        assert (answer["count"], answer["display"], answer["pending"]) == (None, None, n + 1), "of how many it does not know"
    cut = ok(edge.get("/v1/posts/1/counts"))
    assert cut["as_of"] == before["as_of"] and cut["counts"]["like"] == {"count": 2, "display": "2", "pending": 1}
    display = edge.get("/v1/posts/1/display")
    assert display.json["display"]["like"] == "2" and display.headers["cache-control"] == "public, max-age=1, stale-while-revalidate=5, stale-if-error=60"
    assert display.headers["kudos-as-of"] == cut["as_of"], "how old it is"
    same = edge.get("/v1/posts/1/display", headers={"If-None-Match": display.headers["etag"]})
    assert same.status == 304
    assert [same.headers[n] for n in ("cache-control", "etag", "kudos-as-of")] == [display.headers[n] for n in ("cache-control", "etag", "kudos-as-of")]
    # Of what it never heard it does not claim to know.
    never = ok(edge.get("/v1/posts/never/counts"))
    assert never["as_of"] is None and never["counts"]["like"] == {"count": None, "display": None, "pending": 0}
    unknown = edge.get("/v1/posts/never/display")
    assert unknown.json["display"]["like"] is None and unknown.headers["cache-control"] == "no-store"
    assert ok(edge.get("/v1/posts/1/like", user="somebody"))["liked"] is None
    assert ok(edge.get("/v1/posts/1/like", user="bob"))["liked"] is True
    cluster.central.start()
    cluster.wait_counts("posts/1", "like", 2)
    cluster.wait_counts("posts/2", "like", 50)
    wait_until(lambda: ok(edge.get("/v1/posts/1/counts"))["as_of"] > cut["as_of"], 30, "as_of goes on")
    assert ok(edge.get("/v1/posts/1/like", user="somebody"))["liked"] is False


def test_as_of_waits_for_the_slowest_edge(cluster):
    """Every like acknowledged before as_of is in the number: while one edge is mute, it stands still at the others."""
    ok(cluster.edges[0].post("/v1/posts/1/like", user="ann"))
    cluster.wait_counts("posts/1", "like", 1)
    reader, mute = cluster.edges[0], cluster.edges[2]
    mute.kill9()
    wait_until(lambda: ok(reader.get("/v1/posts/1/counts"))["age_ms"] is not None, 20, "an age")

    def stands():
        """The same as_of over several snapshots."""
        seen = ok(reader.get("/v1/posts/1/counts"))["as_of"]
        installed = reader.metric("kudos_edge_snapshots_total")
        wait_until(lambda: reader.metric("kudos_edge_snapshots_total") >= installed + 8 * PARTITIONS, 20, "snapshots")
        return ok(reader.get("/v1/posts/1/counts"))["as_of"] == seen

    wait_until(stands, 30, "as_of stands")
    seen = ok(reader.get("/v1/posts/1/counts"))["as_of"]
    mute.start()
    wait_until(lambda: ok(reader.get("/v1/posts/1/counts"))["as_of"] > seen, 20, "as_of goes on")


# ---- stop and start --------------------------------------------------------------------------------------------------------


def test_a_drain_hands_over_and_a_start_goes_on(tmp_path, real):
    with OnKafka(tmp_path, real, edge=SLOW_FLUSH) as c:
        for round_ in (1, 2):
            for n in range(30):
                for i, edge in enumerate(c.edges):
                    ok(edge.post(f"/v1/posts/{n}/like", user=f"r{round_}u{i}"))
            for edge in c.edges:  # nothing had been sealed: a minute is longer than this test
                assert edge.stop() == 0
            wait_until(lambda: all(ok(c.central.get(f"/v1/posts/{n}/counts"))["counts"]["like"]["count"] == 3 * round_
                                   for n in range(30)), 20, "what the drains handed over")
            assert c.central.stop() == 0
            c.start()
            for n in range(30):
                c.wait_counts(f"posts/{n}", "like", 3 * round_)


# ---- refusals ------------------------------------------------------------------------------------------------------------------


def refused(daemon, *words):
    daemon.start(wait=False)
    try:
        assert daemon.wait(20) == 2
        last = daemon.log().splitlines()[-1]
        assert all(w in last for w in words), last
    finally:
        daemon.kill9()


def test_another_number_of_partitions_or_shards_is_refused_by_name(anywhere):
    c = anywhere.start()
    ok(c.edges[0].post("/v1/posts/1/like", user="ann"))
    c.wait_counts("posts/1", "like", 1)
    c.stop()
    other = {"kafka": {"partitions": PARTITIONS + 1}}
    topics = {k: v for k, v in c.edges[0].sections["kafka"].items() if k.endswith("_topic")}
    all_topics = {k: v for k, v in c.central.sections["kafka"].items() if k.endswith("_topic")}
    brokers = c.edges[0].sections["kafka"]["brokers"]
    # The topics' count, found by programs that have stored nothing yet.
    refused(Edge(c.directory, brokers, name="other", partitions=PARTITIONS + 1, more={"kafka": topics}), "partitions")
    refused(Central(c.directory, brokers, name="other-central", partitions=PARTITIONS + 1, more={"kafka": all_topics}),
            "partition")
    # The stored one, and the shards.
    for daemon in (c.edges[0], c.central):
        daemon.set(other)
        refused(daemon, "partition")
        daemon.set({"kafka": {"partitions": PARTITIONS}})
    c.edges[0].set({"edge": {"shards": 1}})
    refused(c.edges[0], "edge.shards")
    c.edges[0].set({"edge": {"shards": 2}})
    c.start().wait_counts("posts/1", "like", 1)


def test_topics_are_made_as_stated(tmp_path, real):
    kept = {"likes_retention": "30d", "counts_retention": "10m"}  # whoever comes first makes a topic: all say the same
    with OnKafka(tmp_path, real, edge={"kafka": kept}, central={"kafka": {**kept, "changes_retention": "2h"}}) as c:
        found = real.metadata().topics
        assert [len(found[c.topics[t]]) for t in ("likes", "counts", "changes")] == [PARTITIONS] * 3
        for topic, retention_ms in (("likes", 30 * 86400000), ("counts", 600000), ("changes", 7200000)):
            assert f"retention.ms={retention_ms} " in described(real, c.topics[topic])


def described(real, topic):
    command = real._java(1, "kafka.admin.ConfigCommand", "--bootstrap-server", real.bootstrap, "--describe", "--entity-type",
                         "topics", "--entity-name", topic, heap="64m")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
