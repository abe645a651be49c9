"""Servers that stand beside Kudos, on the processors that an edge would have: nghttpd with a small file, and Redis."""
import os
import shutil
import socket
import subprocess

from ports import free_ports
from proc import wait_until
from ruler import SERVER, pinned


class Server:
    def __init__(self, command, port):
        self.port = port
        self.popen = subprocess.Popen(pinned(command, SERVER), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers(self):
        assert self.popen.poll() is None, f"{self.popen.args} ended with {self.popen.returncode}"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        try:
            wait_until(self.answers, 10, f"{self.popen.args} answers")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()


class Nghttpd(Server):
    """With a file as long as our answer, and as many workers as the edge has shards."""

    def __init__(self, directory, size, workers, tls=None):
        www = os.path.join(directory, f"www{size}")
        os.makedirs(www, exist_ok=True)
        with open(os.path.join(www, "f"), "w", encoding="ascii") as f:
            f.write("x" * size)
        port, = free_ports(1)
        command = ["nghttpd", "-a", "127.0.0.1", "-d", www, "-n", workers]
        super().__init__(command + ([port, *tls] if tls else ["--no-tls", port]), port)


class Redis(Server):
    """Every command is on disk before its answer."""

    def __init__(self, directory):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        port, = free_ports(1)
        super().__init__(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", directory, "--appendonly", "yes", "--appendfsync", "always",
                          "--save", ""], port)
