// Starts the program for tests in JavaScript; the same rules as tests/support/program.py.
//
//   const coze = await start(["mock", "coze", "--port", "0"]);
//   const gateway = await startGateway({ coze });
//   ...
//   await gateway.stop();     // SIGTERM; fails unless it exits with 0 and no sanitizer complained

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BOT = '7401000000000000001';
export const CODEWHISPERER = 'claude-sonnet-4.5';
export const COZE = `coze/bot/${BOT}`;

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.env.DRAGOMAN_BINARY ?? join(root, 'build/dev/dragoman');
const sanitizer = /AddressSanitizer|LeakSanitizer|UndefinedBehavior|ThreadSanitizer|runtime error:/;

function environment(home, extra) {
  return {
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    ASAN_OPTIONS: 'quarantine_size_mb=4:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=99',
    ...extra,
  };
}

// Runs a verb to its end.
export async function run(args, { env = {}, home, onOutput = () => {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'dragoman-test-'));
  const child = spawn(binary, args, {
    cwd: folder,
    env: environment(home ?? folder, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput(output);
    });
  }
  const [code] = await once(child, 'close');
  rmSync(folder, { recursive: true, force: true });
  return { code, output };
}

export async function start(args, { env = {}, home } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'dragoman-test-'));
  const child = spawn(binary, args, {
    cwd: folder,
    env: environment(home ?? folder, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const closed = once(child, 'close');
  const port = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`did not start: ${output}`)), 30_000);
    child.on('exit', (code) => reject(new Error(`exit ${code} at start: ${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        const match = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output);
        if (match) {
          clearTimeout(timer);
          resolve(Number(match[1]));
        }
      });
    }
  });
  const url = `http://127.0.0.1:${port}`;

  async function admin(method, route, body) {
    const answer = await fetch(`${url}/_emulator/${route}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${route}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  return {
    url,
    port,
    script: (answer, { operation = 'chat', times = 1 } = {}) =>
      admin('POST', 'script', { operation, times, answer }),
    signal: (name) => admin('POST', 'signal', { name }),
    tokens: (settings) => admin('POST', 'tokens', settings),
    device: (settings) => admin('POST', 'device', settings),
    requests: async (operation) =>
      (await admin('GET', 'requests')).filter((r) => !operation || r.operation === operation),
    // The recorded chat calls whose body holds the marker.
    chats: async (marker) =>
      (await admin('GET', 'requests')).filter(
        (r) => r.operation === 'chat' && JSON.stringify(r.body).includes(marker),
      ),
    state: () => admin('GET', 'state'),
    reset: () => admin('POST', 'reset', {}),
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      const [code] = await closed;
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0 || sanitizer.test(output)) throw new Error(`exit code ${code}\n${output}`);
    },
  };
}

export const startEmulator = (kind) => start(['mock', kind, '--port', '0']);

export function startGateway({ codewhisperer, coze, env = {}, home } = {}) {
  const upstreams = codewhisperer
    ? {
        CODEWHISPERER_ENDPOINT: codewhisperer.url,
        CODEWHISPERER_OIDC_ENDPOINT: codewhisperer.url,
        CODEWHISPERER_API_KEY: 'ksk_emulator',
      }
    : { CODEWHISPERER_ENABLED: 'false' };
  if (coze) {
    Object.assign(upstreams, {
      COZE_BASE_URL: coze.url,
      COZE_API_KEY: 'pat_emulator',
      COZE_BOT_ID: BOT,
    });
  }
  return start(['serve', '--port', '0'], { env: { ...upstreams, ...env }, home });
}

// The text of a user message that says how it is to be answered.
export const mock = (script, words = '') =>
  `!mock ${JSON.stringify(script)}${words ? ` ${words}` : ''}`;

let count = 0;
export const unique = (prefix) => `${prefix}-${process.pid}-${++count}`;

export async function until(condition, what, milliseconds = 5000) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
