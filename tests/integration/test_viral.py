"""Items that are viral: what an edge tells of them, and how soon other edges show their likes."""
import pytest

from proc import Broker, Central, Edge, wait_until

PARTITIONS = 4
RATE = 20
SOON_S = 30  # far below the minute that likes of other items take here
COLD = [f"posts/cold-{n}" for n in range(20)]  # over all partitions
SLOW = {"edge": {"flush_interval": "60s"}, "viral": {"rate": RATE, "flush_interval": "100ms"}}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    directory = tmp_path_factory.mktemp("viral")
    with Broker(directory, PARTITIONS) as broker, \
            Central(directory, broker.address, partitions=PARTITIONS,
                    more={"central": {"snapshot_interval": "60s", "viral_interval": "100ms"}}) as central, \
            Edge(directory, broker.address, name="here", partitions=PARTITIONS, central=central.url, more=SLOW) as here, \
            Edge(directory, broker.address, name="there", region="oslo", partitions=PARTITIONS, central=central.url, more=SLOW) as there:
        yield here, there


def flood(edge, item, user, operations):
    """So many operations at one moment: likes and unlikes in turn; the last one is a like, so one like counts in the end."""
    turns = ["like" if n % 2 else "unlike" for n in range(operations)]
    answer = edge.post("/v1/likes", body={"operations": [{"op": op, "item": item} for op in turns]}, user=user)
    assert answer.status == 200 and turns[-1] == "like", answer


def shown(edge, item):
    answer = edge.get(f"/v1/{item}/counts").json
    return answer["source"], answer["counts"]["like"]["count"], answer["counts"]["like"]["pending"]


def listed(edge):
    return {v["item"]: v for v in edge.admin("/debug/viral").json["viral"]}


def test_nothing_is_viral_at_first(fleet):
    here, _ = fleet
    assert here.admin("/debug/viral").json == {"edge": "here", "rate": RATE, "viral": []}
    assert here.metric("kudos_edge_viral_items") == 0


def heard(edge):
    return sum(edge.metric(f'kudos_edge_snapshots_total{{result="{result}"}}') for result in ("installed", "gap")) > 0


def test_a_viral_item_is_seen_elsewhere_soon_and_others_are_not_hurried(fleet):
    """A reader of a topic that begins at its end may miss the first snapshot. So the item is viral until both edges have heard one of its partition."""
    here, there = fleet
    wait_until(lambda: flood(here, "posts/hot", "u1", RATE) or all(map(heard, fleet)), SOON_S, "snapshots of its partition")
    for item in COLD:
        assert here.post(f"/v1/{item}/like", user="u1").status == 200
    count = shown(here, "posts/hot")[1] + 1
    flood(here, "posts/hot", "u2", RATE)
    wait_until(lambda: set(listed(here)) == {"posts/hot"}, what="it is listed, and alone")
    assert listed(there) == {}, "only where it is viral"
    for edge in fleet:
        wait_until(lambda edge=edge: shown(edge, "posts/hot")[1:] == (count, 0), SOON_S, f"the likes are seen and confirmed at {edge.name}")
    assert any(shown(here, item)[2] == 1 for item in COLD), "likes of other partitions take their time"


def test_it_is_told_second_by_second_until_it_is_quiet(fleet):
    here, _ = fleet
    wait_until(lambda: flood(here, "reels/counted", "u3", RATE) or here.metric("kudos_edge_viral_items") >= 1, what="viral items are counted")
    flood(here, "reels/told", "u3", RATE + 8)
    first, = wait_until(lambda: [e for e in here.events("item-viral") if e["item"] == "reels/told"], what="item-viral")
    viral = wait_until(lambda: (v := listed(here).get("reels/told")) and sum(v["operations"]) == RATE + 8 and v, what="its second is over")
    assert max(viral["operations"]) == RATE + 8 and first["partition"] == viral["partition"] and first["shard"] == viral["shard"]
    wait_until(lambda: [e for e in here.events("item-quiet") if e["item"] == "reels/told"], what="item-quiet")
    wait_until(lambda: listed(here) == {} and here.metric("kudos_edge_viral_items") == 0, what="nothing is viral any more")
    assert len([e for e in here.events("item-viral") if e["item"] == "reels/told"]) == 1, "one line each time"
