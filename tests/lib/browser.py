"""Debian's Chromium without a window, driven by its DevTools protocol over a pipe: pages that a test opens, asks, reloads, cuts off and closes.

    with Browser(directory) as browser:
        page = browser.open("http://127.0.0.1:8000/")
        page.run("document.title")            # the value of an expression; promises are awaited
        page.reload(); page.offline(True); page.close()
"""
import base64
import contextlib
import fcntl
import json
import os
import queue
import signal
import subprocess
import threading
import time

WAIT_S = 30


def above_ten(fd):
    """The same, out of the way of 3 and 4."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD, 10)
    os.close(fd)
    return high


class Browser:
    def __init__(self, directory):
        self.directory = str(directory)
        self.popen, self.next, self.pages = None, 0, {}
        self.answers = {}

    def __enter__(self):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        to_read, from_write = above_ten(to_read), above_ten(from_write)
        # The browser has its ends at 3 and 4. Its processes are one group, which ends together.
        command = ["setsid", "bash", "-c", f'exec "$0" "$@" 3<&{to_read} 4>&{from_write}', "chromium-headless-shell", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-proxy-server", "--no-first-run", f"--user-data-dir={self.directory}/profile", "--remote-debugging-pipe", "about:blank"]
        if os.geteuid() == 0:
            command.insert(5, "--no-sandbox")
        with open(os.path.join(self.directory, "chromium.log"), "ab") as log:
            self.popen = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=(to_read, from_write), env=dict(os.environ, TMPDIR=self.directory))
        os.close(to_read)
        os.close(from_write)
        self.pipe = os.fdopen(to_write, "wb", buffering=0)
        self.reader = threading.Thread(target=self.read, args=(from_read,), daemon=True)
        self.reader.start()
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        self.reader.join(WAIT_S)
        self.pipe.close()

    def read(self, pipe):
        with os.fdopen(pipe, "rb") as messages:
            rest = b""
            while chunk := messages.read1(1 << 16):
                *whole, rest = (rest + chunk).split(b"\0")
                for text in whole:
                    self.heard(json.loads(text))

    def heard(self, message):
        if "id" in message:
            self.answers[message["id"]].put(message)
        elif message.get("sessionId") in self.pages:
            self.pages[message["sessionId"]].events.append(message)

    def call(self, method, session=None, **parameters):
        self.next += 1
        message = {"id": self.next, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        self.answers[self.next] = queue.Queue()  # before anybody could answer
        self.pipe.write(json.dumps(message).encode() + b"\0")
        answer = self.answers[message["id"]].get(timeout=WAIT_S)
        del self.answers[message["id"]]
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, target, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        self.pages[page.session] = page
        for domain in ("Page", "Runtime", "Network"):
            page.call(f"{domain}.enable")
        page.go(url)
        return page


class Page:
    def __init__(self, browser, target, session):
        self.browser, self.target, self.session, self.events = browser, target, session, []

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def until_loaded(self, begin):
        before = len(self.events)
        begin()
        end = time.monotonic() + WAIT_S
        while not any(e["method"] == "Page.loadEventFired" for e in self.events[before:]):
            assert time.monotonic() < end, f"the page was not loaded within {WAIT_S} s: {self.said()}"
            time.sleep(0.01)

    def go(self, url):
        self.until_loaded(lambda: self.call("Page.navigate", url=url))

    def reload(self):
        self.until_loaded(lambda: self.call("Page.reload"))

    def run(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, (expression, result["exceptionDetails"])
        return result["result"].get("value")

    def said(self):
        """What came to the console, and what was thrown."""
        return [e["params"] for e in self.events if e["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")]

    def requests(self, path):
        """Requests whose URL ends so, as far as this page sent them: (method, headers, body)."""
        sent = [e["params"]["request"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [(r["method"], {k.lower(): v for k, v in r["headers"].items()}, r.get("postData")) for r in sent if r["url"].endswith(path)]

    def offline(self, yes):
        self.call("Network.emulateNetworkConditions", offline=yes, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        """As a user closes a tab."""
        self.browser.call("Target.closeTarget", targetId=self.target)
        del self.browser.pages[self.session]
