"""Ports for servers that start soon."""
import fcntl
import os
import random
import socket
import tempfile

FIRST, END = 16000, 32000  # below those that the system gives to connections, one of which could take it meanwhile; above those of drills


def free_ports(n):
    """Ports that were free a moment ago. All users of this function on the machine take them in turn, so none comes twice for a long while: not while who
    has it is down, or has not started yet, and not while a client that was left over asks at the address of a server that is gone."""
    path = os.path.join(tempfile.gettempdir(), f"kudos-ports-{os.getuid()}")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        said = turn.read().strip()
        port = int(said) if said.isdigit() else random.randrange(FIRST, END)
        found = []
        while len(found) < n:
            port = FIRST + (port + 1 - FIRST) % (END - FIRST)
            if is_free(port):
                found.append(port)
        turn.seek(0)
        turn.write(f"{port:<8}")
    return found


def is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
