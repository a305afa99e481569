"""Where one message ends and the next begins: nothing here may be read in two ways."""

import pytest

from probe import ACCEPTED, ANSWERED, HIDDEN, Case, check, chunked, get, post, refused, refused_or_lenient

CL = "Content-Length"
TE = "Transfer-Encoding"


def content_length():
    def one(name, value, expected, body=b"{}"):
        line = CL.encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        return Case(f"content-length {name}", post(line, body=body), expected)

    yield one("plain", "2", ACCEPTED)
    yield one("with blanks around", "  2\t ", ACCEPTED)
    yield one("with leading zeros", "002", ACCEPTED)
    yield Case("content-length in lower case", post("content-length: 2"), ACCEPTED)
    yield Case("content-length without a blank", post("Content-Length:2"), ACCEPTED)
    for value in ("+2", "-2", "-0", "0x2", "2.0", "2 2", "2a", "a", "", "2,", ",2", "2;", "1e0", "0_2",
                  "2, 2", "2,2", "2, 3", "inf", "NaN", "'2'", "\"2\"", "2\t2", "٢", "２", "²", "2h", "0b10",
                  "0o2", "(2)", "2=2", "--2", "+-2", "2+", "2-", "\u00a02", "2\u00a0"):
        yield one(f"of {value!r}", value, refused())
    for value in (b"2\x0b", b"\x0b2", b"2\x0c", b"\x002", b"2\x00", b"2\x00\r", b"\x7f2", b"2\x80", b"\xff"):
        yield one(f"of {value!r}", value, refused())
    # Numbers that wrap around to 2 in 64 or 32 bits, and others past every limit.
    yield one("2^64+2", "18446744073709551618", refused(400, 413))
    yield one("2^64", "18446744073709551616", refused(400, 413))
    yield one("2^64-1", "18446744073709551615", refused(400, 413))
    yield one("2^63", "9223372036854775808", refused(400, 413))
    yield one("2^63-1", "9223372036854775807", refused(400, 413))
    yield one("2^32+2", "4294967298", refused(413))
    yield one("of 40 digits", "9" * 40, refused(400, 413))
    yield one("of 10,000 zeros", "0" * 10_000 + "2", refused_or_lenient(400))
    yield Case("content-length twice, equal", post(f"{CL}: 2", f"{CL}: 2"), refused())
    yield Case("content-length twice, different", post(f"{CL}: 2", f"{CL}: 3"), refused())
    yield Case("content-length twice, in two cases", post(f"{CL}: 2", "content-length: 44", body=b"{}" + HIDDEN), refused())
    yield Case("content-length three times", post(*[f"{CL}: 2"] * 3), refused())
    yield Case("content-length shorter than what follows", post(f"{CL}: 2", body=b"{}"), ACCEPTED)


