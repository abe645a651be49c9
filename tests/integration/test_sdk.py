"""The client for pages (sdk/js) and the examples: as one publishes them, in Chromium and in node, against a real edge through a network that is cut.

What a page was told is kept (the promise of like() came back) is written down in sdk_pages.py; at the end central must hold exactly that, and no number may
have stepped back on a screen without a reason. KUDOS_LONG=1: a storm of random cuts, reloads and taps in six pages (KUDOS_SEED).
"""
import gzip
import json
import os
import random
import re
import subprocess
import urllib.parse

import pytest

from browser import Browser
from proc import TOP, Process, request, wait_until
from sdk_pages import AGREE_S, BUILT, KEY, SDK, Users, browser, built, cut, gone, hearts, run, site, system, users  # noqa: F401 (fixtures too)
from tokens import write_file

LONG = os.environ.get("KUDOS_LONG") == "1"
MOST = {"kudos": 6000, "kudos-like": 3330, "kudos-live": 2600}  # bytes, by gzip


# ---- the package ----

def test_the_units_in_node():
    tests = [os.path.join(SDK, "test", f) for f in sorted(os.listdir(os.path.join(SDK, "test"))) if f.endswith(".test.js")]
    said = run("node", "--test", "--test-reporter=tap", *tests, cwd=TOP)
    assert re.search(r"^# fail 0$", said, re.M) and int(re.search(r"^# pass (\d+)$", said, re.M)[1]) >= 40


def sources():
    return [os.path.relpath(os.path.join(d, f), SDK) for d, _, files in os.walk(os.path.join(SDK, "src")) for f in files]


def test_the_package_is_small_and_whole(built):
    sizes = {}
    for name in MOST:
        with open(os.path.join(BUILT, "dist", f"{name}.js"), "rb") as f:
            sizes[name] = len(gzip.compress(f.read(), 9))
    assert all(1000 < sizes[name] <= MOST[name] for name in MOST), sizes
    with open(os.path.join(BUILT, "package.json"), encoding="utf-8") as f:
        assert "dependencies" not in json.load(f)
    inside = sorted(run("tar", "tzf", built).split())
    assert inside == sorted(f"package/{f}" for f in ("LICENSE", "README.md", "dist/kudos-like.js", "dist/kudos-live.js", "dist/kudos.js", "package.json", *sources(),
                                               "types/kudos-like.d.ts", "types/kudos-live.d.ts", "types/kudos.d.ts"))


def test_tools_of_others_find_nothing(built):
    """publint and attw read the package; TypeScript, strictly, what the README shows."""
    run("node_modules/.bin/publint", "--strict", built)
    run("node_modules/.bin/attw", "--profile", "esm-only", built)
    with open(os.path.join(SDK, "README.md"), encoding="utf-8") as f:
        shown = re.findall(r"^```ts\n(.*?)^```", f.read(), re.M | re.S)
    assert shown
    with open(os.path.join(BUILT, "shown.ts"), "w", encoding="utf-8") as f:
        f.write("\n".join(shown))
    run("node_modules/.bin/tsc", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "shown.ts")


def test_the_lock_names_no_host():
    with open(os.path.join(SDK, "package-lock.json"), encoding="utf-8") as f:
        assert "://" not in f.read()


# ---- the client ----

def test_ten_hearts_are_one_request_and_the_last_intent_wins(users):
    page = users.open("ten", debounce=2000)
    page.run("(async () => { for (let n = 0; n < 10; n++) await kudos[n % 2 ? 'unlike' : 'like']('posts/ten'); await kudos.like('posts/ten2'); })()")
    users.tried.add(("posts/ten", "ten"))
    users.tap(page, "posts/ten2")
    users.quiet()
    assert [operations for _, _, operations in users.sent(page)] == [[("unlike", "posts/ten"), ("like", "posts/ten2")]]
    users.exact()


