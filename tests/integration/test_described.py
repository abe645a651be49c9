"""Everything that the descriptions of the API name comes: each status of each operation, each member of an answer, each header. And every answer on the
way is as it is described.
"""
import concurrent.futures
import contextlib
import itertools
import json
import socket
import threading

import pytest

import live
from described import INDICES, PARTITIONS, described, edge_and_central
from described import broker  # noqa: F401 (fixture)
from http_peer import read_all
from keys import write_keys
from proc import SLOWER, Answer, Broker, Central, Edge, SyncOrder, run_program, wait_until
from tokens import Key, bearer, key_set, write_file

WAIT_S = 60 * SLOWER
KEY = Key("ES256", "one")
SEEN = "1:1,2:1,0"  # two edges with times, and that of the rest
BY_DISK = {"level_1": "60ms", "level_2": "220ms", "level_3": "500ms", "level_4": "30s", "enter_after": "100ms", "leave_after": "500ms"}


class Asker:
    """Makes requests for operations of a description, and holds the answers against it."""

    def __init__(self, daemon):
        self.daemon, self.api = daemon, described(daemon)

    @property
    def operations(self):
        """(method, template, operation) of each."""
        return [(m, t, op) for (m, t), op in self.api.operations.items()]

    def request(self, template, op, item="posts/a", query=None, me=True):
        """(path, body) that are good."""
        collection, name = item.split("/")
        path = template.replace("{collection}", collection).replace("{id}", name)
        named = {p["name"] for p in op["parameters"] if p["in"] == "query"}
        query = query or (f"items={item}" + ("&me=true" if "me" in named and me else "") if "items" in named else None)
        query = query or (f"collection={collection}" if "collection" in named else None)
        query = query or ("member=central-9" if "member" in named else None)
        schema = op.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
        body = {"Operations": {"operations": [{"item": item, "op": "like"}]}, "AskCounts": {"items": [item], "me": me}, "AskLiked": {"items": [item]},
                "AskAmong": {"users": ["ada", "bob"]}, "AskWithout": {"without": ["bob"]}}
        return path + (f"?{query}" if query else ""), body.get(schema)

    def ask(self, method, template, op, user="ada", headers=None, on=None, **kw):
        path, body = self.request(template, op, **kw)
        if template == "/v1/live":
            return self.api.came(method, path, live.answer_to(on or self.daemon, path, user, headers))
        answer = (on or self.daemon).request(method, path, body=body, user=user, headers=headers)
        return self.api.came(method, path, answer)

    def raw(self, method, template, op, head="", version="HTTP/1.1", stay=False):
        """The answer to bytes that no client sends; with `stay` (path, the open socket)."""
        path, _ = self.request(template, op)
        sock = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=WAIT_S)
        end = "" if stay else "Connection: close\r\nX-User-Id: ada\r\n\r\n"
        sock.sendall(f"{method} {path} {version}\r\nHost: localhost\r\n{head}{end}".encode())
        return (method, path, sock) if stay else self.told(method, path, sock)

    def told(self, method, path, sock):
        with sock:
            head, _, body = read_all(sock).partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines)}
        return self.api.came(method, path, Answer(int(first.split()[1]), fields, body))


@pytest.fixture(scope="module")
def pair(broker, tmp_path_factory):  # noqa: F811
    """{name: Asker} of an edge and its central. Both take tokens of users, so that they tell which one they want."""
    directory = tmp_path_factory.mktemp("pair")
    jwt = {"keys_file": write_file(directory / "keys.json", key_set(KEY))}
    visitors = {"keys_file": write_keys(directory / "visitors.keys", "1 visitors"), "counters": "like"}
    with edge_and_central(directory, broker, more={"jwt": jwt}, edge={"edge": {"idle_interval_max": "1s"}, "visitors": visitors}) as both:
        yield {name: Asker(daemon) for name, daemon in both.items()}


@contextlib.contextmanager
def slow_edge(broker, tmp_path):
    """An edge that lets each user do two things, and whose syncs take long; its answers are those of the first edge's description."""
    edge = Edge(tmp_path, broker.address, name="edge-slow", partitions=PARTITIONS, more={"limits": {"user": "2/1h"}, "overload": BY_DISK})
    syncs = SyncOrder(edge)
    with edge:
        yield edge, syncs


