"""kudos-edge beside kudos-central: what it reads through, what it hears, and what it says when central is away."""
import datetime
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from certificate import make_certificate
from distance import far
from ports import free_ports
from proc import Broker, Central, Edge, Process, program, wait_until

PARTITIONS = 4
LONG = os.environ.get("KUDOS_LONG") == "1"
FAST = {"edge": {"flush_interval": "100ms"}}
PATIENT = {**FAST, "central": {"read_deadline": "5s"}}  # central answers, later on a busy machine


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture(scope="module")
def central(broker, tmp_path_factory):
    with Central(tmp_path_factory.mktemp("central"), broker.address, partitions=PARTITIONS,
                 more={"central": {"snapshot_interval": "100ms"}}) as c:
        yield c


def secret(directory):
    path = os.path.join(str(directory), "session.secret")
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as f:
        f.write("00112233445566778899aabbccddeeff")
    return path


@pytest.fixture(scope="module")
def edges(broker, central, tmp_path_factory):
    directory = tmp_path_factory.mktemp("edges")
    more = {**PATIENT, "http": {"session_secret": secret(directory)}}
    pair = [Edge(directory, broker.address, name=n, region=r, partitions=PARTITIONS, central=central.url, more=more)
            for n, r in (("edge-a", "mumbai"), ("edge-b", "virginia"))]
    with pair[0], pair[1]:
        yield pair


def like_count(edge, item):
    return edge.get(f"/v1/{item}/counts").json["counts"]["like"]


def settled(edges, item, count):
    """Every edge shows this count, with nothing pending."""
    want = {"count": count, "display": str(count), "pending": 0}
    wait_until(lambda: all(like_count(e, item) == want for e in edges), 20, f"{item} == {count} everywhere")


def test_me_may_name_counters(edges, central):
    ada = edges[0]
    for path in ("posts/me1/like", "posts/me1/save", "posts/me2/save"):
        assert ada.post(f"/v1/{path}", user="ada").status == 200
    items = [f"posts/me{n}" for n in (1, 2, 3)]
    want = [{"like": True, "save": True}, {"like": False, "save": True}, {"like": False, "save": False}]

    def told(daemon, me):
        answer = daemon.post("/v1/counts", user="ada", body={"items": items, "me": me})
        assert answer.status == 200, answer
        return [i["me"] for i in answer.json["items"]]

    wait_until(lambda: told(central, ["like", "save"]) == want, 20, "all at central")
    for edge in edges:  # of the second edge it is central who knows
        wait_until(lambda: told(edge, ["like", "save"]) == want, 20, "as central")
        assert told(edge, ["save"]) == [{"save": w["save"]} for w in want]
    one = edges[1].post("/v1/counts", user="ada", body={"items": items, "me": True}).json["items"][1]
    assert one["liked"] is False and "me" not in one
    for daemon in (*edges, central):
        for wrong, status in ((["smile"], 404), (["view"], 404), (["like", "like"], 400), ([], 400)):
            answer = daemon.post("/v1/counts", user="ada", body={"items": items, "me": wrong})
            assert (answer.status, answer.json["field"]) == (status, "me"), answer
    assert edges[0].post("/v1/counts", body={"items": items, "me": ["like"]}).status == 401


