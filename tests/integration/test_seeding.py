"""A member whose store is empty, or has lost its way, is made from a copy of another member's, while likes flow; the log does not reach back.

The embedded broker keeps 5 MiB of a partition: a few large records that no program knows push all that came before out of it. Centrals keep these in quarantine, so
they are also what makes a store large. Every wait has a deadline and a condition.
"""
import contextlib
import os
import secrets
import shutil

import pytest

from attacking import LONG
from certificate import make_certificate
from cluster import AGREE_S, PARTITIONS, merged
from described import described
from group import NAMES, Group
from keys import write_keys
from proc import Broker, run_program, wait_until
from raw_kafka import RawKafka, batch
from tokens import write_file
from whole import broker  # noqa: F401 (fixture)

LIKES_TOPIC, PUSHED, PUSH_BYTES = "kudos.likes.v1", 8, 900_000
KEPT_BYTES = 4_000_000  # of the pushed records, at each partition, that quarantine keeps
TAKEN = 'kudos_central_seed_bytes_total{way="taken"}'
SLOW = {"central": {"seed_rate": "1MiB", "write_buffer": "1MiB"}}


def push_out(group, counted="kudos_central_quarantined_records"):
    """No partition's log begins at its beginning any more, and all members that run have read what is left. `counted`: by what it shows."""
    with RawKafka(group.brokers) as kafka:
        for _ in range(PUSHED):
            told = kafka.produce(LIKES_TOPIC, {p: batch(b"\xc1" + os.urandom(PUSH_BYTES)) for p in range(PARTITIONS)})
            assert all(error == 0 for error, _ in told.values()), told
    for member in group.members.values():
        kept = lambda m=member: m.metric(counted)
        if member.running():
            wait_until(lambda k=kept: k() >= PUSHED * PARTITIONS, AGREE_S, "it has read them")


def grow(group, likes=60_000):
    """As many likes more, of users with long names that do not pack well: a store is to have many chunks."""
    path = os.path.join(group.directory, "grown.tsv")
    with open(path, "w", encoding="ascii") as f:
        for n in range(likes):
            f.write(f"1700000000000\t{secrets.token_urlsafe(60)}\t{1000 + n % 512}\t1\n")
    run_program("kudos-central", "import", path, "--url", group.of(NAMES[0]).url)


def seeds(member, result="placed"):
    return member.metric(f'kudos_central_seeds_total{{result="{result}"}}')


def seeding(group, member):
    """What `members` tells of the copy under way, if any: the line of its partition."""
    return next((line for line in group.told(member)[0] if "seeding" in line), None)


@contextlib.contextmanager
def two_of_three(directory, brokers, more, scheme="http", edge_keys=None):
    """Three members, all of which hold all partitions; the third one was killed."""
    g = Group(directory, brokers, replicas=3, more=more, edge_keys=edge_keys)
    for member in g.members.values():
        member.set({"central": {"advertise": f"{scheme}://127.0.0.1:{member.port}"}})
    with g:
        g.like(40)
        g.exact()
        g.of(NAMES[2]).kill9()
        yield g


@pytest.fixture
def group(tmp_path, broker):  # noqa: F811
    with two_of_three(tmp_path, broker.address, {"central": {"seed_rate": "8MiB"}}) as g:
        yield g


def listens(member):
    def check():
        with contextlib.suppress(OSError):
            return member.get("/v1/time").status == 200

    wait_until(check, AGREE_S, "it listens")


def joins(group, more=None):
    """The third one comes back, without its disk."""
    newcomer = group.of(NAMES[2])
    shutil.rmtree(newcomer.data)
    newcomer.set(more or {})
    newcomer.start(wait=False)
    listens(newcomer)
    return newcomer


def exported(member):
    return sorted(run_program("kudos-central", "export", "--url", member.url).stdout.splitlines())


def led_by(group, member, *others):
    """The others die; this one leads all partitions, has all likes of all, counts exactly, and takes likes."""
    group.exact()
    before = exported(others[0])
    for other in others:
        other.kill9()
    wait_until(lambda: set(group.leads(member).values()) == {member.name}, 2 * AGREE_S, "it leads all")
    assert exported(member) == before and len(before) >= group.likes
    group.edge.set({"central": {"url": member.url}})
    group.like()
    group.exact()
    group.unnoticed()


