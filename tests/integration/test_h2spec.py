"""h2spec, a conformance test by others, against the HTTP server over h2c and over TLS.

It is a Go program of fixed version and digest (tests/h2spec), built once into $BUILD. Its cases are those of RFC 7540, which RFC 9113 has replaced:
DELIBERATE has the cases that fail by choice, docs/api.md tells users of them.
"""
import os
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from http_peer import certificate, serve  # noqa: F401 (fixtures)
from proc import TOP

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
CASES = 145
PRIORITY = ("http2/5.3.1", "Sends PRIORITY frame that depend on itself")
PREFACE = ("http2/3.5", "Sends invalid connection preface")
DELIBERATE = {
    # Priorities are switched off (SETTINGS_NO_RFC7540_PRIORITIES), and nobody looks into a PRIORITY frame. RFC 9113 asks for no error any more.
    "h2c": {PRIORITY,
            # Without TLS the port speaks HTTP/1.1, too: what is no preface of HTTP/2 is answered 400 in HTTP/1.1 before the connection is closed.
            PREFACE},
    "tls": {PRIORITY},
}


@pytest.fixture(scope="session")
def h2spec():
    path = os.path.join(BUILD, "h2spec")
    if not os.path.exists(path):
        command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-o", path, "github.com/summerwind/h2spec/cmd/h2spec"]
        try:
            built = subprocess.run(command, cwd=os.path.join(TOP, "tests", "h2spec"), env={**os.environ, "GOFLAGS": "", "CGO_ENABLED": "0"},
                                   capture_output=True, text=True, timeout=200)
        except FileNotFoundError:
            pytest.fail("h2spec cannot be built: there is no `go`; `sh .ci/install test` installs it")
        except subprocess.TimeoutExpired:
            pytest.fail("h2spec cannot be built: `go build` did not end within 200 s; it fetches Go modules at the first time (see `go env GOPROXY`)")
        if built.returncode != 0:
            pytest.fail(f"h2spec cannot be built; can this machine fetch Go modules (see `go env GOPROXY`)?\n{built.stderr}")
    return path


def run(h2spec, port, report, *more):
    """(how many cases there were, those that failed: section, title)"""
    done = subprocess.run([h2spec, "-h", "127.0.0.1", "-p", str(port), "-j", report, *more], capture_output=True, text=True, timeout=150)
    assert os.path.exists(report), done.stdout + done.stderr
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    failed = [case for case in cases if len(case) > 0]
    return len(cases), {(case.get("package"), case.get("classname")): ElementTree.tostring(case, "unicode") for case in failed}


@pytest.mark.parametrize("transport", DELIBERATE)
def test_h2spec_fails_only_where_that_is_a_choice(h2spec, serve, certificate, tmp_path, transport):
    server = serve(*certificate("h2spec")) if transport == "tls" else serve()
    cases, failed = run(h2spec, server.port, str(tmp_path / "report.xml"), *(["-t", "-k"] if transport == "tls" else []))
    assert cases == CASES
    assert set(failed) == DELIBERATE[transport], "\n".join(failed.values())
