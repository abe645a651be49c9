"""HTTP/1.1 where a lax reader and a strict one would see different requests: trailers, Connection, Expect, Host, absolute targets."""
import pytest

from http_peer import BODY, END_HEADERS, END_STREAM, H2, HEADERS, Server, fields, frame, h1_get, h1_raw, h1_status, read_all

CHUNKED = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
NEXT = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.stop()


def get(*lines, target=b"/", version=b"1.1"):
    return b"".join([b"GET ", target, b" HTTP/", version, b"\r\n", *(line + b"\r\n" for line in lines), b"\r\n"])


@pytest.mark.parametrize("trailers", [
    b"foo bar\r\n\r\n", b"foo\r\n\r\n", b": x\r\n\r\n", b"foo : x\r\n\r\n", b"foo: a\0b\r\n\r\n", b"foo: a\nb: c\r\n\r\n", b"foo: a\rb\r\n\r\n",
    b"foo: a\r\n folded\r\n\r\n", b"\n", b"foo: a\n\n", b"Content-Length: 3\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n", b"Connection: close\r\n\r\n",
], ids=repr)
def test_trailers_that_are_no_fields_are_refused_and_swallow_no_request(server, trailers):
    before = server.count("requests")
    answer = h1_raw(server, CHUNKED + trailers + NEXT)
    assert h1_status(answer) == 400 and answer.count(b"HTTP/1.1 ") == 1, answer
    assert server.count("requests") == before + 1  # that of the counters


@pytest.mark.parametrize("field", [b"Transfer-Encoding: chunked\t", b"Transfer-Encoding:\tchunked", b"Content-Length: 1\t"], ids=repr)
def test_a_tab_beside_what_delimits_the_body_is_refused(server, field):
    assert h1_status(h1_raw(server, b"POST /echo HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\n1\r\nx\r\n0\r\n\r\n")) == 400


@pytest.mark.parametrize("size", [b"1\t", b"1\t;x", b"1 ;x", b"1; x", b"1;\tx", b"1;x =y", b"1;x=\ty", b"1 x", b"1 1", b" 1", b"0x1", b"1;x\0", b"0000000001", b"1 ", b"1;", b"1;x ", b"1;x y", b"1;x=\"y"], ids=repr)
def test_a_chunk_size_that_readers_part_otherwise_is_refused(server, size):
    assert h1_status(h1_raw(server, CHUNKED.replace(b"\r\n1\r\n", b"\r\n" + size + b"\r\n") + b"\r\n")) == 400


@pytest.mark.parametrize("size", [b"1;x", b"1;x=y", b"1;x=\"y z\";z"], ids=repr)
def test_a_chunk_may_have_extensions(server, size):
    assert h1_status(h1_raw(server, CHUNKED.replace(b"\r\n1\r\n", b"\r\n" + size + b"\r\n") + b"Connection2: x\r\n\r\n" + NEXT)) == 200


@pytest.mark.parametrize("begin", [b"\n", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost: a\n", b"\r\n\n",
                                   b"GET / HTTP/1.1\r\nHost: a\r\n\n"], ids=repr)
@pytest.mark.parametrize("before", [b"", get(b"Host: a")], ids=["first", "second"])
def test_a_line_of_a_head_that_ends_by_lf_alone_is_refused_at_once(server, before, begin):
    answer = h1_raw(server, before + begin)
    assert answer.endswith(b'"status":400}') and b"\r\nconnection: close\r\n" in answer, answer
    assert answer.count(b"HTTP/1.1 200") == (1 if before else 0)


def test_a_few_empty_lines_are_skipped_before_a_request(server):
    answer = h1_raw(server, b"\r\n" * 4 + get(b"Host: a") + b"\r\n" * 4 + NEXT)
    assert answer.count(b"HTTP/1.1 200") == 2, answer


@pytest.mark.parametrize("before", [b"", get(b"Host: a")], ids=["first", "second"])
@pytest.mark.parametrize("lines", [b"\r\n" * 5, b"\r\n" * 100000], ids=len)
def test_empty_lines_without_end_are_refused(server, before, lines):
    with server.connect() as sock:
        try:
            sock.sendall(before + lines)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = read_all(sock)
    assert answer.endswith(b'"status":400}') and b"\r\nconnection: close\r\n" in answer, answer
    assert answer.count(b"HTTP/1.1 200") == (1 if before else 0)


def test_trailers_that_are_fields_are_thrown_away(server):
    answer = h1_raw(server, CHUNKED + b"Digest: x\r\nempty:\r\n\r\n" + NEXT)
    assert h1_status(answer) == 200 and answer.endswith(BODY) and answer.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("value", [b"close, keep-alive", b"keep-alive, close", b"keep-alive,Close", b"close\r\nConnection: keep-alive"], ids=repr)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"], ids=repr)
def test_close_beats_keep_alive(server, version, value):
    answer = h1_raw(server, get(b"Host: a", b"Connection: " + value, version=version) + NEXT)
    assert answer.count(b"HTTP/1.1 200") == 1 and b"\r\nconnection: close\r\n" in answer


