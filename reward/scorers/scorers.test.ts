import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pythonList } from '../../datasets/python-list.ts';
import { scorers } from '../scorers.ts';
import { oolong, oolongLenient } from './oolong.ts';
import { roundHalfEven, ruler, rulerQa } from './ruler.ts';

const score = (name: string, prediction: string, gold: unknown, type = 'text') =>
  scorers.get(name).make(prediction, gold, type).score;

describe('exact', () => {
  test.each([
    [' this \n', 'this', 1],
    ['This', 'this', 0],
    ['b', ['a', 'b'], 1],
    ['7.0', 7, 1],
    ['+7', 7, 1],
    ['7.0', '7', 0],
    ['7 apples', 7, 0],
    ['', 'x', 0],
    ['', '', 1],
  ])('%j for %j is %d', (prediction, gold, expected) => expect(score('exact', prediction, gold)).toBe(expected));
});

describe('ruler', () => {
  test.each([
    ['It is 1234567, said A.', ['1234567'], 1],
    ['ALPHA and beta', ['alpha', 'Beta', 'gamma'], 0.6667],
    ['nothing', ['alpha'], 0],
    ['one\ttwo', ['one\ntwo'], 1],
    ['one\ttwo', ['one\ttwo'], 0],
    ['alone', 'alone', 1],
  ])('%j for %j is %d', (prediction, gold, expected) =>
    expect(score('ruler', prediction, gold)).toBeCloseTo(expected, 12),
  );

  test('one of several is enough for QA', () => {
    expect(rulerQa('in Paris', ['Lyon', 'paris'], '').score).toBe(1);
    expect(rulerQa('in Rome', ['Lyon', 'paris'], '').score).toBe(0);
  });

  test('shares are rounded as Python rounds percentages', () => {
    expect([3.125, 9.375, 33.333333, 66.666666, 2.675, 100].map(roundHalfEven)).toEqual([
      3.12, 9.38, 33.33, 66.67, 2.67, 100,
    ]);
  });

  test('naming more gold answers never lowers the score', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', 'c') }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(words, fc.string(), (gold, text) => {
        expect(ruler(`${text} ${gold[0]!}`, gold, '').score!).toBeGreaterThanOrEqual(ruler(text, gold, '').score!);
        expect(ruler(gold.join(' '), gold, '').score).toBe(1);
      }),
    );
  });
});

describe('oolong', () => {
  const numeric = 'ANSWER_TYPE.NUMERIC';
  test.each([
    ['Answer:  7 ', '[7]', numeric, 1],
    ['Answer: **7**', '[7]', numeric, 1],
    ['Answer: +8', '[7]', numeric, 0.75],
    ['Answer: ８', '[7]', numeric, 0.75],
    ['Answer: 1_0', '[10]', numeric, 1],
    ['Answer: 7.', '[7]', numeric, 0],
    ['The answer is surely 7', '[7]', numeric, 1],
    ['Answer: 9', '["7"]', numeric, 0.5625],
    ['Answer: 9', '[7.9]', numeric, 0.5625],
    ['Answer: more common', "['more common than']", 'ANSWER_TYPE.COMPARISON', 1],
    ['Answer: ham is less common than spam', "['less common than']", 'ANSWER_TYPE.COMPARISON', 1],
    ['Label: Spam', "['spam']", 'ANSWER_TYPE.LABEL', 0],
    ['Date: Sep 6, 2023', '[datetime.date(2023, 9, 6)]', 'ANSWER_TYPE.DATE', 1],
    ['Date: 2023-09-06Z', '[datetime.date(2023, 9, 6)]', 'ANSWER_TYPE.DATE', 0],
    ['Date: 9/6/23', '[datetime.date(2023, 9, 6)]', 'ANSWER_TYPE.DATE', 1],
    ['Answer: 7', ['7'], numeric, 1],
    ['Answer: 6', 7, numeric, 0.75],
  ])('%j for %j (%s) is %d', (prediction, gold, type, expected) =>
    expect(score('oolong', prediction, gold, type)).toBe(expected),
  );

  test('is met by the gold answer in the form that is asked for, whatever the label', () => {
    const label = fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((text) => !/[:*[\]]/.test(text) && text.trim() === text && !/common|frequency/.test(text));
    fc.assert(
      fc.property(label, (text) => {
        expect(oolong(`Label: ${text}`, pythonList([text]), 'ANSWER_TYPE.LABEL')).toMatchObject({
          score: 1,
          parsed: text,
        });
        expect(
          oolongLenient(`Label: ${text.toUpperCase()}`, pythonList([text.toLowerCase()]), 'ANSWER_TYPE.LABEL').score,
        ).toBe(text.toUpperCase().toLowerCase() === text.toLowerCase() ? 1 : expect.anything());
      }),
    );
  });

  test('falls as the number goes away from the gold', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 50 }), (gold, away) => {
        expect(oolong(`Answer: ${gold + away}`, `[${gold}]`, numeric).score).toBeCloseTo(0.75 ** away, 12);
      }),
    );
  });

  test('a gold answer that cannot be read is not judged, and the reason says how to write it', () => {
    for (const gold of ['spam', '[]', '[datetime.date(2023, 13, 1)]', {}, null, []]) {
      expect(oolong('spam', gold, 'ANSWER_TYPE.LABEL')).toMatchObject({
        score: null,
        why: expect.stringContaining("['label']") as string,
      });
    }
    expect(oolongLenient('spam', 'spam', 'ANSWER_TYPE.LABEL').score).toBe(1);
  });

  test('white space alone scores 0 and says why', () => {
    expect(oolong(' '.repeat(25), '[7]', numeric)).toMatchObject({
      score: 0,
      why: expect.stringContaining('white space') as string,
    });
  });
});

