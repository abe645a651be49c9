"""Display forms for caches: what an edge says of them, and a real cache in front of it (nginx with configs/nginx-cdn.conf).

KUDOS_LONG=1: ten thousand connections at one time.
"""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

from ports import free_ports
from proc import TOP, Broker, Central, Edge, Process, request, wait_until

LONG = os.environ.get("KUDOS_LONG") == "1"
# A busy machine must not make of an unknown item one that central could not be asked about.
PATIENT = {"edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "5s"}}
FRESH = "public, max-age=1, stale-while-revalidate=5, stale-if-error=60"


def test_nginx_of_a_bare_debian_can_make_the_folder_of_the_cache():
    with open(os.path.join(TOP, "configs", "nginx-cdn.conf"), encoding="utf-8") as f:
        folder = next(line.split()[1] for line in f if line.startswith("proxy_cache_path "))
    assert os.path.dirname(folder) == "/var/cache", "nginx makes the last folder of the path alone"


class Nginx(Process):
    """The example of configs/, with the ports and the directory of a test."""

    def __init__(self, directory, edge, name="nginx"):
        self.port, = free_ports(1)
        where = os.path.join(str(directory), name)
        os.makedirs(where)
        with open(os.path.join(TOP, "configs", "nginx-cdn.conf"), encoding="utf-8") as f:
            text = f.read()
        for theirs, ours in (("127.0.0.1:8441", f"127.0.0.1:{edge.port}"), ("listen 8080", f"listen 127.0.0.1:{self.port} backlog=8192"),
                             ("/var/cache/nginx-kudos", f"{where}/cache")):
            assert text.count(theirs) == 1, theirs
            text = text.replace(theirs, ours)
        with open(f"{where}/kudos.conf", "w", encoding="utf-8") as f:
            f.write(text)
        with open(f"{where}/nginx.conf", "w", encoding="utf-8") as f:
            user = "user root;" if os.geteuid() == 0 else ""
            temporary = "".join(f"{kind}_temp_path {where}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            f.write(f"{user} daemon off; worker_processes 1; pid {where}/pid; worker_rlimit_nofile 12000;\n"
                    f"events {{ worker_connections 12000; }}\nhttp {{ access_log off; {temporary} include {where}/kudos.conf; }}\n")
        super().__init__(directory, name, ["nginx", "-e", "stderr", "-p", where, "-c", f"{where}/nginx.conf"])

    def ready(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def __exit__(self, *error):
        self.stop()  # its worker would go on without it

    def get(self, path, **kw):
        return request(self.port, "GET", path, **kw)

    def seen(self, path, *wanted, seconds=30, timeout=15):
        """The first answer that came out of the cache in one of these ways. No answer may take longer than `timeout`."""
        def ask():
            answer = self.get(path, timeout=timeout)
            return answer if answer.headers.get("x-cache") in wanted else None

        return wait_until(ask, seconds, f"{path}: {wanted}", pause=0.05)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Broker(tmp_path_factory.mktemp("broker")) as b:
        yield b


@pytest.fixture(scope="module")
def central(broker, tmp_path_factory):
    with Central(tmp_path_factory.mktemp("central"), broker.address, more={"central": {"snapshot_interval": "100ms"}}) as c:
        yield c


@pytest.fixture(scope="module")
def edge(broker, central, tmp_path_factory):
    with Edge(tmp_path_factory.mktemp("edge"), broker.address, central=central.url, more={**PATIENT, "http": {"cors_origins": "*"}}) as e:
        for item in ("posts/1", "posts/2", "reels/1"):
            liked(e, item)
            wait_until(lambda: "kudos-as-of" in e.get(f"/v1/{item}/display").headers, 20, "an age")
        yield e


@pytest.fixture(scope="module")
def cdn(edge, tmp_path_factory):
    with Nginx(tmp_path_factory.mktemp("cdn"), edge) as n:
        yield n


def liked(edge, item, user="ann"):
    """One like more, which central has confirmed."""
    before = edge.get(f"/v1/{item}/counts").json["counts"]["like"]["count"] or 0
    assert edge.post(f"/v1/{item}/like", user=user).status == 200
    wait_until(lambda: edge.get(f"/v1/{item}/counts").json["counts"]["like"] == {"count": before + 1, "display": str(before + 1), "pending": 0}, 20, item)


def asked(edge, kind="read"):
    """Reads that the edge has answered. (The histogram counts a request when it is answered.)"""
    return edge.metric(f'kudos_edge_request_seconds_count{{kind="{kind}"}}')


# ---- what an edge says ---------------------------------------------------------------------------------------------------


def test_many_forms_in_one_answer(edge):
    answer = edge.get("/v1/display?items=posts/1,posts/nobody,reels/1")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json" and answer.headers["cache-control"] == FRESH
    none = {"like": "0", "save": "0", "view": "0", "share": "0"}
    assert answer.json == {"items": [{"item": "posts/1", "display": {**none, "like": "1"}}, {"item": "posts/nobody", "display": none},
                                     {"item": "reels/1", "display": {**none, "like": "1"}}]}
    for one in answer.json["items"]:
        assert edge.get(f"/v1/{one['item']}/display").json == one
    assert edge.request("HEAD", "/v1/display?items=posts/1").body == b""


def test_the_tag_is_that_of_all_forms(edge):
    path = "/v1/display?items=posts/1,posts/tag"
    first = edge.get(path)
    same = edge.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status, same.body, same.headers["etag"], same.headers["cache-control"]) == (304, b"", first.headers["etag"], FRESH)
    liked(edge, "posts/tag")
    other = edge.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert other.status == 200 and other.headers["etag"] != first.headers["etag"]


def test_the_answer_is_as_old_as_its_oldest_form(edge):
    items = [f"posts/age{n}" for n in range(8)]
    edge.get("/v1/counts?items=" + ",".join(items))

    def known():
        answer = edge.get("/v1/display?items=" + ",".join(items))
        return answer if "kudos-as-of" in answer.headers else None

    wait_until(known, 20, "an age of all")
    before = [edge.get(f"/v1/{i}/display").headers["kudos-as-of"] for i in items]
    bulk = known().headers["kudos-as-of"]
    after = [edge.get(f"/v1/{i}/display").headers["kudos-as-of"] for i in items]
    assert min(before) <= bulk <= min(after), (before, bulk, after)


def test_what_is_not_known_is_not_kept(broker, tmp_path):
    """One form that is unknown, and the answer is for nobody else."""
    with Edge(tmp_path, broker.address) as alone:
        answer = alone.get("/v1/display?items=posts/1,posts/2")
        assert answer.status == 200 and answer.headers["cache-control"] == "no-store" and "kudos-as-of" not in answer.headers
        assert answer.json["items"][1] == {"item": "posts/2", "display": {"like": None, "save": None, "view": None, "share": None}}


@pytest.mark.parametrize("query, canonical", [
    ("items=posts/2,posts/1", "items=posts/1,posts/2"),
    ("items=posts/1,posts/1", "items=posts/1"),
    ("items=posts%2F1", "items=posts/1"),
    ("items=posts/1%2creels/1", "items=posts/1,reels/1"),
    ("items=posts/%31", "items=posts/1"),
    ("items=posts/1&me=true", "items=posts/1"),
    ("items=posts/1&", "items=posts/1"),
    ("&items=posts/1", "items=posts/1"),
    ("utm_source=x&items=posts/1", "items=posts/1"),
    ("items=" + ",".join(f"posts/{n}" for n in range(200)), "items=" + ",".join(sorted(f"posts/{n}" for n in range(200)))),
    ("items=posts/a:b,posts/a@b,posts/a=b,posts/a%2Bb,posts/a~b", "items=posts/a+b,posts/a:b,posts/a=b,posts/a@b,posts/a~b"),
])
def test_any_other_way_to_ask_leads_to_one_url_at_once(edge, query, canonical):
    moved = edge.get(f"/v1/display?{query}")
    assert (moved.status, moved.headers["location"], moved.body) == (308, f"display?{canonical}", b"")
    assert moved.headers["cache-control"] == "public, max-age=300"
    there = urllib.parse.urljoin(f"http://cdn.example/kudos/v1/display?{query}", moved.headers["location"])
    assert there == f"http://cdn.example/kudos/v1/display?{canonical}", "also where the API stands below another path"
    assert edge.get(f"/v1/display?{canonical}").status == 200
    assert edge.request("HEAD", f"/v1/display?{query}").headers["location"] == f"display?{canonical}"


@pytest.mark.parametrize("query, status, slug", [
    ("", 400, "invalid-request"), ("items=", 400, "invalid-request"), ("items=posts", 400, "invalid-id"), ("items=posts/1,", 400, "invalid-id"),
    ("items=songs/1", 404, "unknown-collection"), ("items=%zz", 400, "invalid-request"), ("items=posts/1&items=posts/2", 400, "invalid-request"),
    ("items=" + ",".join(f"posts/{n}" for n in range(201)), 400, "invalid-request"), ("item=posts/1", 400, "invalid-request"),
    ("items=posts/..", 400, "invalid-id"), ("items=posts/1%0d%0aset-cookie:a=b", 400, "invalid-id"),
])
def test_what_is_not_valid_is_refused_and_leads_nowhere(edge, query, status, slug):
    bad = edge.get(f"/v1/display?{query}")
    assert (bad.status, bad.problem) == (status, slug) and "location" not in bad.headers


def test_central_says_whom_to_ask(central):
    answer = central.get("/v1/display?items=posts/1")
    assert (answer.status, answer.problem) == (404, "not-found") and "edge" in answer.json["detail"]


def test_what_caches_may_do_is_configuration(broker, central, tmp_path):
    more = {"api": {"display_max_age": "0s", "display_stale_while_revalidate": "0s", "display_stale_if_error": "120s"}}
    with Edge(tmp_path, broker.address, central=central.url, more={**PATIENT, **more}) as e:
        assert e.get("/v1/posts/1/display").headers["cache-control"] == "public, max-age=0, stale-if-error=120"
        assert e.get("/v1/display?items=posts/1").headers["cache-control"] == "public, max-age=0, stale-if-error=120"


# ---- through a cache -----------------------------------------------------------------------------------------------------


def test_a_form_is_fetched_once(edge, cdn):
    before = asked(edge)
    first, second = cdn.get("/v1/posts/2/display"), cdn.get("/v1/posts/2/display")
    assert (first.status, first.headers["x-cache"]) == (200, "MISS")
    assert second.headers["x-cache"] in ("HIT", "STALE", "UPDATING") and second.json == first.json and asked(edge) <= before + 2
    assert all(second.headers[n] == first.headers[n] for n in ("etag", "kudos-as-of", "cache-control", "access-control-allow-origin"))
    same = cdn.get("/v1/posts/2/display", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status, same.body) == (304, b"") and same.headers["x-cache"] in ("HIT", "STALE", "UPDATING")


def test_a_new_form_arrives(edge, cdn):
    assert cdn.get("/v1/posts/news/display").json["display"]["like"] == "0"
    liked(edge, "posts/news")
    wait_until(lambda: cdn.get("/v1/posts/news/display").json["display"]["like"] == "1", 30, "the new form")


def test_every_way_to_ask_is_one_copy(edge, cdn):
    whole = cdn.get("/v1/display?items=posts/1,posts/2,reels/1")
    assert whole.headers["x-cache"] == "MISS"
    before = asked(edge, "bulk")
    for query in ("items=reels/1,posts/2,posts/1", "items=posts%2F1,posts/2,reels/1"):
        moved, again = (cdn.get(f"/v1/display?{query}") for _ in range(2))
        assert (moved.status, moved.headers["x-cache"], again.headers["x-cache"]) == (308, "MISS", "HIT"), "the way is kept, too"
        there = urllib.parse.urljoin(f"/v1/display?{query}", moved.headers["location"])
        assert cdn.get(there).body == whole.body and cdn.get(there).headers["x-cache"] != "MISS"
    assert asked(edge, "bulk") <= before + 4, "but for refreshing"


def test_what_a_client_says_of_itself_reaches_no_form_and_no_like(edge, cdn):
    theirs = {"X-User-Id": "ann", "Authorization": "Bearer x", "Cookie": "a=b", "Kudos-Session": "x"}
    assert cdn.get("/v1/posts/theirs/display", headers=theirs).headers["x-cache"] == "MISS"
    assert cdn.get("/v1/posts/theirs/display").headers["x-cache"] in ("HIT", "STALE", "UPDATING")
    bad = request(cdn.port, "POST", "/v1/posts/theirs/like", headers={"X-User-Id": "ann"})
    assert (bad.status, bad.problem) == (401, "unauthorized") and "x-cache" not in bad.headers
    asked_first = request(cdn.port, "OPTIONS", "/v1/display?items=posts/1", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert (asked_first.status, asked_first.headers["access-control-allow-methods"]) == (204, "GET, HEAD, OPTIONS")
    assert cdn.get("/v1/posts/theirs/counts").headers["cache-control"] == "no-store"


@contextlib.contextmanager
def behind(broker, central, directory, **stale):
    """An edge that tells caches these times, and a cache before it."""
    times = {f"display_stale_{k}": v for k, v in stale.items()}
    with Edge(directory, broker.address, central=central.url, more={**PATIENT, "api": times}) as e, Nginx(directory, e) as n:
        yield e, n


def test_nobody_waits_for_an_edge_that_is_slow(broker, central, tmp_path):
    """stale-while-revalidate: the edge stands still, and the form comes all the same, before the cache's patience with the edge (5 s) is over."""
    with behind(broker, central, tmp_path, while_revalidate="60s", if_error="0s") as (e, n):
        was = n.get("/v1/posts/1/display")
        e.signal(signal.SIGSTOP)
        for _ in range(3):
            stale = n.seen("/v1/posts/1/display", "STALE", "UPDATING", timeout=4)
            assert (stale.status, stale.body) == (200, was.body)
        e.signal(signal.SIGCONT)
        n.seen("/v1/posts/1/display", "HIT")


def test_while_the_edge_is_down_a_form_is_shown_and_then_refreshed(broker, central, tmp_path):
    """stale-if-error."""
    with behind(broker, central, tmp_path, while_revalidate="0s", if_error="60s") as (e, n):
        was = n.get("/v1/posts/1/display")
        e.kill9()
        stale = n.seen("/v1/posts/1/display", "STALE")
        assert (stale.status, stale.body) == (200, was.body)
        assert n.get("/v1/posts/2/display").status == 502, "what was never asked for is not there"
        assert n.get("/v1/posts/1/counts").status == 502
        e.start()
        n.seen("/v1/posts/1/display", "REVALIDATED", "EXPIRED", "HIT")


def test_the_bounds_are_those_of_the_edge(broker, central, tmp_path):
    """Without stale-while-revalidate a form is refreshed by its tag before it is shown, without stale-if-error an edge that is down is an error."""
    with behind(broker, central, tmp_path, while_revalidate="0s", if_error="0s") as (e, n):
        first = n.get("/v1/posts/1/display")
        again = n.seen("/v1/posts/1/display", "REVALIDATED")
        assert again.status == 200 and (again.body, again.headers["etag"]) == (first.body, first.headers["etag"])
        e.kill9()
        wait_until(lambda: n.get("/v1/posts/1/display").status == 502, 30, "an error")


def test_ten_thousand_viewers_cost_two_requests_a_second(edge, cdn):
    """Of an item that nobody has asked for before."""
    connections, each, per_s = (10000, 5, 1) if LONG else (200, 50, 20)
    viewers = connections * each
    before, begun = asked(edge), time.monotonic()
    done = subprocess.run(["prlimit", "--nofile=12000", "h2load", "--h1", "-c", str(connections), "-n", str(viewers), "--rps", str(per_s), f"http://127.0.0.1:{cdn.port}/v1/posts/viral/display"],
                          capture_output=True, text=True, timeout=300)
    cost, seconds = asked(edge) - before, time.monotonic() - begun
    answered = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", done.stdout)
    assert answered and int(answered[1]) == viewers >= 10000, done.stdout
    assert 1 <= cost <= 2 * seconds, f"{cost} requests in {seconds:.1f} s"
