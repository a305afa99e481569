"""Starts and stops the program, away from whatever the user of this machine has configured.

    with Program("serve", "--port", "0", env={"COZE_API_KEY": "..."}) as program:
        program.port
        ...
    # stopped by SIGTERM; fails unless it exited with 0 and no sanitizer complained

Each one gets a home and a working directory of its own and an environment that holds nothing but
what the test gives.
"""

import functools
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LISTENING = re.compile(r"listening on http://(?:127\.0\.0\.1|\[::1\]|0\.0\.0\.0):(\d+)")
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "UndefinedBehaviorSanitizer",
              "ThreadSanitizer", "runtime error:")
START_SECONDS = 30
STOP_SECONDS = 40


def binary():
    path = pathlib.Path(os.environ.get("DRAGOMAN_BINARY", ROOT / "build/dev/dragoman")).resolve()
    assert path.exists(), f"{path} is not built"
    return str(path)


@functools.cache
def sanitized():
    """Whether the program was built with AddressSanitizer: figures of memory mean less then."""
    return b"__asan_init" in pathlib.Path(binary()).read_bytes()


def clean_environment(home, extra=()):
    env = {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        # A small quarantine, or memory that was freed would look like memory in use.
        "ASAN_OPTIONS": "quarantine_size_mb=4:thread_local_quarantine_size_kb=64:exitcode=99",
        "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    }
    env.update(extra)
    return {name: str(value) for name, value in env.items() if value is not None}


class Lines:
    """What a process prints, read as it comes."""

    def __init__(self, stream):
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._stream = stream
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for raw in self._stream:
            with self._changed:
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern, seconds):
        """The first match of a line, or None when the stream ends or the time is over."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    return None
                self._changed.wait(left)

    @property
    def text(self):
        with self._changed:
            return "\n".join(self.lines)

    def join(self):
        self._thread.join(10)


class Program:
    def __init__(self, *arguments, env=(), home=None, files=(), limits=None, wait=True):
        """files: {name: text} put into the working directory. home: kept when given, else private.

        limits: {resource.RLIMIT_...: number}.
        """
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dragoman-test-"))
        self.home = pathlib.Path(home) if home else self.folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.cwd = self.folder / "cwd"
        self.cwd.mkdir()
        for name, text in dict(files).items():
            (self.cwd / name).write_text(text)

        def set_limits():
            for which, number in limits.items():
                resource.setrlimit(which, (number, number))

        self.process = subprocess.Popen(
            [binary(), *map(str, arguments)], cwd=self.cwd, env=clean_environment(self.home, env),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=set_limits if limits else None)
        self.stdout = Lines(self.process.stdout)
        self.stderr = Lines(self.process.stderr)
        self.port = None
        if wait:
            match = self.stdout.wait_for(LISTENING, START_SECONDS)
            if match is None:
                self.kill()
                raise AssertionError(f"{arguments}: did not start\n{self.output}")
            self.port = int(match.group(1))

    @property
    def pid(self):
        return self.process.pid

    @property
    def output(self):
        return f"--- stdout\n{self.stdout.text}\n--- stderr\n{self.stderr.text}"

    @property
    def logs(self):
        return self.stdout.text + "\n" + self.stderr.text

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """The exit code; kills and fails when it takes longer."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds} s\n{self.output}") from None
        self.stdout.join()
        self.stderr.join()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.stdout.join()
        self.stderr.join()

    def check_health_of_process(self, code):
        for word in SANITIZERS:
            assert word not in self.stderr.text, self.output
        assert code == 0, f"exit code {code}\n{self.output}"

    def stop(self):
        """SIGTERM, and the check that everything was in order. May be called again."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.check_health_of_process(code)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
            return
        # The test has failed already: its message matters more than ours, so only show the output.
        self.kill()
        print(self.output)
        shutil.rmtree(self.folder, ignore_errors=True)


def run(*arguments, env=(), home=None, files=(), seconds=30):
    """Runs a verb to its end: (exit code, standard output, standard error)."""
    program = Program(*arguments, env=env, home=home, files=files, wait=False)
    try:
        code = program.wait(seconds)
        for word in SANITIZERS:
            assert word not in program.stderr.text, program.output
        return code, program.stdout.text, program.stderr.text
    finally:
        program.kill()
        shutil.rmtree(program.folder, ignore_errors=True)


def wait_until(condition, seconds, what, interval=0.005):
    """Asks again and again; returns the first true value, and how long it took is up to seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(interval)
