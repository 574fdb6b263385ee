import { describe, expect, test } from 'vitest';
import { createOraclePolicy, oracleOptionsSchema } from './oracle.ts';
import { needleKeys, readPrompt } from './read-prompt.ts';

const table = new Map([
  ['Who wrote Emma ?', 'human being'],
  ['Where is Lima ?', 'location'],
  ['1984 was written by whom ?', 'human being'],
]);
const exact = { errorRate: 0, seed: 0 };

const ask = (prompt: string, options: object = {}, maxTokens = 1_000) =>
  createOraclePolicy(oracleOptionsSchema.parse(options), table).complete({
    call: { id: '0.1', kind: 'llm', depth: 1, turn: 0, segment: 0 },
    messages: [{ role: 'user', content: prompt }],
    maxTokens,
    draw: 1,
    signal: new AbortController().signal,
  });

describe('records', () => {
  test.each([
    ['Which category?\nWho wrote  Emma ?', 'human being'],
    ['Label each.\n4: Who wrote Emma ?\n9: Where is Lima ?', '4: human being\n9: location'],
    ['Date: Sep 06, 2023 || User: 7 || Instance: Where is Lima ?\nWho wrote Emma ?', '1: location\n2: human being'],
    ['1984 was written by whom ?', 'human being'],
    ["How many of these are 'human being'?\nWho wrote Emma ?\nWhere is Lima ?\n1984 was written by whom ?", '2'],
    ['Label each.\n1: Who wrote Persuasion ?', 'I do not know.'],
  ])('%j → %j', (prompt, answer) => {
    expect(readPrompt(prompt, table, exact)).toBe(answer);
  });

  test('are read wrongly at the rate asked for, the same ones always', () => {
    const many = new Map(Array.from({ length: 2_000 }, (_, at) => [`record ${at}`, at % 2 === 0 ? 'even' : 'odd']));
    const prompt = [...many.keys()].join('\n');
    const read = (seed: number) => readPrompt(prompt, many, { errorRate: 0.1, seed }).split('\n');
    const wrong = (lines: string[]) =>
      lines.filter((line, at) => !line.endsWith(at % 2 === 0 ? ' even' : ' odd')).length;
    expect(wrong(read(1))).toBeGreaterThan(150);
    expect(wrong(read(1))).toBeLessThan(250);
    expect(read(1)).toEqual(read(1));
    expect(read(1)).not.toEqual(read(2));
  });
});

describe('needles', () => {
  const text = (value: string) =>
    `… One of the special magic numbers for red-fox is: ${value}. More. One of the special magic numbers for red-owl is: 22.`;
  const question = 'What is the special magic number for red-fox mentioned in the provided text?';

  test('are read off the text, whatever the text says', () => {
    expect(readPrompt(`${question}\n${text('11')}`, table, exact)).toBe('11');
    expect(readPrompt(`${question}\n${text('33')}`, table, exact)).toBe('33');
    expect(readPrompt(`${question}\nnothing here`, table, exact)).toBe('none');
    expect(readPrompt(text('11'), table, exact)).toBe('I do not know.');
    expect(readPrompt(`${question}\n${text('11')}`, table, { errorRate: 1, seed: 0 })).toBe('17');
  });

  test.each([
    ['the special magic numbers for a-b, c-d, and e-f mentioned in the provided text', ['a-b', 'c-d', 'e-f']],
    ['the special magic uuid for 12ab mentioned in the provided text', ['12ab']],
    ['something else', []],
  ])('keys of %j', (asked, keys) => {
    expect(needleKeys(asked)).toEqual(keys);
  });
});

describe('the policy', () => {
  test('sees no more than its context limit', async () => {
    const prompt = `Label each.\n1: Who wrote Emma ?\n${'x'.repeat(200)}\n2: Where is Lima ?`;
    expect((await ask(prompt, { contextLimit: null })).message.content).toBe('1: human being\n2: location');
    expect((await ask(prompt, { contextLimit: 100 })).message.content).toBe('human being');
  });

  test('is cut at the tokens it may write, and says so', async () => {
    const prompt = '1: Who wrote Emma ?\n2: Where is Lima ?';
    expect(await ask(prompt, {}, 2)).toMatchObject({
      message: { content: '1: human' },
      sampling: { finishReason: 'length', source: 'frozen', trainable: false },
    });
  });

  test('fails on schedule', async () => {
    const policy = createOraclePolicy(oracleOptionsSchema.parse({ failures: { every: 2, class: 'network' } }), table);
    const request = {
      call: { id: '0.1', kind: 'llm' as const, depth: 1, turn: 0, segment: 0 },
      messages: [],
      maxTokens: 10,
      draw: 1,
      signal: new AbortController().signal,
    };
    await policy.complete(request);
    await expect(policy.complete(request)).rejects.toMatchObject({ failure: 'network' });
    await policy.complete(request);
  });
});
