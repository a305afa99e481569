"""About three thousand bad, odd and enormous bodies: each is a 400 in the API's shape or is handled."""

import itertools
import json
import time

import pytest

from support.gateway import CHAT, COZE, Gateway
from support.http import Connection

USER = '{"role":"user","content":"hi"}'
MEBIBYTE = 1024 * 1024

# Texts that are no JSON, with the reason each is there.
BROKEN = [
    "", " ", "\n", "{", "}", "[", "]", ":", ",", '"', "'", "{]", "[}", "[1,]", "[,1]", "[1,,2]", "[,]", "[1 2]", "[1:2]",
    '{"a"}', '{"a":}', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{"a" 1}', '{"a"::1}', '{a:1}', "{'a':1}", "{1:1}",
    "{null:1}", "{[]:1}", '{"a":1 "b":2}', '{"a":1}}', "[[]", "[]]", "{}{}", "{} x", "[] []", "1 2", "nul", "NULL",
    "Null", "tru", "True", "TRUE", "fals", "False", "truee", "nulll", "undefined", "NaN", "nan", "Infinity", "-Infinity",
    "inf", "-", "+1", "-+1", "--1", "01", "-01", "00", "1.", ".1", "-.1", "1.e1", "1e", "1e+", "1E-", "1ee1", "1e1.5",
    "0x1", "0x", "1_000", "1,000", "１", "1a", "0e", "0.", "1.1.1", "- 1", "1 000", '"a', 'a"', '"\\"', '"\\x41"',
    '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123g"', '"\\uD800\\u"', '"\\U0041"', '"\\a"', '"\\\'"', '"\\ "',
    '"\\0"', '"\\', '"a\nb"', '"a\tb"', '"a\0b"', '"\x01"', '"\x1f"', "// x\n1", "/* x */1", "# x\n1", "1//x", "(1)",
    "<a/>", "{\"a\":1};", "[1];", "\x00", "\x00{}", "{}\x00", "[\x0b1]", "[\x0c1]", "[1\x00]", "\ufffe{}", "{\"a\":1\x00}",
    "[-]", "[2.e3]", "[1.8011670033376514H-308]", "[-2.]", "[0.3e+]", "[9.e+]", "[1eE2]", "[-NaN]", "[++1234]",
    "{\"x\"::\"b\"}", "{🇨🇭}", "[\u2060]", "[a", "[\"", "[\"\\u00A", "{\"a\":\"a", "[*]", "[1]x", "[\"x\"", "{\"x\", null}",
    "abc", "{\"asd\":\"asd\"", "å", "[⁠]", "\u0085{}", "\u2028{}", "\u00a0{}", "`{}`", "{\"a\":`b`}", "{\"a\":'b'}",
    "True", "None", "[1,2", "[[[[", "{\"a\":{\"b\":{", "]]]]", "}}}}", "[{]}", "{[}]",
]
# Bytes that are not UTF-8, inside a text.
BAD_BYTES = [b"\xff", b"\xfe", b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2(\xa1",
             b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf",
             b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xf0\x9f\x98",
             b"\xef\xbf", b"a\xe9b", b"\xa0", b"\xff\xfe{\x00}\x00"]
# JSON that is well-formed but odd.
ODD = [
    "null", "true", "false", "0", "-0", "1", "-1", "0.0", "1e5", "1E+5", "1e-5", "1e400", "-1e400", "1e-400", "1e99999999999",
    "9007199254740993", "18446744073709551616", "-9223372036854775809", "9" * 400, "0." + "9" * 400, '""', '"a"', '" "',
    '"\\u0000"', '"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\uFFFF"',
    '"\\ufdd0"', '"\\u2028"', '"\U0010ffff"', '"\x7f"', '"\\/"', '"\\b\\f\\n\\r\\t"', "[]", "{}", "[[]]", "[{}]", '{"":0}',
    '{"a":1,"a":2}', '{"\\u0000":1}', '{"\\ud800":1}', '{"__proto__":{}}', '{"constructor":1}', '[null]', "[1,[2,[3]]]",
]

MEMBERS = ["messages", "model", "stream", "stream_options", "temperature", "top_p", "n", "max_tokens", "stop", "user",
           "metadata", "tools", "tool_choice", "response_format", "logit_bias", "x-bot-id", "x-model-type", "extra_headers"]
PLACES = {  # a template; %s is the value under test
    "whole": "%s",
    "messages": '{"model":"' + COZE + '","messages":%s}',
    "message": '{"model":"' + COZE + '","messages":[%s]}',
    "role": '{"model":"' + COZE + '","messages":[{"role":%s,"content":"hi"}]}',
    "content": '{"model":"' + COZE + '","messages":[{"role":"user","content":%s}]}',
    "part": '{"model":"' + COZE + '","messages":[{"role":"user","content":[%s]}]}',
    "text": '{"model":"' + COZE + '","messages":[{"role":"user","content":[{"type":"text","text":%s}]}]}',
    "unknown member": '{"model":"' + COZE + '","messages":[' + USER + '],"unknown":%s}',
    "behind": '{"model":"' + COZE + '","messages":[' + USER + "]}%s",
}


def member(name, value):
    if name == "messages":
        return PLACES["messages"] % value
    return '{"model":"%s","messages":[%s],"%s":%s}' % (COZE, USER, name, value)


def broken():
    for place, value in itertools.product(PLACES, BROKEN):
        if place == "behind" and not value.strip():
            continue
        yield f"{place}: {value!r}", (PLACES[place] % value).encode("utf-8", "surrogatepass"), True
    for place, value in itertools.product(("content", "unknown member", "role"), BAD_BYTES):
        template = PLACES[place].encode()
        yield f"{place}: bytes {value!r}", template.replace(b"%s", b'"' + value + b'"'), True
    for value in BAD_BYTES:
        yield f"key: bytes {value!r}", b'{"messages":[' + USER.encode() + b'],"' + value + b'":1}', True


def odd():
    for place, value in itertools.product(("whole", "messages", "message", "role", "content", "part", "text",
                                           "unknown member"), ODD):
        yield f"{place}: {value[:40]!r}", (PLACES[place] % value).encode(), False
    for name, value in itertools.product(MEMBERS, ODD):
        yield f"{name} = {value[:40]!r}", member(name, value).encode(), False


def truncated():
    """A whole request of one and a half KiB, cut at each seventh byte."""
    whole = json.dumps({"model": COZE, "stream": True, "stream_options": {"include_usage": True}, "temperature": 0.5,
                        "stop": ["a", "b"], "metadata": {"k": "v"}, "messages": [
                            {"role": "system", "content": "Grüße \" \\ \n" * 20},
                            {"role": "user", "content": [{"type": "text", "text": "世界 🙂" * 40}]},
                            {"role": "assistant", "content": "ok"}, {"role": "user", "content": "x" * 300}]},
                       ensure_ascii=False).encode()
    for cut in range(1, len(whole), 7):
        yield f"cut at {cut}", whole[:cut], True


def deep():
    for depth in (10, 64, 100, 250, 500, 1000, 1024, 1025, 5000, 100_000, 1_000_000):
        for name, text in (("arrays", "[" * depth + "]" * depth), ("open arrays", "[" * depth),
                           ("objects", '{"a":' * depth + "1" + "}" * depth), ("open objects", '{"a":' * depth)):
            for place in ("whole", "messages", "content", "unknown member"):
                must_fail = "open" in name or place == "whole" or depth >= 100_000 or place in ("messages", "content")
                yield f"{depth} {name} in {place}", (PLACES[place] % text).encode(), must_fail


def large():
    many = 1_000_000
    yield "a million numbers in an unknown member", (PLACES["unknown member"] % ("[" + "1," * many + "1]")).encode(), False
    yield "a million messages of nothing", (PLACES["messages"] % ("[" + "{}," * (many // 2) + "{}]")).encode(), True
    yield "a million empty parts", (PLACES["content"] % ("[" + "1," * many + "1]")).encode(), True
    yield "a hundred thousand members", ("{" + ",".join(f'"k{n}":1' for n in range(100_000)) + "}").encode(), True
    yield "a hundred thousand equal members", ("{" + ",".join(['"messages":1'] * 100_000) + "}").encode(), True
    for digits in ("1" * 100_000, "-" + "9" * 100_000, "0." + "1" * 100_000, "1e" + "9" * 100_000, "1" + "0" * 100_000):
        yield f"a number of {len(digits)} digits, {digits[:4]}", member("temperature", digits).encode(), False
        yield f"a number of {len(digits)} digits as n, {digits[:4]}", member("n", digits).encode(), False
    yield "a key of a mebibyte", ('{"' + "k" * MEBIBYTE + '":1,"messages":[' + USER + "]}").encode(), False
    yield "a model of a mebibyte", member("model", '"' + "m" * MEBIBYTE + '"').encode(), False
    yield "a role of a mebibyte", (PLACES["role"] % ('"' + "r" * MEBIBYTE + '"')).encode(), True
    yield "a mebibyte of escapes", (PLACES["role"] % ('"' + "\\u0041" * (MEBIBYTE // 6) + '"')).encode(), True
    yield "a mebibyte of white space", b" " * MEBIBYTE, True
    yield "a mebibyte of quotes", b'"' * MEBIBYTE, True
    yield "a mebibyte of backslashes", b'"' + b"\\" * MEBIBYTE, True
    yield "a mebibyte of NUL", b"\0" * MEBIBYTE, True


CASES = {"broken": list(broken()), "odd": list(odd()), "truncated": list(truncated()), "deep": list(deep()),
         "large": list(large())}


@pytest.fixture(scope="module")
def single(coze):
    with Gateway(coze=coze, env={"DRAGOMAN_WORKERS": "1"}) as running:
        yield running


def test_there_are_about_three_thousand_cases():
    assert sum(len(cases) for cases in CASES.values()) >= 2900


def judge(answer, must_fail):
    """None, or what is wrong with this answer."""
    if answer.status == 200:
        return "it was taken for good JSON" if must_fail else None
    if not 400 <= answer.status < 500 and answer.status != 501:
        return "neither handled nor a client's fault"
    try:
        error = answer.error
    except (AssertionError, ValueError, KeyError) as problem:
        return f"not in the shape of the API: {problem}"
    if error["type"] not in ("invalid_request_error",):
        return f"type {error['type']}"
    if len(answer.body) > 1024:
        return "a long error"
    return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("group", CASES)
def test_bad_json(single, group):
    wrong, slowest = [], (0.0, "")
    connection = Connection(single.port)
    for name, body, must_fail in CASES[group]:
        started = time.monotonic()
        try:
            connection.request("POST", CHAT, {"content-type": "application/json"}, body=body)
            answer = connection.answer()
            problem = judge(answer, must_fail)
            status = answer.status
        except Exception as error:
            problem, status = f"{type(error).__name__}: {error}", 0
        took = time.monotonic() - started
        slowest = max(slowest, (took, name))
        if took > 1.0:
            problem = f"took {took:.2f} s"
        if problem:
            wrong.append((name[:80], status, problem[:200]))
        if status == 0 or answer.header("connection") == "close":
            connection.close()
            connection = Connection(single.port)
    connection.close()
    assert wrong == [], f"{len(wrong)} of {len(CASES[group])}; the first: {wrong[:12]}; slowest {slowest}"


@pytest.mark.parametrize("name, body", [(name, body) for name, body, _ in CASES["large"] + CASES["deep"]
                                        if len(body) >= MEBIBYTE], ids=lambda value: value if isinstance(value, str) else "")
def test_memory_stays_in_proportion(single, name, body):
    """While and after: at most four times the body, plus what allocators round up."""
    single.fetch("POST", CHAT, {"content-type": "application/json"}, body=body)
    before = single.rss_bytes()
    peak = before
    for _ in range(3):
        single.fetch("POST", CHAT, {"content-type": "application/json"}, body=body)
        peak = max(peak, single.rss_bytes())
    assert peak - before <= 4 * len(body) + 8 * MEBIBYTE, f"{(peak - before) / MEBIBYTE:.0f} MiB for {len(body) / MEBIBYTE:.1f}"
