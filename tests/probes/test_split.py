"""A request in pieces is the same request."""

import concurrent.futures
import json
import re

from probe import BEHIND, answers, exchange, post
from support.emulator import mock
from support.gateway import COZE


def request():
    body = json.dumps({"model": COZE, "messages": [
        {"role": "user", "content": mock({"events": [{"text": "Grüße 世界"}]}, "x" * 300)}]},
        ensure_ascii=False).encode()
    return post(f"Content-Length: {len(body)}", "X-Some: header", "Accept: */*", "User-Agent: a-client/1.0",
                "X-Padding: " + "p" * 150, body=body)


def chunked_request():
    body = json.dumps({"model": COZE, "messages": [
        {"role": "user", "content": mock({"events": [{"text": "chunks"}]})}]}).encode()
    third = len(body) // 3
    coded = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part)
                     for part in (body[:third], body[third:2 * third], body[2 * third:])) + b"0\r\nX-T: 1\r\n\r\n"
    return post("Transfer-Encoding: chunked", body=coded)


def meaning(raw):
    """The answers without what differs from one to the next."""
    seen = []
    for answer in answers(raw):
        body = re.sub(rb'"(id|timestamp)":"[^"]*"|"created":\d+|"uptime[^,}]*', b"", answer.body)
        names = sorted(name.lower() for name, _ in answer.headers)
        seen.append((answer.status, tuple(names), body))
    return seen


def test_a_request_cut_in_two_anywhere_has_the_same_answer(gateway):
    for data in (request(), chunked_request()):
        whole = meaning(exchange(gateway.port, data, BEHIND)[0])
        assert [status for status, _, _ in whole] == [200, 200]

        def at(cut, data=data):
            return cut, meaning(exchange(gateway.port, data[:cut], data[cut:], BEHIND, pause=0.002)[0])

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(at, range(1, len(data))))
        different = [cut for cut, seen in results if seen != whole]
        assert different == []


def test_a_request_byte_by_byte_has_the_same_answer(gateway):
    for data in (request(), chunked_request()):
        whole = meaning(exchange(gateway.port, data, BEHIND)[0])
        pieces = [data[i:i + 1] for i in range(len(data))]
        assert meaning(exchange(gateway.port, *pieces, BEHIND)[0]) == whole