def test_a_replay_into_a_used_store_says_so_at_once(edges, central, tmp_path):
    def replay(log):
        path = tmp_path / "log.tsv"
        path.write_text("".join(f"{1000 + i}\t{user}\tused\t{op}\n" for i, (user, op) in enumerate(log)))
        done = subprocess.run([program("kudos-sim"), "replay", str(path), "--edge", f"http://127.0.0.1:{edges[0].port}", "--central", central.url,
                               "--timeout", "600"], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stdout.splitlines()[-1]

    for user in ("x", "y"):
        assert edges[0].post("/v1/posts/used/like", user=user).status == 200
    settled(edges, "posts/used", 2)
    wait_until(lambda: like_count(central, "posts/used")["count"] == 2, 20, "central")
    code, out, last = replay([("ann", 1)])
    assert code == 1 and last.endswith("verdict=wrong") and " acked=0 " in last, out
    assert "central counts 2 likes of posts/used; in this log 1 users like it" in out, out
    code, out, last = replay([("ann", 1), ("bob", 1), ("cyd", 1), ("cyd", -1)])
    assert code == 1 and last.endswith("verdict=wrong") and " acked=4 " in last, out
    assert "central counts 4 likes of posts/used; in this log 3 users like it" in out, out
    if LONG:  # within what the log can reach: noticed when nothing changes any more
        code, out, last = replay([(user, op) for user in "abcd" for op in (1, -1)])
        assert code == 1 and last.endswith("verdict=wrong"), out
        assert "the store was used before: of 1 items central had counts already, of posts/used 4" in out, out


def test_a_like_is_seen_everywhere_and_says_until_when_it_is_complete(edges):
    a, b = edges
    assert a.post("/v1/posts/one/like", user="ann").json["count"] == 1
    settled(edges, "posts/one", 1)
    answer = b.get("/v1/posts/one/counts").json
    assert 0 <= answer["age_ms"] < 10000
    as_of = datetime.datetime.fromisoformat(answer["as_of"].replace("Z", "+00:00"))
    age = (datetime.datetime.now(datetime.timezone.utc) - as_of).total_seconds()
    assert 0.5 <= age < 20, "behind the present by the drift bound at least"
    display = b.get("/v1/posts/one/display")
    assert display.headers["cache-control"] == "public, max-age=1, stale-while-revalidate=5, stale-if-error=60"
    assert display.headers["kudos-as-of"] >= answer["as_of"]
    # Central answered that it does not know the item: that is a number.
    nobody = b.get("/v1/posts/nobody/counts").json
    assert nobody["counts"]["like"] == {"count": 0, "display": "0", "pending": 0} and nobody["source"] == "central"


def test_has_liked_is_asked_where_this_edge_holds_no_row(edges):
    a, b = edges
    a.post("/v1/posts/two/like", user="ann")
    settled(edges, "posts/two", 1)
    assert b.get("/v1/posts/two/like", user="ann").json == {"item": "posts/two", "liked": True, "source": "central"}
    assert b.get("/v1/posts/two/like", user="bob").json == {"item": "posts/two", "liked": False, "source": "central"}
    assert a.get("/v1/posts/two/like", user="ann").json["source"] == "edge"
    looked = b.post("/v1/likes/lookup", user="ann", body={"items": [f"posts/{i}" for i in ("zero", "two", "no", "more")]}).json
    assert [(x["liked"], x["source"]) for x in looked["items"]] == [
        (False, "central"), (True, "central"), (False, "central"), (False, "central")]
    bulk = b.post("/v1/counts", user="ann", body={"items": ["posts/two", "posts/zero"], "me": True}).json["items"]
    assert [x["liked"] for x in bulk] == [True, False]


def test_like_at_a_unlike_at_b_like_at_a_ends_at_one(edges):
    a, b = edges
    token = a.post("/v1/posts/three/like", user="ann").headers["kudos-session"]
    token = b.delete("/v1/posts/three/like", user="ann", headers={"Kudos-Session": token}).headers["kudos-session"]
    a.post("/v1/posts/three/like", user="ann", headers={"Kudos-Session": token})
    settled(edges, "posts/three", 1)
    token = b.delete("/v1/posts/three/like", user="ann", headers={"Kudos-Session": token})
    settled(edges, "posts/three", 0)


def test_the_same_like_in_two_regions_counts_once(edges):
    a, b = edges
    a.post("/v1/posts/four/like", user="ann")
    b.post("/v1/posts/four/like", user="ann")
    settled(edges, "posts/four", 1)


def test_sums_of_two_regions_add_up(edges, central):
    for e in edges:
        e.post("/v1/posts/five/view", user="ann", body={"amount": 7})
    wait_until(lambda: all(e.get("/v1/posts/five/counts").json["counts"]["view"]["count"] == 14 for e in edges), 20, "views")
    assert central.get("/v1/posts/five/counts").json["counts"]["view"]["count"] == 14


def test_a_cold_item_is_asked_for_once(edges, central, broker, tmp_path):
    a, _ = edges
    a.post("/v1/posts/six/like", user="ann")
    settled(edges, "posts/six", 1)
    with Edge(tmp_path, broker.address, name="edge-c", partitions=PARTITIONS, central=central.url, more=PATIENT) as c:
        first = c.get("/v1/posts/six/counts").json
        assert (first["counts"]["like"]["count"], first["source"]) == (1, "central")
        assert [c.metric(f'kudos_edge_counts_lookups_total{{result="{r}"}}') for r in ("miss", "hit")] == [1, 0]
        assert c.get("/v1/posts/six/counts").json["source"] == "edge"
        assert [c.metric(f'kudos_edge_counts_lookups_total{{result="{r}"}}') for r in ("miss", "hit")] == [1, 1]
        wait_until(lambda: c.metric("kudos_edge_central_up") == 2, 30, "central reached")
        wait_until(lambda: c.metric("kudos_edge_asks_total") >= 1, 20, "the metric")
        like = c.post("/v1/posts/six/like", user="bob").json
        assert like["count"] == 2 and like["changed"] is True
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(c.get("/v1/posts/seven/counts"))) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert {x.status for x in answers} == {200}
        settled([c, *edges], "posts/six", 2)


