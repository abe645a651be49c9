"""Who may ask what: central's public port by its table, Host on the loopback address, and the admin listeners of both programs.

A caller without a credential is made by taking the loopback address out of http.trusted_peers: there is no other address to come from.
"""
import contextlib
import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess

import pytest

from central_feed import PARTITIONS, Central, until
from certificate import make_certificate
from proc import SLOWER, Broker, Edge, TOP, program, request, wait_until

EDGE_TOKEN, OPERATOR_TOKEN, ADMIN_TOKEN = "edge-token-0123456789", "operator-token-0123456789", "admin-token-0123456789"
NOBODY = {"trusted_peers": "192.0.2.1"}
USER = {"X-User-Id": "u1"}
# What can be asked, as the table of docs/api.md names it, and a request for each.
ASKED = {
    "counts": [("GET", "/v1/posts/1/counts", None), ("GET", "/v1/counts?items=posts/1", None), ("POST", "/v1/counts", {"items": ["posts/1"]})],
    "counts by region or day": [("GET", "/v1/posts/1/counts?by=region", None), ("GET", "/v1/posts/1/counts?by=day", None)],
    "has this user liked it": [("GET", "/v1/posts/1/like", None), ("POST", "/v1/likes/lookup", {"items": ["posts/1"]}),
                               ("POST", "/v1/counts", {"items": ["posts/1"], "me": True})],
    "time": [("GET", "/v1/time", None)],
    "catalogue": [("GET", "/v1/catalogue", None)],
    "members": [("GET", "/v1/members", None)],
    "snapshots": [("GET", "/v1/snapshots/posts/1?edge=a", None)],
    "likers": [("GET", "/v1/posts/1/likers", None)],
    "some users": [("POST", "/v1/posts/1/likers/among", {"users": ["u2"]}), ("POST", "/v1/posts/1/counts", {"without": ["u2"]})],
    "export": [("GET", "/v1/export", None)],
    "copies of partitions": [("GET", "/v1/seed?partition=0&member=central-9", None)],
    "admin": [("GET", "/v1/admin", None)],
}
OPERATORS = {"likers", "export", "copies of partitions", "admin"}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def secret(directory, name, *tokens):
    path = os.path.join(str(directory), name)
    with open(path, "w", encoding="ascii") as f:
        f.write("# who holds which: see the safe\n\n" + "".join(f"{t}\n" for t in tokens))
    os.chmod(path, 0o600)
    return path


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path, PARTITIONS) as b:
        yield b


@contextlib.contextmanager
def central_for_many(directory, **http):
    """With a broker of its own: of two centrals on one the newer fences the older."""
    with Broker(directory, PARTITIONS) as b, Central(directory, b.address, http=http) as c:
        c.brokers = b.address
        yield c


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    d = tmp_path_factory.mktemp("tokens")
    return {"edge_token_file": secret(d, "edge", EDGE_TOKEN, "edge-token-of-next-year"), "operator_token_file": secret(d, "operator", OPERATOR_TOKEN)}


@pytest.fixture(scope="module")
def closed(tokens, tmp_path_factory):
    """A central that trusts no address, with tokens."""
    with central_for_many(tmp_path_factory.mktemp("closed"), **NOBODY, **tokens) as c:
        yield c


def answers(central, asked, headers=None):
    """Statuses of all requests for it, each with a user."""
    return {central.request(m, p, body=b, headers={**USER, **(headers or {})}).status for m, p, b in ASKED[asked]}


