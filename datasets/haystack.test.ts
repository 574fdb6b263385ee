import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fill, loadHaystack } from './haystack.ts';
import { measureOf } from './length.ts';
import { Random } from './random.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-haystack-'));
  mkdirSync(join(dir, 'texts'));
  const paragraphs = (name: string) =>
    Array.from({ length: 40 }, (_, at) => `Paragraph ${name}${at} says something of its own.`).join('\n\n');
  writeFileSync(join(dir, 'texts', 'b.txt'), paragraphs('b'));
  writeFileSync(join(dir, 'texts', 'a.txt'), `\uFEFF${paragraphs('a').replaceAll('\n', '\r\n')}`);
  writeFileSync(join(dir, 'texts', 'latin1.txt'), Buffer.from('Caf\xe9 au lait.', 'latin1'));
  writeFileSync(join(dir, 'texts', 'picture.bin'), Buffer.from([1, 0, 2, 0]));
});
afterAll(() => rmSync(dir, { recursive: true }));

test('by default it is more than 4 MB of distinct text from pinned packages, with their versions and licences', () => {
  const { text, info } = loadHaystack(undefined, '/');
  expect(text.length).toBeGreaterThan(4_000_000);
  expect(info.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(info.packages.length).toBeGreaterThan(5);
  for (const { version, license } of info.packages) {
    expect(version).toMatch(/^\d+\.\d+/);
    expect(license).toMatch(/MIT|ISC|BSD|Apache/);
  }
});

test('files are sorted, each once, cleaned of carriage returns; binaries are left out', () => {
  const { text, info } = loadHaystack(['texts/*', 'texts/a.txt'], dir);
  expect(info.files).toBe(3);
  expect(text.indexOf('Paragraph a0')).toBe(0);
  expect(text.indexOf('Paragraph b0')).toBeGreaterThan(text.indexOf('Paragraph a39'));
  expect(text).toContain('Café au lait.');
  expect(text).not.toContain('\r');
});

test('a glob that matches nothing is named', () => {
  expect(() => loadHaystack('texts/*.nothing', dir)).toThrow(/"texts\/\*\.nothing" matches no file.*\*\*/);
});

test('used up, it comes again paragraph by paragraph in another order, each as often as the others', () => {
  const haystack = loadHaystack('texts/b.txt', dir);
  const measure = measureOf(haystack.text.length * 5);
  const filled = fill(haystack, measure.wanted, measure, new Random('test'));
  expect(filled.length).toBe(measure.wanted);
  const order = [...filled.matchAll(/Paragraph b(\d+) /g)].map((hit) => Number(hit[1]));
  for (let number = 0; number < 40; number += 1) {
    const times = order.filter((found) => found === number).length;
    expect(times).toBeGreaterThanOrEqual(4);
    expect(times).toBeLessThanOrEqual(6);
  }
  const rounds = [0, 1, 2, 3].map((round) => order.slice(round * 40, round * 40 + 40));
  expect(rounds[0]).toEqual(Array.from({ length: 40 }, (_, at) => (rounds[0]![0]! + at) % 40));
  expect(new Set(rounds.map(String)).size).toBe(4);
});
