"""The rows `likes_jwt` and `likes_full` of `make bench`: server CPU of a durable like with users' tokens (JWT) and limits, beside the same like with neither.

The edge of the row verifies tokens and has the two windows of limits that edges have by default, with quotas that nobody reaches: every like is
counted, and its answer tells what is left. The other edge takes the users' names from X-User-Id and limits nobody. Both get the same likes by the same
client: 16 connections with 64 streams, 20,000 users. Each has a token of his own, of some 370 bytes by Ed25519, and likes some twenty items. He has liked
one before the row begins: there his token was verified, and a row of its own (likes_jwt_first) tells what that costs.

- `likes_jwt`: a connection belongs to one user for ten likes, as those of phones and browsers do. Chrome and OkHttp let the server keep Authorization in
  the connection's table of fields, so that it is one byte from the second like on (`kudos-sim load --phones`).
- likes_jwt_whole has the token whole in each request: every request of a connection is by another user, as a gateway passes them on, or the client
  lets no server keep Authorization, as curl and whatever uses nghttp2. Most of what it costs more is nghttp2's decoding of the token.
- likes_full is likes_jwt with a central beside, which merges the likes and publishes snapshots that the edge installs: all that an edge does in production.
"""
import os
import subprocess

from rows_bytes import applied

USERS, LIKES_IN_A_ROW, KEPT = 20000, 10, ("cpu_ratio", ">=", 0.87)
MORE = {"limits": {"user": "1000000/1m, 10000000/1h", "users_max": 200000}}
PATIENT = ("--deadline-ms", 60000)
FIRST = ("--collection", "reels", "--items", 1, "--streams", 8)  # to verify a token takes as long as dozens of likes


def key_files(directory):
    """A private key for the tokens, and its public half."""
    private, public = (os.path.join(directory, n) for n in ("jwt.key", "jwt.pem"))
    subprocess.run(["sh", "-c", 'umask 077; openssl genpkey -algorithm ed25519 -out "$0" && openssl pkey -in "$0" -pubout -out "$1"',
                    private, public], check=True)
    return private, public


def pair(bench, edges, key, first, client, between=None):
    """Figures of the likes that are measured at both edges; `first` gets those of the users' first likes. `between` is called with the first edge
    when its likes are taken."""
    measured, before = [], []
    for edge, more in zip(edges, (("--jwt-key", key), ())):
        once = ("--phones", 1) if client else ()
        before.append(bench.load(edge.port, edge.popen.pid, "--like", "--users", USERS, *FIRST, *once, *more, *PATIENT, seconds=60))
        measured.append(bench.like(edge, "--users", USERS, *client, *more, *PATIENT, again=True))
        if between and edge is edges[0]:
            between(edge)
    first.append(before)
    return measured


def with_tokens(bench):
    """(private key of the users' tokens, sections of the configuration of an edge that verifies them)"""
    key, public = key_files(bench.directory)
    return key, {"jwt": {"keys_file": public, "audience": "kudos", "cache_max": 200000}, **MORE}


def likes_jwt(bench, broker):
    key, jwt = with_tokens(bench)
    phones, gateways, first = [], [], []
    with bench.edge(broker, "edge-jwt", more=jwt) as ours, bench.edge(broker, "edge-names") as peer:
        for _ in range(bench.options.repeats):
            phones.append(pair(bench, (ours, peer), key, first, ("--phones", LIKES_IN_A_ROW)))
            gateways.append(pair(bench, (ours, peer), key, [], ()))
    for row, pairs, goal in (("likes_jwt", phones, KEPT), ("likes_jwt_whole", gateways, None), ("likes_jwt_first", first, None)):
        bench.beside(row, pairs, goal, "like")


def likes_full(bench):
    """The peer's turn comes when central has applied what ours has taken."""
    key, jwt = with_tokens(bench)
    pairs = []
    with bench.new_broker("broker-full") as broker, bench.central(broker, "central-full") as central, \
            bench.edge(broker, "edge-full", central=central.url, more=jwt) as ours, bench.edge(bench.broker, "edge-bare") as peer:
        for _ in range(bench.options.repeats):
            pairs.append(pair(bench, (ours, peer), key, [], ("--phones", LIKES_IN_A_ROW), between=applied))
    bench.beside("likes_full", pairs, None, "like")
