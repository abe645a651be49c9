"""Certificates for tests: signed by themselves, for 127.0.0.1."""
import os
import subprocess


P256 = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def make_certificate(directory, name, *names, kind=P256):
    """The paths of a certificate and of its key. `names`: alternative names such as DNS:a or URI:b; none: its name as a DNS name. `kind`: of the key, as
    openssl req takes it."""
    cert, key = (os.path.join(directory, f"{name}.{end}") for end in ("crt", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", ",".join(["subjectAltName=IP:127.0.0.1", *(names or [f"DNS:{name}"])]), "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=20)
    os.chmod(key, 0o600)
    return cert, key