def transfer_encoding():
    body = b"2\r\n{}\r\n0\r\n\r\n"
    for value in ("chunked", "Chunked", "CHUNKED", "  chunked  ", "\tchunked\t"):
        yield Case(f"transfer-encoding {value!r}", post(f"{TE}: {value}", body=body), ACCEPTED)
    wrong = ["xchunked", "chunkedx", "chunke", "chunk", "identity", "gzip", "gzip, chunked", "chunked, gzip",
             "chunked, chunked", "chunked,chunked", "chunked, identity", "identity, chunked", "", "chun ked",
             "\"chunked\"", "'chunked'", "chunked;q=1", "chunked;a=b", "chunked;", ",chunked", "chunked,",
             ", chunked", "x, chunked", "chunked x", "chunked\\", "c\u0068unked\u00a0", "chunked, x",
             "deflate, chunked", "cow", "chunked=1", "chunked, , ", "{chunked}", "c,hunked",
             "\u212aunked", "chunKed.", "true", "0"]
    for value in wrong:
        line = f"{TE}: ".encode() + value.encode()
        yield Case(f"transfer-encoding {value!r}", post(line, body=body), refused(400, 501))
        yield Case(f"transfer-encoding {value!r} with a length", post(line, f"{CL}: 2", body=b"{}" + HIDDEN),
                   refused(400, 501))
    for value in (b"\x0bchunked", b"chunked\x0b", b"\x00chunked", b"chunked\x00", b"chunked\x0c", b"chunked\x80",
                  b"\xffchunked", b"chunked\r"):
        yield Case(f"transfer-encoding {value!r}", post(f"{TE}: ".encode() + value, body=body), refused(400, 501))
    for first, second in (("chunked", "chunked"), ("chunked", "identity"), ("identity", "chunked"),
                          ("", "chunked"), ("chunked", ""), ("gzip", "chunked"), ("chunked", "cow")):
        yield Case(f"transfer-encoding twice: {first!r}, {second!r}",
                   post(f"{TE}: {first}", f"{TE}: {second}", body=body), refused(400, 501))
    for order in (0, 1):
        lines = [f"{TE}: chunked", f"{CL}: {len(body)}"]
        lines = lines[::-1] if order else lines
        yield Case(f"both framings, {lines[0]} first", post(*lines, body=body), refused())
    for length in ("0", "2", "3", "12", "1000"):
        yield Case(f"both framings, length {length}",
                   post(f"{TE}: chunked", f"{CL}: {length}", body=body + HIDDEN), refused())
        yield Case(f"both framings, length {length} first",
                   post(f"{CL}: {length}", f"{TE}: chunked", body=body + HIDDEN), refused())
    # Spellings of the name that another parser might take for it.
    for line in (b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked",
                 b"Transfer-Encoding\x00: chunked", b"Transfer-Encoding\x0b: chunked", b"\x0bTransfer-Encoding: chunked",
                 b"Transfer-Encoding\xa0: chunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding\r\n: chunked",
                 b"X: y\nTransfer-Encoding: chunked", b"X: y\rTransfer-Encoding: chunked", b"Transfer-Encoding",
                 b"X: y\r\n\tTransfer-Encoding: chunked", b"Transfer-Encoding: \x00chunked", b"Transfer\r-Encoding: chunked"):
        yield Case(f"name spelt {line!r}", post(line, f"{CL}: 2", body=b"{}" + HIDDEN), refused(400, 501))
    for line in (b"Content-Length : 44", b"Content-Length\t: 44", b"Content-Length\x00: 44", b"Content-Length:\r\n 44",
                 b"X: y\nContent-Length: 44", b"X: y\rContent-Length: 44", b"Content-Length\xa0: 44"):
        yield Case(f"name spelt {line!r}", post(f"{CL}: 2", line, body=b"{}" + HIDDEN), refused())
    for name in ("Transfer_Encoding", "X-Transfer-Encoding", "TransferEncoding", "Transfer.Encoding", "TE"):
        yield Case(f"another name, {name}", post(f"{name}: chunked", f"{CL}: 2"), ACCEPTED)
    yield Case("transfer-encoding in HTTP/1.0", post(f"{TE}: chunked", body=body, version="HTTP/1.0"), refused())
    yield Case("transfer-encoding and length in HTTP/1.0",
               post(f"{TE}: chunked", f"{CL}: 2", body=b"{}" + HIDDEN, version="HTTP/1.0"), refused())
    yield Case("transfer-encoding on a GET", get(f"{TE}: chunked") + b"0\r\n\r\n", ANSWERED)
    yield Case("unknown transfer-encoding on a GET", get(f"{TE}: cow"), refused(400, 501))
    yield Case("bad length on a GET", get(f"{CL}: x"), refused())
    yield Case("both on a GET", get(f"{CL}: 5", f"{TE}: chunked") + b"0\r\n\r\n", refused())


