"""The official OpenAI client for Python against the gateway, over both upstreams."""

import asyncio
import concurrent.futures
import json
import time

import openai
import pytest
from openai import OpenAI

from support.emulator import BOT, mock, unique
from support.gateway import CODEWHISPERER, COZE, Gateway
from support.program import wait_until


def client_of(gateway, **options):
    return OpenAI(**({"base_url": f"{gateway.url}/v1", "api_key": "sk-any", "max_retries": 0,
                      "timeout": 20} | options))


@pytest.fixture
def client(upstream):
    with client_of(upstream.gateway) as opened:
        yield opened


def user(text):
    return [{"role": "user", "content": text}]


def ask(client, upstream, script, **options):
    return client.chat.completions.create(model=upstream.model, messages=user(mock(script)), **options)


def collect(stream):
    text, finish, usage = "", None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return text, finish, usage


def test_an_answer_in_one_piece(client, upstream):
    answer = ask(client, upstream, {"events": [{"text": "Hel"}, {"text": "lo"},
                                               {"usage": {"input": 9, "output": 2}}]})
    assert answer.choices[0].message.content == "Hello"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == upstream.model
    assert answer.id.startswith("chatcmpl-")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 2)
    assert answer._request_id


def test_a_stream(client, upstream):
    stream = ask(client, upstream, {"events": [{"text": "a"}, {"text": "b"}]}, stream=True)
    assert collect(stream) == ("ab", "stop", None)


def test_usage_at_the_end_of_a_stream(client, upstream):
    stream = ask(client, upstream, {"events": [{"text": "a"}, {"usage": {"input": 5, "output": 1}}]},
                 stream=True, stream_options={"include_usage": True})
    text, finish, usage = collect(stream)
    assert (text, finish) == ("a", "stop")
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 1, 6)


def test_the_helper_that_follows_a_stream(client, upstream):
    with client.chat.completions.stream(
            model=upstream.model,
            messages=user(mock({"events": [{"text": "to "}, {"text": "the end"}]}))) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        completion = stream.get_final_completion()
    assert "".join(deltas) == "to the end"
    assert completion.choices[0].message.content == "to the end"


def test_the_raw_answer_has_its_headers(client, upstream):
    raw = client.chat.completions.with_raw_response.create(
        model=upstream.model, messages=user(mock({"events": [{"text": "x"}]})))
    assert raw.headers["x-request-id"] == raw.request_id
    assert raw.parse().choices[0].message.content == "x"


def test_the_first_delta_is_there_before_the_second_is_sent(client, upstream):
    go = unique("go")
    text = ""
    for chunk in ask(client, upstream, {"events": [{"text": "one"}, {"wait": go}, {"text": "two"}]},
                     stream=True):
        text += (chunk.choices and chunk.choices[0].delta.content) or ""
        if text == "one":
            upstream.emulator.signal_name(go)
    assert text == "onetwo"


def test_system_text_several_turns_and_unicode(client, upstream, marker):
    answer = client.chat.completions.create(model=upstream.model, messages=[
        {"role": "system", "content": "Sei knapp. 简洁"},
        {"role": "user", "content": f"erste {marker}"},
        {"role": "assistant", "content": "zweite 🙂"},
        {"role": "user", "content": [{"type": "text", "text": "dritte 世界"}]}])
    assert "世界" in answer.choices[0].message.content
    body = json.dumps(upstream.emulator.chat(marker)["body"], ensure_ascii=False)
    body = json.dumps(json.loads(body), ensure_ascii=False)
    for word in ("简洁", "zweite 🙂", "dritte 世界"):
        assert word in body or json.dumps(word)[1:-1] in body, word


def test_the_asynchronous_client(upstream):
    async def one(number):
        async with openai.AsyncOpenAI(base_url=f"{upstream.gateway.url}/v1", api_key="x",
                                      max_retries=0) as client:
            script = {"events": [{"text": f"<{number}>"}] * 10, "write_bytes": 11}
            stream = await client.chat.completions.create(
                model=upstream.model, messages=user(mock(script)), stream=True)
            text = ""
            async for chunk in stream:
                text += (chunk.choices and chunk.choices[0].delta.content) or ""
            return text

    async def many():
        return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(many()) == [f"<{number}>" * 10 for number in range(20)]


def test_a_failure_in_mid_stream_raises(client, upstream):
    stream = ask(client, upstream, {"events": [{"text": "part"}, upstream.failure_event()],
                                    "tail": False}, stream=True)
    text = ""
    with pytest.raises(openai.APIError) as raised:
        for chunk in stream:
            text += (chunk.choices and chunk.choices[0].delta.content) or ""
    assert text == "part"
    assert raised.value.type == "server_error"


def test_leaving_a_stream_ends_the_upstream_call_within_half_a_second(client, upstream, marker):
    stream = client.chat.completions.create(
        model=upstream.model, stream=True,
        messages=user(mock({"events": [{"text": "a"}, {"wait": "never"}]}, marker)))
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    left = time.time()
    stream.close()
    record = wait_until(lambda: next((r for r in upstream.emulator.chats(marker)
                                      if r["closed_by_client"]), None), 5, "the upstream call to end")
    assert record["closed_at_ms"] / 1000 - left <= 0.5