@contextlib.contextmanager
def full_edge(broker, tmp_path):
    """An edge that takes one request at a time of an address, and whose central never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        edge = Edge(tmp_path, broker.address, name="edge-full", partitions=PARTITIONS, shards=1, central=f"http://127.0.0.1:{silent.getsockname()[1]}",
                    more={"http": {"max_requests_per_address": 1}, "central": {"read_deadline": "10s"}})
        with edge:
            yield edge


def provoke_good(asker):
    for method, template, op in asker.operations:
        assert asker.ask(method, template, op).status == 200
    for method, template, op in asker.operations:
        if "304" in op["responses"]:
            first = asker.ask(method, template, op)
            wait_until(lambda: asker.ask(method, template, op, headers={"If-None-Match": asker.ask(method, template, op).headers["etag"]}).status == 304,
                       WAIT_S, f"304 of {template}; {first}")
        if "308" in op["responses"]:
            assert asker.ask(method, template, op, query="items=posts/b,posts/a").status == 308


def ask_me(asker):
    """Counters of the caller, by name, and velocities."""
    asker.api.came("GET", "/v1/counts", asker.daemon.get("/v1/counts?items=posts/a&velocity=10m", user="ada"))
    asker.api.came("POST", "/v1/counts", asker.daemon.post("/v1/counts?velocity=1h", user="ada", body={"items": ["posts/a"], "me": True}))
    answer = asker.daemon.post("/v1/counts", user="ada", body={"items": ["posts/a"], "me": ["like", "save"]})
    assert set(asker.api.came("POST", "/v1/counts", answer).json["items"][0]["me"]) == {"like", "save"}


def provoke_closed(edge, central):
    """Counts of a closed item, and refusals of it; it is opened again."""
    def say(command):
        run_program("kudos-central", command, "posts/a", "--url", central.daemon.url)
    say("close")
    for asker in (central, edge):
        wait_until(lambda a=asker: a.daemon.get("/v1/posts/a/counts", user="ada").json.get("closed"), WAIT_S, "it is closed")
        for method, template, op in asker.operations:
            asker.ask(method, template, op)
    say("open")
    wait_until(lambda: not edge.daemon.get("/v1/posts/a/counts", user="ada").json.get("closed"), WAIT_S, "it is open")


def provoke_members(edge, central):
    """What comes only where something is asked for, or there is something to tell."""
    edge.daemon.post("/v1/posts/a/like", user="ada")
    provoke_closed(edge, central)
    ops = ops_of(central)
    for counter in ("like", "save"):
        edge.daemon.post(f"/v1/posts/a/{counter}", user="ada")
        wait_until(lambda: "at_us" in central.ask(*ops[f"has_{counter}"], headers={"Kudos-Seen": SEEN}).json, WAIT_S, "the like at central")
    ask_me(central)
    for by in ("region", "day"):
        central.ask(*ops["counts"], query=f"by={by}")
    wait_until(lambda: central.ask(*ops["likers"]).json["likers"], WAIT_S, "a liker")
    for counter in ("like", "save"):
        wait_until(lambda: central.ask(*ops[f"mine_{counter}"]).json["items"], WAIT_S, "what the user likes")
    ops = ops_of(edge)
    ask_me(edge)
    wait_until(lambda: edge.ask(*ops["among"]).json["likers"], WAIT_S, "a liker, told by the edge")
    wait_until(lambda: "kudos-as-of" in edge.ask(*ops["display"]).headers, WAIT_S, "as_of")
    wait_until(lambda: edge.ask(*ops["trending"]).json["items"], WAIT_S, "a trending item")


def provoke_refusals(asker, name):
    """What the user, the names and the body are refused for."""
    for method, template, op in asker.operations:
        if op["operationId"] == "visitor":
            continue  # it needs no user: provoke_visitors
        for status, ask in {"401": {"user": None} if name == "edge" else {"headers": {"Authorization": "Bearer nonsense"}},
                            "403": {"headers": {"Host": "elsewhere.example"}}, "404": {"item": "nothing/a", "me": False}}.items():
            if status == "404" and template.startswith("/v1/me/"):
                continue  # it names no item: provoke_indices
            if status == "404" and template == "/v1/seed":
                ask = {"query": "member=central-9&seed=0123456789abcdef"}  # a copy that nobody has begun
            if status in op["responses"]:
                assert asker.ask(method, template, op, **ask).status == int(status), (template, status)
        if "422" in op["responses"]:
            key = {"Idempotency-Key": f"reused-{op['operationId']}"}
            assert [asker.ask(method, template, op, item=item, headers=key).status for item in ("posts/k1", "posts/k2")] == [200, 422]


def provoke_visitors(asker, without):
    """A visitor's token that is not good, an edge that takes no visitors, and an address that has been given many."""
    one = next((m, t, op) for m, t, op in asker.operations if op["operationId"] == "visitor")
    assert asker.ask(*one, headers={"Authorization": "Bearer kudos-visitor~nonsense"}).status == 401
    assert asker.ask(*one, on=without).status == 403
    wait_until(lambda: asker.ask(*one).status == 429, WAIT_S, "429 of /v1/visitors", pause=0)