def test_an_empty_member_is_made_from_copies_of_others_while_likes_flow_and_leads_when_they_are_dead(group):
    push_out(group)
    newcomer = joins(group)
    api, shown = described(newcomer), []

    def look():
        answer = api.came("GET", "/v1/members", newcomer.get("/v1/members"))
        shown.extend(p["seeding"] for p in answer.json["partitions"] if p["seeding"])
        return shown

    def placed():
        group.like(2)
        look()
        return seeds(newcomer) >= PARTITIONS

    wait_until(look, AGREE_S, "a copy under way")  # nothing else between two looks: a copy takes half a second
    wait_until(placed, AGREE_S, "a copy of each partition")
    assert {s["from"] for s in shown} <= set(NAMES[:2]), shown
    group.settled(3, newcomer)
    assert seeds(newcomer) == PARTITIONS and seeds(newcomer, "failed") == 0
    given = sum(group.of(n).metric('kudos_central_seed_bytes_total{way="given"}') for n in NAMES[:2])
    taken = newcomer.metric(TAKEN)
    assert given >= taken > KEPT_BYTES * PARTITIONS
    assert not newcomer.events("alarm-follower-differs") and not newcomer.events("alarm-follower-lost")
    assert not [d for d in os.listdir(newcomer.data) if not d.startswith("partition-")], "nothing of the copies is left"
    group.exact()
    led_by(group, newcomer, group.of(NAMES[0]), group.of(NAMES[1]))


