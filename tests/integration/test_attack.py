"""What an attacker does to an edge, and what others keep meanwhile: `kudos-sim attack` on an edge with its broker and central.

The edge may open 1024 descriptors, as a process may that nobody gave more; its store makes many small files. Each attack is short here: who is answered wrongly,
late or not at all is found out, and who is starved. KUDOS_LONG=1: half a minute each, and what part of their service others keep.
"""
import pytest

from attacking import ATTACKS, LONG, OTHERS_KEEP, STARVED, attack
from certificate import make_certificate
from proc import Broker, Central, Edge
from tokens import Key, key_set, write_file

DESCRIPTORS = 1024
KEY = Key("ES256", "one")  # of all algorithms the one that costs most to verify


def limited(daemon, descriptors=DESCRIPTORS):
    """The daemon may open so many descriptors from its next start on."""
    daemon.command = ["bash", "-c", f'ulimit -n {descriptors}; exec "$@"', "limited", *daemon.command]
    return daemon


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    directory = tmp_path_factory.mktemp("attack")
    certificate, key = make_certificate(directory, "edge")
    more = {"store": {"write_buffer": "1MiB", "fresh_rows": "0"}, "http": {"tls_certificate": certificate, "tls_key": key, "max_new_connections_per_address": None},
            "jwt": {"keys_file": write_file(directory / "keys.json", key_set(KEY))}}
    with Broker(directory) as broker, Central(directory, broker.address, more={"central": {"snapshot_interval": "200ms"}}) as central:
        edge = limited(Edge(directory, broker.address, central=central.url, more=more))
        with edge:
            yield broker, central, edge
            assert edge.stop() == 0 and central.stop() == 0, edge.log()[-3000:]


@pytest.mark.parametrize("name", ATTACKS)
def test_others_keep_their_service_beside(stage, name):
    broker, central, edge = stage
    code, lines, last, said = attack(edge, name, "--kafka", broker.address, "--token", KEY.token())
    if LONG or "of their service" not in said:
        assert (code, last) == (0, {"passed": "1", "failed": "0", "verdict": "held"}), said
    line = lines[name]
    assert list(line) == ["name", "answered", "rss_max_mb", "others_ratio", "verdict"], line
    kept = OTHERS_KEEP if LONG else STARVED
    assert int(line["answered"]) > 100 and float(line["others_ratio"]) >= kept and int(line["rss_max_mb"]) > 0, line
    assert edge.running() and central.running(), edge.log()[-3000:]
