"""Rows of an edge that is asked by HTTP/2: likes, reads, both over TLS, batches, times at half load, and Redis beside likes."""
import os
import shutil
import statistics

from peers import Front, Nghttpd, Redis
from proc import program, wait_until
import redis_load
from ruler import ITEMS, OTHERS, SERVER, USERS, exact, run

LIKE_P99_US, READ_P99_US = 5000, 1000
TLS_ANSWER = 200  # bytes
BATCH_ITEMS, BATCH_USERS, BATCH_SIZE, RAW_PUTS, RAW_GROUP = 100000, 2000, 200, 1000000, 1000
REDIS_ITEMS, REDIS_PER_S = 1000, 250000  # commands made beforehand for a second


def likes(bench):
    """Likes beside nghttpd; one hot item beside spread likes; what a kill leaves."""
    with bench.edge(bench.broker, "edge-likes") as edge:
        size = len(edge.post("/v1/posts/size/like", user="u1.0000000001").body)
        pairs, one = [], []
        with Nghttpd(bench.directory, size, bench.options.shards) as peer:
            for _ in range(bench.options.repeats):
                file = bench.file(peer, "--named")
                pairs.append((bench.like(edge), file))
                one.append((bench.like(edge, "--items", 1, "--users", 100000000), pairs[-1][0]))
        bench.beside("likes", pairs, ("cpu_ratio", ">=", 0.65), "like")
        bench.beside("likes_one_item", one, None, "like")
        kept(bench, edge)


def kept(bench, edge):
    """kill -9 right behind the last answer: all that was acknowledged must be there."""
    figures = bench.like(edge, seconds=1)
    acked, seed = int(figures["acked"]), bench.seed
    edge.kill9()
    edge.start()
    counted = 0
    for first in range(0, ITEMS, 200):
        items = [f"posts/c{seed}.{i}" for i in range(first, first + 200)]
        counted += sum(i["counts"]["like"]["pending"] for i in edge.post("/v1/counts", body={"items": items}).json["items"])
    bench.report("likes_kept", counted, acked, counted / acked, goal="ratio>=1", verdict=counted == acked)


def numbers(bench, edge, central):
    """Every item is liked once, and central's number of it is here; then central goes."""
    bench.batch(edge, ITEMS, 1, BATCH_SIZE, tls=edge.tls)
    wait_until(lambda: all(p["outbox_batches"] == 0 for p in edge.admin("/debug/partitions").json["partitions"]), 60,
               "central applies what the edge took")
    central.stop()


def reads(bench):
    with bench.central(bench.broker, "central") as central, bench.edge(bench.broker, "edge-reads", central=central.url) as edge:
        numbers(bench, edge, central)
        size = len(edge.get("/v1/posts/1/counts").body)
        with Nghttpd(bench.directory, size, bench.options.shards) as peer:
            pairs = [(bench.read(edge), bench.file(peer)) for _ in range(bench.options.repeats)]
        bench.beside("reads", pairs, ("cpu_ratio", ">=", 1.2), "read")


def certificate(bench):
    """(file of a key, file of its certificate)"""
    key, cert = bench.path("bench.key"), bench.path("bench.crt")
    run("sh", "-c", f"umask 077; openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 2 -subj /CN=localhost 2>/dev/null && echo made")
    return key, cert


def over_tls(bench):
    pair = certificate(bench)
    with bench.central(bench.broker, "central-tls") as central, bench.edge(bench.broker, "edge-tls", pair) as edge, \
            bench.edge(bench.broker, "edge-tls-reads", pair, central.url) as reader, \
            Nghttpd(bench.directory, TLS_ANSWER, bench.options.shards, pair) as peer:
        numbers(bench, reader, central)
        likes_s, reads_s = [], []
        for _ in range(bench.options.repeats):
            file = bench.file(peer, "--named", tls=True)
            likes_s.append((bench.like(edge, tls=True), file))
            reads_s.append((bench.read(reader, tls=True), file))
        bench.beside("likes_tls", likes_s, None, "like")
        bench.beside("reads_tls", reads_s, None, "read")


