"""An identity provider for tests: keys and JWTs by another library than the programs', and a server of key sets."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import ssl
import threading
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Key:
    """A key of an algorithm: signs, and shows its public half."""

    def __init__(self, alg, kid=None, secret=None, bits=2048):
        self.alg, self.kid, self.secret = alg, kid, secret
        if alg == "RS256":
            self.key = rsa.generate_private_key(65537, bits)
        elif alg == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif alg == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()

    def sign(self, data):
        if self.alg == "HS256":
            return hmac.new(self.secret.encode(), data, hashlib.sha256).digest()
        if self.alg == "RS256":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.alg == "ES256":
            r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.key.sign(data)

    def jwk(self):
        public = self.key.public_key()
        if self.alg == "RS256":
            numbers = public.public_numbers()
            jwk = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif self.alg == "ES256":
            numbers = public.public_numbers()
            jwk = {"kty": "EC", "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        return {**jwk, "use": "sig", "alg": self.alg, **({"kid": self.kid} if self.kid else {})}

    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def token(self, user="ada", header=None, **claims):
        """A token of an hour; claims that are None are left out."""
        head = {"alg": self.alg, "typ": "JWT", **({"kid": self.kid} if self.kid else {}), **(header or {})}
        body = {"sub": user, "exp": int(time.time()) + 3600, "iss": "idp", "aud": "kudos", **claims}
        parts = [b64(json.dumps({k: v for k, v in p.items() if v is not None}).encode()) for p in (head, body)]
        return ".".join([*parts, b64(self.sign(".".join(parts).encode()))])


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def key_set(*keys):
    return json.dumps({"keys": [k.jwk() for k in keys]})


def write_file(path, text, mode=0o644):
    """In one step, as a deployment does it."""
    with open(f"{path}.new", "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(f"{path}.new", mode)
    os.rename(f"{path}.new", path)
    return str(path)


class Provider:
    """Serves `text` with `status` at /keys, by TLS if it has a certificate, and counts who asks. Until `open` is set an answer waits. What may have moved
    stands at /moved. At its root it tells who it is, as OpenID Connect wants it. With `trailers` an answer is chunked, and so many lines follow it."""

    def __init__(self, text, certificate=None):
        self.text, self.status, self.asked, self.headers, self.moved, self.trailers = text, 200, 0, {}, None, 0
        self.open = threading.Event()
        self.open.set()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                provider.open.wait(30)
                others = {"/moved": provider.moved, "/.well-known/openid-configuration": json.dumps({"issuer": provider.root, "jwks_uri": provider.url})}
                there = self.path in others
                body = others.get(self.path, provider.text).encode()
                self.send_response(200 if there else provider.status)
                length = {"Transfer-Encoding": "chunked"} if provider.trailers else {"Content-Length": str(len(body))}
                for name, value in {**length, **({} if there else provider.headers)}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n0\r\n" % (len(body), body) if provider.trailers else body)
                for n in range(provider.trailers):
                    self.wfile.write(b"x-%d: 1234567890\r\n" % n)
                self.wfile.write(b"\r\n" if provider.trailers else b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.root = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_address[1]}"
        self.url = self.root + "/keys"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
