"""The HTTP server over HTTP/2, from outside: answers, limits, floods, slow peers, deadlines."""
import json
import os
import socket
import ssl
import struct
import subprocess
import time

import pytest

from http_peer import (ACK, BODY, CALM, CLOSED, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, H2, HEADERS, NO_ERROR, PADDED, PING,
                       PREFACE, PRIORITY, PROTOCOL_ERROR, REFUSED, RST, SETTINGS, WINDOW, fields, frame, h1_get, h1_raw, h1_status, integer, literal, read_all)
from http_peer import certificate, serve  # noqa: F401 (fixtures)
from proc import SLOWER, wait_until


def listens(process, port):
    """False: it has ended, for want of its port."""
    deadline = time.monotonic() + 10 * SLOWER
    while process.poll() is None:
        assert time.monotonic() < deadline, "nghttpd does not listen"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return process.poll() is None
        except ConnectionRefusedError:
            time.sleep(0.01)
    return False


@pytest.fixture
def peer_server(tmp_path):
    """(pid, port) of an nghttpd, the server that the library's authors give away with it."""
    for _ in range(5):  # another process may take the port meanwhile
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", str(tmp_path), str(port)], stdout=subprocess.DEVNULL)
        if listens(process, port):
            break
    try:
        assert process.poll() is None, "nghttpd does not listen"
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


# ---- requests and floods ----

def test_h2_answers(serve):
    with H2(serve()) as h2:
        h2.request(1)
        assert h2.body(1) == BODY
        h2.request(3, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 3, b"hel") + frame(DATA, END_STREAM, 3, b"lo"))
        assert h2.body(3) == b"hello"
        h2.request(5, method=b"HEAD")
        assert h2.body(5) == b""


def test_h2_preface_in_pieces(serve):
    server = serve()
    with server.connect() as sock:
        for byte in PREFACE + frame(SETTINGS, 0, 0):
            sock.sendall(bytes([byte]))
        sock.sendall(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields()))
        got = b""
        while BODY not in got:
            got += sock.recv(65536)


def test_answers_of_one_turn_leave_together(serve):
    with H2(serve()) as h2:
        for i in range(20):
            h2.request(1 + 2 * i, b"/hold")
        h2.request(101, b"/release")
        assert h2.body(101) == BODY


@pytest.mark.parametrize("more", [
    [(b"x%d" % i, b"v") for i in range(100)],
    [(b"big", b"v" * 20000)],
])
def test_too_many_headers(serve, more):
    server = serve()
    with H2(server) as h2:
        block = fields(more=more)
        h2.send(frame(HEADERS, END_STREAM, 1, block[:10000]) + frame(CONTINUATION, END_HEADERS, 1, block[10000:]))
        assert h2.problem(1)["status"] == 431
        h2.request(3)
        assert h2.body(3) == BODY
    assert server.count("rejected") == 1


def test_endless_headers_end_the_connection(serve):
    server = serve()
    with H2(server) as h2:
        block = fields(more=[(b"big", b"v" * 16000)] * 12)
        pieces = [block[i:i + 16384] for i in range(0, len(block), 16384)]
        h2.flood(frame(HEADERS, END_STREAM, 1, pieces[0]) +
                 b"".join(frame(CONTINUATION, 0, 1, p) for p in pieces[1:]))
        assert h2.goaway() == CALM
    assert server.count("floods") == 1


def test_a_header_block_that_does_not_end_is_held_by_its_connection(serve):
    server = serve()
    before = server.count("buffered_bytes")
    with H2(server) as h2:
        block = fields() + b"\0" + integer(1, 7) + b"n" + integer(60000, 7) + b"v" * 40000
        h2.send(frame(HEADERS, END_STREAM, 1, block[:16384]) + frame(CONTINUATION, 0, 1, block[16384:32768]) +
                frame(CONTINUATION, 0, 1, block[32768:]))
        wait_until(lambda: server.count("buffered_bytes") >= before + 2 * len(block), what="it is held")
    wait_until(lambda: server.count("buffered_bytes") < before + 40000, what="it is gone")


