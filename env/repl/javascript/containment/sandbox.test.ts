import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ContextStore } from '../../../context.ts';
import { findBubblewrap } from '../../bubblewrap.ts';
import { defaultReplLimits } from '../../repl.ts';
import { createJavaScriptBackend } from '../backend.ts';
import { nothing } from '../defences.ts';
import { openPool } from '../open-pool.ts';
import type { Sandbox } from '../worker-sandbox.ts';

/* What code that has escaped from V8 into the worker process finds there, with bubblewrap and without. */

const bwrap = findBubblewrap();
const works =
  bwrap !== null &&
  spawnSync(bwrap, ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--', '/bin/true']).status === 0;
const unless = works ? '' : ' (skipped: bubblewrap is absent here, or may not make namespaces)';

/** Runs code in the main context of a worker and returns what it printed. */
async function escaped(sandbox: Sandbox, code: string): Promise<string> {
  const contexts = new ContextStore();
  const backend = openPool(
    { workers: 1, sandbox },
    {
      without: nothing,
      entry: new URL('./hostile-worker.ts', import.meta.url),
      args: [],
      slackMs: 20_000,
    },
  );
  try {
    const context = contexts.prepare('the context');
    const repl = await backend.open({ context, seed: 1, limits: defaultReplLimits, functions: [] });
    const progress = await repl.run(`
      (async () => {
        const fs = process.getBuiltinModule('fs'), net = process.getBuiltinModule('net');
        const { spawnSync } = process.getBuiltinModule('child_process');
        const context = ${JSON.stringify(context.path)};
        const attempt = async (work) => { try { return String(await work()) } catch (error) { return error.code ?? String(error) } };
        const stdout = await attempt(async () => ${code});
        return { type: 'done', repl: 1, requests: [], result: { stdout, stderr: '', cut: 0, variables: [], finish: null,
          cancelled: [], overwritten: [], hints: [], limit: null, alive: true, cpuMs: 1, wallMs: 1 } };
      })()`);
    return progress.state === 'done' ? progress.result.stdout : 'waits';
  } finally {
    await backend.close();
    contexts.close();
  }
}

const project = new URL('../../../../README.md', import.meta.url).pathname;
const connect = (port: number) =>
  `new Promise((done, fail) => net.connect(${port}, '127.0.0.1', () => done('connected')).once('error', fail))`;

/** What an escape tries; what it finds without a sandbox, and within. */
const attempts: readonly [name: string, code: string, plain: RegExp, wrapped: RegExp][] = [
  ['a file of the system', `fs.readFileSync('/etc/passwd', 'utf8').length > 0`, /true/, /ENOENT/],
  ["a file of the project's", `fs.readFileSync(${JSON.stringify(project)}, 'utf8').length > 0`, /true/, /ENOENT/],
  ["the host's environment", `fs.readFileSync('/proc/${process.pid}/environ').length > 0`, /true/, /ENOENT/],
  ['other processes', `fs.readdirSync('/proc').filter((name) => Number(name) > 0).length > 2`, /true/, /false/],
  ['a signal to the host', `process.kill(${process.pid}, 0)`, /true/, /ESRCH/],
  ['another program', `spawnSync('/bin/sh', ['-c', 'echo out']).stdout ?? 'none'`, /out/, /none/],
  ['a context of its run', `fs.readFileSync(context, 'utf8')`, /the context/, /the context/],
  ['writing over a context', `fs.writeFileSync(context, 'x') ?? 'written'`, /written/, /EROFS/],
  [
    'its own environment',
    `Object.keys(process.env).filter((name) => !/^(TZ|LANG|PWD|NODE_CHANNEL_)/.test(name)).join()`,
    /^$/,
    /^$/,
  ],
];

test.skipIf(!works).each(attempts)(`an escape and %s${unless}`, async (_name, code, plain, wrapped) => {
  expect(await escaped('none', code)).toMatch(plain);
  expect(await escaped('bubblewrap', code)).toMatch(wrapped);
});

test.skipIf(!works)(`an escape and the network${unless}`, async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(await escaped('none', connect(port))).toBe('connected');
  expect(await escaped('bubblewrap', connect(port))).toMatch(/ENETUNREACH|ECONNREFUSED|EADDRNOTAVAIL/);
  server.close();
});

const options = { seed: 1, limits: defaultReplLimits, functions: [] };

test.skipIf(!works)(`a sandboxed worker is watched and ended by its own pid${unless}`, async () => {
  const contexts = new ContextStore();
  const backend = createJavaScriptBackend({ workers: 1, sandbox: 'bubblewrap', workerRssMb: 400 });
  const context = contexts.prepare('x');
  const repl = await backend.open({ ...options, context });
  await repl.run('1');
  const [pid = 0] = backend.pids();
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]).toBe(process.execPath);
  expect(readdirSync(`/proc/${pid}/task`).length).toBeGreaterThan(1);
  const limits = { ...defaultReplLimits, memoryMb: 4_000, cellCpuMs: 20_000 };
  const hungry = await backend.open({ ...options, context, limits });
  await expect(hungry.run('const k = []; for (;;) k.push(new Array(1e5).fill(1))')).rejects.toMatchObject({
    failure: 'worker_lost',
    suspect: true,
  });
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  const again = await backend.open({ ...options, context });
  await again.run('1');
  const [next = 0] = backend.pids();
  await backend.close();
  expect(() => process.kill(next, 0)).toThrow(/ESRCH/);
  contexts.close();
});

test.skipIf(!works)(`a context from a folder that the worker cannot see is sent to it${unless}`, async () => {
  const [first, second] = [new ContextStore(), new ContextStore()];
  const backend = createJavaScriptBackend({ workers: 1, sandbox: 'bubblewrap' });
  const one = await backend.open({ ...options, context: first.prepare('one') });
  expect(await one.run('print(context)')).toMatchObject({ result: { stdout: 'one\n' } });
  const context = second.prepare(['zwei', 'drei ☃']);
  const other = await backend.open({ ...options, context });
  expect(await other.run('print(context.join())')).toMatchObject({ result: { stdout: 'zwei,drei ☃\n' } });
  expect(backend.pids()).toHaveLength(1);
  await backend.close();
  first.close();
  second.close();
});

test('where bubblewrap is not there, auto does without and says so, and asking for it is an error that says what to do', async () => {
  const contexts = new ContextStore();
  const path = process.env['PATH'];
  const fake = join(contexts.dir, 'bwrap');
  writeFileSync(fake, '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n', { mode: 0o755 });
  process.env['PATH'] = contexts.dir;
  try {
    const context = contexts.prepare('x');
    const auto = createJavaScriptBackend({ workers: 1 });
    const repl = await auto.open({ ...options, context });
    expect(await repl.run('print(context)')).toMatchObject({ result: { stdout: 'x\n' } });
    const found = await auto.sandbox();
    expect(found).toMatchObject({ kind: 'none' });
    if (process.platform === 'linux') expect(found.why).toMatch(/No permissions/);
    await auto.close();
    const asked = createJavaScriptBackend({ workers: 1, sandbox: 'bubblewrap' });
    await expect(asked.open({ ...options, context })).rejects.toThrow(/install bubblewrap.*sandbox to "auto"/);
    await asked.close();
  } finally {
    process.env['PATH'] = path;
    contexts.close();
  }
});
