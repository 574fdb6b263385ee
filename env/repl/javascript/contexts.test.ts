import { afterAll, describe, expect, test } from 'vitest';
import { residentBytes } from '../process-usage.ts';
import { testBackend } from './testing.ts';

const session = testBackend({ maxReplsPerWorker: 1000 });
afterAll(() => session[Symbol.asyncDispose]());

describe('a list context is an ordinary frozen array', () => {
  const documents = ['first', '', 'dritte Überschrift', 'the fourth, which is longer than the others'];
  test.each([
    [
      'length and index',
      'print(context.length, context[0], context[2], context[9])',
      '4 first dritte Überschrift undefined\n',
    ],
    ['Array.isArray', 'print(Array.isArray(context), typeof context)', 'true object\n'],
    [
      'methods',
      'print(context.map((d) => d.length), context.filter((d) => d.includes("f")).length, context.slice(1, 2))',
      '[5, 0, 18, 43] 3 [""]\n',
    ],
    ['for-of', 'let n = 0; for (const d of context) n += d.length; print(n)', '66\n'],
    ['spread and join', 'print([...context].length, context.join("|").length)', '4 69\n'],
    ['JSON', 'print(JSON.parse(JSON.stringify(context))[2])', 'dritte Überschrift\n'],
    [
      'no change sticks',
      'try { context.push("x") } catch (e) { print(e.name) } print(context.length)',
      'TypeError\n4\n',
    ],
  ])('%s', async (_name, code, stdout) => {
    const { cell } = await session.open(documents);
    expect(await cell(code)).toMatchObject({ stdout, stderr: '' });
  });

  test('documents beyond the basic plane are cut where they were joined', async () => {
    const { cell } = await session.open(['a😀', '😀b', '漢字']);
    expect((await cell('print(context)')).stdout).toBe('["a😀", "😀b", "漢字"]\n');
  });
});

test('a string context is itself, in one byte a character and in two', async () => {
  for (const text of ['plain', 'Überfluß', '漢字 😀']) {
    const { cell } = await session.open(text);
    expect((await cell('print(context, context.length)')).stdout).toBe(`${text} ${text.length}\n`);
  }
});

test.skipIf(process.platform !== 'linux')(
  'isolates share a context: 40 REPLs over 20 MB, and over 10,000 documents, cost little each (Linux only: /proc)',
  async () => {
    const [pid] = session.backend.pids();
    const resident = () => (residentBytes(pid ?? 0) ?? 0) / 2 ** 20;
    const documents = Array.from({ length: 10_000 }, (_, at) => `document ${at}: ${'lorem ipsum '.repeat(160)}`);
    const text = documents.join('\n');
    for (const context of [text, documents]) {
      const first = await session.open(context);
      await first.cell('print(context.length, context[0])');
      const before = resident();
      const others = await Promise.all(Array.from({ length: 40 }, () => session.open(context)));
      const told = await Promise.all(others.map(({ cell }) => cell('print(context.length, context.at(-1).length)')));
      expect(new Set(told.map(({ stdout }) => stdout)).size).toBe(1);
      expect((resident() - before) / 40).toBeLessThan(4);
      await Promise.all(others.map(({ repl }) => repl.close()));
    }
  },
);

test('a context much larger than the working memory leaves that memory to use', async () => {
  const { cell } = await session.open('x'.repeat(30e6), { memoryMb: 16 });
  expect(
    await cell(
      'const parts = []; for (let i = 0; i < 30; i++) parts.push(context.slice(i * 1e6, (i + 1) * 1e6)); print(parts.length)',
    ),
  ).toMatchObject({ stdout: '30\n', alive: true });
  expect(await cell('const k = []; for (;;) k.push(new Array(1e5).fill(1))')).toMatchObject({
    limit: 'sandbox_oom',
    alive: false,
  });
});