@pytest.mark.parametrize("mode", ["hole", "reset", "mute", "offline"])
def test_taps_during_a_cut_are_kept_shown_and_counted_once(users, cut, mode):
    item, other = f"posts/{mode}", f"posts/{mode}2"
    page = users.open(f"cut-{mode}")
    page.run(f"look(['{item}', '{other}'])")
    users.tap(page, other)
    users.quiet()
    if mode == "offline":
        page.offline(True)
    else:
        cut.mode = mode
    users.tap(page, item)
    users.tap(page, other, "unlike")
    wait_until(lambda: page.run("heard.some(h => h.detail.name === 'no-answer')"), 20, "the page hears of the cut")
    shown = page.run(f"[shown('{item}'), shown('{other}')]")
    assert [(s["liked"], s["count"], s["pending"]) for s in shown] == [(True, 1, True), (False, 0, True)], "as the user wants it"
    if mode == "offline":
        page.offline(False)
    else:
        cut.mode = "pass"
    users.quiet()
    keys = [key for key, _, operations in users.sent(page) if len(operations) == 2]
    assert len(keys) >= 2 and len(set(keys)) == 1, "tried again with the same key"
    assert page.run("answers.at(-1).results.map(r => r.changed)") == [True, True], "a retry has the answer of the first request"
    users.exact()


def test_a_reload_in_the_middle_has_the_same_key(users, system, cut):
    page = users.open("reload")
    users.tap(page, "posts/reload0")
    users.quiet()  # from now on the browser needs no preflight
    cut.mode = "mute"
    users.tap(page, "posts/reload")
    wait_until(lambda: system.edge.get("/v1/posts/reload/like", user="reload").json["liked"], 20, "the like is taken, its answer is lost")
    page.reload()
    users.started(page)
    assert page.run("[shown('posts/reload').liked, shown('posts/reload').pending]") == [True, True]
    cut.mode = "pass"
    users.quiet()
    keys = [key for key, _, operations in users.sent(page) if operations == [("like", "posts/reload")]]
    assert len(set(keys)) == 1 < len(keys)
    assert page.run("answers.at(-1).results[0].changed") is True, "a retry has the answer of the first request"
    users.exact()


def test_a_page_that_goes_away_sends_what_it_has(users, system):
    page = users.open("leaver", debounce=60000)
    page.run("kudos.state('posts/leave')")
    users.tap(page, "posts/leave")
    gone(users, page)
    wait_until(lambda: system.edge.get("/v1/posts/leave/counts").json["counts"]["like"]["count"] == 1, 20, "the like of a page that is gone")
    back = users.open("leaver")
    users.quiet(back)
    assert users.sent(back)[0][2] == [("like", "posts/leave")], "it had no answer that anybody heard, so it is asked again"
    assert back.run("answers[0].results[0].changed") is True, "with the same key: it is the answer of the first request"
    users.exact()


def test_a_crash_loses_nothing(site, system, cut, tmp_path):
    with Browser(tmp_path) as first:
        users = Users(first, site, system, cut)
        page = users.open("crash")
        cut.mode = "reset"
        users.tap(page, "posts/crash")
        users.tap(page, "posts/crash2")
    cut.mode = "pass"  # the browser was killed; it starts again, with its profile
    with Browser(tmp_path) as second:
        users.browser, users.pages = second, []
        users.quiet(users.open("crash"))
        users.exact()


def test_two_tabs_share_a_queue_and_one_of_them_sends(users):
    one, two = users.open("tabs", debounce=60000), users.open("tabs", debounce=60000)
    for page in (one, two):
        page.run("look(['posts/tabs', 'posts/tabs2'])")
    wait_until(lambda: two.run("shown('posts/tabs').count") == 0, 20, "the number")
    users.tap(one, "posts/tabs")
    wait_until(lambda: two.run("[shown('posts/tabs').liked, shown('posts/tabs').count].join()") == "true,1", 20, "the other tab shows the tap")
    assert users.sent(one) == users.sent(two) == []
    users.tap(two, "posts/tabs2")
    users.tap(two, "posts/tabs", "unlike")
    for page in (one, two):
        page.run("kudos.flush()")
    users.quiet()
    said = [o for page in (one, two) for _, _, operations in users.sent(page) for o in operations]
    assert sorted(said) == [("like", "posts/tabs2"), ("unlike", "posts/tabs")], "each intent once, the last one of both tabs"
    wait_until(lambda: one.run("shown('posts/tabs2').liked") is True, 20, "the first tab knows")
    users.exact()


