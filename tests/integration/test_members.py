"""Several centrals as members of a group: who leads what, and what happens when one is killed, frozen, stopped, joins, or begins with nothing.

Every wait has a deadline and a condition.
"""
import os
import shutil
import signal
import subprocess

import pytest

import kafka
from central_feed import Feed
from cluster import AGREE_S, PARTITIONS
from group import NAMES, TAKEN_OVER_S, Group, taken_over
from keys import write_keys
from proc import SLOWER, Edge, program, run_program, wait_until
from whole import broker  # noqa: F401 (fixture)


@pytest.fixture
def group(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address) as g:
        yield g


def test_partitions_are_spread_and_each_has_a_follower(group):
    group.like()
    group.exact()
    lines, last = group.told()
    assert last["members"] == "3" and last["leading"] == str(PARTITIONS) and last["following"] == str(PARTITIONS)
    assert (last["wanted"], last["verdict"]) == (str(PARTITIONS), "agreed")
    leads = group.leads()
    loads = [list(leads.values()).count(name) for name in NAMES]
    assert max(loads) <= 2 and min(loads) >= 1, loads
    for name, load in zip(NAMES, loads):
        assert group.leads(group.of(name)) == leads, "all see the same"
        figures = lambda m=group.of(name): (m.metric("kudos_central_leads"), m.metric("kudos_central_members"))
        wait_until(lambda n=load, f=figures: f() == (n, 3), AGREE_S, "it counts what it leads, and the members")
    for line in lines:
        assert line["followers"].count(":agreed:") == 1, line


def test_a_killed_member_is_replaced_and_comes_back_to_its_share(group):
    group.like()
    group.exact()
    victim = group.leads()[0]
    before = list(group.leads().values()).count(victim)
    group.of(victim).kill9()
    group.like()
    assert taken_over(group, victim) <= TAKEN_OVER_S
    group.like()
    group.exact()
    group.of(victim).start(wait=False)
    wait_until(lambda: list(group.leads().values()).count(victim) == before, 2 * AGREE_S, "its share again")
    group.like()
    group.exact()
    assert not any(m.events("alarm-follower-differs") for m in group.members.values())
    group.unnoticed()


def test_a_frozen_member_is_replaced_and_follows_when_it_goes_on(group):
    group.like()
    group.exact()
    victim = group.leads()[0]
    group.of(victim).signal(signal.SIGSTOP)
    taken_over(group, victim)
    group.like()
    group.exact()
    group.of(victim).signal(signal.SIGCONT)
    wait_until(lambda: group.of(victim).metric("kudos_central_fenced_total") > 0, AGREE_S, "it reads the claims of others")
    group.like()
    group.exact()
    group.settled(3)
    assert group.of(victim).running() and not group.of(victim).events("alarm-follower-differs")
    group.unnoticed()


def test_who_is_stopped_hands_over_first(group):
    group.like()
    group.exact()
    victim = group.leads()[0]
    led = list(group.leads().values()).count(victim)
    others = [group.of(name) for name in NAMES if name != victim]

    def taken(reason):
        return sum(m.metric(f'kudos_central_takeovers_total{{reason="{reason}"}}') for m in others)

    before, silent = taken("handed-over"), taken("leader-silent")
    assert group.of(victim).stop() == 0
    taken_over(group, victim)
    wait_until(lambda: taken("handed-over") - before == led, AGREE_S, "all that it led was handed over")
    assert taken("leader-silent") == silent, "nobody waited for its silence"
    group.like()
    group.exact()
    group.unnoticed()


def test_a_new_member_takes_its_share_while_likes_flow(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address, names=NAMES[:2]) as group:
        group.like()
        group.exact()
        newcomer = group.members["central-3"] = group.member("central-3")
        newcomer.start(wait=False)

        def share():
            group.like(5)
            return list(group.leads(group.of("central-1")).values()).count("central-3") >= 1

        wait_until(share, 2 * AGREE_S, "a share")
        group.exact()
        handed = sum(group.of(n).metric("kudos_central_handovers_total") for n in NAMES[:2])
        assert handed >= 1 and newcomer.metric('kudos_central_takeovers_total{reason="handed-over"}') >= 1
        assert sum(group.of(n).metric("kudos_central_fenced_total") for n in NAMES[:2]) == 0, "nobody was overrun"


