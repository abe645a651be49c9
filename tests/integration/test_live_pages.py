"""Numbers that move on pages: kudos-live.js in Chromium, against a real edge, through a network that is cut. What a page shows steps back for a reason alone.

KUDOS_LONG=1: a tab that is hidden hands its stream over, and a like on another device.
"""
import json
import os

import pytest

from proc import TOP, wait_until
from sdk_pages import KEY, browser, built, cut, hearts, site, system, users  # noqa: F401 (fixtures too)

LONG = os.environ.get("KUDOS_LONG") == "1"


def streams(*pages):
    """The streams that these pages have opened: (URL, whether it is open still), in their order."""
    events = [(e["method"].removeprefix("Network."), e["params"]) for page in pages for e in list(page.events)]
    begun = {p["requestId"]: p for method, p in events if method == "requestWillBeSent" and "/v1/live?" in p["request"]["url"] and p["request"]["method"] == "GET"}
    ended = {p["requestId"] for method, p in events if method in ("loadingFinished", "loadingFailed")}
    return [(p["request"]["url"], key not in ended) for key, p in sorted(begun.items(), key=lambda one: one[1]["timestamp"])]


def still(*pages):
    return [url for url, is_open in streams(*pages) if is_open]


def at_the_edge(system, n):
    wait_until(lambda: system.edge.metric("kudos_edge_live_streams") == n, 20, f"{n} streams at the edge")


def others(system, item, n, name="other"):
    for i in range(n):
        assert system.edge.post(f"/v1/{item}/like", user=f"{name}{i}").status == 200


def shows(page, item, count, what="the number moves"):
    wait_until(lambda: page.run(f"shown('{item}').count") == count, 20, f"{what}: {count}")


def opened(users, user, *items):
    """A page of this user that looks at these items, and follows them."""
    page = users.open(user)
    page.run(f"follow({json.dumps(items)})")
    return page


def hearts_page(site, cut, user, elements):
    site.pages[f"/{user}"] = (f'<!doctype html><meta name="kudos-edge" content="http://127.0.0.1:{cut.port}"><meta name="kudos-token" content="{KEY.token(user)}">'
                              f'<script type="module" src="/dist/kudos-like.js"></script>{elements}')
    return f"{site.url}/{user}"


def test_fifty_hearts_are_one_request_and_one_stream(users, site, system, cut):
    elements = "".join(f'<kudos-like item="posts/l{n}"></kudos-like>' for n in range(50))
    page = users.browser.open(hearts_page(site, cut, "lively", elements))
    wait_until(lambda: hearts(page, "all.filter(h => h.state?.count === 0).length") == 50, 20, "50 numbers")
    others(system, "posts/l7", 3)
    others(system, "posts/l49", 2)
    wait_until(lambda: hearts(page, "[all[7].state.count, all[49].state.count]") == [3, 2], 20, "numbers that move")
    assert [m for m, _, _ in page.requests("/v1/counts")].count("POST") == 1
    assert len(streams(page)) == 1
    at_the_edge(system, 1)
    page.close()


def test_the_number_of_the_example_moves(users, site, system, cut):
    """As a visitor sees it: he has no token until he likes."""
    with open(os.path.join(TOP, "examples", "page", "index.html"), encoding="utf-8") as f:
        site.pages["/moving"] = f.read().replace("http://localhost:8441", f"http://127.0.0.1:{cut.port}").replace('src="dist', 'src="/dist').replace("posts/hello", "posts/moving")
    page = users.browser.open(f"{site.url}/moving")
    wait_until(lambda: still(page), 20, "a stream")
    others(system, "posts/moving", 2)
    wait_until(lambda: hearts(page, "all[0].state.count") == 2, 20, "a number that moves")
    page.run("document.querySelector('kudos-like').toggle()")
    wait_until(lambda: [url for url in still(page) if "me=true" in url], 40, "a stream that knows him")
    assert hearts(page, "[all[0].state.count, all[0].state.liked]") == [3, True]
    others(system, "posts/moving", 1, "late")
    wait_until(lambda: hearts(page, "all[0].state.count") == 4, 20, "a number that moves")
    page.close()


