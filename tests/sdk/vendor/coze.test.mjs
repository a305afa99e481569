// The emulated Coze service in breadth, judged by the service's official client for JavaScript: its
// bots, tools, polls, failures, conversations, messages and lists.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AuthenticationError, ChatEventType, ChatStatus, CozeAPI, CozeError, RoleType,
} from '@coze/api';
import { mock, startEmulator } from '../support.mjs';

let emulator;
let client;

before(async () => {
  emulator = await startEmulator('coze');
  client = new CozeAPI({ baseURL: emulator.url, token: 'pat_emulator' });
});

after(() => emulator?.stop());

const bot = (number) => `74010000000000000${String(number).padStart(2, '0')}`;
const workspace = '7408000000000000001';

const question = (number, content = 'Hello big world', more = {}) => ({
  bot_id: bot(number),
  user_id: 'tester',
  additional_messages: [{ role: RoleType.User, content, content_type: 'text' }],
  ...more,
});

// Every event of a stream, and the text and reasoning of its deltas.
async function read(stream) {
  const seen = { events: [], kinds: [], text: '', reasoning: '' };
  for await (const part of stream) {
    seen.events.push(part);
    seen.kinds.push(part.event);
    if (part.event !== ChatEventType.CONVERSATION_MESSAGE_DELTA) continue;
    seen.text += part.data.content;
    seen.reasoning += part.data.reasoning_content ?? '';
  }
  seen.of = (kind) => seen.events.filter((part) => part.event === kind).map((part) => part.data);
  return seen;
}

describe('streams', () => {
  test('an echo comes word by word and is whole in the end', async () => {
    const seen = await read(client.chat.stream(question(1)));
    assert.equal(seen.of(ChatEventType.CONVERSATION_MESSAGE_DELTA).length, 3);
    assert.equal(seen.text, 'Hello big world');
    const [answer, finish] = seen.of(ChatEventType.CONVERSATION_MESSAGE_COMPLETED);
    assert.equal(answer.content, 'Hello big world');
    assert.equal(JSON.parse(finish.content).msg_type, 'generate_answer_finish');
    assert.equal(seen.kinds.at(-1), ChatEventType.DONE);
  });

  test('ids are nineteen digits, and the first section is the conversation', async () => {
    const [chat] = (await read(client.chat.stream(question(1)))).of(
      ChatEventType.CONVERSATION_CHAT_CREATED);
    for (const id of [chat.id, chat.conversation_id]) assert.match(id, /^[1-9][0-9]{18}$/);
    assert.equal(chat.section_id, chat.conversation_id);
  });

  test('reasoning stands beside the text, follow-ups behind it', async () => {
    const seen = await read(client.chat.stream(question(2)));
    assert.ok(seen.reasoning.includes('你好'), seen.reasoning);
    assert.equal(seen.text, 'Hello! How can I help? 😀');
    const completed = seen.of(ChatEventType.CONVERSATION_MESSAGE_COMPLETED);
    assert.equal(completed[0].reasoning_content, seen.reasoning);
    assert.equal(completed.filter((message) => message.type === 'follow_up').length, 2);
  });

  test('knowledge, a plugin, a card and two answers', async () => {
    const seen = await read(client.chat.stream(question(3)));
    const types = seen.of(ChatEventType.CONVERSATION_MESSAGE_COMPLETED).map((m) => m.type);
    assert.deepEqual(types, [
      'knowledge', 'function_call', 'tool_response', 'answer', 'answer', 'answer', 'verbose']);
    assert.equal(seen.of(ChatEventType.DONE)[0], '[DONE]');
  });

  test('audio in between', async () => {
    const seen = await read(client.chat.stream(question(12)));
    const [audio] = seen.of(ChatEventType.CONVERSATION_AUDIO_DELTA);
    assert.equal(audio.content_type, 'audio');
    assert.equal(seen.text, 'A red square.');
  });

  for (const [number, name] of [[16, 'one byte a write'], [17, 'one write for all']]) {
    test(name, async () => {
      const seen = await read(client.chat.stream(question(number, 'Grüße, 世界 👩‍👩‍👧‍👦')));
      assert.equal(seen.text, 'Grüße, 世界 👩‍👩‍👧‍👦');
      assert.equal(seen.kinds.at(-1), ChatEventType.DONE);
    });
  }

  test('a line of two mebibytes', async () => {
    const seen = await read(client.chat.stream(question(14)));
    assert.equal(seen.text.length, 2 * 1024 * 1024);
  });

  test('unsaved turns stream, too', async () => {
    const seen = await read(client.chat.stream(question(1, 'hi', { auto_save_history: false })));
    assert.equal(seen.text, 'hi');
    const [chat] = seen.of(ChatEventType.CONVERSATION_CHAT_CREATED);
    await assert.rejects(client.chat.retrieve(chat.conversation_id, chat.id),
      (error) => error.code === 4200);
  });

  test('images and files are taken', async () => {
    const seen = await read(client.chat.stream({
      bot_id: bot(1),
      user_id: 'tester',
      additional_messages: [{
        role: RoleType.User,
        content_type: 'object_string',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', file_id: '7405000000000000001' },
          { type: 'file', file_url: 'https://example.com/a.pdf' },
        ],
      }],
    }));
    assert.equal(seen.text, 'What is this?');
  });
});

