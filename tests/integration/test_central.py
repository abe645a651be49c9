"""kudos-central from outside: counts, exports, restarts, bad records, fences, snapshots, against the embedded broker.

Every wait has a deadline and a condition; nothing sleeps to synchronise.
"""
import http.client
import math
import os
import resource
import signal
import ssl
import subprocess

import pytest

import kafka_wire
from central_feed import DAY, LIKE, PARTITIONS, SAVE, T0, TOPICS, VIEW, Central, Feed, export, like, unlike, until
from central_feed import broker, central, feed  # noqa: F401 (fixtures)
from certificate import make_certificate
from ports import free_ports
from proc import Broker, Edge, program


# ---- merging and reading ----

def test_counts_by_api(central, feed):
    item = feed.item(0)
    feed.batch("mum-1", [like(item, "u1"), like(item, "u2"), like(item, "u1", counter=SAVE), f"sum {item} {VIEW} 7 20000"],
               region="asia", complete_to=T0)
    feed.batch("fra-1", [like(item, "u2", T0 + 5), like(item, "u3", T0 + DAY)], region="eu", complete_to=T0 + DAY)
    central.wait_likes(item, 3)
    answer = central.counts(item)
    assert answer["item"] == item and answer["source"] == "central" and answer["age_ms"] < 1000
    assert answer["counts"] == {"like": {"count": 3, "display": "3", "pending": 0},
                                "save": {"count": 1, "display": "1", "pending": 0},
                                "view": {"count": 7, "display": "7", "pending": 0},
                                "share": {"count": 0, "display": "0", "pending": 0}}
    # Low watermark is T0, and as_of is that less D.
    assert answer["as_of"] == "2024-10-03T23:59:59.500Z"
    regions = central.counts(item, "?by=region")["counts"]["like"]
    # u2 liked in both: the larger stamp has the region, whichever arrives first.
    assert regions["count"] == 3 and regions["regions"] == {"asia": 1, "eu": 2}
    days = central.counts(item, "?by=day")["counts"]["like"]
    assert days["days"] == {"2024-10-04": 2, "2024-10-05": 1}


def test_unlike_takes_back_where_it_was_counted(central, feed):
    item = feed.item(1)
    feed.batch("a", [like(item, "u1"), like(item, "u2")], partition=1, region="asia")
    central.wait_likes(item, 2)
    feed.batch("b", [unlike(item, "u1", T0 + 9)], partition=1, region="eu")
    central.wait_likes(item, 1)
    assert central.counts(item, "?by=region")["counts"]["like"]["regions"] == {"asia": 1}
    # An older word arrives late and changes nothing.
    feed.batch("c", [like(item, "u1", T0 + 3)], partition=1)
    central.wait_applied("c", (1, 1), partition=1)
    assert central.likes(item) == 1


def test_bulk_and_liked(central, feed):
    one, two = feed.item(0), feed.item(1)
    feed.batch("a", [like(one, "u1")])
    feed.batch("a", [like(two, "u2")], partition=1)
    central.wait_likes(one, 1)
    central.wait_likes(two, 1)
    items = central.get(f"/v1/counts?items={two},posts/none,{one}").json["items"]
    assert [(i["item"], i["counts"]["like"]["count"]) for i in items] == [(two, 1), ("posts/none", 0), (one, 1)]
    me = {"X-User-Id": "u1"}
    items = central.post("/v1/counts", body={"items": [one, two], "me": True}, headers=me).json["items"]
    assert [i["liked"] for i in items] == [True, False]
    assert central.get(f"/v1/{one}/like", headers=me).json == {"item": one, "liked": True, "at_us": T0, "source": "central"}
    assert central.get(f"/v1/{two}/like", headers=me).json["liked"] is False
    found = central.post("/v1/likes/lookup", body={"items": [two, one]}, headers=me).json["items"]
    assert [(f["item"], f["liked"]) for f in found] == [(two, False), (one, True)]


def test_work_is_charged_by_items_and_by_rows_of_a_page(central):
    def cost(path, body=None):
        before = central.metric("kudos_central_http_work_total")
        assert (central.post(path, body=body) if body else central.get(path)).status == 200
        return central.metric("kudos_central_http_work_total") - before

    assert 1 <= cost("/v1/posts/1/counts") < 20
    assert 100 <= cost("/v1/counts?items=" + ",".join(f"posts/{n}" for n in range(100))) < 200
    assert 500 <= cost("/v1/posts/1/likers?limit=500") < 600
    assert 400 <= cost("/v1/posts/1/likers/among", body={"users": [f"u{n}" for n in range(400)]}) < 500


