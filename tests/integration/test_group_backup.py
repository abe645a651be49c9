"""A backup of a central whose members share the partitions: one command at any of them, one copy of all partitions, also while they move; and what comes back when all is lost.

Every wait has a deadline and a condition.
"""
import glob
import os
import shutil
import signal
import time

import pytest

from cluster import AGREE_S, PARTITIONS
from group import NAMES, Group, taken_over
from object_store import s3_server, store  # noqa: F401 (fixtures)
from operating import WAIT_S, audit, last_line, run
from proc import Broker, Central, fields_of, wait_until
from whole import broker  # noqa: F401 (fixture)

LONG = os.environ.get("KUDOS_LONG") == "1"


@pytest.fixture(scope="module")
def group(tmp_path_factory):
    where = tmp_path_factory.mktemp("group")
    with Broker(where, PARTITIONS) as b, Group(where, b.address, replicas=3) as g:  # each member holds all partitions
        yield g


@pytest.fixture
def own_group(tmp_path, broker):
    with Group(tmp_path, broker.address) as g:
        yield g


def url_of(group):
    """All members' URLs: an export asks each leader."""
    return ",".join(m.url for m in group.members.values() if m.running())


def exported(*where):
    return run("export", *where).stdout.splitlines()


def backup(group, to, *more, of="central-1", rc=0):
    done = run("backup", to, "--url", group.of(of).url, *more, rc=rc)
    return last_line(done, "backup") if rc == 0 else done.stderr


def listed(group, of="central-2"):
    """Name, whether it is complete, and partition, of each backup that a leader counts on."""
    lines = run("backup", "--list", "--url", group.of(of).url).stdout.splitlines()[:-1]
    return sorted((f["name"], f["complete"], int(f["partition"])) for f in map(fields_of, lines))


def complete_everywhere(name):
    return [(name, "yes", p) for p in range(PARTITIONS)]


def lose_centrals(group):
    for member in group.members.values():
        member.kill9()
        shutil.rmtree(member.data)


def restore(words, to, *more, rc=0):
    done = run("restore", *words, "--to", to, *more, rc=rc)
    return last_line(done, "restore") if rc == 0 else done.stderr


def judged(group):
    """All is counted, at every member, and one audit finds it."""
    group.settled(3)
    group.exact()
    group.like(20)
    group.exact()
    assert len(exported("--url", url_of(group))) == group.likes
    assert last_line(run("audit", "--url", group.of("central-2").url), "audit")["members"] == str(group.likes)
    assert not any(m.events("alarm-follower-differs") for m in group.members.values())


def backed_up_and_lost(group, saved):
    """40 likes that the backup has, 20 that came later, and then no member is left. Central-1 is restored. What the backup has."""
    group.like(40)
    group.exact()
    assert len(set(group.leads().values())) > 1, "one member leads all: this is no spread group"
    done = backup(group, saved, "--name", "first", of="central-3")
    assert (done["name"], done["partitions"], done["verdict"]) == ("first", str(PARTITIONS), "done")
    assert listed(group) == complete_everywhere("first")
    members, to = exported("--url", url_of(group)), group.of("central-1").data
    assert len(members) == group.likes
    group.like(20)
    group.exact()
    lose_centrals(group)
    assert restore([saved], to) == {"name": "first", "partitions": str(PARTITIONS), "rows": done["rows"], "to": to, "verdict": "done"}
    assert audit("--dir", to)["verdict"] == "exact"
    assert exported("--dir", to) == members


