"""What nobody may see: no secret, prompt or reply in logs; nothing of the inside in errors."""

import json
import os
import re
import resource
import signal

import pytest

from support.emulator import Emulator, mock
from support.gateway import CHAT, CODEWHISPERER, COZE, Gateway
from support.program import run

PROMPT = "canary-prompt-7f3a"
REPLY = "canary-reply-91bc"
CLIENT_KEY = "canary-client-key-55d0"
WRONG_KEY = "canary-wrong-key-0e1f"
COZE_KEY = "pat_canary-coze-key-88aa"
AWS_KEY = "ksk_canary-aws-key-2c2c"
SYSTEM = "canary-system-text-6b6b"
USER = "canary-user-name-d4d4"


@pytest.mark.parametrize("level", ["debug", "info"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_logs_hold_no_secret_no_prompt_and_no_reply(level, form):
    env = {"DRAGOMAN_LOG_LEVEL": level, "DRAGOMAN_LOG_FORMAT": form, "ENABLE_LOGGING": "true",
           "DRAGOMAN_API_KEYS": CLIENT_KEY}
    good = {"authorization": f"Bearer {CLIENT_KEY}"}
    with Emulator("codewhisperer") as codewhisperer, Emulator("coze") as coze:
        with Gateway(codewhisperer, coze, env=env) as gateway:
            for model in (CODEWHISPERER, COZE):
                for stream in (False, True):
                    for script in (
                            {"events": [{"text": REPLY}]},
                            {"events": [{"text": REPLY}], "cut_at": 150},
                            {"events": [{"reasoning": REPLY}], "corrupt_at": 40},
                            {"status": 500, "body": REPLY},
                            {"status": 400, "body": json.dumps({"message": REPLY, "code": 4000,
                                                                "msg": REPLY})},
                            {"status": 403, "body": "<html>" + REPLY}):
                        gateway.chat([{"role": "system", "content": SYSTEM},
                                      {"role": "user", "content": mock(script, PROMPT)}]
                                     if model == CODEWHISPERER else mock(script, PROMPT),
                                     model, headers=good, stream=stream, user=USER)
            for body in ({"messages": PROMPT}, {"messages": [{"role": PROMPT, "content": REPLY}]},
                         {"model": PROMPT * 3, "messages": [{"role": "user", "content": [PROMPT]}]}):
                gateway.fetch("POST", CHAT, good, json=body)
            gateway.fetch("POST", CHAT, good, body=PROMPT)
            gateway.fetch("POST", CHAT, {"authorization": f"Bearer {WRONG_KEY}"}, json={})
            gateway.fetch("GET", "/v1/models", {"x-api-key": WRONG_KEY})
            gateway.fetch("GET", f"/v1/models?key={WRONG_KEY}", good)
            gateway.stop()
            logs = gateway.logs
        assert "finished" in logs or " 200" in logs or '"status":200' in logs, logs  # it did log
        for canary in (PROMPT, REPLY, SYSTEM, USER, CLIENT_KEY, WRONG_KEY, "ksk_emulator",
                       "pat_emulator"):
            assert canary not in logs, canary


def test_refused_credentials_are_shown_to_nobody():
    with Emulator("codewhisperer") as codewhisperer, Emulator("coze") as coze:
        env = {"CODEWHISPERER_API_KEY": AWS_KEY, "COZE_API_KEY": COZE_KEY, "DRAGOMAN_LOG_LEVEL": "debug"}
        with Gateway(codewhisperer, coze, env=env) as gateway:
            for model in (CODEWHISPERER, COZE):
                answer = gateway.chat("hi", model)
                assert answer.status in (401, 503), answer
                for canary in (AWS_KEY, COZE_KEY, AWS_KEY[4:], COZE_KEY[4:]):
                    assert canary not in answer.text
            gateway.stop()
            for canary in (AWS_KEY[4:], COZE_KEY[4:]):
                assert canary not in gateway.logs


def test_a_login_appears_in_no_output(tmp_path):
    with Emulator("codewhisperer") as service:
        env = {"CODEWHISPERER_ENDPOINT": service.url, "CODEWHISPERER_OIDC_ENDPOINT": service.url,
               "DRAGOMAN_LOG_LEVEL": "debug", "CODEWHISPERER_API_KEY": None}
        code, out, err = run("login", env=env, home=tmp_path)
        assert code == 0, err
        folder = tmp_path / ".codewhisperer-proxy"
        secrets = []

        def gather():
            for name, members in (("tokens.json", ("access_token", "refresh_token")),
                                  ("registration.json", ("client_secret",))):
                kept = json.loads((folder / name).read_text())
                secrets.extend(kept[member] for member in members)

        gather()
        with Gateway(service, home=tmp_path, env=env | {"CODEWHISPERER_ENABLED": "true"}) as gateway:
            assert gateway.chat("hi", CODEWHISPERER).status == 200
            service.tokens(expire_access=True)
            assert gateway.chat("hi", CODEWHISPERER).status == 200
            gather()
            service.tokens(expire_access=True, revoke_refresh=True)
            answer = gateway.chat("hi", CODEWHISPERER)
            assert answer.status == 503
            gateway.stop()
            everything = out + err + gateway.logs + answer.text
        assert len(set(secrets)) >= 4
        for secret in secrets:
            assert secret not in everything


INSIDE = re.compile(r"/src/|/build/|\.cpp|\.hpp|dragoman::|std::|boost|simdjson|0x[0-9a-f]{6}|"
                    r"amazonaws|127\.0\.0\.1:\d|errno|terminate|assert", re.IGNORECASE)
LONG = "Z" * 101


def bad_requests():
    user = [{"role": "user", "content": "hi"}]
    yield "GET", f"/{LONG * 3}", {}, None
    yield "GET", f"/v1/models/{LONG * 2}", {}, None
    yield "GET", "/nothing?" + LONG * 3, {}, None
    yield LONG[:30], "/health", {}, None
    yield "POST", CHAT, {}, LONG.encode()
    for body in ({"messages": LONG}, {"messages": [{"role": LONG, "content": "x"}]},
                 {"messages": [{"role": "user", "content": [{"type": LONG}]}]},
                 {LONG: 1, "messages": user, "metadata": {LONG: "x"}},
                 {"messages": user, "model": LONG * 3}, {"messages": user, "stream": LONG},
                 {"messages": user, "response_format": {"type": LONG}},
                 {"messages": user, "tool_choice": LONG}, {"messages": user, "x-bot-id": LONG * 3},
                 {"messages": user, "x-model-type": LONG}):
        yield "POST", CHAT, {}, json.dumps(body).encode()
    yield "POST", CHAT, {"x-model-type": LONG}, json.dumps({"messages": user}).encode()
    yield "POST", CHAT, {"x-bot-id": LONG}, json.dumps({"messages": user, "model": "gpt-4"}).encode()
    yield "POST", CHAT, {"x-conversation-id": LONG}, json.dumps({"messages": user, "model": COZE}).encode()


def test_errors_tell_nothing_of_the_inside_and_repeat_no_long_input(gateway):
    for method, target, headers, body in bad_requests():
        answer = gateway.fetch(method, target, {"content-type": "application/json"} | headers, body)
        if answer.status == 200:
            continue
        assert 400 <= answer.status < 500, answer
        assert not INSIDE.search(answer.text), answer.text
        assert LONG not in answer.text, answer.text


def test_failures_of_an_upstream_tell_nothing_of_the_inside(upstream):
    html = "<html><body>proxy at 127.0.0.1:8080 failed in /src/server.cpp" + LONG + "</body></html>"
    for script in ({"status": 502, "headers": {"content-type": "text/html"}, "body": html},
                   {"status": 500, "body": html}, {"status": 200, "body": html},
                   {"status": 401, "body": html}, {"status": 404, "body": html},
                   {"cut_at": 0}, {"events": [{"text": "a"}], "corrupt_at": 3},
                   {"events": [{"raw_base64": "AAAA"}]}, {"status": 302, "body": ""},
                   {"status": 599, "body": html}):
        answer = upstream.chat(mock(script))
        if answer.status == 200:
            assert upstream.name == "coze", script  # no checksums there
            continue
        assert not INSIDE.search(answer.text), answer.text
        assert LONG not in answer.text
        assert answer.error


HEADER_VALUES = ["a\rx-injected: 1", "a\nx-injected: 1", "a%0d%0ax-injected:%201", "a\0b",
                 "a\u010d\u010ax-injected: 1", "\u2028x", "a\\r\\nx-injected: 1"]


@pytest.mark.parametrize("value", HEADER_VALUES)
def test_no_text_of_a_client_becomes_a_header(gateway, codewhisperer, coze, value, marker):
    user = [{"role": "user", "content": f"echo {marker}"}]
    for body in ({"model": value}, {"model": COZE, "x-bot-id": value}, {"model": COZE, "user": value},
                 {"model": COZE, "x-conversation-id": value}, {"model": "coze/" + value},
                 {"model": CODEWHISPERER, "metadata": {"a": value}},
                 {"model": COZE, "extra_headers": {"x-bot-id": value, "X-Injected": "1"}}):
        answer = gateway.fetch("POST", CHAT, json=body | {"messages": user})
        assert answer.status in (200, 400, 404), answer
        assert answer.header("x-injected") is None
    for emulator in (codewhisperer, coze):
        for record in emulator.chats(marker):
            assert "x-injected" not in record["headers"]
            assert "x-injected" not in record["target"].split("?")[0]


@pytest.mark.parametrize("value", ["a\\r\\nx-injected: 1", "a\u010d\u010ax-injected: 1"])
def test_no_text_of_an_upstream_becomes_a_header(upstream, value):
    for script in ({"events": [{"text": value}], "headers": {"x-tt-logid": "a b"}},
                   {"status": 500, "headers": {"x-amzn-errortype": "A", "x-amzn-requestid": "b"},
                    "body": json.dumps({"message": value, "msg": value, "code": 4000})}):
        for stream in (False, True):
            answer = upstream.chat(mock(script), stream=stream)
            assert answer.header("x-injected") is None


def test_headers_of_clients_are_not_passed_to_upstreams(gateway, codewhisperer, coze, marker):
    for model in (CODEWHISPERER, COZE):
        gateway.chat(f"echo {marker}", model, headers={
            "authorization": "Bearer sk-clients-own", "cookie": "a=b", "x-forwarded-for": "1.2.3.4",
            "x-stainless-lang": "js", "openai-organization": "org", "x-custom": "y"})
    for emulator in (codewhisperer, coze):
        record = emulator.chat(marker)
        assert not {"cookie", "x-forwarded-for", "x-stainless-lang", "openai-organization",
                    "x-custom"} & set(record["headers"])
        assert "sk-clients-own" not in json.dumps(record)


def test_an_address_in_the_request_is_never_called(gateway, coze):
    """No member of a request chooses where the gateway connects to."""
    import socket
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.settimeout(0.3)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/"
        user = [{"role": "user", "content": "hi"}]
        for name in ("api_base", "base_url", "endpoint", "url", "proxy", "callback", "webhook"):
            gateway.fetch("POST", CHAT, {"x-base-url": url, "x-forwarded-host": url},
                          json={"model": COZE, "messages": user, name: url})
        gateway.chat([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}],
                     COZE)
        gateway.fetch("GET", url + "health")
        gateway.chat("hi", COZE, headers={"host": url.removeprefix("http://").rstrip("/")})
        with pytest.raises(TimeoutError):
            canary.accept()


def test_the_process_leaves_no_core_behind(coze):
    """Memory holds secrets and prompts. (A sanitizer build leaves none by itself.)"""
    limits = {resource.RLIMIT_CORE: resource.RLIM_INFINITY}
    with Gateway(coze=coze, limits=limits) as gateway:
        gateway.signal(signal.SIGABRT)
        _, status = os.waitpid(gateway.pid, 0)
        assert not os.WCOREDUMP(status)
        gateway.process.returncode = 0  # it was killed on purpose
