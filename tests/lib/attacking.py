"""`kudos-sim attack` in tests."""
import os
import re
import subprocess

from proc import SLOWER, fields_of, program

LONG = os.environ.get("KUDOS_LONG") == "1"
SECONDS = 30 if LONG else 0.5
ROUNDS = 5  # of an attack at most; each has the attack and the polite client

ATTACKS = ["rapid-reset", "continuation", "settings", "ping", "window", "tiny-window", "empty-data", "header-bomb", "slow-headers", "slow-bodies",
           "slow-readers", "held-bodies", "unread-answers", "live-streams", "cold-reads", "hot-bulk", "get-flood", "forged-tokens", "tls-handshakes", "idle-connections", "kafka-rubbish"]

OTHERS_KEEP = 0.8  # docs/attacks.md
# What is asked for in the first moment costs a time, whatever the attack's length: most of half a second, beside half a minute nothing.
STARVED = 0.05


def attack(edge, *arguments, seconds=SECONDS):
    """(exit code, fields of the lines of attacks by name, fields of the last line, all that was printed)"""
    command = [program("kudos-sim"), "attack", *arguments, "--edge", f"http://127.0.0.1:{edge.port}", "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + ROUNDS * (2 * seconds + 15) * SLOWER)
    print(done.stdout, done.stderr)
    fields = [fields_of(line) for line in done.stdout.splitlines() if re.match("attacks? ", line)]
    by_name = {f["name"]: f for f in fields if "name" in f}
    return done.returncode, by_name, fields[-1] if fields else {}, done.stdout + done.stderr