def test_endless_continuation(serve):
    server = serve()
    with H2(server) as h2:
        h2.flood(frame(HEADERS, END_STREAM, 1, fields()) + frame(CONTINUATION, 0, 1) * 5000)
        assert h2.goaway() in (CALM, None)
    assert server.count("floods") == 1


def large_entry(value=b"v" * 3900):
    """A field of almost all that the compression table holds; \\xbe then names it again in one byte."""
    return b"\x40" + integer(1, 7) + b"n" + integer(len(value), 7) + value


BOMB = b"\xbe" * 16000
BOMBS = {
    "request": frame(HEADERS, END_STREAM, 1, fields() + large_entry()) + frame(CONTINUATION, END_HEADERS, 1, BOMB),
    "invalid": frame(HEADERS, END_STREAM, 1, fields() + large_entry(b"v" * 3900 + b"\0")) + frame(CONTINUATION, END_HEADERS, 1, BOMB),
    "trailers": frame(HEADERS, END_HEADERS, 1, fields(b"/echo", b"POST")) +
                frame(HEADERS, END_STREAM, 1, large_entry()) + frame(CONTINUATION, END_HEADERS, 1, BOMB),
    "one stream too many": b"".join(frame(HEADERS, END_HEADERS | END_STREAM, s, fields(b"/hold")) + frame(RST, 0, s, struct.pack(">I", 8))
                                    for s in (1, 3)) +
                           frame(HEADERS, END_STREAM, 5, fields() + large_entry()) + frame(CONTINUATION, END_HEADERS, 5, BOMB),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_header_bomb_ends_the_connection(serve, kind):
    server = serve("max_streams=2")
    with H2(server) as h2:
        h2.flood(BOMBS[kind])
        assert h2.goaway() == CALM
    assert server.count("floods") == 1
    assert h1_get(server, "/release") == BODY


def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)  # the processor time of another process, in nanoseconds: clock_getcpuclockid(3)


def bomb(address, data, times):
    for _ in range(times):
        with H2(None, sock=socket.create_connection(address, timeout=10)) as h2:
            h2.flood(data + frame(PING, 0, 0, b"12345678"))
            h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)  # done with it, or the connection has ended


@pytest.mark.parametrize("kind", BOMBS)
def test_a_header_bomb_costs_less_than_at_nghttpd(serve, peer_server, kind):
    server, spent = serve("max_streams=2"), []
    for pid, port in ((server.process.pid, server.port), peer_server):
        bomb(("127.0.0.1", port), BOMBS["request"], 2)
        before = cpu_seconds(pid)
        bomb(("127.0.0.1", port), BOMBS[kind], 20)
        spent.append(cpu_seconds(pid) - before)
    assert spent[0] < spent[1], [f"{1000 * s / 20:.2f} ms" for s in spent]
    assert h1_get(server, "/release") == BODY


@pytest.mark.parametrize("scheme, status", [(b"http", 200), (b"HTTPS", 200), (b"ftp", 400), (b"httpx", 400)])
def test_schemes_are_those_of_http(serve, scheme, status):
    with H2(serve()) as h2:
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields().replace(literal(b":scheme", b"http"), literal(b":scheme", scheme))))
        head = h2.until(lambda kind, flags, stream, _: kind == HEADERS and stream == 1)
        assert head[3][0] == {200: 0x88, 400: 0x8c}[status], "by the static table of HPACK"


def test_headers_that_are_a_little_too_large_are_counted(serve):
    server = serve()
    with H2(server) as h2:
        block = fields() + large_entry() + b"\xbe" * 6
        h2.flood(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, s, block) for s in range(1, 1001, 2)))
        assert h2.goaway() == CALM
    assert server.count("floods") == 1 and server.count("rejected") <= 201


# ---- frames on streams that are gone ----

LATE = {"data": frame(DATA, 0, 1, b"late"), "headers": frame(HEADERS, END_HEADERS | END_STREAM, 1, fields())}


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("ended", ["answered", "reset"])
def test_a_frame_on_a_stream_that_its_client_has_ended(serve, late, ended):
    server = serve()
    with H2(server) as h2:
        if ended == "answered":
            h2.request(1)
            assert h2.body(1) == BODY
        else:
            h2.request(1, b"/echo", b"POST", end=False)
            h2.send(frame(RST, 0, 1, struct.pack(">I", 8)))
        h2.send(LATE[late])
        assert h2.goaway() == CLOSED
    assert server.count("protocol_errors") == 1


