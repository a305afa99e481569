"""What programs written for the two older gateways rely on, and the errors of this one."""

import datetime

import pytest

from support.emulator import BOT, mock
from support.gateway import CHAT, CODEWHISPERER, COZE, Gateway, chat_body

SECURITY_HEADERS = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-dns-prefetch-control": "off",
    "x-download-options": "noopen",
    "x-frame-options": "SAMEORIGIN",
    "x-permitted-cross-domain-policies": "none",
    "x-xss-protection": "0",
}


def test_health_says_what_both_older_gateways_said(gateway):
    answer = gateway.fetch("GET", "/health")
    assert answer.status == 200
    body = answer.json()
    assert body["status"] == "ok"
    datetime.datetime.fromisoformat(body["timestamp"].replace("Z", "+00:00"))
    assert body["config"]["hasCozeApiKey"] is True
    assert body["config"]["hasJWTConfig"] is False
    assert body["config"]["defaultModelType"] == "chat"
    assert body["config"]["hasBotId"] is True
    assert body["config"]["hasWorkflowId"] is False
    assert body["jwt"]["hasToken"] is False
    assert body["jwt"]["isValid"] is False


def test_head_of_a_get_route_has_no_body(gateway):
    answer = gateway.fetch("HEAD", "/health")
    assert answer.status == 200
    assert answer.body == b""


def test_models_are_listed_and_each_can_be_fetched(gateway):
    answer = gateway.fetch("GET", "/v1/models")
    assert answer.status == 200
    body = answer.json()
    assert body["object"] == "list"
    ids = [model["id"] for model in body["data"]]
    assert len(ids) == len(set(ids))
    assert {"codewhisperer", "gpt-3.5-turbo", "gpt-4"} <= set(ids)
    for model in body["data"]:
        assert model["object"] == "model"
        assert isinstance(model["created"], int)
        assert model["owned_by"]
        one = gateway.fetch("GET", "/v1/models/" + model["id"])
        assert one.status == 200, one
        assert one.json()["id"] == model["id"]


def test_an_unknown_model_is_a_404_naming_the_parameter(gateway):
    answer = gateway.fetch("GET", "/v1/models/no-such-model")
    assert answer.status == 404
    assert answer.error["code"] == "model_not_found"


@pytest.mark.parametrize("method, target", [
    ("GET", "/nothing"), ("POST", "/v1/nothing?x=1"), ("GET", CHAT), ("DELETE", "/v1/models"),
    ("PUT", CHAT), ("GET", "/"), ("POST", "/health"), ("PATCH", "/v1/chat"), ("GET", "/V1/MODELS"),
    ("GET", "/v1/models/../health"), ("GET", "//v1/models"), ("HEAD", "/api/hello"),
])
def test_an_unknown_endpoint_is_a_404_in_the_shape_of_the_api(gateway, method, target):
    answer = gateway.fetch(method, target)
    assert answer.status in (404, 405), answer
    if method == "HEAD":
        assert answer.body == b""
        return
    error = answer.error
    assert error["type"] == "invalid_request_error"
    if answer.status == 404 and not target.startswith("/v1/models/"):
        assert error["code"] == "endpoint_not_found"
        assert error["message"] == f"Unknown endpoint: {method} {target}"


def test_every_answer_has_the_security_headers_and_does_not_name_its_software(gateway):
    requests = [("GET", "/health", None), ("GET", "/nothing", None), ("GET", "/v1/models", None),
                ("POST", CHAT, chat_body("hi", COZE)), ("POST", CHAT, chat_body("hi", COZE, stream=True)),
                ("POST", CHAT, {})]
    for method, target, body in requests:
        answer = gateway.fetch(method, target, json=body)
        for name, value in SECURITY_HEADERS.items():
            assert answer.header(name) == value, (method, target, name)
        assert answer.header("content-security-policy"), (method, target)
        assert answer.header("x-powered-by") is None
        assert answer.header("x-request-id"), (method, target)


def test_every_request_has_an_id_of_its_own(gateway):
    ids = {gateway.fetch("GET", "/health").header("x-request-id") for _ in range(20)}
    assert len(ids) == 20


