"""kudos-sim drill, run to its end."""
import os
import subprocess

from proc import TOP, fields_of, program


def drill(directory, path, *options, seed=1, seconds=300):
    """(exit code, the fields of the last line, all that was said); logs and data stay in "drill" in the directory."""
    command = [program("kudos-sim"), "drill", str(path), "--seed", str(seed), "--keep", os.path.join(directory, "drill"), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, cwd=TOP)
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    print(done.stdout)
    return done.returncode, fields_of(last) if last.startswith("drill ") else {}, done.stdout
