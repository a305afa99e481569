"""Sign-in and its renewal: one at a time, kept on disk, never lost to a bad moment."""

import concurrent.futures
import datetime
import json
import os
import random
import signal
import stat
import time

import pytest

from support.emulator import Emulator, mock
from support.gateway import CODEWHISPERER, Gateway
from support.program import Program, run, wait_until

FOLDER = ".codewhisperer-proxy"


@pytest.fixture
def service():
    """An emulated service of its own: these tests change its clock and its tokens."""
    with Emulator("codewhisperer") as emulator:
        yield emulator


def environment(service):
    return {"CODEWHISPERER_ENDPOINT": service.url, "CODEWHISPERER_OIDC_ENDPOINT": service.url,
            "CODEWHISPERER_API_KEY": None, "CODEWHISPERER_ENABLED": "true"}


def login(service, home, seconds=40, pending=0):
    service.device(pending=pending)
    code, out, err = run("login", env=environment(service), home=home, seconds=seconds)
    assert code == 0, (code, out, err)
    return out


def signed_in_gateway(service, home, **env):
    return Gateway(codewhisperer=service, home=home, env=environment(service) | env)


def tokens(home):
    return json.loads((home / FOLDER / "tokens.json").read_text())


def expire(home):
    """As the older gateway would have left it: without the checksum."""
    kept = tokens(home) | {"expires_at": "2020-01-01T00:00:00.000Z"}
    kept.pop("checksum", None)
    (home / FOLDER / "tokens.json").write_text(json.dumps(kept))


def ask(gateway, **options):
    return gateway.chat("hello", CODEWHISPERER, **options)


def refreshes(service):
    """How many times a refresh token was taken; none may ever be presented twice."""
    state = service.state()["tokens"]
    assert state["reuse_attempts"] == 0, state
    return state["refreshes"]


def test_login_shows_where_to_go_and_stores_the_result(service, tmp_path):
    out = login(service, tmp_path, pending=1)
    assert "http" in out
    state = [r["operation"] for r in service.requests()]
    assert state[:2] == ["register", "device"] or state[:2] == ["register", "device_authorization"], state
    # A code of the form XXXX-XXXX, and a picture of the address in blocks.
    import re
    assert re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", out), out
    assert any(block in out for block in "█▀▄"), out
    kept = tokens(tmp_path)
    assert {"access_token", "expires_at", "refresh_token", "region", "start_url", "oauth_flow",
            "scopes"} <= set(kept)
    assert kept["oauth_flow"] == "DeviceCode"
    assert datetime.datetime.fromisoformat(kept["expires_at"].replace("Z", "+00:00")) > (
        datetime.datetime.now(datetime.timezone.utc))
    registration = json.loads((tmp_path / FOLDER / "registration.json").read_text())
    assert {"client_id", "client_secret", "client_secret_expires_at", "region", "oauth_flow",
            "scopes"} <= set(registration)
    for secret in (kept["access_token"], kept["refresh_token"], registration["client_secret"]):
        assert secret not in out


def test_the_files_are_for_their_owner_alone(service, tmp_path):
    os.umask(0)
    login(service, tmp_path)
    folder = tmp_path / FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("tokens.json", "registration.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
    assert {path.name for path in folder.iterdir()} <= {"tokens.json", "registration.json", "lock",
                                                        ".lock", "tokens.lock"}


def test_a_login_waits_longer_when_told_to_slow_down(service, tmp_path):
    service.device(slow_down=1)
    started = time.monotonic()
    login(service, tmp_path, seconds=60, pending=1)
    assert time.monotonic() - started > 5
    assert tokens(tmp_path)["access_token"]


@pytest.mark.parametrize("outcome", ["deny", "expire"])
def test_a_login_that_is_not_approved_says_so_and_stores_nothing(service, tmp_path, outcome):
    service.device(pending=0, outcome=outcome)
    code, out, err = run("login", env=environment(service), home=tmp_path, seconds=60)
    assert code == 1, (out, err)
    assert err.strip()
    assert not (tmp_path / FOLDER / "tokens.json").exists()


def test_a_login_that_is_interrupted_leaves_nothing_half_done(service, tmp_path):
    service.device(pending=1000)
    program = Program("login", env=environment(service), home=tmp_path, wait=False)
    wait_until(lambda: service.counter("token") >= 1, 20, "the first poll")
    program.signal(signal.SIGINT)
    program.wait(5)
    program.kill()
    assert not (tmp_path / FOLDER / "tokens.json").exists()


def test_before_a_login_it_answers_503_and_picks_the_login_up(service, tmp_path):
    with signed_in_gateway(service, tmp_path) as gateway:
        answer = ask(gateway)
        assert answer.status == 503, answer
        assert "dragoman login" in answer.error["message"]
        assert answer.error["code"] == "signed_out"
        assert answer.header("x-should-retry") == "false"
        assert gateway.fetch("GET", "/health").status == 200
        login(service, tmp_path)
        wait_until(lambda: ask(gateway).status == 200, 5, "the login to be picked up", 0.2)


def test_a_login_of_the_older_gateway_is_used_as_it_is(service, tmp_path):
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "tokens.json").write_text(json.dumps({
        "access_token": "demo-access-token", "expires_at": "2099-01-01T00:00:00.000Z",
        "refresh_token": "unused", "region": "us-east-1",
        "start_url": "https://view.awsapps.com/start", "oauth_flow": "DeviceCode",
        "scopes": ["codewhisperer:completions", "codewhisperer:analysis",
                   "codewhisperer:conversations"]}))
    (folder / "registration.json").write_text(json.dumps({
        "client_id": "a", "client_secret": "b", "client_secret_expires_at": "2099-01-01T00:00:00.000Z",
        "region": "us-east-1", "oauth_flow": "DeviceCode", "scopes": []}))
    with signed_in_gateway(service, tmp_path) as gateway:
        assert ask(gateway).status == 200


