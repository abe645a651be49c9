"""A network before an edge that a test may cut: a TCP proxy.

    with Cut(edge.port) as cut:
        cut.mode = "hole"      # connections open, nothing comes through      "mute"   requests arrive, their answers do not
        cut.mode = "gag"       # requests do not arrive
        cut.mode = "reset"     # connections end at once, old ones too        "pass"   as if it were not there
"""
import contextlib
import socket
import struct
import threading

TO_EDGE, TO_CLIENT = "to edge", "to client"
BLOCKED = {"pass": (), "hole": (TO_EDGE, TO_CLIENT), "mute": (TO_CLIENT,), "gag": (TO_EDGE,), "reset": (TO_EDGE, TO_CLIENT)}


class Cut:
    def __init__(self, port):
        self.edge_port, self.now = port, "pass"
        self.open, self.lock = set(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.end()
        for thread in self.threads:
            thread.join(10)

    @property
    def mode(self):
        return self.now

    @mode.setter
    def mode(self, mode):
        """What was held up never comes: the connections of a mode end with it, as they do when a device changes its network."""
        before, self.now = self.now, mode
        if before != mode and (before != "pass" or mode == "reset"):
            self.end()

    def end(self):
        with self.lock:
            pairs, self.open = self.open, set()
        for pair in pairs:
            for s in pair:
                with contextlib.suppress(OSError):
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                s.close()

    def reach(self):
        """None: nobody listens behind the proxy."""
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", self.edge_port))
        return None

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                edge = self.reach()
                if edge is None:
                    client.close()
                    continue
                with self.lock:
                    self.open.add((client, edge))
                for way, source, target in ((TO_EDGE, client, edge), (TO_CLIENT, edge, client)):
                    self.threads.append(threading.Thread(target=self.pump, args=(way, source, target), daemon=True))
                    self.threads[-1].start()
                if self.now == "reset":
                    self.end()

    def pump(self, way, source, target):
        with contextlib.suppress(OSError, ValueError):
            while data := source.recv(1 << 16):
                if way not in BLOCKED[self.now]:
                    target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
