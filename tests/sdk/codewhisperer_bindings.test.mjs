// The emulated CodeWhisperer service as the official client sees it, in both bindings: where
// conversation ids and errors come from, what the first frame decides, when tokens end.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  CodeWhispererStreamingClient, GenerateAssistantResponseCommand, SendMessageCommand,
} from '@aws/codewhisperer-streaming-client';
import { AwsJson1_0Protocol, AwsRestJsonProtocol } from '@aws-sdk/core/protocols';
import {
  CreateTokenCommand, SSOOIDCClient, StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import { mock, startEmulator } from './support.mjs';

let emulator;

before(async () => {
  emulator = await startEmulator('codewhisperer');
});

afterEach(() => emulator.reset());
after(() => emulator?.stop());

const admin = async (route, body) => {
  const answer = await fetch(`${emulator.url}/_emulator/${route}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200);
  return answer.json();
};

const client = (protocol, { token = 'demo-access-token', maxAttempts = 1 } = {}) =>
  new CodeWhispererStreamingClient({
    region: 'us-east-1', endpoint: emulator.url, token: { token }, maxAttempts, protocol,
  });

const conversation = (content, more = {}) => ({
  conversationState: {
    conversationId: '00000000-0000-4000-8000-000000000001',
    chatTriggerType: 'MANUAL',
    currentMessage: { userInputMessage: { content, origin: 'AI_EDITOR' } },
    ...more,
  },
});

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const texts = (events) =>
  events.flatMap((event) => event.assistantResponseEvent?.content ?? []);

for (const [name, protocol] of [['REST JSON', AwsRestJsonProtocol], ['AWS JSON 1.0', AwsJson1_0Protocol]]) {
  describe(name, () => {
    test('says the text again word by word, and counts words as tokens', async () => {
      const answer = await client(protocol).send(
        new GenerateAssistantResponseCommand(conversation('Say hello, world')));
      assert.equal(answer.conversationId, '00000000-0000-4000-8000-000000000001');
      const events = await collect(answer.generateAssistantResponseResponse);
      assert.deepEqual(texts(events), ['Say ', 'hello, ', 'world']);
      assert.deepEqual(events.map((event) => Object.keys(event)[0]).slice(3),
        ['metadataEvent', 'contextUsageEvent', 'meteringEvent']);
      const { uncachedInputTokens, outputTokens, totalTokens } = events[3].metadataEvent.tokenUsage;
      assert.deepEqual([uncachedInputTokens, outputTokens, totalTokens], [3, 3, 6]);
    });

    test('SendMessage is the same stream', async () => {
      const answer = await client(protocol).send(new SendMessageCommand(conversation('hello')));
      assert.deepEqual(texts(await collect(answer.sendMessageResponse)), ['hello']);
    });

    test('a dry run succeeds without text', async () => {
      const answer = await client(protocol).send(
        new SendMessageCommand({ ...conversation('hello'), dryRun: true }));
      const events = await collect(answer.sendMessageResponse);
      assert.deepEqual(events.map((event) => Object.keys(event)[0]), ['dryRunSucceedEvent']);
    });

    test('a broken rule is a ValidationException that does not say which', async () => {
      await assert.rejects(
        client(protocol).send(new GenerateAssistantResponseCommand(conversation(''))),
        (error) => error.name === 'ValidationException'
          && error.message === 'Improperly formed request.'
          && error.$metadata.requestId?.length === 36);
    });

    test('an unknown model has its reason', async () => {
      const request = conversation('hello');
      request.conversationState.currentMessage.userInputMessage.modelId = 'gpt-4';
      await assert.rejects(client(protocol).send(new GenerateAssistantResponseCommand(request)),
        (error) => error.name === 'ValidationException' && error.reason === 'INVALID_MODEL_ID');
    });

    test('a tool call arrives in fragments', async () => {
      const use = (more) => ({
        event: 'toolUseEvent',
        data: { toolUseId: 'tooluse_AAAAAAAAAAAAAAAAAAAAAA', name: 'get_weather', ...more },
      });
      const script = { events: [use({}), use({ input: '{"city":' }), use({ input: '"Oslo"}' }), use({ stop: true })] };
      const answer = await client(protocol).send(
        new GenerateAssistantResponseCommand(conversation(mock(script))));
      const events = await collect(answer.generateAssistantResponseResponse);
      const input = events.map((event) => event.toolUseEvent?.input ?? '').join('');
      assert.deepEqual(JSON.parse(input), { city: 'Oslo' });
      assert.equal(events[3].toolUseEvent.stop, true);
    });
  });
}

describe('the first frame', () => {
  const failing = mock({
    events: [{ exception: { type: 'ThrottlingException', message: 'Too many requests.' } }],
  });

  test('fails the call when it is an exception, and the call is retried', async () => {
    await assert.rejects(
      client(AwsRestJsonProtocol, { maxAttempts: 3 }).send(
        new GenerateAssistantResponseCommand(conversation(failing))),
      (error) => error.name === 'ThrottlingException');
    assert.equal((await emulator.requests('chat')).length, 3);
  });

  test('lets the call succeed when the exception comes later', async () => {
    const script = mock({
      events: [{ text: 'part' }, { exception: { type: 'error', message: 'broken' } }],
    });
    const answer = await client(AwsRestJsonProtocol).send(
      new GenerateAssistantResponseCommand(conversation(script)));
    const seen = [];
    await assert.rejects(async () => {
      for await (const event of answer.generateAssistantResponseResponse) seen.push(event);
    }, (error) => error.name === 'InternalServerException');
    assert.deepEqual(texts(seen), ['part']);
  });
});

describe('faults', () => {
  const failsWith = async (script) => {
    const answer = await client(AwsRestJsonProtocol).send(
      new GenerateAssistantResponseCommand(conversation(mock(script))));
    await assert.rejects(collect(answer.generateAssistantResponseResponse));
  };
  const events = [{ text: 'one' }, { text: 'two' }];

  test('a flipped bit fails the checksum', () => failsWith({ events, corrupt_at: 200 }));
  test('a cut connection fails the stream', () => failsWith({ events, cut_at: 200 }));
  test('a reset connection fails the stream', () => failsWith({ events, cut_at: 200, cut: 'rst' }));
  test('a body that ends inside a frame fails the stream', () =>
    failsWith({ events, truncate_clean_at: 200 }));
});

describe('tokens', () => {
  const hello = () => new GenerateAssistantResponseCommand(conversation('hello'));

  test('end when the clock says so, and are renewed', async () => {
    const login = await admin('tokens', { issue: true });
    const call = (token) => client(AwsRestJsonProtocol, { token }).send(hello());
    await call(login.accessToken);
    await admin('clock', { advance_ms: login.expiresIn * 1000 });
    await assert.rejects(call(login.accessToken), (error) =>
      error.name === 'AccessDeniedException'
        && error.message === 'The bearer token included in the request is invalid.');
    const oidc = new SSOOIDCClient({ region: 'us-east-1', endpoint: emulator.url });
    const renewed = await oidc.send(new CreateTokenCommand({
      clientId: login.clientId,
      clientSecret: login.clientSecret,
      grantType: 'refresh_token',
      refreshToken: login.refreshToken,
    }));
    await call(renewed.accessToken);
  });

  test('a browser that opens the page approves the device', async () => {
    await emulator.device({ pending: 1000 });
    const { clientId, clientSecret } = await admin('tokens', { issue: true });
    const oidc = new SSOOIDCClient({ region: 'us-east-1', endpoint: emulator.url });
    const device = await oidc.send(new StartDeviceAuthorizationCommand({
      clientId, clientSecret, startUrl: 'https://view.awsapps.com/start',
    }));
    const poll = () => oidc.send(new CreateTokenCommand({
      clientId, clientSecret, deviceCode: device.deviceCode,
      grantType: 'urn:ietf:params:oauth:grant-type:device_code',
    }));
    await assert.rejects(poll(), (error) => error.error === 'authorization_pending');
    const page = await fetch(device.verificationUriComplete);
    assert.match(await page.text(), /emulated/);
    assert.ok((await poll()).accessToken);
  });

  test('unknown registrations are refused', async () => {
    const oidc = new SSOOIDCClient({ region: 'us-east-1', endpoint: emulator.url });
    await assert.rejects(
      oidc.send(new StartDeviceAuthorizationCommand({
        clientId: 'a', clientSecret: 'b', startUrl: 'https://view.awsapps.com/start',
      })),
      (error) => error.name === 'InvalidClientException' && error.error === 'invalid_client');
  });
});