def test_what_one_user_queued_is_never_sent_for_another(users, cut):
    page = users.open("anna")
    users.tap(page, "posts/two-a")
    users.quiet(page)
    cut.mode = "reset"
    users.tap(page, "posts/two-b")
    gone(users, page)
    cut.mode = "pass"
    other = users.open("otto")
    users.tap(other, "posts/two-c")
    users.quiet(other)
    assert [operations for _, _, operations in users.sent(other)] == [[("like", "posts/two-c")]]
    assert not any("kudos-session" in h for _, h, _ in other.requests("/v1/likes")), "no session of another"
    again = users.open("anna")
    users.quiet(again)
    assert all("kudos-session" in h for m, h, _ in again.requests("/v1/likes") if m == "POST"), "her own is kept"
    users.exact()


def test_a_refused_token_keeps_the_taps_until_there_is_a_good_one(users):
    page = users.open("refused", token=KEY.token("refused", exp=1))
    page.run("look(['posts/refused'])")
    users.tap(page, "posts/refused")
    wait_until(lambda: page.run("heard.some(h => h.detail.name === 'unauthorized')"), 20, "the page hears of it")
    assert page.run("[kudos.queued, shown('posts/refused').liked, shown('posts/refused').pending]") == [1, True, True]
    page.run(f"kudos.setToken({json.dumps(KEY.token('refused'))})")
    users.quiet()
    users.exact()


def test_what_the_edge_refuses_is_taken_back_by_name(users):
    page = users.open("scoped", token=KEY.token("scoped", scope="kudos:write:reels/like"))
    page.run("look(['posts/scoped'])")
    wait_until(lambda: page.run("shown('posts/scoped').count") == 0, 20, "the number")
    page.run("Promise.all([kudos.like('posts/scoped'), kudos.like('reels/scoped')])")
    users.kept["reels/scoped", "scoped"] = True
    users.tried.update({("posts/scoped", "scoped"), ("reels/scoped", "scoped")})
    users.quiet()
    state = page.run("shown('posts/scoped')")
    assert (state["liked"], state["count"], state["reason"], state["problem"]["type"]) == (False, 0, "refused", "forbidden")
    users.exact()


# ---- the element, and the examples ----

def test_fifty_hearts_are_one_request(users, site, cut):
    elements = "".join(f'<kudos-like item="posts/h{n}"></kudos-like>' for n in range(50))
    site.pages["/hearts"] = (f'<!doctype html><meta name="kudos-edge" content="http://127.0.0.1:{cut.port}">'
                             f'<meta name="kudos-token" content="{KEY.token("fifty")}"><script type="module" src="/dist/kudos-like.js"></script>{elements}')
    page = users.browser.open(f"{site.url}/hearts")
    wait_until(lambda: hearts(page, "all.filter(h => h.state?.count === 0).length") == 50, 20, "50 numbers")
    assert [m for m, _, _ in page.requests("/v1/counts")].count("POST") == 1
    page.close()