@pytest.mark.parametrize("late", LATE)
def test_frames_under_way_to_a_stream_that_the_server_has_reset(serve, late):
    with H2(serve("max_body_bytes=1000")) as h2:
        h2.request(1, b"/echo", b"POST", more=[(b"content-length", b"1")], end=False)
        h2.send(frame(DATA, 0, 1, b"more than one byte") + frame(DATA, 0, 1, b"x" * 1000))
        assert h2.until(lambda kind, *_: kind == RST)
        h2.send(LATE[late])
        h2.request(3)
        assert h2.body(3) == BODY


def test_the_body_of_a_stream_that_is_one_too_many(serve):
    server = serve("max_streams=2")
    with H2(server) as h2:
        h2.until(lambda kind, flags, *_: kind == SETTINGS and flags == ACK)
        h2.send(b"".join(frame(HEADERS, END_HEADERS, s, fields(b"/echo", b"POST")) + frame(DATA, END_STREAM, s, b"body") for s in (1, 3, 5, 7)))
        refused = [h2.until(lambda kind, *_: kind == RST), h2.until(lambda kind, *_: kind == RST)]
        assert [(r[2], r[3]) for r in refused] == [(5, struct.pack(">I", REFUSED)), (7, struct.pack(">I", REFUSED))]
        h2.request(9)
        assert h2.body(9) == BODY


def test_requests_under_way_at_a_drain_do_not_end_the_others(serve):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/later?ms=2500")
        server.drain()
        assert h2.until(lambda kind, flags, *_: kind == PING and flags == 0)
        h2.send(frame(PING, ACK, 0, b"kudos\0\0\0"))
        assert h2.until(lambda kind, flags, stream, payload: kind == GOAWAY and payload[:4] == struct.pack(">I", 1))
        h2.request(3, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, END_STREAM, 3, b"too late"))
        assert h2.body(1) == BODY


# ---- requests that are not valid, and what becomes of bodies ----


@pytest.mark.parametrize("length", [None, b"300000"])
def test_body_cap(serve, length):
    server = serve()
    with H2(server) as h2:
        more = [(b"content-length", length)] if length else []
        h2.request(1, b"/echo", b"POST", more=more, end=False)
        for _ in range(0 if length else 5):
            h2.send(frame(DATA, 0, 1, b"x" * 16384) * 4)
        problem = h2.problem(1)
        assert problem["status"] == 413 and problem["type"] == "urn:kudos:payload-too-large"
        h2.request(3)
        assert h2.body(3) == BODY
    server.wait_for("buffered_bytes", 0)


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("arguments, status", [(["-X", "TRACE"], 405), (["-H", "X-User-Id: a", "-H", "X-User-Id: b"], 400)])
def test_what_the_server_refuses_by_itself_is_not_to_be_stored(serve, version, arguments, status):
    done = subprocess.run(["curl", "-s", "-D", "-", "-o", "/dev/null", version, *arguments, f"http://127.0.0.1:{serve().port}/"],
                          capture_output=True, text=True, timeout=30, check=True)
    lines = done.stdout.lower().splitlines()
    assert f" {status}" in lines[0] and "cache-control: no-store" in lines, done.stdout


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("arguments", [["/"], ["/", "-I"], ["/problem"], ["/nothing-there"], ["/", "-X", "TRACE"]])
def test_no_answer_is_taken_for_another_type_than_it_says(serve, version, arguments):
    path, *more = arguments
    done = subprocess.run(["curl", "-s", "-D", "-", "-o", "/dev/null", version, *more, f"http://127.0.0.1:{serve().port}{path}"],
                          capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.lower().splitlines().count("x-content-type-options: nosniff") == 1, done.stdout


def test_a_refused_upload_is_stopped_in_the_end(serve):
    with H2(serve("max_body_bytes=1000")) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 1, b"x" * 2000))
        assert h2.problem(1)["status"] == 413
        sent = 0
        stopped = None
        while stopped is None and sent < 100:
            h2.send(frame(DATA, 0, 1, b"x" * 16384))
            sent += 1
            h2.sock.settimeout(0.01)
            try:
                stopped = h2.until(lambda kind, *_: kind == RST)
            except TimeoutError:
                pass
        assert stopped[3] == struct.pack(">I", NO_ERROR)
        assert 60 < sent < 80


