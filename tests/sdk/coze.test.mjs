// The emulated Coze service, judged by the service's official client for JavaScript.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AuthenticationError, ChatEventType, ChatStatus, CozeAPI, NotFoundError, RoleType,
} from '@coze/api';
import { BOT, mock, startEmulator } from './support.mjs';

let emulator;

before(async () => {
  emulator = await startEmulator('coze');
});

after(() => emulator?.stop());

const client = (token = 'pat_emulator') => new CozeAPI({ baseURL: emulator.url, token });

const question = (content) => ({
  bot_id: BOT,
  user_id: 'tester',
  additional_messages: [{ role: RoleType.User, content, content_type: 'text' }],
});

test('a streamed chat goes from created to completed', async () => {
  const kinds = [];
  let text = '';
  let usage;
  const script = { events: [{ text: 'Hel' }, { text: 'lo' }, { usage: { input: 7, output: 3 } }] };
  for await (const part of client().chat.stream(question(mock(script)))) {
    kinds.push(part.event);
    if (part.event === ChatEventType.CONVERSATION_MESSAGE_DELTA) text += part.data.content;
    if (part.event === ChatEventType.CONVERSATION_CHAT_COMPLETED) usage = part.data.usage;
  }
  assert.equal(text, 'Hello');
  assert.equal(kinds[0], ChatEventType.CONVERSATION_CHAT_CREATED);
  assert.equal(kinds.at(-1), ChatEventType.DONE);
  assert.ok(kinds.includes(ChatEventType.CONVERSATION_CHAT_IN_PROGRESS));
  assert.ok(kinds.includes(ChatEventType.CONVERSATION_MESSAGE_COMPLETED));
  assert.equal(usage.input_count, 7);
  assert.equal(usage.output_count, 3);
  assert.equal(usage.token_count, 10);
});

test('without a script it answers with what it was told', async () => {
  let text = '';
  for await (const part of client().chat.stream(question('a 世界 of words'))) {
    if (part.event === ChatEventType.CONVERSATION_MESSAGE_DELTA) text += part.data.content;
  }
  assert.ok(text.includes('世界'), text);
});

test('a stream in writes of one byte reads the same', async () => {
  const script = { events: [{ text: 'Grüße, ' }, { text: '世界 👩‍👩‍👧‍👦' }], write_bytes: 1 };
  let text = '';
  for await (const part of client().chat.stream(question(mock(script)))) {
    if (part.event === ChatEventType.CONVERSATION_MESSAGE_DELTA) text += part.data.content;
  }
  assert.equal(text, 'Grüße, 世界 👩‍👩‍👧‍👦');
});

test('a chat that does not stream is polled to its end', async () => {
  const { chat, messages } = await client().chat.createAndPoll({
    ...question('hello there'), auto_save_history: true });
  assert.equal(chat.status, ChatStatus.COMPLETED);
  const answers = messages.filter((message) => message.type === 'answer');
  assert.ok(answers.length >= 1 && answers[0].content.includes('hello'), JSON.stringify(messages));
});

test('a wrong token is an AuthenticationError', async () => {
  await assert.rejects(async () => {
    for await (const _ of client('pat_wrong').chat.stream(question('hi')));
  }, AuthenticationError);
});

test('an unknown bot is refused', async () => {
  // A stream would show it as an "error" event: this client raises for HTTP errors only there.
  await assert.rejects(client().chat.create({ ...question('hi'), bot_id: '1' }),
    (error) => error instanceof NotFoundError || [4200, 4006].includes(error.code));
});

test('what the service would refuse is refused', async () => {
  await assert.rejects(
    client().chat.create({ ...question('hi'), auto_save_history: false }),
    (error) => error.code === 4007 || error.code === 4000,
  );
});
