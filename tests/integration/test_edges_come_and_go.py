"""Edges are listed and retired by one command each, while likes flow: as_of goes on, nothing is lost, nothing is restarted."""
import re
import threading

from cluster import AGREE_S, PARTITIONS, Cluster
from proc import run_program, wait_until
from whole import broker  # noqa: F401 (fixture)

ITEMS = 6


class Likers:
    """Two of the edges are sent likes all the time; each that is answered with 200 counts."""

    def __init__(self, edges):
        self.edges, self.liked, self.failed, self.ends = edges, [0] * ITEMS, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        n = 0
        while not self.ends.is_set():
            answer = self.edges[n % len(self.edges)].post(f"/v1/posts/{n % ITEMS}/like", user=f"user-{n}")
            if answer.status == 200:
                self.liked[n % ITEMS] += 1
            else:
                self.failed.append(answer)
            n += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def edge(c, *words, rc=0):
    return run_program("kudos-central", "edge", *words, "--url", c.central.url, rc=rc)


def listed(c):
    lines = edge(c, "list").stdout.splitlines()
    rows = {r["edge"]: r for r in (dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines[:-1])}
    assert lines[-1] == f"edge edges={len(rows)} verdict=told"
    return {name: (r["heard"], r["awaited"], r["retired"]) for name, r in rows.items()}


def as_of(c):
    """The smallest over all partitions; empty: one of them does not know it."""
    items = ",".join(f"posts/{i}" for i in range(60))
    return min(row["as_of"] or "" for row in c.central.get(f"/v1/counts?items={items}").json["items"])


def goes_on(c):
    before = as_of(c)
    wait_until(lambda: as_of(c) > max(before, "2"), AGREE_S, "as_of goes on")


def test_an_edge_is_listed_before_it_starts_and_another_is_retired_while_likes_flow(tmp_path, broker):  # noqa: F811
    every = str(PARTITIONS)
    with Cluster(tmp_path, broker.address, central={"central": {"edges": "mumbai, virginia, singapore"}}) as c, Likers(c.edges[:2]) as likers:
        gone = c.edges[2]
        assert gone.post("/v1/posts/0/like", user="ann").status == 200
        wait_until(lambda: listed(c) == {e.name: (every, "0", "0") for e in c.edges}, AGREE_S, "the configuration's edges are listed and heard of")
        goes_on(c)
        epochs = {p["epoch"] for p in c.central.admin("/debug/partitions").json["partitions"]}

        # It comes: listed first.
        assert edge(c, "add", "frankfurt", "--region", "frankfurt").stdout.splitlines() == [f"edge edge=frankfurt partitions={every} verdict=listed"]
        assert listed(c)["frankfurt"] == ("0", every, "0")
        assert as_of(c) == "", "it may have acknowledged likes that nobody has heard of"
        new = c.make_edge("frankfurt", "frankfurt")
        with new.start():
            c.edges.append(new)
            assert new.post("/v1/posts/1/like", user="ben").status == 200
            wait_until(lambda: listed(c)["frankfurt"] == (every, "0", "0"), AGREE_S, "heard of in all partitions")
            goes_on(c)

            # Another one goes: retired at the end.
            assert gone.stop() == 0
            done = run_program("kudos-central", "edge", "retire", gone.name, "--url", c.central.url)
            assert done.stdout.splitlines()[-1] == f"retire edge={gone.name} partitions={every} verdict=retired"
            c.edges.remove(gone)
            goes_on(c)
            assert "is retired" in edge(c, "add", gone.name, rc=1).stderr
            assert listed(c)[gone.name] == ("0", "0", every)

            # The configuration goes on naming it, and is not asked again.
            c.central.stop()
            c.central.start()
            goes_on(c)
            assert listed(c)[gone.name] == ("0", "0", every)

            likers.ends.set()
            likers.thread.join()
            assert not likers.failed and min(likers.liked) > 0
            for item in range(ITEMS):
                c.wait_counts(f"posts/{item}", "like", likers.liked[item] + (item < 2))
            assert epochs and not c.central.events("log-rewound")
            for verb in ("list x", "add", "retire", "add a b", "add UPPER", "list --undo", "retire a --region b"):
                edge(c, *verb.split(), rc=2)


def test_an_edge_that_was_listed_and_never_started_is_retired(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address, central={"central": {"edges": "mumbai, virginia, singapore, nowhere"}}) as c:
        assert c.edges[0].post("/v1/posts/0/like", user="ann").status == 200
        wait_until(lambda: listed(c).get("nowhere") == ("0", str(PARTITIONS), "0"), AGREE_S, "it is awaited")
        assert as_of(c) == ""
        edge(c, "retire", "nowhere")
        goes_on(c)
        edge(c, "retire", "nowhere", "--undo")
        assert as_of(c) == ""
