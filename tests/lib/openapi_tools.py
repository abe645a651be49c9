"""Tools from PyPI that read a description of an API, of fixed versions and digests (tests/openapi/requirements.txt), in a virtual environment in $BUILD.

    run_tool("schemathesis", "run", url, ...)      what it printed; it must end with 0
"""
import hashlib
import os
import shutil
import subprocess
import sys

from proc import SLOWER, TOP

WANTED = os.path.join(TOP, "tests", "openapi", "requirements.txt")
INSTALL_S = 240


def place():
    """The environment; made once, and anew when another version is wanted."""
    with open(WANTED, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()[:12]
    where = os.path.join(TOP, os.environ.get("BUILD", "build"), f"openapi-tools-{digest}")
    if not os.path.exists(os.path.join(where, "ready")):
        shutil.rmtree(where, ignore_errors=True)
        make(where)
    return where


def make(where):
    commands = ([sys.executable, "-m", "venv", where],
                [os.path.join(where, "bin", "pip"), "install", "--quiet", "--require-hashes", "--no-deps", "-r", WANTED])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        assert done.returncode == 0, f"the tools cannot be installed; `sh .ci/install test` installs python3-venv; can this machine reach PyPI?\n{done.stdout}{done.stderr}"
    with open(os.path.join(where, "ready"), "w", encoding="ascii"):
        pass


def run_tool(name, *arguments, seconds=120, cwd=None):
    done = subprocess.run([os.path.join(place(), "bin", name), *map(str, arguments)], capture_output=True, text=True, timeout=seconds * SLOWER, cwd=cwd)
    assert done.returncode == 0, f"{name} ended with {done.returncode}\n{done.stdout[-12000:]}{done.stderr[-3000:]}"
    return done.stdout


def tool_packages():
    """Puts what the tools are made of (jsonschema) behind what Python finds by itself."""
    packages = os.path.join(place(), "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    if packages not in sys.path:
        sys.path.append(packages)