def test_without_cors_no_origin_is_allowed_and_options_is_unknown(gateway):
    answer = gateway.fetch("GET", "/health", {"origin": "https://a.example"})
    assert answer.header("access-control-allow-origin") is None
    assert gateway.fetch("OPTIONS", CHAT, {"origin": "http://localhost:8080"}).status == 404


def test_without_keys_a_web_page_of_another_site_may_not_spend_the_quota(gateway):
    for headers in ({"origin": "https://a.example"}, {"origin": "null"}, {"host": "rebind.example"}):
        headers["content-type"] = "text/plain"
        answer = gateway.fetch("POST", CHAT, headers, json=chat_body("hi", COZE))
        assert answer.status == 403 and answer.error["code"] == "foreign_origin", answer
    assert gateway.fetch("POST", CHAT, {"origin": "http://localhost:8080"},
                         json=chat_body("hi", COZE)).status == 200


@pytest.fixture(scope="module")
def open_to_browsers(coze):
    with Gateway(coze=coze, env={"ENABLE_CORS": "true"}) as running:
        yield running


def test_with_cors_any_origin_is_allowed(open_to_browsers):
    for body in (chat_body("hi", COZE), chat_body("hi", COZE, stream=True), {}):
        answer = open_to_browsers.fetch("POST", CHAT, {"origin": "https://a.example"}, json=body)
        assert answer.header("access-control-allow-origin") in ("https://a.example", "*"), answer
    answer = open_to_browsers.fetch("OPTIONS", CHAT, {
        "origin": "https://a.example", "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-stainless-lang,x-bot-id"})
    assert answer.status == 204
    assert answer.header("access-control-allow-origin") in ("https://a.example", "*")
    allowed = answer.header("access-control-allow-headers").replace(" ", "").lower()
    assert allowed == "*" or {"authorization", "x-stainless-lang", "x-bot-id"} <= set(allowed.split(","))
    assert "POST" in answer.header("access-control-allow-methods")


def test_any_origin_is_never_allowed_together_with_credentials(open_to_browsers):
    answer = open_to_browsers.fetch("GET", "/health", {"origin": "https://a.example"})
    assert answer.header("access-control-allow-credentials") != "true"


def test_a_list_of_origins_allows_those_and_no_others(coze):
    env = {"ENABLE_CORS": "true", "ALLOWED_ORIGINS": "https://a.example, https://b.example:8443"}
    with Gateway(coze=coze, env=env) as gateway:
        for origin in ("https://a.example", "https://b.example:8443"):
            answer = gateway.fetch("GET", "/health", {"origin": origin})
            assert answer.header("access-control-allow-origin") == origin
            assert "origin" in answer.header("vary").lower()
        for origin in ("https://evil.example", "https://a.example.evil.example", "null",
                       "http://a.example", "https://b.example"):
            answer = gateway.fetch("GET", "/health", {"origin": origin})
            assert answer.header("access-control-allow-origin") is None, origin
            assert "origin" in (answer.header("vary") or "").lower()


# Routing ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("model, headers, expected", [
    ("codewhisperer", {}, "codewhisperer"),
    ("claude-sonnet-4.5", {}, "codewhisperer"),
    ("claude-haiku-4-5", {}, "codewhisperer"),
    ("gpt-4", {}, "coze"),
    ("gpt-3.5-turbo", {}, "coze"),
    (f"coze/bot/{BOT}", {}, "coze"),
    ("claude-sonnet-4.5", {"x-bot-id": BOT}, "coze"),
    ("whatever", {"x-bot-id": BOT}, "coze"),
    ("whatever", {"x-model-type": "chat"}, "coze"),
    ("whatever", {}, "codewhisperer"),
    ("auto", {}, "codewhisperer"),
])
def test_the_model_and_the_headers_choose_the_upstream(gateway, codewhisperer, coze, marker, model,
                                                       headers, expected):
    answer = gateway.chat(f"echo {marker}", model, headers=headers)
    assert answer.status == 200, answer
    assert answer.json()["model"] == model
    asked = {"codewhisperer": codewhisperer, "coze": coze}
    assert [name for name, emulator in asked.items() if emulator.chats(marker)] == [expected]


