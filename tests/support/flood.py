"""An upstream that offers more than anyone reads, written apart from the program's own emulators.

    with Flood("coze", mebibytes=40) as flood:
        flood.url, flood.sent      # bytes of each answer that left, by connection

Every event's text is its number (8 digits) and filler up to PIECE characters.
"""

import json
import socket
import struct
import threading
import zlib

PIECE = 8192
MEBIBYTE = 1024 * 1024


def numbered(number):
    return f"{number:08d}".ljust(PIECE, "x")


def frame(event, payload):
    """One message of an AWS event stream."""
    headers = b""
    for name, value in ((":event-type", event), (":content-type", "application/json"), (":message-type", "event")):
        name, value = name.encode(), value.encode()
        headers += bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack(">I", zlib.crc32(message))


def sse(event, data):
    return f"event:{event}\ndata:{json.dumps(data)}\n\n".encode()


def coze_message(content, kind="answer"):
    return {"id": "7410000000000000001", "conversation_id": "7400000000000000001", "bot_id": "7401000000000000001",
            "chat_id": "7402000000000000001", "role": "assistant", "type": kind, "content": content,
            "content_type": "text"}


def coze_chat(status):
    return {"id": "7402000000000000001", "conversation_id": "7400000000000000001", "bot_id": "7401000000000000001",
            "status": status, "last_error": {"code": 0, "msg": ""},
            "usage": {"token_count": 2, "output_count": 1, "input_count": 1}}


class Flood:
    def __init__(self, kind, mebibytes):
        self.kind = kind
        self.count = mebibytes * MEBIBYTE // PIECE
        self.sent = {}
        self._stop = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop = True
        self._listener.close()

    def _accept(self):
        while not self._stop:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _begin(self):
        if self.kind == "coze":
            return [sse("conversation.chat.created", coze_chat("created")),
                    sse("conversation.chat.in_progress", coze_chat("in_progress"))]
        return []

    def _piece(self, number):
        if self.kind == "coze":
            return sse("conversation.message.delta", coze_message(numbered(number)))
        return frame("assistantResponseEvent", {"content": numbered(number)})

    def _end(self):
        if self.kind == "coze":
            return [sse("conversation.chat.completed", coze_chat("completed")), b'event:done\ndata:"[DONE]"\n\n']
        return [frame("metadataEvent", {"tokenUsage": {"uncachedInputTokens": 1, "outputTokens": 1, "totalTokens": 2}})]

    def _serve(self, connection):
        with connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
            raw = b""
            while b"\r\n\r\n" not in raw:
                data = connection.recv(65536)
                if not data:
                    return
                raw += data
            head, body = raw.split(b"\r\n\r\n", 1)
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            while len(body) < length:
                body += connection.recv(65536)
            kind = "text/event-stream" if self.kind == "coze" else "application/vnd.amazon.eventstream"
            number = len(self.sent)
            self.sent[number] = 0
            try:
                connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
                for data in self._begin():
                    self._chunk(connection, number, data)
                for index in range(self.count):
                    self._chunk(connection, number, self._piece(index))
                for data in self._end():
                    self._chunk(connection, number, data)
                connection.sendall(b"0\r\n\r\n")
            except OSError:
                pass

    def _chunk(self, connection, number, data):
        connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        self.sent[number] += len(data)
