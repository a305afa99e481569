// The emulated CodeWhisperer service and its sign-in, judged by the official clients of both.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CodeWhispererStreamingClient, GenerateAssistantResponseCommand, SendMessageCommand,
} from '@aws/codewhisperer-streaming-client';
import {
  CreateTokenCommand, RegisterClientCommand, SSOOIDCClient, StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import { mock, startEmulator } from './support.mjs';

let emulator;

before(async () => {
  emulator = await startEmulator('codewhisperer');
});

after(() => emulator?.stop());

const streaming = (token, maxAttempts = 1) =>
  new CodeWhispererStreamingClient({
    region: 'us-east-1',
    endpoint: emulator.url,
    token: { token },
    maxAttempts,
  });

const oidc = () =>
  new SSOOIDCClient({ region: 'us-east-1', endpoint: emulator.url, maxAttempts: 1 });

const conversation = (content) => ({
  conversationState: {
    conversationId: crypto.randomUUID(),
    chatTriggerType: 'MANUAL',
    currentMessage: {
      userInputMessage: { content, modelId: 'claude-sonnet-4.5', origin: 'AI_EDITOR' },
    },
  },
});

async function read(events) {
  let text = '';
  const kinds = [];
  for await (const event of events) {
    const [kind] = Object.keys(event);
    kinds.push(kind);
    if (event.assistantResponseEvent) text += event.assistantResponseEvent.content;
  }
  return { text, kinds };
}

async function signIn() {
  const client = oidc();
  const registration = await client.send(
    new RegisterClientCommand({
      clientName: 'tests',
      clientType: 'public',
      scopes: ['codewhisperer:completions', 'codewhisperer:conversations'],
    }),
  );
  assert.ok(registration.clientId && registration.clientSecret);
  assert.ok(registration.clientSecretExpiresAt > Date.now() / 1000);
  const device = await client.send(
    new StartDeviceAuthorizationCommand({
      clientId: registration.clientId,
      clientSecret: registration.clientSecret,
      startUrl: 'https://view.awsapps.com/start',
    }),
  );
  assert.ok(device.userCode && device.verificationUriComplete && device.interval >= 1);
  const poll = new CreateTokenCommand({
    clientId: registration.clientId,
    clientSecret: registration.clientSecret,
    grantType: 'urn:ietf:params:oauth:grant-type:device_code',
    deviceCode: device.deviceCode,
  });
  const outcomes = [];
  for (;;) {
    try {
      return { token: await client.send(poll), registration, outcomes };
    } catch (error) {
      outcomes.push(error.name);
      if (!['AuthorizationPendingException', 'SlowDownException'].includes(error.name)) throw error;
      const seconds = error.name === 'SlowDownException' ? 5 + device.interval : device.interval;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 50));
    }
  }
}

describe('chat', () => {
  for (const Command of [GenerateAssistantResponseCommand, SendMessageCommand]) {
    test(`${Command.name} streams its events`, async () => {
      const client = streaming('demo-access-token');
      const script = { events: [{ text: 'Hel' }, { text: 'lo' }] };
      const answer = await client.send(new Command(conversation(mock(script))));
      const { text, kinds } = await read(
        answer.generateAssistantResponseResponse ?? answer.sendMessageResponse);
      assert.equal(text, 'Hello');
      assert.ok(kinds.includes('assistantResponseEvent'), kinds.join());
    });
  }

  test('a stream in writes of one byte reads the same', async () => {
    const script = { events: [{ text: 'Grüße, ' }, { text: '世界 👩‍👩‍👧‍👦' }], write_bytes: 1 };
    const answer = await streaming('demo-access-token').send(
      new GenerateAssistantResponseCommand(conversation(mock(script))));
    assert.equal((await read(answer.generateAssistantResponseResponse)).text, 'Grüße, 世界 👩‍👩‍👧‍👦');
  });

  test('an exception in mid-stream is raised', async () => {
    const script = {
      events: [{ text: 'part' },
        { exception: { type: 'ThrottlingException', message: 'Too many requests' } }],
      tail: false,
    };
    const answer = await streaming('demo-access-token').send(
      new GenerateAssistantResponseCommand(conversation(mock(script))));
    await assert.rejects(() => read(answer.generateAssistantResponseResponse),
      (error) => /Throttling|Too many requests/.test(`${error.name} ${error.message}`));
  });

  test('an error answer has its class', async () => {
    const script = {
      status: 429,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ThrottlingException' },
      body: JSON.stringify({ message: 'slow', reason: null }),
    };
    await assert.rejects(
      streaming('demo-access-token').send(
        new GenerateAssistantResponseCommand(conversation(mock(script)))),
      (error) => error.name === 'ThrottlingException' && error.$metadata.httpStatusCode === 429,
    );
  });

  test('a token nobody issued is refused', async () => {
    await assert.rejects(
      streaming('nobody-issued-this').send(
        new GenerateAssistantResponseCommand(conversation('hi'))),
      (error) => error.name === 'AccessDeniedException',
    );
  });

  test('a malformed conversation is refused', async () => {
    const body = conversation('hi');
    body.conversationState.history = [
      { assistantResponseMessage: { content: 'history must begin with the user' } }];
    await assert.rejects(
      streaming('demo-access-token').send(new GenerateAssistantResponseCommand(body)),
      (error) => error.name === 'ValidationException',
    );
  });
});

describe('sign-in', () => {
  test('a device is authorised after waiting, and its token works', async () => {
    await emulator.device({ pending: 1, slow_down: 0 });
    const { token, outcomes } = await signIn();
    assert.deepEqual(outcomes, ['AuthorizationPendingException']);
    assert.equal(token.tokenType, 'Bearer');
    assert.ok(token.expiresIn > 0);
    const answer = await streaming(token.accessToken).send(
      new GenerateAssistantResponseCommand(conversation('hello')));
    assert.ok((await read(answer.generateAssistantResponseResponse)).text);
  });

  test('a refresh gives new tokens and uses the old one up', async () => {
    await emulator.device({ pending: 0, slow_down: 0 });
    const { token, registration } = await signIn();
    const refresh = (refreshToken) =>
      oidc().send(
        new CreateTokenCommand({
          clientId: registration.clientId,
          clientSecret: registration.clientSecret,
          grantType: 'refresh_token',
          refreshToken,
        }),
      );
    const renewed = await refresh(token.refreshToken);
    assert.notEqual(renewed.accessToken, token.accessToken);
    assert.notEqual(renewed.refreshToken, token.refreshToken);
    await assert.rejects(refresh(token.refreshToken), (error) => error.name === 'InvalidGrantException');
  });

  test('a device the user denies is refused', async () => {
    await emulator.device({ pending: 0, outcome: 'deny' });
    await assert.rejects(signIn(), (error) => error.name === 'AccessDeniedException');
    await emulator.device({ pending: 0, outcome: 'approve' });
  });
});
