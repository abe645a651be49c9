"""Two edges of one region behind one balancer (HAProxy with configs/haproxy.conf), restarted one after the other while clients go on."""
import os
import shutil
import signal
import subprocess
import threading

import pytest

from ports import free_ports
from proc import TOP, Broker, Central, Edge, Process, fields_of, program, request, wait_until

# Longer than the balancer's two checks, also on a busy machine.
STOPPING = {"edge": {"flush_interval": "100ms", "drain_delay": "3s"}, "http": {"proxy_protocol": "v2"}}
LONG = os.environ.get("KUDOS_LONG") == "1"


class Haproxy(Process):
    """The example of configs/, with the ports of a test."""

    def __init__(self, directory, edges):
        self.port, = free_ports(1)
        with open(os.path.join(TOP, "configs", "haproxy.conf"), encoding="utf-8") as f:
            text = f.read()
        swaps = [("127.0.0.1:8440", f"127.0.0.1:{self.port}")]
        for edge, theirs in zip(edges, ("127.0.0.1:844{0} check port 944{0}".format(n) for n in (1, 2))):
            swaps.append((theirs, f"127.0.0.1:{edge.port} check port {edge.admin_port}"))
        # Like one that forwards packets: it does not try the other edge. So what an edge refuses is seen.
        swaps.append(("retries 3\n    option redispatch 1", "retries 0"))
        for theirs, ours in swaps:
            assert text.count(theirs) == 1, theirs
            text = text.replace(theirs, ours)
        path = os.path.join(str(directory), "haproxy.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        super().__init__(directory, "haproxy", [shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", path])

    def ready(self):
        try:
            return request(self.port, "GET", "/v1/posts/1/counts", timeout=2).status == 200
        except OSError:
            return False

    def __exit__(self, *error):
        self.kill9()


class Clients:
    """Threads that like, each by a connection of its own for each request, as those of phones are that come and go: some 200 a second, for one address
    may open 500."""

    def __init__(self, port, count=4):
        self.port, self.acked, self.troubles = port, 0, []
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(count)]

    def run(self, number):
        n = 0
        while not self.over.wait(0.02):
            n += 1
            try:
                answer = request(self.port, "POST", "/v1/posts/rolled/like", headers={"X-User-Id": f"u{number}-{n}"})
                trouble = None if answer.status == 200 else answer.body
            except OSError as e:
                trouble = repr(e)
            with self.lock:
                self.acked += trouble is None
                if trouble:
                    self.troubles.append(trouble)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *error):
        self.over.set()
        for t in self.threads:
            t.join()

    def go_on(self, more=50):
        """Waits until so many likes more were acknowledged."""
        before = self.acked
        wait_until(lambda: self.acked >= before + more or self.troubles, 30, "clients go on")


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """(edges, balancer, central)"""
    directory = tmp_path_factory.mktemp("region")
    with Broker(directory) as broker, Central(directory, broker.address, more={"central": {"snapshot_interval": "100ms"}}) as central:
        pair = [Edge(directory, broker.address, name=f"mumbai-{n}", region="mumbai", central=central.url, more=STOPPING) for n in (1, 2)]
        with pair[0], pair[1], Haproxy(directory, pair) as balancer:
            yield pair, balancer, central


def restart(edge):
    edge.popen.send_signal(signal.SIGTERM)
    assert edge.popen.wait(60) == 0, edge.log()[-3000:]
    edge.start()


def test_restarted_one_after_the_other_they_refuse_no_request(region):
    pair, balancer, central = region
    with Clients(balancer.port) as clients:
        clients.go_on()
        for edge in pair * (3 if LONG else 1):
            restart(edge)
            clients.go_on()
    assert not clients.troubles, (len(clients.troubles), clients.acked, clients.troubles[:3])
    wait_until(lambda: central.get("/v1/posts/rolled/counts").json["counts"]["like"]["count"] == clients.acked, 30, "all likes are counted")


def test_clients_on_long_connections_follow_goaway_to_the_other_edge(region):
    pair, balancer, _ = region
    load = subprocess.Popen([program("kudos-sim"), "load", "--edge", f"http://127.0.0.1:{balancer.port}", "--like", "--users", "100000", "--items", "100",
                             "--connections", "4", "--streams", "4", "--rate", "200", "--seconds", "10"], stdout=subprocess.PIPE, text=True)
    try:
        restart(pair[0])
        said, _ = load.communicate(timeout=120)
    finally:
        load.kill()
    figures = fields_of(said.splitlines()[-1])
    assert int(figures["requests"]) > 1000 and (figures["errors"], figures["verdict"]) == ("0", "ok"), said


def test_a_stopping_edge_says_so_before_it_refuses_anybody(region):
    edge = region[0][1]
    edge.popen.send_signal(signal.SIGTERM)
    wait_until(lambda: edge.admin("/readyz").status == 503, 30, "it says that it stops")
    assert edge.admin("/readyz").body.strip() == b"draining" and edge.admin("/healthz").status == 200
    assert request(region[1].port, "GET", "/v1/posts/1/counts").status == 200
    assert "drain-announced" in edge.log()
    assert edge.popen.wait(60) == 0
    edge.start()
