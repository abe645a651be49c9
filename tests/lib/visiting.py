"""Tokens of visitors, made by another program than ours (hashlib), and what tests of visitors share."""
import base64
import hashlib
import os
import time

from keys import key

PREFIX, ID_PREFIX = "kudos-visitor~", "visitor~"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def visitor_id(pseudonym):
    return ID_PREFIX + b64(pseudonym)


def visitor_token(key_id=1, secret=None, pseudonym=None, until=None, version=1, domain=b"kudos visitor 1"):
    """A token by this key, whose 32 bytes are those of keys.write_keys unless `secret` is given."""
    until = int(time.time()) + 3600 if until is None else until
    head = bytes([version]) + key_id.to_bytes(4, "big") + (pseudonym or os.urandom(16)) + until.to_bytes(8, "big")
    secret = bytes.fromhex(key(str(key_id))) if secret is None else secret
    return PREFIX + b64(head + hashlib.blake2b(domain + head, key=secret, digest_size=16).digest())
