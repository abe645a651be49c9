"""What an operator says to central, in tests: its commands, its stores looked at and damaged through LevelDB's own library, traffic meanwhile."""
import ctypes
import ctypes.util
import os
import re
import shutil
import threading

from central_feed import T0, VIEW, like, unlike
from proc import fields_of, run_program

WAIT_S = 60


def run(command, *arguments, rc=0):
    return run_program("kudos-central", command, *arguments, rc=rc, seconds=WAIT_S)


def last_line(done, command):
    line = done.stdout.splitlines()[-1]
    assert line.startswith(command + " "), done.stdout
    return fields_of(line)


def audit(*arguments, rc=0):
    done = run("audit", *arguments, rc=rc)
    fields = last_line(done, "audit")
    assert list(fields) == ["partitions", "items", "members", "mismatches", "verdict"]
    assert fields["verdict"] == ("exact" if rc == 0 else "wrong")
    return fields


def mismatches(done):
    return [dict(re.findall(r"(\S+?)=(\S+)", line)) for line in done.stdout.splitlines() if line.startswith("mismatch ")]


# ---- LevelDB, by its C interface ----

class Store:
    """One partition's rows, opened for writing; nobody else may have it open."""

    def __init__(self, data, partition=0):
        self.lib = ctypes.CDLL(ctypes.util.find_library("leveldb"))
        for name in ("options_create", "open", "readoptions_create", "writeoptions_create", "get", "create_iterator", "iter_key",
                     "iter_value"):
            getattr(self.lib, "leveldb_" + name).restype = ctypes.c_void_p
        self.options = ctypes.c_void_p(self.lib.leveldb_options_create())
        self.reads = ctypes.c_void_p(self.lib.leveldb_readoptions_create())
        self.writes = ctypes.c_void_p(self.lib.leveldb_writeoptions_create())
        self.error = ctypes.c_char_p()
        path = os.path.join(str(data), f"partition-{partition:04}").encode()
        self.db = ctypes.c_void_p(self.lib.leveldb_open(self.options, path, ctypes.byref(self.error)))
        assert not self.error.value, self.error.value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lib.leveldb_close(self.db)

    def delete(self, key):
        self.lib.leveldb_delete(self.db, self.writes, key, ctypes.c_size_t(len(key)), ctypes.byref(self.error))
        assert not self.error.value, self.error.value

    def rows(self, prefix=b""):
        found, size = {}, ctypes.c_size_t()
        it = ctypes.c_void_p(self.lib.leveldb_create_iterator(self.db, self.reads))
        self.lib.leveldb_iter_seek(it, prefix, ctypes.c_size_t(len(prefix)))
        while self.lib.leveldb_iter_valid(it) & 255:
            key = ctypes.string_at(self.lib.leveldb_iter_key(it, ctypes.byref(size)), size.value)
            if not key.startswith(prefix):
                break
            found[key] = ctypes.string_at(self.lib.leveldb_iter_value(it, ctypes.byref(size)), size.value)
            self.lib.leveldb_iter_next(it)
        self.lib.leveldb_iter_destroy(it)
        return found

    def put(self, key, value):
        self.lib.leveldb_put(self.db, self.writes, key, ctypes.c_size_t(len(key)), value, ctypes.c_size_t(len(value)),
                             ctypes.byref(self.error))
        assert not self.error.value, self.error.value


def item_key(item):
    collection, name = item.encode().split(b"/")
    return bytes([len(collection)]) + collection + bytes([len(name)]) + name


def plant_count(data, item, total, partition=0):
    """A row of counts that says `total` likes, of no region and day, accurate at version 1."""
    with Store(data, partition) as store:
        store.put(b"n" + item_key(item), (1).to_bytes(8, "big") + bytes([1 << 2, 0, total]))


def copied(data, tmp_path, name="copy"):
    path = os.path.join(str(tmp_path), name)
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(data, path)
    return path


class Traffic:
    """Likes and unlikes of a few users, edge by edge, until it is stopped; what must come of it is known."""

    def __init__(self, feed, items, edges=("a", "b")):
        self.feed, self.items, self.edges = feed, items, edges
        self.rounds, self.stopping, self.error = 0, threading.Event(), None
        self.thread = threading.Thread(target=self.go)

    def go(self):
        try:
            while not self.stopping.is_set():
                n = self.rounds
                for e, edge in enumerate(self.edges):
                    for partition, item in enumerate(self.items):
                        self.feed.batch(edge, [like(item, f"u{n * 20 + u}-{e}", T0 + n) for u in range(20)]
                                        + [unlike(item, f"u{n * 20 - 20}-{e}", T0 + n + 5), f"sum {item} {VIEW} 3 20000"],
                                        partition=partition, region="eu" if e else "asia")
                self.rounds += 1
        except BaseException as e:  # shown where it is joined
            self.error = e

    def __enter__(self):
        self.thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.error:
            raise self.error

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
