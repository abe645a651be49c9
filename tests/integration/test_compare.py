"""`kudos-edge compare` against an edge and a central that answer as the test wants: how much it asks, and how long it waits."""
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from proc import program  # noqa: E402

BULK, PAGE = 256, 2048


def row_key(n):
    """The row of posts/1 and a user: counter, item with lengths, user with its length."""
    user = b"u%06d" % n
    return b"\x01\x05posts\x011" + bytes([len(user)]) + user


class Side(http.server.ThreadingHTTPServer):
    """An admin port: `answers` by name of the question, each a function of (query, body) that gives status and document."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = answers, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        name = url.path.removeprefix("/admin/")
        query = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append(name)
        status, document = self.server.answers[name](query, body)
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def edge_of(rows, window=lambda query, body: (200, {"since": 0, "until": 10**15})):
    keys = [row_key(n).hex() for n in range(rows)]

    def page(query, most):
        """What it holds from `from` on below `to`, and where the next page begins."""
        here = [k for k in keys if k >= query.get("from", "") and (k < query["to"] if query.get("to") else True)]
        most = min(most, int(query.get("max", 0)) or most)
        return here[:most], here[most] if len(here) > most else ""

    def digest(query, body):
        here, following = page(query, 4096)
        return 200, {"rows": len(here), "digest": 1, "next": following}

    def listed(query, body):
        here, following = page(query, BULK)
        return 200, {"lines": "".join(f"{k} 1000 1\n" for k in here), "next": following}

    return Side({"compare": lambda query, body: (200, {"edge": "here", "partitions": 1}), "compare-window": window, "compare-digest": digest,
                 "compare-rows": listed})


def central_of(verdicts):
    """Its digest is never the edge's; `verdicts`: of the lines that it is posted."""
    return Side({"job": lambda query, body: (200, {}), "compare-digest": lambda query, body: (200, {"rows": 0, "digest": 0, "next": ""}),
                 "compare-rows": lambda query, body: (200, {"verdicts": " ".join(verdicts(body.splitlines()))})})


def compare(edge, central, *more):
    done = subprocess.run([program("kudos-edge"), "compare", "--url", edge.url, "--central", central.url, *more], capture_output=True,
                          text=True, timeout=60)
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    return done, dict(re.findall(r"(\S+?)=(\S+)", last))


def test_rows_are_asked_in_bulk():
    rows = 2 * PAGE + 10
    edge, central = edge_of(rows), central_of(lambda lines: ["later"] * len(lines))
    done, last = compare(edge, central)
    assert done.returncode == 0 and last["verdict"] == "same" and last["asked"] == last["rows"] == str(rows), done
    assert central.asked.count("compare-rows") == rows // BULK + 1
    assert int(last["questions"]) <= 4 * (rows // BULK + 1) + 2 * (rows // PAGE + 1) + 1


def test_verdicts_on_a_part_of_the_rows_are_taken():
    edge, central = edge_of(40), central_of(lambda lines: ["missing" if row_key(17).hex() in line else "same" for line in lines[:7]])
    done, last = compare(edge, central)
    assert done.returncode == 1 and (last["asked"], last["differ"], last["verdict"]) == ("40", "1", "different"), done
    assert "user=u000017" in done.stdout and "central=missing" in done.stdout
    assert central.asked.count("compare-rows") == 6


@pytest.mark.parametrize("verdicts", [lambda lines: [], lambda lines: ["same"] * (len(lines) + 1)])
def test_verdicts_that_make_no_sense_are_refused(verdicts):
    done, _ = compare(edge_of(5), central_of(verdicts))
    assert done.returncode == 1 and "makes no sense" in done.stderr and "verdict=" not in done.stdout, done


def test_a_word_that_is_not_known_is_no_good_one():
    done, last = compare(edge_of(5), central_of(lambda lines: ["same"] * 4 + ["newer"]))
    assert done.returncode == 1 and last["differ"] == "1" and "central=newer" in done.stdout, done


def test_it_waits_for_what_is_missing_and_not_for_ever():
    left = [3]

    def window(query, body):
        left[0] -= 1
        return (200, {"since": 0, "until": 10**15}) if left[0] < 0 else (409, {"error": "the edge still writes rows to its store"})

    central = central_of(lambda lines: ["same"] * len(lines))
    done, last = compare(edge_of(5, window), central)
    assert done.returncode == 0 and last["verdict"] == "same", done
    left[0] = 10**9
    done, last = compare(edge_of(5, window), central, "--wait", "100ms")
    assert done.returncode == 3 and last["verdict"] == "unknown" and last["partitions"] == "0", done
    assert "partition 0 is left out: the edge still writes rows to its store" in done.stderr
    assert 10**9 - left[0] <= 8, "at most so many questions in 100 ms: the pauses double"
    done, _ = compare(edge_of(5), central, "--wait", "soon")
    assert done.returncode == 2