def failing(upstream, status, kind, reason, code):
    if upstream.name == "coze":
        return {"status": 200, "headers": {"content-type": "application/json"},
                "body": json.dumps({"code": code, "msg": "no"})}
    return {"status": status, "body": json.dumps({"message": "no", "reason": reason}),
            "headers": {"content-type": "application/json", "x-amzn-errortype": kind}}


@pytest.mark.parametrize("status, kind, reason, code, error, word", [
    (400, "ValidationException", "CONTENT_LENGTH_EXCEEDS_THRESHOLD", 4010, openai.BadRequestError,
     "context_length_exceeded"),
    (403, "AccessDeniedException", "TEMPORARILY_SUSPENDED", 4101, openai.PermissionDeniedError,
     "permission_denied"),
    (400, "ValidationException", "INVALID_MODEL_ID", 4200, openai.NotFoundError, "model_not_found"),
    (402, "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT", 4011, openai.RateLimitError,
     "insufficient_quota"),
    (429, "ThrottlingException", None, 4013, openai.RateLimitError, "rate_limit_exceeded"),
    (503, "ServiceUnavailableException", None, 4009, openai.InternalServerError, None),
])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_upstream_have_their_classes(client, upstream, stream, status, kind, reason,
                                                   code, error, word):
    with pytest.raises(error) as raised:
        ask(client, upstream, failing(upstream, status, kind, reason, code), stream=stream)
    if word:
        assert raised.value.code == word
    assert raised.value.request_id


def test_a_wrong_member_is_a_bad_request_error_that_names_it(client, upstream):
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model=upstream.model, messages=[
            {"role": "user", "content": "a"}, {"role": "user", "content": 7}])
    assert raised.value.param == "messages.1.content"
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model=upstream.model, messages=user("a"), n=2)
    assert raised.value.param == "n"


def test_a_client_that_may_retry_waits_as_it_is_told_and_succeeds(upstream, marker):
    limited = failing(upstream, 429, "ThrottlingException", None, 4013)
    limited["status"] = 429
    limited["headers"]["retry-after"] = "1"
    upstream.emulator.script(limited, times=3)
    started = time.monotonic()
    with client_of(upstream.gateway, max_retries=4) as client:
        answer = client.chat.completions.create(model=upstream.model, messages=user(marker))
    upstream.emulator.reset()
    assert answer.choices[0].message.content
    assert time.monotonic() - started >= 0.9


def test_a_client_that_may_retry_does_not_when_it_is_hopeless(upstream, marker):
    script = failing(upstream, 402, "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT", 4011)
    with client_of(upstream.gateway, max_retries=3) as client:
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model=upstream.model, messages=user(mock(script, marker)))
    assert len(upstream.emulator.chats(marker)) == 1


def test_models_are_listed_and_fetched(gateway):
    with client_of(gateway) as client:
        ids = [model.id for model in client.models.list()]
        assert "codewhisperer" in ids and "gpt-4" in ids
        assert client.models.retrieve("codewhisperer").id == "codewhisperer"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("no-such-model")


def test_an_endpoint_that_is_not_there_is_a_not_found_error(gateway):
    with client_of(gateway) as client, pytest.raises(openai.NotFoundError) as raised:
        client.embeddings.create(model="x", input="y")
    assert raised.value.code == "endpoint_not_found"


def test_extra_headers_choose_the_bot(gateway, coze, marker):
    with client_of(gateway) as client:
        client.chat.completions.create(model="whatever", messages=user(marker),
                                       extra_headers={"x-bot-id": BOT})
    assert len(coze.chats(marker)) == 1


def test_a_wrong_key_is_an_authentication_error_tried_once(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_API_KEYS": "right-key"}) as guarded:
        with client_of(guarded, api_key="wrong-key", max_retries=2) as client:
            with pytest.raises(openai.AuthenticationError) as raised:
                client.chat.completions.create(model=COZE, messages=user("hi"))
            assert raised.value.code == "invalid_api_key"
        with client_of(guarded, api_key="right-key") as client:
            answer = client.chat.completions.create(model=COZE, messages=user("hi"))
            assert answer.choices[0].message.content


def test_without_a_sign_in_it_is_a_503_with_the_hint_tried_once(codewhisperer):
    env = {"CODEWHISPERER_API_KEY": None, "CODEWHISPERER_ENABLED": "true"}
    with Gateway(codewhisperer, env=env) as signed_out:
        with client_of(signed_out, max_retries=2) as client:
            started = time.monotonic()
            with pytest.raises(openai.InternalServerError) as raised:
                client.chat.completions.create(model=CODEWHISPERER, messages=user("hi"))
            assert raised.value.status_code == 503
            assert "dragoman login" in str(raised.value)
            assert time.monotonic() - started < 0.4


def test_a_hundred_threads_share_a_client(client, upstream):
    def call(number):
        return ask(client, upstream, {"events": [{"text": f"<{number}>"}]}).choices[0].message.content

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert list(pool.map(call, range(100))) == [f"<{number}>" for number in range(100)]