def provoke_forger(asker):
    """429: worthless tokens of one address, beyond what may be spent on them. Last: the address of all others is the same."""
    bad = bearer(Key(KEY.alg, KEY.kid).token())
    for method, template, op in asker.operations:
        if "429" in op["responses"]:
            wait_until(lambda: asker.ask(method, template, op, headers=bad).status == 429, WAIT_S, f"429 of {template}", pause=0)


def provoke_server(asker):
    """What the server refuses before it is asked for anything."""
    stalled = [asker.raw(method, template, op, stay=True) for method, template, op in asker.operations]
    heads = {400: "Host: other\r\n", 413: "Content-Length: 300000\r\n", 417: "Expect: a-miracle\r\n", 431: "".join(f"x-{i}: 1\r\n" for i in range(70)),
             501: "Transfer-Encoding: gzip, chunked\r\n"}
    for method, template, op in asker.operations:
        for status, head in heads.items():
            assert asker.raw(method, template, op, head).status == status, (template, status)
        assert asker.raw(method, template, op, version="HTTP/3.0").status == 505
        path, _ = asker.request(template, op)
        wrong = asker.daemon.request(method, path, body="x", user="ada", headers={"Content-Type": "text/plain"})
        assert asker.api.came(method, path, wrong).status == 415
    for method, path, sock in stalled:
        assert asker.told(method, path, sock).status == 408


def provoke_conflict(asker, edge, pool, method, template, op):
    """409: the same again while the first is in work. On a busy machine the first may be over, or its sync so old that likes are refused."""
    tries = itertools.count()

    def again_in_time():
        name = f"{op['operationId']}-{next(tries)}"
        first, second = (lambda: asker.ask(method, template, op, user=name, item=f"posts/{name}", headers={"Idempotency-Key": "w"}, on=edge) for _ in range(2))
        done = pool.submit(first)
        while not done.done():
            if second().status == 409:
                return True
        return False

    wait_until(again_in_time, WAIT_S, f"409 of {template}", pause=0)


def provoke_waits(asker, edge, syncs):
    """409, 429 and the level of overload: at an edge whose disk is slow, whose users may do two things."""
    writing = [(m, t, op) for m, t, op in asker.operations if "409" in op["responses"]]
    syncs.slow(0.9)  # from a second on likes are refused
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for one in writing:
            provoke_conflict(asker, edge, pool, *one)
        likes = []

        def told():
            if not likes or likes[-1].done():
                likes.append(pool.submit(edge.post, f"/v1/posts/b{len(likes)}/like", user=f"b{len(likes)}"))
            return "kudos-level" in asker.api.came("GET", "/v1/posts/a/counts", edge.get("/v1/posts/a/counts")).headers

        wait_until(told, WAIT_S, "a level")
        syncs.end()
    wait_until(lambda: edge.metric("kudos_edge_in_flight") == 0, WAIT_S, "nothing in work")
    for method, template, op in writing:
        wait_until(lambda: asker.ask(method, template, op, user=op["operationId"], item="posts/w", on=edge).status == 429, WAIT_S, f"429 of {template}")
    batch = {"operations": [{"item": f"posts/p{i}", "op": "like"} for i in range(3)]}
    partly = asker.api.came("POST", "/v1/likes", edge.post("/v1/likes", user="fresh", body=batch))
    assert "error" in partly.json["results"][2]


def provoke_log(asker, tmp_path):
    """What edges say that wait for the log in vain: Kafka is not there."""
    writing = [(m, t, op) for m, t, op in asker.operations if "504" in op["responses"]]
    for late, status in (("refuse", 504), ("disk", 200)):
        waits = {"edge": {"acknowledge": "log", "acknowledge_deadline": "100ms", "acknowledge_late": late}, "kafka": {"start_timeout": "100ms"}}
        with Edge(tmp_path, "127.0.0.1:1", name=f"edge-{late}", partitions=PARTITIONS, more=waits) as edge:
            for method, template, op in writing:
                assert asker.ask(method, template, op, item="posts/logged", on=edge).status == status, template


