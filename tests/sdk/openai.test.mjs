// The official OpenAI client for JavaScript against the gateway, over both upstreams.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import {
  BOT, CODEWHISPERER, COZE, mock, startEmulator, startGateway, unique, until,
} from './support.mjs';

let codewhisperer, coze, gateway;

before(async () => {
  [codewhisperer, coze] = await Promise.all([startEmulator('codewhisperer'), startEmulator('coze')]);
  gateway = await startGateway({ codewhisperer, coze });
});

after(async () => {
  await gateway?.stop();
  await codewhisperer?.stop();
  await coze?.stop();
});

const client = (options = {}) =>
  new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-any', maxRetries: 0, ...options });

const ask = (model, content, more = {}) => ({
  model,
  messages: typeof content === 'string' ? [{ role: 'user', content }] : content,
  ...more,
});

async function collect(stream) {
  let text = '';
  let finish = null;
  let usage = null;
  const ids = new Set();
  for await (const chunk of stream) {
    ids.add(chunk.id);
    usage = chunk.usage ?? usage;
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? '';
      finish = choice.finish_reason ?? finish;
    }
  }
  return { text, finish, usage, ids };
}

for (const [name, model] of [['codewhisperer', CODEWHISPERER], ['coze', COZE]]) {
  const emulator = () => (name === 'coze' ? coze : codewhisperer);
  const failure = (message = 'went wrong') =>
    name === 'coze'
      ? { failed: { code: 5000, msg: message } }
      : { exception: { type: 'InternalServerException', message } };

  describe(name, () => {
    test('an answer in one piece', async () => {
      const { data, response, request_id } = await client()
        .chat.completions.create(ask(model, mock({ events: [{ text: 'Hel' }, { text: 'lo' }] })))
        .withResponse();
      assert.equal(data.choices[0].message.content, 'Hello');
      assert.equal(data.choices[0].finish_reason, 'stop');
      assert.equal(data.model, model);
      assert.match(data.id, /^chatcmpl-/);
      assert.equal(data._request_id, request_id);
      assert.equal(request_id, response.headers.get('x-request-id'));
      assert.ok(request_id);
    });

    test('a stream', async () => {
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }), { stream: true }),
      );
      const { text, finish, usage, ids } = await collect(stream);
      assert.equal(text, 'abc');
      assert.equal(finish, 'stop');
      assert.equal(usage, null);
      assert.equal(ids.size, 1);
    });

    test('usage at the end of a stream', async () => {
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'a' }, { usage: { input: 12, output: 3 } }] }), {
          stream: true,
          stream_options: { include_usage: true },
        }),
      );
      const { usage } = await collect(stream);
      assert.equal(usage.prompt_tokens, 12);
      assert.equal(usage.completion_tokens, 3);
      assert.equal(usage.total_tokens, 15);
    });

    test('the helper that follows a stream', async () => {
      const runner = client().chat.completions.stream(
        ask(model, mock({ events: [{ text: 'to ' }, { text: 'the end' }] })),
      );
      const deltas = [];
      runner.on('content', (delta) => deltas.push(delta));
      const completion = await runner.finalChatCompletion();
      assert.equal(completion.choices[0].message.content, 'to the end');
      assert.equal(completion.choices[0].message.role, 'assistant');
      assert.equal(deltas.join(''), 'to the end');
    });

    test('the first delta is there before the second is sent', async () => {
      const go = unique('go');
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'one' }, { wait: go }, { text: 'two' }] }), {
          stream: true,
        }),
      );
      let text = '';
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta?.content ?? '';
        if (text === 'one') await emulator().signal(go);
      }
      assert.equal(text, 'onetwo');
    });

    test('system text and several turns', async () => {
      const marker = unique('turns');
      const answer = await client().chat.completions.create(
        ask(model, [
          { role: 'system', content: 'You are brief.' },
          { role: 'developer', content: 'And kind.' },
          { role: 'user', content: `one ${marker}` },
          { role: 'assistant', content: 'two' },
          { role: 'user', content: [{ type: 'text', text: 'three' }] },
        ]),
      );
      assert.ok(answer.choices[0].message.content);
      const [record] = await emulator().chats(marker);
      const body = JSON.stringify(record.body);
      for (const word of ['You are brief.', 'And kind.', 'one', 'two', 'three']) {
        assert.ok(body.includes(word), word);
      }
    });

    test('text of any script, cut anywhere', async () => {
      const text = 'Grüße 世界 👩‍👩‍👧‍👦 \u2028 "quoted" \\ end';
      const script = mock({ events: [...text].map((c) => ({ text: c })), write_bytes: 1 });
      const whole = await client().chat.completions.create(ask(model, script));
      assert.equal(whole.choices[0].message.content, text);
      const stream = await client().chat.completions.create(ask(model, script, { stream: true }));
      assert.equal((await collect(stream)).text, text);
      const echo = await client().chat.completions.create(
        ask(model, [{ role: 'user', content: text }]));
      assert.ok(echo.choices[0].message.content.includes('世界'));
    });

    test('twenty streams at once keep to themselves', async () => {
      const texts = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const events = Array.from({ length: 20 }, () => ({ text: `<${n}>` }));
          const stream = await client().chat.completions.create(
            ask(model, mock({ events, write_bytes: 13 }), { stream: true }),
          );
          return (await collect(stream)).text;
        }),
      );
      texts.forEach((text, n) => assert.equal(text, `<${n}>`.repeat(20)));
    });

    test('a failure in mid-stream raises', async () => {
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'part' }, failure()], tail: false }), { stream: true }),
      );
      let text = '';
      await assert.rejects(
        async () => {
          for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '';
        },
        (error) => error instanceof APIError && error.type === 'server_error',
      );
      assert.equal(text, 'part');
    });

    test('a stream that is cut raises', async () => {
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'part' }, { text: ' two' }], cut_at: 320 }), {
          stream: true,
        }),
      ).catch((error) => error);
      if (stream instanceof APIError) {
        assert.ok(stream instanceof InternalServerError);
        return;
      }
      await assert.rejects(() => collect(stream), APIError);
    });

    test('leaving a stream ends the upstream call within half a second', async () => {
      const marker = unique('leave');
      const stream = await client().chat.completions.create(
        ask(model, mock({ events: [{ text: 'a' }, { wait: 'never' }] }, marker), { stream: true }),
      );
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta?.content) break; // leaves the loop: the client aborts
      }
      const left = Date.now();
      const record = await until(
        async () => (await emulator().chats(marker)).find((r) => r.closed_by_client),
        'the upstream call to be closed',
      );
      assert.ok(record.closed_at_ms - left <= 500, `${record.closed_at_ms - left} ms`);
    });

    test('aborting a call that has not answered ends the upstream call', async () => {
      const marker = unique('abort');
      const controller = new AbortController();
      const call = client().chat.completions.create(
        ask(model, mock({ hang_head: true }, marker)), { signal: controller.signal });
      await until(async () => (await emulator().chats(marker)).length === 1, 'the upstream call');
      const left = Date.now();
      controller.abort();
      await assert.rejects(call, APIUserAbortError);
      const record = await until(
        async () => (await emulator().chats(marker)).find((r) => r.closed_by_client),
        'the upstream call to be closed',
      );
      assert.ok(record.closed_at_ms - left <= 500, `${record.closed_at_ms - left} ms`);
    });

    test('errors of the upstream have their classes', async () => {
      const plain = (status, kind, reason, code) =>
        name === 'coze'
          ? { status: 200, headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ code, msg: 'no' }) }
          : { status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': kind },
              body: JSON.stringify({ message: 'no', reason }) };
      const table = [
        [plain(400, 'ValidationException', 'CONTENT_LENGTH_EXCEEDS_THRESHOLD', 4010),
          BadRequestError, 'context_length_exceeded'],
        [plain(403, 'AccessDeniedException', 'TEMPORARILY_SUSPENDED', 4101),
          PermissionDeniedError, 'permission_denied'],
        [plain(400, 'ValidationException', 'INVALID_MODEL_ID', 4200), NotFoundError, 'model_not_found'],
        [plain(402, 'ServiceQuotaExceededException', 'MONTHLY_REQUEST_COUNT', 4011),
          RateLimitError, 'insufficient_quota'],
        [plain(429, 'ThrottlingException', null, 4013), RateLimitError, 'rate_limit_exceeded'],
        [plain(503, 'ServiceUnavailableException', null, 4009), InternalServerError, null],
      ];
      for (const [script, kind, code] of table) {
        for (const stream of [false, true]) {
          const error = await client()
            .chat.completions.create(ask(model, mock(script), { stream }))
            .then(() => assert.fail('no error'), (raised) => raised);
          assert.ok(error instanceof kind, `${kind.name}: ${error}`);
          if (code) assert.equal(error.code, code);
          assert.ok(error.requestID);
        }
      }
    });

    test('a client that may retry does so after the wait it is told, and succeeds', async () => {
      const marker = unique('retry');
      const limited = name === 'coze'
        ? { status: 429, headers: { 'content-type': 'application/json', 'retry-after': '1' },
            body: '{"code":4013,"msg":"slow"}' }
        : { status: 429, headers: { 'content-type': 'application/json', 'retry-after': '1',
                                    'x-amzn-errortype': 'ThrottlingException' },
            body: '{"message":"slow"}' };
      // The gateway may try again by itself as well: enough of it for all of its attempts.
      await emulator().script(limited, { times: 3 });
      const started = Date.now();
      const answer = await client({ maxRetries: 4 }).chat.completions.create(ask(model, marker));
      assert.ok(answer.choices[0].message.content);
      assert.ok(Date.now() - started >= 900, 'it did not wait');
      await emulator().reset();
    });

    test('a client that may retry does not when it is hopeless', async () => {
      const script = name === 'coze'
        ? { status: 200, headers: { 'content-type': 'application/json' },
            body: '{"code":4011,"msg":"no"}' }
        : { status: 402, headers: { 'content-type': 'application/json',
                                    'x-amzn-errortype': 'ServiceQuotaExceededException' },
            body: '{"message":"no","reason":"MONTHLY_REQUEST_COUNT"}' };
      const marker = unique('hopeless');
      await assert.rejects(
        client({ maxRetries: 3 }).chat.completions.create(ask(model, mock(script, marker))),
        RateLimitError,
      );
      assert.equal((await emulator().chats(marker)).length, 1);
    });
  });
}

