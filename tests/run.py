#!/usr/bin/env python3
"""Builds the program and runs its tests; the last line is "N passed, N failed".

Every runner leaves a report in JUnit's form below build/results/, and the reports are what is
counted. A test that was skipped, a runner that died, a build that broke: each is a failure.
Packages must be there already (scripts/setup test).
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
RESULTS = BUILD / "results"
JOBS = os.cpu_count() or 2


class Total:
    def __init__(self):
        self.passed = 0
        self.failures = []  # names
        self.stages = []  # (name, seconds, passed, failed)

    def fail(self, name):
        self.failures.append(name)

    def add_report(self, path, suite):
        """Counts a JUnit report. False: it is not there or says nothing."""
        try:
            cases = list(xml.parse(path).iter("testcase"))
        except (OSError, xml.ParseError):
            return False
        for case in cases:
            name = f"{suite}: {case.get('classname', '')} {case.get('name', '')}"
            bad = any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))
            if bad or case.get("status") == "notrun":
                self.fail(name)
            else:
                self.passed += 1
        return bool(cases)


def say(text):
    print(text, flush=True)


def call(command, **options):
    """Runs a command with its output on ours; true when it succeeded."""
    say("$ " + " ".join(str(part) for part in command))
    try:
        return subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL,
                              **options).returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"{command[0]}: {error}")
        return False


def build(total, preset):
    started = time.monotonic()
    done = (call(["cmake", "--preset", preset], stdout=subprocess.DEVNULL)
            and call(["cmake", "--build", "--preset", preset, "-j", JOBS]))
    say(f"built {preset} in {time.monotonic() - started:.0f} s")
    if not done:
        total.fail(f"build {preset}")
    return done


def unit(total, preset):
    """Every test program of the modules."""
    binaries = sorted(path for path in (BUILD / preset).rglob("*_test")
                      if path.is_file() and os.access(path, os.X_OK))
    if not binaries:
        total.fail(f"unit {preset}: no test program was built")

    def run(binary):
        report = RESULTS / f"{preset}-{binary.name}.xml"
        report.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                [binary, f"--gtest_output=xml:{report}", "--gtest_brief=1", "--gtest_color=no"],
                cwd=binary.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=600)
            return report, done.returncode, done.stdout.decode("utf-8", "replace")
        except subprocess.TimeoutExpired as late:
            return report, -1, (late.stdout or b"").decode("utf-8", "replace") + "\ntook too long"

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for binary, (report, code, output) in zip(binaries, pool.map(run, binaries)):
            before = len(total.failures)
            counted = total.add_report(report, f"unit {preset}")
            if code != 0 and len(total.failures) == before:  # died, or leaked at the end
                total.fail(f"unit {preset}: {binary.name} ended with {code}")
            elif not counted:
                total.fail(f"unit {preset}: {binary.name} ran no test")
            if len(total.failures) > before:
                say(f"--- {binary.name}, exit code {code}\n{output}")


def stamped(stamp, *inputs):
    """(the stamp says these inputs were installed, what to write when they are)"""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    return stamp.exists() and stamp.read_text() == digest, digest


def python(total):
    """The interpreter of build/venv, with tests/requirements.txt installed."""
    venv = BUILD / "venv"
    interpreter = venv / "bin/python"
    requirements = ROOT / "tests/requirements.txt"
    fresh, digest = stamped(venv / "stamp", requirements)
    if fresh and interpreter.exists():
        return interpreter
    shutil.rmtree(venv, ignore_errors=True)
    if not (call(["/usr/bin/python3", "-m", "venv", venv])
            and call([interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                      "-r", requirements])):
        total.fail("installing tests/requirements.txt")
        return None
    (venv / "stamp").write_text(digest)
    return interpreter


def node(total):
    """The pinned Node of tests/sdk/package.json, with everything beside it installed."""
    folder = ROOT / "tests/sdk"
    stamp = folder / "node_modules/.stamp"
    fresh, digest = stamped(stamp, folder / "package.json", folder / "package-lock.json")
    if not fresh:
        if not call(["npm", "ci", "--prefix", folder, "--no-audit", "--no-fund",
                     "--loglevel=error"]):
            total.fail("installing tests/sdk/package.json")
            return None
        stamp.write_text(digest)
    found = sorted(folder.glob("node_modules/node-linux-*/bin/node"))
    if not found:
        total.fail("no pinned Node for this processor")
        return None
    return found[0]


def test_environment(preset):
    env = dict(os.environ)
    env["DRAGOMAN_BINARY"] = str(BUILD / preset / "dragoman")
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env


def pytest(total, preset, name, folders, extra=()):
    interpreter = python(total)
    runtime = node(total) if folders[0] in ("sdk", "e2e") else None
    if interpreter is None:
        return
    env = test_environment(preset)
    if runtime:
        env["DRAGOMAN_NODE"] = str(runtime)
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    before = len(total.failures)
    worked = call([interpreter, "-m", "pytest", "-c", ROOT / "tests/pytest.ini", "-q",
                   f"--junitxml={report}", *extra, *(ROOT / "tests" / f for f in folders)],
                  env=env, timeout=1500)
    if not total.add_report(report, name):
        total.fail(f"{name}: no report")
    elif not worked and len(total.failures) == before:
        total.fail(f"{name}: the runner failed")


def lint(total, _):
    pytest(total, "dev", "lint", ["lint"])


def e2e(total, preset):
    pytest(total, preset, "e2e", ["e2e"], ["-n", "2", "--dist", "loadfile"])


def probes(total, preset):
    pytest(total, preset, "probes", ["probes"], ["-n", "2", "--dist", "loadfile"])


def sdk(total, preset):
    """The official clients, in Python and in Node."""
    pytest(total, preset, "sdk-python", ["sdk"])
    runtime = node(total)
    if runtime is None:
        return
    report = RESULTS / "sdk-node.xml"
    report.unlink(missing_ok=True)
    before = len(total.failures)
    folder = ROOT / "tests/sdk"
    tests = sorted(folder.glob("*.test.mjs")) + sorted(folder.glob("vendor/*.test.mjs"))
    worked = call([runtime, "--test", "--test-reporter=spec", "--test-reporter-destination=stdout",
                   "--test-reporter=junit", f"--test-reporter-destination={report}",
                   "--test-concurrency=1", "--test-timeout=120000", *tests],
                  env=test_environment(preset), timeout=900)
    if not total.add_report(report, "sdk-node"):
        total.fail("sdk-node: no report")
    elif not worked and len(total.failures) == before:
        total.fail("sdk-node: the runner failed")


def figures(total):
    """What is measured in bytes and seconds, on the build that users run."""
    if build(total, "release"):
        pytest(total, "release", "figures", ["probes/test_backpressure.py", "probes/test_files.py",
                                             "probes/test_limits.py", "probes/test_slow.py",
                                             "e2e/test_stop.py", "e2e/test_cancel.py"])


def formatting(total, _):
    """clang-format has nothing to change."""
    tracked = subprocess.run(["git", "ls-files", "-z", "src", "tests"], cwd=ROOT, check=True,
                             capture_output=True).stdout.decode().split("\0")
    files = [name for name in tracked if name.endswith((".cpp", ".hpp"))]
    if not files:
        total.fail("format: no source files")
    done = subprocess.run(["clang-format-19", "--dry-run", *files], cwd=ROOT, text=True,
                          capture_output=True)
    if done.returncode != 0:
        total.fail("format: clang-format-19 failed: " + done.stderr)
    wrong = {name for name in files if f"{name}:" in done.stderr}
    for name in sorted(wrong):
        total.fail(f"format: {name} (clang-format-19 -i {name})")
    if files and not wrong:
        total.passed += 1


SUITES = {"unit": unit, "lint": lint, "e2e": e2e, "probes": probes, "sdk": sdk}
NEED_BUILD = {"unit", "e2e", "probes", "sdk"}


def stage(total, name, work):
    say(f"=== {name}")
    started, passed, failed = time.monotonic(), total.passed, len(total.failures)
    try:
        work()
    except Exception as error:  # a bug of ours must not pass for success
        total.fail(f"{name}: {error!r}")
    total.stages.append((name, time.monotonic() - started, total.passed - passed,
                         len(total.failures) - failed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suites", nargs="*", metavar="suite",
                        help=f"only these: {', '.join(SUITES)}; all by default")
    parser.add_argument("--preset", default="dev", help="what to build and test: dev (default), tsan, gcc")
    parser.add_argument("--no-build", action="store_true", help="test what is built")
    parser.add_argument("--ci", action="store_true",
                        help="also the unit tests built by the second compiler, the figures of the"
                             " release build, and the formatting")
    options = parser.parse_args()
    suites = options.suites or list(SUITES)
    unknown = set(suites) - set(SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")

    RESULTS.mkdir(parents=True, exist_ok=True)
    total = Total()
    built = True
    if not options.no_build and NEED_BUILD & set(suites):
        def compile_it():
            nonlocal built
            built = build(total, options.preset)
        stage(total, f"build {options.preset}", compile_it)
    for name in suites:
        if built or name not in NEED_BUILD:
            stage(total, name, lambda name=name: SUITES[name](total, options.preset))
    if options.ci:
        def second_compiler():
            if build(total, "gcc"):
                unit(total, "gcc")
        stage(total, "second compiler", second_compiler)
        stage(total, "figures of release", lambda: figures(total))
        stage(total, "format", lambda: formatting(total, None))

    say("")
    for name, seconds, passed, failed in total.stages:
        say(f"{name:<20} {seconds:6.0f} s  {passed:5} passed  {failed:3} failed")
    for name in total.failures:
        say(f"FAILED {name}")
    say(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures or total.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