def test_nobody_waits_for_a_central_that_is_far_away(edges, central, broker, tmp_path):
    """The question goes on without its request, and the next answer has the number."""
    a, _ = edges
    items = [f"posts/far-{i}" for i in range(4)]
    for item in items:
        a.post(f"/v1/{item}/like", user="ann")
    wait_until(lambda: all(central.get(f"/v1/{i}/counts").json["counts"]["like"]["count"] == 1 for i in items), 20, "merged")
    patience = {"read_deadline": "10s", "like_wait": "100ms", "read_wait": "100ms"}
    with far(central.port, 0.2) as port, Edge(tmp_path, broker.address, name="edge-far", shards=1, partitions=PARTITIONS,
                                              central=f"http://127.0.0.1:{port}", more={**FAST, "central": patience}) as e:
        first = e.get(f"/v1/{items[0]}/counts").json
        assert (first["counts"]["like"]["count"], first["source"]) == (1, "central"), "nothing is known of the distance yet"
        read = e.get(f"/v1/{items[1]}/counts").json
        assert (read["counts"]["like"], read["as_of"], read["source"]) == ({"count": None, "display": None, "pending": 0}, None, "edge")
        like = e.post(f"/v1/{items[2]}/like", user="bob").json
        assert (like["count"], like["pending"], like["liked"], like["source"]) == (None, 1, True, "edge")
        seen = e.get("/v1/counts?me=true&items=" + items[3], user="ann").json["items"][0]
        assert seen["liked"] is True and seen["counts"]["like"]["count"] == 1, "it waits for central anyway"
        settled([e], items[1], 1)
        settled([e], items[2], 2)
        wait_until(lambda: e.metric("kudos_edge_asks_unawaited_total") >= 2, 20, "the metric")


def waited_for_central(edge, requests):
    """Seconds that questions took when so many requests are counted: a shard publishes all its figures together."""
    wait_until(lambda: edge.metric("kudos_edge_http_requests_total") >= requests, 20, "the figures of all requests")
    return edge.metric("kudos_edge_ask_seconds_sum")


def test_central_away_is_said_and_does_not_stop_anybody(broker, tmp_path):
    port, = free_ports(1)
    with Edge(tmp_path, broker.address, name="edge-d", partitions=PARTITIONS, central=f"http://127.0.0.1:{port}") as e:
        answers = [e.get(f"/v1/posts/x{i}/counts").json for i in range(40)]
        assert all((x["as_of"], x["age_ms"], x["source"]) == (None, None, "edge") for x in answers)
        assert all(c == {"count": None, "display": None, "pending": 0} for x in answers for c in x["counts"].values())
        wait_until(lambda: e.metric("kudos_edge_central_up") == 0, 30, "the breaker")
        waited = waited_for_central(e, 40)
        for i in range(20):
            assert e.get(f"/v1/posts/y{i}/counts").status == 200
        assert waited_for_central(e, 60) - waited < 20 * 0.25 / 2, "nobody waits for the deadline any more"
        assert e.post("/v1/posts/z/like", user="ann").json["pending"] == 1
        assert e.get("/v1/posts/z/like", user="bob").json == {"item": "posts/z", "liked": None, "source": "edge"}


