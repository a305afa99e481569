"""An upstream that says nothing: an honest error at the documented time, not later, not earlier."""

import time

import pytest

from support.emulator import mock
from support.gateway import CODEWHISPERER, COZE, Gateway, read_stream

LIMIT = 1.5


@pytest.fixture(scope="module")
def hasty(codewhisperer, coze):
    """A gateway that waits for no upstream longer than LIMIT."""
    with Gateway(codewhisperer, coze,
                 env={"DRAGOMAN_UPSTREAM_SILENCE_TIMEOUT": f"{LIMIT}s"}) as running:
        yield running


MODELS = pytest.mark.parametrize("model", [CODEWHISPERER, COZE], ids=["codewhisperer", "coze"])


def in_time(started):
    took = time.monotonic() - started
    assert LIMIT - 0.2 <= took <= LIMIT + 1.2, f"{took:.2f} s"


@MODELS
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [{"hang_head": True}, {"hang_at": 0}, {"hang_at": 9}])
def test_silence_before_the_first_event_is_a_504(hasty, model, stream, fault):
    started = time.monotonic()
    answer = hasty.chat(mock({"events": [{"text": "x"}], **fault}), model, stream=stream)
    in_time(started)
    assert answer.status == 504, answer
    assert answer.error["code"] == "upstream_timeout"


@MODELS
def test_silence_in_mid_stream_is_an_error_chunk(hasty, model):
    script = {"events": [{"text": "word"}, {"wait": "never"}]}
    with hasty.stream(mock(script), model) as stream:
        started = time.monotonic()
        text, finish, error, _, done = read_stream(stream.chunks())
    in_time(started)
    assert (text, finish, done) == ("word", None, False)
    assert error["code"] == "upstream_timeout"


@MODELS
def test_silence_in_mid_stream_fails_a_request_that_does_not_stream(hasty, model):
    answer = hasty.chat(mock({"events": [{"text": "word"}, {"wait": "never"}]}), model)
    assert answer.status == 504, answer


@MODELS
def test_pauses_shorter_than_the_limit_do_no_harm(hasty, model):
    events = []
    for _ in range(4):
        events += [{"text": "w"}, {"delay_ms": int(LIMIT * 600)}]
    assert hasty.chat(mock({"events": events}), model).json()["choices"][0]["message"]["content"] == "wwww"


@MODELS
def test_others_are_served_while_an_upstream_is_silent(hasty, model):
    connections = []
    for _ in range(50):
        connection = hasty.connect()
        connection.request("POST", "/v1/chat/completions", json={
            "model": model, "messages": [{"role": "user", "content": mock({"hang_head": True})}]})
        connections.append(connection)
    started = time.monotonic()
    assert hasty.fetch("GET", "/health").status == 200
    assert hasty.chat("hello", model).status == 200
    assert time.monotonic() - started < LIMIT
    for connection in connections:
        assert connection.answer().status == 504
        connection.close()


def test_an_upstream_nobody_listens_at_is_an_error_at_once(codewhisperer, coze):
    env = {"CODEWHISPERER_ENDPOINT": "http://127.0.0.1:1", "COZE_BASE_URL": "http://127.0.0.1:1"}
    with Gateway(codewhisperer, coze, env=env) as gateway:
        for model in (CODEWHISPERER, COZE):
            started = time.monotonic()
            answer = gateway.chat("hello", model)
            assert time.monotonic() - started < 5
            assert answer.status == 502, answer
            assert answer.error["code"] == "upstream_unreachable"
            assert "127.0.0.1" not in answer.error["message"]
