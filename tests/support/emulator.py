"""The emulated upstreams, and how a test tells them what to answer.

    with Emulator("coze") as coze:
        coze.script({"status": 500, "body": "..."})        # the next call
        mock({"events": [{"text": "Hel"}, {"wait": "go"}, {"text": "lo"}]})   # in a message's text
        coze.signal_name("go")
        coze.requests("chat")
"""

import json
import threading

from support.http import fetch
from support.program import Program, wait_until

BOT = "7401000000000000001"
_count = 0
_lock = threading.Lock()


def unique(prefix="signal"):
    """A name nobody else uses: tests share emulators."""
    global _count
    with _lock:
        _count += 1
        return f"{prefix}-{_count}"


def mock(script, words=""):
    """A user message whose text is the script of its own answer."""
    return "!mock " + json.dumps(script) + (" " + words if words else "")


class Emulator(Program):
    def __init__(self, kind, *arguments, **options):
        self.kind = kind
        super().__init__("mock", kind, "--port", "0", *arguments, **options)
        self.url = f"http://127.0.0.1:{self.port}"

    def _admin(self, method, route, body=None):
        answer = fetch(self.port, method, f"/_emulator/{route}", json=body)
        assert answer.status == 200, answer
        return answer.json() if answer.body else None

    def script(self, answer, operation="chat", times=1):
        self._admin("POST", "script", {"operation": operation, "times": times, "answer": answer})

    def signal_name(self, name, keep=False):
        self._admin("POST", "signal", {"name": name, **({"keep": True} if keep else {})})

    def requests(self, operation=None):
        found = self._admin("GET", "requests" + (f"?operation={operation}" if operation else ""))
        return [r for r in found if operation is None or r["operation"] == operation]

    def chats(self, marker=""):
        """The recorded chat calls whose body holds the marker."""
        return [r for r in self.requests("chat")
                if marker in json.dumps(r["body"], ensure_ascii=False)]

    def chat(self, marker):
        """The one recorded chat call whose body holds the marker, once it is there."""
        found = wait_until(lambda: self.chats(marker), 5, f"a chat with {marker}")
        assert len(found) == 1, found
        return found[0]

    def state(self):
        return self._admin("GET", "state")

    def counter(self, operation):
        return self.state()["counters"].get(operation, 0)

    def reset(self):
        self._admin("POST", "reset", {})

    def advance_clock(self, milliseconds):
        self._admin("POST", "clock", {"advance_ms": milliseconds})

    def tokens(self, **settings):
        self._admin("POST", "tokens", settings)

    def device(self, **settings):
        self._admin("POST", "device", settings)

    def wait_idle(self, seconds=2.0):
        """Waits until no call is running."""
        wait_until(lambda: self.state()["active"] == 0, seconds, f"{self.kind} idle")