def test_the_page_of_two_lines(users, site, cut, system):
    """As it stands in examples/, with another address and a token; by keyboard, as a screen reader sees it."""
    with open(os.path.join(TOP, "examples", "page", "index.html"), encoding="utf-8") as f:
        text = f.read()
    assert len(re.findall(r"kudos-like", re.sub(r"<!--.*?-->", "", text, flags=re.S))) == 3, "a script and an element"
    site.pages["/two"] = text.replace("http://localhost:8441", f"http://127.0.0.1:{cut.port}").replace("src=\"dist", "src=\"/dist").replace(
        "<kudos-like ", f"<kudos-like token=\"{KEY.token('reader')}\" ")
    page = users.browser.open(f"{site.url}/two")
    wait_until(lambda: hearts(page, "all[0].state?.count") == 0, 20, "the number")
    for key in ("Tab", " "):
        for kind in ("keyDown", "keyUp"):
            page.call("Input.dispatchKeyEvent", type=kind, key=key, code={" ": "Space"}.get(key, key), windowsVirtualKeyCode={"Tab": 9, " ": 32}[key],
                      text=" " if key == " " and kind == "keyDown" else "")
    assert hearts(page, "[all[0].hasAttribute('liked'), all[0].shadowRoot.querySelector('[part=count]').textContent]") == [True, "1"], "at once"
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    (button,) = (n for n in nodes if n.get("role", {}).get("value") in ("button", "toggleButton"))
    assert button["name"]["value"] == "Like, 1"
    assert next(p["value"]["value"] for p in button["properties"] if p["name"] == "pressed") == "true"
    wait_until(lambda: system.edge.get("/v1/posts/hello/counts").json["counts"]["like"]["count"] == 1, 20, "the like, after the debounce")
    page.close()


def test_what_a_server_rendered_is_there_before_the_script_and_stays(users, site, cut):
    what = "{item: 'posts/served', count: 1234, liked: true, label: 'Gefällt \"mir\"', locale: 'de'}"
    script = f"import(process.argv[1]).then(m => console.log(m.render({what})))"
    rendered = run("node", "-e", script, os.path.join(BUILT, "dist", "kudos-like.js"))
    site.pages["/plain"] = f"<!doctype html><meta charset=utf-8>{rendered}<kudos-like item=\"posts/light\"><b>12 likes</b></kudos-like>"
    site.pages["/script"] = site.pages["/plain"] + (
        f"<meta name=kudos-edge content=http://127.0.0.1:{cut.port}>"
        "<script>window.first = document.querySelector('kudos-like').shadowRoot.querySelector('button')</script><script type=module src=/dist/kudos-like.js></script>")
    page = users.browser.open(f"{site.url}/plain")
    assert hearts(page, "[button.ariaPressed, button.ariaLabel, all[1].innerText]") == ["true", 'Gefällt "mir", 1.234', "12 likes"]
    cut.mode = "hole"
    page.go(f"{site.url}/script")
    wait_until(lambda: hearts(page, "all[1].shadowRoot !== null"), 20, "the upgrade")
    assert hearts(page, "[button === window.first, all[0].state.count, all[0].state.liked, button.ariaLabel]") == [True, 1234, True, 'Gefällt "mir", 1.234']
    page.close()


def test_a_page_may_forbid_inline_styles(users, site, cut):
    edge = f"http://127.0.0.1:{cut.port}"
    site.pages["/strict"] = (f'<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'self\'; connect-src {edge}">'
                             f'<script type="module" src="/dist/kudos-like.js"></script><kudos-like edge="{edge}" item="posts/strict" token="{KEY.token("strict")}"></kudos-like>')
    page = users.browser.open(f"{site.url}/strict")
    wait_until(lambda: hearts(page, "all[0].state?.count") == 0, 20, "the number")
    assert hearts(page, "getComputedStyle(button).borderRadius") == "999px"
    page.close()


