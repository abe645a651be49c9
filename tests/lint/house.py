#!/usr/bin/env python3
"""One meaning per name, no files that call each other in circles, prototypes with a contract, no name twice in Python: part of `make lint`.

    python3 tests/lint/house.py [--figures]     over the sources, and the objects in $BUILD

Names come from ctags, calls from the symbols of the object files. A circle is a set of files each of which calls, by way of others, itself. A contract
is a comment above a prototype or on its line.
"""
import ast
import collections
import functools
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", "build")
HOUSE = ("common", "edge", "central", "sim", "include")
PYTHON = ("examples", "sim", "tests")
STATIC_FILES_MAX = 3
CONTRACTS_MISSING_MAX = 0.1


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tags():
    """(name, path, kind, is static) of every function, struct, union and typedef."""
    for line in output("ctags", "-R", "--languages=C", "--map-C=+.h", "--kinds-C=fstu", "--fields=+SKz", "-f", "-", *HOUSE).splitlines():
        name, path, rest = line.split("\t", 2)
        if not name.startswith(("!", "__anon")):
            yield name, path, re.search(r"kind:(\w+)", rest)[1], "file:" in rest


def names():
    functions, types = collections.defaultdict(list), collections.defaultdict(set)
    for name, path, kind, static in tags():
        if kind == "function":
            functions[name].append((path, static))
        else:
            types[name].add((kind, path))
    functions.pop("main", None)
    return functions, types


def wrong_names(functions, types):
    for name, at in sorted(functions.items()):
        external, static = [p for p, s in at if not s], [p for p, s in at if s]
        if len(external) > 1:
            yield f"{name} is an external function of {external}"
        if len(static) > STATIC_FILES_MAX:
            yield f"{name} is a static function of {len(static)} files: {static}"
    for name, at in sorted(types.items()):
        for kind in ("struct", "union", "typedef"):
            paths = sorted(p for k, p in at if k == kind)
            if len(paths) > 1:
                yield f"{name} is a type of {paths}"


def symbols(path):
    """(defined, undefined) symbols of an object that other objects can see."""
    of = collections.defaultdict(set)
    for line in output("nm", "-P", "--extern-only", path).splitlines():
        symbol, kind = line.split()[:2]
        of[kind].add(symbol)
    return set().union(*(of[kind] for kind in "TDRBV")), of["U"]


def calls():
    """File -> the files whose functions or data it uses."""
    objects = {}
    for house in HOUSE:
        for folder, _, found in os.walk(os.path.join(BUILD, house)):
            objects.update({os.path.relpath(os.path.join(folder, f), BUILD)[:-2]: os.path.join(folder, f) for f in found if f.endswith(".o")})
    objects = {name: path for name, path in objects.items() if os.path.exists(os.path.join(TOP, name + ".c"))}
    assert len(objects) > 200, f"no objects in {BUILD}: make all"
    seen = {name: symbols(path) for name, path in objects.items()}
    owner = collections.defaultdict(set)
    for name, (defined, _) in seen.items():
        for symbol in defined:
            owner[symbol].add(name)
    used = {}
    for name, (_, undefined) in seen.items():
        program = name.split("/")[0]
        theirs = [owner[s] for s in undefined if s in owner]
        used[name] = {o for some in theirs for o in some if o != name and (len(some) == 1 or o.split("/")[0] == program)}
    return used


def circles(used):
    """The strongly connected sets of more than one file (Tarjan, 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(used[name]):
            if other not in index:
                visit(other)
            if other in stack:
                low[name] = min(low[name], low[other])
        if low[name] == index[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10000)
    for name in sorted(used):
        if name not in index:
            visit(name)
    return sorted(found)


def wrong_circles(found):
    for circle in found:
        yield f"these files call each other in a circle: {' '.join(circle)}"


def wrong_prototypes(of):
    for folder, (count, bare) in sorted(of.items()):
        if bare > CONTRACTS_MISSING_MAX * count:
            yield f"{folder}: {bare} of {count} prototypes have no contract"


def prototypes():
    """(path, line number, has a contract) of every prototype in a header: a comment above it, or on its line."""
    for line in output("ctags", "-R", "--languages=C", "--map-C=+.h", "--kinds-C=p", "--fields=n", "--excmd=number", "-f", "-", *HOUSE).splitlines():
        name, path, rest = line.split("\t", 2)
        if name.startswith("!") or not path.endswith(".h"):
            continue
        at = int(re.search(r"line:(\d+)", rest)[1])
        lines = source_lines(path)
        last = next(i for i in range(at - 1, len(lines)) if ";" in lines[i])
        yield path, at, lines[at - 2].rstrip().endswith("*/") or "/*" in "".join(lines[at - 1:last + 1])


@functools.cache
def source_lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def without_contract():
    """Folder -> [prototypes, those without a contract]."""
    of = collections.defaultdict(lambda: [0, 0])
    for path, _, has in prototypes():
        for key in (os.path.dirname(path), "all"):
            of[key][0] += 1
            of[key][1] += not has
    return of


def wrong_twice():
    """A class, function or method in a Python file that a later one of the same body replaces: only that one is used. One with a decorator may be meant so."""
    for path in (p for top in PYTHON for p in glob.glob(f"{top}/**/*.py", recursive=True)):
        with open(path, encoding="utf-8") as f:
            tree = ast.parse(f.read())
        for node in ast.walk(tree):
            named = [n for n in getattr(node, "body", None) or () if isinstance(n, (ast.ClassDef, ast.FunctionDef)) and not n.decorator_list] \
                if isinstance(node, (ast.Module, ast.ClassDef)) else []
            for name, times in collections.Counter(n.name for n in named).items():
                if times > 1:
                    yield f"{path}: {name} is defined {times} times"


def figures(functions, found):
    total = sum(map(len, functions.values()))
    shared = sum(len(at) for at in functions.values() if len(at) > 1)
    print(f"functions {total}, of which {shared} share a name; circles {len(found)} with {sum(map(len, found))} files, the largest {max(map(len, found), default=0)}")
    for circle in found:
        print(" ".join(circle))
    for folder, (count, bare) in without_contract().items():
        print(f"{folder}: {count} prototypes, {count - bare} with a contract ({100 * (count - bare) // count} %)")


def main():
    os.chdir(TOP)
    functions, types = names()
    found = circles(calls())
    if "--figures" in sys.argv:
        return figures(functions, found)
    wrong = [*wrong_names(functions, types), *wrong_circles(found), *wrong_prototypes(without_contract()), *wrong_twice()]
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
