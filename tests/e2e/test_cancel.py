"""The client went away: its upstream call ends within half a second, wherever it stood."""

import time

import pytest

from support.emulator import mock, unique
from support.gateway import CHAT, chat_body
from support.program import wait_until

LIMIT = 0.5

WHERE = {
    # name: (script, whether the client streams, what to do until it leaves)
    "before the head": ({"hang_head": True}, True, "sent"),
    "before the head, not streaming": ({"hang_head": True}, False, "sent"),
    "before the first byte": ({"events": [{"text": "x"}], "hang_at": 0}, True, "sent"),
    "in mid-stream": ({"events": [{"text": "word "}, {"wait": "never"}]}, True, "streaming"),
    "in mid-stream, not streaming": ({"events": [{"text": "word "}, {"wait": "never"}]}, False, "sent"),
}


def leave(upstream, marker, where, how):
    """Starts the call, leaves, and returns how long the upstream call went on after that."""
    script, streams, until = WHERE[where]
    connection = upstream.gateway.connect()
    connection.request("POST", CHAT,
                       json=chat_body(mock(script, marker), upstream.model, stream=streams))
    wait_until(lambda: upstream.emulator.chats(marker), 5, "the upstream call")
    if until == "streaming":
        assert connection.head().status == 200
        assert next(connection.events())
    left = time.time()
    how(connection)
    record = wait_until(
        lambda: next((r for r in upstream.emulator.chats(marker) if r["closed_by_client"]), None),
        3, "the upstream call to be closed")
    return record["closed_at_ms"] / 1000 - left


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("where", WHERE)
def test_the_upstream_call_ends_with_the_client(upstream, marker, where, how):
    took = leave(upstream, marker, where, lambda connection: getattr(connection, how)())
    assert took <= LIMIT


def test_a_client_that_shuts_down_its_sending_side_counts_as_gone_or_is_served(upstream, marker):
    """Half-closed: either is a right reading of HTTP/1.1, but nothing may hang."""
    connection = upstream.gateway.connect(timeout=5)
    connection.request("POST", CHAT, json=chat_body(
        mock({"events": [{"text": "a"}, {"delay_ms": 50}, {"text": "b"}]}, marker), upstream.model))
    connection.socket.shutdown(1)
    try:
        answer = connection.answer()
        assert answer.status == 200
    except Exception as error:
        assert "closed" in str(error), error
    upstream.emulator.wait_idle()


def test_two_hundred_clients_that_leave_at_once_leave_nothing_behind(upstream):
    gateway, emulator = upstream.gateway, upstream.emulator
    emulator.wait_idle()
    marker = unique("crowd")
    body = chat_body(mock({"events": [{"text": "x"}, {"wait": "never"}]}, marker), upstream.model,
                     stream=True)
    files = gateway.open_files()
    connections = []
    for _ in range(200):
        connection = gateway.connect()
        connection.request("POST", CHAT, json=body)
        connections.append(connection)
    wait_until(lambda: emulator.state()["active"] >= 200, 20, "200 upstream calls")
    left = time.time()
    for connection in connections:
        connection.close()
    wait_until(lambda: emulator.state()["active"] == 0, 5, "the upstream to be idle")
    delays = sorted(r["closed_at_ms"] / 1000 - left for r in emulator.chats(marker))
    assert len(delays) == 200
    assert delays[int(len(delays) * 0.99) - 1] <= 1.0  # all together; one alone has half a second
    assert delays[-1] <= 2.0
    # Idle upstream connections may be kept; more than before must not pile up.
    wait_until(lambda: gateway.open_files() <= files + 70, 5, "the sockets to be closed")
    assert upstream.chat("still there?").status == 200
