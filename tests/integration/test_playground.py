"""The playground of `make demo KEEP=1`, as a visitor uses it, in Chromium: cut, like on both sides, heal, all equal; kill central; a crowd; one user with two phones;
answers that get lost. Its switches hear its own page alone."""
import base64
import json
import os
import signal
import subprocess

import pytest

from browser import Browser
from ports import free_ports, is_free
from proc import SLOWER, TOP, program, request, wait_until

BUILD = os.path.dirname(program("kudos-sim"))
HELPERS = """window.t = {
  phones: [...document.querySelectorAll('.region')],
  heart: (i, k = 0) => t.phones[i].querySelectorAll('kudos-like')[k].shadowRoot.querySelector('button'),
  link: i => t.phones[i].querySelector('.switch'),
  hold: (i, who) => { const s = t.phones[i].querySelector('select'); s.value = who; s.dispatchEvent(new Event('change')); },
  said: () => [...document.querySelectorAll('#events li span')].map(s => s.textContent),
  now: () => ({truth: document.querySelector('#true output').textContent, equal: document.body.dataset.equal === 'true',
               shown: t.phones.map(p => p.querySelector('[part=count]')?.textContent ?? p.querySelector('kudos-like').shadowRoot.querySelector('[part=count]').textContent),
               counts: [...document.querySelectorAll('#truth tr')].map(r => r.cells[1].textContent),
               pending: t.phones.map(p => p.querySelector('.pending').textContent), cut: t.phones.map(p => p.classList.contains('cut')),
               central: document.querySelector('#central-state').textContent,
               steps: [...document.querySelectorAll('#tour li')].map(l => l.className)}),
}"""


