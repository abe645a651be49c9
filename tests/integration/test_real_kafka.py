"""Edge and central over a real Kafka: the likes topic deleted, the broker killed, and every like still counted once."""
import os
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
import kafka  # noqa: E402
from proc import Central, Edge, wait_until  # noqa: E402

PARTITIONS, ITEMS, WAIT = 4, 7, 60


class Crowd:
    """Users who like one item each, through one edge."""

    def __init__(self, edge, central):
        self.edge, self.central, self.users = edge, central, 0

    def like(self, n):
        for _ in range(n):
            answer = self.edge.post(f"/v1/posts/{self.users % ITEMS}/like", user=f"u{self.users}")
            assert answer.status == 200, answer
            self.users += 1

    def counted(self):
        return sum(self.central.get(f"/v1/posts/{i}/counts").json["counts"]["like"]["count"] for i in range(ITEMS))

    def wait_exact(self, what):
        wait_until(lambda: self.counted() == self.users, WAIT, what)


@pytest.fixture
def cluster(tmp_path):
    with kafka.Kafka(os.path.join(tmp_path, "kafka"), 1) as k:
        yield k


def test_log_lost_and_broker_killed(tmp_path, cluster):
    with Central(tmp_path, cluster.bootstrap, partitions=PARTITIONS) as central, \
            Edge(tmp_path, cluster.bootstrap, partitions=PARTITIONS, central=central.url,
                 more={"edge": {"flush_interval": "200ms"}}) as edge:
        crowd = Crowd(edge, central)
        crowd.like(50)
        crowd.wait_exact("the first likes")
        cluster.delete_topics("kudos.likes.v1")
        crowd.like(50)
        crowd.wait_exact("likes after the topic was deleted")
        assert central.metric("kudos_central_rewinds_total") >= 1
        cluster.kill(1)
        crowd.like(20)
        assert crowd.counted() == 100  # read while Kafka is away
        cluster.start(1)
        cluster.wait_ready()
        crowd.wait_exact("likes after the broker was killed")
        central.kill9()
        crowd.like(20)
        central.start()
        crowd.wait_exact("likes after central was killed")
        assert (edge.stop(), central.stop()) == (0, 0)
