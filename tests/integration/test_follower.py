"""A central that follows another one: it merges the same log, writes nothing, answers reads while it agrees with its leader, and says when it does not.

Every wait has a deadline and a condition.
"""
import contextlib

import pytest

from cluster import AGREE_S, PARTITIONS, Cluster, Replay
from proc import Broker, Central, run_program, wait_until
from votes import head_of_the_log
from whole import broker  # noqa: F401 (fixture)

EVENTS = 30000
FAST = {"central": {"snapshot_interval": "200ms"}}


def follower_of(c, directory, broker_, name="central-2", data=None):
    more = {"central": {**FAST["central"], "role": "follower", "edges": c.central.sections["central"].get("edges")}}
    if data:
        more["central"]["data_dir"] = str(data)
    return Central(str(directory), broker_.address, name=name, partitions=PARTITIONS, more=more)


def members(central, rc=0):
    lines = run_program("kudos-central", "members", "--url", central.url, rc=rc).stdout.splitlines()
    return [dict(f.split("=", 1) for f in line.split()[1:]) for line in lines]


def agrees(follower, leader):
    """All partitions agree, and have read what the leader has."""
    def reads(central):
        return {(p["partition"], p["records_read"], p["digest"]) for p in central.admin("/debug/partitions").json["partitions"]}

    def check():
        return members(follower)[-1]["verdict"] == "agreed" and reads(follower) == reads(leader)

    wait_until(check, AGREE_S, "a follower that agrees")


@contextlib.contextmanager
def killed_at_the_end(daemon):
    """One that is not ready, and need not get so."""
    try:
        yield daemon
    finally:
        daemon.kill9()


def merges(central):
    try:
        return central.metric("kudos_central_batches_total") > 0
    except OSError:
        return False  # it does not listen yet


def liked_by(c, items, n):
    """Until posts/0 and so on have so many likes each, everywhere."""
    for item in range(items):
        c.wait_counts(f"posts/{item}", "like", n)


def export(central):
    return run_program("kudos-central", "export", "--url", central.url).stdout


@pytest.fixture
def leader(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address) as c:
        yield c


def test_a_follower_ends_with_what_its_leader_has_through_kills_under_load(tmp_path, leader, broker):  # noqa: F811
    log, pairs = head_of_the_log(tmp_path, EVENTS)
    with follower_of(leader, tmp_path, broker) as f, Replay(leader, log, "random") as replay:
        leader.wait_taken(1000)
        f.kill9()
        leader.wait_taken(3000)
        f.start()
        leader.central.kill9()
        leader.central.start()
        replay.exact(pairs)
        agrees(f, leader.central)
        assert export(f) == export(leader.central)
        told = members(f)
        assert told[-1] == {"members": "2", "leading": str(PARTITIONS), "following": str(PARTITIONS), "lag_max": "0", "wanted": "0",
                            "verdict": "agreed"}
        assert {(m["leader"], m["follower"], m["state"]) for m in told[:-1]} == {("central-1", "central-2", "agreed")}
        assert f.metric("kudos_central_followed_partitions") == PARTITIONS
        assert not f.events("alarm-follower-differs") and not leader.central.events("fenced")
        item = export(f).splitlines()[0].split("\t")[1]
        shown, led = f.get(f"/v1/{item}/counts").json, leader.central.get(f"/v1/{item}/counts").json
        assert {k: v["count"] for k, v in shown["counts"].items()} == {k: v["count"] for k, v in led["counts"].items()}
        assert shown["age_ms"] is not None and shown["age_ms"] < AGREE_S * 1000 and led["age_ms"] == 0
        assert f.get(f"/v1/{item}/likers").json["likers"]
        assert f.stop() == 0


def test_a_follower_begins_with_a_backup_of_its_leader(tmp_path, leader, broker):  # noqa: F811
    for n in range(30):
        assert leader.edges[n % 3].post(f"/v1/posts/{n % 6}/like", user=f"u{n}").status == 200
    liked_by(leader, 6, 5)
    saved, data = tmp_path / "saved", tmp_path / "seeded"
    run_program("kudos-central", "backup", saved, "--url", leader.central.url, "--name", "seed")
    run_program("kudos-central", "restore", saved, "--to", data)
    for n in range(30, 60):
        assert leader.edges[n % 3].post(f"/v1/posts/{n % 6}/like", user=f"u{n}").status == 200
    with follower_of(leader, tmp_path, broker, data=data) as f:
        liked_by(leader, 6, 10)
        agrees(f, leader.central)
        assert export(f) == export(leader.central) and len(export(f).splitlines()) == 60
        assert f.metric("kudos_central_rewinds_total") == 0, "it goes on behind what the copy holds"


def test_what_operators_order_reaches_who_follows(tmp_path, leader, broker):  # noqa: F811
    """An edge is retired while it runs, refused, and taken back: leader and follower judge each batch alike, and read the log again from the same place."""
    edge, where = leader.edges[0], ["--url", leader.central.url]
    with follower_of(leader, tmp_path, broker) as f:
        edge.post("/v1/posts/1/like", user="u1")
        leader.wait_counts("posts/1", "like", 1)
        agrees(f, leader.central)
        run_program("kudos-central", "retire", edge.name, *where)
        wait_until(lambda: edge.metric("kudos_edge_retired_partitions") == PARTITIONS, AGREE_S, "it refuses")
        agrees(f, leader.central)
        assert {e["retired"] for p in f.admin("/debug/partitions").json["partitions"] for e in p["edges"] if e["edge"] == edge.name} == {True}
        run_program("kudos-central", "retire", edge.name, "--undo", *where)
        wait_until(lambda: edge.post("/v1/posts/1/like", user="u2").status == 200, AGREE_S, "it takes likes again")
        assert leader.edges[1].post("/v1/posts/1/like", user="u3").status == 200
        leader.wait_counts("posts/1", "like", 3)
        agrees(f, leader.central)
        assert export(f) == export(leader.central)
        assert not f.events("alarm-follower-differs")