def test_an_empty_one_that_is_started_by_mistake_takes_nothing_over(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address, members=1, replicas=1, names=NAMES[:1]) as group:
        group.like()
        group.exact()
        stranger = group.member("central-9")
        stranger.start(wait=False)
        assert stranger.wait() == 2
        assert "central-1" in stranger.log() and "is empty" in stranger.log()
        group.like()
        group.exact()
        group.of("central-1").kill9()
        stranger.start()  # nobody lives who has the state: it reads the log
        group.edge.set({"central": {"url": stranger.url}})
        stranger.kill9()


def test_a_member_that_lost_its_disk_follows_and_does_not_lead_before_it_agrees(tmp_path, broker):  # noqa: F811
    with Group(tmp_path, broker.address, members=2, names=NAMES[:2]) as group:
        group.like()
        group.exact()
        lost = group.of("central-2")
        lost.kill9()
        taken_over(group, "central-2")
        last = group.told()[1]
        assert last["wanted"] == str(PARTITIONS) and last["verdict"] in ("unproven", "missing"), last
        shutil.rmtree(lost.data)
        lost.start(wait=False)
        group.settled(2)
        group.like()
        group.exact()
        assert not lost.events("alarm-follower-differs")


def test_of_two_with_one_name_the_later_one_ends(tmp_path, group):
    twin = group.member("central-1")
    twin.set({"central": {"data_dir": str(tmp_path / "twin")}})
    twin.start(wait=False)
    assert twin.wait() == 2
    assert "another process is the member central-1" in twin.log()


# ---- who answers what: several URLs ----

def owes_and_reads_on(directory, brokers):
    """It has published what it has read back. Where it heard nothing while it read no likes, it waited for ever."""
    with Group(directory, brokers, more={"central": {"unpublished_max": "64KiB", "snapshot_interval": "1s"}}) as group:
        for user in range(6):
            body = {"operations": [{"item": f"posts/{user}-{n}", "op": "like"} for n in range(1000)]}
            assert group.edge.post("/v1/likes", user=f"u{user}", body=body).status == 200
        wait_until(lambda: group.edge.metric("kudos_edge_outbox_batches") == 0, AGREE_S, "all is merged")
        assert sum(m.metric("kudos_central_pauses_total") for m in group.members.values()) > 0, "nobody owed too much"
        items = [f"posts/{user}-{n}" for user in range(6) for n in range(0, 1000, 100)]
        counted = lambda i: {k: v for k, v in group.edge.get(f"/v1/{i}/counts").json["counts"]["like"].items() if k in ("count", "pending")}
        wait_until(lambda: all(counted(i) == {"count": 1, "pending": 0} for i in items), AGREE_S, "each is counted")
        group.settled(3)


def test_a_leader_that_owes_the_topics_too_much_reads_on_when_they_have_taken_it(tmp_path, broker):  # noqa: F811
    owes_and_reads_on(tmp_path, broker.address)


def test_an_edge_that_knows_all_urls_asks_each_leader_and_finds_the_next_one(tmp_path, broker):  # noqa: F811
    """Items that no snapshot has brought are asked of central, of whoever leads their partition; a lookup of many is parted among the leaders."""
    with Group(tmp_path, broker.address) as group:
        group.like(40)
        group.exact()
        urls = ", ".join(m.url for m in group.members.values())
        fresh = [f"posts/{n}" for n in range(1000, 1040)]
        with Edge(str(tmp_path), broker.address, name="edge-2", region="virginia", central=urls, partitions=PARTITIONS,
                  more={"central": {"read_deadline": "1s"}}) as edge:
            def told(items):
                answers = [edge.get(f"/v1/{item}/counts").json["counts"]["like"]["count"] for item in items]
                liked = edge.post("/v1/counts", user="u1", body={"items": [*items, "posts/1"], "me": True}).json["items"]
                return None not in answers and [i["liked"] for i in liked] == [False] * len(items) + [True]

            wait_until(lambda: told(fresh), AGREE_S, "all partitions answer")
            led = set(group.leads().values())
            for name in led:
                answers = f'kudos_edge_central_url_answers_total{{url="{group.of(name).url}"}}'
                wait_until(lambda: edge.metric(answers) > 0, AGREE_S, f"an answer of {name}")
            killed = group.leads()[0]
            group.of(killed).kill9()
            taken_over(group, killed)
            more = [f"posts/{n}" for n in range(2000, 2040)]
            wait_until(lambda: told(more), AGREE_S, "all partitions answer again")
            asked = lambda: edge.metric(f'kudos_edge_central_url_asked{{url="{group.of(killed).url}"}}')
            wait_until(lambda: asked() < 3, AGREE_S, "who asked it in vain has left it")
            assert edge.metric("kudos_edge_central_up") > 0