STUB = """<!doctype html><kudos-like item="posts/1"></kudos-like><script type="module">
import { createKudos, memoryStorage } from "/dist/kudos.js";
import { KudosLike } from "/dist/kudos-like.js";
let count = 1234, as_of = "2026-01-01T00:00:00.000Z", level = "2";
const refusal = { type: "urn:kudos:forbidden", title: "Not here", status: 403, field: "operations[0]" };
const read = ({ items }) => ({ items: items.map((item) => ({ item, liked: false, counts: { like: { count } }, as_of })) });
const fetch = async (url, { body }) => url.endsWith("/likes") ? new Response(JSON.stringify(refusal), { status: 403 }) :
  new Response(JSON.stringify(read(JSON.parse(body))), { headers: { "Kudos-Level": level } });
window.problems = [];
document.addEventListener("kudos-problem", ({ detail }) => problems.push(detail.name));
window.kudos = KudosLike.client = createKudos({ edge: "http://stub", user: "a", token: "t", debounce: 10, storage: memoryStorage(), fetch });
window.next = (n, then, l) => ([count, as_of, level] = [n, then, l], kudos.refresh());
</script>"""


def test_the_element_shows_the_level_and_why_a_number_stepped_back(users, site):
    site.pages["/stub"] = STUB
    shown = "[all[0].shadowRoot.querySelector('[part=count]').textContent, all[0].shadowRoot.querySelector('[part=note]').textContent, "\
            "all[0].getAttribute('reason'), all[0].getAttribute('level'), button.ariaPressed]"
    page = users.browser.open(f"{site.url}/stub")
    wait_until(lambda: hearts(page, shown) == ["1.2K", "", None, "2", "false"], 20, "number and level")
    page.run("next(999, '2026-01-01T00:00:01.000Z', '0')")
    assert hearts(page, shown) == ["999", "Some took theirs back", "others", None, "false"]
    assert hearts(page, f"(all[0].toggle(), {shown})")[0::4] == ["1K", "true"], "at once, in the same turn"
    wait_until(lambda: hearts(page, shown) == ["999", "Not saved", "refused", None, "false"], 20, "what was known before, and why")
    assert page.run("problems") == ["forbidden"]
    page.close()


def test_the_element_says_that_its_tap_waits_for_a_good_token(users, site, cut):
    site.pages["/stale"] = (f'<!doctype html><meta name=kudos-edge content=http://127.0.0.1:{cut.port}><kudos-like item="posts/stale" user="stale" '
                            f'token="{KEY.token("stale", exp=1)}"></kudos-like><kudos-like item="posts/calm" user="stale"></kudos-like>'
                            "<script>window.warned = []; console.warn = (...said) => warned.push(said[0])</script><script type=module src=/dist/kudos-like.js></script>")
    page = users.browser.open(f"{site.url}/stale")
    said = "[all[0].getAttribute('problem'), all[0].shadowRoot.querySelector('[part=note]').textContent, all[0].hasAttribute('pending')]"
    wait_until(lambda: hearts(page, "all[0].state?.count") == 0, 20, "the number, which needs no token")
    assert hearts(page, said) == [None, "", False]
    page.run("document.querySelector('kudos-like').toggle()")
    wait_until(lambda: hearts(page, said) == ["unauthorized", "Waits for a new sign-in", True], 20, "what the tap waits for")
    assert hearts(page, "all[1].getAttribute('problem')") is None, "it has no tap that waits"
    assert [w for w in page.run("warned") if "token" in w] == ["kudos: the edge refused this user's token"]
    page.run(f"document.querySelector('kudos-like').setAttribute('token', {json.dumps(KEY.token('stale'))})")
    wait_until(lambda: hearts(page, said) == [None, "", False], AGREE_S, "the like is taken")
    page.close()


