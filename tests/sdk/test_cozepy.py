"""The emulated Coze service, judged by the service's official client for Python."""

import pytest
from cozepy import (ChatEventType, ChatStatus, Coze, CozeAPIError, Message, MessageType, TokenAuth)

from support.emulator import BOT, mock


@pytest.fixture
def client(coze):
    return Coze(auth=TokenAuth(token="pat_emulator"), base_url=coze.url)


def question(text):
    return {"bot_id": BOT, "user_id": "tester",
            "additional_messages": [Message.build_user_question_text(text)]}


def test_a_streamed_chat(client):
    text, usage, kinds = "", None, []
    script = {"events": [{"text": "Hel"}, {"text": "lo"}, {"usage": {"input": 7, "output": 3}}]}
    for event in client.chat.stream(**question(mock(script))):
        kinds.append(event.event)
        if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA:
            text += event.message.content
        if event.event == ChatEventType.CONVERSATION_CHAT_COMPLETED:
            usage = event.chat.usage
    assert text == "Hello"
    assert kinds[0] == ChatEventType.CONVERSATION_CHAT_CREATED
    assert (usage.input_count, usage.output_count, usage.token_count) == (7, 3, 10)


def test_a_chat_that_is_polled(client):
    poll = client.chat.create_and_poll(**question("hello there"))
    assert poll.chat.status == ChatStatus.COMPLETED
    answers = [message for message in poll.messages if message.type == MessageType.ANSWER]
    assert answers and "hello" in answers[0].content


def test_a_failure_is_seen(client):
    script = {"events": [{"text": "a"}, {"failed": {"code": 4011, "msg": "no balance"}}], "tail": False}
    events = list(client.chat.stream(**question(mock(script))))
    failed = [e for e in events if e.event == ChatEventType.CONVERSATION_CHAT_FAILED]
    assert len(failed) == 1
    assert failed[0].chat.last_error.code == 4011


def test_a_wrong_token_is_refused(coze):
    wrong = Coze(auth=TokenAuth(token="pat_wrong"), base_url=coze.url)
    with pytest.raises(CozeAPIError) as raised:
        list(wrong.chat.stream(**question("hi")))
    assert raised.value.code in (4100, 700012006)