def test_a_restore_takes_the_parts_of_all_machines_and_names_what_is_missing(tmp_path, group):
    group.like(40)
    group.exact()
    saved = tmp_path / "saved"
    backup(group, saved, "--name", "b")
    members = exported("--url", url_of(group))
    parts = {part.split(".part-")[1]: part for part in glob.glob(f"{saved}/b.part-*")}
    assert set(parts) == set(group.leads().values())
    places = [saved]
    for name, part in parts.items():  # as if each machine had a directory of its own
        place = tmp_path / f"of-{name}"
        place.mkdir()
        shutil.move(part, place)
        places.append(place)
    to = tmp_path / "to"
    for away in places[1:]:
        name = away.name.removeprefix("of-")
        missing = [p for p, leader in group.leads().items() if leader == name]
        said = restore([p for p in places if p != away], to, rc=2)
        assert all(f"{p} (in b.part-{name})" in said for p in missing), said
    assert "no backup" in restore(places[1:], to, rc=2)
    assert not to.exists()
    restore(places, to)
    assert exported("--dir", to) == members
    assert "is not empty" in backup(group, saved, rc=2)
    assert "No such file" in backup(group, tmp_path / "no" / "parent", rc=1)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "file").touch()
    assert "holds file" in backup(group, tmp_path / "else", rc=2)
    assert "there is a backup of that name" in backup(group, tmp_path / "again", "--name", "b", rc=1)
    assert listed(group) == complete_everywhere("b"), "nothing is left of those that failed"
    assert not (tmp_path / "again").exists()
    other = tmp_path / "other"
    backup(group, other, "--name", "c")
    assert "two backups, b and c" in restore([saved, other], tmp_path / "no", rc=2)
    victim = next(glob.iglob(f"{other}/c.part-*/partition-0001"))
    for name in glob.glob(f"{victim}/*.log") + glob.glob(f"{victim}/*.ldb"):
        with open(name, "r+b") as f:
            data = bytearray(f.read())
            data[len(data) // 2] ^= 1
            f.seek(0)
            f.write(data)
    assert "partition-0001" in restore([other], tmp_path / "no", rc=1) and not (tmp_path / "no").exists()
    for name in "bc":
        run("backup", "--forget", name, "--url", group.of("central-3").url)
    assert listed(group) == []


def test_the_directory_of_a_stopped_member_says_what_others_lead(tmp_path, group):
    """It let partitions go, or followed: what it has of these is old, and neither audit nor backup says `exact` or `done` of it in silence."""
    group.like(8)
    group.exact()
    leads, stopped = group.leads(), group.of("central-3")
    assert stopped.stop() == 0
    taken_over(group, "central-3")
    others = {p: leader for p, leader in leads.items() if leader != "central-3"}

    def stale(done):
        return {int(f["partition"]): f["leader"] for f in map(fields_of, done.stdout.splitlines()) if "leader" in f}

    told = run("audit", "--dir", stopped.data)
    assert stale(told) == others and "went on since" in told.stderr and last_line(told, "audit")["verdict"] == "exact"
    assert set(stale(run("audit", "--dir", stopped.data, "-c", stopped.config))) == set(leads), "by its file it is a member of a group"
    told = run("backup", tmp_path / "old", "--dir", stopped.data, rc=2)
    assert stale(told) == others and "--stale" in told.stderr and not (tmp_path / "old").exists()
    assert "stale partition=" in run("export", "--dir", stopped.data).stderr
    assert last_line(run("backup", tmp_path / "old", "--dir", stopped.data, "--stale", "--name", "old"), "backup")["verdict"] == "done"
    run("backup", "--forget", "old", "--dir", stopped.data)
    stopped.start(wait=False)
    group.settled(3)


def test_a_groups_backup_restores_all_partitions_after_all_members_are_lost(tmp_path, group):
    backed_up_and_lost(group, tmp_path / "saved")
    for name in NAMES[1:]:
        restore([tmp_path / "saved"], group.of(name).data)
    for member in group.members.values():
        member.start(wait=False)
    judged(group)


if LONG:

    def view(group, numbers):
        for k in numbers:
            assert group.edge.post(f"/v1/posts/{k % 8}/view", user=f"v{k}", headers={"Idempotency-Key": f"view-{k}"}).status == 200

    def counted(url):
        """Likes and views, as central has them."""
        lines = [line.split("\t") for line in exported("--url", url, "--sums")]
        return sum(len(line) == 5 for line in lines), sum(int(line[2]) for line in lines if len(line) == 4)

    def wait_counted(url, expected, what):
        wait_until(lambda: counted(url) == expected, AGREE_S, f"{expected}: {what}")

    @pytest.fixture
    def elsewhere(tmp_path, own_group):
        """Another Kafka, empty, and new machines with the members' names; the edge is pointed there by its file."""
        group, site = own_group, tmp_path / "elsewhere"
        with Broker(site, PARTITIONS) as kafka:
            members = {name: Central(site, kafka.address, name=name, partitions=PARTITIONS, more=group.more) for name in NAMES}
            for member in members.values():
                member.set({"central": {"advertise": member.url}})
            try:
                yield members, {"kafka": {"brokers": kafka.address}, "central": {"url": ", ".join(m.url for m in members.values())}}
            finally:
                for member in members.values():
                    member.kill9()

    def test_a_lost_site_comes_back_elsewhere_from_the_last_backup(tmp_path, broker, own_group, elsewhere):
        """All members are gone, and Kafka. The way of docs/operations/recover.md: one restored member alone first; its new backup is the seed of the others.
        No like is lost. Views that were merged since the backup are; the last line tells how many, and how long it took."""
        group, (members, pointed) = own_group, elsewhere
        group.like(40)
        view(group, range(10))
        wait_counted(url_of(group), (40, 10), "what the backup has")
        backup(group, tmp_path / "saved", "--name", "last")
        group.like(20)
        view(group, range(10, 17))
        wait_counted(url_of(group), (60, 17), "what it lacks")
        wait_until(lambda: group.edge.metric("kudos_edge_outbox_batches") == 0, AGREE_S, "the edge has heard of it, so that nobody has those views any more")
        lose_centrals(group)
        broker.kill9()
        group.like(20)  # the edge takes them all the same
        view(group, range(17, 22))
        begun = time.monotonic()
        group.members, first = members, members["central-1"]
        restore([tmp_path / "saved"], first.data)
        first.set({"central": {"members": 1, "replicas": 1}})
        first.start()
        group.edge.kill9()
        group.edge.set(pointed)
        group.edge.start()
        served = time.monotonic() - begun
        wait_until(lambda: counted(first.url)[0] == group.likes, AGREE_S, "every like, of the backup or of the edge")
        group.exact()
        exact, views = time.monotonic() - begun, counted(first.url)[1]
        assert views == 22 - 7, "the backup's, and those that were in the edge's outbox: none twice"
        backup(group, tmp_path / "seed", "--name", "seed")
        for name in NAMES[1:]:
            restore([tmp_path / "seed"], members[name].data)
        assert first.stop() == 0
        first.set({"central": {"members": 3, "replicas": 2}})
        for member in members.values():
            member.start(wait=False)
        judged(group)
        print(f"site likes={group.likes} likes_lost=0 views=22 views_lost={22 - views} served_s={served:.1f} exact_s={exact:.1f} "
              f"group_s={time.monotonic() - begun:.1f} verdict=back")

    def test_a_leader_that_is_gone_is_replaced_in_the_middle_of_a_backup(tmp_path, own_group):
        """Its partitions are copied by whoever takes them over, though it was the leader of them when the backup was ordered."""
        group = own_group
        group.like(40)
        group.exact()
        victim = group.leads()[0]
        asked = next(name for name in NAMES if name != victim)
        group.of(victim).signal(signal.SIGSTOP)
        done = backup(group, tmp_path / "saved", "--name", "b", of=asked)
        assert done["partitions"] == str(PARTITIONS)
        assert not os.path.exists(f"{tmp_path}/saved/b.part-{victim}")
        assert listed(group, asked) == complete_everywhere("b")
        restore([tmp_path / "saved"], tmp_path / "to")
        assert audit("--dir", tmp_path / "to")["members"] == "40"

    def test_any_member_prunes_an_object_store_and_all_leaders_forget(tmp_path, broker, store):  # noqa: F811
        """Also one that leads a share alone: it removes what is in the store, and the command tells the leaders of the other partitions, even if the pruning fails half-way."""
        with Group(tmp_path, broker.address, more={"backup": {**store.options, "timeout": "2s"}}) as group:
            for name in ("b0", "b1", "b2"):
                group.like(8)
                group.exact()
                backup(group, store.at("p"), "--name", name)
            assert len(set(group.leads().values())) > 1, "one member leads all: this is no spread group"
            members = exported("--url", url_of(group))
            done = run("backup", store.at("p"), "--prune", "2", "--url", group.of("central-3").url)
            last = last_line(done, "backup")
            assert (last["kept"], last["pruned"], last["verdict"]) == ("2", "1", "pruned") and "pruned name=b0\n" in done.stdout
            assert listed(group) == sorted(complete_everywhere("b1") + complete_everywhere("b2"))
            store.rule = lambda passing: "503" if passing.method == "DELETE" and passing.key.endswith((".rows", ".list")) else None
            assert "pruned name=b1\n" in run("backup", store.at("p"), "--forget", "b1", "--url", group.of("central-2").url, rc=4).stdout
            assert listed(group) == complete_everywhere("b2")
            store.rule = None
            last = last_line(run("backup", store.at("p"), "--prune", "1", "--url", group.of("central-2").url), "backup")
            assert last["pruned"] == "0" and int(last["removed_objects"]) > 0, "the next pruning removes what that one left"
            assert "no backup b1" in run("backup", store.at("p"), "--forget", "b1", "--url", group.of("central-1").url, rc=1).stderr
            restore([store.at("p")], tmp_path / "to", *store.sets)
            assert exported("--dir", tmp_path / "to") == members

    def test_what_moves_behind_its_copy_is_copied_once_more_to_an_object_store(tmp_path, broker, store):  # noqa: F811
        """A leader dies in the moment in which the manifest is put: who leads its partitions then does not know of the backup."""
        with Group(tmp_path, broker.address, more={"backup": store.options}) as group:
            group.like(40)
            group.exact()
            killed = []

            def rule(passing):
                if passing.method == "PUT" and passing.key.endswith("backups/b") and not killed:
                    killed.append(group.leads()[0])
                    group.of(killed[0]).kill9()

            store.rule = rule
            asked = next(name for name in NAMES if name != group.leads()[0])
            done = backup(group, store.at("p"), "--name", "b", of=asked)
            assert killed and done["partitions"] == str(PARTITIONS) and int(done["new_objects"]) > 0
            puts = [p.key for p in store.seen if p.method == "PUT" and p.status == 200]
            assert sum(key.endswith("backups/b") for key in puts) >= 2 and puts[-1].endswith("backups/b"), puts
            assert listed(group, asked) == complete_everywhere("b")
            assert run("backup", store.at("p"), "--list", *store.sets).stdout.count("name=b ") == 1
            members = exported("--url", url_of(group))
            assert restore([store.at("p")], tmp_path / "to", *store.sets)["name"] == "b"
            assert exported("--dir", tmp_path / "to") == members and len(members) == 40