describe('the gateway itself', () => {
  test('a wrong member is a BadRequestError that names it', async () => {
    await assert.rejects(
      client().chat.completions.create(ask(COZE, [{ role: 'user', content: 'a' },
                                                  { role: 'user', content: 7 }])),
      (error) => error instanceof BadRequestError && error.param === 'messages.1.content' &&
        error.status === 400 && error.type === 'invalid_request_error',
    );
  });

  test('tools are a BadRequestError for now', async () => {
    await assert.rejects(
      client().chat.completions.create(ask(COZE, 'hi', {
        tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      })),
      (error) => error instanceof BadRequestError && error.param === 'tools',
    );
  });

  test('models are listed and fetched', async () => {
    const ids = [];
    for await (const model of client().models.list()) ids.push(model.id);
    assert.ok(ids.includes('codewhisperer') && ids.includes('gpt-4'), ids.join());
    assert.equal((await client().models.retrieve('codewhisperer')).id, 'codewhisperer');
    await assert.rejects(client().models.retrieve('no-such-model'), NotFoundError);
  });

  test('an endpoint that is not there is a NotFoundError', async () => {
    await assert.rejects(
      client().embeddings.create({ model: 'x', input: 'y' }),
      (error) => error instanceof NotFoundError && error.code === 'endpoint_not_found',
    );
  });

  test('routing by headers, as the documents of the older gateway show it', async () => {
    const marker = unique('bot');
    await client().chat.completions.create(ask('whatever', marker), { headers: { 'x-bot-id': BOT } });
    assert.equal((await coze.chats(marker)).length, 1);
    const nested = unique('bot');
    await client().chat.completions.create({
      ...ask('whatever', nested), extra_headers: { 'x-bot-id': BOT } });
    assert.equal((await coze.chats(nested)).length, 1);
  });

  test('a conversation that is busy is a ConflictError', async () => {
    await assert.rejects(
      client().chat.completions.create(
        ask(COZE, mock({ events: [{ error: { code: 4016, msg: 'busy' } }], tail: false }))),
      ConflictError,
    );
  });
});

