"""The whole system in tests: a cluster of its own on the embedded broker, or on a Kafka that it shares with others; what one user says in several places.

The fixtures (real, broker, cluster) are imported by the tests that use them.
"""
import glob
import os
import time

import pytest

import kafka
from cluster import PARTITIONS, Cluster, merged
from proc import Broker, program, wait_until

FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), "libfaketime is not installed")
DRIFT_BOUND_MS = 50
SLOW_FLUSH = {"edge": {"flush_interval": "60s", "idle_interval_max": "60s"}}


class OnKafka(Cluster):
    """A cluster on a Kafka that it shares with others: it has topics of its own."""

    made = 0

    def __init__(self, directory, real, edge=None, central=None, **more):
        OnKafka.made += 1
        self.topics = {t: f"kudos.{t}.{OnKafka.made}" for t in ("likes", "counts", "changes", "milestones", "members")}
        names = {f"{t}_topic": n for t, n in self.topics.items()}
        for_edges = {k: v for k, v in names.items() if k in ("likes_topic", "counts_topic")}
        super().__init__(directory, real.bootstrap, edge=merged({"kafka": for_edges}, edge),
                         central=merged({"kafka": names}, central), **more)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    with kafka.Kafka(tmp_path_factory.mktemp("kafka")) as k:
        yield k


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, PARTITIONS) as b:
        yield b


@pytest.fixture
def cluster(tmp_path, broker):
    with Cluster(tmp_path, broker.address) as c:
        yield c


def faked(**clock):
    """The environment of a process whose wall clock is moved: by FAKETIME, or a FAKETIME_TIMESTAMP_FILE."""
    return dict(os.environ, LD_PRELOAD=f"{FAKETIME}:{program('libkudos_waits.so')}", FAKETIME_DONT_FAKE_MONOTONIC="1",
                ASAN_OPTIONS="verify_asan_link_order=0", **clock)


def apart():
    """Lets pass what must lie between a user's words at two edges when nothing tells their order but the clocks."""
    until = time.monotonic() + 2.2e-3 * DRIFT_BOUND_MS
    wait_until(lambda: time.monotonic() >= until, 5, "time")


def ok(answer):
    assert answer.status == 200, answer
    return answer.json


def drift_bound(text):
    return {"edge": {"clock": {"drift_bound": text}}, "central": {"central": {"drift_bound": text}}}


def one_user_says(c, item, words, token):
    """words: (edge, method) each after the answer to the one before."""
    headers = {}
    for i, (edge, method) in enumerate(words):
        if i and not token:
            apart()
        answer = c.edges[edge].request(method, f"/v1/{item}/like", user="ann", headers=headers)
        assert ok(answer)["liked"] == (method == "POST")
        if token:
            headers = {"Kudos-Session": answer.headers["kudos-session"]}