def test_the_bodies_of_a_connection_have_a_total(serve):
    server = serve("max_body_bytes=50000", "max_held_per_connection=110000")
    with H2(server) as h2:
        for stream in (1, 3, 5):
            h2.request(stream, b"/echo", b"POST", end=False)
            h2.send(frame(DATA, 0, stream, b"x" * 16000) * 3)
        assert h2.problem(5)["type"] == "urn:kudos:overloaded"
        h2.send(frame(DATA, END_STREAM, 1))
        assert h2.body(1) is not None
    server.wait_for("buffered_bytes", 0)


def test_the_requests_of_an_address_have_a_total_and_other_addresses_go_on(serve):
    server = serve("max_requests_per_address=4")
    other = socket.create_connection(("127.0.0.1", server.port), source_address=("127.0.0.2", 0), timeout=10)
    with H2(server) as h2, H2(server, sock=other) as honest:
        for i in range(5):
            h2.request(1 + 2 * i, b"/hold")
        assert h2.problem(9)["type"] == "urn:kudos:overloaded"
        honest.request(1)
        assert honest.body(1) == BODY
        honest.request(3, b"/release")
        assert honest.body(3) == BODY and h2.body(1) == BODY


def test_what_is_refused_by_its_headers_has_no_body(serve):
    server = serve("max_held_per_connection=20000")
    with H2(server) as h2:
        h2.request(1, b"/denied", b"POST", end=False)
        assert h2.problem(1)["status"] == 401
        h2.send(frame(DATA, 0, 1, b"x" * 16000) * 4)
        h2.request(3)
        assert h2.body(3) == BODY
    answer = h1_raw(server, b"POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTTPGET / HTTP/1.1\r\n\r\n")
    assert h1_status(answer) == 401 and answer.count(b"HTTP/1.1 ") == 1 and b"close" in answer
    server.wait_for("buffered_bytes", 0)


@pytest.mark.parametrize("more, status", [
    ([(b"authorization", b"a"), (b"authorization", b"b")], 400),
    ([(b"x-user-id", b"a"), (b"x-user-id", b"b")], 400),
    ([(b"x-bad", b"a\x01b")], 400),
    ([(b"content-length", b"1"), (b"content-length", b"1")], None),
    ([(b"content-length", b"5")], None),
    ([(b":path", b"/other")], None),
    ([(b"connection", b"close")], None),
])
def test_bad_requests_never_reach_the_handler(serve, more, status):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/", more=more)
        body = h2.body(1)
        assert (json.loads(body)["status"] if body is not None else None) == status
    assert server.count("requests") == 1


@pytest.mark.parametrize("path", [b"", b"/a b", b"/a\tb", b"/a\0b", b"/a\rb", b"/a\nb", b"/a\x7fb", b" /", b"a", b"*"], ids=repr)
def test_a_path_that_no_message_may_have_ends_its_stream_alone(serve, path):
    server = serve()
    with H2(server) as h2:
        h2.request(1, path)
        assert h2.until(lambda kind, _, stream, __: stream == 1)[0::3] == (RST, struct.pack(">I", PROTOCOL_ERROR))
        h2.request(3)
        assert h2.body(3) == BODY
    assert server.count("requests") == 2


@pytest.mark.parametrize("path", [b"/a#b", b"/\x80"], ids=repr)
def test_a_path_that_is_no_target_is_refused(serve, path):
    with H2(serve()) as h2:
        h2.request(1, path)
        assert h2.problem(1)["status"] == 400


def status_of(block):
    """The status with which a header block begins: one of the static table (RFC 7541, A), or a literal under the name of index 8."""
    listed = {0x88 + i: code for i, code in enumerate((b"200", b"204", b"206", b"304", b"400", b"404", b"500"))}
    if block[0] in listed:
        return listed[block[0]]
    assert block[0] in (0x08, 0x18, 0x48), block
    huffman, size = block[1] >> 7, block[1] & 127
    return status_digits(block[2:2 + size]) if huffman else block[2:2 + size]


