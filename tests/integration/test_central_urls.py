"""An edge that knows several URLs of central: who is asked when one is killed, frozen, follows, or leaves the list.

The second central is a follower, made from a backup of the first. Every wait has a deadline and a condition.
"""
import contextlib
import signal
import socket
import struct
import threading
import time

import pytest

from cluster import AGREE_S, CENTRAL, EDGE, PARTITIONS, merged
from http_peer import ACK, END_HEADERS, END_STREAM, HEADERS, SETTINGS
from ports import free_ports
from proc import SLOWER, Broker, Central, Edge, run_program, wait_until

READ_DEADLINE_S = 2 * SLOWER  # so long whoever waits for a URL in vain would wait; a busy machine answers within it
MORE = merged(EDGE, {"central": {"read_deadline": f"{int(READ_DEADLINE_S * 1000)}ms"}})
ITEMS = [f"posts/{n}" for n in range(12)]  # of all partitions


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as b:
        yield b


@pytest.fixture(scope="module")
def leader(broker, tmp_path_factory):
    """With a like of each item, from an edge that is gone."""
    with Central(tmp_path_factory.mktemp("leader"), broker.address, partitions=PARTITIONS, more=CENTRAL) as c:
        with edge_of(broker, tmp_path_factory.mktemp("seeder"), [c], name="seeder") as e:
            for item in ITEMS:
                assert e.post(f"/v1/{item}/like", user="first").status == 200
            wait_until(lambda: all(count(c, item) == 1 for item in ITEMS), AGREE_S, "likes at the leader")
        yield c


@pytest.fixture(scope="module")
def follower(broker, leader, tmp_path_factory):
    directory = tmp_path_factory.mktemp("follower")
    run_program("kudos-central", "backup", directory / "saved", "--url", leader.url, "--name", "seed")
    run_program("kudos-central", "restore", directory / "saved", "--to", directory / "data")
    more = merged(CENTRAL, {"central": {"role": "follower", "data_dir": str(directory / "data")}})
    with Central(str(directory), broker.address, name="central-2", partitions=PARTITIONS, more=more) as c:
        yield c


def edge_of(broker, directory, centrals, name="edge-1", more=None):
    urls = ", ".join(c if isinstance(c, str) else c.url for c in centrals)
    return Edge(directory, broker.address, name=name, shards=2, partitions=PARTITIONS, central=urls, more=merged(MORE, more))


def count(daemon, item):
    return daemon.get(f"/v1/{item}/counts").json["counts"]["like"]["count"]


def liked(edge, user, items):
    answer = edge.post("/v1/counts", user=user, body={"items": items, "me": True})
    assert answer.status == 200
    return [i["liked"] for i in answer.json["items"]]


def url_metric(edge, name, central):
    url = central if isinstance(central, str) else central.url
    return edge.metric(f'kudos_edge_central_url_{name}{{url="{url}"}}')


def knows(edge, items=ITEMS, users=("first",)):
    """Central is asked and answers: about items that no snapshot has brought, and whether a user who came to another edge likes them."""
    for item in items:
        answer = edge.get(f"/v1/{item}/counts").json
        if answer["counts"]["like"]["count"] is None:
            return False
    return all(liked(edge, u, items) == [True] * len(items) for u in users)


@pytest.mark.parametrize("order", ("leader first", "follower first"))
def test_questions_find_the_leader_in_either_order(tmp_path, broker, leader, follower, order):
    centrals = [leader, follower] if order == "leader first" else [follower, leader]
    with edge_of(broker, tmp_path, centrals) as edge:
        wait_until(lambda: knows(edge), AGREE_S, "answers")
        wait_until(lambda: url_metric(edge, "answers_total", leader) > 0, AGREE_S, "the leader answered")
        if order == "follower first":
            wait_until(lambda: url_metric(edge, "elsewhere_total", follower) > 0, AGREE_S, "the follower said that it does not lead")
        before = url_metric(edge, "elsewhere_total", follower)
        for n in range(100, 140):
            assert edge.get(f"/v1/posts/{n}/counts").json["counts"]["like"]["count"] == 0
        wait_until(lambda: url_metric(edge, "answers_total", leader) > 40, AGREE_S, "the leader was asked about them")
        assert url_metric(edge, "elsewhere_total", follower) <= before + PARTITIONS, "once a partition, then the leader is known"


