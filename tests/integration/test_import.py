"""`kudos-central import`: likes that were made elsewhere, with their times; the real log, exports, and what is broken off or said twice."""
import gzip
import os
import subprocess

import pytest

from proc import Broker, Central, Edge, fields_of, program, wait_until
from votes import LOG, PAIRS

EVENTS = 269103
T = 1700000000000


def start_import(central, file, *more):
    return subprocess.Popen([program("kudos-central"), "import", str(file), "--url", f"http://127.0.0.1:{central.admin_port}", *more],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def imported(central, file, *more, rc=0):
    """The fields of the last line; with another rc what was said on standard error."""
    p = start_import(central, file, *more)
    out, err = p.communicate(timeout=300)
    assert p.returncode == rc, (p.returncode, out, err)
    return fields_of(out.splitlines()[-1]) if rc == 0 else err


def export(central, rc=0):
    done = subprocess.run([program("kudos-central"), "export", "--url", central.url], capture_output=True, text=True, timeout=120)
    assert done.returncode == rc, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def export_to(path, source, *more):
    with open(path, "w", encoding="utf-8") as f:
        subprocess.run([program("kudos-central"), "export", *source, *more], stdout=f, check=True, timeout=120)
    return path


def log(path, *events):
    """A log of (ms, user, item, op)."""
    path.write_text("".join(f"{ms}\t{user}\t{item}\t{op}\n" for ms, user, item, op in events))
    return path


def count(central, item):
    return central.get(f"/v1/{item}/counts").json["counts"]["like"]["count"]


@pytest.fixture
def system(tmp_path):
    with Broker(tmp_path) as broker, Central(tmp_path, broker.address, more={"central": {"snapshot_interval": "100ms"}}) as central:
        yield broker, central


def expected_of_the_real_log():
    last = {}
    with gzip.open(LOG, "rt") as f:
        for line in f:
            _, user, item, op = line.rstrip("\n").split("\t")
            last[user, item] = op == "1"
    def sent(text):
        return "".join(c if c.isalnum() or c in "._~:@+-" else f"={ord(c):02X}" for c in text)
    return {(f"posts/{sent(item)}", sent(user)) for (user, item), liked in last.items() if liked}


def test_the_real_log_is_imported_exactly_and_twice_is_once(system):
    _, central = system
    told = imported(central, LOG)
    assert (told["events"], told["acked"], told["verdict"]) == (str(EVENTS), str(EVENTS), "exact")
    rows = export(central)
    assert {(item, user) for _, item, user, _, _ in rows} == expected_of_the_real_log() and len(rows) == PAIRS
    assert {region for *_, region in rows} == {"import"}
    decisions = central.metric("kudos_central_decisions_total")
    assert imported(central, LOG) == told and export(central) == rows
    assert central.metric("kudos_central_decisions_total") == decisions, "nothing was written again"


def test_an_import_that_was_broken_off_goes_on_and_is_exact(system):
    broker, central = system
    for _ in range(2):
        p = start_import(central, LOG)
        before = central.metric("kudos_central_decisions_total")
        wait_until(lambda: central.metric("kudos_central_decisions_total") >= before + 20 or p.poll() is not None, 60, "some of it is merged")
        assert p.poll() is None, "it must not have ended before it is killed"
        p.kill()
        p.communicate()
        central.kill9()
        central.start()
    assert imported(central, LOG)["verdict"] == "exact"
    assert len(export(central)) == PAIRS


def test_a_restore_of_central_keeps_what_was_imported_while_the_log_is_whole(system, tmp_path):
    broker, central = system
    imported(central, log(tmp_path / "a.tsv", (T, "ada", "1", 1), (T + 1, "bob", "1", 1), (T + 2, "ada", "1", -1), (T + 2, "cyd", "2", 1)))
    rows = export(central)
    assert [(item, user) for _, item, user, _, _ in rows] == [("posts/1", "bob"), ("posts/2", "cyd")]
    central.kill9()
    subprocess.run(["rm", "-rf", central.data], check=True)
    central.start()
    wait_until(lambda: export(central) == rows, 30, "the log is read again")
    assert imported(central, tmp_path / "a.tsv")["verdict"] == "exact" and export(central) == rows


def test_of_a_pair_the_later_line_wins_also_within_a_millisecond(system, tmp_path):
    _, central = system
    imported(central, log(tmp_path / "a.tsv", (T, "ada", "1", 1), (T, "ada", "1", -1), (T, "ada", "1", 1), (T, "bob", "1", 1), (T, "bob", "1", -1),
                          (T, "cyd", "1", 1), (T - 5, "cyd", "1", -1)))
    assert [(user, stamp) for _, _, user, stamp, _ in export(central)] == [("ada", str(T * 1000 + 2))]


def test_what_users_said_here_since_stands(system, tmp_path):
    broker, central = system
    with Edge(tmp_path, broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}}) as edge:
        for user in ("ada", "bob"):
            assert edge.post("/v1/posts/1/like", user=user).status == 200
        assert edge.delete("/v1/posts/1/like", user="ada").status == 200
        wait_until(lambda: count(central, "posts/1") == 1, 30, "the edge's likes are merged")
        imported(central, log(tmp_path / "a.tsv", (T, "ada", "1", 1), (T, "bob", "1", -1), (T, "cyd", "1", 1)))
        assert {user for _, _, user, _, _ in export(central)} == {"bob", "cyd"}
        wait_until(lambda: edge.get("/v1/posts/1/counts").json["counts"]["like"]["count"] == 2, 30, "the edge shows what was imported")