def status_digits(coded):
    """Digits in Huffman's code (RFC 7541, B): 0 to 2 have 5 bits, the others 6."""
    bits, digits = "".join(f"{byte:08b}" for byte in coded), b""
    while len(digits) < 3:
        size = 5 if bits[:5] in ("00000", "00001", "00010") else 6
        digits += b"%d" % (int(bits[:5], 2) if size == 5 else int(bits[:6], 2) - 0b011001 + 3)
        bits = bits[size:]
    return digits


def test_h2_expects_continue(serve):
    with H2(serve()) as h2:
        h2.request(1, b"/echo", b"POST", more=[(b"expect", b"100-continue"), (b"content-length", b"3")], end=False)
        kind, flags, _, block = h2.until(lambda kind, _, stream, __: stream == 1)
        assert (kind, flags) == (HEADERS, END_HEADERS) and status_of(block) == b"100"
        h2.send(frame(DATA, END_STREAM, 1, b"abc"))
        assert h2.body(1) == b"abc"


@pytest.mark.parametrize("path, more, end, status", [
    (b"/denied", [(b"expect", b"100-continue")], False, 401),
    (b"/echo", [(b"expect", b"100-continue"), (b"content-length", b"300000")], False, 413),
    (b"/echo", [(b"expect", b"100-continue")], True, 200),
    (b"/echo", [], False, None),
], ids=["answered", "refused", "no body", "not asked"])
def test_who_need_not_send_a_body_is_not_told_to_continue(serve, path, more, end, status):
    with H2(serve()) as h2:
        h2.request(1, path, b"POST", more=more, end=end)
        if status is None:
            h2.send(frame(DATA, END_STREAM, 1, b"abc"))
        assert status_of(h2.until(lambda kind, _, stream, __: stream == 1)[3]) == str(status or 200).encode()


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT"])
def test_methods_that_are_not_for_origins(serve, method):
    with H2(serve()) as h2:
        block = fields(method=method) if method == b"TRACE" else literal(b":method", method) + literal(
            b":authority", b"a:1")
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        assert h2.problem(1)["status"] == 405


def test_trailers_are_ignored(serve):
    with H2(serve()) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.send(frame(DATA, 0, 1, b"body"))
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, literal(b"x-user-id", b"mallory")))
        assert h2.body(1) == b"body"


def test_more_streams_than_allowed(serve):
    server = serve("max_streams=4")
    with H2(server) as h2:
        h2.until(lambda kind, flags, *_: kind == SETTINGS and flags == ACK)
        h2.send(frame(SETTINGS, ACK, 0))
        for i in range(5):
            h2.request(1 + 2 * i, b"/hold")
        end = h2.until(lambda kind, *_: kind in (RST, GOAWAY))
        assert end[0] == GOAWAY or end[3] == struct.pack(">I", REFUSED)


def test_abandoned_work_keeps_its_slot(serve):
    server = serve("max_streams=4", "max_resets_per_s=1000")
    with H2(server) as h2:
        for i in range(10):
            h2.request(1 + 2 * i, b"/hold")
            h2.send(frame(RST, 0, 1 + 2 * i, struct.pack(">I", 8)))
        server.wait_for("refused_streams", 6)
        assert server.count("requests_open") == 5  # four held, and the one that asks
        assert h1_get(server, "/release") == BODY
        h2.request(101)
        assert h2.body(101) == BODY
    assert server.count("requests_open") == 1


def test_a_lost_connection_keeps_its_slot(serve):
    server = serve("max_connections_per_address=3")
    for _ in range(2):
        with H2(server) as h2:
            h2.request(1, b"/hold")
            h2.send(frame(PING, 0, 0, b"12345678"))
            h2.until(lambda kind, flags, *_: kind == PING and flags == ACK)
    server.wait_for("connections_open", 1)
    with server.connect() as one, server.connect() as two:
        one.sendall(b"GET /release HTTP/1.1\r\nHost: a\r\n\r\n")
        assert BODY in one.recv(65536)
        assert two.recv(1) == b""  # both lost ones were still counted
    server.wait_for("connections_open", 1)
    assert server.count("connections_refused") == 1


