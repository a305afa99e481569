"""The gateway in front of emulated upstreams.

    with Emulator("coze") as coze, Gateway(coze=coze) as gateway:
        answer = gateway.chat("hello", model=COZE)
        with gateway.stream("hello", model=COZE) as stream:
            for chunk in stream.chunks(): ...
"""

import json

from support.emulator import BOT, Emulator
from support.http import Connection, fetch
from support.program import Program

CODEWHISPERER = "claude-sonnet-4.5"
COZE = f"coze/bot/{BOT}"
CHAT = "/v1/chat/completions"


def upstream_environment(codewhisperer=None, coze=None):
    env = {}
    if codewhisperer is not None:
        env |= {
            "CODEWHISPERER_ENDPOINT": codewhisperer.url,
            "CODEWHISPERER_OIDC_ENDPOINT": codewhisperer.url,
            "CODEWHISPERER_API_KEY": "ksk_emulator",
        }
    else:
        env["CODEWHISPERER_ENABLED"] = "false"
    if coze is not None:
        env |= {"COZE_BASE_URL": coze.url, "COZE_API_KEY": "pat_emulator", "COZE_BOT_ID": BOT}
    return env


def chat_body(content, model, stream=False, **fields):
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    body = {"model": model, "messages": messages, **fields}
    if stream:
        body["stream"] = True
    return body


class Gateway(Program):
    def __init__(self, codewhisperer=None, coze=None, env=(), arguments=(), config=None, **options):
        """config: text of a dragoman.toml in the working directory."""
        files = dict(options.pop("files", ()))
        if config is not None:
            files["dragoman.toml"] = config
        super().__init__("serve", "--port", "0", *arguments,
                         env=upstream_environment(codewhisperer, coze) | dict(env), files=files,
                         **options)
        self.url = f"http://127.0.0.1:{self.port}"

    def fetch(self, method, target, headers=(), body=None, json=None, timeout=20.0):
        return fetch(self.port, method, target, headers, body, json, timeout)

    def connect(self, **options):
        return Connection(self.port, **options)

    def chat(self, content, model, headers=(), timeout=20.0, **fields):
        return self.fetch("POST", CHAT, headers, json=chat_body(content, model, **fields),
                          timeout=timeout)

    def stream(self, content, model, headers=(), timeout=20.0, **fields):
        """A streamed chat whose head has come."""
        connection = Connection(self.port, timeout=timeout)
        try:
            connection.request("POST", CHAT, headers,
                               json=chat_body(content, model, stream=True, **fields))
            return Stream(connection)
        except BaseException:
            connection.close()
            raise


class Stream:
    def __init__(self, connection):
        self.connection = connection
        self.head = connection.head()
        if self.head.status != 200:
            connection.read_body(self.head)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def chunks(self):
        """Each chunk as JSON; the text "[DONE]" for the end."""
        for data in self.connection.events():
            yield data if data == "[DONE]" else json.loads(data)

    def texts(self):
        """The content of each delta that has some."""
        for chunk in self.chunks():
            if chunk == "[DONE]":
                continue
            for choice in chunk.get("choices", ()):
                if choice["delta"].get("content"):
                    yield choice["delta"]["content"]


def read_stream(chunks):
    """What a client makes of a stream: (text, finish reason, error object, usage, done)."""
    text, finish, error, usage, done = "", None, None, None, False
    for chunk in chunks:
        assert not done, f"something behind [DONE]: {chunk}"
        if chunk == "[DONE]":
            done = True
            continue
        if "error" in chunk:
            error = chunk["error"]
            continue
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
    return text, finish, error, usage, done


__all__ = ["BOT", "CHAT", "CODEWHISPERER", "COZE", "Emulator", "Gateway", "Stream", "chat_body",
           "read_stream", "upstream_environment"]