def test_hearts_are_followed_while_they_are_near_the_screen(users, site, system, cut):
    page = users.browser.open(hearts_page(site, cut, "scroller", '<kudos-like item="posts/near"></kudos-like><kudos-like item="posts/off" live="off"></kudos-like>'
                                          '<div style="height: 5000px"></div><kudos-like item="posts/far"></kudos-like>'))
    wait_until(lambda: still(page), 20, "a stream")
    assert [url.split("items=")[1] for url in still(page)] == ["posts%2Fnear&me=true"]
    page.run("document.querySelector('[item=\"posts/far\"]').scrollIntoView()")
    wait_until(lambda: [url for url in still(page) if "far" in url], 20, "a stream for what is on the screen")
    others(system, "posts/far", 2)
    wait_until(lambda: hearts(page, "all[2].state.count") == 2, 20, "a number that moves")
    page.close()


def test_tabs_share_one_stream_and_another_takes_over(users, system):
    one, two = opened(users, "shares", "posts/s1"), opened(users, "shares", "posts/s1", "posts/s2")
    wait_until(lambda: [url for url in still(one) if "s2" in url], 20, "the first tab has the stream, for both")
    others(system, "posts/s1", 2)
    others(system, "posts/s2", 3)
    for page in (one, two):
        shows(page, "posts/s1", 2)
    shows(two, "posts/s2", 3)
    assert len(still(one)) == 1 and not streams(two)
    at_the_edge(system, 1)
    users.pages.remove(one)
    one.close()
    wait_until(lambda: still(two), 20, "the other tab takes over")
    others(system, "posts/s1", 1, "late")
    shows(two, "posts/s1", 3)
    assert two.run("steps()") == []


if LONG:
    def test_the_tab_that_is_seen_has_the_stream(users, system):
        one, two = opened(users, "seen", "posts/v1"), opened(users, "seen", "posts/v1")
        wait_until(lambda: still(one), 20, "a stream")
        hide = "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"
        one.run(hide % "hidden")
        wait_until(lambda: still(two) and not still(one), 20, "the tab that is seen takes over")
        one.run(hide % "visible")
        two.run(hide % "hidden")
        wait_until(lambda: still(one) and not still(two), 20, "and back")
        one.run(hide % "hidden")
        wait_until(lambda: not still(one, two), 20, "nobody looks")
        others(system, "posts/v1", 2)
        two.run(hide % "visible")
        shows(two, "posts/v1", 2)
        assert still(two)


@pytest.mark.parametrize("mode", ["hole", "reset"])
def test_after_a_cut_numbers_are_right_and_move(users, system, cut, mode):
    item = f"posts/live-{mode}"
    page = opened(users, f"live-{mode}", item)
    others(system, item, 1)
    shows(page, item, 1)
    cut.mode = mode
    others(system, item, 4)
    cut.mode = "pass"
    shows(page, item, 4, "what happened meanwhile")
    others(system, item, 2, "later")
    shows(page, item, 6)
    assert len(still(page)) == 1 < len(streams(page))
    assert page.run("steps()") == []


def test_numbers_move_while_others_tap_and_own_taps_stay(users, system):
    ada, bob = opened(users, "la", "posts/duet"), opened(users, "lb", "posts/duet")
    users.tap(ada, "posts/duet")
    shows(bob, "posts/duet", 1)
    users.tap(bob, "posts/duet")
    for page in (ada, bob):
        shows(page, "posts/duet", 2)
    users.tap(ada, "posts/duet", "unlike")
    shows(bob, "posts/duet", 1)
    others(system, "posts/duet", 0)
    users.quiet()
    assert [ada.run("shown('posts/duet').liked"), bob.run("shown('posts/duet').liked")] == [False, True]
    assert bob.run("shown('posts/duet').reason") == "others"
    users.exact()


if LONG:
    def test_a_like_on_another_device_is_shown(users, system):
        page = opened(users, "devices", "posts/device")
        shows(page, "posts/device", 0)
        assert system.edge.post("/v1/posts/device/like", user="devices").status == 200
        wait_until(lambda: page.run("[shown('posts/device').liked, shown('posts/device').count].join()") == "true,1", 20, "the like")
        assert system.edge.delete("/v1/posts/device/like", user="devices").status == 200
        wait_until(lambda: page.run("[shown('posts/device').liked, shown('posts/device').count].join()") == "false,0", 20, "the unlike")
        assert page.run("shown('posts/device').reason") == "elsewhere"
