"""The emulated Coze service in breadth, judged by the service's official client for Python, the
strictest reader of its streams."""

import pytest
from cozepy import (ChatEventType, ChatStatus, Coze, CozeAPIError, Message, MessageRole, MessageType,
                    TokenAuth, ToolOutput)

WORKSPACE = "7408000000000000001"


@pytest.fixture
def client(coze):
    return Coze(auth=TokenAuth(token="pat_emulator"), base_url=coze.url)


def question(number, text="Hello big world"):
    return {"bot_id": f"74010000000000000{number:02}", "user_id": "tester",
            "additional_messages": [Message.build_user_question_text(text)]}


def text_of(events):
    return "".join(event.message.content for event in events
                   if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA)


def test_an_echo_streams_from_created_to_done(client):
    events = list(client.chat.stream(**question(1)))
    kinds = [event.event for event in events]
    assert kinds[:2] == [ChatEventType.CONVERSATION_CHAT_CREATED,
                         ChatEventType.CONVERSATION_CHAT_IN_PROGRESS]
    assert ChatEventType.CONVERSATION_CHAT_COMPLETED in kinds
    assert text_of(events) == "Hello big world"


@pytest.mark.parametrize("number", [2, 3, 11, 12, 13, 14, 16, 17, 18])
def test_every_form_of_an_answer_can_be_read(client, number):
    events = list(client.chat.stream(**question(number)))
    completed = [e for e in events if e.event == ChatEventType.CONVERSATION_CHAT_COMPLETED]
    assert len(completed) == 1
    usage = completed[0].chat.usage
    assert usage.token_count == usage.input_count + usage.output_count


def test_reasoning_is_told_apart(client):
    events = list(client.chat.stream(**question(2)))
    reasoning = "".join(event.message.reasoning_content or "" for event in events
                        if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA)
    assert "你好" in reasoning
    assert "你好" not in text_of(events)


def test_a_failed_chat_tells_why(client):
    events = list(client.chat.stream(**question(5)))
    failed = [e for e in events if e.event == ChatEventType.CONVERSATION_CHAT_FAILED]
    assert failed[0].chat.last_error.code == 5000


def test_a_client_tool_is_asked_for_and_answered(client):
    events = list(client.chat.stream(**question(4)))
    [waiting] = [e.chat for e in events
                 if e.event == ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION]
    [call] = waiting.required_action.submit_tool_outputs.tool_calls
    assert call.function.name == "get_rain_probability"
    more = list(client.chat.submit_tool_outputs(
        conversation_id=waiting.conversation_id, chat_id=waiting.id, stream=True,
        tool_outputs=[ToolOutput(tool_call_id=call.id, output="half")]))
    assert more[0].event == ChatEventType.CONVERSATION_CHAT_IN_PROGRESS
    assert "half" in text_of(more)


def test_an_unpublished_bot_is_an_error(client):
    with pytest.raises(CozeAPIError) as raised:
        list(client.chat.stream(**question(21)))
    assert raised.value.code == 4015


def test_a_conversation_keeps_its_messages(client):
    conversation = client.conversations.create()
    poll = client.chat.create_and_poll(conversation_id=conversation.id, **question(1, "first words"))
    assert poll.chat.status == ChatStatus.COMPLETED
    client.conversations.messages.create(
        conversation_id=conversation.id, role=MessageRole.USER, content="added",
        content_type="text")
    contents = [m.content for m in
                client.conversations.messages.list(conversation_id=conversation.id, order="asc")]
    assert contents == ["first words", "first words", "added"]
    answer = [m for m in poll.messages if m.type == MessageType.ANSWER]
    assert answer[0].content == "first words"
    cleared = client.conversations.clear(conversation_id=conversation.id)
    assert cleared.conversation_id == conversation.id


def test_bots_and_workspaces_are_listed(client):
    assert [w.id for w in client.workspaces.list().items] == [WORKSPACE]
    first = next(iter(client.bots.list(space_id=WORKSPACE)))
    assert first is not None
    assert client.bots.retrieve(bot_id="7401000000000000001").name == "Echo"