def free_url():
    return f"http://127.0.0.1:{free_ports(1)[0]}"


def test_a_dead_url_costs_nobody_an_answer(tmp_path, broker, leader):
    dead = free_url()
    with edge_of(broker, tmp_path, [dead, leader]) as edge:
        wait_until(lambda: knows(edge), AGREE_S, "answers")
        slowest = 0
        for n in range(200, 260):
            begun = time.monotonic()
            assert edge.get(f"/v1/posts/{n}/counts").json["counts"]["like"]["count"] == 0
            slowest = max(slowest, time.monotonic() - begun)
        assert slowest < READ_DEADLINE_S, "nobody waits for the one that refuses"
        wait_until(lambda: url_metric(edge, "asked", dead) == 0, AGREE_S, "all threads have left it")
        assert edge.metric("kudos_edge_central_up") > 0 and not edge.events("central-unreachable")
        assert {e["url"] for e in edge.events("central-left")} == {dead}


def h2_frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def answer_each(sock, status):
    """Answers every request on the connection with the status and nothing else."""
    read = sock.makefile("rb")
    with contextlib.suppress(OSError):
        sock.sendall(h2_frame(SETTINGS, 0, 0))
        read.read(24)
        while len(head := read.read(9)) == 9:
            read.read(int.from_bytes(head[:3], "big"))
            if head[3] == SETTINGS and not head[4] & ACK:
                sock.sendall(h2_frame(SETTINGS, ACK, 0))
            if head[3] == HEADERS:
                fields = b"\x08\x03%d" % status  # :status, literal
                sock.sendall(h2_frame(HEADERS, END_STREAM | END_HEADERS, int.from_bytes(head[5:], "big"), fields))


@contextlib.contextmanager
def useless_url(status):
    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer_each, args=(server.accept()[0], status), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("status", (401, 404, 307))
def test_a_url_that_answers_uselessly_costs_nobody_an_answer(tmp_path, broker, leader, status):
    """An edge token that one member does not know, a proxy that knows no such page, one that sends elsewhere."""
    with useless_url(status) as useless, edge_of(broker, tmp_path, [useless, leader]) as edge:
        for n in range(500, 530):
            assert edge.get(f"/v1/posts/{n}{status}/counts").json["counts"]["like"]["count"] == 0
        wait_until(lambda: url_metric(edge, "asked", useless) == 0, AGREE_S, "all threads have left it")
        left = edge.events("central-left")
        assert {e["url"] for e in left} == {useless} and all(str(status) in e["cause"] for e in left)
        assert len(left) == 3 and url_metric(edge, "useless_total", useless) == 3, "once for each thread"
        wait_until(lambda: edge.metric("kudos_edge_central_up") > 0, AGREE_S, "a shard tells what the clock's measurement found")
        assert not edge.events("central-unreachable")


def test_one_that_is_frozen_is_left_and_asked_again_when_it_goes_on(tmp_path, broker, leader, follower):
    """The follower is in use for whatever it may answer; frozen, it takes connections and says nothing."""
    with edge_of(broker, tmp_path, [follower, leader], more={"clock": {"measure_interval": "1s"}}) as edge:
        wait_until(lambda: knows(edge), AGREE_S, "answers")
        follower.signal(signal.SIGSTOP)
        try:
            wait_until(lambda: trending(edge) and url_metric(edge, "asked", follower) < 3, AGREE_S, "a shard has left it")
            assert follower.url in {e["url"] for e in edge.events("central-left")}
            for n in range(300, 320):
                assert edge.get(f"/v1/posts/{n}/counts").json["counts"]["like"]["count"] == 0
            wait_until(lambda: knows(edge), AGREE_S, "answers")
        finally:
            follower.signal(signal.SIGCONT)
        wait_until(lambda: edge.events("central-back"), AGREE_S, "it is asked again")


def trending(edge):
    """Whoever is in use is asked, as it is no question about one partition."""
    return edge.get("/v1/trending?collection=posts&counter=like&window=1m&limit=5").status == 200 and \
        edge.get("/v1/trending?collection=posts&counter=like&window=1h&limit=5").status == 200