def test_an_edge_starts_and_takes_likes_where_centrals_name_does_not_resolve(broker, tmp_path):
    with Edge(tmp_path, broker.address, name="edge-n", partitions=PARTITIONS, central="http://nobody.invalid:8440") as e:
        assert e.post("/v1/posts/z/like", user="ann").json["pending"] == 1
        assert e.get("/v1/posts/z/counts").json["as_of"] is None


class FixedTime(Process):
    """A central that knows nothing but the time: nghttpd with one file."""

    def __init__(self, directory, now_us):
        self.port, = free_ports(1)
        os.makedirs(os.path.join(str(directory), "v1"))
        with open(os.path.join(str(directory), "v1", "time"), "w", encoding="ascii") as f:
            json.dump({"now_us": now_us}, f)
        super().__init__(directory, "time", [shutil.which("nghttpd") or "/usr/sbin/nghttpd", "--no-tls", "-d", str(directory),
                                             str(self.port)])

    def ready(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.mark.parametrize("off_s", [-100, 100])
def test_a_clock_out_of_bounds_refuses_writes_and_nothing_else(broker, tmp_path, off_s):
    with FixedTime(tmp_path / "time", int((time.time() + off_s) * 1e6)) as clock:
        with Edge(tmp_path, broker.address, name="edge-e", partitions=PARTITIONS, central=f"http://127.0.0.1:{clock.port}") as e:
            wait_until(lambda: e.metric("kudos_edge_clock_out_of_bounds") == 1, 30, "a measurement")
            for answer in (e.post("/v1/posts/1/like", user="ann"), e.delete("/v1/posts/1/like", user="ann"),
                           e.post("/v1/posts/1/view", user="ann"),
                           e.post("/v1/likes", user="ann", body={"operations": [{"item": "posts/1", "op": "like"}]})):
                assert (answer.status, answer.problem) == (503, "clock-out-of-bounds")
                assert int(answer.headers["retry-after"]) >= 1
            assert e.get("/v1/posts/1/counts").json["counts"]["like"] == {"count": None, "display": None, "pending": 0}
            assert abs(e.metric("kudos_edge_clock_offset_us") / 1e6 - off_s) < 10


def served_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=10)


def test_tls_and_h2c_on_one_port_and_a_new_certificate_without_a_restart(broker, tmp_path):
    crt, key = make_certificate(tmp_path, "first")
    other_crt, other_key = make_certificate(tmp_path, "second")
    more = {"http": {"tls_certificate": crt, "tls_key": key}}
    with Edge(tmp_path, broker.address, name="edge-f", partitions=PARTITIONS, more=more) as e:
        curl = ["curl", "-s", "--cacert", crt, "-w", " %{http_version}", "-H", "X-User-Id: ann", "-X", "POST"]
        out = subprocess.run([*curl, f"https://127.0.0.1:{e.port}/v1/posts/1/like"], capture_output=True, text=True, timeout=15)
        assert '"pending":1' in out.stdout and out.stdout.endswith(" 2")
        out = subprocess.run([*curl, "--http1.1", f"https://127.0.0.1:{e.port}/v1/posts/1/like"], capture_output=True, text=True,
                             timeout=15)
        assert '"changed":false' in out.stdout and out.stdout.endswith(" 1.1")
        assert e.post("/v1/posts/1/like", user="bob").json["pending"] == 3
        before = served_certificate(e.port)
        shutil.copy(other_crt, crt)
        shutil.copy(other_key, key)
        e.signal(signal.SIGHUP)
        wait_until(lambda: served_certificate(e.port) != before, 30, "the new certificate")
        wait_until(lambda: e.events("reloaded") and e.events("certificate-reloaded"), 30, "the word of it")
        with open(crt, "w", encoding="ascii") as f:
            f.write("nonsense")
        e.signal(signal.SIGHUP)
        wait_until(lambda: e.events("certificate-kept") and len(e.events("reloaded")) == 2, 30, "a refusal of the certificate alone")
        assert served_certificate(e.port) != before and len(e.events("certificate-reloaded")) == 1


