import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { main } from '../cli/main.ts';
import { createEnvironment } from '../index.ts';

const root = resolve(import.meta.dirname, '..');
const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-own-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** The module that a page of docs/ tells one to write, importing this clone in place of the package. */
function moduleOf(page: string): string {
  const block = readFileSync(join(root, 'docs', page), 'utf8').match(/^```ts\n([\s\S]*?)^```/m)?.[1];
  if (!block) throw new Error(`${page} has no ts block`);
  const here = (path: string) => `'${pathToFileURL(join(root, path)).href}'`;
  const path = join(temporary, page.replace('.md', '.ts'));
  writeFileSync(path, block.replace("'rlm-gym'", here('index.ts')).replace("'zod'", here('node_modules/zod/index.js')));
  return path;
}

async function run(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const streams = { stdout: (text: string) => (stdout += text), stderr: (text: string) => (stderr += text) };
  const status = await main(argv, { ...streams, terminal: false, env: {} });
  return { status, stdout, stderr };
}

test('the page "my own task": its family makes tasks, the same ones again', async () => {
  const config = join(temporary, 'sums.yaml');
  writeFileSync(config, 'name: sums\ntasks: [{ family: sums, count: 2 }]\npolicies: { root: { name: scripted } }\n');
  const module = moduleOf('my-own-task.md');
  for (const again of [1, 2]) {
    const { status, stdout, stderr } = await run('tasks', config, '--import', module, '--run', join(temporary, 'run'));
    expect(stderr, `time ${again}`).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('What is the sum of all numbers of A?');
  }
});

test('the page "my own task": its file loads', async () => {
  const text = readFileSync(join(root, 'docs/my-own-task.md'), 'utf8');
  const row = text.match(/^```json\n([\s\S]*?)^```/m)![1]!;
  const tasks = text.match(/^```yaml\n([\s\S]*?)^```/m)![1]!;
  writeFileSync(join(temporary, 'contracts.jsonl'), row.replace('"query"', '"question"'));
  const path = join(temporary, 'contracts.yaml');
  const here = tasks.replace('contracts.jsonl', join(temporary, 'contracts.jsonl'));
  writeFileSync(path, `name: contracts\npolicies: { root: { name: scripted } }\n${here}`);
  const { status, stdout } = await run('tasks', path, '--run', join(temporary, 'contracts'), '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ tasks: 1, families: [{ scorer: 'exact' }] });
});

test('the page "my own scorer": its scorer scores a file', async () => {
  const rows = [
    { prediction: 'about 99.5', gold: 100 },
    { prediction: '90', gold: 100 },
    { prediction: 'none', gold: 100 },
    { prediction: '7', gold: 'seven' },
  ];
  const path = join(temporary, 'rows.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const own = ['--import', moduleOf('my-own-scorer.md')];
  const { status, stdout } = await run('score', '--scorer', 'close-enough', '--in', path, '--json', ...own);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { score?: number | null; mean?: number });
  expect(status).toBe(0);
  expect(lines.slice(0, 4).map(({ score }) => score)).toEqual([1, 0, 0, null]);
  expect(lines.at(-1)).toEqual({ mean: 1 / 3, rows: 4, unjudged: 1 });
});

test('the page "my own dialect": its dialect opens an episode and ends it', async () => {
  await import(pathToFileURL(moduleOf('my-own-dialect.md')).href);
  const env = createEnvironment({ dialect: 'terse' });
  try {
    const task = { id: 't', family: 'own', query: 'Which colour?', context: 'It was blue.', answer: 'blue' };
    const full = { ...task, answerType: 'text', scorer: 'exact', split: 'train' as const, metadata: {} };
    const { observation } = await env.reset({ task: full, seed: 1 });
    expect(observation.calls[0]!.messages[0]!.content).toContain('A text is the variable `context`');
    const step = await env.step({ message: 'FINAL(blue)' });
    expect(step).toMatchObject({ reward: 1, terminated: true });
    expect(env.episode().dialect).toBe('terse');
  } finally {
    await env.close();
  }
});

test('a module that fails to load is named, and nothing runs', async () => {
  const path = join(temporary, 'broken.ts');
  writeFileSync(path, 'throw new Error("broken on purpose");');
  const { status, stderr } = await run('score', '--scorer', 'exact', '--in', '/nothing', '--import', path);
  expect(status).toBe(2);
  expect(stderr).toContain('broken on purpose');
});