def test_an_export_moves_a_system_to_another_number_of_partitions(system, tmp_path):
    _, central = system
    imported(central, LOG, "--region", "tokyo")
    lines = export_to(tmp_path / "rows.tsv", ["--url", central.url])
    other = tmp_path / "other"
    other.mkdir()
    with Broker(other, partitions=7) as broker, Central(other, broker.address, partitions=7) as fresh:
        assert imported(fresh, lines)["pairs"] == str(PAIRS)
        assert export(fresh) == export(central)


def test_sums_move_with_an_export_that_is_asked_for_them_and_count_once(system, tmp_path):
    """Views of two regions and many items, more than a page of lines, to another number of partitions."""
    broker, central = system
    mine = tmp_path / "mine.tsv"
    mine.write_text("".join(f"view\tposts/{i}\t{i + 1}\t{region}\n" for i in range(2500) for region in ("tokyo", "oslo"))
                    + f"view\tposts/huge\t{2**40 + 7}\ttokyo\nlike\tposts/1\tada\t1700000000000000\ttokyo\n")
    told = imported(central, mine)
    assert (told["events"], told["acked"], told["pairs"], told["verdict"]) == ("5002", "5002", "1", "exact")
    with Edge(tmp_path, broker.address, central=central.url, more={"edge": {"flush_interval": "100ms"}}) as edge:
        assert edge.post("/v1/posts/9/view", user="ada", body={"amount": 5}).status == 200
        views = lambda of: of.get("/v1/posts/9/counts?by=region").json["counts"]["view"]
        wait_until(lambda: views(central)["count"] == 25, 30, "the views are merged")
        assert views(central)["regions"]["tokyo"] == views(central)["regions"]["oslo"] == 10
    assert len(export(central)) == 1, "without being asked an export has no sums"
    lines = export_to(tmp_path / "rows.tsv", ["--url", central.url], "--sums")
    sums = [line.split("\t") for line in lines.read_text().splitlines() if line.count("\t") == 3]
    assert len(sums) == 5002 and ["view", "posts/huge", str(2**40 + 7), "tokyo"] in sums
    assert lines.read_text() == "".join(sorted(lines.read_text().splitlines(keepends=True)))
    other = tmp_path / "other"
    other.mkdir()
    with Broker(other, partitions=7) as elsewhere, Central(other, elsewhere.address, partitions=7) as fresh:
        again = imported(fresh, lines)
        assert again["events"] == "5003" and again["verdict"] == "exact"
        assert imported(fresh, lines) == again, "said twice it counts once"
        assert export_to(tmp_path / "fresh.tsv", ["--url", fresh.url], "--sums").read_text() == lines.read_text()
        fresh.kill9()
        assert export_to(tmp_path / "left.tsv", ["--dir", fresh.data], "--sums").read_text() == lines.read_text()