describe('other benchmarks', () => {
  test.each([
    ['oolong-real', '\\boxed{{84}}', '84', 1],
    ['oolong-real', 'x \\boxed{\\text{a} b \\boxed{\\text{84}}', '84', 1],
    ['oolong-real', '\\boxed{84', '84', 0],
    ['oolong-real', '\\boxed{Web, Shield, Web}', 'Web, Shield, Light', 2 / 3],
    ['oolong-pairs', '(01, 2) (1,2)', [[1, 2]], 1],
    ['oolong-pairs', 'none', '', 1],
    ['longbench-choice', 'B', 'B', 0],
    ['longbench-choice', 'The correct answer is *(B)*', 'B', 1],
    ['graphwalks', 'so\nFinal Answer: [a, b,, a]\n\n', ['b', 'a'], 1],
    ['graphwalks', 'Final Answer: [a]\nthat is all', ['a'], 0],
    ['graphwalks', 'Final Answer: []', '[]', 1],
    ['graphwalks', 'nothing', [], 0],
    ['evidence-interval-f1', '[]', [], 0],
    ['evidence-interval-f1', 'no json', [[0, 1]], 0],
    ['evidence-interval-f1', '[[0,5],[5,10]]', [[0, 10]], 1],
  ])('%s: %j for %j is %d', (name, prediction, gold, expected) =>
    expect(score(name, prediction, gold)).toBeCloseTo(expected, 12),
  );

  test.each([
    ['oolong-real', []],
    ['oolong-pairs', [[1]]],
    ['longbench-choice', 'E'],
    ['graphwalks', 'a'],
    ['evidence-interval-f1', [[3, 1]]],
  ])('%s does not judge by the gold %j', (name, gold) => expect(score(name, 'x', gold)).toBeNull());
});

test('no scorer throws, leaves [0, 1] or takes more than linear time', () => {
  const hostile = [
    '',
    ':'.repeat(2_000_000),
    ' '.repeat(2_000_000),
    `${'a '.repeat(1_000_000)}:`,
    `Answer:${'['.repeat(2_000_000)}`,
    '\\boxed{'.repeat(300_000),
    '( 1 , '.repeat(300_000),
    '1'.repeat(2_000_000),
    'more common than '.repeat(100_000),
    'İ'.repeat(500_000),
  ];
  const golds: unknown[] = [
    '[7]',
    "['spam']",
    '[datetime.date(2023, 5, 20)]',
    ['a', 'b'],
    7,
    [[1, 2]],
    null,
    undefined,
    {},
  ];
  const types = ['ANSWER_TYPE.NUMERIC', 'ANSWER_TYPE.DATE', 'ANSWER_TYPE.LABEL'];
  const begin = performance.now();
  for (const [name, { make }] of scorers.entries()) {
    for (const prediction of hostile) {
      for (const gold of golds) {
        const found = make(prediction, gold, types[prediction.length % 3]!);
        expect(found.score === null || (found.score >= 0 && found.score <= 1), name).toBe(true);
        if (found.score !== 1) expect(found.why, name).toMatch(/\w/);
      }
    }
  }
  expect(performance.now() - begin).toBeLessThan(60_000);
});