describe('failures', () => {
  test('a failed chat tells why', async () => {
    const seen = await read(client.chat.stream(question(5)));
    const [chat] = seen.of(ChatEventType.CONVERSATION_CHAT_FAILED);
    assert.equal(chat.status, ChatStatus.FAILED);
    assert.deepEqual(chat.last_error, { code: 5000, msg: 'event interval error' });
  });

  test('the short form of a failure', async () => {
    const seen = await read(client.chat.stream(question(6)));
    assert.deepEqual(seen.of(ChatEventType.CONVERSATION_CHAT_FAILED), [{ code: 701231, msg: 'error' }]);
  });

  test('an error event', async () => {
    const seen = await read(client.chat.stream(question(7)));
    assert.deepEqual(seen.of(ChatEventType.ERROR), [{ code: 5000, msg: 'internal error' }]);
    assert.equal(seen.kinds.at(-1), ChatEventType.ERROR);
  });

  test('a JSON error in place of a stream is shown as an error event', async () => {
    const seen = await read(client.chat.stream(question(8)));
    assert.deepEqual(seen.kinds, [ChatEventType.ERROR]);
    assert.equal(seen.events[0].data.code, 4011);
  });

  test('an unpublished bot is refused in the same way', async () => {
    const seen = await read(client.chat.stream(question(21)));
    assert.equal(seen.events[0].data.code, 4015);
  });

  test('a cut stream never says done', async () => {
    const seen = await read(client.chat.stream(question(9)));
    assert.ok(seen.text.startsWith('This answer '));
    assert.ok(!seen.kinds.includes(ChatEventType.DONE), seen.kinds.join());
  });

  test('a wrong token is 401 on every path', async () => {
    const stranger = new CozeAPI({ baseURL: emulator.url, token: 'pat_wrong' });
    for (const call of [
      () => stranger.chat.create(question(1)),
      () => read(stranger.chat.stream(question(1))),
      () => stranger.users.me(),
      () => stranger.conversations.create({}),
    ]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof AuthenticationError, `${error}`);
        assert.equal(error.status, 401);
        return true;
      });
    }
  });

  test('errors carry code and log id', async () => {
    await assert.rejects(client.chat.create(question(1, 'hi', { auto_save_history: false })),
      (error) => error instanceof CozeError && error.code === 4007 && /^[0-9]{34}$/.test(error.logid));
  });

  test('a script refuses the call with any status', async () => {
    const script = {
      status: 429,
      headers: { 'content-type': 'application/json' },
      body: '{"code":4013,"msg":"Your requests have exceeded the rate limit"}',
    };
    await assert.rejects(client.chat.create(question(1, mock(script))),
      (error) => error.status === 429 && error.code === 4013);
  });
});

describe('chats that do not stream', () => {
  test('are made, polled and listed', async () => {
    const chat = await client.chat.create(question(1));
    assert.equal(chat.status, ChatStatus.IN_PROGRESS);
    const first = await client.chat.retrieve(chat.conversation_id, chat.id);
    assert.equal(first.status, ChatStatus.IN_PROGRESS);
    const second = await client.chat.retrieve(chat.conversation_id, chat.id);
    assert.equal(second.status, ChatStatus.COMPLETED);
    assert.equal(second.usage.token_count, second.usage.input_count + second.usage.output_count);
    const messages = await client.chat.messages.list(chat.conversation_id, chat.id);
    assert.deepEqual(messages.map((message) => message.type), ['verbose', 'answer']);
  });

  test('createAndPoll waits for the end', async () => {
    const { chat, messages } = await client.chat.createAndPoll(question(2));
    assert.equal(chat.status, ChatStatus.COMPLETED);
    const answer = messages.find((message) => message.type === 'answer');
    assert.ok(answer.reasoning_content.length > 0);
  });

  test('are cancelled once', async () => {
    const chat = await client.chat.create(question(1));
    const cancelled = await client.chat.cancel(chat.conversation_id, chat.id);
    assert.equal(cancelled.status, 'canceled');
    await assert.rejects(client.chat.cancel(chat.conversation_id, chat.id),
      (error) => error.code === 4104);
  });

  test('keep their conversation to themselves', async () => {
    const chat = await client.chat.create(question(1));
    const more = { conversation_id: chat.conversation_id };
    await assert.rejects(client.chat.create(question(1, 'me too', more)),
      (error) => error.code === 4016);
    const seen = await read(client.chat.stream(question(1, 'me too', more)));
    assert.equal(seen.of(ChatEventType.ERROR)[0].code, 4016);
    await client.chat.cancel(chat.conversation_id, chat.id);
    assert.equal((await read(client.chat.stream(question(1, 'now', more)))).text, 'now');
  });
});