def test_regions_may_take_turns_with_a_pair(system, tmp_path):
    """As in two exports of which one follows the other: nothing is in a chunk twice."""
    _, central = system
    file = tmp_path / "turns"
    sums = "".join(f"view\tposts/a\t{amount}\t{region}\n" for amount, region in ((5, "r1"), (6, "r2"), (7, "r1"), (8, "r2"), (9, "r3"), (10, "r1")))
    likes = "".join(f"save\tposts/b\tu1\t{T * 1000 + n}\t{region}\n" for n, region in ((25, "r2"), (4, "r1"), (27, "r2"), (3, "r1"), (1, "r3")))
    file.write_text(sums + likes)
    assert imported(central, file)["verdict"] == "exact"
    counts = central.get("/v1/posts/a/counts").json["counts"], central.get("/v1/posts/b/counts").json["counts"]
    assert (counts[0]["view"]["count"], counts[1]["save"]["count"]) == (45, 1)
    assert imported(central, file)["verdict"] == "exact"
    assert central.get("/v1/posts/a/counts").json["counts"]["view"]["count"] == 45, "said twice is once"


def test_a_move_to_other_partitions_goes_on_through_kills_and_a_restore_and_counts_once(tmp_path):
    """What a product does that moves, while central and the command die, and central is put back to a copy from the middle."""
    lines = tmp_path / "moved.tsv"
    lines.write_text("".join(sorted([f"like\tposts/{i % 500}\tu{i}\t{(T + i) * 1000}\ttokyo\n" for i in range(60000)]
                                    + [f"view\tposts/{i}\t{i + 1}\ttokyo\n" for i in range(2500)])))
    def exported(*where):
        return sorted(export_to(tmp_path / "now.tsv", where, "--sums").read_text().splitlines(keepends=True))
    with Broker(tmp_path, partitions=5) as broker, Central(tmp_path, broker.address, partitions=5) as fresh:
        p = start_import(fresh, lines)
        wait_until(lambda: fresh.metric("kudos_central_decisions_total") >= 8 or p.poll() is not None, 60, "some of it is merged")
        assert p.poll() is None, "it must not have ended before it is killed"
        p.kill()
        p.communicate()
        subprocess.run([program("kudos-central"), "backup", str(tmp_path / "middle"), "--url", f"http://127.0.0.1:{fresh.admin_port}"], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
        p = start_import(fresh, lines)
        fresh.kill9()
        p.communicate(timeout=120)
        fresh.start()
        assert imported(fresh, lines)["verdict"] == "exact"
        assert exported("--url", fresh.url) == lines.read_text().splitlines(keepends=True)
        fresh.kill9()
        subprocess.run(["rm", "-rf", fresh.data], check=True)
        subprocess.run([program("kudos-central"), "restore", str(tmp_path / "middle"), "--to", fresh.data], check=True, stdout=subprocess.DEVNULL, timeout=60)
        fresh.start()
        assert imported(fresh, lines)["verdict"] == "exact", "said again: it has what the log holds"
        wait_until(lambda: exported("--url", fresh.url) == lines.read_text().splitlines(keepends=True), 30, "the log is read again")


FAST = {"edge": {"flush_interval": "100ms"}}


def test_a_whole_system_moves_to_other_partitions_as_the_docs_say_while_its_programs_die_and_its_users_go_on_there(system, tmp_path):
    broker, central = system
    new = tmp_path / "new"
    new.mkdir()
    old = [Edge(tmp_path, broker.address, name=name, region=name, central=central.url, more=FAST) for name in ("oslo", "tokyo")]
    with old[0] as oslo, old[1] as tokyo:
        for i in range(40):
            assert (oslo, tokyo)[i % 2].post(f"/v1/posts/{i % 7}/like", user=f"u{i}").status == 200
        assert oslo.delete("/v1/posts/0/like", user="u0").status == 200
        assert tokyo.post("/v1/posts/3/view", user="ada", body={"amount": 3}).status == 200
        central.kill9()
        oslo.kill9()
        assert tokyo.post("/v1/posts/6/like", user="late").status == 200, "while central is away"
        central.start(), oslo.start()
        wait_until(lambda: sum(edge.metric("kudos_edge_outbox_batches") for edge in old) == 0, 60, "all is merged")
        assert oslo.stop() == 0 and tokyo.stop() == 0
        lines = export_to(tmp_path / "rows.tsv", ["--url", central.url], "--sums")
    assert len(lines.read_text().splitlines()) == 39 + 1 + 1
    with Broker(new, partitions=7) as elsewhere, Central(new, elsewhere.address, partitions=7) as fresh:
        p = start_import(fresh, lines)
        fresh.kill9()
        p.communicate(timeout=120)
        fresh.start()
        assert imported(fresh, lines)["verdict"] == "exact"
        assert export_to(tmp_path / "moved.tsv", ["--url", fresh.url], "--sums").read_text() == lines.read_text()
        with Edge(new, elsewhere.address, name="oslo", region="oslo", partitions=7, central=fresh.url, more=FAST) as edge:
            def shown(item):
                counts = edge.get(f"/v1/{item}/counts").json["counts"]
                return counts["like"]["count"], counts["view"]["count"]

            wait_until(lambda: shown("posts/6") == (6, 0) and shown("posts/3") == (6, 3), 30, "the counts of the old system")
            assert edge.get("/v1/posts/6/like", user="late").json["liked"], "he liked it in the old system"
            assert edge.post("/v1/posts/6/like", user="late").status == 200, "a like that counts already"
            assert edge.post("/v1/posts/0/like", user="u0").json["changed"], "he had taken it back"
            edge.kill9()
            edge.start()
            wait_until(lambda: shown("posts/6")[0] == count(fresh, "posts/6") == 6 and shown("posts/0")[0] == count(fresh, "posts/0") == 6, 30,
                       "one counts once more, the other once")


@pytest.mark.parametrize("line, reason", [
    ("x\tada\t1\t1", "the time is not a number of milliseconds"),
    (f"{T}\tada\t1\t2", "the op is neither 1 nor -1"),
    (f"{T}\tada\t1", "not four fields"),
    ("0\tada\t1\t1", "the time is 0"),
    ("like\tposts/1\tada\t5\tTokyo", "the region is not"),
    ("view\tposts/1\tada\t5\ttokyo", "no set counter"),
    ("like\tposts/1\t5\ttokyo", "no sum"),
    ("view\tposts/1\t0\ttokyo", "the amount is not"),
    ("view\tposts/1\t-5\ttokyo", "the amount is not"),
    (f"{T}\tada\t..\t1", "no path can name"),
    ("like\tposts/..\tada\t1700000000000000\ttokyo", "no path can name"),
    ("view\tposts/.\t5\ttokyo", "no path can name"),
])
def test_a_line_that_is_wrong_is_named_and_nothing_is_imported(system, tmp_path, line, reason):
    _, central = system
    export_form = line[0].islower() and line.count("\t") > 2 and not line.startswith("x")
    good = "like\tposts/1\tbob\t1700000000000000\ttokyo" if export_form else f"{T}\tbob\t1\t1"
    path = tmp_path / "a.tsv"
    path.write_text(f"{good}\n{line}\n")
    said = imported(central, path, rc=2)
    assert f"{path}:2: " in said and reason in said
    assert export(central) == []


def test_what_central_would_not_merge_is_refused_by_name(system, tmp_path):
    _, central = system
    far = 4102444800000  # 2100
    assert "more than two days ahead" in imported(central, log(tmp_path / "a.tsv", (far, "ada", "1", 1)), rc=1)
    assert export(central) == []


def test_a_central_that_is_away_is_named_and_the_same_command_goes_on(system, tmp_path):
    _, central = system
    file = log(tmp_path / "a.tsv", (T, "ada", "1", 1))
    central.stop()
    assert "127.0.0.1" in imported(central, file, rc=4)
    central.start()
    assert imported(central, file) == {"events": "1", "acked": "1", "pairs": "1", "verdict": "exact"}
