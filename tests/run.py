#!/usr/bin/env python3
"""Runs all tests and prints `N passed, N failed` last: first what needs the processors, one stage after the other, then side by side what
mostly waits for processes.

A stage that does not finish in its time, crashes, runs no test, or leaves a process behind counts as one failure: nothing is
skipped in silence.

Few tests of processes that failed are tried once more when nothing else runs: a deadline that is missed among five stages on two busy processors says
nothing of the code. Such a test counts as what its second try says, and is named, for it is still to be mended. What fails both times has failed.
usage: tests/run.py [--long] [STAGE...]
"""
import argparse
import glob
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing
import xml.etree.ElementTree as ElementTree

BUILD = os.environ.get("BUILD", "build")
SANITIZED = os.path.basename(BUILD) in ("address", "undefined", "address,undefined", "thread")
SLOWER = 4 if SANITIZED else 1
if SANITIZED:  # drills preload what makes of a kill a power cut
    os.environ.setdefault("ASAN_OPTIONS", "verify_asan_link_order=0")
    os.environ.setdefault("TSAN_OPTIONS", f"suppressions={os.path.abspath('tests/thread/suppressions.txt')}")
NO_CRITERION = os.path.basename(BUILD) == "thread"  # it does not start under ThreadSanitizer
SIDE_BY_SIDE = 5
TRIED_AGAIN_MAX = 3  # more that fail are no accident
STOP = threading.Event()  # interrupted: what runs is ended, nothing is begun
APART = {"test_purity.py", "test_kafka.py", "test_end_to_end.py", "test_drill_real.py", "test_operate.py", "test_backup.py", "test_backup_objects.py", "test_drills.py",
         "test_h2spec.py", "test_hunt.py", "test_kafka_worst.py", "test_identity.py", "test_torture.py", "test_bounds.py", "test_flat.py",
         "test_attack.py", "test_attack_tool.py", "test_asyncapi.py", "test_follow_changes.py", "test_milestones.py", "test_openapi.py", "test_described.py",
         "test_refusals.py", "test_security.py", "test_real_kafka.py", "test_sdk.py", "test_live_pages.py", "test_playground.py", "test_members.py"}
DOOR = ("jwt", "visitors", "limits", "overload", "cdn", "browsers", "cors", "msgpack", "access_log", "viral")  # what a product team meets first
KEPT = ("central", "storage", "trust")  # central, what both keep on a disk, and whom they believe


class Stage:
    """A command, its limit in seconds, how its output tells the result, and whether it waits for processes and so runs beside others."""

    def __init__(self, name, command, limit_s, count, waits=False):
        self.name, self.command, self.limit_s, self.count, self.waits = name, command, limit_s * SLOWER, count, waits


class Result(typing.NamedTuple):
    """Of a stage; tests: those that failed, as far as it names them."""

    passed: int
    failed: int
    tests: list


def count_criterion(output, _):
    found = re.search(r"Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)", output)
    if not found:
        return 0, 0
    tested, passing = int(found[1]), int(found[2])
    return passing, tested - passing


def count_junit(_, path):
    if not os.path.exists(path):
        return 0, 0
    suite = ElementTree.parse(path).getroot().find("testsuite")
    total, bad = int(suite.get("tests")), sum(int(suite.get(k)) for k in ("failures", "errors", "skipped"))
    return total - bad, bad


def count_verdict(output, _):
    return (1, 0) if output.rstrip().endswith("verdict=held") else (0, 1)


def pytest(scratch, name, limit_s, *files, waits=True):
    report = f"{BUILD}/test-logs/{name}.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", f"--basetemp={scratch}/{name}",
               f"--junitxml={report}", *files]
    return Stage(name, command, limit_s, lambda output, _: count_junit(output, report), waits)


def others(integration):
    """The files of tests that no other stage names, in two halves."""
    files = sorted(f"{integration}/{f}" for f in os.listdir(integration)
                   if f.startswith("test_") and f.endswith(".py") and f not in APART and f[5:-3] not in (*DOOR, *KEPT))
    return files[::2], files[1::2]