def test_the_state_folder_can_be_moved(service, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    env = environment(service) | {"DRAGOMAN_STATE_DIR": str(elsewhere)}
    code, _, err = run("login", env=env, home=tmp_path / "home")
    assert code == 0, err
    assert (elsewhere / "tokens.json").exists()
    assert not (tmp_path / "home" / FOLDER).exists()


# Refresh ------------------------------------------------------------------------------------------

def crowd(gateway, count):
    """The statuses of so many requests at once."""
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        return list(pool.map(lambda _: ask(gateway, timeout=60).status, range(count)))


@pytest.mark.parametrize("why", ["revoked", "expired"])
def test_however_many_requests_wait_there_is_one_refresh(service, tmp_path, why):
    login(service, tmp_path)
    if why == "expired":
        expire(tmp_path)
    with signed_in_gateway(service, tmp_path) as gateway:
        if why == "revoked":
            assert ask(gateway).status == 200
            service.tokens(expire_access=True)
        before = refreshes(service)
        old = tokens(tmp_path)
        statuses = crowd(gateway, 1000)
        assert statuses == [200] * 1000
        assert refreshes(service) - before == 1
        new = tokens(tmp_path)
        assert new["access_token"] != old["access_token"]
        assert new["refresh_token"] != old["refresh_token"]


def test_a_new_login_is_kept_before_it_is_used(service, tmp_path):
    login(service, tmp_path)
    expire(tmp_path)
    with signed_in_gateway(service, tmp_path) as gateway:
        assert ask(gateway).status == 200
        kept = tokens(tmp_path)
        assert datetime.datetime.fromisoformat(kept["expires_at"].replace("Z", "+00:00")) > (
            datetime.datetime.now(datetime.timezone.utc))
    assert stat.S_IMODE((tmp_path / FOLDER / "tokens.json").stat().st_mode) == 0o600
    with signed_in_gateway(service, tmp_path) as again:
        before = refreshes(service)
        assert ask(again).status == 200
        assert refreshes(service) == before


JSON = {"content-type": "application/json"}
# All of them plain answers: the service has not renewed anything.
FAULTS = {
    "busy": {"status": 429, "headers": JSON, "body": "{}"},
    "broken": {"status": 500, "headers": JSON, "body": '{"error":"server_error"}'},
    "a page": {"status": 200, "headers": {"content-type": "text/html"}, "body": "<html>hello</html>"},
    "nothing": {"status": 200, "headers": JSON, "body": ""},
    "truncated": {"status": 200, "headers": JSON, "body": '{"accessToken":"aaaaaaaaaaaaaaaaaa', "cut_at": 20},
    "reset": {"status": 200, "headers": JSON, "body": '{"accessToken":"aaaa"}', "cut_at": 0, "cut": "rst"},
    "hanging": {"status": 200, "headers": JSON, "body": "{}", "hang_head": True},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refresh_that_fails_is_an_honest_error_and_heals(service, tmp_path, fault):
    login(service, tmp_path)
    expire(tmp_path)
    before = (tmp_path / FOLDER / "tokens.json").read_bytes()
    service.script(FAULTS[fault], operation="token", times=1000)
    with signed_in_gateway(service, tmp_path) as gateway:
        started = time.monotonic()
        answer = ask(gateway, timeout=30)
        assert time.monotonic() - started <= 10.5
        assert 500 <= answer.status < 600, answer
        assert answer.error["type"] == "server_error"
        assert (tmp_path / FOLDER / "tokens.json").read_bytes() == before
        service.reset()
        wait_until(lambda: ask(gateway, timeout=30).status == 200, 5, "the refresh to heal", 0.2)


def test_a_login_that_was_revoked_is_final_and_says_what_to_do(service, tmp_path):
    login(service, tmp_path)
    polls = service.counter("token")
    service.tokens(expire_access=True, revoke_refresh=True)
    with signed_in_gateway(service, tmp_path) as gateway:
        for _ in range(5):
            answer = ask(gateway)
            assert answer.status == 503, answer
            assert "dragoman login" in answer.error["message"]
        assert service.counter("token") - polls == 1
        assert (tmp_path / FOLDER / "tokens.json").exists()
        login(service, tmp_path)
        wait_until(lambda: ask(gateway).status == 200, 5, "the new login to be picked up", 0.2)


def test_tokens_of_three_seconds_never_fail_a_request(service, tmp_path):
    service.tokens(access_ttl_s=3)
    login(service, tmp_path)
    with signed_in_gateway(service, tmp_path) as gateway:
        assert ask(gateway).status == 200
        before = refreshes(service)
        seconds, statuses = 15, []
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            statuses.append(ask(gateway).status)
            time.sleep(max(0.0, len(statuses) / 10 - (time.monotonic() - started)))
        assert set(statuses) == {200}
        assert refreshes(service) - before <= seconds / 2 + 2
        # Ahead of the end, not after a refusal.
        refused = [r for r in service.requests("chat") if r.get("status") in (401, 403)]
        assert len(refused) <= len(statuses) * 0.05


def test_a_kill_in_mid_refresh_leaves_a_whole_login(service, tmp_path):
    """The service forgives one use of a refresh token whose answer was lost."""
    service.tokens(tolerate_reuse=1)
    login(service, tmp_path)
    randomness = random.Random(7)
    for _ in range(10):
        expire(tmp_path)
        gateway = signed_in_gateway(service, tmp_path)
        connection = gateway.connect()
        connection.request("POST", "/v1/chat/completions", json={
            "model": CODEWHISPERER, "messages": [{"role": "user", "content": "hello"}]})
        time.sleep(randomness.uniform(0, 0.03))
        gateway.kill()
        connection.close()
        assert tokens(tmp_path)["refresh_token"]
        assert stat.S_IMODE((tmp_path / FOLDER / "tokens.json").stat().st_mode) == 0o600
        with signed_in_gateway(service, tmp_path) as again:
            assert ask(again).status == 200
    leftovers = [p.name for p in (tmp_path / FOLDER).iterdir() if "tmp" in p.name]
    assert len(leftovers) <= 1


@pytest.mark.parametrize("damage", [b"", b"{", b"not json", b"[]", b'{"access_token": 7}', b"\xff" * 100])
def test_a_damaged_login_is_said_so_and_not_sent_anywhere(service, tmp_path, damage):
    folder = tmp_path / FOLDER
    folder.mkdir(mode=0o700)
    (folder / "tokens.json").write_bytes(damage)
    with signed_in_gateway(service, tmp_path) as gateway:
        answer = ask(gateway)
        assert answer.status == 503, answer
        assert "dragoman login" in answer.error["message"]
        assert service.requests("chat") == []


def test_a_link_in_place_of_the_login_is_not_followed(service, tmp_path):
    login(service, tmp_path)
    folder = tmp_path / FOLDER
    (folder / "tokens.json").rename(tmp_path / "elsewhere.json")
    (folder / "tokens.json").symlink_to(tmp_path / "elsewhere.json")
    with signed_in_gateway(service, tmp_path) as gateway:
        assert ask(gateway).status == 503


def test_two_programs_share_a_login(service, tmp_path):
    login(service, tmp_path)
    expire(tmp_path)
    with signed_in_gateway(service, tmp_path) as one, signed_in_gateway(service, tmp_path) as other:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: ask((one, other)[n % 2], timeout=30), range(40)))
        assert [a.status for a in answers] == [200] * 40
        assert refreshes(service) == 1


def test_an_answer_that_began_goes_on_when_its_token_expires(service, tmp_path):
    login(service, tmp_path)
    with signed_in_gateway(service, tmp_path) as gateway:
        script = {"events": [{"text": "a"}, {"wait": "go"}, {"text": "b"}]}
        with gateway.stream(mock(script), CODEWHISPERER) as stream:
            pieces = stream.texts()
            assert next(pieces) == "a"
            service.tokens(expire_access=True)
            service.signal_name("go")
            assert "".join(pieces) == "b"
        assert ask(gateway).status == 200


