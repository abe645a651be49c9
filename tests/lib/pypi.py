"""Programs from PyPI, of fixed versions and digests, in virtual environments in $BUILD.

    environment("openapi-tools", "tests/openapi/requirements.txt")      its folder; made once, and anew when another version is wanted
"""
import hashlib
import os
import shutil
import subprocess
import sys

from proc import TOP

INSTALL_S = 240


def environment(name, wanted):
    wanted = os.path.join(TOP, wanted)
    with open(wanted, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:12]
    where = os.path.join(TOP, os.environ.get("BUILD", "build"), f"{name}-{digest}")
    if not os.path.exists(os.path.join(where, "ready")):
        shutil.rmtree(where, ignore_errors=True)
        make(where, wanted)
    return where


def make(where, wanted):
    commands = ([sys.executable, "-m", "venv", where],
                [os.path.join(where, "bin", "pip"), "install", "--quiet", "--require-hashes", "--no-deps", "-r", wanted])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        assert done.returncode == 0, f"the tools cannot be installed; `sh .ci/install test` installs python3-venv; can this machine reach PyPI?\n{done.stdout}{done.stderr}"
    with open(os.path.join(where, "ready"), "w", encoding="ascii"):
        pass
