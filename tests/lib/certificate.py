"""Certificates for tests: signed by themselves, for 127.0.0.1."""
import os
import subprocess


def make_certificate(directory, name):
    """The paths of a certificate and of its key."""
    cert, key = (os.path.join(directory, f"{name}.{kind}") for kind in ("crt", "key"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=20)
    os.chmod(key, 0o600)
    return cert, key