def test_the_default_upstream_can_be_chosen(codewhisperer, coze, marker):
    with Gateway(codewhisperer, coze, env={"DRAGOMAN_DEFAULT_UPSTREAM": "coze"}) as gateway:
        assert gateway.chat(f"echo {marker}", "whatever").status == 200
        assert coze.chats(marker) and not codewhisperer.chats(marker)


@pytest.mark.parametrize("kind", ["codewhisperer", "coze"])
def test_any_model_works_when_there_is_one_upstream(request, kind, marker):
    emulator = request.getfixturevalue(kind)
    with Gateway(**{kind: emulator}) as gateway:
        for model in ("gpt-5", "gpt-4", "whatever/you:like", "codewhisperer"):
            answer = gateway.chat(f"echo {marker}-{model}", model)
            assert answer.status == 200, answer
            assert answer.json()["model"] == model


def test_a_missing_bot_is_a_400_as_documented(coze):
    with Gateway(coze=coze, env={"COZE_BOT_ID": None}) as gateway:
        answer = gateway.chat("hi", "gpt-4")
        assert answer.status == 400
        assert answer.error["code"] == "missing_bot_id"
        assert answer.error["message"].startswith("Bot ID is required")
        assert gateway.chat("hi", "gpt-4", headers={"x-bot-id": BOT}).status == 200


@pytest.mark.parametrize("kind, how", [
    ("workflow", "header"), ("conversation", "header"), ("workflow", "setting"),
    ("conversation", "setting"), ("workflow", "body")])
def test_model_types_of_later_are_a_clear_501(coze, kind, how):
    env = {"DEFAULT_MODEL_TYPE": kind} if how == "setting" else {}
    with Gateway(coze=coze, env=env) as gateway:
        answer = gateway.chat("hi", "gpt-4", headers={"x-model-type": kind} if how == "header" else {},
                              **({"x-model-type": kind} if how == "body" else {}))
        assert answer.status == 501, answer
        assert kind in answer.error["message"]
        assert answer.header("x-should-retry") == "false"


def test_an_unknown_model_type_is_a_400(gateway):
    answer = gateway.chat("hi", "gpt-4", headers={"x-model-type": "nonsense"})
    assert answer.status == 400
    assert answer.error["code"] == "invalid_model_type"


# Bad requests: the field is named -----------------------------------------------------------------

USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize("change, param", [
    ({"messages": None}, "messages"),
    ({"messages": "text"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [USER, USER, {"role": "user", "content": 7}]}, "messages.2.content"),
    ({"messages": [{"content": "hi"}]}, "messages.0.role"),
    ({"messages": [{"role": "king", "content": "hi"}]}, "messages.0.role"),
    ({"messages": [USER, 3]}, "messages.1"),
    ({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}, "messages.0.content.0.type"),
    ({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}]}]},
     "messages.0.content.0.type"),
    ({"messages": [{"role": "tool", "tool_call_id": "a", "content": "x"}]}, "messages.0.role"),
    ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, "tools"),
    ({"stream": "yes"}, "stream"),
    ({"n": 2}, "n"),
    ({"n": "one"}, "n"),
    ({"temperature": "hot"}, "temperature"),
    ({"model": 7}, "model"),
    ({"stream_options": []}, "stream_options"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"metadata": {"a": 1}}, "metadata.a"),
])
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_member_is_a_400_that_names_it(gateway, change, param, stream):
    body = {"model": COZE, "messages": [USER], "stream": stream} | change
    answer = gateway.fetch("POST", CHAT, json=body)
    assert answer.status == 400, answer
    assert answer.error["param"] == param
    assert answer.error["type"] == "invalid_request_error"
    assert answer.header("x-should-retry") == "false"


