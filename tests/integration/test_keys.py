"""Somebody else can write to Kafka. With keys, nothing that he writes is believed; what he could do without them is shown beside it."""
import shutil
import signal
import subprocess
import time

import pytest

from central_feed import LIKE, PARTITIONS, T0, Central, broker, feed, like, until  # noqa: F401 (fixtures)
from journal import Journal, Likes
from keys import key, write_keys
from proc import Edge, program, wait_until
from raw_kafka import RawKafka, batch

BELIEVED = 1 << 58  # so far above the epoch of its clock central believes an epoch (protocol, rule 15)
HIGH = (int(time.time() * 1000) << 20) + BELIEVED // 2  # an epoch above all that a clock tells, and believed
WAIT = 30


def keyed(path, *lines):
    return {"kafka": {"keys_file": write_keys(path, *lines)}}


class Pair:
    """Central and edge `e1` on one broker, with keys or without."""

    def __init__(self, directory, address, keys=True, central_more=None, edge_more=None):
        self.central_keys, self.edge_keys = directory / "central.keys", directory / "e1.keys"
        own = keyed(self.central_keys, "1 edge:e1", "2 edge:e2", "3 central") if keys else {}
        self.central = Central(directory, address, **{**own, **(central_more or {})})
        edge_own = keyed(self.edge_keys, "1 edge:e1") if keys else {}
        more = {"edge": {"flush_interval": "100ms", "idle_interval_max": "500ms", "resend_min": "500ms", "resend_max": "2s"},
                **edge_own, **(edge_more or {})}
        self.edge = Edge(directory, address, name="e1", partitions=PARTITIONS, central=self.central.url, more=more)

    def __enter__(self):
        try:
            self.central.start()
            self.edge.start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.edge.kill9()
        self.central.kill9()

    def like(self, item, user):
        assert self.edge.post(f"/v1/{item}/like", user=user).status == 200

    def shown(self, item):
        return self.edge.get(f"/v1/{item}/counts").json["counts"]["like"]

    def wait_shown(self, item, n):
        until(lambda: self.shown(item) == {"count": n, "display": str(n), "pending": 0}, lambda: f"{item}: {self.shown(item)}, not {n}")

    def refused(self, reason=None):
        """By (edge, central)."""
        label = f'{{reason="{reason}"}}' if reason else ""
        return (self.edge.metric(f"kudos_edge_records_refused_total{label}"),
                self.central.metric(f"kudos_central_records_refused_total{label}"))


def reload(daemon, event="keys-reloaded"):
    before = len(daemon.events(event))
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: len(daemon.events(event)) > before, WAIT, event)


@pytest.mark.parametrize("keys", [False, True])
def test_a_forged_snapshot_is_shown_by_an_edge_without_keys_alone(tmp_path, broker, feed, keys):  # noqa: F811
    item = feed.item(0)
    with Pair(tmp_path, broker.address, keys) as p:
        p.like(item, "ada")
        p.wait_shown(item, 1)

        def forge():
            edge = next(q for q in p.edge.admin("/debug/partitions").json["partitions"] if q["partition"] == 0)
            for version in range(edge["version"], edge["version"] + 3):  # genuine ones come in between
                feed.snapshot(edge["epoch"], version, item, LIKE, 77)

        if not keys:
            until(lambda: p.shown(item)["count"] == 77 or forge(), "77 shown")
            return
        forge()
        until(lambda: p.refused("unsigned")[0] == 3, "three records refused")
        assert p.shown(item)["count"] == 1
        assert {e["reason"] for e in p.edge.events("record-refused")} == {"unsigned"}
        p.like(item, "bob")
        p.wait_shown(item, 2)  # and the partition goes on