def provoke_full(asker, edge):
    """503 while another request is in work."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", edge.port))) as held:
        held.sendall(b"GET /v1/posts/cold/counts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: edge.metric("kudos_edge_in_flight") == 1, WAIT_S, "a request in work", pause=0.005)
        for method, template, op in asker.operations:
            assert asker.ask(method, template, op, on=edge).status == 503, template


def provoke_full_central(asker, central):
    """The same: others ask for much all the time, so one of their requests is in work soon."""
    over = threading.Event()
    path = "/v1/counts?items=" + ",".join(f"posts/{i}" for i in range(200))

    def hammer():
        while not over.is_set():
            central.get(path)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        others = [pool.submit(hammer) for _ in range(3)]
        try:
            for method, template, op in asker.operations:
                wait_until(lambda: asker.ask(method, template, op, on=central).status == 503, WAIT_S, f"503 of {template}", pause=0)
        finally:
            over.set()
        for other in others:
            other.result()


def provoke_indices(asker, central):
    """What a central without indices refuses."""
    for method, template, op in asker.operations:
        if template.startswith("/v1/me/"):
            assert asker.ask(method, template, op, on=central).status == 404


def ops_of(asker):
    return {op["operationId"]: (m, t, op) for m, t, op in asker.operations}


def provoke_elsewhere(asker, directory):
    """What a member of a group says of partitions that another one leads, and it does not hold."""
    with Broker(directory, PARTITIONS) as broker, contextlib.ExitStack() as group:
        more = {"central": {**INDICES["central"], "members": 2}}
        members = [Central(directory, broker.address, name=name, partitions=PARTITIONS, more=more) for name in ("member-1", "member-2")]
        for member in members:
            member.set({"central": {"advertise": member.url}})
            member.start(wait=False)
            group.callback(member.kill9)
        one = members[0]
        leads = lambda: [p.get("url") for p in one.get("/v1/members").json["partitions"]]
        wait_until(lambda: one.running() and one.ready() and {m.url for m in members} == set(leads()), WAIT_S, "each leads some")
        for method, template, op in asker.operations:
            by_partition = "partition" in {p["name"] for p in op["parameters"]}
            asked = [{"query": f"partition={n}"} for n in range(PARTITIONS)] if by_partition else [{"item": f"posts/{n}"} for n in range(40)]
            for status, headers in ((307, None), (421, {"Kudos-Ask": "leader"})):
                if str(status) in op["responses"]:
                    said = (asker.ask(method, template, op, headers=headers, on=one, **about).status for about in asked)
                    assert status in said, f"{status} of {template}"
        many = ops_of(asker)["counts"]
        named = lambda n: "kudos-leader" in asker.ask(*many, item=f"posts/{n}", headers={"Kudos-Ask": "leader"}, on=one).headers
        wait_until(lambda: any(named(n) for n in range(40)), WAIT_S, "an answer that names the leader")


# A copy of a partition has to be under way: test_seeding.py holds such an answer against the description.
WHILE_SEEDING = {("members", f"partitions.seeding.{name}") for name in ("percent", "from", "bytes_per_second")}


def check(asker):
    statuses, members, headers = asker.api.every()
    never = {"statuses": statuses - asker.api.statuses, "members": members - asker.api.members - WHILE_SEEDING,
             "headers": {name for _, name in headers} - {name for _, name in asker.api.headers}}
    assert not any(never.values()), f"described, and never came: {json.dumps({k: sorted(v) for k, v in never.items()}, indent=1)}"


def test_all_that_is_described_of_an_edge_comes(pair, broker, tmp_path):
    asker = pair["edge"]
    provoke_good(asker)
    provoke_members(asker, pair["central"])
    provoke_refusals(asker, "edge")
    provoke_server(asker)
    with slow_edge(broker, tmp_path) as (edge, syncs):
        provoke_visitors(asker, edge)
        provoke_waits(asker, edge, syncs)
    with full_edge(broker, tmp_path) as edge:
        provoke_full(asker, edge)
    provoke_log(asker, tmp_path)
    provoke_forger(asker)
    check(asker)


def test_all_that_is_described_of_central_comes(pair, tmp_path):
    asker = pair["central"]
    provoke_members(pair["edge"], asker)
    provoke_good(asker)
    asker.ask(*ops_of(asker)["lookup"], headers={"Kudos-Seen": SEEN})
    provoke_refusals(asker, "central")
    provoke_server(asker)
    with Broker(tmp_path, PARTITIONS) as broker, Central(tmp_path, broker.address, partitions=PARTITIONS,
                                                         more={"http": {"max_requests_per_address": 1}}) as central:
        provoke_indices(asker, central)
        provoke_full_central(asker, central)
    provoke_elsewhere(asker, tmp_path / "group")
    provoke_forger(asker)
    check(asker)
