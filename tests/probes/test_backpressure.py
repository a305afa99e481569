"""A client that reads slowly slows its upstream: nothing piles up in between, and nothing is lost."""

import time

import pytest

from support.flood import MEBIBYTE, Flood, numbered
from support.gateway import CHAT, CODEWHISPERER, COZE, Gateway, chat_body
from support.program import sanitized, wait_until

CLIENTS = 20
# Red zones and freed memory that is not yet reused count in a sanitizer's build.
KIB_A_STREAM = 2048 if sanitized() else 256
OFFERED = 40  # MiB a stream


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["codewhisperer", "coze"])
def test_clients_that_read_nothing_cost_little_and_lose_nothing(kind):
    with Flood(kind, OFFERED) as flood:
        env = {"CODEWHISPERER_ENDPOINT": flood.url, "CODEWHISPERER_API_KEY": "ksk_x", "COZE_BASE_URL": flood.url,
               "COZE_API_KEY": "pat_x", "COZE_BOT_ID": "1", "DRAGOMAN_WORKERS": "2",
               "CODEWHISPERER_ENABLED": "true", "DRAGOMAN_CLIENT_STALL_TIMEOUT": "120s",
               "DRAGOMAN_UPSTREAM_SILENCE_TIMEOUT": "120s",
               # What the address sanitizer keeps of freed memory is not ours.
               "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=16"}
        model = CODEWHISPERER if kind == "codewhisperer" else COZE
        with Gateway(env=env) as gateway:
            warm = gateway.connect(receive_buffer=4096)
            warm.request("POST", CHAT, json=chat_body("hi", model, stream=True))
            assert warm.head().status == 200
            time.sleep(0.5)
            before = gateway.rss_bytes()
            connections = []
            for _ in range(CLIENTS):
                connection = gateway.connect(receive_buffer=4096, timeout=60)
                connection.request("POST", CHAT, json=chat_body("hi", model, stream=True))
                connections.append(connection)
            wait_until(lambda: len(flood.sent) == CLIENTS + 1 and min(flood.sent.values()) > 100_000, 20,
                       "all streams to flow")
            settled(flood)
            grown = gateway.rss_bytes() - before
            assert grown <= CLIENTS * KIB_A_STREAM * 1024, f"{grown / CLIENTS / 1024:.0f} KiB a stream"
            # The upstreams were stopped: what they could send is what kernels buffer.
            assert max(flood.sent.values()) < OFFERED * MEBIBYTE * 0.8
            assert gateway.fetch("GET", "/health").status == 200
            cpu = gateway.cpu_seconds()
            time.sleep(1)
            assert gateway.cpu_seconds() - cpu < 0.2, "busy while nothing moves"
            # Three of them go on reading: all is there, in order.
            import json
            for connection in connections[:3]:
                assert connection.head().status == 200
                expected = 0
                finished = False
                for data in connection.events():
                    if data == "[DONE]":
                        finished = True
                        continue
                    for choice in json.loads(data)["choices"]:
                        text = choice["delta"].get("content")
                        if text:
                            for start in range(0, len(text), len(numbered(0))):
                                assert text[start:start + 8] == f"{expected:08d}"
                                expected += 1
                assert finished and expected == flood.count
            for connection in [warm, *connections]:
                connection.close()


def settled(flood):
    """Waits until no upstream has sent anything for half a second."""
    seen, since = None, time.monotonic()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = sum(flood.sent.values())
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > 0.5:
            return
        time.sleep(0.05)
    raise AssertionError("the upstreams never came to rest")