@pytest.mark.parametrize("keys", [False, True])
def test_two_forged_claims_end_central_for_good_without_keys_alone(tmp_path, broker, feed, keys):  # noqa: F811
    with Pair(tmp_path, broker.address, keys) as p:
        p.like(feed.item(0), "ada")
        p.wait_shown(feed.item(0), 1)
        feed.claim(HIGH, "mallory")
        if not keys:
            assert p.central.wait() == 1
            p.central.start()
            until(lambda: p.central.metric("kudos_central_epochs_outbid_total") >= 1, "outbid")
            until(lambda: any(r.get("central") == "central-1" and r.get("epoch", 0) > HIGH for r in feed.read("likes")), "claimed")
            feed.claim(HIGH + (1 << 40), "mallory")
            assert p.central.wait() == 2, "the service manager does not start it again"
            return
        feed.claim(HIGH + (1 << 40), "mallory")
        until(lambda: p.refused("unsigned")[1] == 2, "two claims refused")
        until(lambda: p.central.metric('kudos_central_alarms_total{reason="record-refused"}') == 2, "two alarms")
        p.like(feed.item(0), "bob")
        p.wait_shown(feed.item(0), 2)
        assert p.central.metric("kudos_central_epochs_outbid_total") == 0 and p.central.running()


def test_a_forged_heartbeat_is_counted_and_told_with_its_topic(tmp_path, broker):  # noqa: F811
    with Pair(tmp_path, broker.address) as p, RawKafka(broker.address) as kafka:
        forged = {0: batch(b"\x90")}  # again and again: central reads from the end of the topic on
        until(lambda: p.refused("unsigned")[1] >= 1 or kafka.produce("kudos.members.v1", forged) is None, "refused")
        assert {e["topic"] for e in p.central.events("record-refused")} == {"kudos.members.v1"}


def test_without_keys_no_claim_locks_central_out(tmp_path, broker, feed):  # noqa: F811
    """Epochs beyond belief go to quarantine; the highest that is believed is outbid at the next start, and the one after."""
    with Pair(tmp_path, broker.address, keys=False) as p:
        feed.claim((1 << 62) - 1, "mallory")
        feed.claim((1 << 62) - (1 << 50) - 1, "mallory")
        until(lambda: p.central.metric("kudos_central_quarantined_records") == 2, "quarantined")
        feed.claim((int(time.time() * 1000) << 20) + BELIEVED, "mallory")
        assert p.central.wait() == 1
        p.central.start()
        p.like(feed.item(0), "ada")
        p.wait_shown(feed.item(0), 1)


def test_the_key_of_an_edge_signs_nothing_of_anybody_else(tmp_path, broker, feed):  # noqa: F811
    """Edge e2 is in other hands: with its key they make batches of e1, claims and snapshots."""
    item, stolen = feed.item(0), tmp_path / "stolen.keys"
    with Pair(tmp_path, broker.address) as p:
        p.like(item, "ada")
        p.wait_shown(item, 1)
        feed.keys(write_keys(stolen, "2 *"), "e2")
        feed.batch("e2", [like(item, "eve")], complete_to=T0)
        p.central.wait_likes(item, 2)  # a batch of e2's own: the key is good
        feed.batch("e1", [like(item, "mallory")], inc=1 << 60, after=(0, 0))
        feed.claim(HIGH, "mallory")
        until(lambda: p.refused("foreign-key")[1] == 2, lambda: p.refused("foreign-key"))
        edge = next(q for q in p.edge.admin("/debug/partitions").json["partitions"] if q["partition"] == 0)
        feed.snapshot(edge["epoch"], edge["version"] + 1, item, LIKE, 77)
        until(lambda: p.refused("unknown-key")[0] == 1, lambda: p.refused())
        p.like(item, "bob")
        p.wait_shown(item, 3)
        assert p.central.running() and p.edge.metric("kudos_edge_identity_alarms_total") == 0


