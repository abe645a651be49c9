"""An unclean election on a cluster of kafka.py: a topic loses the end of its log, though that was acknowledged."""
import time

import kafka_wire  # beside this file
from kafka_wire import until

WAIT_S, GROW_S = 60, 10


def truncate(kafka, topic, records):
    """All brokers but one die, that one takes at least `records` more for every partition (as many as come within GROW_S), dies too, and the
    others lead without them; when it comes back it throws them away. Returns how many records are gone."""
    if not kafka.apart or len(kafka.brokers_running) < 3:
        raise RuntimeError("an unclean election needs three brokers that run and a controller apart")
    until(lambda: led_by(kafka, topic, kafka.brokers_running), WAIT_S, f"{topic} has no leaders")
    last, *others = sorted(kafka.brokers_running, key=lambda n: n != kafka.leader(topic))
    for node in others:
        kafka.kill(node)
    until(lambda: led_by(kafka, topic, [last]), WAIT_S, f"node {last} does not lead all of {topic}")
    full = grow(kafka, last, topic, records)
    kafka.kill(last)
    for node in others:
        kafka.start(node)
    kafka.wait_ready()
    until(lambda: elect(kafka, topic, others), WAIT_S, f"no leader of {topic} was elected")
    left = ends(kafka, topic, others)
    kafka.start(last)
    kafka.wait_ready()
    return sum(max(0, end - left[p]) for p, end in full.items())


def ends(kafka, topic, nodes):
    """{partition: offset of the next record}, asked of the leaders among these nodes; a new leader takes a moment until it answers."""
    wanted = list(kafka.metadata().topics[topic])
    found = {}

    def all_told():
        for node in nodes:
            found.update(kafka_wire.ends(kafka.listener_ports["CLIENT"][node], topic, wanted))
        return len(found) == len(wanted)

    until(all_told, WAIT_S, f"the leaders of {topic} do not say where it ends")
    return found


def led_by(kafka, topic, nodes):
    """Whether these nodes lead all partitions. False also while the topic is not there: it was deleted, and is to be made again."""
    return set((kafka.metadata().topics.get(topic) or {0: -1}).values()) <= set(nodes)


def grow(kafka, node, topic, records):
    """ends() when this node has taken so many more records for each partition, or fewer if GROW_S are over first."""
    before, end = ends(kafka, topic, [node]), time.monotonic() + GROW_S

    def grown():
        after = ends(kafka, topic, [node])
        more = [after[p] - before[p] for p in before]
        return after if min(more) >= records or (max(more) > 0 and time.monotonic() > end) else None

    return until(grown, WAIT_S, f"nobody writes to {topic}")


def elect(kafka, topic, nodes):
    kafka_wire.elect_unclean(kafka.some_port(), topic, list(kafka.metadata().topics[topic]))
    return led_by(kafka, topic, nodes)