def without_host(program, method, path, body=None):
    """Status and problem of a request of HTTP/1.0, which needs no Host."""
    text = json.dumps(body) if body is not None else ""
    with socket.create_connection(("127.0.0.1", program.port), timeout=15) as s:
        s.sendall(f"{method} {path} HTTP/1.0\r\nX-User-Id: u1\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        head, _, answer = s.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(answer)


# ---- central: the table ----

def test_the_table_of_the_document_is_that_of_the_program():
    with open(os.path.join(TOP, "central/io/api/access.c"), encoding="utf-8") as f:
        code = re.findall(r'\{"([a-z ]+)", KD_CALLER_(\w+), (\w+), "([a-z:]+)"\}', f.read())
    with open(os.path.join(TOP, "docs/api.md"), encoding="utf-8") as f:
        section = f.read().split("### Who may ask central what")[1].split("\n### ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| `[^|]*\| (public|edge|operator) \| (yes|no) \| `?(yes|no|kudos:[a-z]+)`? \|$", section, re.M)
    assert [(n, c.lower(), "yes" if o == "true" else "no", u) for n, c, o, u in code] == rows
    assert set(ASKED) == {row[0] for row in code} - {"description"}


@pytest.mark.parametrize("asked", ASKED)
def test_a_stranger_is_told_nothing(closed, asked):
    assert answers(closed, asked) == {403 if asked in OPERATORS else 401}


@pytest.mark.parametrize("asked", ASKED)
def test_an_edge_is_told_what_edges_need(closed, asked):
    for token in (EDGE_TOKEN, "edge-token-of-next-year"):
        assert answers(closed, asked, bearer(token)) == {403 if asked in OPERATORS else 200}


@pytest.mark.parametrize("asked", ASKED)
def test_an_operator_is_told_all(closed, asked):
    assert answers(closed, asked, bearer(OPERATOR_TOKEN)) == {200}


@pytest.mark.parametrize("asked", ASKED)
def test_a_token_that_nobody_has_is_refused(closed, asked):
    for wrong in (bearer("edge-token-0123456788"), bearer(EDGE_TOKEN[:-1]), {"Authorization": "Basic " + EDGE_TOKEN}, {"Authorization": ""}):
        assert answers(closed, asked, wrong) == {401}


@pytest.mark.parametrize("asked", ASKED)
def test_loopback_under_its_own_name_is_an_operator(loopback, asked):
    for host in ("127.0.0.1", f"localhost:{loopback.port}", f"[::1]:{loopback.port}", "LOCALHOST", "kudos.example"):
        assert answers(loopback, asked, {"Host": host}) == {200}, host


@pytest.mark.parametrize("asked", ASKED)
def test_whom_a_gateway_on_loopback_names_is_no_operator_unless_he_is_one_himself(loopback, asked):
    for named in ({"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}, {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}):
        assert answers(loopback, asked, named) == {403 if asked in OPERATORS else 401}, named
    assert answers(loopback, asked, {"X-Forwarded-For": "127.0.0.1"}) == {200}


@pytest.mark.parametrize("asked", ASKED)
def test_whom_a_gateway_on_loopback_does_not_name_is_nobody(loopback, asked):
    """RFC 7239 recommends a hidden name for privacy. The header says that the request is handed on, for somebody."""
    for named in ({"Forwarded": "for=unknown"}, {"Forwarded": "for=_x"}, {"Forwarded": "proto=http"}, {"X-Forwarded-For": "unknown"},
                  {"X-Forwarded-For": ""}, {"X-Forwarded-For": "unknown, 127.0.0.1"}):
        assert answers(loopback, asked, named) == {403 if asked in OPERATORS else 401}, named


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    """A central as it is without any configuration of trust, but for a name of a gateway."""
    with central_for_many(tmp_path_factory.mktemp("loopback"), host_names="kudos.example") as c:
        yield c


@pytest.mark.parametrize("asked", ASKED)
def test_loopback_under_the_name_of_a_domain_is_nobody(loopback, asked):
    for method, path, body in ASKED[asked]:
        for host in ("evil.example", f"evil.example:{loopback.port}", "127.0.0.1.evil.example"):
            said = loopback.request(method, path, body=body, headers={**USER, "Host": host})
            assert said.status == 403 and said.problem == "forbidden" and said.json["field"] == "Host", (host, said)
        status, said = without_host(loopback, method, path, body)
        assert status == 403 and said["field"] == "Host", said
    assert loopback.metric("kudos_central_http_refused_total") > 0


def test_counts_alone_can_be_opened_to_everybody(broker, tmp_path):
    with Central(tmp_path, broker.address, http={**NOBODY, "public_counts": "true"}) as central:
        for asked in ASKED:
            if asked == "counts":
                assert answers(central, asked) == {200}
            else:
                assert answers(central, asked) <= {401, 403}, asked


def test_an_address_can_be_that_of_an_edge(broker, tmp_path):
    with Central(tmp_path, broker.address, http={**NOBODY, "edge_peers": "127.0.0.0/8"}) as central:
        for asked in ASKED:
            assert answers(central, asked) == {403 if asked in OPERATORS else 200}, asked
        assert central.get("/v1/time", headers={"Host": "evil.example"}).status == 403


def status_by_certificate(port, path, cert, key, ca):
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=15)
    try:
        connection.request("GET", path, headers=USER)
        return connection.getresponse().status
    finally:
        connection.close()


def authorities(directory, clients):
    """A file with all certificates of clients, each of which is its own authority."""
    path = os.path.join(str(directory), "clients.pem")
    with open(path, "w", encoding="ascii") as out:
        for c, _ in clients.values():
            with open(c, encoding="ascii") as one:
                out.write(one.read())
    return path


def test_a_certificate_is_known_by_its_name(broker, tmp_path):
    cert, key = make_certificate(tmp_path, "central")
    clients = {n: make_certificate(tmp_path, n) for n in ("edge-7", "ops-1", "guest")}
    ca = authorities(tmp_path, clients)
    names = {"tls_certificate": cert, "tls_key": key, "tls_client_ca": ca, "edge_names": "edge-6, edge-7", "operator_names": "ops-1"}
    with Central(tmp_path, broker.address, http={**NOBODY, **names}) as central:
        said = {n: [status_by_certificate(central.port, p, *clients[n], cert) for p in ("/v1/time", "/v1/export")] for n in clients}
        assert said == {"edge-7": [200, 403], "ops-1": [200, 200], "guest": [401, 403]}
        url = f"https://127.0.0.1:{central.port}"
        c, k = clients["ops-1"]
        assert subprocess.run([program("kudos-central"), "export", "--url", url, "--ca", cert, "--cert", c, "--key", k], timeout=60).returncode == 0
        c, k = clients["edge-7"]
        more = {"central": {"ca_file": cert, "cert_file": c, "key_file": k}}
        with Edge(tmp_path, broker.address, partitions=PARTITIONS, central=url, more=more) as edge:
            until(lambda: edge.metric("kudos_edge_central_up") > 0, "central does not know the edge's certificate")


@pytest.mark.parametrize("form,name", (("{edge}.edges.example.net", "DNS:%s.edges.example.net"), ("spiffe://example.net/edge/{edge}", "URI:spiffe://example.net/edge/%s")))
def test_what_is_asked_under_the_name_of_an_edge_needs_its_certificate(broker, tmp_path, form, name):
    cert, key = make_certificate(tmp_path, "central")
    clients = {n: make_certificate(tmp_path, n, name % n) for n in ("edge-1", "edge-2")}
    clients |= {n: make_certificate(tmp_path, n) for n in ("listed", "ops-1", "guest")}
    names = {"tls_certificate": cert, "tls_key": key, "tls_client_ca": authorities(tmp_path, clients), "edge_san": form,
             "edge_names": "listed", "operator_names": "ops-1"}
    with Central(tmp_path, broker.address, http={**NOBODY, **names}) as central:
        asked = ("/v1/time", "/v1/snapshots/posts/1", "/v1/snapshots/posts/1?edge=edge-1", "/v1/snapshots/posts/1?edge=edge-2", "/v1/export")
        said = {n: [status_by_certificate(central.port, p, *clients[n], cert) for p in asked] for n in clients}
        assert said == {"edge-1": [200, 200, 200, 403, 403], "edge-2": [200, 200, 403, 200, 403], "listed": [200, 200, 403, 403, 403],
                        "ops-1": [200] * 5, "guest": [401] * 4 + [403]}
        assert central.metric("kudos_central_http_refused_total") == sum(status != 200 for statuses in said.values() for status in statuses)
        c, k = clients["edge-1"]
        for edge_name, source in (("edge-1", "central"), ("edge-2", "edge")):
            more = {"central": {"ca_file": cert, "cert_file": c, "key_file": k, "read_deadline": "5s"}}
            with Edge(tmp_path, broker.address, name=edge_name, partitions=PARTITIONS, central=f"https://127.0.0.1:{central.port}", more=more) as edge:
                until(lambda: edge.metric("kudos_edge_central_up") > 0, "central does not know the edge's certificate")
                assert edge.get(f"/v1/posts/of-{edge_name}/counts").json["source"] == source


@pytest.mark.parametrize("http,said", (({"edge_san": "edge.example.net"}, "edge_san"), ({"edge_san": "{edge}.example.net"}, "need http.tls_client_ca")))
def test_a_form_of_certificates_that_cannot_be_is_refused_by_name(tmp_path, http, said):
    central = Central(tmp_path, "127.0.0.1:1", http=http)
    done = subprocess.run([program("kudos-central"), "-c", central.config, "-t"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and said in done.stderr, done


def test_an_edge_and_the_commands_show_their_tokens(closed, tokens, tmp_path):
    more = {"central": {"token_file": tokens["edge_token_file"]}}
    with Edge(tmp_path, closed.brokers, partitions=PARTITIONS, central=closed.url, more=more) as edge:
        until(lambda: edge.metric("kudos_edge_central_up") > 0, "central does not answer the edge")
        assert edge.get("/v1/posts/cold/counts").json["source"] == "central"
        assert edge.get("/v1/posts/cold/like", user="u9").json == {"item": "posts/cold", "liked": False, "source": "central"}
        assert edge.post("/v1/likes/lookup", user="u9", body={"items": ["posts/x", "posts/y"]}).json["items"][0]["source"] == "central"
    with Edge(tmp_path, closed.brokers, name="edge-2", partitions=PARTITIONS, central=closed.url) as edge:
        until(lambda: edge.events("central-unreachable"), "an edge without its token goes on in silence")
        assert "401" in edge.events("central-unreachable")[0]["cause"]

    def export(*more, env=None):
        return subprocess.run([program("kudos-central"), "export", "--url", closed.url, *more], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(env or {})})

    assert export().returncode == 1 and "403" in export().stderr
    assert export("--token-file", tokens["edge_token_file"]).returncode == 1
    assert export("--token-file", tokens["operator_token_file"]).returncode == 0
    assert export(env={"KUDOS_TOKEN_FILE": tokens["operator_token_file"]}).returncode == 0
    open_to_all = secret(tmp_path, "open", OPERATOR_TOKEN)
    os.chmod(open_to_all, 0o644)
    assert export("--token-file", open_to_all).returncode == 2 and "chmod 600" in export("--token-file", open_to_all).stderr


def test_tokens_are_changed_by_a_reload(broker, tmp_path):
    path = secret(tmp_path, "edges", EDGE_TOKEN)
    with Central(tmp_path, broker.address, http={**NOBODY, "edge_token_file": path}) as central:
        assert central.get("/v1/time", headers=bearer(EDGE_TOKEN)).status == 200
        secret(tmp_path, "edges", "a-token-of-next-year", EDGE_TOKEN)
        central.signal(signal.SIGHUP)
        until(lambda: central.get("/v1/time", headers=bearer("a-token-of-next-year")).status == 200, "the new token is not known")
        assert central.get("/v1/time", headers=bearer(EDGE_TOKEN)).status == 200
        secret(tmp_path, "edges", "a-token-of-next-year")
        central.signal(signal.SIGHUP)
        until(lambda: central.get("/v1/time", headers=bearer(EDGE_TOKEN)).status == 401, "the old token is still good")
        secret(tmp_path, "edges", "short")
        central.signal(signal.SIGHUP)
        until(lambda: central.events("tokens-kept"), "a file without a token was taken over")
        assert central.get("/v1/time", headers=bearer("a-token-of-next-year")).status == 200


@pytest.mark.parametrize("text, said", [("", "no token"), ("short\n", "16 to 256"), ("a token with blanks\n", "16 to 256"),
                                        ("".join(f"0123456789abcdef{n}\n" for n in range(9)), "more than 8")])
def test_a_token_file_that_cannot_be_used_is_refused_by_name(tmp_path, text, said):
    path = os.path.join(str(tmp_path), "tokens")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, 0o600)
    central = Central(tmp_path, "127.0.0.1:1", http={"edge_token_file": path})
    done = subprocess.run([*central.command, "-t"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "http.edge_token_file" in done.stderr and said in done.stderr, done.stderr


# ---- an edge: whose X-User-Id is believed ----

def test_an_edge_believes_loopback_under_its_own_name_alone(broker, tmp_path):
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": {"host_names": "www.example"}}) as edge:
        for host in ("127.0.0.1", "localhost:8441", "[::1]", "WWW.example:443"):
            assert edge.post("/v1/posts/1/like", user="u1", headers={"Host": host}).status == 200, host
        for host in ("evil.example", "evil.example:8441", "localhost.evil.example"):
            for method, path in (("POST", "/v1/posts/1/like"), ("DELETE", "/v1/posts/1/like"), ("GET", "/v1/posts/1/like"), ("POST", "/v1/posts/1/view")):
                said = edge.request(method, path, user="u1", headers={"Host": host})
                assert said.status == 403 and said.problem == "forbidden" and said.json["field"] == "Host", (host, said)
            assert edge.get("/v1/posts/1/counts", headers={"Host": host}).status == 200
        for method, path in (("POST", "/v1/posts/1/like"), ("GET", "/v1/posts/1/like"), ("POST", "/v1/posts/1/view")):
            status, said = without_host(edge, method, path)
            assert status == 403 and said["field"] == "Host", said
        assert without_host(edge, "GET", "/v1/posts/1/counts")[0] == 200
        assert edge.get("/v1/posts/1/counts").json["counts"]["like"]["pending"] == 4  # those of the first loop


def test_an_edge_believes_a_gateway_by_its_certificate(broker, tmp_path):
    cert, key = make_certificate(tmp_path, "edge")
    clients = {"gateway": make_certificate(tmp_path, "first", "DNS:other", "URI:spiffe://example.net/gateway"),
               "guest": make_certificate(tmp_path, "guest"),
               "common": make_certificate(tmp_path, "gateway", "IP:127.0.0.2"),  # a common name of that text, and no other
               "mail": make_certificate(tmp_path, "second", "email:gateway@example.net"),
               "wild": make_certificate(tmp_path, "third", "DNS:*.example.net")}
    ca = authorities(tmp_path, clients)
    files = {**NOBODY, "tls_certificate": cert, "tls_key": key, "tls_client_ca": ca, "trusted_names": "gateway, spiffe://example.net/gateway, gateway@example.net, a.example.net"}
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": files}) as edge:
        assert [status_by_certificate(edge.port, "/v1/posts/1/like", *clients[n], cert) for n in clients] == [200, 401, 401, 401, 401]


@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
@pytest.mark.parametrize("by_certificate", (False, True))
def test_no_session_outlives_the_certificate_that_it_stands_for(broker, tmp_path, version, by_certificate):
    cert, key = make_certificate(tmp_path, "edge")
    client = make_certificate(tmp_path, "gateway")
    files = {"tls_certificate": cert, "tls_key": key, **({"tls_client_ca": client[0]} if by_certificate else {})}
    context = ssl.create_default_context(cafile=cert)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*client)

    def resumed(port, session):
        """Whether the session was taken up again, and the one of this connection."""
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as s:
            s.sendall(b"GET /v1/posts/1/counts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert s.recv(4096).startswith(b"HTTP/1.1 200")  # what TLS 1.3 gives comes before it
            return s.session_reused, s.session

    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": files}) as edge:
        _, session = resumed(edge.port, None)
        assert session.has_ticket == (not by_certificate)
        assert resumed(edge.port, session)[0] == (not by_certificate)


@pytest.mark.parametrize("kind", ("edge", "central"))
@pytest.mark.parametrize("option", ("tls_certificate", "tls_client_ca"))
def test_a_pipe_in_the_place_of_a_certificate_holds_nobody_up(broker, tmp_path, kind, option):
    cert, key = make_certificate(tmp_path, "server")
    client = make_certificate(tmp_path, "client")
    files = {**NOBODY, "tls_certificate": cert, "tls_key": key, "tls_client_ca": client[0]}
    daemon = Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": files}) if kind == "edge" else \
        Central(tmp_path, broker.address, http=files)
    with daemon:
        os.unlink(files[option])
        os.mkfifo(files[option])
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.events("certificate-kept"), 20, "the certificate is kept")
        assert f"http.{option}: {files[option]}: is no regular file" in daemon.events("certificate-kept")[0]["cause"]
        assert request(daemon.admin_port, "GET", "/healthz").status == 200


EC = ("ec", "-pkeyopt")
KEYS = {"rsa": (("rsa:2048",), True), "ed25519": (("ed25519",), True), "ed448": (("ed448",), True), "p384": ((*EC, "ec_paramgen_curve:secp384r1"), True),
        "p521": ((*EC, "ec_paramgen_curve:secp521r1"), True), "brainpool": ((*EC, "ec_paramgen_curve:brainpoolP512r1"), False),
        "explicit": ((*EC, "ec_paramgen_curve:prime256v1", "-pkeyopt", "ec_param_enc:explicit"), False), "koblitz": ((*EC, "ec_paramgen_curve:secp256k1"), False)}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("version", (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
def test_certificates_with_keys_that_are_slow_to_decode_are_not_looked_at(broker, tmp_path, kind, version):
    """OpenSSL would decode the key before it asks whose certificate it is: 100 ms for a curve of the client's own."""
    cert, key = make_certificate(tmp_path, "edge")
    shape, taken = KEYS[kind]
    client = make_certificate(tmp_path, "gateway", kind=shape)
    context = ssl.create_default_context(cafile=cert)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(*client)
    if kind == "ed448" and version == ssl.TLSVersion.TLSv1_2:
        return  # clients of this OpenSSL do not show it there
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": {"tls_certificate": cert, "tls_key": key, "tls_client_ca": client[0]}}) as edge:
        connection = http.client.HTTPSConnection("127.0.0.1", edge.port, context=context, timeout=15)
        with contextlib.closing(connection), contextlib.nullcontext() if taken else pytest.raises(OSError):
            connection.request("GET", "/v1/posts/1/counts")
            assert connection.getresponse().status == 200


# ---- the admin listeners ----

def closed_by_peer(s):
    return bool(select.select([s], [], [], 0)[0])


def daemon_of(kind, broker, directory, admin):
    if kind == "edge":
        return Edge(directory, broker.address, partitions=PARTITIONS, more={"admin": admin})
    return Central(directory, broker.address, admin=admin)


@pytest.mark.parametrize("kind", ("edge", "central"))
def test_silent_connections_shut_nobody_out(broker, tmp_path, kind):
    with daemon_of(kind, broker, tmp_path, {}) as daemon:
        silent = [socket.create_connection(("127.0.0.1", daemon.admin_port)) for _ in range(200)]
        for n, s in enumerate(silent):
            if n % 2 and not closed_by_peer(s):
                s.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")
        wait_until(lambda: sum(not closed_by_peer(s) for s in silent) <= 64, 30, "more connections stay than may be open")
        for path in ("/metrics", "/healthz", "/readyz") * 3:
            assert daemon.admin(path).status == 200
        for path in ("/metrics%00x", "/healthz%00/metrics", "/metrics/", "/%6detrics"):
            assert daemon.admin(path).status == 404
        assert any(not closed_by_peer(s) for s in silent), "the answers came while silent connections were open"
        # None of them stays: a connection has some seconds for its request.
        for s in silent:
            s.settimeout(15 * SLOWER)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            s.close()


@pytest.mark.parametrize("kind", ("edge", "central"))
def test_the_admin_port_can_want_a_token(broker, tmp_path, kind):
    path = secret(tmp_path, "admin", ADMIN_TOKEN, "admin-token-of-next-year")
    with daemon_of(kind, broker, tmp_path, {"token_file": path}) as daemon:
        asks = [("GET", "/metrics"), ("GET", "/debug/partitions"), ("GET", "/admin/job" if kind == "central" else "/admin/compare"), ("POST", "/admin/audit")]
        for method, what in asks:
            for headers in ({}, bearer("admin-token-0123456788"), {"Authorization": ADMIN_TOKEN}):
                assert request(daemon.admin_port, method, what, headers={"X-Kudos-Admin": "1", **headers}).status == 401, (what, headers)
            for token in (ADMIN_TOKEN, "admin-token-of-next-year"):
                assert request(daemon.admin_port, method, what, headers={"X-Kudos-Admin": "1", **bearer(token)}).status not in (401, 403), what
        assert daemon.admin("/healthz").status == 200 and daemon.admin("/readyz").status == 200
        secret(tmp_path, "admin", "admin-token-of-a-new-year")
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: request(daemon.admin_port, "GET", "/metrics", headers=bearer("admin-token-of-a-new-year")).status == 200, 30, "the new token")
        assert request(daemon.admin_port, "GET", "/metrics", headers=bearer(ADMIN_TOKEN)).status == 401


@pytest.mark.parametrize("http, warned", [({}, False), ({"trusted_peers": "127.0.0.0/8, 192.0.2.0/24"}, True),
                                          ({"trusted_peers": "127.0.0.0/8, 192.0.2.0/24", "forwarded": "x-forwarded-for"}, False)])
@pytest.mark.parametrize("kind", ("edge", "central"))
def test_gateways_that_may_hand_on_the_header_of_a_client_are_told(broker, tmp_path, kind, http, warned):
    with Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"http": http}) if kind == "edge" else \
            Central(tmp_path, broker.address, http=http) as daemon:
        told = daemon.events("forwarded-any")
        assert len(told) == warned and all(e["level"] == "warn" and "http.forwarded" in e["cause"] for e in told), told


def served_certificate(daemon):
    return ssl.get_server_certificate(("127.0.0.1", daemon.port), timeout=10)


@pytest.mark.parametrize("kind", ("edge", "central"))
@pytest.mark.parametrize("fault", ("open", "missing", "content"))
def test_a_bad_file_keeps_its_old_content_and_holds_up_no_other(broker, tmp_path, kind, fault):
    os.makedirs(tmp_path / "files")
    new = "admin-token-of-a-new-year"
    path = secret(tmp_path / "files", "admin", ADMIN_TOKEN)
    cert, key = make_certificate(tmp_path / "files", "first")
    http = {"tls_certificate": cert, "tls_key": key}
    daemon = Edge(tmp_path, broker.address, partitions=PARTITIONS, more={"admin": {"token_file": path}, "http": http}) if kind == "edge" else \
        Central(tmp_path, broker.address, admin={"token_file": path}, http=http)

    def answers(token):
        return request(daemon.admin_port, "GET", "/metrics", headers=bearer(token)).status

    def stale(token):
        text = request(daemon.admin_port, "GET", "/metrics", headers=bearer(token)).body.decode()
        rows = dict(re.findall(rf'^kudos_{kind}_config_stale{{file="([^"]+)"}} (\S+)$', text, re.M))
        assert {"http.tls_certificate", "kafka.keys_file", "admin.token_file"} <= set(rows), rows
        return {name for name, value in rows.items() if value != "0"}

    with daemon:
        before = served_certificate(daemon)
        assert stale(ADMIN_TOKEN) == set()
        secret(tmp_path / "files", "admin", new if fault != "content" else "short")
        os.unlink(path) if fault == "missing" else os.chmod(path, 0o644 if fault == "open" else 0o600)
        for old, fresh in zip((cert, key), make_certificate(tmp_path / "files", "second")):
            os.replace(fresh, old)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.events("tokens-kept"), 30, "a word of the file that cannot be used")
        wait_until(lambda: served_certificate(daemon) != before, 30, "the new certificate")
        assert len(daemon.events("reloaded")) == 1 and not daemon.events("reload-refused")
        (told,) = daemon.events("tokens-kept")
        assert told["file"] == "admin.token_file" and "admin.token_file" in told["cause"], told
        if fault == "open":
            assert path in told["cause"] and "644" in told["cause"] and "chmod 600" in told["cause"], told
        assert answers(ADMIN_TOKEN) == 200 and answers(new) == 401
        assert stale(ADMIN_TOKEN) == {"admin.token_file"}
        # The other way round: the tokens are mended, and the certificate is bad.
        secret(tmp_path / "files", "admin", new)
        renewed = served_certificate(daemon)
        os.chmod(key, 0o640)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.events("certificate-kept") and answers(new) == 200, 30, "the new tokens")
        (told,) = daemon.events("certificate-kept")
        assert told["file"] == "http.tls_certificate" and key in told["cause"] and "chmod 600" in told["cause"], told
        assert answers(ADMIN_TOKEN) == 401 and served_certificate(daemon) == renewed
        assert stale(new) == {"http.tls_certificate"}
        os.chmod(key, 0o600)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: stale(new) == set(), 30, "a gauge of the present")
        assert not any(token in daemon.log() for token in (ADMIN_TOKEN, new))