def stages(scratch, long):
    """Of those that run side by side the long ones come first, so that none is left alone at the end."""
    integration = "tests/integration"
    process, process_too = others(integration)
    return [
        *([] if NO_CRITERION else [Stage("unit", [f"{BUILD}/unit-tests", "-j2"], 120, count_criterion)]),
        pytest(scratch, "simulation", 3600 if long else 200, f"{integration}/test_drills.py", f"{integration}/test_hunt.py", waits=False),
        Stage("memory", [f"{BUILD}/alloc-failure", "1" if long else "5"], 60, count_verdict),
        Stage("corpora", [f"{BUILD}/fuzz-replay"], 60, count_verdict),
        Stage("threads", [f"{BUILD}/loop-tsan"], 60, count_verdict),
        Stage("limiter", [f"{BUILD}/limiter-tsan"], 60, count_verdict),
        pytest(scratch, "purity", 60, f"{integration}/test_purity.py", waits=False),
        pytest(scratch, "process", 600, *process),
        pytest(scratch, "process-too", 600, *process_too),
        pytest(scratch, "openapi", 3600 if long else 300, f"{integration}/test_openapi.py", f"{integration}/test_described.py"),
        pytest(scratch, "end-to-end", 3600 if long else 500, f"{integration}/test_end_to_end.py"),
        pytest(scratch, "kept", 400, *(f"{integration}/test_{name}.py" for name in KEPT)),
        pytest(scratch, "door", 400, *(f"{integration}/test_{name}.py" for name in DOOR)),
        pytest(scratch, "attack", 3600 if long else 360, f"{integration}/test_attack.py"),
        pytest(scratch, "topics", 400, f"{integration}/test_asyncapi.py", f"{integration}/test_follow_changes.py",
               f"{integration}/test_milestones.py"),
        pytest(scratch, "sdk", 3600 if long else 400, f"{integration}/test_sdk.py", f"{integration}/test_live_pages.py"),
        pytest(scratch, "identity", 3600 if long else 360, f"{integration}/test_identity.py"),
        pytest(scratch, "drill", 5400 if long else 240, f"{integration}/test_drill_real.py"),
        *([pytest(scratch, "kafka-worst", 7200, f"{integration}/test_kafka_worst.py")] if long else []),
        pytest(scratch, "bounds", 7200 if long else 300, f"{integration}/test_bounds.py", f"{integration}/test_flat.py"),
        pytest(scratch, "operate", 240, f"{integration}/test_operate.py", f"{integration}/test_backup.py"),
        pytest(scratch, "backup-objects", 400, f"{integration}/test_backup_objects.py"),
        pytest(scratch, "attack-tool", 240, f"{integration}/test_attack_tool.py"),
        pytest(scratch, "playground", 240, f"{integration}/test_playground.py"),
        pytest(scratch, "torture", 3600 if long else 300, f"{integration}/test_torture.py"),
        pytest(scratch, "members", 400, f"{integration}/test_members.py"),
        pytest(scratch, "real-kafka", 300, f"{integration}/test_real_kafka.py"),
        pytest(scratch, "kafka", 240, f"{integration}/test_kafka.py"),
        pytest(scratch, "refusals", 240, f"{integration}/test_refusals.py", f"{integration}/test_security.py"),
        pytest(scratch, "h2spec", 270, f"{integration}/test_h2spec.py"),
    ]