def test_each_member_reads_its_configuration_again_while_it_holds_a_part_alone(group):
    """Two of three hold a partition: there are stores that are not open here."""
    for member in group.members.values():
        member.signal(signal.SIGHUP)
    for member in group.members.values():
        wait_until(lambda m=member: m.events("reloaded"), 20, f"{member.name} has read it")
        assert member.running() and not member.events("reload-refused")
    group.settled(3)


def test_a_member_sends_clients_to_the_leader_of_what_it_does_not_hold(group):
    group.like()
    group.exact()
    told = {name: group.of(name).get("/v1/members").json for name in NAMES}
    for name, answer in told.items():
        partitions = answer["partitions"]
        assert {p["partition"]: p["url"] for p in partitions} == {p: group.of(n).url for p, n in group.leads().items()}
        assert [m["url"] for m in answer["members"] if m["self"]] == [group.of(name).url]
        nothing = [p for p in partitions if p["role"] == "none"]
        held = [p["role"] for p in partitions if p["role"] != "none"]
        assert held.count("leader") == list(group.leads().values()).count(name)
        sent = {p["partition"]: group.of(name).get(f"/v1/export?partition={p['partition']}&limit=5") for p in partitions}
        for p in partitions:
            answer = sent[p["partition"]]
            assert answer.status == (307 if p in nothing else 200)
            if p in nothing:
                assert answer.headers["location"] == f"{p['url']}/v1/export?partition={p['partition']}&limit=5"
        many = group.of(name).get("/v1/counts?items=" + ",".join(f"posts/{n}" for n in range(40)))
        assert many.status == (421 if nothing else 200)
        if nothing:
            assert {(e["partition"], e["leader"]) for e in many.json["elsewhere"]} == {(p["partition"], p["url"]) for p in nothing}
    whole = run_program("kudos-central", "export", "--url", ",".join(m.url for m in group.members.values())).stdout.splitlines()
    assert len(whole) == group.likes