# ---- what central lacks ----------------------------------------------------------------------------------------------------------------------------

COUNTERS = {"like": "1 set", "save": "2 set", "view": "3 sum", "share": "4 sum"}


@pytest.fixture
def rollout(tmp_path):
    """A central with less than its edge is going to have."""
    made = []

    def make(kind, *arguments, **more):
        made.append(kind(*arguments, partitions=PARTITIONS, **more))
        return made[-1]

    with Broker(tmp_path, PARTITIONS) as b:
        central = make(Central, tmp_path, b.address,
                       more={"central": {"snapshot_interval": "100ms"}, "counters": COUNTERS, "api": {"collections": "posts"}}).start()
        yield b, central, make
        for daemon in made:
            daemon.kill9()


def reload(daemon, **sections):
    daemon.set(sections)
    daemon.signal(signal.SIGHUP)


def clap(edge, item, user="ann", counter="clap"):
    answer = edge.post(f"/v1/{item}/{counter}", user=user)
    return 200 if answer.status == 200 else answer.problem


QUICK = {**FAST, "clock": {"measure_interval": "200ms"}}


def test_what_central_lacks_is_not_taken_and_holds_nothing_up(rollout, tmp_path):
    b, central, make = rollout
    more = {**QUICK, "counters": {**COUNTERS, "clap": "60 set"}, "api": {"collections": "posts, songs"}}
    e = make(Edge, tmp_path, b.address, central=central.url, more=more).start()
    named = wait_until(lambda: e.events("counter-not-at-central") and e.events("collection-not-at-central"), 20, "a difference that is named")
    assert named[0]["name"] == "songs" and e.events("counter-not-at-central")[0]["name"] == "clap"
    # Both shards, at once: before the difference is named an edge that has never heard central takes what it is configured for.
    assert {clap(e, f"posts/{i}") for i in range(8)} == {"unknown-counter"} and {clap(e, f"songs/{i}", counter="like") for i in range(8)} == {"unknown-collection"}
    assert [e.metric(f'kudos_edge_not_at_central{{kind="{kind}"}}') for kind in ("counter", "collection")] == [1, 1]
    assert e.post("/v1/likes", user="ann", body={"operations": [{"item": "posts/1", "op": "like", "counter": "clap"}]}).problem == "unknown-counter"
    assert clap(e, "posts/1", counter="like") == 200
    settled([e, central], "posts/1", 1)
    assert e.get("/v1/posts/1/counts").json["counts"].keys() == COUNTERS.keys() == e.get("/v1/posts/1/display").json["display"].keys()
    # Central gets them by a reload: the edge offers them without one.
    reload(central, counters={"clap": "60 set"}, api={"collections": "posts, songs"})
    wait_until(lambda: clap(e, "posts/1") == 200 and clap(e, "songs/1", counter="like") == 200, 20, "what central has now")
    wait_until(lambda: e.get("/v1/posts/1/counts").json["counts"].get("clap", {}).get("count") == 1, 20, "its number")
    wait_until(lambda: central.get("/v1/posts/1/counts").json["counts"]["clap"]["count"] == 1, 20, "a clap at central")
    settled([e, central], "songs/1", 1)
    assert [e.metric(f'kudos_edge_not_at_central{{kind="{kind}"}}') for kind in ("counter", "collection")] == [0, 0]
    assert not central.events("alarm-unknown-counter") and not central.events("alarm-quarantined")


