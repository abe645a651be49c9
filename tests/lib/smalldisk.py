"""A file system of a few MiB, and how it gets full."""
import os
import subprocess

import pytest


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few MiB."""
    path = tmp_path / "small"
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(path)], capture_output=True).returncode != 0:
        pytest.skip("this machine does not let us mount")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(directory, pages=5):
    """Leaves some pages."""
    with open(directory / "ballast", "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass
    os.truncate(directory / "ballast", os.path.getsize(directory / "ballast") - pages * 4096)
