"""`-t` and a start refuse the same configurations, with the same words, and neither shows a secret."""
import os
import subprocess

import pytest

from certificate import make_certificate
from proc import Central, Edge, program

SECRET = "hunter2"
KAFKA = [  # of both programs: key = value, and what the message names
    ("kafka-properties", f"sasl.pasword = {SECRET}", "kafka-properties.sasl.pasword: librdkafka has no such property"),
    ("kafka-properties", f"security.protocol = {SECRET}", "kafka-properties.security.protocol: librdkafka does not take this value"),
    ("kafka-properties", f"transactional.id = {SECRET}", "kafka-properties.transactional.id: must not be set here"),
    ("kafka-properties", f"sasl.password = {SECRET} # of the broker", "kafka-properties.sasl.password: a # or ; behind a blank"),
    ("kafka-properties", f"sasl.password = {SECRET}\x01", "kafka-properties.sasl.password: must be"),
    ("kafka-properties", f"security.protocol = ssl\nssl.ca.location = /nonexistent\nssl.key.password = {SECRET}", "ssl.ca.location failed"),
    ("kafka-properties", f"security.protocol = sasl_ssl\nsasl.mechanisms = {SECRET}\nsasl.password = {SECRET}", "[kafka-properties]: "),
]
HTTP = [
    ("http", "tls_key = OTHER_KEY\ntls_certificate = CERT", "two.key: is not the private key of the certificate: key values mismatch"),
    ("http", "tls_key = KEY\ntls_certificate = KEY", "one.key: cannot use the certificate"),
    ("http", "tls_key = CERT\ntls_certificate = CERT", "one.crt: is not the private key of the certificate"),
    ("http", "tls_key = KEY\ntls_certificate = CERT\ntls_client_ca = KEY", "one.key: cannot use the client CA"),
    ("http", "tls_ciphers = kECDHE+AESGCM:ECDHE-RSA-AES128-GCM", "http.tls_ciphers: ECDHE-RSA-AES128-GCM: OpenSSL knows no such cipher"),
    ("http", "tls_ciphers = kECDHE+AESGCM::", "http.tls_ciphers: : OpenSSL knows no such cipher"),
    ("http", "tls_ciphers = kECDHE+AESGCM:@SECLEVEL=0", "http.tls_ciphers: @SECLEVEL=0: OpenSSL knows no such cipher"),
    ("http", "tls_ciphers = kECDHE+AESGCM:!ECDHE", "http.tls_ciphers: kECDHE+AESGCM:!ECDHE: leaves no cipher"),
    ("http", "tls_ciphers = kECDHE+AESGCM:ECDHE-RSA-AES128-SHA256", "http.tls_ciphers: ECDHE-RSA-AES128-SHA256: is no AEAD cipher with forward"),
    ("http", "tls_ciphers = AES128-GCM-SHA256", "http.tls_ciphers: AES128-GCM-SHA256: is no AEAD cipher with forward secrecy"),
    ("http", "tls_ciphersuites = TLS_AES_128_GCM_SHA256:TLS_AES_128", "http.tls_ciphersuites: TLS_AES_128: OpenSSL knows no such cipher"),
    ("http", "tls_key = KEY\ntls_certificate = CERT\ntls_ciphersuites = ECDHE-RSA-AES128-GCM-SHA256", "http.tls_ciphersuites: ECDHE-RSA-AES128-GCM"),
    ("http", "tls_min_version = 1.1", "http.tls_min_version = 1.1: must be one of 1.2, 1.3"),
    ("http", "listen = 127.0.0.1:ADMIN_PORT", "http.listen and admin.listen: both are port"),
    ("http", "listen = *:ADMIN_PORT", "http.listen and admin.listen: both are port"),
    ("http", "listen = [1:2]:8441", "http.listen: 1:2 is not an address"),
    ("http", "listen = 300.0.0.1:8441", "http.listen: 300.0.0.1 is not an address"),
]
EDGE = [
    ("edge", "data_dir = DATA # here", "edge.data_dir: a # or ; behind a blank"),
    ("edge", "data_dir = DATA ; here", "edge.data_dir: a # or ; behind a blank"),
    ("edge", "data_dir = CERT", "edge.data_dir: "),
    ("http", "session_secret = SHORT", "http.session_secret: the file does not hold a secret of at least 16 bytes"),
    ("http", f"session_secret = {SECRET}", "http.session_secret: there is no such file"),
    ("central", f"url = http://bob:{SECRET}@central:8440", "central.url: must be http://host:port"),
    ("central", f"url = {SECRET}\x01", "central.url: must be a list, parted by commas, without repetition, of http://host:port"),
    ("central", "url = https://central\nca_file = KEY", "central.ca_file: holds no certificate"),
    ("central", "url = https://central\ncert_file = CERT\nkey_file = OTHER_KEY", "central.key_file: is not the private key"),
]
CENTRAL = [("central", "data_dir = DATA # here", "central.data_dir: a # or ; behind a blank"), ("central", "data_dir = CERT", "central.data_dir: ")]
CASES = [(Edge, *case) for case in KAFKA + HTTP + EDGE] + [(Central, *case) for case in KAFKA + HTTP + CENTRAL]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """What stands for files in the values above."""
    directory = str(tmp_path_factory.mktemp("check"))
    cert, key = make_certificate(directory, "one")
    other_key = make_certificate(directory, "two")[1]
    short = os.path.join(directory, "short")
    with open(short, "w", encoding="ascii") as f:
        f.write("0123456789")
    for secret in (short, cert):
        os.chmod(secret, 0o600)
    return {"OTHER_KEY": other_key, "KEY": key, "CERT": cert, "SHORT": short}


