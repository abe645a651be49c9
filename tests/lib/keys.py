"""Files of keys for records of Kafka, as tests give them to central, edges and forgers."""
import hashlib
import os


def key(name):
    """Another 32 bytes for each name, in hexadecimal."""
    return hashlib.sha256(name.encode()).hexdigest()


def write_keys(path, *lines, mode=0o600):
    """Lines of `id holder`; the key is made of the id. Replaces what was there. Returns the path."""
    fresh = f"{path}.new"
    with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as f:
        f.writelines(f"{line} {key(line.split()[0])}\n" for line in lines)
    os.chmod(fresh, mode)
    os.rename(fresh, path)
    return str(path)