def chunks():
    def one(name, body, expected=ACCEPTED):
        return Case(f"chunks: {name}", chunked(body), expected)

    good = b"2\r\n{}\r\n"
    yield one("one", good + b"0\r\n\r\n")
    yield one("two", b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
    yield one("leading zeros", b"0002\r\n{}\r\n0000\r\n\r\n")
    yield one("hexadecimal in lower case", b"a\r\n{        }\r\n0\r\n\r\n")
    yield one("hexadecimal in upper case", b"A\r\n{        }\r\n0\r\n\r\n")
    yield one("extension", b"2;a=b\r\n{}\r\n0\r\n\r\n")
    yield one("extension without a value", b"2;a\r\n{}\r\n0\r\n\r\n")
    yield one("quoted extension", b"2;a=\"b;c\"\r\n{}\r\n0\r\n\r\n")
    yield one("extension of the last chunk", good + b"0;x=y\r\n\r\n")
    yield one("trailer", good + b"0\r\nX-Sum: 1\r\n\r\n")
    yield one("two trailers", good + b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")
    yield one("trailer that poses as a length", good + b"0\r\nContent-Length: 500\r\n\r\n", refused_or_lenient(400))
    yield one("trailer that poses as an encoding", good + b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
              refused_or_lenient(400))
    for size in ("+2", "-2", "0x2", "2h", "g", "", "2_", "２", "2.0", "2,2", "'2'", "\"2\"", "--2", "2-", "x"):
        yield one(f"size {size!r}", size.encode() + b"\r\n{}\r\n0\r\n\r\n", refused())
    for size in (b" 2", b"\t2", b"2\x00", b"\x002", b"2\x0b", b"\n2", b"\r2", b"2\r", b"2\x80", b"2 2", b"2\t2"):
        yield one(f"size {size!r}", size + b"\r\n{}\r\n0\r\n\r\n", refused())
    for size in (b"2 ", b"2\t", b"2 ;a=b"):
        yield one(f"size {size!r}", size + b"\r\n{}\r\n0\r\n\r\n", refused_or_lenient(400))
    for size in (b"ffffffffffffffff", b"10000000000000002", b"fffffffffffffffe", b"8000000000000000",
                 b"7fffffffffffffff", b"f" * 40, b"1" + b"0" * 32 + b"2"):
        yield one(f"size {size!r}", size + b"\r\n{}\r\n0\r\n\r\n", refused(400, 413))
    yield one("size in zeros without end", b"0" * 5000 + b"2\r\n{}\r\n0\r\n\r\n", refused_or_lenient(400))
    yield one("data longer than the size", b"1\r\n{}\r\n0\r\n\r\n", refused())
    yield one("no line end behind the data", b"2\r\n{}0\r\n\r\n", refused())
    yield one("bare LF behind the data", b"2\r\n{}\n0\r\n\r\n", refused())
    yield one("bare CR behind the data", b"2\r\n{}\r0\r\n\r\n", refused())
    yield one("bare LF behind the size", b"2\n{}\r\n0\r\n\r\n", refused())
    yield one("bare LF behind the last size", good + b"0\n\r\n", refused())
    yield one("bare LF at the end", good + b"0\r\n\n", refused())
    yield one("bare CR behind the size", b"2\r{}\r\n0\r\n\r\n", refused())
    yield one("two CR behind the size", b"2\r\r\n{}\r\n0\r\n\r\n", refused())
    yield one("bare LF in an extension", b"2;a=\nb\r\n{}\r\n0\r\n\r\n", refused())
    yield one("bare CR in an extension", b"2;a=\rb\r\n{}\r\n0\r\n\r\n", refused())
    yield one("NUL in an extension", b"2;a=\x00\r\n{}\r\n0\r\n\r\n", refused())
    yield one("extension hiding a request", b"2;a\n" + HIDDEN + b"\r\n{}\r\n0\r\n\r\n", refused())
    yield one("trailer without a colon", good + b"0\r\nX-Sum\r\n\r\n", refused())
    yield one("trailer with a blank before the colon", good + b"0\r\nX-Sum : 1\r\n\r\n", refused())
    # It cannot hide the end of the section, and trailers are read past in any case.
    yield one("folded trailer", good + b"0\r\nX-Sum: 1\r\n 2\r\n\r\n", refused_or_lenient(400))
    yield one("trailer beginning with a blank", good + b"0\r\n X-Sum: 1\r\n\r\n", refused())
    yield one("bare LF in a trailer", good + b"0\r\nX-Sum: 1\nX: 2\r\n\r\n", refused())
    yield one("bare CR in a trailer", good + b"0\r\nX-Sum: 1\rX: 2\r\n\r\n", refused())
    yield one("NUL in a trailer", good + b"0\r\nX-Sum: \x001\r\n\r\n", refused())
    yield one("empty name in a trailer", good + b"0\r\n: 1\r\n\r\n", refused())
    yield one("trailers of 64 KiB", good + b"0\r\n" + b"X-Sum: 11111111\r\n" * 4096 + b"\r\n", refused(400, 413, 431))
    yield one("extensions of 2 KiB in one", b"2;" + b"a" * 2048 + b"\r\n{}\r\n0\r\n\r\n", refused())
    yield one("extensions of 2 KiB in many", (b"1;" + b"a" * 50 + b"\r\n \r\n") * 45 + good + b"0\r\n\r\n", refused())
    yield one("extensions of 900 bytes", b"2;" + b"a" * 900 + b"\r\n{}\r\n0\r\n\r\n")
    yield one("not chunks at all", b"{}" + b"\r\n" * 3, refused())
    yield one("a request in place of a size", HIDDEN, refused())


def header_section():
    def one(name, line, expected=None):
        return Case(f"header: {name}", get(line), expected or refused())

    for value in (b"a", b"", b"a\tb", b"\t a \t", b"a" * 4096, b"\"quoted, text\"", b"a:b:c", b"(comment)"):
        yield one(f"value {value[:20]!r}", b"X-Value: " + value, ACCEPTED)
    yield one("value beyond ASCII", b"X-Value: \xc3\xa9\xff", refused_or_lenient(400))
    for byte in [*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]:
        yield one(f"byte {byte:#04x} in a value", b"X-Value: a" + bytes([byte]) + b"b")
    yield one("bare LF in a value", b"X-Value: a\nX-Other: b")
    yield one("bare CR in a value", b"X-Value: a\rX-Other: b")
    yield one("bare CR at the end of a value", b"X-Value: a\r")
    yield one("bare LF then a request", b"X-Value: a\n\n" + HIDDEN.strip())
    for byte in b"\"(),/;<=>?@[\\]{} \t":
        yield one(f"{chr(byte)!r} in a name", b"X" + bytes([byte]) + b"Y: a")
    for byte in (0x00, 0x01, 0x0B, 0x0D, 0x0A, 0x1F, 0x7F, 0x80, 0xE9, 0xFF):
        yield one(f"byte {byte:#04x} in a name", b"X" + bytes([byte]) + b"Y: a")
    yield one("blank before the colon", b"X-Value : a")
    yield one("tab before the colon", b"X-Value\t: a")
    yield one("empty name", b": a")
    yield one("no colon", b"X-Value")
    yield one("nothing but blanks", b"   ")
    yield one("folded with a blank", b"X-Value: a\r\n b")
    yield one("folded with a tab", b"X-Value: a\r\n\tb")
    yield one("folded with nothing", b"X-Value: a\r\n ")
    yield one("folded into a length", b"X-Value: a\r\n Content-Length: 50")
    yield Case("header: first line begins with a blank",
               b"GET /health HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n", refused())
    yield Case("header: all lines end with LF", b"GET /health HTTP/1.1\nHost: localhost\n\n", refused())
    yield Case("header: last line ends with LF", b"GET /health HTTP/1.1\r\nHost: localhost\n\r\n", refused())
    yield Case("header: the empty line is LF", b"GET /health HTTP/1.1\r\nHost: localhost\r\n\n", refused())
    yield Case("header: no host", get(host=False), refused())
    yield Case("header: two hosts", get("Host: b"), refused())
    yield Case("header: two equal hosts", get("Host: localhost"), refused())
    for value in ("a b", "a/b", "a@b", "a?b", "a#b", "a,b c", "a\\b", "<a>", "a\tb"):
        yield Case(f"header: host {value!r}", get(f"Host: {value}", host=False), refused())
    for value in ("a.example", "a.example:3000", "127.0.0.1:3000", "[::1]:3000", "", "A.EXAMPLE"):
        yield Case(f"header: host {value!r}", get(f"Host: {value}", host=False), ACCEPTED)
    yield one("connection close then more", b"X: y", ACCEPTED)


def request_line():
    def one(line, expected):
        line = line if isinstance(line, bytes) else line.encode("latin-1")
        return Case(f"request line {line[:60]!r}", line + b"\r\nHost: localhost\r\n\r\n", expected)

    yield one("GET /health HTTP/1.1", ACCEPTED)
    yield one("GET http://a/health HTTP/1.1", ACCEPTED)
    yield one("GET /health?x=%00%0d%0a HTTP/1.1", ACCEPTED)
    for version in ("HTTP/1.2", "HTTP/1.9", "HTTP/2", "HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/9.9"):
        yield one(f"GET /health {version}", refused(400, 505))
    for line in ("GET /health", "GET /health ", "GET", "", "GET  /health HTTP/1.1", "GET /health  HTTP/1.1",
                 "GET\t/health\tHTTP/1.1", "GET /health\tHTTP/1.1", " GET /health HTTP/1.1", "GET /health HTTP/1.1 ",
                 "GET /health http/1.1", "GET /health HTTP/1", "GET /health HTTP/1.", "GET /health HTTP/11",
                 "GET /health HTTP/1.1x", "GET /health HTTP/01.1", "GET /health HTTP/1.10", "GET /health HTTP/1,1",
                 "GET /health HTTP /1.1", "GET /health HTTP/ 1.1", "GET /health HTP/1.1", "GET /health HTTPS/1.1",
                 "GET /health HTTP/+1.1", "GET /health HTTP/1.1 HTTP/1.1", "GET /hea lth HTTP/1.1", "/health HTTP/1.1",
                 "GET health HTTP/1.1", "GET ?x HTTP/1.1", "GET #x HTTP/1.1", "GET /health#x HTTP/1.1", "GET a:80 HTTP/1.1",
                 "GET \\health HTTP/1.1", "GET ftp://a/health HTTP/1.1", "G(T /health HTTP/1.1", "G:T /health HTTP/1.1",
                 "\"GET\" /health HTTP/1.1", "GET, /health HTTP/1.1", "GE/T /health HTTP/1.1", "GET@ /health HTTP/1.1"):
        yield one(line, refused(400, 505) if line else refused_or_lenient(400))
    for byte in (0x00, 0x01, 0x09, 0x0A, 0x0B, 0x0D, 0x1F, 0x7F, 0x80, 0xC3, 0xFF):
        yield one(b"GET /hea" + bytes([byte]) + b"lth HTTP/1.1", refused(400))
        yield one(b"G" + bytes([byte]) + b"T /health HTTP/1.1", refused(400))
    yield Case("one empty line before the request", b"\r\n" + get(), ACCEPTED)
    yield Case("a bare LF before the request", b"\n" + get(), refused())
    yield Case("a NUL before the request", b"\0" + get(), refused())
    yield Case("a blank before the request", b" " + get(), refused())
    yield Case("random bytes", bytes(range(128, 256)) * 4, refused())


CASES = [*content_length(), *transfer_encoding(), *chunks(), *header_section(), *request_line()]


def test_there_are_enough_cases_and_few_in_which_either_reading_is_right():
    assert len(CASES) >= 250
    assert len({case.name for case in CASES}) == len(CASES)
    assert sum(case.expected.may for case in CASES) <= 0.03 * len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_framing(gateway, case):
    problem = check(gateway.port, case)
    assert problem is None, f"{problem}\nsent: {case.data[:300]!r}"