def left(mark):
    """The processes that have this in their environment, whatever session they have made for themselves."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark.encode() in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass  # it has ended, or is somebody else's
    return found


def end(process, mark):
    """Ends a stage: politely when it still runs, so that it can stop what it has started; the rest by force. What was that?"""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + (30 if process.poll() is None else 2)
    while (process.poll() is None or left(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    rest = left(mark)
    for pid in rest:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    return rest


def wait(process, limit_s):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and not STOP.is_set():
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            pass
    return "interrupted" if STOP.is_set() else f"did not end within {limit_s} s"


def reporting(log):
    """(environment in which sanitizers write what they find into files, what those begin with): a daemon that is killed tells nobody by its exit code."""
    if not SANITIZED:
        return dict(os.environ), None
    begin = os.path.abspath(log) + ".found"
    for old in glob.glob(glob.escape(begin) + "*"):
        os.remove(old)
    return {**os.environ, **{k: f"{os.environ[k]}:log_path='{begin}'" for k in ("ASAN_OPTIONS", "TSAN_OPTIONS")}}, begin


def run_logged(stage, log):
    """Runs it and says how it ended: 0 when all is well, otherwise an exit code or words."""
    variable, value = "KUDOS_TEST_STAGE", f"{stage.name}-{os.getpid()}"
    env, found = reporting(log)
    with open(log, "wb") as out:
        try:
            process = subprocess.Popen(stage.command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       env={**env, variable: value}, start_new_session=True)
        except OSError as e:
            return f"cannot be run: {e}"
        rest = []
        try:
            status = wait(process, stage.limit_s)
        finally:
            rest = end(process, f"{variable}={value}")
    reports = glob.glob(glob.escape(found) + "*") if found else []
    if reports:
        return f"{len(reports)} reports of a sanitizer, as {reports[0]}"
    return f"left {len(rest)} processes behind" if status == 0 and rest else status


def run(stage):
    os.makedirs(f"{BUILD}/test-logs", exist_ok=True)
    log = f"{BUILD}/test-logs/{stage.name}.log"
    started = time.monotonic()
    status = run_logged(stage, log)
    output = open(log, errors="replace").read()
    passed, failed = stage.count(output, log)
    if failed == 0 and (status != 0 or passed == 0):
        failed = 1
    said = [f"  {'ok  ' if failed == 0 else 'FAIL'} {stage.name:12} {passed} passed, {failed} failed, {time.monotonic() - started:.1f} s"]
    if failed:
        said.append(f"--- end of {log} ({status if isinstance(status, str) else f'ended with {status}'})")
        said += [line[:400] for line in output.splitlines()[-60:]]
    print("\n".join(said), flush=True)
    return Result(passed, failed, failed_tests(output) if stage.waits else [])


def failed_tests(output):
    return re.findall(r"^(?:FAILED|ERROR) (\S+?\.py::.+?)(?: - .*)?$", output, re.MULTILINE)


def second_try(scratch, results):
    """What the second tries of the tests that failed change: tests that passed after all. Where anything else failed, a stage as a whole too, none has one."""
    failed = [result for result in results if result.failed]
    tests = [test for result in failed for test in result.tests]
    if not 0 < len(tests) <= TRIED_AGAIN_MAX or len(tests) != sum(result.failed for result in failed) or SANITIZED:
        return 0
    print(f"once more, alone: {', '.join(tests)}", flush=True)
    again = run(pytest(scratch, "second-try", 240, *tests))
    if again.failed == 0:
        print(f"  passed the second time and are to be mended: {', '.join(tests)}", flush=True)
    return again.passed


def take(waiting, results):
    while not STOP.is_set():
        try:
            stage = waiting.get_nowait()
        except queue.Empty:
            return
        results.append(run(stage))


def run_all(chosen):
    """The results; in threads, so that the main one may be interrupted."""
    results = []
    for waits, workers in ((False, 1), (True, SIDE_BY_SIDE)):
        waiting = queue.SimpleQueue()
        for stage in chosen:
            if stage.waits == waits:
                waiting.put(stage)
        threads = [threading.Thread(target=take, args=(waiting, results)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except KeyboardInterrupt:
            STOP.set()
            for thread in threads:
                thread.join()
            raise
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("stages", nargs="*")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if args.long:
        os.environ["KUDOS_LONG"] = "1"  # many files have more then
    scratch = tempfile.mkdtemp(prefix="kudos-")  # a short name: Unix sockets are made in it
    if NO_CRITERION and "unit" in (args.stages or ["unit"]):
        print("  left unit: Criterion does not start under ThreadSanitizer", flush=True)
    chosen = [s for s in stages(scratch, args.long) if not args.stages or s.name in args.stages]
    try:
        results = run_all(chosen)
    except KeyboardInterrupt:
        shutil.rmtree(scratch, ignore_errors=True)
        return 130
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    mended = second_try(scratch, results)
    passed, failed = passed + mended, failed - mended
    if failed:
        print(f"what the tests wrote is in {scratch}")
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