def command(*words, env=None):
    done = subprocess.run([program(words[0]), *words[1:]], capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout + done.stderr


def test_commands_show_the_token_of_the_admin_port(broker, tmp_path):
    path = secret(tmp_path, "admin", ADMIN_TOKEN)
    with Central(tmp_path, broker.address, admin={"token_file": path}) as central:
        for url in (central.url, f"http://127.0.0.1:{central.admin_port}"):
            code, said = command("kudos-central", "audit", "--url", url)
            assert code == 2 and "--token-file" in said, said
        # Its public port is asked with the same token, which it must know.
        code, said = command("kudos-central", "audit", "--url", f"http://127.0.0.1:{central.admin_port}", "--token-file", path)
        assert code == 0 and "verdict=exact" in said, said
        code, said = command("kudos-central", "audit", "--url", f"http://127.0.0.1:{central.admin_port}", env={"KUDOS_TOKEN_FILE": path})
        assert code == 0 and "verdict=exact" in said, said
        with Edge(tmp_path, broker.address, partitions=PARTITIONS, central=central.url, more={"admin": {"token_file": path}}) as edge:
            urls = ["--url", f"http://127.0.0.1:{edge.admin_port}", "--central", f"http://127.0.0.1:{central.admin_port}"]
            code, said = command("kudos-edge", "compare", *urls, "--token-file", path)
            assert code in (0, 3) and "verdict=" in said, said
            assert command("kudos-edge", "compare", *urls)[0] == 2


def ask_socket(path, what, method="GET"):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(15)
        s.connect(path)
        s.sendall(f"{method} {what} HTTP/1.1\r\nHost: a\r\nX-Kudos-Admin: 1\r\nContent-Length: 0\r\n\r\n".encode())
        answer = b""
        while part := s.recv(65536):
            answer += part
        return int(answer.split()[1]), answer


@pytest.mark.parametrize("kind", ("edge", "central"))
@pytest.mark.parametrize("mode", ("0600", "0660"))
def test_the_admin_port_can_be_a_socket(broker, tmp_path, kind, mode):
    path = os.path.join(str(tmp_path), "s")
    daemon = daemon_of(kind, broker, tmp_path, {"listen": "", "socket": path, "socket_mode": mode, "token_file": secret(tmp_path, "admin", ADMIN_TOKEN)})
    try:
        daemon.start(wait=False)

        def ready():
            assert daemon.running(), daemon.log()
            try:
                return ask_socket(path, "/readyz")[0] == 200
            except (FileNotFoundError, ConnectionRefusedError):
                return False

        wait_until(ready, 30, "the socket")
        assert oct(os.stat(path).st_mode & 0o777) == "0o" + mode[1:]
        assert ask_socket(path, "/metrics")[0] == 200 and ask_socket(path, "/debug/partitions")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", daemon.admin_port))
        if kind == "central":
            code, said = command("kudos-central", "audit", "--url", f"unix:{path}")
            assert code == 0 and "verdict=exact" in said, said
        silent = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for s in silent:
            s.connect(path)
        assert ask_socket(path, "/metrics")[0] == 200
        # A socket that a kill left behind is replaced; one that a process listens on is not.
        daemon.kill9()
        assert os.path.exists(path)
        daemon.start(wait=False)
        wait_until(ready, 30, "the socket after a kill")
        assert daemon.stop() == 0 and not os.path.exists(path)
    finally:
        daemon.kill9()


def test_two_processes_do_not_share_a_socket(broker, tmp_path):
    path = os.path.join(str(tmp_path), "s")
    with Central(tmp_path / "one", broker.address, admin={"socket": path}):
        other = Central(tmp_path / "two", broker.address, admin={"socket": path})
        other.start(wait=False)
        assert other.wait() == 4 and "admin.socket" in other.log() and "in use" in other.log()
        assert ask_socket(path, "/healthz")[0] == 200


def test_an_admin_port_that_others_reach_without_a_token_is_told(broker, tmp_path):
    with Central(tmp_path, broker.address) as central:
        assert not central.events("admin-open")
    central = Central(tmp_path, broker.address)
    central.set({"admin": {"listen": f"0.0.0.0:{central.admin_port}"}})
    with central:
        assert central.events("admin-open")
