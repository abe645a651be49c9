"""The end of a process: bounded whatever hangs in it, with the code and the words that fit."""
import os
import time

from proc import SLOWER, Broker, Central, Edge, program, wait_until

WHOLE_S = 12.5  # KD_ENDING_WHOLE_MS


class KafkaHang:
    """From arm() on the end of a daemon's Kafka consumers hangs."""

    def __init__(self, daemon):
        self.path = daemon.data + ".hang"
        daemon.env = dict(os.environ, LD_PRELOAD=program("libkudos_kafka_hang.so"), KUDOS_KAFKA_HANG=self.path,
                          ASAN_OPTIONS="verify_asan_link_order=0")

    def arm(self):
        with open(self.path, "w", encoding="ascii"):
            pass

    def disarm(self):
        os.unlink(self.path)


def started(directory, broker):
    central = Central(directory, broker.address)
    edge = Edge(directory, broker.address, shards=2, central=central.url)
    return central, edge


def test_a_kafka_client_that_does_not_end_is_left_behind(tmp_path):
    """As after topics were deleted and made anew. Nothing durable rests on it: the stop is a good one."""
    with Broker(tmp_path) as broker:
        central, edge = started(tmp_path, broker)
        hangs = [KafkaHang(central), KafkaHang(edge)]
        with central, edge:
            wait_until(lambda: edge.metric("kudos_edge_kafka_ready") == 2, what="the edge's consumers")
            assert edge.post("/v1/posts/1/like", user="u").status == 200
            for hang in hangs:
                hang.arm()
            begun = time.monotonic()
            edge.signal(15)
            central.signal(15)
            assert (edge.wait(), central.wait()) == (0, 0), edge.log()[-2000:] + central.log()[-2000:]
            assert time.monotonic() - begun < WHOLE_S * SLOWER
            for daemon in (edge, central):
                left = daemon.events("kafka-client-left")
                assert len(left) == 1 and left[0]["clients"] >= 1 and not daemon.events("stop-hangs"), daemon.log()[-2000:]
            hangs[1].disarm()
            edge.start()
            assert edge.get("/v1/posts/1/like", user="u").json["liked"] is True
