"""Clients that are slow on purpose: each is let go at its time, and nobody else notices."""

import resource
import selectors
import socket
import threading
import time

import pytest

from probe import get, post
from support.emulator import mock
from support.gateway import CHAT, COZE, Gateway, chat_body
from support.http import Connection

TIMEOUT = 2.0
COUNT = 1000


@pytest.fixture(scope="module")
def strict(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_HEAD_TIMEOUT": f"{TIMEOUT}s", "DRAGOMAN_BODY_STALL_TIMEOUT": f"{TIMEOUT}s"},
                 limits={resource.RLIMIT_NOFILE: 8192}) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# What is sent at once, and what is dribbled one byte at a time after that.
KINDS = {
    "half a request line": (b"GET /hea", b""),
    "half a head": (get()[:-2], b""),
    "a head that dribbles": (get()[:-2], b"X-Slow: " + b"a" * 200),
    "header lines that dribble": (get()[:-2], b"a: b\r\n" * 40),
    "half a body": (post("Content-Length: 100", body=b"{"), b""),
    "half a chunk size": (post("Transfer-Encoding: chunked", body=b"1"), b""),
    "half a chunk": (post("Transfer-Encoding: chunked", body=b"a\r\n{"), b""),
    "no last chunk": (post("Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"), b""),
}


def hold(port, count, seconds):
    """Opens the connections, dribbles, and returns (kind, seconds until closed or None) of each."""
    selector = selectors.DefaultSelector()
    kinds = list(KINDS)
    states = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        begin, dribble = KINDS[kind]
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(begin)
        connection.setblocking(False)
        state = {"kind": kind, "socket": connection, "since": time.monotonic(), "dribble": dribble, "closed": None,
                 "received": b""}
        states.append(state)
        selector.register(connection, selectors.EVENT_READ, state)
    next_byte = time.monotonic() + 0.1
    deadline = time.monotonic() + seconds
    left = count
    while left and time.monotonic() < deadline:
        for key, _ in selector.select(0.05):
            state = key.data
            try:
                data = state["socket"].recv(4096)
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                data = b""
            state["received"] += data
            if not data:
                state["closed"] = time.monotonic() - state["since"]
                selector.unregister(state["socket"])
                state["socket"].close()
                left -= 1
        if time.monotonic() >= next_byte:
            next_byte += 0.1
            for state in states:
                if state["dribble"] and state["closed"] is None:
                    try:
                        state["socket"].send(state["dribble"][:1])
                        state["dribble"] = state["dribble"][1:]
                    except OSError:
                        pass
    for state in states:
        if state["closed"] is None:
            state["socket"].close()
    return states


def test_a_thousand_slow_clients_are_let_go_in_time_and_nobody_else_waits(strict):
    result = []
    thread = threading.Thread(target=lambda: result.extend(hold(strict.port, COUNT, TIMEOUT + 8)))
    thread.start()
    waits = []
    while thread.is_alive():
        started = time.monotonic()
        assert strict.fetch("GET", "/health").status == 200
        waits.append(time.monotonic() - started)
        time.sleep(0.02)
    thread.join()
    assert len(result) == COUNT
    late = [(s["kind"], s["closed"]) for s in result if s["closed"] is None or s["closed"] > TIMEOUT + 1 + 3]
    early = [(s["kind"], s["closed"]) for s in result if s["closed"] is not None and s["closed"] < TIMEOUT - 0.3]
    assert late == [], late[:5]
    assert early == [], early[:5]
    waits.sort()
    # The two thousand Python calls of this very test share the processor with it.
    assert waits[int(len(waits) * 0.99) - 1] < 0.25, waits[-5:]
    answers = {s["received"].split(b"\r\n")[0] for s in result}
    assert answers <= {b"HTTP/1.1 408 Request Timeout", b""}, answers


@pytest.mark.parametrize("kind", KINDS)
def test_one_slow_client_is_let_go_at_its_time(strict, kind):
    [state] = hold_one(strict.port, kind)
    assert state["closed"] is not None
    # A refusal is followed by a short wait for what the client still sends.
    first = state["answered"] if state["answered"] is not None else state["closed"]
    assert TIMEOUT - 0.2 <= first <= TIMEOUT + 1, state


def hold_one(port, kind):
    begin, dribble = KINDS[kind]
    state = {"answered": None, "closed": None}
    with Connection(port) as connection:
        connection.send(begin)
        since = time.monotonic()
        connection.socket.settimeout(0.1)
        while time.monotonic() - since < TIMEOUT + 6:
            try:
                data = connection.socket.recv(4096)
            except TimeoutError:
                if dribble and state["answered"] is None:
                    try:
                        connection.socket.send(dribble[:1])
                        dribble = dribble[1:]
                    except OSError:
                        pass
                continue
            except ConnectionError:
                data = b""
            if not data:
                state["closed"] = time.monotonic() - since
                break
            if state["answered"] is None:
                state["answered"] = time.monotonic() - since
                assert data.startswith(b"HTTP/1.1 408 "), data
    return [state]


def test_a_body_that_keeps_coming_is_not_cut(strict):
    """Slow is not stalled: a byte now and then is progress."""
    body = b'{"messages":[]}'
    with Connection(strict.port) as connection:
        connection.send(post(f"Content-Length: {len(body)}", body=b""))
        for index in range(len(body)):
            time.sleep(TIMEOUT / 8)
            connection.send(body[index:index + 1])
        assert connection.answer().error["param"] == "messages"


def test_a_client_that_reads_nothing_of_its_answer_is_let_go(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_CLIENT_STALL_TIMEOUT": "1s"}) as gateway:
        script = {"events": [{"text": "x" * 4000}] * 900}
        with gateway.connect(receive_buffer=4096) as connection:
            connection.request("POST", CHAT, json=chat_body(mock(script), COZE, stream=True))
            time.sleep(0.5)
            files = gateway.open_files()
            deadline = time.monotonic() + 6
            while gateway.open_files() >= files and time.monotonic() < deadline:
                time.sleep(0.05)
            assert gateway.open_files() < files, "the stalled client still holds its connection"
        coze.wait_idle(3)
