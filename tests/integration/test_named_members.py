"""What a command does with the URLs of members that a central names: with a token in hand it goes to those alone that are proved, or that its operator named.

Both centrals are played here: the second one is where somebody else than a member listens."""
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from proc import run_program

DONE = {"job": 1, "state": "done", "left": "", "partitions": 1, "of": 1, "items": 1, "members": 1, "mismatches": 0, "lines": "", "begun_us": 1, "urls": ""}


@contextlib.contextmanager
def listening(answer):
    """A port at which `answer(method)` says status and document; yields its URL, and what was shown to it: the header Authorization of each request."""
    shown = []

    class Handler(BaseHTTPRequestHandler):
        def say(self):
            shown.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = answer(self.command)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = say

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shown
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("proven", [0, 1])
@pytest.mark.parametrize("by", ["leader", "urls"])
def test_a_token_goes_to_members_alone_that_are_named_by_the_operator_or_proved(tmp_path, by, proven):
    token = tmp_path / "token"
    token.write_text("operator-token-0123456789\n")
    token.chmod(0o600)
    with listening(lambda _: (200, DONE)) as (other, shown):
        orders = []

        def member(method):
            """Of two partitions it leads one and names the other one's leader, or does one of them, names all members, and stops."""
            orders.append(method) if method == "POST" else None
            if method == "POST" and by == "leader":
                return 421, {"error": f"order it of {other}", "leader": other, "proven": proven}
            if len(orders) > 1:
                return 503, {"error": "it stops"}
            return 200, DONE | {"urls": other if by == "urls" else "", "left": "1", "proven": proven}

        with listening(member) as (url, _):
            asked = ("audit", "--url", url, "--token-file", token)
            if proven:
                assert "verdict=exact" in run_program("kudos-central", *asked).stdout
                assert set(shown) == {"Bearer operator-token-0123456789"}
                return
            assert "named with --url alone" in run_program("kudos-central", *asked, rc=4).stderr
            assert not shown
            orders.clear()
            assert "verdict=exact" in run_program("kudos-central", "audit", "--url", f"{url},{other}", "--token-file", token).stdout
            assert set(shown) == {"Bearer operator-token-0123456789"}
            shown.clear()
            orders.clear()
            assert "verdict=exact" in run_program("kudos-central", "audit", "--url", url).stdout
            assert set(shown) == {None}, "without a token there is nothing to lose"