def batch(bench):
    pairs = []
    with bench.edge(bench.broker, "edge-batch") as edge:
        for _ in range(bench.options.repeats):
            ours, at = bench.batch(edge, BATCH_ITEMS, BATCH_USERS, BATCH_SIZE, "--check"), bench.path("puts")
            pairs.append((ours, exact(run(program("bench-puts"), at, RAW_PUTS, BATCH_ITEMS, BATCH_USERS, RAW_GROUP, on=SERVER)[0])))
            shutil.rmtree(at)
    bench.beside("batch", pairs, ("cpu_ratio", ">=", 0.9), "like")


def half_load(bench, row, ours, peer, goal_us):
    """The 99th percentile of answers, beside the peer's at as many requests a second. The rate is half of what ours takes."""
    rate = int(float(ours()["per_s"]) / 2)
    pairs = [(ours("--rate", rate), peer("--rate", rate)) for _ in range(bench.options.repeats)]
    p99, beside = (statistics.median(int(p[i]["p99_us"]) for p in pairs) for i in (0, 1))
    bench.say(f"{row}: {rate} a second; p50 {statistics.median(int(a['p50_us']) for a, _ in pairs)} us, peer "
              f"{statistics.median(int(b['p50_us']) for _, b in pairs)}")
    bench.judged(row, p99, beside, ("ours", "<=", goal_us), ratio=beside / p99)


def latency(bench):
    """Microseconds. Nothing else is on the processor of the client, but the broker."""
    with bench.central(bench.broker, "central-latency") as central, bench.edge(bench.broker, "edge-latency", central=central.url) as edge, \
            Nghttpd(bench.directory, TLS_ANSWER, bench.options.shards) as peer:
        numbers(bench, edge, central)
        half_load(bench, "latency", lambda *more: bench.like(edge, *more), lambda *more: bench.file(peer, "--named", *more), LIKE_P99_US)
        half_load(bench, "latency_read", lambda *more: bench.read(edge, *more), lambda *more: bench.file(peer, *more), READ_P99_US)


def redis(bench):
    """Our likes over HTTP/2 beside a script in Redis, with as many connections and likes in flight."""
    for row, connections, depth in (("redis_p1", 64, 1), ("redis_p32", 32, 32)):
        pairs = []
        with bench.edge(bench.broker, f"edge-{row}") as edge, Redis(bench.path(row)) as peer:
            for _ in range(bench.options.repeats):
                ours = bench.like(edge, "--connections", connections, "--streams", depth)
                pairs.append((ours, on_others(bench, peer, connections, depth)))
        bench.say(f"{row}: the client of Redis had {max(p['busy'] for _, p in pairs):.0%} of its processor")
        bench.beside(row, pairs, None, "like")


def redis_http(bench):
    """Our likes beside the same requests to nginx, which asks Redis by a script in Lua: by the same client. The peer's processor time is of both."""
    pairs = []
    with bench.edge(bench.broker, "edge-redis-http") as edge:
        for _ in range(bench.options.repeats):
            pairs.append((bench.like(edge), before_redis(bench)))
    bench.beside("redis_http", pairs, None, "like")


def before_redis(bench):
    """Figures of nginx before a Redis that is empty before."""
    with Redis(bench.path("redis_http")) as redis:
        link = redis_load.Link(redis.port)
        with Front(bench.path("front"), redis, redis_load.script(link).decode(), bench.options.shards) as front:
            pids = [redis.popen.pid, *front.workers()]
            spent = -sum(map(redis_load.cpu_s, pids))
            figures = bench.load(front.port, pids[1], "--like", "--items", ITEMS, "--users", USERS)
            spent += sum(map(redis_load.cpu_s, pids))
        redis_load.check(link, int(figures["requests"]), ITEMS)
        link.socket.close()
    return dict(figures, cpu_us=spent / int(figures["requests"]) * 1e6)


def on_others(bench, peer, connections, depth):
    """This process is the client of Redis: it leaves the server its processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, OTHERS)
    try:
        seconds = bench.options.seconds
        return redis_load.load(peer, connections, depth, seconds, REDIS_ITEMS, seconds * REDIS_PER_S)
    finally:
        os.sched_setaffinity(0, before)


