"""The real votes of sim/data, and the first of them: a log whose exact answer is known."""
import gzip
import os

from proc import TOP

LOG = os.path.join(TOP, "sim", "data", "polis.tsv.gz")
PAIRS = 157648


def head_of_the_log(directory, events):
    """So many of its first events, and how many likes are left of them."""
    likes, path = {}, os.path.join(directory, "head.tsv")
    with gzip.open(LOG, "rt") as log, open(path, "w", encoding="ascii") as out:
        for _ in range(events):
            line = next(log)
            out.write(line)
            _, user, item, op = line.split("\t")
            likes[user, item] = int(op) > 0
    return path, sum(likes.values())