def configure(daemon, section, lines, words):
    words = dict(words, DATA=daemon.data, ADMIN_PORT=str(daemon.admin_port))
    for line in lines.split("\n"):
        key, value = line.split(" = ", 1)
        for name, meaning in words.items():
            value = value.replace(name, meaning) if value != name else meaning
        daemon.set({section: {key: value}})


def run(daemon, *more):
    return subprocess.run([program(daemon.binary), "-c", daemon.config, *more], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("kind, section, lines, text", CASES)
def test_what_a_start_refuses_is_found_before(tmp_path, words, kind, section, lines, text):
    daemon = kind(tmp_path, "127.0.0.1:1")
    configure(daemon, section, lines, words)
    checked, started = run(daemon, "-t"), run(daemon)
    assert (checked.returncode, checked.stdout) == (2, ""), checked
    assert daemon.config in checked.stderr and text in checked.stderr, checked.stderr
    assert f"{section}." in checked.stderr or f"[{section}]" in checked.stderr, checked.stderr
    assert (started.returncode, started.stderr) == (2, checked.stderr), started
    assert SECRET not in checked.stderr, checked.stderr
    assert not os.path.exists(daemon.data)


@pytest.mark.parametrize("kind", [Edge, Central])
def test_what_a_start_takes_is_valid(tmp_path, words, kind):
    daemon = kind(tmp_path, "127.0.0.1:1")
    configure(daemon, "http", "tls_key = KEY\ntls_certificate = CERT\ntls_client_ca = CERT", words)
    configure(daemon, "kafka-properties", f"sasl.password = {SECRET}#and;more\nsecurity.protocol = ssl\nssl.ca.location = CERT", words)
    done = run(daemon, "-t", f"--set=kafka-properties.sasl.password={SECRET} # of the broker")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"configuration {daemon.config} is valid\n", "")
    assert not os.path.exists(daemon.data)


@pytest.mark.parametrize("lines, told", [("members = 3", True), ("members = 3\nadvertise = http://127.0.0.1:8440", False), ("members = 1", False)])
def test_a_member_to_whom_nobody_can_be_sent_is_valid_and_told(tmp_path, words, lines, told):
    daemon = Central(tmp_path, "127.0.0.1:1")
    configure(daemon, "central", lines, words)
    done = run(daemon, "-t")
    assert (done.returncode, done.stdout) == (0, f"configuration {daemon.config} is valid\n"), done
    assert ("central.advertise is not set" in done.stderr) == told, done


def test_what_the_command_line_says_is_not_shown(tmp_path):
    edge = Edge(tmp_path, "127.0.0.1:1")
    done = run(edge, "-t", "--set", "edge.shards=1", "--set", f"kafka-properties.sasl.password:{SECRET}")
    assert done.returncode == 2 and "--set: number 2 must be section.key=value" in done.stderr and SECRET not in done.stderr
    for url in (f"http://bob:{SECRET}@127.0.0.1:1", f"ftp://bob:{SECRET}@central", f"bob:{SECRET}@central"):
        for command in (["kudos-edge", "compare", "--url", url, "--central", url], ["kudos-central", "audit", "--url", url],
                        ["kudos-central", "export", "--url", url]):
            done = subprocess.run([program(command[0]), *command[1:]], capture_output=True, text=True, timeout=30)
            assert done.returncode == 2 and SECRET not in done.stdout + done.stderr, (command, done)