def test_a_follower_notices_what_was_ordered_of_its_leader_while_that_was_stopped(tmp_path, leader, broker):  # noqa: F811
    """Such an order is not in the log: the follower cannot have it, answers no more, and says so."""
    with follower_of(leader, tmp_path, broker) as f:
        leader.edges[0].post("/v1/posts/1/like", user="u1")
        leader.wait_counts("posts/1", "like", 1)
        agrees(f, leader.central)
        assert leader.central.stop() == 0
        run_program("kudos-central", "retire", leader.edges[0].name, "--dir", leader.central.data)
        leader.central.start()
        wait_until(lambda: f.events("alarm-follower-differs"), AGREE_S, "an alarm")
        assert members(f, rc=1)[-1]["verdict"] == "differs"
        wait_until(lambda: f.get("/v1/posts/1/counts").status == 503, AGREE_S, "no answer")
        assert f.get("/v1/posts/1/counts").json["type"] == "urn:kudos:central-unavailable"
        assert f.metric('kudos_central_alarms_total{reason="follower"}') >= 1
        assert leader.edges[1].post("/v1/posts/1/like", user="u2").status == 200
        wait_until(lambda: leader.central.get("/v1/posts/1/counts").json["counts"]["like"]["count"] == 2, AGREE_S, "its leader goes on")


def test_a_follower_takes_no_orders_and_answers_no_edge(tmp_path, leader, broker):  # noqa: F811
    with follower_of(leader, tmp_path, broker) as f:
        leader.edges[0].post("/v1/posts/1/like", user="u1")
        leader.wait_counts("posts/1", "like", 1)
        agrees(f, leader.central)
        done = run_program("kudos-central", "retire", leader.edges[0].name, "--url", f.url, rc=1)
        assert "this central follows" in done.stderr
        elsewhere = f.get("/v1/snapshots/posts/1")
        assert elsewhere.status == 421 and elsewhere.json["type"] == "urn:kudos:misdirected"
        assert [set(e) for e in elsewhere.json["elsewhere"]] == [{"partition", "leader"}]
        assert f.get("/v1/posts/1/counts").status == 200
        assert f.get("/v1/posts/1/counts", headers={"Kudos-Ask": "leader"}).status == 421
        many = f.get("/v1/counts?items=" + ",".join(f"posts/{n}" for n in range(20)), headers={"Kudos-Ask": "leader"})
        assert many.status == 421 and {e["partition"] for e in many.json["elsewhere"]} == set(range(PARTITIONS)), "each once"
        for central, role in ((f, "follower"), (leader.central, "leader")):
            told = central.get("/v1/members").json
            assert {(p["leader"], p["role"]) for p in told["partitions"]} == {("central-1", role)}
            assert [p["partition"] for p in told["partitions"]] == list(range(PARTITIONS))
            assert [m["name"] for m in told["members"] if m["self"]] == [central.name]
            assert "central-1" in {m["name"] for m in told["members"]}
        assert members(leader.central)[-1]["members"] == "1"


def test_a_follower_compares_with_what_was_published_before_it_started(tmp_path, leader, broker):  # noqa: F811
    leader.edges[0].post("/v1/posts/1/like", user="u1")
    leader.wait_counts("posts/1", "like", 1)
    leader.central.stop()
    with killed_at_the_end(follower_of(leader, tmp_path, broker).start(wait=False)) as f:
        wait_until(lambda: merges(f), AGREE_S, "it merges")
        f.wait_ready()
        assert f.get("/v1/posts/1/counts").json["counts"]["like"]["count"] == 1, "its leader is away"
        leader.central.start()
        agrees(f, leader.central)
        assert f.get("/v1/posts/1/counts").json["counts"]["like"]["count"] == 1


def test_a_follower_whose_place_in_the_log_is_gone_is_lost(tmp_path, leader, broker):  # noqa: F811
    with follower_of(leader, tmp_path, broker) as f:
        leader.edges[0].post("/v1/posts/1/like", user="u1")
        leader.wait_counts("posts/1", "like", 1)
        agrees(f, leader.central)
        f.stop()
    with Broker(str(tmp_path), partitions=PARTITIONS, name="other") as other:
        f.set({"kafka": {"brokers": other.address}})
        with killed_at_the_end(f.start(wait=False)):
            wait_until(lambda: f.events("alarm-follower-lost"), AGREE_S, "an alarm")
            assert f.get("/v1/posts/1/counts").status == 503
            assert members(f, rc=1)[-1]["verdict"] == "differs"


def test_who_leads_after_it_followed_undoes_nothing_that_edges_were_told_by_the_copy_it_began_from(tmp_path, leader, broker):  # noqa: F811
    """The follower is started as the leader. What edges sent since the copy was made they send again; nothing is lost or doubled."""
    for n in range(20):
        leader.edges[n % 3].post(f"/v1/posts/{n % 5}/like", user=f"u{n}")
    liked_by(leader, 5, 4)
    with follower_of(leader, tmp_path, broker) as f:
        agrees(f, leader.central)
        leader.central.kill9()
        for n in range(20, 40):
            leader.edges[n % 3].post(f"/v1/posts/{n % 5}/like", user=f"u{n}")
        f.stop()
        f.set({"central": {"role": "leader"}})
        for edge in leader.edges:
            edge.set({"central": {"url": f.url}})
            edge.stop()
            edge.start()
        with f:
            leader.central = f
            liked_by(leader, 5, 8)