def test_a_wrong_key_is_passed_over_counted_and_told(tmp_path, broker, feed):  # noqa: F811
    """Also while unsigned records are accepted."""
    item = feed.item(0)
    accept = {"accept_unsigned": "true"}
    with Pair(tmp_path, broker.address) as p:
        p.central.kill9()
        p.central.set({"kafka": accept})
        p.central.start()
        wrong = tmp_path / "wrong.keys"
        write_keys(wrong, "99 *")
        wrong.write_text(f"2 * {key('something else')}\n")
        feed.keys(wrong, "e2")
        feed.batch("e2", [like(item, "mallory")])
        until(lambda: p.refused("wrong")[1] == 1, "a record refused")
        told = wait_until(lambda: p.central.events("record-refused"), WAIT, "a line of it")[-1]
        assert told | {"reason": "wrong", "partition": 0, "level": "error"} == told
        feed.keys()
        feed.last.clear()
        feed.batch("e2", [like(item, "eve")])
        p.central.wait_likes(item, 1)
        p.central.set({"kafka": {"accept_unsigned": "false"}})
        reload(p.central)
        feed.batch("e2", [like(item, "zoe")])
        until(lambda: p.refused("unsigned")[1] == 1, "an unsigned record refused")
        assert p.central.likes(item) == 1


def test_keys_are_introduced_while_everything_runs(tmp_path, broker, feed):  # noqa: F811
    """Central first, then the edge, then nobody without a key is believed. What an edge sent in between is counted once."""
    item = feed.item(0)
    with Pair(tmp_path, broker.address, keys=False) as p:
        p.like(item, "u1")
        p.wait_shown(item, 1)
        p.central.stop()
        p.central.set(keyed(p.central_keys, "1 edge:e1", "3 central"))
        p.central.set({"kafka": {"accept_unsigned": "true"}})
        p.central.start()
        p.like(item, "u2")
        p.wait_shown(item, 2)
        p.central.set({"kafka": {"accept_unsigned": "false"}})
        reload(p.central)  # too early: the edge has no key yet
        p.like(item, "u3")
        until(lambda: p.refused("unsigned")[1] >= 1, "refused")
        p.edge.stop()
        p.edge.set(keyed(p.edge_keys, "1 edge:e1"))
        p.edge.start()
        p.wait_shown(item, 3)


def test_keys_are_rotated_without_a_pause(tmp_path, broker, feed):  # noqa: F811
    with Pair(tmp_path, broker.address) as p:
        journal = Journal()
        central, edge, tell = p.central_keys, p.edge_keys, lambda *d: [reload(x) for x in d]
        with Likes(journal, p.edge, views=False):
            journal.wait(100, p.edge.name)
            write_keys(central, "1 edge:e1", "11 edge:e1", "3 central", "13 central")
            tell(p.central)
            journal.wait(100, p.edge.name)
            write_keys(edge, "11 edge:e1")
            tell(p.edge)
            write_keys(central, "11 edge:e1", "1 edge:e1", "13 central", "3 central")
            tell(p.central)
            journal.wait(100, p.edge.name)
        wait_until(lambda: p.edge.metric("kudos_edge_outbox_bytes") == 0, WAIT, "all applied")
        assert p.refused() == (0, 0)
        # The log holds records of both keys: a central that begins anew reads them as long as it has both.
        items = {i for i, _ in journal.acked}
        assert sum(map(p.central.likes, items)) == len(journal.acked)
        p.central.kill9()
        shutil.rmtree(p.central.data)
        p.central.start()
        until(lambda: sum(map(p.central.likes, items)) == len(journal.acked), "the log was read again")
        assert p.refused() == (0, 0)


def test_a_file_of_keys_that_is_not_good_is_refused_and_leaves_the_old_keys(tmp_path, broker, feed):  # noqa: F811
    item = feed.item(0)
    with Pair(tmp_path, broker.address) as p:
        p.edge_keys.write_text("1 edge:e1 short\n")
        reload(p.edge, "keys-kept")
        assert "line 1" in p.edge.events("keys-kept")[-1]["cause"]
        write_keys(p.central_keys, "1 edge:e1", "3 central", mode=0o640)
        reload(p.central, "keys-kept")
        p.like(item, "ada")
        p.wait_shown(item, 1)
        assert p.refused() == (0, 0)
    for config in (p.edge.config, p.central.config):
        binary = "kudos-edge" if config == p.edge.config else "kudos-central"
        done = subprocess.run([program(binary), "-c", config, "-t"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "kafka.keys_file" in done.stderr, done.stderr
        assert key("1") not in done.stderr