def test_rapid_reset(serve):
    server = serve()
    with H2(server) as h2:
        one = [frame(HEADERS, END_HEADERS | END_STREAM, s, fields()) + frame(RST, 0, s, struct.pack(">I", 8))
               for s in range(1, 20001, 2)]
        h2.flood(b"".join(one))
        assert h2.goaway() == CALM
    assert server.count("requests") < 2000
    assert server.count("floods") == 1


def test_resets_that_we_are_made_to_send(serve):
    server = serve()
    with H2(server) as h2:
        zero = struct.pack(">I", 0)
        h2.flood(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, s, fields(b"/hold")) + frame(WINDOW, 0, s, zero)
                          for s in range(1, 4001, 2)))
        h2.goaway()
    assert server.count("requests_open") <= 129
    assert h1_get(server, "/release") == BODY


@pytest.mark.parametrize("said, sent", [(b"5", b"x"), (b"1", b"xyz"), (b"5", b"")], ids=["short", "long", "none"])
def test_bodies_that_are_not_as_long_as_they_say_are_resets(serve, said, sent):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/echo", b"POST", more=[(b"content-length", said)], end=False)
        h2.send(frame(DATA, END_STREAM, 1, sent))
        assert h2.body(1) is None
        h2.request(3)
        assert h2.body(3) == BODY  # one of them ends its stream alone
    assert server.count("resets") == 1
    with H2(server) as h2:
        h2.flood(b"".join(frame(HEADERS, END_HEADERS, s, fields(b"/echo", b"POST", [(b"content-length", said)])) + frame(DATA, END_STREAM, s, sent)
                          for s in range(1, 40001, 2)))
        assert h2.goaway() == CALM
    assert server.count("floods") == 1
    assert server.count("resets") < 2000


def test_who_takes_no_resets_is_not_read(serve):
    server = serve("max_resets_per_s=1000000", "write_stall_timeout_ms=1000")
    one = [frame(HEADERS, END_HEADERS, s, fields(b"/echo", b"POST", [(b"content-length", b"1")])) + frame(DATA, END_STREAM, s, b"xyz")
           for s in range(1, 800001, 2)]
    with server.connect(timeout=5) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises((BrokenPipeError, ConnectionResetError, TimeoutError)):
            sock.sendall(PREFACE + frame(SETTINGS, 0, 0) + b"".join(one))
    server.wait_for("connections_open", 1)


@pytest.mark.parametrize("kind, flags, stream, payload", [
    (PING, 0, 0, b"12345678"), (SETTINGS, 0, 0, b""), (DATA, 0, 1, b""), (DATA, PADDED, 1, bytes([15]) + bytes(15)),
    (PRIORITY, 0, 99, bytes(5)), (PING, ACK, 0, b"12345678"), (WINDOW, 0, 0, struct.pack(">I", 1)), (WINDOW, 0, 1, struct.pack(">I", 1)),
    (GOAWAY, 0, 0, bytes(8)), (0x77, 0, 0, b"")],
    ids=["ping", "settings", "data", "padded-data", "priority", "ping-ack", "window", "window-of-stream", "goaway", "unknown"])
def test_control_floods(serve, kind, flags, stream, payload):
    server = serve()
    with H2(server) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        h2.flood(frame(kind, flags, stream, payload) * 100000)
        assert h2.goaway() in (CALM, None)
    assert server.count("floods") == 1


def send_on(sock, most):
    """How many bytes the other side, with the buffers between, takes before it closes or takes no more."""
    piece, sent = bytes(1 << 20), 0
    try:
        while sent < most:
            sent += sock.send(piece)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize("secured", [False, True], ids=["plain", "tls"])
def test_what_a_flooder_sends_after_its_goaway_costs_nothing(serve, certificate, secured):
    server = serve(*(certificate("one")[:2] if secured else ()))
    sock = server.connect()
    if secured:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        sock = context.wrap_socket(sock, server_hostname="localhost")
    with H2(server, sock=sock) as h2:
        h2.send(frame(PING, 0, 0, b"12345678") * 2000)
        assert h2.until(lambda kind, flags, stream, payload: kind == GOAWAY)[3][7] == CALM
        raw = socket.socket(fileno=os.dup(h2.sock.fileno()))
        raw.settimeout(10)
        assert send_on(raw, 128 << 20) < 64 << 20
        raw.close()
    server.wait_for("connections_open", 1)