def test_missing_messages_keep_the_code_of_the_older_gateway(gateway):
    answer = gateway.fetch("POST", CHAT, json={"model": COZE})
    assert answer.status == 400
    assert answer.error["code"] == "missing_messages"
    assert answer.error["message"] == "Messages array is required"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"messages":', b"\xff\xfe", b"hello",
                                  b'{"messages":[]} x', b"<xml/>"])
def test_a_body_that_is_no_json_object_is_a_400(gateway, body):
    answer = gateway.fetch("POST", CHAT, {"content-type": "application/json"}, body=body)
    assert answer.status == 400, answer
    assert answer.error["type"] == "invalid_request_error"


def test_what_no_upstream_can_take_is_dropped_and_said_so(gateway):
    answer = gateway.chat("hi", COZE, temperature=0.3, stop=["x"])
    assert answer.status == 200
    transforms = answer.header("x-dragoman-transforms")
    assert "temperature" in transforms and "stop" in transforms


# Errors of the upstreams --------------------------------------------------------------------------

def exception(status, kind, message, reason=None, headers=()):
    import json
    return {"status": status, "headers": {"content-type": "application/json",
                                          "x-amzn-errortype": kind, **dict(headers)},
            "body": json.dumps({"message": message, "reason": reason})}


@pytest.mark.parametrize("script, status, code", [
    (exception(400, "ValidationException", "Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
     400, "context_length_exceeded"),
    (exception(400, "ValidationException", "Invalid model.", "INVALID_MODEL_ID"), 404, "model_not_found"),
    (exception(402, "ServiceQuotaExceededException", "over", "MONTHLY_REQUEST_COUNT"),
     429, "insufficient_quota"),
    (exception(429, "ThrottlingException", "over", "MONTHLY_REQUEST_COUNT"), 429, "insufficient_quota"),
    (exception(403, "AccessDeniedException", "suspended", "TEMPORARILY_SUSPENDED"),
     403, "permission_denied"),
    (exception(400, "ValidationException", "Improperly formed request."), 400, None),
])
def test_codewhisperer_errors_become_the_apis(gateway, script, status, code):
    for stream in (False, True):
        answer = gateway.chat(mock(script), CODEWHISPERER, stream=stream)
        assert answer.status == status, answer
        assert answer.error["code"] == code


@pytest.mark.parametrize("code, status, word", [
    (4000, 400, None), (4008, 429, "insufficient_quota"), (4010, 400, "context_length_exceeded"),
    (4011, 429, "insufficient_quota"), (4013, 429, "rate_limit_exceeded"),
    (4014, 400, "content_policy_violation"), (4016, 409, "conversation_busy"),
    (4101, 403, "permission_denied"), (4200, 404, "model_not_found"),
    (5000, 502, "upstream_failed"), (999999, 502, "upstream_failed"),
])
@pytest.mark.parametrize("place", ["json", "event", "failed"])
def test_coze_errors_become_the_apis_wherever_they_stand(gateway, code, status, word, place):
    import json
    script = {
        "json": {"status": 200, "headers": {"content-type": "application/json"},
                 "body": json.dumps({"code": code, "msg": "as it is"})},
        "event": {"events": [{"error": {"code": code, "msg": "as it is"}}], "tail": False},
        "failed": {"events": [{"failed": {"code": code, "msg": "as it is"}}], "tail": False},
    }[place]
    for stream in (False, True):
        answer = gateway.chat(mock(script), COZE, stream=stream)
        assert answer.status == status, answer
        if word is not None:
            assert answer.error["code"] == word


@pytest.mark.parametrize("model, header", [(CODEWHISPERER, "3"), (COZE, "3")])
def test_a_wait_the_upstream_asks_for_is_passed_on(gateway, model, header):
    if model == CODEWHISPERER:
        script = exception(429, "ThrottlingException", "slow", headers={"retry-after": header})
    else:
        script = {"status": 429, "headers": {"content-type": "application/json", "retry-after": header},
                  "body": '{"code":4013,"msg":"slow"}'}
    answer = gateway.chat(mock(script), model)
    assert answer.status == 429, answer
    assert answer.error["code"] == "rate_limit_exceeded"
    assert answer.header("retry-after") == header
    assert answer.header("x-should-retry") != "false"
