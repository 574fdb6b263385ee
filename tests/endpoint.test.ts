import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../cli/exit-codes.ts';
import { RunStore } from '../rollout/store.ts';
import { fakeEndpoint, type FakeAnswer } from './fake-endpoint.ts';

const root = resolve(import.meta.dirname, '..');
const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-endpoint-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const canary = 'sk-canary-2f6c1e9b7d';
const close: (() => void)[] = [];
afterEach(() => close.splice(0).forEach((one) => one()));

/** A config of `count` small tasks against an endpoint that answers so. */
async function setUp(name: string, count: number, answer: (authorization: string, request: number) => FakeAnswer) {
  const endpoint = await fakeEndpoint(answer);
  close.push(endpoint.close);
  const rows = Array.from({ length: count }, (_, at) => ({
    id: `t${at}`,
    query: 'What is the number?',
    context: `It is 42, and ${at} is not.`,
    answer: '42',
  }));
  const tasks = join(temporary, `${name}.jsonl`);
  writeFileSync(tasks, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const config = join(temporary, `${name}.yaml`);
  const root = { name: 'openai', baseURL: endpoint.url, model: 'fake', maxRetries: 0, timeoutSeconds: 60 };
  const text = {
    name,
    tasks: [{ family: 'jsonl', path: tasks }],
    policies: { root },
    rollout: { group: 2, concurrency: 4, attempts: 1, haltAfter: null },
    environment: { repl: { workers: 1 } },
  };
  writeFileSync(config, JSON.stringify(text));
  return { endpoint, config, dir: join(temporary, name) };
}

function start(...argv: string[]) {
  const child = spawn(process.execPath, [join(root, 'cli/rlm-gym.mjs'), ...argv], {
    cwd: root,
    env: { PATH: process.env.PATH, OPENAI_API_KEY: canary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((done) =>
    child.on('close', (status) => done({ status, stdout, stderr })),
  );
  return { child, ended };
}

const run = (...argv: string[]) => start(...argv).ended;

function until(holds: () => boolean): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>();
  const timer = setInterval(() => holds() && done(), 20);
  const limit = setTimeout(() => reject(new Error('it did not come within 20 s')), 20_000);
  return promise.finally(() => {
    clearInterval(timer);
    clearTimeout(limit);
  });
}

/** Everything a run left behind, its compressed records included. */
function everything(dir: string): string {
  const store = RunStore.open(dir, { readOnly: true });
  const records = JSON.stringify([...store.episodes(), ...store.tasks(), ...store.attempts(), store.config]);
  store.close();
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return records + files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n');
}

describe('a key', () => {
  test('is in no store, log, dataset, report or error, though the endpoint repeats it in its errors', async () => {
    const seen: string[] = [];
    const { config, dir } = await setUp('key', 6, (authorization, request) => {
      seen.push(authorization);
      const body = { error: { message: `the key ${authorization} did not please us`, code: authorization } };
      return request % 2 === 0 ? { status: 500, body } : {};
    });
    const outputs = [
      await run('doctor', config, '--json'),
      await run('rollout', config, '--run', dir),
      await run('export', dir, '--json'),
      await run('report', dir, '--json'),
    ];
    expect(seen).toContain(`Bearer ${canary}`);
    expect(outputs.map(({ status }) => status)).toEqual([
      exitCodes.ok,
      exitCodes.incomplete,
      exitCodes.ok,
      exitCodes.ok,
    ]);
    const texts = JSON.stringify(outputs) + everything(dir);
    expect(texts).toContain('upstream_5xx');
    expect(texts).not.toContain(canary);
    expect(texts).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20));
  }, 60_000);

  test('that is refused stops the run with the variable named, and no episode is void for it', async () => {
    const { config, dir } = await setUp('refused', 3, (authorization) => ({
      status: 401,
      body: { error: { message: `bad key ${authorization}` } },
    }));
    const { status, stderr } = await run('rollout', config, '--run', dir);
    expect(status).toBe(exitCodes.failed);
    expect(stderr).toMatch(/^next: .*OPENAI_API_KEY/m);
    expect(stderr).not.toContain(canary);
    const store = RunStore.open(dir, { readOnly: true });
    expect(store.finished().size).toBe(0);
    store.close();
  }, 60_000);
});

describe('Ctrl-C', () => {
  test('once: what is under way is finished, and the printed command plays the rest, nothing twice', async () => {
    const { endpoint, config, dir } = await setUp('drain', 10, () => ({ delayMs: 100 }));
    const { child, ended } = start('rollout', config, '--run', dir);
    await until(() => endpoint.requests >= 6);
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(status).toBe(exitCodes.interrupted);
    const asked = endpoint.requests;
    const stored = RunStore.open(dir, { readOnly: true });
    const before = stored.finished();
    stored.close();
    // Every text that was asked for is in a finished episode: one text ends one here.
    expect(before.size).toBe(asked);
    expect(before.size).toBeLessThan(20);

    const next = /^next: +rlm-gym (.+)$/m.exec(stderr)![1]!;
    expect(next).toContain('--resume');
    const resumed = await run(...next.split(' '));
    expect(resumed.status).toBe(exitCodes.ok);
    expect(resumed.stdout).toContain(`20 of 20 episodes are in ${dir}, ${before.size} of them from earlier`);
    expect(endpoint.requests).toBe(20);
  }, 60_000);

  test('twice: it stops at once though the endpoint answers nothing', async () => {
    const { endpoint, config, dir } = await setUp('stop', 4, () => ({ body: null }));
    const { child, ended } = start('rollout', config, '--run', dir);
    await until(() => endpoint.requests >= 4);
    child.kill('SIGINT');
    await new Promise((done) => setTimeout(done, 400));
    const pressed = performance.now();
    child.kill('SIGINT');
    const { status, stderr } = await ended;
    expect(performance.now() - pressed).toBeLessThan(5_000);
    expect(status).toBe(exitCodes.interrupted);
    expect(stderr).toContain('--resume');
  }, 60_000);
});

test('--resume where there is no run, and a run directory with another run, are refused with the command that helps', async () => {
  const { config, dir } = await setUp('other', 1, () => ({}));
  const none = await run('rollout', config, '--run', dir, '--resume');
  expect(none.status).toBe(exitCodes.usage);
  expect(none.stderr).toContain(`next:  rlm-gym rollout ${config} --run ${dir}`);
  expect((await run('rollout', config, '--run', dir)).status).toBe(exitCodes.ok);
  const other = await run('rollout', config, '--run', dir, '--set', 'seed=9');
  expect(other.status).toBe(exitCodes.refused);
  const command = /^next: +rlm-gym (.+)$/m.exec(other.stderr)![1]!.replaceAll("'", '');
  expect((await run(...command.split(' '))).status).toBe(exitCodes.ok);
}, 60_000);