def test_ping_flood_without_reading(serve):
    server = serve("max_control_per_s=1000000", "write_stall_timeout_ms=300")
    with server.connect(timeout=5) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises((BrokenPipeError, ConnectionResetError, TimeoutError)):
            sock.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(PING, 0, 0, b"12345678") * 1000000)
    server.wait_for("connections_open", 1)


def test_zero_window_ends_by_deadline(serve):
    server = serve("write_stall_timeout_ms=200")
    with H2(server, struct.pack(">HI", 4, 0)) as h2:
        h2.request(1, b"/big?n=1000")
        assert h2.body(1) is None
    assert server.count("timeouts") == 1


def test_one_byte_window_is_served(serve):
    with H2(serve(), struct.pack(">HI", 4, 1)) as h2:
        h2.request(1)
        data = b""
        while len(data) < len(BODY):
            data += h2.until(lambda kind, *_: kind == DATA)[3]
            h2.send(frame(WINDOW, 0, 1, struct.pack(">I", 1)))
        assert data == BODY


def test_window_overflow(serve):
    with H2(serve()) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)))
        assert h2.goaway() == 3


def test_slow_reader_of_a_big_answer(serve):
    server = serve("write_stall_timeout_ms=300")
    with H2(server, struct.pack(">HI", 4, 0x7FFFFFFF)) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFF0000)))
        for s in (1, 3, 5):
            h2.request(s, b"/big?n=3000000")
        got = b"".join(h2.body(s) for s in (1,))
        assert got == b"x" * 3000000


def test_who_does_not_read_at_all_is_cut_off(serve):
    server = serve("write_stall_timeout_ms=100")
    with H2(server, struct.pack(">HI", 4, 0x7FFFFFFF)) as h2:
        h2.send(frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFF0000)))
        for s in (1, 3, 5, 7):
            h2.request(s, b"/big?n=3000000")
        server.wait_for("timeouts", 1, seconds=10)  # 100 ms, and a second per 16 KiB of at most 64
        server.wait_for("buffered_bytes", 0)


# ---- deadlines ----

@pytest.mark.parametrize("start", [b"", b"\x16\x03\x01", b"PRI * HT"])
def test_silence_at_the_start(serve, certificate, start):
    server = serve(*certificate("silent"), "handshake_timeout_ms=150")
    with server.connect() as sock:
        sock.sendall(start)
        assert sock.recv(1) == b""
    assert server.count("timeouts") == 1


def test_slow_headers_and_bodies(serve):
    server = serve("headers_timeout_ms=150", "body_timeout_ms=150")
    for begun in (b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: "):
        slow_head = h1_raw(server, begun)
        assert h1_status(slow_head) == 408 and b"\r\nconnection: close\r\n" in slow_head
    slow_body = h1_raw(server, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc")
    assert h1_status(slow_body) == 408
    with H2(server) as h2:
        h2.request(1, b"/echo", b"POST", end=False)
        assert h2.problem(1)["status"] == 408
    with H2(server) as h2:
        h2.send(frame(HEADERS, END_STREAM, 1, fields()))
        assert h2.goaway() is None
    assert server.count("timeouts") == 5


def test_a_late_head_is_answered_behind_the_answers_before_it(serve):
    answer = h1_raw(serve("headers_timeout_ms=150"), b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /")
    assert answer.count(b"HTTP/1.1 ") == 2 and h1_status(answer) == 200 and b"\r\nHTTP/1.1 408 " in answer


def test_who_has_asked_for_nothing_is_told_nothing(serve):
    for silence in (b"", b"\r\n"):
        assert h1_raw(serve("handshake_timeout_ms=150", "headers_timeout_ms=150", "idle_timeout_ms=150"), silence) == b""


def test_preface_then_silence(serve):
    server = serve("idle_timeout_ms=150")
    with H2(server) as h2:
        assert h2.goaway() == NO_ERROR
    with server.connect() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_all(sock).endswith(BODY)
