"""When each partition was served: what an edge has of snapshots, looked at twenty times a second."""
import contextlib
import threading
import time

from proc import wait_until

LOOK_S, SERVED_S = 0.05, 60


def partitions(edge):
    return edge.admin("/debug/partitions").json["partitions"]


class Served:
    def __init__(self, edge):
        self.edge, self.over = edge, threading.Event()
        self.looks = {}  # by partition: (made_us, seen_us, epoch) of each snapshot that was seen
        self.thread = threading.Thread(target=self.run)

    def start(self):
        self.thread.start()

    def stop(self):
        self.over.set()
        self.thread.join()

    def run(self):
        while not self.over.wait(LOOK_S):
            with contextlib.suppress(OSError):
                for p in partitions(self.edge):
                    self.note(p["partition"], p["made_us"], p["epoch"])

    def note(self, partition, made_us, epoch):
        looks = self.looks.setdefault(partition, [])
        if not looks or made_us > looks[-1][0]:
            looks.append((made_us, time.time() * 1e6, epoch))

    def since(self, partition, at_us):
        """The looks since that moment, and the last one before it in front."""
        looks = self.looks.get(partition, [(0, 0, 0)])
        first = len(looks) - 1
        while first > 0 and looks[first][0] > at_us:
            first -= 1
        return looks[first:]

    def seen_us(self, partition, at_us, above):
        """When the first snapshot since was seen whose epoch is above that one; 0: not yet."""
        return next((seen for _, seen, epoch in self.since(partition, at_us)[1:] if epoch > above), 0)

    def again_ms(self, of, at_us):
        """Waits until each partition of `of` (to the epoch of the leader that it had) is served again by a later leader; how long each took."""
        wait_until(lambda: all(self.seen_us(p, at_us, above) for p, above in of.items()), SERVED_S, f"partitions {sorted(of)} served again", pause=LOOK_S)
        return {p: (self.seen_us(p, at_us, above) - at_us) / 1000 for p, above in of.items()}

    def pause_ms(self, partition, at_us):
        """The longest time between two snapshots, from the last one before that moment on."""
        seen = [look[1] for look in self.since(partition, at_us)]
        return max(b - a for a, b in zip(seen, seen[1:])) / 1000
