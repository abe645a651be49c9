"""Milestones and changes as their readers see them, beside a whole cluster: what the examples (examples/liked.py, examples/milestones.py) make of the
topics is what central has, though central is killed again and again.
"""
import collections
import os
import shutil
import subprocess

from proc import SLOWER, TOP, wait_until
from test_follow_changes import REPEAT, drive, python
from whole import broker, ok  # noqa: F401
from cluster import AGREE_S, Cluster
from group import Group, taken_over

import pytest

NUMBERS = {"like": 1, "save": 2, "view": 3, "share": 4}
THRESHOLDS = (2, 3, 5, 8, 13)


@pytest.fixture
def cluster(tmp_path, broker):  # noqa: F811
    thresholds = ", ".join(map(str, THRESHOLDS))
    with Cluster(tmp_path, broker.address, central={"central": {"milestones": thresholds}}) as c:
        yield c


def example(name, *arguments):
    return python(os.path.join(TOP, "examples", name), *arguments).stdout.splitlines()


def rows(central):
    """(counter, item, user) of all likes and saves that central has."""
    out = subprocess.run([*central.command[:1], "export", "--url", central.url], check=True, capture_output=True, text=True).stdout
    return [(NUMBERS[counter], item, user) for counter, item, user, *_ in (line.split("\t") for line in out.splitlines())]


def settled(cluster):
    cluster.wait_flushed()
    wait_until(lambda: cluster.central.metric("kudos_central_unpublished_bytes") == 0, what="all of it in Kafka")


def has(cluster, item, likes):
    """Central has merged it: a like and an unlike that meet in one batch pass nothing."""
    wait_until(lambda: cluster.central.get(f"/v1/{item}/counts").json["counts"]["like"]["count"] == likes, what=f"{likes} likes of {item}")
    settled(cluster)


def drive_through_kills(cluster, seeds):
    """Users act while central is killed: before it has deleted what it has published, so it publishes some of it again."""
    for seed in seeds:
        drive(cluster, seed, rounds=4)
        cluster.central.kill9()
        cluster.central.start()
    settled(cluster)


def records(broker, topic):  # noqa: F811
    script = ("import sys; sys.path.insert(0, sys.argv[3]); from types import SimpleNamespace as S; from liked import read_new\n"
              "from kudos_records import decode\n"
              "for m in read_new(S(brokers=sys.argv[1], topic=sys.argv[2]), {}):\n"
              "    r = decode(m.value())\n"
              "    for i, x in enumerate(r['milestones']): print(r['partition'], r['version'], r['first'] + i, x['id'], x['count'])\n")
    lines = python("-c", script, broker.address, topic, os.path.join(TOP, "examples")).stdout.splitlines()
    return [line.split() for line in lines]


def test_what_a_user_likes_is_what_central_exports_through_kills_and_copies(tmp_path, cluster, broker):  # noqa: F811
    likes = tmp_path / "liked.json"
    drive_through_kills(cluster, (1, 2))
    example("liked.py", "--brokers", broker.address, "--file", likes)
    assert int(python("-c", REPEAT, broker.address, "kudos.changes.v1").stdout) > 5
    drive_through_kills(cluster, (3,))
    copies = int(example("liked.py", "--brokers", broker.address, "--file", likes)[0].split()[1])
    assert copies > 5, "each record of before came once more"
    expected = collections.defaultdict(list)
    for counter, item, user in rows(cluster.central):
        expected[user].append(f"{counter} {item}")
    assert len(expected) > 10
    for user, lines in expected.items():
        assert example("liked.py", "--file", likes, "--user", user) == sorted(lines)


def test_each_milestone_is_told_once_and_none_that_was_not_passed(tmp_path, cluster, broker):  # noqa: F811
    told = tmp_path / "told.txt"
    drive_through_kills(cluster, (11, 12, 13))
    lines = example("milestones.py", "--brokers", broker.address, "--file", told)
    assert int(python("-c", REPEAT, broker.address, "kudos.milestones.v1").stdout) > 0
    assert example("milestones.py", "--brokers", broker.address, "--file", told) == [], "copies"
    ids = [line.split()[0] for line in lines]
    assert len(ids) == len(set(ids)) > 10
    counts = collections.Counter((counter, item) for counter, item, _ in rows(cluster.central))
    must = {f"{counter}/{item}/{t}" for (counter, item), count in counts.items() for t in THRESHOLDS if t <= count}
    assert must and must <= set(ids), "what stands above a threshold has passed it"
    labels = collections.defaultdict(set)
    for partition, version, place, milestone, count in records(broker, "kudos.milestones.v1"):
        labels[milestone].add((partition, version, place, count))
        assert int(count) >= int(milestone.rsplit("/", 1)[1])
    assert all(len(of) == 1 for of in labels.values()), "a copy has the label of the first"


def test_a_threshold_is_told_once_though_its_likes_are_withdrawn_and_liked_again(tmp_path, cluster, broker):  # noqa: F811
    edge = cluster.edges[0]
    for again in range(3):
        for likes, user in enumerate(("u1", "u2"), 1):
            ok(edge.post("/v1/posts/again/like", user=user))
            has(cluster, "posts/again", likes)
        cluster.central.kill9()
        cluster.central.start()
        ok(edge.delete("/v1/posts/again/like", user="u2"))
        has(cluster, "posts/again", 1)
        found = wait_until(lambda: {tuple(r) for r in records(broker, "kudos.milestones.v1")}, what="the milestone")
        assert len(found) == 1 and next(iter(found))[3:] == ("1/posts/again/2", "2"), found


def test_after_a_restore_the_same_milestone_comes_again_under_the_same_id(tmp_path, cluster, broker):  # noqa: F811
    central, edge = cluster.central, cluster.edges[0]
    ok(edge.post("/v1/posts/back/like", user="u1"))
    settled(cluster)
    assert central.stop() == 0
    shutil.copytree(central.data, tmp_path / "copy")
    central.start()
    ok(edge.post("/v1/posts/back/like", user="u2"))
    settled(cluster)
    first = wait_until(lambda: records(broker, "kudos.milestones.v1"), what="the milestone")
    assert {r[3] for r in first} == {"1/posts/back/2"}
    central.kill9()
    shutil.rmtree(central.data)
    shutil.move(tmp_path / "copy", central.data)
    central.start()
    wait_until(lambda: len(records(broker, "kudos.milestones.v1")) > len(first), 30 * SLOWER, "the milestone once more")
    assert {r[3] for r in records(broker, "kudos.milestones.v1")} == {"1/posts/back/2"}
    assert len(example("milestones.py", "--brokers", broker.address, "--file", tmp_path / "told")) == 1


def test_what_passes_a_threshold_while_nobody_leads_is_told(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address, more={"central": {"milestones": "2"}}) as group:
        victim = group.leads()[0]
        group.of(victim).kill9()
        items = [f"posts/alone-{n}" for n in range(12)]
        for item in items:
            for user in ("u1", "u2", "u3"):
                ok(group.edge.post(f"/v1/{item}/like", user=user))
        taken_over(group, victim)
        must, seen = {f"1/{item}/2" for item in items}, []

        def told():
            seen[:] = [{r[3] for r in records(broker, "kudos.milestones.v1")}]
            return must <= seen[0]

        wait_until(told, AGREE_S, "all milestones")
        assert seen[0] == must
