"""A stop drains: what runs ends well, nothing new begins, the exit code is 0."""

import signal
import socket
import threading
import time

import pytest

from support.emulator import mock, unique
from support.gateway import CODEWHISPERER, COZE, Gateway, read_stream
from support.http import Cut, fetch
from support.program import wait_until

MODELS = [CODEWHISPERER, COZE]


def refuses(port):
    """No new request is taken: refused, or 503 with the connection closed."""
    try:
        answer = fetch(port, "GET", "/health", timeout=2)
    except (OSError, Cut):
        return True
    assert answer.status == 503 and answer.header("connection") == "close", answer
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_program_stops_at_once_with_0(codewhisperer, coze, number):
    with Gateway(codewhisperer, coze) as gateway:
        idle = gateway.connect()
        idle.request("GET", "/health")
        assert idle.answer().status == 200
        started = time.monotonic()
        gateway.signal(number)
        assert gateway.wait(5) == 0
        # A sanitizer build looks for leaks before it ends.
        assert time.monotonic() - started < 2.5
        assert idle.closed_within(1)


@pytest.mark.parametrize("count", [1, 100])
def test_running_streams_end_well_and_nothing_new_begins(codewhisperer, coze, count):
    with Gateway(codewhisperer, coze) as gateway:
        go = unique("go")
        script = {"events": [{"text": "begin "}, {"wait": go}, {"text": "end"}]}
        streams = []
        for number in range(count):
            stream = gateway.stream(mock(script), MODELS[number % 2])
            pieces = stream.chunks()
            streams.append((stream, pieces, next(pieces)))
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses_now(gateway.port), 5, "new connections to be refused")
        assert gateway.process.poll() is None
        for emulator in (codewhisperer, coze):
            emulator.signal_name(go, keep=True)
        for stream, pieces, first in streams:
            text, finish, error, _, done = read_stream([first, *pieces])
            assert (text, finish, error, done) == ("begin end", "stop", None, True)
            stream.connection.close()
        assert gateway.wait(5) == 0


def refuses_now(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            pass
    except OSError:
        return True
    try:
        return fetch(port, "GET", "/health", timeout=1).status == 503
    except (OSError, Cut):
        return True


def test_an_answer_in_one_piece_ends_well_and_closes_its_connection(codewhisperer, coze):
    with Gateway(codewhisperer, coze) as gateway:
        go, marker = unique("go"), unique("drain")
        connection = gateway.connect()
        connection.request("POST", "/v1/chat/completions", json={
            "model": COZE,
            "messages": [{"role": "user", "content": mock({"events": [{"wait": go}, {"text": "ok"}]}, marker)}]})
        wait_until(lambda: coze.chats(marker), 5, "the upstream call")
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses_now(gateway.port), 5, "new connections to be refused")
        coze.signal_name(go)
        answer = connection.answer()
        assert answer.status == 200
        assert answer.json()["choices"][0]["message"]["content"] == "ok"
        assert answer.header("connection") == "close"
        assert connection.closed_within(1)
        assert gateway.wait(5) == 0


def test_a_second_request_on_an_open_connection_is_not_begun_while_draining(codewhisperer, coze):
    with Gateway(codewhisperer, coze) as gateway:
        go, marker = unique("go"), unique("drain")
        stream = gateway.stream(mock({"events": [{"text": "a"}, {"wait": go}]}, marker), COZE)
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses_now(gateway.port), 5, "new connections to be refused")
        late = unique("late")
        stream.connection.send(
            b"GET /health?" + late.encode() + b" HTTP/1.1\r\nhost: a\r\n\r\n")
        coze.signal_name(go)
        assert read_stream(stream.chunks())[4]
        assert stream.connection.closed_within(2)
        assert stream.connection.buffer == b"" or b" 503 " in stream.connection.buffer
        assert gateway.wait(5) == 0


def test_a_stream_that_does_not_end_is_cut_at_the_limit(codewhisperer, coze):
    with Gateway(codewhisperer, coze, env={"DRAGOMAN_DRAIN_TIMEOUT": "1s"}) as gateway:
        marker = unique("drain")
        stream = gateway.stream(mock({"events": [{"text": "a"}, {"wait": "never"}]}, marker), COZE)
        chunks = stream.chunks()
        next(chunks)
        started = time.monotonic()
        gateway.signal(signal.SIGTERM)
        try:
            text, finish, error, _, done = read_stream(chunks)
            assert not done and finish is None
        except Cut:
            pass
        assert 0.7 <= time.monotonic() - started <= 3
        assert gateway.wait(5) == 0
        wait_until(lambda: coze.chat(marker)["closed_by_client"], 2, "the upstream call to end")


def test_a_second_signal_ends_at_once(codewhisperer, coze):
    with Gateway(codewhisperer, coze) as gateway:
        stream = gateway.stream(mock({"events": [{"text": "a"}, {"wait": "never"}]}), COZE)
        next(stream.chunks())
        gateway.signal(signal.SIGTERM)
        wait_until(lambda: refuses_now(gateway.port), 5, "new connections to be refused")
        started = time.monotonic()
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(5)
        assert time.monotonic() - started < 1.5
        assert stream.connection.closed_within(1)
        gateway.process.returncode = 0  # any code is right here: it was told to drop everything


@pytest.mark.parametrize("kind", ["codewhisperer", "coze"])
def test_an_emulator_stops_with_0_too(kind):
    from support.emulator import Emulator
    with Emulator(kind) as emulator:
        assert emulator.state()["active"] == 0


def test_load_during_the_stop_gets_whole_answers_or_none(codewhisperer, coze):
    """Clients keep calling while the program stops: none sees half an answer."""
    with Gateway(codewhisperer, coze) as gateway:
        broken, served = [], []
        stop = threading.Event()

        def call():
            while not stop.is_set():
                try:
                    answer = gateway.chat(mock({"events": [{"text": "a"}, {"text": "b"}]}), COZE,
                                          stream=True, timeout=5)
                except ConnectionError:
                    continue
                except Cut as cut:
                    if cut.received:
                        broken.append(cut)
                    continue
                if answer.status == 200 and answer.events()[-1:] != ["[DONE]"]:
                    broken.append(answer)
                served.append(answer.status)

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(served) > 20, 10, "some load")
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(10) == 0
        stop.set()
        for thread in threads:
            thread.join()
        assert broken == []
