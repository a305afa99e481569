"""Refusals before the body is read, upgrades, expectations, and things that are not HTTP/1.1."""

import json
import time

import pytest

from probe import BEHIND, HIDDEN, answers, exchange, get, post
from support.emulator import BOT
from support.gateway import CHAT, Gateway
from support.http import Connection


@pytest.fixture(scope="module")
def guarded(coze):
    """One that wants a key and takes bodies of 16 KiB."""
    with Gateway(coze=coze, env={"DRAGOMAN_API_KEYS": "the-key", "DRAGOMAN_MAX_BODY_BYTES": "16KiB"}) as running:
        yield running


KEY = "Authorization: Bearer the-key"
FILLERS = {"small": HIDDEN * 2, "a whole request": post("Content-Length: 2"), "32 KiB": HIDDEN * 700,
           "1 MiB": HIDDEN * 22000}
REFUSALS = {
    "401": (401, lambda body: post(f"Content-Length: {len(body)}", body=body)),
    "404": (404, lambda body: post(f"Content-Length: {len(body)}", KEY, body=body, target="/nothing")),
    "405 or 404": (404, lambda body: post(f"Content-Length: {len(body)}", KEY, body=body, method="PUT")),
    "post to a get route": (404, lambda body: post(f"Content-Length: {len(body)}", KEY, body=body, target="/health")),
}


@pytest.mark.parametrize("filler", FILLERS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_body_is_never_read_as_a_request(guarded, refusal, filler):
    status, make = REFUSALS[refusal]
    raw, closed = exchange(guarded.port, make(FILLERS[filler]), BEHIND)
    found = answers(raw)
    statuses = [answer.status for answer in found]
    # Either the body was read past and the health request behind it answered, or all was closed.
    assert closed
    assert statuses in ([status], [status, 200]) or (status == 404 and statuses in ([405], [405, 200])), statuses
    assert json.loads(found[0].body)["error"]["message"]
    if len(found) == 1:
        assert found[0].header("connection") == "close"
    else:
        assert b"hidden" not in found[1].body


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_chunked_body_is_never_read_as_a_request(guarded, refusal):
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
    status, make = REFUSALS[refusal]
    data = make(body).replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    raw, closed = exchange(guarded.port, data, BEHIND)
    statuses = [answer.status for answer in answers(raw)]
    assert closed and statuses in ([status], [status, 200], [405], [405, 200]), statuses


def test_a_body_over_the_limit_is_refused_from_its_announcement(guarded):
    body = HIDDEN * 400
    raw, closed = exchange(guarded.port, post(f"Content-Length: {len(body)}", KEY, body=body), BEHIND)
    statuses = [answer.status for answer in answers(raw)]
    assert closed and statuses in ([413], [413, 200]), statuses


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a",
                                  "application/xml"])
def test_another_kind_of_body_is_one_answer(guarded, kind):
    body = b"{}" + HIDDEN
    data = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n{KEY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    found = answers(exchange(guarded.port, data, BEHIND)[0])
    assert found[0].status in (400, 415)
    assert len(found) <= 2 and all(b"hidden" not in a.body for a in found)


def test_a_compressed_body_is_refused_or_at_least_not_misread(guarded):
    import gzip
    body = gzip.compress(b'{"messages":[]}')
    found = answers(exchange(guarded.port, post(f"Content-Length: {len(body)}", KEY, "Content-Encoding: gzip", body=body),
                             BEHIND)[0])
    assert found[0].status in (400, 415)


# Upgrades, tunnels, expectations ------------------------------------------------------------------

@pytest.mark.parametrize("lines", [
    ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
    ["Connection: Upgrade", "Upgrade: TLS/1.0"],
    ["Upgrade: foo/2"],
])
@pytest.mark.parametrize("target", ["/health", "/v1/models", "/v1/responses"])
def test_no_upgrade_is_ever_agreed_to(gateway, lines, target):
    found = answers(exchange(gateway.port, get(*lines, target=target), BEHIND)[0])
    assert [a.status for a in found if a.status == 101] == []
    assert found[0].status in (200, 400, 404, 426)


@pytest.mark.parametrize("target", ["127.0.0.1:22", "a.example:443", "/health", "http://a/"])
def test_no_tunnel_is_ever_opened(gateway, target):
    raw, closed = exchange(gateway.port, get(target=target, method="CONNECT"), b"SSH-2.0-x\r\n\r\n" * 4)
    found = answers(raw)
    # What follows may be read as a request, which it is not; never is it passed on.
    assert closed and found and all(400 <= answer.status <= 501 for answer in found), found


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "DEBUG", "PROPFIND", "QUERY", "get", "Post", "M-SEARCH"])
def test_a_strange_method_is_refused_and_nothing_is_echoed(gateway, method):
    raw, _ = exchange(gateway.port, get("X-Echo: canary-of-the-trace", method=method), BEHIND)
    found = answers(raw)
    assert found[0].status in (400, 404, 405, 501)
    assert b"canary-of-the-trace" not in raw


