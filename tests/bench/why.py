"""Why a row of `make bench` misses its goal, where that is known. Measured; the figures and how they were found are in docs/performance.md, "What limits it"."""

WHY = {
    "likes": "a like takes 25,300 instructions of its shard's thread, and nghttp2 has 10,500 of them, where nghttpd needs 12,800 for a whole request; the rest takes the like, signs its "
             "session, seals it and answers, for which the peer, which sends a file, has no counterpart",
    "reads": "a read takes 14,800 instructions, of which nghttp2 has 8,150; the goal wants 10,600 in all, so what is ours would have to shrink from 6,600 to 2,450",
    "batch": "a like of a batch takes 14,400 instructions in all threads; LevelDB's writer has 5,100 of them, which is all that the peer pays: JSON, dedupe, journal and counts come on top",
    "merge": "the thread that merges (4,300 instructions an operation) and LevelDB's writer (4,100 a row) take turns at being the limit: what relieves one at the cost of the other gains nothing",
    "merge_50m": "49 of 50 items are not among the million in memory: each merge reads a row of the store, and LevelDB's compaction takes another processor all the while; the short run is over before it begins",
    "likes_50m": "LevelDB merges tables of 50 million rows beside the likes, on the one processor of the edge; the short run has none of that",
    "likes_hour": "as likes_50m; the store has what an hour of likes left",
    "sim": "3604 virtual seconds are 552,500 events with all checkers, 2.2 us each; no function has more than 7 % of it",
    "likes_jwt": "a token and limits take 3,000 to 4,000 instructions of a like; single runs differ by a tenth",
    "latency": "the shard's thread, the committer and LevelDB's share the servers' processor: a like waits for the commit that runs and for its own",
    "latency_read": "turns of the loop at half load; nghttpd has milliseconds at as many requests, too",
    "memory_item": "the item's entry, its place in the table and 12 bits of the filter",
    "hot": "a like waits for the commit that runs and for its own, on the processors and the disk of the hot item; a bare loop of writes and syncs beside it misses 1.2 as well",
}


def why(row):
    """In words, for a row that is missed."""
    return WHY.get(row, "not known beforehand: what stands behind the row, and docs/performance.md")
