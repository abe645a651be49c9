"""Items that an operator closes, opens and deletes, on real processes: what edges answer, what counts, and what comes back (rules 24 and 27)."""
import shutil
import subprocess

from cluster import Cluster
from journal import Journal
from proc import program, wait_until
from whole import broker, ok  # noqa: F401 (fixture)

ITEM = "posts/shut"


def operator(c, command, *items, rc=0):
    done = subprocess.run([program("kudos-central"), command, *items, "--url", c.central.url], capture_output=True, text=True, timeout=60)
    assert done.returncode == rc, done
    return done.stdout.splitlines()[-1] if rc == 0 else done.stderr


def refused(edge, user="bob"):
    answer = edge.post(f"/v1/{ITEM}/like", user=user)
    return answer.status == 403 and answer.problem == "item-closed"


def counts(edge):
    return ok(edge.get(f"/v1/{ITEM}/counts"))


def test_a_closed_item_is_refused_by_name_counts_nothing_more_and_can_be_opened(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address) as c:
        here, cut = c.edges[0], c.edges[1]
        ok(here.post(f"/v1/{ITEM}/like", user="ann"))
        c.wait_counts(ITEM, "like", 1)
        assert "closed" not in counts(here)
        assert operator(c, "close", ITEM) == "close items=1 verdict=closed"
        for edge in (here, cut):
            wait_until(lambda e=edge: refused(e), 30, "a refusal")
        for answer in (here.delete(f"/v1/{ITEM}/like", user="ann"), here.post(f"/v1/{ITEM}/view", user="ann")):
            assert (answer.status, answer.problem) == (403, "item-closed")
        assert counts(here)["closed"] is True and ok(here.get(f"/v1/{ITEM}/like", user="ann"))["liked"] is True
        ok(here.post("/v1/posts/other/like", user="ann"))
        here.stop()
        here.start()
        assert refused(here), "remembered"
        c.central.kill9()
        c.central.start()
        c.wait_counts(ITEM, "like", 1)
        assert operator(c, "open", ITEM) == "open items=1 verdict=opened"
        wait_until(lambda: here.post(f"/v1/{ITEM}/like", user="bob").status == 200, 30, "likes are taken again")
        c.wait_counts(ITEM, "like", 2)
        wait_until(lambda: "closed" not in counts(cut), 30, "the other edge hears of it")
        assert "no item" in operator(c, "close", "not-an-item", rc=2)
        Journal.audit(c.central)


def test_what_an_edge_takes_before_it_knows_ends_with_centrals_word(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address) as c:
        blind = c.edges[0]
        ok(c.edges[1].post(f"/v1/{ITEM}/like", user="ann"))
        wait_until(lambda: counts(c.central)["counts"]["like"]["count"] == 1, 30, "central has it")
        c.edges[0].stop()
        operator(c, "close", ITEM)
        blind.start()
        taken = blind.post(f"/v1/{ITEM}/like", user="bob")  # it keeps no counts of the item, and so cannot know
        if taken.status == 200:
            wait_until(lambda: c.central.metric("kudos_central_closed_operations_total") == 1, 20, "central leaves it out")
        c.wait_counts(ITEM, "like", 1)
        wait_until(lambda: refused(blind), 30, "a refusal")
        Journal.audit(c.central)


def test_a_deleted_item_is_empty_and_stays_so_when_central_is_rebuilt_from_the_log(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address) as c:
        for n in range(20):
            ok(c.edges[n % 2].post(f"/v1/{ITEM}/like", user=f"u{n}"))
        ok(c.edges[0].post(f"/v1/{ITEM}/view", user="ann"))
        c.wait_counts(ITEM, "like", 20)
        assert operator(c, "delete", ITEM) == "delete items=1 verdict=deleted"
        c.wait_counts(ITEM, "like", 0)
        c.wait_counts(ITEM, "view", 0)
        assert "was deleted, for good" in operator(c, "open", ITEM, rc=1)
        assert not any("shut" in line for line in c.export("--url", c.central.url))
        Journal.audit(c.central)
        c.central.kill9()
        shutil.rmtree(c.central.data)
        c.central.start()
        wait_until(lambda: counts(c.central).get("closed"), 20, "the log is read, with the decision")
        c.wait_counts(ITEM, "like", 0)
        wait_until(lambda: refused(c.edges[0]), 30, "a refusal")
        Journal.audit(c.central)


def test_items_of_a_collection_with_a_life_are_closed_and_deleted_by_their_stamps(tmp_path, broker):  # noqa: F811
    with Cluster(tmp_path, broker.address, central={"central": {"collection_life": "stories=8s+6s"}}) as c:
        here, cut = c.edges[0], c.edges[1]
        ok(here.post("/v1/stories/first/like", user="ann"))
        ok(here.post("/v1/stories/first/view", user="ann"))
        ok(here.post("/v1/posts/kept/like", user="ann"))
        c.wait_counts("stories/first", "like", 1)
        c.wait_counts("posts/kept", "like", 1)
        cut.stop()
        wait_until(lambda: here.post("/v1/stories/first/like", user="bob").status == 403, 40, "the end of its life")
        assert here.post("/v1/stories/first/like", user="bob").problem == "item-closed"
        assert ok(here.get("/v1/stories/first/counts"))["closed"] is True
        c.central.kill9()
        c.central.start()
        cut.start()
        wait_until(lambda: counts_of(c.central, "stories/first")["counts"]["like"]["count"] == 0, 40, "its deletion")
        wait_until(lambda: counts_of(here, "stories/first")["counts"]["view"]["count"] == 0, 20, "the edge hears of it")
        assert not any("first" in line for line in c.export("--url", c.central.url))
        assert "was deleted, for good" in operator(c, "open", "stories/first", rc=1)
        late = cut.post("/v1/stories/first/like", user="eve")
        assert late.status in (200, 403), "it may not know"
        assert ok(here.post("/v1/posts/kept/like", user="bob"))["liked"] is True
        c.wait_counts("posts/kept", "like", 2)
        wait_until(lambda: counts_of(cut, "stories/first")["counts"]["like"]["count"] == 0, 20, "what it took is not counted")
        assert c.central.metric("kudos_central_life_overdue_seconds") < 60
        Journal.audit(c.central)


def counts_of(process, item):
    return ok(process.get(f"/v1/{item}/counts"))