def test_options_star_is_answered(gateway):
    found = answers(exchange(gateway.port, get(method="OPTIONS", target="*"), BEHIND)[0])
    assert found[0].status in (200, 204, 400, 404) and len(found) <= 2


def test_100_is_sent_when_a_body_is_awaited(gateway):
    with Connection(gateway.port) as connection:
        connection.send(post("Expect: 100-continue", "Content-Length: 2", body=b""))
        assert connection.head().status == 100
        connection.send(b"{}")
        assert connection.answer().error["code"] == "missing_messages"


def test_100_is_not_sent_when_the_body_is_there_already_or_there_is_none(gateway):
    found = answers(exchange(gateway.port, post("Expect: 100-continue", "Content-Length: 2"), BEHIND)[0])
    assert [a.status for a in found] == [400, 200]
    found = answers(exchange(gateway.port, get("Expect: 100-continue"), BEHIND)[0])
    assert [a.status for a in found] == [200, 200]
    found = answers(exchange(gateway.port, post("Expect: 100-continue", "Content-Length: 0", body=b""), BEHIND)[0])
    assert [a.status for a in found] == [400, 200]


def test_100_is_never_sent_to_http_1_0(gateway):
    with Connection(gateway.port) as connection:
        connection.send(post("Expect: 100-continue", "Content-Length: 2", body=b"", version="HTTP/1.0"))
        time.sleep(0.2)
        connection.send(b"{}")
        assert connection.answer().status == 400
        assert connection.closed_within(2) and connection.buffer == b""


def test_a_refusal_comes_in_place_of_100(guarded):
    for lines, status in (([], 401), ([KEY, "X-Large: y"], 413)):
        length = "2" if status == 401 else "17000"
        with Connection(guarded.port) as connection:
            connection.send(post("Expect: 100-continue", f"Content-Length: {length}", *lines, body=b""))
            assert connection.answer().status == status
            assert connection.closed_within(3) and connection.buffer == b""


@pytest.mark.parametrize("value", ["200-ok", "100-continue, x", "", "\"100-continue\"", "100-Continue"])
def test_other_expectations_are_refused_or_ignored(gateway, value):
    found = answers(exchange(gateway.port, post(f"Expect: {value}", "Content-Length: 2"), BEHIND)[0])
    assert found[0].status in (400, 417)
    if found[0].status == 417:
        assert len(found) == 1


@pytest.mark.parametrize("data", [
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00" * 18,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
    b"\x16\x03\x01",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"EHLO a.example\r\n\r\n",
    b"*1\r\n$4\r\nPING\r\n\r\n",
    b"\x00\x00\x00\x17\xffSMB",
    b"\x80\x2e\x01\x00\x02",
    b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
])
def test_what_is_not_http_1_is_refused_at_once(gateway, data):
    started = time.monotonic()
    raw, closed = exchange(gateway.port, data, shutdown=True)
    assert closed and time.monotonic() - started < 3
    found = answers(raw)
    assert len(found) <= 1
    assert all(400 <= a.status <= 505 for a in found)


def test_http_1_0_is_answered_and_closed(gateway):
    raw, closed = exchange(gateway.port, b"GET /health HTTP/1.0\r\n\r\n")
    [answer] = answers(raw)
    assert closed and answer.status == 200
    assert answer.header("transfer-encoding") is None


def test_a_stream_to_http_1_0_has_no_chunks_and_ends_with_the_connection(gateway):
    body = json.dumps({"model": "coze/bot/" + BOT, "stream": True, "messages": [{"role": "user", "content": "hi"}]}).encode()
    raw, closed = exchange(gateway.port, post(f"Content-Length: {len(body)}", body=body, version="HTTP/1.0"))
    head, rest = raw.split(b"\r\n\r\n", 1)
    assert closed and b" 200 " in head.split(b"\r\n")[0] and b"transfer-encoding" not in head.lower()
    assert rest.startswith(b"data: ") and rest.rstrip().endswith(b"data: [DONE]")


def test_head_and_204_have_no_body(gateway):
    raw, _ = exchange(gateway.port, b"HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
                      b"HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert raw.count(b"HTTP/1.1 200") == 2
    assert raw.endswith(b"\r\n\r\n") and b"{" not in raw


def test_pipelined_requests_are_answered_in_order(gateway):
    raw, closed = exchange(gateway.port, get(), get(target="/v1/models"), get(target="/nothing"),
                           post("Content-Length: 2"), BEHIND)
    found = answers(raw)
    assert closed and [a.status for a in found] == [200, 200, 404, 400, 200]
    assert b'"list"' in found[1].body


def test_two_hundred_pipelined_requests_are_answered_or_closed(gateway):
    raw, closed = exchange(gateway.port, get() * 200, BEHIND)
    statuses = {a.status for a in answers(raw)}
    assert closed and statuses == {200}
