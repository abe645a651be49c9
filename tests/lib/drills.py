"""kudos-sim drill, run to its end."""
import os
import subprocess

from proc import program

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def drill(directory, path, *options, seed=1, seconds=300):
    """(exit code, the fields of the last line, all that was said); logs and data stay in "drill" in the directory."""
    command = [program("kudos-sim"), "drill", str(path), "--seed", str(seed), "--keep", os.path.join(directory, "drill"), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, cwd=TOP)
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    print(done.stdout)
    return done.returncode, dict(p.split("=") for p in last.split()[1:] if last.startswith("drill ") and "=" in p), done.stdout