class Demo:
    """`make demo KEEP=1` in a folder of its own, after a replay of one like."""

    def __init__(self, directory):
        self.directory = str(directory)
        for name in ("configs", "sim"):
            os.symlink(os.path.join(TOP, name), os.path.join(self.directory, name))
        with open(os.path.join(self.directory, "one.tsv"), "w", encoding="ascii") as f:
            f.write("1767225600000\tu1\tposts/x\t1\n")
        rows = iter(lambda: free_ports(11), None)
        self.base = next(row[0] for row in rows if row[-1] == row[0] + 10 and all(is_free(row[0] + 1000 + i) for i in range(4)))

    def script(self, *arguments):
        env = {**os.environ, "BUILD": os.path.abspath(BUILD), "PORT_BASE": str(self.base), "KEEP": "1", "REPLAY": "one.tsv"}
        done = subprocess.run(["bash", "sim/demo.sh", *arguments], cwd=self.directory, env=env, capture_output=True, text=True, timeout=120 * SLOWER)
        assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout

    def __enter__(self):
        try:
            self.said = self.script()
        except BaseException:
            self.__exit__()
            raise
        with open(os.path.join(self.directory, "run/demo/env"), encoding="utf-8") as f:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in f)
        self.port = self.base + 10
        return self

    def __exit__(self, *error):
        self.script("stop")
        assert self.processes() == [], "all that the demo has started has ended"

    def post(self, path, body, **headers):
        headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return request(self.port, "POST", path, json.dumps(body), headers)

    def state(self):
        return request(self.port, "GET", "/api/state").json

    def processes(self):
        """(pid, name) of what runs in the demo's folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(self.directory):
                    with open(f"/proc/{pid}/cmdline", "rb") as f:
                        found.append((int(pid), os.path.basename(f.read().split(b"\0")[0].decode())))
            except OSError:
                pass  # it has ended
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Demo(tmp_path_factory.mktemp("playground")) as d:
        yield d


@pytest.fixture(scope="module")
def page(demo, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        p = browser.open(demo.env["PLAYGROUND"])
        wait_until(lambda: p.run("document.querySelectorAll('.region').length") == 3, 20, "three phones")
        p.run(HELPERS)
        yield p
        assert not [said for said in p.said() if "exceptionDetails" in said], p.said()


def until(page, what, condition):
    """What the page shows once `condition` holds for it."""
    def check():
        now = page.run("t.now()")
        return now if condition(now) else None
    try:
        return wait_until(check, 20 * SLOWER, what, pause=0.1)
    except AssertionError as e:
        raise AssertionError(f"{e}: {page.run('t.now()')}, {page.run('t.said()')}") from e


def all_equal(page, truth):
    return until(page, f"all equal to {truth}", lambda now: now["equal"] and now["truth"] == str(truth) and set(now["counts"]) == {str(truth)} == set(now["shown"]))


def test_one_address_is_printed_and_left_for_scripts(demo):
    assert demo.env["PLAYGROUND"] == f"http://127.0.0.1:{demo.port}"
    assert f"Playground, in a browser: {demo.env['PLAYGROUND']}\n" in demo.said and demo.said.splitlines()[-1].endswith("verdict=exact")


@pytest.mark.parametrize("how", ["silent", "refused"])
def test_cut_like_on_both_sides_heal_all_equal(page, how):
    before = int(all_equal(page, page.run("t.now()")["truth"])["truth"])
    page.run(f"document.querySelector('#how').value = '{how}', t.link(0).click()")
    until(page, "cut", lambda now: now["cut"] == [True, False, False])
    page.run("t.heart(0).click(), t.heart(1).click(), t.heart(2).click()")
    step = 1 if before == 0 else -1
    mine, others = str(before + step), str(before + 2 * step)
    now = until(page, "each side counts on", lambda now: now["counts"] == [mine, others, others] and now["pending"] == ["1", "0", "0"])
    assert now["truth"] == str(before + 3 * step) and not now["equal"]
    assert "Mumbai is cut off: its count goes on, 1 waits to be told." in page.run("t.said()")
    page.run("t.link(0).click()")
    all_equal(page, before + 3 * step)
    assert any(line.startswith("Mumbai healed: ") for line in page.run("t.said()"))
    assert page.run("t.now()")["steps"] == ["done", "done", "done"]


def test_one_user_on_two_continents_counts_once(page):
    before = int(all_equal(page, page.run("t.now()")["truth"])["truth"])
    page.run("t.hold(0, 'emil'), t.hold(1, 'emil'), t.link(0).click()")
    until(page, "cut", lambda now: now["cut"][0])
    wait_until(lambda: page.run("t.heart(0).ariaPressed") == page.run("t.heart(1).ariaPressed") == "false", 20, "emil's phones")
    page.run("t.heart(0).click()")
    until(page, "his like in Mumbai", lambda now: now["counts"][0] == str(before + 1) and now["truth"] == str(before + 1))
    page.run("t.heart(1).click()")
    until(page, "his like in Virginia", lambda now: now["counts"][1] == str(before + 1))
    page.run("t.link(0).click()")
    all_equal(page, before + 1)


def test_an_answer_that_gets_lost_counts_once(page):
    before = int(all_equal(page, page.run("t.now()")["truth"])["truth"])
    page.run("Math.was = Math.random, Math.random = () => 0, t.hold(2, 'fatou'), t.phones[2].querySelector('.lossy input').click(), t.heart(2).click()")
    wait_until(lambda: any("got lost" in line for line in page.run("t.said()")), 20, "an answer that is lost")
    until(page, "the phone does not know, and so nobody does who asks phones", lambda now: now["truth"] == f"{before}–{before + 1}")
    page.run("Math.random = Math.was, t.phones[2].querySelector('.lossy input').click()")
    all_equal(page, before + 1)


def test_central_killed_all_continue_and_a_crowd_is_counted(demo, page):
    before = int(all_equal(page, page.run("t.now()")["truth"])["truth"])
    first = next(pid for pid, name in demo.processes() if name == "kudos-central")
    page.run("document.querySelector('#central button').click()")
    until(page, "central is killed", lambda now: now["central"] == "killed")
    assert first not in [pid for pid, _ in demo.processes()]
    page.run("document.querySelector('#crowd').click()")
    until(page, "the crowd is acknowledged", lambda now: now["truth"] == str(before + 300) and now["pending"] == ["100"] * 3 and now["counts"] == [str(before + 100)] * 3)
    page.run("document.querySelector('#central button').click()")
    all_equal(page, before + 300)
    assert any(line.startswith("Central is back: ") for line in page.run("t.said()"))


def test_switches_hear_their_own_page_alone(demo):
    before = demo.state()
    own = {"Origin": f"http://127.0.0.1:{demo.port}"}
    for path, body in (("/api/link", {"region": "mumbai", "link": "silent"}), ("/api/central", {"running": False}), ("/api/crowd", {"post": "posts/harbour", "users": 9}),
                       ("/api/taps/asked", [{"user": "ada", "post": "posts/harbour", "region": "mumbai", "like": True}])):
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"https://127.0.0.1:{demo.port}"}, {"Origin": f"http://127.0.0.1:{demo.port + 1}"},
                        {"Host": "evil.example"}, {"Host": f"evil.example:{demo.port}", "Origin": f"http://evil.example:{demo.port}"},
                        {**own, "Content-Type": "text/plain"}, {**own, "Content-Type": "application/x-www-form-urlencoded"}):
            answer = demo.post(path, body, **headers)
            assert (answer.status, answer.problem) == (403, "forbidden"), (path, headers)
            assert "access-control-allow-origin" not in answer.headers
    preflight = request(demo.port, "OPTIONS", "/api/link", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
    assert preflight.status == 403 and "access-control-allow-origin" not in preflight.headers
    assert request(demo.port, "GET", "/api/setup", headers={"Host": "evil.example"}).status == 403, "nor are tokens told under a stranger's name"
    assert demo.state() == before


def test_orders_that_make_no_sense_change_nothing(demo):
    before = demo.state()
    for path, body in (("/api/link", {"region": "paris", "link": "silent"}), ("/api/link", {"region": "mumbai", "link": "shut"}), ("/api/central", {}),
                       ("/api/central", {"running": "no"}), ("/api/crowd", {"post": "posts/x", "users": 1}), ("/api/crowd", {"post": "posts/harbour", "users": 1001}),
                       ("/api/crowd", {"post": "posts/harbour", "users": 0}), ("/api/crowd", [1]), ("/api/taps/asked", [{"user": "eve", "post": "posts/harbour", "region": "mumbai"}]),
                       ("/api/taps/asked", {}), ("/api/taps/taken", [-1]), ("/api/taps/taken", ["1"]), ("/api/link", {"region": "mumbai", "link": "silent", "more": 1})):
        answer = demo.post(path, body)
        assert (answer.status, answer.problem) == (400, "invalid-request"), (path, body)
    assert demo.post("/api/taps/taken", [10 ** 9]).status == 200, "a tap that there is not"
    assert demo.post("/api/nothing", {}).status == 404 == request(demo.port, "GET", "/sim/demo.sh").status
    assert demo.state() == before


def test_the_page_brings_all_it_needs_and_lets_nobody_frame_it(demo, page):
    answer = request(demo.port, "GET", "/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and page.run("getComputedStyle(t.heart(0)).borderRadius") == "999px"
    assert "frame-ancestors 'none'" in policy and f"http://127.0.0.1:{demo.base + 1}" in policy
    assert request(demo.port, "GET", "/sdk/kudos-like.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("width", (1280, 390))
def test_fingers_hit_what_can_be_touched_and_the_table_says_of_what_it_is(page, width):
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=1200, deviceScaleFactor=1, mobile=width < 640)
    try:
        small = page.run("""[...document.querySelectorAll('button, select, label.lossy, kudos-like')].filter(e => e.offsetParent).map(e =>
          [e.id || e.className || e.localName, (e.shadowRoot?.querySelector('button') ?? e).getBoundingClientRect()]).filter(([, r]) => r.height < 44 || r.width < 44).map(([n, r]) => [n, r.width, r.height])""")
        assert small == [] or width > 640, small
        assert page.run("document.querySelector('#truth caption').textContent") == "The lighthouse, in each region"
        assert page.run("getComputedStyle(document.querySelector('#tour li')).borderRadius") == "0px", "steps are no buttons"
        assert page.run("document.documentElement.scrollWidth") <= width
        if os.environ.get("SHOTS"):
            page.call("Page.bringToFront")
            with open(os.path.join(os.environ["SHOTS"], f"{width}.png"), "wb") as f:
                f.write(base64.b64decode(page.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]))
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")


def test_story_and_tour_in_words(page):
    assert page.run("""import('/story.js').then(({story, apart, createTour}) => {
      const open = {name: 'a', link: 'open'}, silent = {name: 'a', link: 'silent'}, state = (r, central = 'up', kills = 0, wanted = 0, acked = 0) =>
        ({regions: [r], central: {state: central, kills}, crowd: {wanted, acked}}), tell = (x, y) => story(x, y, {a: 'A'}).map(l => l.text);
      const entry = (count, pending = 0) => ({p: {count, pending}}), truth = {p: {least: 2, most: 3}};
      return [tell(state(open), state(open)), tell(state(open), state(silent)), tell(state(silent), state({...open, link: 'refused'})), tell(state(silent), state(open)),
              tell(state(open), state(open, 'down', 1)), tell(state(open, 'down', 1), state(open, 'starting', 1)), tell(state(open, 'up', 1), state(open, 'starting', 2)).length,
              tell(state(open), state(open, 'up', 0, 5, 0)), tell(state(open, 'up', 0, 5, 3), state(open, 'up', 0, 5, 5)).length,
              apart([entry(2), entry(2)], truth, ['p']), apart([entry(2), entry(3)], truth, ['p']), apart([entry(1), entry(3)], truth, ['p']), apart([entry(2, 1)], truth, ['p']), apart([{}], truth, ['p'])];
    })""") == [[], ["A is cut off from Kafka and central. Its phones do not notice."], ["A: the cut is refusal now."], ["A is healed."],
               ["Central is killed (kill -9). All regions go on; their numbers grow older."], ["Central starts again from its disk."], 2,
               ["A crowd of 5 comes, in all regions."], 1, False, True, True, True, True]


def test_central_ends_with_a_playground_that_is_killed(tmp_path):
    with Demo(tmp_path) as demo:
        with open(os.path.join(demo.directory, "run/demo/pids"), encoding="ascii") as f:
            os.kill(int(f.read().split()[1]), signal.SIGKILL)
        wait_until(lambda: "kudos-central" not in [name for _, name in demo.processes()], 30, "central has ended")


def test_the_end_takes_a_region_that_is_cut_off_and_another_central_with_it(demo):
    """The fixture looks at what is left."""
    for path, body in (("/api/link", {"region": "mumbai", "link": "silent"}), ("/api/central", {"running": False}), ("/api/central", {"running": True})):
        assert demo.post(path, body).status == 200
    assert sorted(name for _, name in demo.processes()) == ["kudos-central"] + ["kudos-edge"] * 3 + ["kudos-sim"] * 2