describe('with keys', () => {
  test('a wrong key is an AuthenticationError, tried once', async () => {
    const guarded = await startGateway({ coze, env: { DRAGOMAN_API_KEYS: 'right-key' } });
    try {
      const options = { baseURL: `${guarded.url}/v1`, maxRetries: 2 };
      const wrong = new OpenAI({ ...options, apiKey: 'wrong-key' });
      await assert.rejects(
        wrong.chat.completions.create(ask(COZE, 'hi')),
        (error) => error instanceof AuthenticationError && error.code === 'invalid_api_key',
      );
      const right = new OpenAI({ ...options, apiKey: 'right-key' });
      assert.ok((await right.chat.completions.create(ask(COZE, 'hi'))).choices[0].message.content);
    } finally {
      await guarded.stop();
    }
  });
});

describe('without a sign-in', () => {
  test('it is an InternalServerError with the hint, tried once', async () => {
    const signedOut = await startGateway({
      codewhisperer, env: { CODEWHISPERER_API_KEY: '', CODEWHISPERER_ENABLED: 'true' } });
    try {
      const lonely = new OpenAI({ baseURL: `${signedOut.url}/v1`, apiKey: 'x', maxRetries: 2 });
      const started = Date.now();
      await assert.rejects(
        lonely.chat.completions.create(ask(CODEWHISPERER, 'hi')),
        (error) => error instanceof InternalServerError && error.status === 503 &&
          error.message.includes('dragoman login'),
      );
      assert.ok(Date.now() - started < 400, 'it tried again');
    } finally {
      await signedOut.stop();
    }
  });
});
