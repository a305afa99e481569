"""Out of file descriptors: it does not crash or spin, and serves again when there are some."""

import resource
import socket
import time

from support.gateway import COZE, Gateway
from support.http import Cut
from support.program import wait_until


def served(gateway):
    try:
        return gateway.fetch("GET", "/health", timeout=1).status == 200
    except (OSError, Cut):
        return False


def test_six_hundred_connections_on_256_descriptors(coze):
    with Gateway(coze=coze, limits={resource.RLIMIT_NOFILE: 256}) as gateway:
        assert gateway.chat("hello", COZE).status == 200
        held = []
        for _ in range(600):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", gateway.port))
            held.append(connection)
        wait_until(lambda: gateway.open_files() >= 240, 5, "the descriptors to be used up")
        time.sleep(0.5)
        before = gateway.cpu_seconds()
        time.sleep(2)
        assert (gateway.cpu_seconds() - before) / 2 < 0.20, "it spins while it is full"
        assert gateway.process.poll() is None
        for connection in held:
            connection.close()
        wait_until(lambda: served(gateway), 1.5, "service after the relief")
        wait_until(lambda: gateway.chat("hello", COZE).status == 200, 2, "a chat after the relief")


def test_upstream_calls_without_descriptors_fail_honestly(coze):
    with Gateway(coze=coze, limits={resource.RLIMIT_NOFILE: 64}) as gateway:
        idle = [gateway.connect() for _ in range(40)]
        time.sleep(0.2)
        statuses = set()
        for _ in range(20):
            try:
                statuses.add(gateway.chat("hello", COZE, timeout=15).status)
            except (Cut, OSError):
                statuses.add("refused")
        assert statuses <= {200, 502, 503, "refused"}, statuses
        for connection in idle:
            connection.close()
        wait_until(lambda: served(gateway), 2, "service after the relief")
