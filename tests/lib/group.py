"""Several centrals as members of a group, and an edge; what the group tells of who leads."""
import contextlib
import signal
import subprocess
import time

from cluster import AGREE_S, PARTITIONS, merged
from proc import SLOWER, Central, Edge, program, wait_until

TAKEN_OVER_S = 10 * SLOWER
NAMES = ("central-1", "central-2", "central-3")
FAST = {"central": {"snapshot_interval": "200ms"}}


class Group:
    """Members with the same file but for name and directory, and one edge that asks the first of them."""

    def __init__(self, directory, brokers, members=3, replicas=2, names=NAMES, more=None, brokers_of=None, edge_keys=None):
        """`brokers_of`: addresses of Kafka by the name of a member that has its own."""
        self.directory, self.brokers, self.brokers_of = str(directory), brokers, brokers_of or {}
        self.more = merged(FAST, {"central": {"members": members, "replicas": replicas}}, more)
        self.members = {name: self.member(name) for name in names}
        self.edge = Edge(directory, brokers, central=next(iter(self.members.values())).url, partitions=PARTITIONS,
                         more={"edge": {"flush_interval": "100ms", "idle_interval_max": "1s", "resend_min": "500ms"},
                               "kafka": {"keys_file": edge_keys}})
        self.likes = 0

    def member(self, name, more=None):
        made = Central(self.directory, self.brokers_of.get(name, self.brokers), name=name, partitions=PARTITIONS, more=merged(self.more, more))
        made.set({"central": {"advertise": made.url}})
        return made

    def __enter__(self):
        try:
            for member in self.members.values():
                member.start(wait=False)
            self.edge.start(wait=False)
            self.settled(len(self.members))
            self.edge.wait_ready()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for daemon in [*self.members.values(), self.edge]:
            with contextlib.suppress(Exception):
                daemon.signal(signal.SIGCONT)
            daemon.kill9()

    def told(self, of=None):
        """What a member tells: its lines of partitions, and the last one."""
        asked = of or next(m for m in self.members.values() if m.running())
        done = subprocess.run([program("kudos-central"), "members", "--url", asked.url], capture_output=True, text=True, check=False,
                              timeout=60)
        lines = [dict(f.split("=", 1) for f in line.split()[1:]) for line in done.stdout.splitlines()]
        return [line for line in lines if "leader" in line], lines[-1] if lines else {}

    def leads(self, of=None):
        return {int(line["partition"]): line["leader"] for line in self.told(of)[0]}

    def settled(self, living, of=None, seconds=AGREE_S):
        """All partitions are led, and all copies that placement wants agree."""
        copies = min(living, int(self.more["central"]["replicas"])) - 1
        seen = []

        def check():
            seen[:] = [self.told(of)]
            last = seen[0][1]
            return last.get("verdict") in ("agreed", "missing") and int(last["leading"]) == PARTITIONS and int(last["following"]) >= copies * PARTITIONS

        try:
            wait_until(check, seconds, "a settled group", pause=0.2)
        except AssertionError as e:
            raise AssertionError(f"{e}: {seen}") from e

    def like(self, n=20):
        for _ in range(n):
            self.likes += 1
            assert self.edge.post(f"/v1/posts/{self.likes % 8}/like", user=f"u{self.likes}").status == 200

    def shown(self):
        """Likes counted, and pending, of all items as the edge shows them; a count that it cannot know yet is None."""
        found = [self.edge.get(f"/v1/posts/{i}/counts").json["counts"]["like"] for i in range(8)]
        return sum(f["count"] or 0 for f in found), sum(f["pending"] for f in found)

    def exact(self, seconds=AGREE_S):
        seen = []

        def check():
            seen[:] = self.shown()
            return seen == [self.likes, 0]

        try:
            wait_until(check, seconds, "all likes counted")
        except AssertionError as e:
            raise AssertionError(f"{self.likes} likes: {seen}") from e

    def unnoticed(self):
        """No history was undone, and no gap but the one before the first snapshot of each partition that the edge heard."""
        assert self.edge.metric("kudos_edge_histories_undone_total") == 0
        assert self.edge.metric('kudos_edge_snapshots_total{result="gap"}') <= PARTITIONS

    def of(self, name):
        return self.members[name]


def taken_over(group, name, seconds=TAKEN_OVER_S):
    """Seconds until nothing is led by this member any more, and everything by some other one."""
    begun = time.monotonic()
    of = next(m for n, m in group.members.items() if n != name and m.running())

    def check():
        leads = group.leads(of)
        return len(leads) == PARTITIONS and not {name, "-"} & set(leads.values())

    wait_until(check, seconds, f"others lead what {name} led")
    return time.monotonic() - begun
