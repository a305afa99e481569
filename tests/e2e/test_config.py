"""Settings: where they come from, who wins, and what is said when one is wrong."""

import pytest

from support.emulator import BOT
from support.gateway import COZE, Gateway
from support.http import fetch
from support.program import Program, run


def coze_env(coze):
    return {"COZE_BASE_URL": coze.url, "COZE_API_KEY": "pat_emulator", "COZE_BOT_ID": BOT,
            "CODEWHISPERER_ENABLED": "false"}


@pytest.mark.parametrize("text, words", [
    ("[limits]\nbody_bites = 3\n", ["dragoman.toml:2:1", "body_bites", "body_bytes"]),
    ("[limist]\n", ["dragoman.toml:1:", "limist"]),
    ("x = 1\n", ["dragoman.toml:1:1", "x"]),
    ("[server]\nworkers = \"many\"\n", ["dragoman.toml:2:"]),
    ("[server]\nworkers = 99999\n", ["dragoman.toml:2:"]),
    ("[server\n", ["dragoman.toml:1:"]),
    ("[server]\nhost = \"not an address\"\n", ["dragoman.toml:2:"]),
])
def test_a_wrong_file_is_refused_with_the_place(coze, text, words):
    code, out, err = run("serve", "--port", "0", env=coze_env(coze), files={"dragoman.toml": text})
    assert code == 2, (code, out, err)
    assert "listening" not in out
    for word in words:
        assert word in err, err


@pytest.mark.parametrize("name, value", [
    ("PORT", "many"), ("PORT", "70000"), ("PORT", "-1"), ("DRAGOMAN_HEAD_TIMEOUT", "soon"),
    ("DRAGOMAN_MAX_BODY_BYTES", "lots"), ("CODEWHISPERER_ENDPOINT", "not a url"),
    ("COZE_BASE_URL", "ftp://a.example"), ("DRAGOMAN_HOST", "a.example"),
    ("DRAGOMAN_LOG_LEVEL", "loud"), ("ENABLE_CORS", "maybe"),
    ("DRAGOMAN_DEFAULT_UPSTREAM", "elsewhere"), ("DEFAULT_MODEL_TYPE", "nonsense"),
])
def test_a_wrong_variable_is_refused_by_name(coze, name, value):
    code, out, err = run("serve", env=coze_env(coze) | {name: value})
    assert code == 2, (code, out, err)
    assert name in err


def test_a_missing_file_that_was_asked_for_is_an_error(coze):
    code, _, err = run("serve", "--port", "0", "--config", "missing.toml", env=coze_env(coze))
    assert code == 2
    assert "missing.toml" in err


def test_settings_come_from_the_file(coze):
    config = f"""
[coze]
api_key = "pat_emulator"
base_url = "{coze.url}"
bot_id = "{BOT}"
[codewhisperer]
enabled = false
"""
    with Program("serve", "--port", "0", files={"dragoman.toml": config}) as program:
        body = {"model": "gpt-4", "messages": [{"role": "user", "content": "hi"}]}
        assert fetch(program.port, "POST", "/v1/chat/completions", json=body).status == 200


def test_settings_come_from_dot_env_and_the_real_environment_wins(coze):
    dot_env = f"""
# a comment
COZE_API_KEY=pat_emulator
COZE_BASE_URL="{coze.url}"
export COZE_BOT_ID='{BOT}'
CODEWHISPERER_ENABLED=false
DRAGOMAN_API_KEYS=from-dot-env
"""
    with Program("serve", "--port", "0", files={".env": dot_env}) as program:
        assert fetch(program.port, "GET", "/v1/models").status == 401
        assert fetch(program.port, "GET", "/v1/models",
                     {"authorization": "Bearer from-dot-env"}).status == 200
    with Program("serve", "--port", "0", files={".env": dot_env},
                 env={"DRAGOMAN_API_KEYS": "from-outside"}) as program:
        assert fetch(program.port, "GET", "/v1/models",
                     {"authorization": "Bearer from-dot-env"}).status == 401
        assert fetch(program.port, "GET", "/v1/models",
                     {"authorization": "Bearer from-outside"}).status == 200


def test_the_port_comes_from_the_environment(coze):
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Program("serve", env=coze_env(coze) | {"PORT": str(port)}) as program:
        assert program.port == port


def test_a_port_in_use_is_a_clear_error(coze, gateway):
    import socket
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run("serve", "--port", port, env=coze_env(coze))
    assert code == 1
    assert str(port) in err


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["mock"],
                                       ["mock", "nonsense"], ["serve", "--port", "many"]])
def test_a_wrong_call_is_refused_with_2(arguments):
    code, _, err = run(*arguments)
    assert code == 2, (code, err)
    assert err.strip()


def test_help_and_version_are_given():
    code, out, _ = run("--help")
    assert code == 0
    for verb in ("serve", "login", "mock"):
        assert verb in out
    code, out, _ = run("--version")
    assert code == 0
    assert "0." in out


def test_with_nothing_configured_it_serves_the_demo_and_says_so():
    with Program("serve", "--port", "0") as program:
        program.stdout.wait_for("curl", 5) or program.stderr.wait_for("curl", 5)
        assert "emulated" in program.logs.lower()
        assert "curl" in program.logs
        for model in ("codewhisperer", "gpt-4"):
            body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
            answer = fetch(program.port, "POST", "/v1/chat/completions", json=body)
            assert answer.status == 200, answer
            assert answer.json()["choices"][0]["message"]["content"]
        assert list(program.home.iterdir()) == []  # a demo leaves nothing behind


def test_a_body_over_the_configured_limit_is_a_413(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_MAX_BODY_BYTES": "4KiB"}) as gateway:
        fits = gateway.chat("x" * 3000, COZE)
        assert fits.status == 200
        answer = gateway.chat("x" * 5000, COZE)
        assert answer.status == 413
        assert answer.error["code"] == "request_too_large"


def test_the_documented_limits_are_the_defaults(gateway):
    """A body of 31 MiB is read, one of 33 is not."""
    mib = 1024 * 1024
    for size, status in ((31, 200), (33, 413)):
        body = b'{"model":"gpt-4","messages":[{"role":"user","content":"hi"}]}' + b" " * (size * mib)
        answer = gateway.fetch("POST", "/v1/chat/completions", {"content-type": "application/json"},
                               body=body, timeout=60) if status == 200 else refused(gateway, len(body))
        assert answer.status == status, answer


def refused(gateway, length):
    """Only the head is sent: the announced length is enough to refuse."""
    with gateway.connect() as connection:
        connection.request("POST", "/v1/chat/completions",
                           {"content-type": "application/json", "content-length": str(length)})
        return connection.answer()
