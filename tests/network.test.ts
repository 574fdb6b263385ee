import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { fakeEndpoint } from './fake-endpoint.ts';

const root = resolve(import.meta.dirname, '..');
const base = mkdtempSync(join(tmpdir(), 'rlm-gym-network-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Noted {
  readonly pid: number;
  readonly started?: string;
  readonly connect?: { readonly host?: string; readonly port?: number; readonly path?: string };
  readonly lookup?: string;
  readonly datagram?: string;
  readonly wrapped?: string;
}

/** Runs a script of ours with every process of it watched; what they contacted. */
async function watched(name: string, script: string, ...argv: string[]): Promise<Noted[]> {
  const log = join(base, `${name}.log`);
  const preload = pathToFileURL(join(import.meta.dirname, 'network-log.mjs')).href;
  const child = spawn(process.execPath, [join(root, script), ...argv], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_OPTIONS: `--import=${preload}`, RLM_GYM_NETWORK_LOG: log },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const status = await new Promise((done) => child.on('close', done));
  expect(status, stderr).toBe(0);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Noted);
}

const contacts = (noted: readonly Noted[]) =>
  noted.filter(({ connect, lookup, datagram }) => connect ?? lookup ?? datagram);

/** The workers were watched as well, or ran in a wrapper that has no network. */
const sawWorkers = (noted: readonly Noted[]) =>
  noted.some(({ started, wrapped }) => started?.includes('worker') ?? wrapped?.includes('bwrap'));

describe('no request of the product goes anywhere but to the configured endpoint:', () => {
  test('the quickstart contacts nobody', { timeout: 120_000 }, async () => {
    const noted = await watched(
      'quickstart',
      'scripts/quickstart.mjs',
      '--run',
      join(base, 'quick'),
      '--set',
      'rollout.group=2',
    );
    // The script, a process for each verb, and workers.
    expect(new Set(noted.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(5);
    expect(sawWorkers(noted)).toBe(true);
    expect(contacts(noted)).toEqual([]);
  });

  test('a run against an endpoint contacts that address alone, in every verb', { timeout: 120_000 }, async () => {
    const text = '```repl\nprint(await llm_query("How much is it?"))\n```';
    const endpoint = await fakeEndpoint((_, request) => ({ text: request % 3 === 1 ? text : 'FINAL(42)' }));
    try {
      const { port } = new URL(endpoint.url);
      const tasks = join(base, 'tasks.jsonl');
      const row = (at: number) => ({ id: `t${at}`, query: 'What is it?', context: `It is 42 (${at}).`, answer: '42' });
      writeFileSync(tasks, [row(0), row(1)].map((one) => JSON.stringify(one)).join('\n'));
      const config = join(base, 'config.json');
      const policy = { name: 'openai', baseURL: endpoint.url, model: 'fake' };
      const rollout = { group: 2, concurrency: 1 };
      writeFileSync(
        config,
        JSON.stringify({ name: 'net', tasks: [{ family: 'jsonl', path: tasks }], policies: { root: policy }, rollout }),
      );
      const verbs = [
        ['rollout', config, '--run', join(base, 'run')],
        ['export', join(base, 'run')],
        ['report', join(base, 'run')],
      ];
      for (const argv of verbs) {
        const noted = await watched(argv[0]!, 'cli/rlm-gym.mjs', ...argv);
        const found = contacts(noted);
        if (argv[0] === 'rollout') {
          // The hooks are alive: they saw what the endpoint saw.
          expect(endpoint.requests).toBeGreaterThan(0);
          expect(found.length).toBeGreaterThan(0);
          expect(sawWorkers(noted)).toBe(true);
        } else {
          expect(found).toEqual([]);
        }
        for (const { connect, lookup, datagram } of found) {
          expect(connect).toEqual({ host: '127.0.0.1', port: Number(port) });
          expect([lookup, datagram]).toEqual([undefined, undefined]);
        }
      }
    } finally {
      endpoint.close();
    }
  });
});