def test_an_edge_takes_over_counters_and_collections_by_a_reload(rollout, tmp_path):
    b, central, make = rollout
    e = make(Edge, tmp_path, b.address, central=central.url, more={**QUICK, "counters": COUNTERS, "api": {"collections": "posts"}}).start()
    items = [f"posts/{i}" for i in range(8)]  # over both shards
    assert {clap(e, i, counter="like") for i in items} == {200} and {clap(e, i) for i in items} == {"unknown-counter"}
    wait_until(lambda: e.events("catalogue-agrees"), 20, "central's catalogue")
    reload(e, counters={"clap": "60 set"}, api={"collections": "posts, songs"})
    wait_until(lambda: e.events("counter-not-at-central") and e.events("collection-not-at-central"), 20, "the edge is ahead")
    assert {clap(e, i) for i in items} == {"unknown-counter"}
    reload(central, counters={"clap": "60 set"}, api={"collections": "posts, songs"})
    for i in items:
        wait_until(lambda i=i: clap(e, i) == 200, 20, "a clap")
    wait_until(lambda: clap(e, "songs/1", counter="like") == 200, 20, "a like in the new collection")

    def complete(item):
        counts = e.get(f"/v1/{item}/counts").json
        return {c: n["count"] for c, n in counts["counts"].items()} == {"like": 1, "save": 0, "view": 0, "share": 0, "clap": 1} and counts["as_of"]

    for i in items:
        wait_until(lambda i=i: complete(i), 20, "counts with the new counter")
    # What would take away or change is refused by name, and the rest stays.
    reload(e, counters={"save": "2 sum"}, api={"collections": "songs"})
    wait_until(lambda: {x.get("name") for x in e.events("reload-refused")} == {"save", "posts"}, 20, "a refusal by name")
    assert clap(e, "posts/1", counter="save") == 200 and clap(e, "posts/1", user="bob") == 200
    assert e.stop() == 0


def test_a_counter_that_was_just_added_has_no_number_and_no_age_while_central_is_away(rollout, tmp_path):
    b, central, make = rollout
    reload(central, counters={"clap": "60 set"})
    wait_until(lambda: central.events("reloaded"), 20, "the counter at central")
    e = make(Edge, tmp_path, b.address, central=central.url, more={**QUICK, "counters": COUNTERS, "api": {"collections": "posts"}}).start()
    wait_until(lambda: e.events("catalogue-agrees"), 20, "central's catalogue")
    assert clap(e, "posts/1", counter="like") == 200
    settled([e, central], "posts/1", 1)
    central.signal(signal.SIGSTOP)
    reload(e, counters={"clap": "60 set"})
    wait_until(lambda: clap(e, "posts/1") == 200, 20, "the counter at the edge")
    said = e.post("/v1/posts/1/clap", user="bob").json
    assert [said[k] for k in ("count", "display", "age_ms", "as_of", "pending")] == [None, None, None, None, 2]
    shown = e.get("/v1/posts/1/display")
    assert shown.json["display"] == {"like": "1", "save": "0", "view": "0", "share": "0", "clap": None}
    assert shown.headers["cache-control"] == "no-store" and "kudos-as-of" not in shown.headers
    central.signal(signal.SIGCONT)
    wait_until(lambda: e.get("/v1/posts/1/counts").json["counts"]["clap"]["count"] == 2, 20, "a number")


def test_what_central_said_last_holds_while_it_is_away(rollout, tmp_path):
    b, central, make = rollout
    e = make(Edge, tmp_path, b.address, central=central.url, more={**QUICK, "counters": COUNTERS, "api": {"collections": "posts"}}).start()
    wait_until(lambda: e.events("catalogue-agrees"), 20, "central's catalogue")
    assert e.stop() == 0 and central.stop() == 0
    e.set({"counters": {"clap": "60 set"}})
    e.start()
    assert clap(e, "posts/1") == "unknown-counter" and clap(e, "posts/1", counter="like") == 200
    # An edge that has never heard central takes what it is configured for: a start without central is no outage.
    fresh = make(Edge, tmp_path, b.address, name="edge-2", central=central.url, more={**QUICK, "counters": {**COUNTERS, "clap": "60 set"}}).start()
    assert clap(fresh, "posts/2") == 200
    central.start()
    alarm = wait_until(lambda: central.events("alarm-unknown-counter"), 20, "an alarm by name")[0]
    assert (alarm["edge"], alarm["counter"]) == ("edge-2", 60)
    # Until it has heard central the edge takes this too: it concerns another item.
    wait_until(lambda: clap(fresh, "posts/3", user="bob") == "unknown-counter", 20, "the edge has heard central")
    reload(central, counters={"clap": "60 set"})
    wait_until(lambda: central.get("/v1/posts/2/counts").json["counts"].get("clap", {}).get("count") == 1, 20, "what waited is merged")
