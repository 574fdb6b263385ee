import { expect, test } from 'vitest';
import { headAndTail, joinHeadAndTail, keepHead } from './head-and-tail.ts';

test('a text within the cap is kept whole', () => {
  expect(headAndTail('abcdef', 6)).toEqual({ text: 'abcdef', cut: 0 });
});

test('a longer one keeps both ends and says how much is missing', () => {
  expect(headAndTail('abcdefghij', 5)).toEqual({ text: 'abc\n[… 5 characters left out …]\nij', cut: 5 });
});

test('two collected ends are joined, with what is missing between them', () => {
  expect(joinHeadAndTail('abc', 'de', 5)).toEqual({ text: 'abcde', cut: 0 });
  expect(joinHeadAndTail('abc', 'yz', 26)).toEqual({ text: 'abc\n[… 21 characters left out …]\nyz', cut: 21 });
});

test('keepHead keeps the first characters', () => {
  expect(keepHead('abcdef', 4)).toEqual({ text: 'abcd', cut: 2 });
  expect(keepHead('abc', 4)).toEqual({ text: 'abc', cut: 0 });
});