@pytest.mark.parametrize("token", ["opaque", ""])
def test_the_element_says_that_its_token_tells_no_user(users, site, cut, token):
    site.pages["/opaque"] = (f'<!doctype html><kudos-like item="posts/opaque" edge="http://127.0.0.1:{cut.port}" token="{token}"></kudos-like><script>window.told = [];'
                             "window.warned = []; console.warn = (error) => warned.push(error.message)</script><script type=module src=/dist/kudos-like.js></script>"
                             "<script type=module>document.addEventListener('kudos-problem', ({detail}) => told.push([detail.name, detail.item, detail.error.message]))</script>")
    page = users.browser.open(f"{site.url}/opaque")
    wait_until(lambda: page.run("told.length") == 1, 20, "the event, also for a listener that came after the element")
    why = "kudos: `user` is missing: `token` is no JWT with `sub`"
    assert page.run("told") == [["unauthorized", "posts/opaque", why]]
    page.run("document.querySelector('kudos-like').toggle()")
    wait_until(lambda: page.run("told.length") == 2, 20, "each tap is answered")
    assert page.run("warned") == [why, why]
    page.run(f"document.querySelector('kudos-like').setAttribute('token', {json.dumps(KEY.token('opaque'))})")
    wait_until(lambda: hearts(page, "all[0].state?.count") == 0, 20, "the number, with a good token")
    page.close()


def test_a_tap_of_an_element_without_an_edge_warns_and_finds_one_that_was_named_since(users, site, cut):
    site.pages["/bare"] = ('<!doctype html><kudos-like item="posts/bare"></kudos-like><script>window.warned = []; console.warn = (...said) => warned.push(said[0])</script>'
                           '<script type=module src=/dist/kudos-like.js></script><script type=module>window.ready = true</script>')
    page = users.browser.open(f"{site.url}/bare")
    wait_until(lambda: page.run("window.ready"), 20, "the element")
    page.run("document.querySelector('kudos-like').toggle()")
    assert page.run("[warned, document.querySelector('kudos-like').client]") == [["kudos-like: without item or edge"], None]
    page.run(f"for (const [name, content] of [['edge', 'http://127.0.0.1:{cut.port}'], ['user', 'bare'], ['token', {json.dumps(KEY.token('bare'))}]])"
             "document.head.append(Object.assign(document.createElement('meta'), {name: `kudos-${name}`, content}))")
    page.run("document.querySelector('kudos-like').toggle()")
    wait_until(lambda: hearts(page, "[all[0].state?.count, all[0].state?.liked]") == [1, True], AGREE_S, "the like")
    assert page.run("warned") == ["kudos-like: without item or edge"]
    page.close()


def test_an_element_may_have_a_client_of_its_own(users, site):
    site.pages["/stub"] = STUB
    page = users.browser.open(f"{site.url}/stub")
    wait_until(lambda: hearts(page, "all[0].shadowRoot.querySelector('[part=count]').textContent") == "1.2K", 20, "the number of the shared client")
    assert page.run("""(() => {
      const heart = document.querySelector('kudos-like'), shared = heart.client, told = [], count = () => heart.shadowRoot.querySelector('[part=count]').textContent;
      const state = {item: heart.item, liked: true, count: 41, pending: false, reason: null};
      heart.client = {level: 0, on: () => () => {}, get: () => state, watch: (item, listen) => (listen(state), () => told.push('left')), unlike: async item => told.push(item)};
      const shown = count();
      heart.toggle();
      heart.client = null;
      return [shown, told.map(t => t === heart.item || t), heart.client === shared];
    })()""") == ["41", [True, "left"], True]
    page.close()


def test_a_visitor_needs_no_account(users, site, cut, system):
    page = users.browser.open(f"{site.url}/page#" + urllib.parse.quote(json.dumps({"edge": f"http://127.0.0.1:{cut.port}"})))
    users.started(page)
    page.run("kudos.like('posts/visited')")
    wait_until(lambda: page.run("kudos.queued") == 0, AGREE_S, "the like")
    page.reload()
    users.started(page)
    assert page.run("kudos.state('posts/visited').then(s => [s.liked, s.count])") == [True, 1]
    assert len(page.requests("/v1/visitors")) - sum(m == "OPTIONS" for m, _, _ in page.requests("/v1/visitors")) == 1
    page.close()


