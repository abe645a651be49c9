"""Tools from PyPI that read a description of an API, of fixed versions and digests (tests/openapi/requirements.txt), in a virtual environment in $BUILD.

    run_tool("schemathesis", "run", url, ...)      what it printed; it must end with 0
"""
import os
import subprocess
import sys

from proc import SLOWER
from pypi import environment


def place():
    return environment("openapi-tools", "tests/openapi/requirements.txt")


def run_tool(name, *arguments, seconds=120, cwd=None):
    done = subprocess.run([os.path.join(place(), "bin", name), *map(str, arguments)], capture_output=True, text=True, timeout=seconds * SLOWER, cwd=cwd)
    assert done.returncode == 0, f"{name} ended with {done.returncode}\n{done.stdout[-12000:]}{done.stderr[-3000:]}"
    return done.stdout


def tool_packages():
    """Puts what the tools are made of (jsonschema) behind what Python finds by itself."""
    packages = os.path.join(place(), "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    if packages not in sys.path:
        sys.path.append(packages)
