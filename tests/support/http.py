"""HTTP/1.1 by hand: the tests see the bytes, not what a library makes of them.

    with Connection(port) as connection:
        connection.request("POST", "/v1/chat/completions", json={...})
        answer = connection.answer()            # the whole answer
        answer.status, answer.header("content-type"), answer.json()

    connection.request(...)
    head = connection.head()                    # the head alone
    for data in connection.events():            # server-sent events as they arrive
        ...

Every wait has a deadline. A body that is cut before its end raises Cut, with what had arrived.
"""

import json as jsonlib
import socket
import struct
import time


class Cut(Exception):
    """The connection ended before the answer was complete."""

    def __init__(self, why, received=b""):
        super().__init__(f"{why}; received {received[-200:]!r}")
        self.received = received


class Answer:
    def __init__(self, status, reason, headers):
        self.status = status
        self.reason = reason
        self.headers = headers  # [(name as sent, value)]
        self.body = b""

    def header(self, name):
        """The only field of that name, or None. Fails when there are several."""
        found = self.all(name)
        assert len(found) <= 1, f"{name} is there {len(found)} times"
        return found[0] if found else None

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return jsonlib.loads(self.text)

    @property
    def error(self):
        """The error object of the OpenAI envelope, checked for its shape."""
        body = self.json()
        assert set(body) == {"error"}, body
        error = body["error"]
        assert {"message", "type", "param", "code"} <= set(error), error
        assert isinstance(error["message"], str) and error["message"], error
        assert isinstance(error["type"], str) and error["type"], error
        return error

    def events(self):
        """The data of each server-sent event of a body that is wholly there."""
        return list(parse_events(self.body))

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:500]!r}>"


def parse_events(body):
    for block in body.decode("utf-8").split("\n\n"):
        data = event_data(block)
        if data is not None:
            yield data


def event_data(block):
    lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
    return "\n".join(lines) if lines else None


def parse_head(raw):
    lines = raw.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    status, _, reason = rest.partition(" ")
    assert version == "HTTP/1.1" and len(status) == 3 and status.isdigit(), lines[0]
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        assert colon and name and name.strip() == name, f"not a header line: {line!r}"
        headers.append((name, value.strip(" \t")))
    return Answer(int(status), reason, headers)


def request_bytes(method, target, headers=(), body=None, json=None, host="127.0.0.1"):
    """A well-formed request. Give headers as a dict or pairs; None as a value leaves one out."""
    fields = {"host": host}
    if json is not None:
        body = jsonlib.dumps(json).encode()
        fields["content-type"] = "application/json"
    if isinstance(body, str):
        body = body.encode()
    if body is not None:
        fields["content-length"] = str(len(body))
    for name, value in dict(headers).items():
        fields[name.lower()] = value
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


class Connection:
    def __init__(self, port, host="127.0.0.1", timeout=20.0, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.buffer = b""
        self.method = "GET"
        self._chunk_left = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with RST in place of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, target, headers=(), body=None, json=None):
        self.method = method
        self.send(request_bytes(method, target, headers, body, json))

    def _more(self, why):
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise Cut(f"{why}: {error}", self.buffer) from None
        except TimeoutError:
            raise TimeoutError(f"{why}: nothing came for {self.timeout} s; "
                               f"received {self.buffer[-200:]!r}") from None
        if not data:
            raise Cut(f"{why}: closed", self.buffer)
        self.buffer += data

    def _take(self, n):
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def head(self):
        """The head of the next answer; interim answers (1xx) are answers too."""
        while b"\r\n\r\n" not in self.buffer:
            self._more("head")
        raw = self._take(self.buffer.index(b"\r\n\r\n"))
        self._take(4)
        answer = parse_head(raw)
        lengths, codings = answer.all("content-length"), answer.all("transfer-encoding")
        assert not (lengths and codings), f"both framings: {answer}"
        assert len(lengths) <= 1 and len(codings) <= 1, f"a framing header twice: {answer}"
        self._length = int(lengths[0]) if lengths else None
        self._chunked = bool(codings) and codings[0].lower() == "chunked"
        if self.method == "HEAD" or answer.status in (204, 304) or answer.status < 200:
            self._length, self._chunked = 0, False
        self._done = False
        return answer

    def pieces(self):
        """The bytes of the body as they arrive, without the framing."""
        if self._chunked:
            while not self._done:
                while b"\r\n" not in self.buffer:
                    self._more("chunk size")
                end = self.buffer.index(b"\r\n")
                size = int(self.buffer[:end].split(b";")[0], 16)
                while len(self.buffer) < end + 2 + size + 2:
                    self._more("chunk")
                self._take(end + 2)
                piece = self._take(size)
                assert self._take(2) == b"\r\n", "chunk not followed by CRLF"
                if size == 0:
                    self._done = True
                else:
                    yield piece
        elif self._length is not None:
            left = self._length
            while left > 0:
                if not self.buffer:
                    self._more("body")
                piece = self._take(left)
                left -= len(piece)
                yield piece
            self._done = True
        else:
            while True:
                try:
                    self._more("body until close")
                except Cut:
                    break
            self._done = True
            if self.buffer:
                yield self._take(len(self.buffer))

    def answer(self):
        """The next whole answer."""
        answer = self.head()
        self.read_body(answer)
        return answer

    def read_body(self, answer):
        parts = []
        try:
            for piece in self.pieces():
                parts.append(piece)
        except Cut as cut:
            answer.body = b"".join(parts)
            cut.received = answer.body
            raise
        answer.body = b"".join(parts)

    def events(self):
        """The data of each server-sent event, as soon as it is whole."""
        text = b""
        for piece in self.pieces():
            text += piece
            while b"\n\n" in text:
                block, text = text.split(b"\n\n", 1)
                data = event_data(block.decode("utf-8"))
                if data is not None:
                    yield data
        assert not text.strip(), f"bytes behind the last event: {text!r}"

    def closed_within(self, seconds):
        """True when the other side closes (or resets) in time; what it still sends is kept."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.socket.settimeout(left)
                data = self.socket.recv(65536)
                if not data:
                    return True
                self.buffer += data
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        finally:
            self.socket.settimeout(self.timeout)


def fetch(port, method, target, headers=(), body=None, json=None, timeout=20.0):
    """One request on a connection of its own."""
    with Connection(port, timeout=timeout) as connection:
        connection.request(method, target, headers, body, json)
        return connection.answer()
