"""Pages of users in Chromium, with the client for pages (sdk/js) as one publishes it, before a real edge, through a network that a test cuts.

What a page was told is kept is written down here; `exact` asks that central holds that, and nothing besides, and that no number stepped back on a screen
without a reason.
"""
import collections
import http.server
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import pytest

from browser import Browser
from cut import Cut
from keys import write_keys
from proc import TOP, Broker, Central, Edge, program, run_program, wait_until
from serving import served
from tokens import Key, key_set, write_file

SDK = os.path.join(TOP, "sdk", "js")
BUILT = os.path.join(os.path.dirname(program("kudos-edge")), "sdk")
KEY = Key("ES256", kid="sdk")
AGREE_S = 30


@pytest.fixture(scope="session")
def built():
    """The package, unpacked as npm would install it."""
    done = subprocess.run(["make", "-s", "-C", TOP, f"BUILD={os.path.dirname(BUILT)}", "sdk"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"can this machine fetch packages of npm?\n{done.stdout}{done.stderr}"
    (package,) = (os.path.join(BUILT, f) for f in os.listdir(BUILT) if f.endswith(".tgz"))
    installed = os.path.join(BUILT, "node_modules", "kudos-client")
    shutil.rmtree(installed, ignore_errors=True)
    os.makedirs(installed)
    subprocess.run(["tar", "xzf", package, "-C", installed, "--strip-components=1"], check=True)
    return package


class Site(http.server.SimpleHTTPRequestHandler):
    """dist/ of the package; pages that a test writes down; the page of the tests."""

    def do_GET(self):
        path = self.path.split("?")[0]
        text = self.server.pages.get(path)
        if path.startswith("/dist/"):
            with open(os.path.join(BUILT, path[1:]), encoding="utf-8") as f:
                text = f.read()
        self.send_response(200 if text is not None else 404)
        self.send_header("Content-Type", "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(built):
    with open(os.path.join(TOP, "tests", "sdk", "page.html"), encoding="utf-8") as page, served(Site, pages={"/page": page.read()}) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server


@pytest.fixture(scope="module")
def system(site, tmp_path_factory):
    """An edge that knows users by tokens and takes visitors, with a central."""
    directory = tmp_path_factory.mktemp("sdk")
    more = {"http": {"cors_origins": site.url}, "edge": {"flush_interval": "100ms"}, "central": {"read_deadline": "2s"},
            "visitors": {"keys_file": write_keys(os.path.join(directory, "visitors.keys"), "1 visitors"), "counters": "like"},
            "jwt": {"issuer": "idp", "audience": "kudos", "keys_file": write_file(os.path.join(directory, "jwt.json"), key_set(KEY))}}
    with Broker(directory) as broker, Central(directory, broker.address, more={"central": {"snapshot_interval": "100ms"}}) as central, \
            Edge(directory, broker.address, central=central.url, more=more) as edge:
        yield collections.namedtuple("System", "edge central")(edge, central)


@pytest.fixture
def cut(system):
    with Cut(system.edge.port) as c:
        yield c


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as b:
        yield b


class Users:
    """Pages of users beside one system, and what they were told is kept: the journal."""

    def __init__(self, browser, site, system, cut):
        self.browser, self.site, self.system, self.cut = browser, site, system, cut
        self.kept, self.pages, self.tried = {}, [], set()

    def open(self, user, **options):
        options = {"edge": f"http://127.0.0.1:{self.cut.port}", "token": KEY.token(user), "user": user, **options}
        page = self.browser.open(f"{self.site.url}/page#{urllib.parse.quote(json.dumps(options))}")
        page.user = user
        self.started(page)
        self.pages.append(page)
        return page

    @staticmethod
    def started(page):
        wait_until(lambda: page.run("window.started"), 20, f"the client: {page.said()}")

    def tap(self, page, item, op="like"):
        """Returns when the page shows the tap, and says that it is kept on this device."""
        self.tried.add((item, page.user))
        page.run(f"kudos.{op}({json.dumps(item)})")
        self.kept[item, page.user] = op == "like"

    @staticmethod
    def sent(page):
        """Batches that this page began to send: (key, token, [(op, item)])."""
        posts = [(h, json.loads(body)) for method, h, body in page.requests("/v1/likes") if method == "POST"]
        return [(h["idempotency-key"], h.get("authorization"), [(o["op"], o["item"]) for o in body["operations"]]) for h, body in posts]

    def quiet(self, *pages):
        """Until these pages have nothing left to say."""
        for page in pages or self.pages:
            wait_until(lambda p=page: p.run("kudos.queued") == 0, AGREE_S, f"an empty queue: {page.run('heard')}")

    def exact(self):
        """Central holds what was told as kept, and nothing besides; the edge counts the same; no screen stepped back."""
        for page in self.pages:
            assert page.run("steps()") == []
        users, likes = {u for _, u in self.tried}, collections.Counter(i for (i, _), liked in self.kept.items() if liked)
        wanted = sorted(pair for pair, liked in self.kept.items() if liked)

        def held():
            lines = [line.split("\t") for line in run_program("kudos-central", "export", "--url", self.system.central.url).stdout.splitlines()]
            return sorted((item, user) for counter, item, user, _, _ in lines if counter == "like" and user in users)

        wait_until(lambda: held() == wanted, AGREE_S, f"central holds what was kept: {wanted}")
        for item in {i for i, _ in self.tried}:
            wait_until(lambda i=item: self.system.edge.get(f"/v1/{i}/counts").json["counts"]["like"] ==
                       {"count": likes[i], "display": str(likes[i]), "pending": 0}, AGREE_S, f"{likes[item]} of {item}")
        said = run_program("kudos-central", "audit", "--url", self.system.central.url).stdout
        assert said.splitlines()[-1].endswith("verdict=exact"), said

    def close(self):
        for page in self.pages:
            page.close()


@pytest.fixture
def users(browser, site, system, cut):
    u = Users(browser, site, system, cut)
    yield u
    cut.mode = "pass"
    u.close()


def gone(users, page):
    """The user goes on to another site, and closes the tab."""
    users.pages.remove(page)
    page.go("about:blank")
    page.close()


def run(*command, cwd=BUILT, seconds=120):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, (command, done.stdout[-4000:], done.stderr[-2000:])
    return done.stdout


def hearts(page, expression):
    """An expression about `all` elements of a page, and the first one's `button`."""
    names = "all = [...document.querySelectorAll('kudos-like')], button = all[0]?.shadowRoot?.querySelector('button')"
    return page.run(f"(() => {{ const {names}; return {expression}; }})()")
