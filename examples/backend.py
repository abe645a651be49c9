#!/usr/bin/env python3
"""A site's backend beside Kudos, in plain Python: it renders a feed with what its reader likes, and hands on the likes of a form.

    backend.py --edge http://localhost:8442 --database site.db --port 8080 [--token-file site.jwt]

- It knows its users (here by a cookie without any proof, which a real site must not do) and tells the edge by X-User-Id. The edge believes it for a token
  of its own (a JWT with the scopes kudos:service and kudos:act-as), or as a gateway at an address that it trusts (http.trusted_peers; the demo trusts the
  loopback address). The file is read for each request: whoever renews the token puts a new file in its place.
- One request asks for the numbers of all posts and for what the reader likes: POST /v1/counts with "me".
- All that a form says goes as one batch with one Idempotency-Key, which the form carries: the button pressed twice, or a retry, counts once.
- The session token (Kudos-Session) of each answer is kept beside the user, in the site's own database, and shown with his next request. So what he did is
  ordered, and known, whichever edge is asked next. It is good for this user alone. In the memory of a process it would be unknown to the next process, and
  gone with a restart.
- Where Kudos does not answer the page is shown without numbers.

Standard library only.
"""
import argparse
import contextlib
import html
import http.client
import http.cookies
import http.server
import json
import random
import sqlite3
import time
import urllib.parse
import uuid

POSTS = {"posts/sea": "The sea", "posts/hills": "The hills", "posts/hello": "Hello"}
TRIES, TIMEOUT_S = 4, 5


class KudosError(Exception):
    """No answer that can be used; `status` is 0 where there was none at all."""

    def __init__(self, status, problem):
        super().__init__(problem)
        self.status, self.problem = status, problem


class Sessions:
    """The last session token of each user."""

    def __init__(self, path):
        self.path = path
        with self.open() as db:
            db.execute("CREATE TABLE IF NOT EXISTS kudos_session (user TEXT PRIMARY KEY, token TEXT NOT NULL)")

    @contextlib.contextmanager
    def open(self):
        db = sqlite3.connect(self.path, timeout=10)
        try:
            with db:
                yield db
        finally:
            db.close()

    def get(self, user):
        with self.open() as db:
            found = db.execute("SELECT token FROM kudos_session WHERE user = ?", (user,)).fetchone()
        return found and found[0]

    def keep(self, user, token):
        with self.open() as db:
            db.execute("INSERT OR REPLACE INTO kudos_session VALUES (?, ?)", (user, token))

    def drop(self, user):
        with self.open() as db:
            db.execute("DELETE FROM kudos_session WHERE user = ?", (user,))


class Kudos:
    def __init__(self, edge, sessions, token_file=None):
        self.edge, self.sessions, self.token_file = urllib.parse.urlsplit(edge), sessions, token_file

    def proof(self):
        if not self.token_file:
            return {}
        with open(self.token_file, encoding="ascii") as f:
            return {"Authorization": f"Bearer {f.read().strip()}"}

    def feed(self, user, items):
        """{item: answer} of up to 200 items, each with `liked`."""
        return {i["item"]: i for i in self.ask(user, "/v1/counts", {"items": items, "me": True})["items"]}

    def liked(self, user, items, counter="like"):
        """{item: true, false or None (unknown)} of up to 200 items."""
        return {i["item"]: i["liked"] for i in self.ask(user, "/v1/likes/lookup", {"items": items, "counter": counter})["items"]}

    def say(self, user, operations, key):
        """Up to 1000 likes and unlikes, taken once however often this is called with the key. Those that did not fit a limit have an `error`; they need
        another key."""
        return self.ask(user, "/v1/likes", {"operations": operations}, key)["results"]

    def ask(self, user, path, body, key=None):
        """Tries again what may be tried again, with the same key; a session token that cannot be verified is dropped."""
        for attempt in range(TRIES):
            headers = {"X-User-Id": user, "Content-Type": "application/json", **self.proof(), **({"Idempotency-Key": key} if key else {})}
            session = self.sessions.get(user)
            if session:
                headers["Kudos-Session"] = session
            try:
                status, fields, answer = self.request(path, json.dumps(body), headers)
            except (OSError, http.client.HTTPException, ValueError) as e:
                status, fields, answer = 0, {}, {"title": str(e)}
            if status == 200:
                if fields.get("kudos-session"):
                    self.sessions.keep(user, fields["kudos-session"])
                return answer
            if answer.get("field") == "Kudos-Session" and session:
                self.sessions.drop(user)
            elif status in (0, 409, 429, 503, 504) and attempt + 1 < TRIES:
                time.sleep(min(float(fields.get("retry-after", 0)) or 0.1 * 2**attempt, TIMEOUT_S) * random.uniform(1, 1.5))
            else:
                break
        raise KudosError(status, answer.get("title", "no answer"))

    def request(self, path, body, headers):
        connection = http.client.HTTPConnection(self.edge.hostname, self.edge.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(response.read())
        finally:
            connection.close()


def page(user, answers, note):
    """The feed. It works without scripts; `<kudos-like>` could stand in place of each button."""
    def row(item, title):
        answer = answers.get(item)
        count, liked = (answer["counts"]["like"]["display"], answer["liked"]) if answer else (None, None)
        return (f'<li>{html.escape(title)} <button name="{"unlike" if liked else "like"}" value="{item}" aria-pressed="{str(bool(liked)).lower()}">'
                f'{"♥" if liked else "♡"} {count or ""}</button></li>')

    rows = "".join(row(item, title) for item, title in POSTS.items())
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Posts</title><p>{html.escape(user)} {html.escape(note)}</p>'
            f'<form method="post"><input type="hidden" name="key" value="{uuid.uuid4()}"><ul>{rows}</ul></form></html>')


class Site(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def user(self):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("user")
        return cookie.value if cookie else "ada"

    def do_GET(self):
        answers, note = {}, ""
        try:
            answers = self.server.kudos.feed(self.user(), list(POSTS))
        except KudosError as e:
            note = f"(no numbers now: {e})"
        self.send(200, page(self.user(), answers, note))

    def do_POST(self):
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return self.send(403, "a form of another site")  # who is known by a cookie must be asked by the site's own pages
        form = urllib.parse.parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 1 << 16)).decode())
        operations = [{"item": item, "op": op} for op in ("like", "unlike") for item in form.get(op, [])]
        try:
            self.server.kudos.say(self.user(), operations, form["key"][0])
        except KudosError as e:
            return self.send(503 if e.status in (0, 429, 503) else 400, f"Not saved: {e}")
        except KeyError:
            return self.send(400, "a form without its key")
        self.send(303, "", Location="/")

    def send(self, status, text, **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edge", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--token-file")
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Site)
    server.kudos = Kudos(args.edge, Sessions(args.database), args.token_file)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
