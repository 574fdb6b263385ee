import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { isNewEnough } from './find-node.mjs';
import { main } from './main.ts';
import { packageFile } from './package-root.ts';
import { verbs } from './verbs.ts';

const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-cli-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

async function run(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const status = await main(argv, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    terminal: false,
    env: { CANARY_API_KEY: 'canary-key-value' },
  });
  return { status, stdout, stderr };
}

describe('every verb', () => {
  const names = verbs.map(({ usage }) => usage.split(' ')[0]!);

  test('the verbs are those that are documented', () => {
    expect(names).toEqual(['init', 'tasks', 'rollout', 'score', 'rescore', 'export', 'report', 'doctor']);
    for (const name of names) expect(existsSync(packageFile(`docs/cli/${name}.md`)), name).toBe(true);
  });

  test.each(names)('%s --help shows an example and --json', async (name) => {
    const { status, stdout } = await run(name, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  rlm-gym ${name} `);
    expect(stdout).toContain('--json');
  });

  test.each(names)('%s refuses an option it does not know, and says where to look', async (name) => {
    const { status, stdout, stderr } = await run(name, '--no-such-option', 'x');
    expect(status).toBe(exitCodes.usage);
    expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`next: {2}rlm-gym ${name} --help\n$`));
  });
});

describe('failures', () => {
  test('with --json stdout is one line of JSON, and people read stderr', async () => {
    const { status, stdout, stderr } = await run('rollout', join(temporary, 'none.yaml'), '--json');
    expect(status).toBe(exitCodes.usage);
    expect(JSON.parse(stdout)).toEqual({
      error: { message: expect.stringContaining('no such file'), next: expect.any(String), code: exitCodes.usage },
    });
    expect(stderr).toContain('next:');
  });

  test('a verb that does not exist', async () => {
    expect(await run('rolout')).toMatchObject({ status: exitCodes.usage, stderr: expect.stringContaining('rollout') });
    expect(await run()).toMatchObject({ status: exitCodes.usage, stderr: expect.stringContaining('rlm-gym --help') });
  });

  test('a key in a message is replaced by its name', async () => {
    const { stderr, stdout } = await run('rollout', join(temporary, 'canary-key-value.yaml'), '--json');
    expect(stderr + stdout).not.toContain('canary-key-value');
    expect(stderr).toContain('[CANARY_API_KEY].yaml');
  });
});

test('init writes a config once, and again only by --force', async () => {
  const folder = join(temporary, 'mine');
  expect(await run('init', folder)).toMatchObject({ status: 0 });
  expect(readFileSync(join(folder, 'rlm-gym.yaml'), 'utf8')).toContain('$schema=');
  const again = await run('init', folder);
  expect(again.status).toBe(exitCodes.refused);
  expect(again.stderr).toContain('--force');
  expect((await run('init', folder, '--template', 'openai', '--force')).status).toBe(0);
  expect(readFileSync(join(folder, 'rlm-gym.yaml'), 'utf8')).toContain('openai');
});

describe('the entry under an older Node', () => {
  const old = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => !isNewEnough(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout));
  const entry = packageFile('cli/rlm-gym.mjs');

  test.skipIf(!old)('starts the one that npm brought (skipped: no Node below 26 in PATH)', () => {
    const child = spawnSync(old!, [entry, 'rolout'], { encoding: 'utf8' });
    expect(child.status).toBe(exitCodes.usage);
    expect(child.stderr).toContain('next:');
  });

  test.skipIf(!old)('prints the fix where none was brought (skipped: no Node below 26 in PATH)', () => {
    const bare = join(temporary, 'bare');
    mkdirSync(bare);
    for (const name of ['rlm-gym.mjs', 'find-node.mjs']) {
      spawnSync('cp', [packageFile(`cli/${name}`), bare]);
    }
    const child = spawnSync(old!, [join(bare, 'rlm-gym.mjs'), '--help'], { encoding: 'utf8' });
    expect(child.status).toBe(exitCodes.environment);
    expect(child.stderr).toContain('npm install');
  });

  test.skipIf(!old)('ends with the signal that the child got (skipped: no Node below 26 in PATH)', async () => {
    // It waits for rows on stdin, so it is surely still there.
    const child = spawn(old!, [entry, 'score', '--scorer', 'exact', '--in', '-'], { stdio: 'pipe' });
    const ended = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
    const ready = new Promise((done) => child.stdout.once('data', done));
    child.stdin.write('{"prediction": "a", "gold": "a"}\n');
    await ready;
    child.kill('SIGTERM');
    const status = await ended;
    expect(status).toBe(128 + 15);
  });
});