def test_http_1_0_is_never_told_to_continue(server):
    with server.connect() as sock:
        sock.sendall(b"POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert h1_get(server, "/") == BODY  # by one thread: the head has been read
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(100)
        sock.settimeout(10)
        sock.sendall(b"abc")
        answer = read_all(sock)
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"abc")


@pytest.mark.parametrize("expect", [b"200-ok", b"", b"100-continue, x", b"100-continue\r\nExpect: x"], ids=repr)
def test_an_expectation_that_nobody_knows_is_refused(server, expect):
    answer = h1_raw(server, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: " + expect + b"\r\n\r\n")
    assert h1_status(answer) == 417 and b"100 Continue" not in answer
    with H2(server) as h2:
        h2.request(1, more=[(b"expect", b"200-ok")])
        assert h2.problem(1)["status"] == 417


def test_100_continue_is_known_in_any_case_of_its_letters(server):
    with server.connect() as sock:
        sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")


HOSTS_BAD = [b"", b"a b", b"a/b", b"a@b", b"http://a", b"a:b", b"a:99999999", b"a:65536", b"a:-1", b"[::1", b"[::1]x", b"[::g]", b"::1", b"a%zz", b"a\\b", b"<a>",
             b"\xc3\xa4", b"a?b", b"a#b", b"a,b", b"%61", b"[fe80::1%25eth0]", b":80"]
HOSTS_GOOD = [b"a", b"A.example:8441", b"127.0.0.1", b"[::1]:8441", b"[::ffff:1.2.3.4]", b"a_b", b"xn--bcher-kva.example.", b"a:"]


def h2_status(server, more, authority=b"a"):
    with H2(server) as h2:
        block = fields(more=more).replace(b"\0\x0a:authority\x01a", b"\0\x0a:authority" + bytes([len(authority)]) + authority)
        h2.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        body = h2.body(1)
    return 200 if body == BODY else None if body is None else 400 if b'"status":400' in body else body


@pytest.mark.parametrize("host", HOSTS_BAD, ids=repr)
def test_a_host_that_is_none_is_refused(server, host):
    assert h1_status(h1_raw(server, get(b"Host: " + host, b"Connection: close"))) == 400
    assert h2_status(server, [], authority=host) in (400, None)


@pytest.mark.parametrize("host", HOSTS_GOOD, ids=repr)
def test_a_host_that_is_one_is_taken(server, host):
    assert h1_status(h1_raw(server, get(b"Host: " + host, b"Connection: close"))) == 200


def test_http2_takes_one_host_alone(server):
    before = server.count("requests")
    assert h2_status(server, [(b"host", b"a")]) == 200
    assert h2_status(server, [(b"host", b"A")]) == 200
    assert h2_status(server, [(b"host", b"b")]) in (400, None)
    assert h2_status(server, [(b"host", b"a"), (b"host", b"a")]) in (400, None)
    assert h2_status(server, [], authority=b"u@a") in (400, None)
    assert server.count("requests") == before + 3


@pytest.mark.parametrize("target", [b"/a#b", b"/#", b"/a b", b"/\xc3\xa4", b"/a\x7f", b"/a\tb", b"a/b", b"*", b"*?x"], ids=repr)
def test_both_protocols_refuse_what_is_no_target(server, target):
    before = server.count("requests")
    assert h1_status(h1_raw(server, get(b"Host: a", b"Connection: close", target=target))) == 400
    with H2(server) as h2:
        h2.request(1, target)
        body = h2.body(1)
    assert body is None or b'"status":400' in body, body
    assert server.count("requests") == before + 1  # that of the counters


@pytest.mark.parametrize("target, status", [
    (b"http://a/headers", 200), (b"https://a/headers", 200), (b"HTTPS://A/headers", 200), (b"http://a/headers?x=http://b/", 200),
    (b"http://b/headers", 400), (b"http://u@a/headers", 400), (b"http:///headers", 400), (b"ftp://a/headers", 400), (b"http:/headers", 400),
    (b"http://a:x/headers", 400), (b"a/headers", 400), (b"*", 400), (b"http://a:81/headers", 400), (b"/headers#x", 400),
], ids=repr)
def test_the_absolute_form_is_taken_for_the_host_of_the_request(server, target, status):
    answer = h1_raw(server, get(b"Host: a", b"Connection: close", target=target))
    assert h1_status(answer) == status, answer
    assert status != 200 or b"host=a" in answer


def test_the_absolute_form_names_the_host_where_http_1_0_has_none(server):
    assert b":authority=b:80\n" in h1_raw(server, get(target=b"http://b:80/headers", version=b"1.0"))
    assert h1_raw(server, get(target=b"http://b", version=b"1.0")).endswith(BODY)
    assert h1_status(h1_raw(server, get(b"Connection: close", target=b"http://b"))) == 400  # HTTP/1.1 has Host all the same
    assert h1_raw(server, get(b"Host: b", b"Connection: close", target=b"http://b?x=1")).endswith(BODY)
