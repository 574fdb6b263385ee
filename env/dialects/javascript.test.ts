import { describe, expect, test } from 'vitest';
import { javascriptDialect } from './javascript.ts';

const parse = (content: string) => javascriptDialect.parse({ content });
const fence = '```';

describe('code blocks', () => {
  test('runs repl, js and javascript blocks in order and no others', () => {
    const text = `a\n${fence}repl\none\n${fence}\nb\n${fence}python\nno\n${fence}\n${fence}js\ntwo\n${fence}\n${fence}JavaScript\nthree\n${fence}`;
    expect(parse(text).blocks).toEqual(['one', 'two', 'three']);
  });
  test('a fence inside a string does not end the block', () => {
    expect(parse(`${fence}repl\nconst s = "${fence}x";\nprint(s)\n${fence}`).blocks).toEqual([
      `const s = "${fence}x";\nprint(s)`,
    ]);
  });
  test('names the slip: unclosed, empty, another tag, nothing', () => {
    expect(parse(`${fence}repl\nprint(1)`).slips).toEqual(['unclosed_fence']);
    expect(parse(`${fence}repl\n \n${fence}`).slips).toEqual(['empty_code']);
    expect(parse(`${fence}python\nprint(1)\n${fence}`).slips).toEqual(['other_fence']);
    expect(parse('thinking…').slips).toEqual(['no_code']);
  });
});

describe('finish in prose', () => {
  test.each([
    ['FINAL(42)', { source: 'FINAL', text: '42' }],
    ['So:\n  FINAL("a (b) c")  \n', { source: 'FINAL', text: 'a (b) c' }],
    ['FINAL(f(x) + (1)). Done.', { source: 'FINAL', text: 'f(x) + (1)' }],
    ['FINAL(two\nlines)', { source: 'FINAL', text: 'two\nlines' }],
    ['FINAL(:()', { source: 'FINAL', text: ':(' }],
    ['FINAL_VAR(result)', { source: 'FINAL_VAR', text: 'result' }],
    ['FINAL_VAR("result")', { source: 'FINAL_VAR', text: 'result' }],
    ['I would call FINAL(x) later', null],
    ['FINAL(never closed', null],
    [`${fence}repl\nFINAL(1)\n${fence}`, null],
  ])('%j', (text, finish) => {
    expect(parse(text).finish).toEqual(finish);
  });
  test('is linear in long texts', () => {
    const started = performance.now();
    parse('FINAL(\n'.repeat(200_000));
    parse(`${fence}repl\n`.repeat(100_000));
    parse('('.repeat(2_000_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

test('a literal finish beside other code is told apart from one computed by it', () => {
  const code = (body: string) => parse(`${fence}repl\n${body}\n${fence}`).literalFinish;
  expect(code('print(context.length)\nFINAL("12")')).toBe(true);
  expect(code('print(1); answer.content = "x"; answer.ready = true')).toBe(true);
  expect(code('FINAL("12")')).toBe(false);
  expect(code('// sure\nFINAL(12);')).toBe(false);
  expect(code('const n = context.length; FINAL(n)')).toBe(false);
  expect(code('FINAL(`${context.length}`)')).toBe(false);
});

test('the prompt tells size, shape and budget, and nothing of the middle of the context', () => {
  const [system, user] = javascriptDialect.opening({
    query: 'How many?',
    context: { type: 'list', chars: 1_234_567, tokens: 300_000, lines: 10, documents: 7, preview: 'It was' },
    maxTurns: 5,
    left: { subcalls: 3, tokens: null, usd: 0.5, outputChars: null },
    functions: ['llm_query', 'llm_query_batched'],
    outputChars: 1000,
    promptChars: 5000,
  });
  expect(system?.content).toContain('llm_query_batched');
  expect(system?.content).not.toContain('rlm_query');
  expect(user?.content).toBe(
    'How many?\n\n`context` is an array of 7 documents, 1,234,567 characters (about 300,000 tokens) in all. It begins: "It was"\n\nTurn 1 of 5, 3 sub-calls left, $0.5000 left.',
  );
});
