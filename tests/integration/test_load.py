"""`kudos-sim load --pump`: what it counts is what the server did."""
import re
import subprocess

import pytest

from proc import Broker, Edge, program, wait_until

PARTITIONS = 4


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    d = tmp_path_factory.mktemp("load")
    with Broker(d, PARTITIONS) as b, Edge(d, b.address, partitions=PARTITIONS, shards=2) as e:
        yield e


def command(edge, *more):
    return [program("kudos-sim"), "load", "--pump", "--edge", f"http://127.0.0.1:{edge.port}", "--connections", "4", "--streams", "16", "--seconds", "1",
            "--items", "1000", *map(str, more)]


def load(edge, *more):
    done = subprocess.run(command(edge, *more), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout


def figure(text, name):
    return int(re.search(rf"\b{name}=(\d+)", text)[1])


KINDS = {"likes": ("--like",), "batches": ("--batch",), "keys": ("--like", "--keys"), "phones": ("--like", "--phones", "7"),
         "phones-at-a-rate": ("--like", "--phones", "7", "--rate", "2000"), "threads": ("--like", "--phones", "3", "--threads", "2")}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_like_of_a_pump_counts_once(edge, kind):
    code, said = load(edge, *kind, "--check", "--deadline-ms", "60000")
    assert code == 0 and figure(said, "wrong_items") == 0, said
    assert figure(said, "acked") == figure(said, "likes") > 0 and figure(said, "unsure") == 0, said


def test_phones_end_when_all_of_them_like_everything(edge):
    code, said = load(edge, "--like", "--phones", "2", "--users", "40", "--items", "24", "--seconds", "60", "--check")
    assert code == 0 and figure(said, "likes") == figure(said, "acked") == 960, said


def test_a_pump_asks_what_the_server_answered(edge):
    before = edge.metric("kudos_edge_counts_lookups_total")
    code, said = load(edge, "--read", "--cpu-of", edge.popen.pid)
    assert code == 0 and figure(said, "cpu_us") > 0, said
    assert edge.metric("kudos_edge_counts_lookups_total") - before >= figure(said, "load requests"), said


def test_an_answer_that_is_not_200_is_an_error_of_a_pump(edge):
    code, said = load(edge, "--path", "/v1/nowhere/{item}/counts")
    assert code == 1 and figure(said, "errors") == figure(said, "load requests") > 0 and "first error: status 404" in said, said


def test_a_pump_whose_server_dies_says_so_and_ends(tmp_path):
    with Broker(tmp_path, PARTITIONS) as b, Edge(tmp_path, b.address, name="dies", partitions=PARTITIONS) as e:
        running = subprocess.Popen(command(e, "--like", "--seconds", "5"), stdout=subprocess.PIPE, text=True)
        wait_until(lambda: e.metric("kudos_edge_operations_total") > 64, what="more likes than can be in flight: some were answered")
        e.kill9()
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 1 and "verdict=failed" in said and "connection-failed" in said, said


@pytest.mark.parametrize("more", (("--edge", "https://127.0.0.1:1"), ("--batch-size", "201", "--batch")))
def test_a_pump_names_what_it_does_not_take(edge, more):
    done = subprocess.run([*command(edge), *more], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--pump and --phones go with http://" in done.stderr, done.stderr


@pytest.mark.parametrize("more", (("--read",), ("--batch",), ("--like", "--keys"), ("--like", "--users", "3")))
def test_phones_name_what_they_do_not_take(edge, more):
    done = subprocess.run([*command(edge, "--phones", "2"), *more], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--phones" in done.stderr, done.stderr


@pytest.mark.parametrize("client", ((), ("--pump",)), ids=("ordinary", "pump"))
def test_the_window_of_the_figures_ends_before_the_last_answers(edge, client):
    more = ("--like", "--check", "--cpu-of", edge.popen.pid, "--deadline-ms", "60000")
    done = subprocess.run([x for x in command(edge, *more, *client) if x != "--pump" or client], capture_output=True, text=True, timeout=60)
    said = done.stdout
    assert done.returncode == 0 and figure(said, "acked") == figure(said, "likes") == figure(said, "load requests"), said
    asked = figure(said, "cpu_us") / float(re.search(r"cpu_us_per_request=(\S+)", said)[1])
    assert 0 < asked < figure(said, "likes"), said


def test_a_server_that_is_not_there_is_told_by_the_exit_code(edge):
    done = subprocess.run([*command(edge), "--edge", "http://127.0.0.1:1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 4, (done.returncode, done.stderr)
