"""Who may call: nobody from outside without a key, unless the operator says so."""

import pytest

from support.emulator import BOT
from support.gateway import CHAT, COZE, Gateway, chat_body
from support.http import Connection, request_bytes
from support.program import run

KEYS = "first-key-of-two, second-key-of-two"


@pytest.fixture(scope="module")
def guarded(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_API_KEYS": KEYS}) as running:
        yield running


ROUTES = [("GET", "/v1/models", None), ("GET", "/v1/models/gpt-4", None),
          ("POST", CHAT, chat_body("hi", COZE)), ("POST", CHAT, chat_body("hi", COZE, stream=True))]


@pytest.mark.parametrize("headers", [
    {}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer "}, {"authorization": "Bearer"},
    {"authorization": "Basic first-key-of-two"}, {"authorization": "first-key-of-two"},
    {"authorization": "Bearer first-key-of-tw"}, {"authorization": "Bearer first-key-of-two2"},
    {"authorization": "Bearer FIRST-KEY-OF-TWO"}, {"x-api-key": "wrong"}, {"x-api-key": ""},
    {"authorization": f"Bearer {KEYS}"}, {"cookie": "key=first-key-of-two"},
])
def test_without_a_right_key_it_is_a_401(guarded, headers):
    for method, target, body in ROUTES:
        answer = guarded.fetch(method, target, headers, json=body)
        assert answer.status == 401, (method, target, answer)
        assert answer.error["code"] == "invalid_api_key"
        assert answer.header("x-should-retry") == "false"
        for value in headers.values():
            for word in value.split():
                if len(word) > 6:
                    assert word not in answer.text


@pytest.mark.parametrize("headers", [
    {"authorization": "Bearer first-key-of-two"}, {"authorization": "Bearer second-key-of-two"},
    {"authorization": "bearer first-key-of-two"}, {"x-api-key": "second-key-of-two"},
])
def test_with_a_right_key_it_works(guarded, headers):
    for method, target, body in ROUTES:
        if target == "/v1/models/gpt-4" or method != "GET" or target == "/v1/models":
            answer = guarded.fetch(method, target, headers, json=body)
            assert answer.status == 200, (method, target, answer)


def test_health_needs_no_key(guarded):
    assert guarded.fetch("GET", "/health").status == 200


def test_a_key_is_judged_before_the_body_is_read(guarded):
    with Connection(guarded.port) as connection:
        connection.send(request_bytes("POST", CHAT, {"content-length": "20000000",
                                                     "content-type": "application/json"}))
        assert connection.answer().status == 401  # and not a byte of the body was sent
        assert connection.closed_within(3)


def test_without_keys_any_key_is_accepted(gateway):
    for headers in ({}, {"authorization": "Bearer sk-whatever"}, {"x-api-key": "x"}):
        assert gateway.fetch("GET", "/v1/models", headers).status == 200


def settings(coze):
    return {"COZE_BASE_URL": coze.url, "COZE_API_KEY": "pat_emulator", "COZE_BOT_ID": BOT,
            "CODEWHISPERER_ENABLED": "false"}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_another_address_without_keys_is_refused(coze, host):
    code, out, err = run("serve", "--port", "0", env=settings(coze) | {"DRAGOMAN_HOST": host})
    assert code == 2
    assert "listening" not in out
    assert "DRAGOMAN_API_KEYS" in err and "DRAGOMAN_ALLOW_ANYONE" in err


@pytest.mark.parametrize("more", [{"DRAGOMAN_API_KEYS": "some-long-key"},
                                  {"DRAGOMAN_ALLOW_ANYONE": "true"}])
def test_another_address_is_served_with_keys_or_when_told_so(coze, more):
    with Gateway(coze=coze, env={"DRAGOMAN_HOST": "0.0.0.0"} | more) as gateway:
        assert gateway.fetch("GET", "/health").status == 200


def test_by_default_it_listens_on_loopback_alone(gateway):
    import pathlib
    inodes = set()
    for link in pathlib.Path(f"/proc/{gateway.pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    listening = []
    for name in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{gateway.pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.append(fields[1].split(":")[0])
    assert listening and set(listening) == {"0100007F"}, listening
