"""A page of another origin in a real browser (Chromium without a window): what it may read and do, and what a page that is not listed may not.

A browser cannot send X-User-Id, so a gateway stands before the edge that knows the page's user by a token.
"""
import contextlib
import http.client
import http.server
import json
import os
import signal

import pytest

from proc import Broker, Central, Edge, Process, wait_until
from serving import served

TOKENS = {"Bearer token-of-ada": "ada"}
PAGE = """<!doctype html><meta charset=utf-8><title>A page</title><script type=module>
const api = new URLSearchParams(location.search).get('api'), ada = {Authorization: 'Bearer token-of-ada'}, out = {};
async function say(name, path, options) {
  try {
    const r = await fetch(api + path, options), text = await r.text();
    const header = n => r.headers.get(n);
    out[name] = {status: r.status, url: r.url.slice(api.length), json: text ? JSON.parse(text) : null, session: header('Kudos-Session'), etag: header('ETag'),
                 as_of: header('Kudos-As-Of'), allow: header('Allow'), date: header('Date')};
  } catch (e) { out[name] = e.name; }
  return out[name];
}
const like = await say('like', '/v1/posts/page/like', {method: 'POST', headers: {...ada, 'Idempotency-Key': 'page-1'}});
await say('again', '/v1/posts/page/like', {method: 'POST', headers: {...ada, 'Kudos-Session': like.session ?? 'x', 'X-Idempotency-Key': 'page-2'}});
await say('batch', '/v1/likes', {method: 'POST', headers: {...ada, 'Content-Type': 'application/json'},
                                 body: JSON.stringify({operations: [{item: 'posts/page2', op: 'like'}]})});
await say('unlike', '/v1/posts/page2/like', {method: 'DELETE', headers: ada});
await say('liked', '/v1/posts/page/like', {headers: ada});
await say('counts', '/v1/posts/page/counts');
const display = await say('display', '/v1/posts/known/display');
await say('same', '/v1/posts/known/display', {headers: {'If-None-Match': display.etag ?? 'x'}});
await say('moved', '/v1/display?items=' + encodeURIComponent('reels/1,posts/known'));
await say('unknown', '/v1/songs/1/counts');
await say('nobody', '/v1/posts/page/like', {method: 'POST'});
await say('method', '/v1/posts/page/counts', {method: 'PUT'});
await say('named', '/v1/posts/page/like', {method: 'POST', headers: {'X-User-Id': 'eve'}});
await say('cookies', '/v1/posts/page/counts', {credentials: 'include'});
await fetch('/out', {method: 'POST', body: JSON.stringify(out)});
</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, headers, body=b""):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Site(Handler):
    """The page, and where it tells what it has seen."""

    def do_GET(self):
        self.answer(200 if self.path.startswith("/?") else 404, [("Content-Type", "text/html")], PAGE.encode())

    def do_POST(self):
        self.server.told = json.loads(self.body())
        self.answer(204, [])


class Gateway(Handler):
    """Says to the edge who it is, by the token; hands everything else on, both ways."""

    def pass_on(self):
        user = TOKENS.get(self.headers["Authorization"])
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "x-user-id", "authorization", "connection")}
        if user:
            headers["X-User-Id"] = user
        connection = http.client.HTTPConnection("127.0.0.1", self.server.edge.port, timeout=15)
        try:
            connection.request(self.command, self.path, self.body(), headers)
            response = connection.getresponse()
            body = response.read()
            self.answer(response.status, [(k, v) for k, v in response.getheaders() if k.lower() not in ("content-length", "connection")], body)
        finally:
            connection.close()

    do_GET = do_POST = do_DELETE = do_PUT = do_OPTIONS = pass_on


class Chromium(Process):
    """One page, until what was waited for has come. Its processes are one group, which ends together."""

    def __init__(self, directory, url):
        more = ["--no-sandbox"] if os.geteuid() == 0 else []
        super().__init__(directory, "chromium", ["setsid", "chromium-headless-shell", *more, "--disable-gpu", "--disable-dev-shm-usage",
                                                 "--no-proxy-server", f"--user-data-dir={directory}/profile", "--remote-debugging-port=0", url], env={"TMPDIR": str(directory)})

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.kill9()


@pytest.fixture(scope="module")
def site():
    with served(Site, told=None) as s:
        yield s


@pytest.fixture(scope="module")
def edge(site, tmp_path_factory):
    directory = tmp_path_factory.mktemp("browsers")
    with Broker(directory) as broker, \
            Central(directory, broker.address, more={"central": {"snapshot_interval": "100ms"}}) as central, \
            Edge(directory, broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "5s"}}) as e:
        e.set({"http": {"cors_origins": f"http://127.0.0.1:{site.server_port}"}})
        e.signal(signal.SIGHUP)
        wait_until(lambda: e.events("reloaded"), 30, "the origin of the page")
        assert e.post("/v1/posts/known/like", user="bob").status == 200
        wait_until(lambda: e.get("/v1/posts/known/counts").json["counts"]["like"] == {"count": 1, "display": "1", "pending": 0}, 20, "a count")
        wait_until(lambda: "kudos-as-of" in e.get("/v1/posts/known/display").headers, 20, "its age")
        yield e


def visited(edge, site, host, directory):
    """What the page has seen, under that name of its host."""
    site.told = None
    with served(Gateway, edge=edge) as gateway:
        url = f"http://{host}:{site.server_port}/?api=http://127.0.0.1:{gateway.server_port}"
        with Chromium(directory, url):
            return wait_until(lambda: site.told, 60, "the page's report")


def test_a_page_that_is_listed_likes_and_reads(edge, site, tmp_path):
    told = visited(edge, site, "127.0.0.1", tmp_path)
    assert (told["like"]["status"], told["like"]["json"]["liked"], told["like"]["json"]["changed"]) == (200, True, True)
    assert told["like"]["session"] and told["like"]["date"] is None, "what is exposed, and no more"
    assert (told["again"]["status"], told["again"]["json"]["changed"]) == (200, False) and told["again"]["session"] != told["like"]["session"]
    assert told["batch"]["json"]["results"][0]["liked"] is True
    assert (told["unlike"]["status"], told["unlike"]["json"]["liked"]) == (200, False)
    assert told["liked"]["json"]["liked"] is True and told["counts"]["json"]["counts"]["like"]["count"] == 1
    assert told["display"]["json"]["display"]["like"] == "1" and told["display"]["etag"] and told["display"]["as_of"]
    assert (told["same"]["status"], told["same"]["json"], told["same"]["etag"]) == (304, None, told["display"]["etag"])
    assert told["moved"]["url"] == "/v1/display?items=posts/known,reels/1" and len(told["moved"]["json"]["items"]) == 2
    assert (told["unknown"]["status"], told["unknown"]["json"]["type"]) == (404, "urn:kudos:unknown-collection")
    assert (told["nobody"]["status"], told["nobody"]["json"]["type"]) == (401, "urn:kudos:unauthorized")
    assert told["method"] == "TypeError", "a preflight names the methods of the path"
    assert told["named"] == "TypeError", "the word of a gateway is not for pages"
    assert told["cookies"] == "TypeError", "nobody is known by cookies"
    assert edge.get("/v1/posts/page/like", user="eve").json["liked"] is False


def test_a_page_that_is_not_listed_reads_nothing_and_likes_nothing(edge, site, tmp_path):
    before = edge.get("/v1/posts/page/counts").json["counts"]["like"]["count"]
    told = visited(edge, site, "localhost", tmp_path)
    assert len(told) == 14 and set(told.values()) == {"TypeError"}, told
    assert edge.get("/v1/posts/page/counts").json["counts"]["like"]["count"] == before is not None