if os.environ.get("KUDOS_LONG") == "1":
    def test_on_real_kafka_members_are_killed_stopped_and_back_while_likes_flow(tmp_path):
        with kafka.Kafka(tmp_path / "kafka", 1) as real, Group(tmp_path, real.bootstrap) as group:
            group.like()
            group.exact()
            first = group.leads()[0]
            group.of(first).kill9()
            group.like()
            taken_over(group, first)
            group.exact()
            group.of(first).start(wait=False)
            group.settled(3, seconds=2 * AGREE_S)
            second = group.leads()[0]
            assert group.of(second).stop() == 0
            taken_over(group, second)
            group.like()
            group.exact()
            assert not any(m.events("alarm-follower-differs") for m in group.members.values())

    def test_on_real_kafka_a_leader_that_owes_too_much_reads_on(tmp_path):
        with kafka.Kafka(tmp_path / "kafka", 1) as real:
            owes_and_reads_on(tmp_path, real.bootstrap)

    def test_one_central_becomes_three_and_one_again_as_the_manual_says(tmp_path, broker):  # noqa: F811
        """run.md, "From one central to three, and back", step by step."""
        with Group(tmp_path, broker.address, members=1, replicas=1, names=NAMES[:1]) as group:
            first = group.of("central-1")

            def agreed(of, following):
                def check():
                    last = group.told(of)[1]
                    return (last.get("verdict"), last.get("following"), last.get("wanted")) == ("agreed", str(following), str(following))
                wait_until(check, 2 * AGREE_S, f"{following} copies agree", pause=0.2)

            def configured(members, replicas):
                group.more["central"].update(members=members, replicas=replicas)
                for member in group.members.values():
                    member.set({"central": {"members": members, "replicas": replicas}})

            def copied(of):
                last = group.told(of)[1]
                return last.get("leading") == str(PARTITIONS) and int(last["following"]) >= PARTITIONS and last["verdict"] in ("agreed", "missing")

            group.like()
            group.exact()
            configured(3, 2)
            assert first.stop() == 0
            first.start()
            wait_until(lambda: group.told(first)[1].get("leading") == str(PARTITIONS), AGREE_S, "it leads all", pause=0.2)
            assert group.told(first)[1]["verdict"] == "missing"
            for name in NAMES[1:]:
                group.members[name] = group.member(name)
                group.members[name].start(wait=False)
                agreed(first, PARTITIONS)
            wait_until(lambda: set(group.leads(first).values()) == set(NAMES), 2 * AGREE_S, "each leads its share", pause=0.2)
            group.edge.set({"central": {"url": ", ".join(m.url for m in group.members.values())}})
            group.edge.signal(signal.SIGHUP)
            group.like()
            group.exact()
            configured(3, 3)
            for member in group.members.values():
                assert member.stop() == 0
                member.start(wait=False)
                wait_until(lambda m=member: copied(m), 2 * AGREE_S, "the copies of before", pause=0.2)
            for member in group.members.values():
                agreed(member, 2 * PARTITIONS)
            for name in NAMES[1:]:
                assert group.of(name).stop() == 0
                wait_until(lambda: group.told(first)[1].get("leading") == str(PARTITIONS), AGREE_S, "the others lead all", pause=0.2)
            wait_until(lambda: set(group.leads(first).values()) == {"central-1"}, AGREE_S, "one leads all", pause=0.2)
            configured(1, 1)
            assert first.stop() == 0
            first.start()
            group.edge.set({"central": {"url": first.url}})
            group.edge.signal(signal.SIGHUP)
            group.like()
            group.exact()
            last = group.told(first)[1]
            assert (last["leading"], last["wanted"], last["verdict"]) == (str(PARTITIONS), "0", "agreed")
            done = run_program("kudos-central", "backup", str(tmp_path / "saved"), "--url", first.url)
            assert done.stdout.endswith("verdict=done\n")

    def test_a_member_whose_store_differs_makes_it_anew_by_itself(tmp_path, broker):  # noqa: F811
        """What is ordered of a stopped member (--dir) is not in the log, so its history is another one."""
        with Group(tmp_path, broker.address, members=2, names=NAMES[:2]) as group:
            group.like()
            group.exact()
            strayed = group.of("central-2")
            strayed.kill9()
            taken_over(group, "central-2")
            run_program("kudos-central", "collect", "--dir", strayed.data)
            group.like()
            strayed.start(wait=False)
            wait_until(lambda: len(strayed.events("follower-made-anew")) == PARTITIONS, AGREE_S, "each partition is begun anew")
            assert len(strayed.events("alarm-follower-differs")) == PARTITIONS
            group.settled(2, of=strayed)
            group.exact()
            wait_until(lambda: not [d for d in os.listdir(strayed.data) if d.startswith("aside-")], AGREE_S, "nothing lies aside any more")
            group.of("central-1").kill9()
            group.edge.set({"central": {"url": strayed.url}})
            taken_over(group, "central-1")
            audit = run_program("kudos-central", "audit", "--url", strayed.url).stdout
            assert f"members={group.likes} mismatches=0 verdict=exact" in audit
            group.like()
            group.exact()

    def test_members_stop_in_front_of_what_a_newer_member_wrote_and_say_so(tmp_path, broker):  # noqa: F811
        """A claim of wire schema 2 in one partition: nobody of this version leads that one, and the others go on."""
        keys = write_keys(tmp_path / "keys", "1 edge:*", "2 central")
        with Group(tmp_path, broker.address, members=2, names=NAMES[:2], more={"kafka": {"keys_file": keys}}, edge_keys=keys) as group:
            group.like()
            group.exact()
            feed = Feed(broker.address)
            feed.keys(keys)
            feed.raw(b"\x95\x02\x03\x09\xa5newer\x01")
            feed.stop()

            def waiting(member):
                line = next(line for line in group.told(member)[0] if line["partition"] == "0")
                return line["leader"] == "-" and line["here"] == "waits-for-newer-version"

            for member in group.members.values():
                wait_until(lambda m=member: waiting(m), AGREE_S, "it says what it waits for")
                assert member.metric("kudos_central_waits_for_newer") == 1
            assert set(group.leads().values()) - {"-"} and not any(m.events("alarm-follower-differs") for m in group.members.values())