def test_likers_in_pages(central, feed):
    item = feed.item(0)
    users = [f"user{n:03}" for n in range(25)]
    feed.batch("a", [like(item, u, T0 + 1000 * n) for n, u in enumerate(users)])
    central.wait_likes(item, 25)
    seen, cursor = [], ""
    for _ in range(4):
        page = central.get(f"/v1/{item}/likers?limit=10{cursor}").json
        seen += [m["user"] for m in page["likers"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == users and len(seen) == 25
    first = next(m for m in central.get(f"/v1/{item}/likers").json["likers"] if m["user"] == "user001")
    assert first["at"] == "2024-10-04T00:00:00.001Z" and first["region"] == "eu"


def test_who_of_some_users_likes_an_item(central, feed):
    item = feed.item(0)
    feed.batch("a", [like(item, u, T0 + n) for n, u in enumerate(("ada", "bob", "cyd", "dan"))] + [like(item, "eve", counter=SAVE)], region="asia", complete_to=T0)
    central.wait_likes(item, 4)
    feed.batch("a", [unlike(item, "dan", T0 + 9)], region="asia", complete_to=T0)
    central.wait_likes(item, 3)

    def among(*users, **more):
        return central.post(f"/v1/{item}/likers/among", body={"users": users, **more}).json

    answer = among("dan", "bob", "eve", "nobody", "ada", "bob")
    assert [m["user"] for m in answer["likers"]] == ["bob", "ada"]  # in the order of the list, each once
    assert answer["likers"][1] == {"user": "ada", "at": "2024-10-04T00:00:00.000Z", "region": "asia"}
    assert (answer["item"], answer["counter"], answer["count"], answer["display"], answer["source"]) == (item, "like", 3, "3", "central")
    assert answer["as_of"] == "2024-10-03T23:59:59.500Z"
    assert [m["user"] for m in among("eve", "ada", counter="save")["likers"]] == ["eve"]
    assert among()["likers"] == [] and among(*(f"u{n}" for n in range(500)))["likers"] == []
    assert central.post("/v1/posts/none/likers/among", body={"users": ["ada"]}).json["count"] == 0


def test_the_counts_without_some_users(central, feed):
    item = feed.item(0)
    feed.batch("a", [like(item, u) for u in ("ada", "bob", "cyd", "dan")] + [like(item, "ada", counter=SAVE), f"sum {item} {VIEW} 7 20000"])
    central.wait_likes(item, 4)
    feed.batch("a", [unlike(item, "dan", T0 + 9)])
    central.wait_likes(item, 3)

    def without(*users):
        counts = central.post(f"/v1/{item}/counts", body={"without": users}).json["counts"]
        return [counts[c]["count"] for c in ("like", "save", "view")]

    assert without() == without("dan", "nobody") == [3, 1, 7]
    assert without("ada") == without("ada", "ada", "dan") == [2, 0, 7]
    assert without("cyd", "bob", *(f"u{n}" for n in range(998))) == [1, 1, 7]
    assert central.counts(item)["counts"]["like"]["count"] == 3


def test_a_cursor_is_good_for_its_own_question_alone(central, feed):
    """Of an item, a counter or a partition that it was not made for, cut short, longer or made up: an empty page would look like the end."""
    item, longer, other = feed.item(0), feed.item(0, "posts/longer"), feed.item(1)
    both = [like(i, f"u{n}", counter=c) for i in (item, longer) for n in range(5) for c in (LIKE, SAVE)]
    feed.batch("a", both)
    feed.batch("a", [like(other, f"u{n}") for n in range(5)], partition=1)
    for i in (item, longer, other):
        central.wait_likes(i, 5)

    def of(path):
        reply = central.get(path)
        return reply.headers.get("kudos-cursor") or reply.json["next"]

    def page(path):
        reply = central.get(path)
        return (reply.status, reply.json["field"]) if reply.status != 200 else reply.status

    likers, export = f"/v1/{item}/likers?limit=2", "/v1/export?partition=0&limit=2"
    good = {likers: of(likers), export: of(export)}
    others = [of(f"/v1/{longer}/likers?limit=2"), of(f"/v1/{other}/likers?limit=2"), of(f"{likers}&counter=save"),
              of("/v1/export?partition=1&limit=2"), "zzzzzzzzzzzzzzzz", "AA", "A" * 16]
    for path, cursor in good.items():
        wrong = others + [c for p, c in good.items() if p != path] + [cursor[:-4], cursor[4:], cursor + "AAAA", cursor[:4], cursor + cursor]
        assert {c: page(f"{path}&cursor={c}") for c in wrong} == {c: (400, "cursor") for c in wrong}
        assert page(f"{path.replace('limit=2', 'limit=3')}&cursor={cursor}") == 200
    central.kill9()
    central.start()
    assert [page(f"{path}&cursor={cursor}") for path, cursor in good.items()] == [200, 200]


def test_refusals(central):
    def problem(method, path, **more):
        reply = central.request(method, path, **more)
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["status"] == reply.status and reply.headers["cache-control"] == "no-store"
        return reply.status, reply.json["type"].removeprefix("urn:kudos:")

    assert problem("GET", "/v1/nothere/1/counts") == (404, "unknown-collection")
    assert problem("GET", "/v1/posts/%20/counts") == (400, "invalid-id")
    assert problem("GET", "/v1/posts/1/nothing") == (404, "unknown-counter")
    assert problem("GET", "/v1/posts/1/view") == (404, "unknown-counter")
    assert problem("GET", "/v1/posts/1/display") == (404, "not-found")
    for only_edges_have in ("/v1/posts/1/display", "/v1/likes"):
        for method in ("GET", "POST"):
            assert "ask an edge" in central.request(method, only_edges_have).json["detail"]
    assert problem("DELETE", "/v1/posts/1/view") == (404, "unknown-counter") and problem("DELETE", "/v1/posts/1/like") == (405, "method-not-allowed")
    assert problem("GET", "/v1/posts/1/like") == (401, "unauthorized")
    assert problem("GET", "/v1/posts/1/like", headers={"X-User-Id": "a b"}) == (400, "invalid-id")
    assert problem("GET", "/v1/posts/1/counts?by=hour") == (400, "invalid-request")
    assert problem("GET", "/v1/posts/1/likers?limit=0") == (400, "invalid-request")
    assert problem("GET", "/v1/posts/1/likers?cursor=%21") == (400, "invalid-request")
    assert problem("GET", "/v1/counts") == (400, "invalid-request")
    assert problem("GET", "/v1/counts?items=" + ",".join(["posts/1"] * 201)) == (400, "invalid-request")
    assert problem("POST", "/v1/counts", body="{") == (400, "invalid-request")
    assert problem("POST", "/v1/counts", body={"items": []}) == (400, "invalid-request")
    assert problem("POST", "/v1/counts", body={"items": ["posts"]}) == (400, "invalid-id")
    assert problem("POST", "/v1/counts", body={"items": ["posts/1"], "me": True}) == (401, "unauthorized")
    assert problem("DELETE", "/v1/posts/1/like") == (405, "method-not-allowed")
    assert problem("GET", "/v1/likes/lookup") == (405, "method-not-allowed")
    assert problem("GET", f"/v1/export?partition={PARTITIONS}") == (400, "invalid-request")
    assert problem("GET", "/v2/posts/1/counts") == (404, "not-found")
    assert problem("GET", "/v1/posts/1/counts/") == (404, "not-found")


def test_strangers_are_not_believed(tmp_path, broker):
    with Central(tmp_path, broker.address, http={"trusted_peers": "10.0.0.0/8"}) as central:
        assert central.get("/v1/posts/1/like", headers={"X-User-Id": "u1"}).status == 401
        assert central.get("/v1/export").status == 403
        assert central.get("/v1/posts/1/counts").status == 401 and central.get("/v1/posts/1/likers").status == 403


def test_time_and_snapshot_of_one_item(central, feed):
    item = feed.item(0)
    at = feed.batch("mum-1", [like(item, "u1")])
    central.wait_applied("mum-1", at)
    now = central.get("/v1/time").json["now_us"]
    assert abs(now / 1e6 - __import__("time").time()) < 60
    reply = central.get(f"/v1/snapshots/{item}?edge=mum-1")
    assert reply.status == 200 and reply.headers["content-type"] == "application/msgpack"
    assert reply.body[1:3] == b"\x01\x03" and b"mum-1" in reply.body
    assert central.get(f"/v1/snapshots/{item}?edge=%20").status == 400


# ---- duplicates, gaps, bad records ----

def test_duplicates_and_gaps(central, feed):
    item = feed.item(0)
    feed.batch("a", [like(item, "u1"), f"sum {item} {VIEW} 5 20000"])
    feed.again()
    feed.again()
    central.wait_metric('kudos_central_batches_total{result="duplicate"}', 2)
    assert central.likes(item) == 1 and central.likes(item, "view") == 5
    # The second batch is missing: the third waits to be sent again behind it.
    feed.batch("a", [like(item, "u2")], hold=True)
    feed.batch("a", [like(item, "u3")])
    central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
    assert central.likes(item) == 1 and central.applied("a") == (1, 1)
    feed.batch("a", [like(item, "u2")], seq=2, after=(1, 1))
    feed.batch("a", [like(item, "u3")], seq=3, after=(1, 2))
    central.wait_likes(item, 3)
    assert central.applied("a") == (1, 3)


def test_poison_is_kept_apart_and_stalls_its_edge_alone(central, feed):
    item = feed.item(0)
    feed.raw(bytes.fromhex("dd ff ff ff ff"))
    feed.raw(b"not a record")
    feed.batch("a", [like(item, "u1")])
    central.wait_likes(item, 1)
    central.wait_metric('kudos_central_alarms_total{reason="quarantine"}', 1)
    until(lambda: central.events("alarm-quarantined"), "no alarm")
    assert central.running()


def test_doubled_identity_is_an_alarm(central, feed):
    item = feed.item(0)
    feed.batch("a", [like(item, "u1")])
    central.wait_likes(item, 1)
    # Somebody else's batch 1, then a batch that names that one as its predecessor.
    feed.batch("a", [like(item, "u9")], seq=1, after=(0, 0), hold=True)
    feed.batch("a", [like(item, "u8")], seq=2, after=(1, 1))
    central.wait_metric('kudos_central_alarms_total{reason="identity"}', 1)
    until(lambda: central.events("alarm-identity"), "no alarm")
    assert central.likes(item) == 1


@pytest.mark.parametrize("records", (1, 5))
def test_what_stands_behind_a_damaged_record_is_merged(central, feed, broker, records):
    """Its checksum does not fit, at every reading: nobody waits for it until Kafka lets it go."""
    item, other = feed.item(0), feed.item(1)
    feed.batch("a", [like(item, "u1")])
    central.wait_likes(item, 1)
    kafka_wire.produce_damaged(int(broker.address.rsplit(":", 1)[1]), TOPICS[0], 0, records)
    central.wait_metric('kudos_central_alarms_total{reason="log"}', 1)
    feed.batch("a", [like(other, "u2")], partition=1)
    feed.batch("a", [like(item, "u2")])
    # Records behind it may be left out with it: as an edge does, what is not merged is sent again.
    until(lambda: central.likes(item) == 2 or feed.again(), "what stands behind it is not merged")
    central.wait_likes(other, 1)
    central.stop()
    central.start()
    feed.batch("a", [like(item, "u3")])
    until(lambda: central.likes(item) == 3 or feed.again(), "nothing is merged after a start")


# ---- restarts ----

def test_killed_at_any_moment_is_exact(tmp_path, broker, feed):
    item = feed.item(0)
    views = 0
    for round_ in range(4):
        with Central(tmp_path, broker.address) as central:
            for n in range(20):
                feed.batch("a", [like(item, f"r{round_}u{n}"), f"sum {item} {VIEW} 3 20000"])
                views += 3
            if round_ % 2:  # also in the middle of it, before everything is merged
                central.wait_likes(item, 20 * (round_ + 1))
            central.kill9()
    with Central(tmp_path, broker.address) as central:
        central.wait_likes(item, 80)
        assert central.likes(item, "view") == views
        epochs = [e["epoch"] for e in central.events("partition-opened") if e["partition"] == 0]
        assert len(epochs) == 5 and epochs == sorted(set(epochs))
        assert central.stop() == 0
    lines = export("--dir", central.data).splitlines()
    assert len(lines) == 80 and lines == sorted(lines)


def test_drain_commits_and_publishes(tmp_path, broker, feed):
    item = feed.item(0)
    with Central(tmp_path, broker.address, central={"snapshot_interval": "60s"}) as central:
        at = feed.batch("a", [like(item, "u1")])
        central.wait_applied("a", at)
        assert central.stop() == 0
    last = [s for s in feed.read("counts") if item in s["items"]][-1]
    assert last["items"][item] == {"1": 1} and last["edges"]["a"] == [1, 1]


def test_log_lost_is_read_from_its_beginning(tmp_path, feed, broker):
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        for n in range(5):
            feed.batch("a", [like(item, f"u{n}")])
        central.wait_likes(item, 5)
        assert central.stop() == 0
    broker.kill9()
    with Broker(tmp_path, PARTITIONS) as fresh:
        other = Feed(fresh.address)
        other.last = dict(feed.last)
        with Central(tmp_path, fresh.address) as central:
            assert [e for e in central.events("log-rewound") if e["partition"] == 0]
            for n in range(3):
                other.batch("b", [like(item, f"v{n}")])
            central.wait_likes(item, 8)
        other.stop()


def test_reads_are_served_without_kafka(tmp_path, feed, broker):
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        feed.batch("a", [like(item, "u1")])
        central.wait_likes(item, 1)
        assert central.stop() == 0
    with Central(tmp_path, f"127.0.0.1:{free_ports(1)[0]}").start(wait=False) as central:
        until(lambda: len(central.events("central-started")) == 2, "no start")
        assert central.likes(item) == 1
        assert central.admin("/readyz").status == 503 and central.admin("/healthz").status == 200
        until(lambda: central.events("kafka-unavailable"), "no word about Kafka")
        assert central.stop() == 0


def test_a_write_that_fails_stops_it_by_name(tmp_path, broker, feed):
    """Nothing is merged behind a failed write; a start with room goes on exactly."""
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        central.wait_metric("kudos_central_commits_total", PARTITIONS)
        resource.prlimit(central.popen.pid, resource.RLIMIT_FSIZE, (16384, 16384))
        for n in range(20):
            feed.batch("a", [like(item, f"user{n}-{m}") for m in range(50)])
        assert central.wait() == 1
        assert "File too large" in central.events("commit-failed")[0]["cause"]
    with Central(tmp_path, broker.address) as central:
        central.wait_likes(item, 1000)


def test_configuration_is_checked_without_opening_anything(tmp_path):
    central = Central(tmp_path, "127.0.0.1:1")
    def check(*more):
        return subprocess.run([program("kudos-central"), "-t", "-c", central.config, *more], capture_output=True, text=True)
    assert check().returncode == 0 and not os.path.exists(central.data)
    for wrong in ("kafka-properties.acks=1", "http.tls_required=true", "central.workers=0", "central.nothing=1"):
        done = check(f"--set={wrong}")
        assert done.returncode == 2 and wrong.split(".")[1].split("=")[0] in done.stderr, done.stderr


# ---- fences and refusals to start ----

def test_a_higher_claim_fences(central, feed):
    claims = until(lambda: [c for c in feed.read("likes") if c["kind"] == "claim"], "no claim")
    epoch = central.partition()["epoch"]
    assert claims == [{"kind": "claim", "epoch": epoch, "central": "central-1"}]
    feed.claim(epoch - 1, "older")
    central.wait_metric("kudos_central_claims_total", 2)
    assert central.running()
    feed.claim(epoch + 1, "newer")
    assert central.wait() == 1
    assert "newer" in central.events("fenced")[0]["cause"]


def test_a_start_takes_over_whatever_its_clock_says_and_two_do_not_do_so_in_turn_for_ever(central, feed):
    until(lambda: [c for c in feed.read("likes") if c["kind"] == "claim"], "no claim")
    ahead = central.partition()["epoch"] + (3600000 << 20)  # of a clock an hour ahead of ours
    central.wait_metric("kudos_central_claims_total", 1)
    feed.claim(ahead, "newer")
    assert central.wait() == 1
    central.start()
    until(lambda: central.partition()["epoch"] > ahead, "not outbid")
    central.wait_metric("kudos_central_epochs_outbid_total", 1)
    central.wait_metric("kudos_central_claims_total", 3)  # theirs, our first, our own above theirs
    newest = central.partition()["epoch"]
    assert [c["epoch"] for c in feed.read("likes") if c["kind"] == "claim"][-1] == newest
    feed.claim(newest + 1, "newer")
    assert central.wait() == 2
    assert "two are running" in central.events("fenced")[-1]["cause"]


def test_another_partition_count_is_refused_by_name(tmp_path, broker):
    central = Central(tmp_path, broker.address, kafka={"partitions": 3}).start(wait=False)
    assert central.wait() == 2
    assert "partition" in central.events("topics-refused")[0]["cause"]


def test_topics_with_fewer_copies_than_configured_are_told(tmp_path, broker):
    with Central(tmp_path, broker.address) as central:
        assert not central.events("topic-few-copies")
    with Central(tmp_path, broker.address, kafka={"replication": 3}) as central:
        told = until(lambda: central.events("topic-few-copies"), "not told")
        assert ("kudos.likes.v1", 1, 3) in {(line["topic"], line["copies"], line["configured"]) for line in told}, told


def test_another_stored_partition_count_is_refused_by_name(tmp_path, broker):
    with Central(tmp_path, broker.address) as central:
        assert central.stop() == 0
    central = Central(tmp_path, broker.address, kafka={"partitions": 1}).start(wait=False)
    assert central.wait() == 2
    cause = central.events("start-failed")[0]["cause"]
    assert "made with kafka.partitions = 2, the configuration says 1: set kafka.partitions = 2" in cause, cause


def test_a_counter_keeps_its_name_and_kind_by_its_number(tmp_path, broker, feed):
    def counters(**of):
        return {"like": None, "save": None, "view": None, "share": None, "clap": None, "heart": None, **of}

    item = feed.item(0)
    with Central(tmp_path, broker.address, counters=counters(like="1 set", save="2 set")) as central:
        feed.batch("a", [like(item, "u1")])
        central.wait_likes(item, 1)
        central.set({"counters": {"clap": "60 set"}})
        central.signal(signal.SIGHUP)
        until(lambda: "clap" in str(central.get("/v1/catalogue").json), "no counter by a reload")
        assert central.stop() == 0
        for wrong, said in (({"like": "2 set", "save": "1 set"}, ("like = 1 set", "save = 1 set")), ({"like": "1 sum", "save": "2 set"}, ("like = 1 set", "like = 1 sum")),
                            ({"like": "1 set", "heart": "60 set"}, ("clap = 60 set", "heart = 60 set"))):
            central.set({"counters": counters(**wrong)})
            before = len(central.events("start-failed"))
            assert central.start(wait=False).wait() == 2
            cause = central.events("start-failed")[before]["cause"]
            assert all(words in cause for words in said), cause
        central.set({"counters": counters(save="2 set", like="1 set")})
        central.start()
        assert central.likes(item, "like") == 1 and central.likes(item, "save") == 0
        central.set({"counters": {"heart": "60 set"}})
        central.signal(signal.SIGHUP)
        until(lambda: any("clap = 60 set" in e["cause"] for e in central.events("reload-refused")), "a number came back under another name")
        assert central.get("/v1/catalogue").json["counters"] == [{"name": n, "id": i, "kind": "set"} for n, i in (("like", 1), ("save", 2))]
        assert central.stop() == 0


def test_one_process_per_directory(tmp_path, broker, central):
    other = Central(tmp_path, broker.address).start(wait=False)
    assert other.wait() == 4
    assert "in use by another process" in other.events("start-failed")[0]["cause"]
    assert "in use" in export("--dir", central.data, rc=4)


# ---- export ----

def test_export(tmp_path, broker, central, feed):
    one, two = feed.item(0), feed.item(1)
    feed.batch("a", [like(one, "u1", T0 + 1), like(one, "u2", T0 + 2), like(one, "u1", T0 + 3, SAVE)], region="asia")
    feed.batch("b", [unlike(one, "u2", T0 + 9)])
    feed.batch("a", [like(two, "u1", T0 + 4)], partition=1)
    central.wait_likes(one, 1)
    central.wait_likes(two, 1)
    wanted = sorted([f"like\t{one}\tu1\t{T0 + 1}\tasia", f"like\t{two}\tu1\t{T0 + 4}\teu", f"save\t{one}\tu1\t{T0 + 3}\tasia"])
    assert export("--url", central.url).splitlines() == wanted
    admin = f"http://127.0.0.1:{central.admin_port}"
    assert f"{admin} is an admin port; an export asks central's public port (http.listen" in export("--url", admin, rc=2)
    assert central.stop() == 0
    assert export("--dir", central.data).splitlines() == wanted
    assert export("--dir", central.data, "-c", central.config).splitlines() == wanted
    assert "cannot be read" in export("--dir", os.path.join(tmp_path, "nothing"), rc=2)
    assert "refused" in export("--url", f"http://127.0.0.1:{free_ports(1)[0]}", rc=4)
    assert export(rc=2)


# ---- what goes out ----

def test_snapshots_follow_each_other(central, feed):
    item = feed.item(0)
    for n in range(6):
        at = feed.batch("a", [like(item, f"u{n}")])
        central.wait_applied("a", at)
    listed = until(lambda: [s for s in feed.read("counts") if s["items"].get(item) == {"1": 6}], "no snapshot of 6 likes")
    assert listed[0]["edges"]["a"] == [1, 6]
    chain = feed.read("counts")
    epoch = central.partition()["epoch"]
    assert {s["epoch"] for s in chain} == {epoch} and {s["partition"] for s in chain} == {0}
    for before, after in zip(chain, chain[1:]):
        assert after["previous"] <= before["version"] <= after["version"]
        assert after["previous"] < after["version"] or not after["items"]
    beats = len(chain)
    until(lambda: len(feed.read("counts", start=beats)) >= 3, "no heartbeats")


def test_changes_are_published_once_each(central, feed):
    item = feed.item(0)
    feed.batch("a", [like(item, "u1"), like(item, "u2")])
    central.wait_likes(item, 2)  # in one commit a like and its unlike would be no change
    feed.batch("b", [like(item, "u1", T0 + 5), unlike(item, "u2", T0 + 5)])
    central.wait_likes(item, 1)
    changes = until(lambda: (c := [x for r in feed.read("changes") for x in r["changes"]]) and len(c) >= 3 and c, "no changes")
    assert sorted(changes) == sorted([[item, "u1", True], [item, "u2", True], [item, "u2", False]])


def test_kafka_away_for_a_while(tmp_path, broker, feed):
    """Nothing is delivered while it is away; then all of it is, and central goes on."""
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        at = feed.batch("a", [like(item, "u1")])
        central.wait_applied("a", at)
        broker.signal(signal.SIGSTOP)
        assert central.likes(item) == 1
        broker.signal(signal.SIGCONT)
        feed.batch("a", [like(item, "u2")])
        central.wait_likes(item, 2)
        until(lambda: any(s["items"].get(item) == {"1": 2} for s in feed.read("counts")), "no snapshot")
        assert central.stop() == 0


# ---- several workers, reload ----

def test_two_workers(tmp_path, broker, feed):
    items = [feed.item(0), feed.item(1)]
    with Central(tmp_path, broker.address, central={"workers": 2}) as central:
        for partition, item in enumerate(items):
            feed.batch("a", [like(item, f"u{n}") for n in range(30)], partition=partition)
        for item in items:
            central.wait_likes(item, 30)
        found = central.get("/v1/counts?items=" + ",".join(items)).json["items"]
        assert [f["counts"]["like"]["count"] for f in found] == [30, 30]
        assert len(export("--url", central.url).splitlines()) == 60
        central.wait_metric("kudos_central_operations_total", 60)
        assert central.stop() == 0
    with Central(tmp_path, broker.address, central={"workers": 1}) as central:
        assert [central.likes(i) for i in items] == [30, 30]


def test_reload(central):
    def rewrite(text):
        with open(central.config, "a", encoding="ascii") as f:
            f.write(text)

    rewrite("[log]\nlevel = debug\n")
    central.signal(signal.SIGHUP)
    until(lambda: central.events("reloaded"), "no reload")
    rewrite("[central]\ncounts_cached = 7777\ncommit_ops = 77\n")
    central.signal(signal.SIGHUP)
    until(lambda: {e.get("key") for e in central.events("reload-refused")} == {"counts_cached", "commit_ops"}, "each option by name")
    rewrite("[http]\ntls_ciphers = AES128-SHA\n")
    central.signal(signal.SIGHUP)
    until(lambda: any("http.tls_ciphers: AES128-SHA" in e.get("cause", "") for e in central.events("reload-refused")), "a bad cipher taken over")
    rewrite("nonsense\n")
    central.signal(signal.SIGHUP)
    until(lambda: len(central.events("reload-refused")) == 4, "bad configuration taken over")
    assert len(central.events("reloaded")) == 1
    assert central.running() and central.get("/v1/time").status == 200


def test_a_reload_adds_counters_collections_and_edges_and_takes_none_away(tmp_path, broker, feed):
    clap, item = 60, feed.item(0)
    counters = {"like": "1 set", "save": "2 set", "view": "3 sum", "share": "4 sum"}

    def reload(daemon, **sections):
        daemon.set(sections)
        daemon.signal(signal.SIGHUP)

    with Central(tmp_path, broker.address, counters=counters, api={"collections": "posts"}) as central:
        central.set({"central": {"edges": "a"}})
        feed.batch("a", [like(item, "u1"), like(item, "u1", counter=clap)])
        feed.batch("a", [like(item, "u3")])  # its edge has let it go: it is not sent again
        feed.batch("a", [like(item, "u4")], seq=5, after=(0, 0))  # behind what it was told of before central's disk was lost
        feed.batch("b", [like(item, "u2")])
        central.wait_likes(item, 1)
        alarm = until(lambda: central.events("alarm-unknown-counter"), "no alarm")[0]
        assert (alarm["edge"], alarm["counter"]) == ("a", clap)
        assert central.get("/v1/songs/1/counts").problem == "unknown-collection"
        reload(central, counters={"clap": f"{clap} set"}, api={"collections": "songs, posts"}, central={"edges": "a, b, c"})
        central.wait_likes(item, 3)
        assert central.likes(item, "clap") == 1 and central.get("/v1/songs/1/counts").status == 200
        assert central.events("log-rewound")[0]["partition"] == 0 and central.applied("a") == (1, 2)
        feed.batch("a", [like(item, "u4")], seq=5, after=(1, 2))
        central.wait_likes(item, 4)
        assert [(x["partition"], x["edge"]) for x in central.events("alarm-passed-over")] == []
        assert central.get("/v1/catalogue").json == {
            "collections": ["posts", "songs"],
            "counters": [{"name": n, "id": i, "kind": k} for n, i, k in (("like", 1, "set"), ("save", 2, "set"), ("view", 3, "sum"),
                                                                         ("share", 4, "sum"), ("clap", clap, "set"))]}
        until(lambda: central.metric('kudos_central_edge_watermark_age_seconds{edge="c"}') > 0, "no metric of an edge that was added")
        until(lambda: math.isnan(central.metric("kudos_central_low_watermark_age_seconds")), "an age without a low watermark")
        assert central.partition()["floor"]["holder"] == "c" and f"clap\t{item}\tu1" in export("--url", central.url)
        until(lambda: central.metric("kudos_central_quarantined_records") == 0, "the gauge stayed")
        # Taking away, or changing, is refused by name, and the old ones stay.
        reload(central, counters={"save": None, "view": "3 set"}, api={"collections": "songs"}, central={"edges": "a"})
        refused = until(lambda: [e for e in central.events("reload-refused") if e["key"] == "collections"] and central.events("reload-refused"), "not refused")
        assert {(e["key"], e["name"]) for e in refused} == {("save", "save"), ("edges", "b"), ("collections", "posts")}
        assert central.likes(item, "save") == 0 and central.get("/v1/posts/1/counts").status == 200
        reload(central, counters={**counters, "likers": "61 set"})
        until(lambda: any("likers" in e["cause"] for e in central.events("reload-refused")), "a path of the API was taken over as a counter")
        assert central.stop() == 0


def test_a_start_with_the_counter_that_was_missing_merges_what_waited_and_all_that_came_behind_it(tmp_path, broker, feed):
    clap, item = 60, feed.item(0)
    with Central(tmp_path, broker.address) as central:
        feed.batch("a", [like(item, "u1", counter=clap)])
        feed.batch("a", [like(item, "u2")])
        central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
        assert central.stop() == 0
        central.set({"counters": {"like": "1 set", "save": "2 set", "view": "3 sum", "share": "4 sum", "clap": f"{clap} set"}})
        central.start()
        central.wait_likes(item, 1)
        assert central.likes(item, "clap") == 1
        assert central.applied("a") == (1, 2)


def test_batches_that_their_edge_has_gone_on_behind_raise_an_alarm(tmp_path, broker, feed):
    item = feed.item(0)
    with Central(tmp_path, broker.address) as central:
        feed.batch("a", [like(item, "u1")])
        feed.batch("a", [like(item, "u2")], seq=3, after=(1, 2))
        central.wait_metric('kudos_central_batches_total{result="gap"}', 1)
        feed.batch("a", [like(item, "u3")], seq=4, after=(1, 1))
        central.wait_likes(item, 2)
        alarm = until(lambda: central.events("alarm-passed-over"), "no alarm")
        assert [(x["partition"], x["edge"]) for x in alarm] == [(0, "a")]
        central.wait_metric('kudos_central_alarms_total{reason="passed-over"}', 1)


# ---- TLS ----

def test_tls_and_its_renewal(tmp_path, broker, feed):
    def shown():
        """The certificate that a new connection gets."""
        return ssl.get_server_certificate(("127.0.0.1", central.port))

    def text(path):
        with open(path, encoding="ascii") as f:
            return f.read()

    item = feed.item(0)
    cert, key = make_certificate(tmp_path, "first")
    new_cert, new_key = make_certificate(tmp_path, "second")
    files = {"tls_certificate": cert, "tls_key": key, "tls_required": "true"}
    with Central(tmp_path, broker.address, http=files) as central:
        feed.batch("a", [like(item, "u1", T0)])
        wanted = f"like\t{item}\tu1\t{T0}\teu\n"
        url = f"https://127.0.0.1:{central.port}"
        until(lambda: export("--url", url, "--ca", cert) == wanted, "no export over TLS")
        for arguments in ([], ["--ca", new_cert]):
            refused = export("--url", url, *arguments, rc=4)
            assert "the certificate of this peer cannot be verified" in refused and "--ca" in refused, refused
        with Edge(tmp_path, broker.address, partitions=PARTITIONS, central=url) as edge:
            until(lambda: edge.events("central-untrusted"), "an edge that cannot verify central did not say so")
        with pytest.raises((OSError, http.client.HTTPException)):
            central.get("/v1/time")
        assert shown() == text(cert)
        os.replace(new_cert, cert)
        central.signal(signal.SIGHUP)  # the key does not fit: the old one stays
        until(lambda: central.events("certificate-kept"), "a wrong pair was taken over")
        os.replace(new_key, key)
        central.signal(signal.SIGHUP)
        until(lambda: central.events("certificate-reloaded"), "no new certificate")
        assert shown() == text(cert)
