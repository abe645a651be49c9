"""Ports for servers that start soon."""
import random
import socket

GIVEN = set()


def free_ports(n):
    """Ports that were free a moment ago: below those that the system gives to connections, one of which could take it meanwhile, and above those of drills. None
    twice: who has it may not have started yet, or be down for a while."""
    found = []
    while len(found) < n:
        port = random.randrange(16000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in GIVEN:
            GIVEN.add(port)
            found.append(port)
    return found
