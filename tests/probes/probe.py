"""Raw bytes to the gateway, and what must come back.

A case is a name, the bytes of one request, and what is expected of it:

    ACCEPTED      it is understood: exactly one answer to it, and the connection goes on
    ANSWERED      the same, or the connection is closed behind the answer
    refused(...)  exactly one answer with one of these statuses, in the shape of the API,
                  and the connection is closed; nothing behind it is ever answered

Behind the bytes of each case a health request is sent on the same connection. It is answered when
the first request was taken for what it is, and only then: bytes that were smuggled past the
framing would show as answers too many, or as a health request that is swallowed.

Requests with a body go to chat completions with the body {}, whose one right answer is 400 with
the code missing_messages: so it is known that the body was read as meant.
"""

import dataclasses
import json
import socket
import time

from support.gateway import CHAT
from support.http import parse_head

BEHIND = b"GET /health?behind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# What an attacker would hide.
HIDDEN = b"GET /v1/models?hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclasses.dataclass(frozen=True)
class Expectation:
    accepted: bool
    statuses: tuple = ()
    may: bool = False  # a MAY of RFC 9112: being accepted is no fault
    may_close: bool = False


ACCEPTED = Expectation(True)
ANSWERED = Expectation(True, may_close=True)


def refused(*statuses):
    return Expectation(False, statuses or (400,))


def refused_or_lenient(*statuses):
    return Expectation(False, statuses or (400,), may=True)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    expected: Expectation
    behind: bytes = BEHIND


def post(*lines, body=b"{}", target=CHAT, version="HTTP/1.1", host=True, method="POST"):
    """A POST whose header lines are given as they are (text as Latin-1, or bytes)."""
    head = [f"{method} {target} {version}".encode("latin-1")]
    if host:
        head.append(b"Host: localhost")
    head.append(b"Content-Type: application/json")
    head += [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def get(*lines, target="/health", host=True, version="HTTP/1.1", method="GET"):
    head = [f"{method} {target} {version}".encode("latin-1")]
    if host:
        head.append(b"Host: localhost")
    head += [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def chunked(body, *lines):
    return post("Transfer-Encoding: chunked", *lines, body=body)


def exchange(port, *pieces, pause=0.0, seconds=12.0, shutdown=False):
    """Sends the pieces and reads until the other side closes: (bytes, whether it closed)."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
                if pause:
                    time.sleep(pause)
            if shutdown:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        deadline = time.monotonic() + seconds
        while True:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = connection.recv(65536)
            except TimeoutError:
                return received, False
            except ConnectionResetError:
                return received, True
            if not data:
                return received, True
            received += data


def answers(raw):
    """All answers in these bytes, each with its whole body."""
    found = []
    while raw:
        assert b"\r\n\r\n" in raw, f"half a head: {raw[:200]!r}"
        head, raw = raw.split(b"\r\n\r\n", 1)
        answer = parse_head(head)
        if answer.status >= 200 and answer.status != 204:
            coding = answer.header("transfer-encoding")
            if coding:
                assert answer.header("content-length") is None
                body = b""
                while True:
                    size, raw = raw.split(b"\r\n", 1)
                    n = int(size, 16)
                    body, raw = body + raw[:n], raw[n + 2:]
                    if n == 0:
                        break
                answer.body = body
            else:
                n = int(answer.header("content-length"))
                assert len(raw) >= n, "half a body"
                answer.body, raw = raw[:n], raw[n:]
        found.append(answer)
    return found


def understood(answer, data):
    """Whether this is the answer to the request itself and not to its framing."""
    if data.lstrip(b"\r\n").startswith(b"GET ") and answer.status == 200:
        return True
    if answer.status == 400:
        return json.loads(answer.body)["error"]["code"] == "missing_messages"
    return False


def check(port, case):
    """None, or what is wrong."""
    raw, closed = exchange(port, case.data + case.behind)
    try:
        found = answers(raw)
    except (AssertionError, ValueError, KeyError) as error:
        return f"not an answer: {error}; {raw[:300]!r}"
    statuses = [answer.status for answer in found]
    if not closed:
        return f"the connection stayed open; answers {statuses}"
    if case.expected.accepted or (case.expected.may and len(found) == 2):
        if case.expected.may_close and len(found) == 1 and understood(found[0], case.data):
            return None
        if len(found) == 2 and understood(found[0], case.data) and found[1].status == 200:
            return None
        return f"not understood: {statuses} {[a.body[:120] for a in found]}"
    if len(found) != 1:
        return f"{len(found)} answers: {statuses}"
    [answer] = found
    if answer.status not in case.expected.statuses:
        return f"status {answer.status}, expected {case.expected.statuses}: {answer.body[:200]!r}"
    if understood(answer, case.data):
        return f"it was taken for a good request: {answer.body[:200]!r}"
    if answer.header("connection") != "close":
        return "the answer does not say that the connection is closed"
    error = json.loads(answer.body)["error"]
    if not {"message", "type", "param", "code"} <= set(error) or not error["message"]:
        return f"not in the shape of the API: {answer.body[:200]!r}"
    return None