def test_what_fails_in_node_is_told_by_readable_lines(built):
    """A minified file would be printed as one line of some thousand characters."""
    script = "import { createKudos } from 'kudos-client'; createKudos({});"
    done = subprocess.run(["node", "--input-type=module", "-e", script], cwd=BUILT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "`edge` is missing" in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 250, done.stderr
    assert re.search(r"/src/client/client\.js:\d+", done.stderr)
    assert run("node", "--input-type=module", "-e", "import { render } from 'kudos-client/like'; import 'kudos-client/live'; console.log(typeof render)", cwd=BUILT).strip() == "function"


def test_in_node(built, system):
    options = {"edge": f"http://127.0.0.1:{system.edge.port}", "token": KEY.token("node"), "user": "node"}
    items = [f"posts/n{n}" for n in range(5)]
    said = json.loads(run("node", os.path.join(TOP, "tests", "sdk", "node.mjs"), os.path.join(BUILT, "dist", "kudos.js"), json.dumps(options), *items))
    assert [(s["liked"], s["count"]) for s in said["before"]] == [(False, 0)] * 5
    assert [(s["liked"], s["count"], s["pending"]) for s in said["after"]] == [(True, 1, False)] * 5 and said["queued"] == 0


@pytest.mark.parametrize("way", ["gateway", "token"])
def test_the_backend_of_a_site(system, tmp_path, way):
    """That the edge believes by its address, or by its token."""
    class Backend(Process):
        def ready(self):
            return re.search(r"http://127\.0\.0\.1:(\d+)/", self.log())

    command = ["python3", os.path.join(TOP, "examples", "backend.py"), "--edge", f"http://127.0.0.1:{system.edge.port}", "--database", f"{tmp_path}/site.db",
               "--port", "0"]
    token, user = tmp_path / "site.jwt", f"formed-{way}"
    if way == "token":
        write_file(token, KEY.token("site", scope="kudos:service kudos:act-as") + "\n")
        command += ["--token-file", str(token)]
    with Backend(tmp_path, "backend", command) as backend:
        port = int(backend.ready()[1])

        def form(key, **said):
            return request(port, "POST", "/", urllib.parse.urlencode({"key": key, **said}), {"Cookie": f"user={user}"})

        def feed():
            return request(port, "GET", "/", headers={"Cookie": f"user={user}"}).body.decode()

        key = re.search(r'name="key" value="([^"]+)"', feed())[1]
        assert form(key, like="posts/sea").status == 303
        assert 'name="unlike" value="posts/sea" aria-pressed="true">♥ 1' in feed()
        assert form("other", unlike="posts/sea").status == 303
        assert form(key, like="posts/sea").status == 303, "the first form once more"
        assert 'name="like" value="posts/sea" aria-pressed="false">♡ 0' in feed(), "it was taken once"
        assert request(port, "POST", "/", "like=posts/sea&key=k", {"Cookie": f"user={user}", "Sec-Fetch-Site": "cross-site"}).status == 403
        assert form("bad", like="songs/1").status == 400
        if way == "token":
            write_file(token, KEY.token("site", exp=1))
            assert form("late", like="posts/sea").status == 400 and "no numbers now" in feed(), "the token is shown, and has expired"


if LONG:
    def test_random_cuts_reloads_and_taps(users, cut):
        draw = random.Random(int(os.environ.get("KUDOS_SEED", "1")))
        for n in range(6):
            users.open(f"storm{n % 3}")
        for _ in range(400):
            page = draw.choice(users.pages)
            what = draw.random()
            if what < 0.2:
                cut.mode = draw.choice(["pass", "pass", "hole", "reset", "mute"])
            elif what < 0.25:
                page.reload()
                users.started(page)
            elif what < 0.3 and len(users.pages) > 3:
                user = page.user
                gone(users, page)
                users.open(user)
            else:
                users.tap(page, f"posts/storm{draw.randrange(8)}", draw.choice(["like", "unlike"]))
        cut.mode = "pass"
        users.quiet()
        users.exact()