describe('tools of the client', () => {
  const outputs = (chat, more) => ({
    conversation_id: chat.conversation_id,
    chat_id: chat.id,
    tool_outputs: chat.required_action.submit_tool_outputs.tool_calls.map((call) => ({
      tool_call_id: call.id, output: '{"probability":0.5}' })),
    ...more,
  });

  test('a stream stops, and goes on with the outputs', async () => {
    const seen = await read(client.chat.stream(question(4)));
    const [chat] = seen.of(ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION);
    const [call] = chat.required_action.submit_tool_outputs.tool_calls;
    assert.equal(call.function.name, 'get_rain_probability');
    assert.deepEqual(JSON.parse(call.function.arguments), { location: 'Hangzhou' });

    const more = await read(client.chat.submitToolOutputs(outputs(chat, { stream: true })));
    assert.equal(more.kinds[0], ChatEventType.CONVERSATION_CHAT_IN_PROGRESS);
    assert.equal(more.events[0].data.id, chat.id);
    assert.ok(more.text.includes('0.5'), more.text);
    assert.equal(more.of(ChatEventType.CONVERSATION_CHAT_COMPLETED)[0].status, ChatStatus.COMPLETED);
  });

  test('a poll stops, and goes on with the outputs', async () => {
    const { chat } = await client.chat.createAndPoll(question(4));
    assert.equal(chat.status, ChatStatus.REQUIRES_ACTION);
    const step = await client.chat.submitToolOutputs(outputs(chat, { stream: false })).next();
    assert.equal(step.value.status, ChatStatus.IN_PROGRESS);
    await client.chat.retrieve(chat.conversation_id, chat.id);
    const done = await client.chat.retrieve(chat.conversation_id, chat.id);
    assert.equal(done.status, ChatStatus.COMPLETED);
  });
});

describe('conversations and messages', () => {
  test('a conversation is made, found, listed and cleared', async () => {
    const made = await client.conversations.create({
      bot_id: bot(1), meta_data: { uuid: 'x' },
      messages: [{ role: RoleType.User, content: 'hello', content_type: 'text' }],
    });
    const found = await client.conversations.retrieve(made.id);
    assert.deepEqual(found, made);
    const list = await client.conversations.list({ bot_id: bot(1), page_num: 1, page_size: 50 });
    assert.ok(list.conversations.some((conversation) => conversation.id === made.id));
    const section = await client.conversations.clear(made.id);
    assert.equal(section.conversation_id, made.id);
    assert.equal((await client.conversations.retrieve(made.id)).last_section_id, section.id);
  });

  test('messages are created, read in pages, changed and deleted', async () => {
    const { id } = await client.conversations.create({});
    const { messages } = client.conversations;
    for (const content of ['one', 'two', 'three']) {
      await messages.create(id, { role: RoleType.User, content, content_type: 'text' });
    }
    const first = await messages.list(id, { order: 'desc', limit: 2 });
    assert.deepEqual(first.data.map((message) => message.content), ['three', 'two']);
    assert.equal(first.has_more, true);
    const second = await messages.list(id, { order: 'desc', limit: 2, after_id: first.last_id });
    assert.deepEqual(second.data.map((message) => message.content), ['one']);
    assert.equal(second.has_more, false);

    const [message] = second.data;
    const changed = await messages.update(id, message.id, { content: 'ONE', content_type: 'text' });
    assert.equal(changed.content ?? changed.message?.content, 'ONE');
    assert.equal((await messages.retrieve(id, message.id)).content, 'ONE');
    await messages.delete(id, message.id);
    assert.equal((await messages.list(id)).data.length, 2);
  });

  test('a chat goes on in its conversation', async () => {
    const { id } = await client.conversations.create({ bot_id: bot(1) });
    const more = { conversation_id: id };
    const costs = [];
    for (const words of ['first turn', 'second turn']) {
      const seen = await read(client.chat.stream(question(1, words, more)));
      costs.push(seen.of(ChatEventType.CONVERSATION_CHAT_COMPLETED)[0].usage.input_count);
    }
    assert.ok(costs[1] > costs[0], costs.join());
    const list = await client.conversations.messages.list(id, { order: 'asc' });
    assert.deepEqual(list.data.map((message) => `${message.role}: ${message.content}`), [
      'user: first turn', 'assistant: first turn', 'user: second turn', 'assistant: second turn']);
  });
});

describe('lists', () => {
  test('workspaces, bots and the user', async () => {
    const { workspaces } = await client.workspaces.list();
    assert.equal(workspaces[0].id, workspace);
    const bots = await client.bots.listNew({ workspace_id: workspace });
    assert.ok(bots.items.some((item) => item.id === bot(1)));
    const older = await client.bots.list({ space_id: workspace });
    assert.ok(older.space_bots.some((item) => item.bot_id === bot(1)));
    assert.equal((await client.bots.retrieveNew(bot(1))).name, 'Echo');
    assert.equal((await client.bots.retrieve({ bot_id: bot(1) })).bot_id, bot(1));
    assert.match((await client.users.me()).user_id, /^[0-9]+$/);
  });

  test('a bot that does not exist is not found', async () => {
    await assert.rejects(client.bots.retrieveNew(bot(99)), (error) => error.code === 4200);
  });
});