def test_a_question_under_way_is_asked_of_the_next_one(tmp_path, broker, leader, follower):
    """The first question after the leader froze goes to it, as nobody knows yet: within the deadline the other one is asked as well."""
    with edge_of(broker, tmp_path, [follower, leader]) as edge:
        wait_until(lambda: knows(edge), AGREE_S, "answers")
        follower.signal(signal.SIGSTOP)
        try:
            begun = time.monotonic()
            assert edge.get("/v1/trending?collection=posts&counter=like&window=1d&limit=5").status == 200
            assert time.monotonic() - begun < READ_DEADLINE_S * 2
        finally:
            follower.signal(signal.SIGCONT)


def test_sighup_takes_other_urls_over_and_loses_no_question(tmp_path, broker, leader):
    dead = free_url()
    with edge_of(broker, tmp_path, [dead]) as edge:
        assert edge.get("/v1/posts/400/counts").json["counts"]["like"]["count"] is None
        edge.set({"central": {"url": f"{dead}, {leader.url}"}})
        edge.signal(signal.SIGHUP)
        wait_until(lambda: edge.events("reloaded"), AGREE_S, "the reload")
        wait_until(lambda: knows(edge), AGREE_S, "answers")
        edge.set({"central": {"url": leader.url}})
        edge.signal(signal.SIGHUP)
        wait_until(lambda: len(edge.events("reloaded")) == 2, AGREE_S, "the reload")
        for n in range(401, 420):
            assert edge.get(f"/v1/posts/{n}/counts").json["counts"]["like"]["count"] == 0
        assert f'url="{dead}"' not in edge.admin("/metrics").body.decode()
        edge.set({"central": {"url": ""}})
        edge.signal(signal.SIGHUP)
        wait_until(lambda: [e for e in edge.events("reload-needs-restart") if e["key"] == "url"], AGREE_S, "a line")
        assert edge.get("/v1/posts/421/counts").json["counts"]["like"]["count"] == 0, "the old list stays"
        assert edge.stop() == 0


def test_all_away_is_an_outage_that_names_a_url_and_ends(tmp_path, broker):
    first, second = (Central(str(tmp_path), broker.address, name=f"away-{n}", partitions=PARTITIONS,
                             more=merged(CENTRAL, {"central": {"role": role}})) for n, role in ((1, "follower"), (2, "follower")))
    with edge_of(broker, tmp_path, [first, second]) as edge:
        wait_until(lambda: edge.events("central-unreachable"), AGREE_S, "an outage")
        assert any(c.url in edge.events("central-unreachable")[0]["cause"] for c in (first, second))
        assert edge.metric("kudos_edge_central_up") == 0
        begun = time.monotonic()
        assert edge.get("/v1/posts/500/counts").json["counts"]["like"]["count"] is None
        assert time.monotonic() - begun < READ_DEADLINE_S
        first.start(wait=False)
        try:
            wait_until(lambda: edge.events("central-reachable"), AGREE_S, "the end of the outage")
        finally:
            first.kill9()


# ---- commands ----

def exported(*urls, rc=0):
    return run_program("kudos-central", "export", "--url", ",".join(urls), rc=rc)


def test_commands_take_several_urls_and_go_to_one_that_answers_or_leads(broker, leader, follower):
    dead = free_url()
    wanted = exported(leader.url).stdout
    assert wanted and exported(dead, leader.url).stdout == wanted
    assert exported(f" {leader.url} ", "", dead).stdout == wanted
    said = exported(dead, free_url(), rc=4)
    assert said.stderr and not said.stdout
    exported("", rc=2), exported(*[free_url()] * 17, rc=2)
    for urls in ((dead, leader.url), (follower.url, leader.url), (leader.url, follower.url)):
        done = run_program("kudos-central", "close", "posts/closed", "--url", ",".join(urls))
        assert done.returncode == 0, "the follower refused the order, the leader took it"
        done = run_program("kudos-central", "open", "posts/closed", "--url", ",".join(urls))
    assert run_program("kudos-central", "audit", "--url", f"{dead},{leader.url}").stdout.endswith("verdict=exact\n")
    refused = run_program("kudos-central", "close", "posts/closed", "--url", f"{dead},{follower.url}", rc=1)
    assert "this central follows" in refused.stderr
    assert run_program("kudos-central", "audit", "--url", f"ftp://x,{leader.url}", rc=2).stderr