if LONG:
    @pytest.fixture
    def slow(tmp_path, broker):  # noqa: F811
        """The same; what the two give takes some six seconds a partition."""
        with two_of_three(tmp_path, broker.address, SLOW) as g:
            yield g

    def halfway(group, member):
        """The line of a partition that is copied, and is neither at its beginning nor at its end: of some 6 MB more than 1.5 came."""
        before = member.metric(TAKEN)

        def line():
            told = seeding(group, member)
            return told if told and 20 <= int(told["seeding"]) <= 90 and member.metric(TAKEN) > before + 1_500_000 else None

        return wait_until(line, AGREE_S, "a copy that is half there")

    def test_a_copy_goes_on_where_it_was_when_who_makes_it_is_killed_and_when_its_source_is(slow):
        group = slow
        grow(group)
        push_out(group)
        newcomer = joins(group)
        line = halfway(group, newcomer)
        told = [p for p in newcomer.get("/v1/members").json["partitions"] if p["seeding"]]
        assert len(told) == 1 and told[0]["seeding"]["from"] == line["from"] and 0 < told[0]["seeding"]["percent"] < 100
        newcomer.kill9()
        newcomer.start(wait=False)
        listens(newcomer)
        taken = lambda: newcomer.events("seed-taken")
        wait_until(lambda: len(taken()) >= 2, AGREE_S, "two copies are whole")
        kept = {e["partition"]: e["kept"] for e in taken()}
        assert kept.pop(int(line["partition"])) > 0, "what was there was not fetched again"
        assert set(kept.values()) == {0}
        paced = [e["ms"] / 1000 >= (e["bytes"] - 3_000_000) / 2**20 for e in taken() if e["kept"] == 0]
        assert paced and all(paced), ("1 MiB a second, but for the first and the last chunk", taken())
        source = halfway(group, newcomer)["from"]
        group.of(source).kill9()
        group.like()
        wait_until(lambda: any(e["from"] != source for e in newcomer.events("seed-begun")[-2:]), AGREE_S, "another source")
        wait_until(lambda: set(group.leads(newcomer).values()) <= set(NAMES) - {source}, 2 * AGREE_S, "others lead")
        group.settled(2, newcomer, seconds=2 * AGREE_S)
        group.exact()
        assert not newcomer.events("alarm-follower-differs") and not newcomer.events("alarm-follower-lost")
        led_by(group, newcomer, *(group.of(n) for n in NAMES[:2] if n != source))

    def test_a_member_whose_place_in_the_log_is_gone_is_made_anew_from_a_copy(group):
        lost = group.of(NAMES[2])
        group.like()
        group.exact()
        push_out(group)
        lost.start(wait=False)
        wait_until(lambda: len(lost.events("follower-seeded")) >= PARTITIONS, AGREE_S, "copies")
        group.settled(3, lost)
        assert lost.events("alarm-follower-lost") and not lost.events("seed-given-up")
        group.like()
        group.exact()
        led_by(group, lost, group.of(NAMES[0]), group.of(NAMES[1]))

    def test_a_member_that_differs_is_made_anew_from_a_copy_where_the_log_does_not_reach_back(group):
        """An order to its directory, which nobody else has."""
        wrong = group.of(NAMES[2])
        wrong.start()
        group.settled(3, wrong)
        push_out(group)
        assert wrong.stop() == 0
        run_program("kudos-central", "retire", group.edge.name, "--dir", wrong.data)
        wrong.start(wait=False)
        wait_until(lambda: wrong.events("alarm-follower-differs"), AGREE_S, "it differs")
        wait_until(lambda: wrong.events("follower-seeded"), AGREE_S, "a copy")
        group.settled(3, wrong)
        group.like()
        group.exact()
        led_by(group, wrong, group.of(NAMES[0]), group.of(NAMES[1]))

    def test_where_nobody_gives_copies_a_member_says_so_and_waits_as_before(tmp_path, broker):  # noqa: F811
        with two_of_three(tmp_path, broker.address, {"central": {"seed_rate": "0B"}}) as group:
            push_out(group)
            newcomer = joins(group, {"central": {"seed_rate": "16MiB"}})
            wait_until(lambda: newcomer.events("seed-failed"), AGREE_S, "a failure")
            assert "403" in newcomer.events("seed-failed")[0]["cause"]
            waits = lambda: all(f"{NAMES[2]}:awaits-seed:" in line["followers"] for line in group.told(group.of(NAMES[0]))[0])
            wait_until(waits, AGREE_S, "it waits, as the others see it")
            assert seeding(group, newcomer) is None
            group.like()
            group.exact()

    def test_members_know_each_other_by_token_and_certificate(tmp_path, broker, monkeypatch):  # noqa: F811
        """No address is trusted. Records are signed, so a member shows its token to the URL that a heartbeat names."""
        certificate, key = make_certificate(tmp_path, "central", "DNS:central")
        token = write_file(tmp_path / "operators", "operator-token-0123456789\n", 0o600)
        monkeypatch.setenv("KUDOS_TOKEN_FILE", token)
        keys = write_keys(tmp_path / "central.keys", "1 central", "2 edge:edge-1")
        more = {"http": {"tls_certificate": certificate, "tls_key": key, "trusted_peers": "10.9.9.9/32", "edge_peers": "127.0.0.0/8"},
                "central": {"seed_ca_file": certificate}, "kafka": {"keys_file": keys}}
        known = {"http": {"operator_token_file": token}}
        edge_keys = write_keys(tmp_path / "edge.keys", "2 edge:edge-1")
        with two_of_three(tmp_path, broker.address, merged(more, known), edge_keys=edge_keys, scheme="https") as group:
            push_out(group, 'kudos_central_records_refused_total{reason="unsigned"}')
            newcomer = joins(group, {"http": {"operator_token_file": None}})
            wait_until(lambda: newcomer.events("seed-failed"), AGREE_S, "it is refused")
            assert "(403)" in newcomer.events("seed-failed")[0]["cause"]
            assert {e["url"][:8] for e in newcomer.events("seed-begun")} == {"https://"}
            newcomer.kill9()
            newcomer.set(known)
            newcomer.start(wait=False)
            wait_until(lambda: len(newcomer.events("follower-seeded")) >= PARTITIONS, AGREE_S, "copies")
            group.settled(3, newcomer)
            group.like()
            group.exact()

    def test_after_kafka_was_lost_with_its_log_members_that_begin_empty_copy_what_the_first_one_has(tmp_path, broker):  # noqa: F811
        """What is new in the log is not all that the restored member knows: the others read it, differ, and copy."""
        with Group(tmp_path, broker.address, replicas=3) as group, Broker(str(tmp_path), partitions=PARTITIONS, name="other") as other:
            group.like(40)
            group.exact()
            for name in NAMES:
                group.of(name).kill9()
                group.of(name).set({"kafka": {"brokers": other.address}})
            group.edge.stop()
            group.edge.set({"kafka": {"brokers": other.address}})
            group.edge.start(wait=False)
            first, others = group.of(NAMES[0]), [group.of(name) for name in NAMES[1:]]
            first.set({"central": {"members": 1, "replicas": 1}})
            with first.start():
                group.edge.wait_ready()
                group.like()
                group.exact()
                assert first.stop() == 0
            first.set({"central": {"members": 3, "replicas": 3}})
            for member in others:
                shutil.rmtree(member.data)
            for member in group.members.values():
                member.start(wait=False)
            group.settled(3, first, seconds=3 * AGREE_S)
            assert all(m.events("alarm-follower-differs") and m.events("follower-seeded") for m in others)
            group.like()
            led_by(group, others[0], first, others[1])
