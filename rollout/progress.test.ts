import { describe, expect, test } from 'vitest';
import { ProgressCounter, ProgressPrinter, duration, progressLine, quantity } from './progress.ts';

function counted(): ProgressCounter {
  let now = 0;
  const counter = new ProgressCounter(100, 20, () => now);
  counter.text({ promptTokens: 12_000, completionTokens: 500, usd: 0.5 });
  counter.error('rate_limited');
  counter.error('rate_limited');
  counter.error('network');
  counter.episode({ reward: 1, void: false });
  counter.episode({ reward: 0, void: false });
  counter.episode({ reward: null, void: true });
  now = 1_500;
  return counter;
}

describe('progress', () => {
  test('counts; void episodes are in neither mean nor score', () => {
    expect(counted().snapshot()).toMatchObject({
      total: 100,
      done: 23,
      before: 20,
      void: 1,
      scored: 2,
      meanReward: 0.5,
      usd: 0.5,
    });
  });

  test('is one line: done, rate, time left, reward, tokens, dollars, errors by class', () => {
    expect(progressLine(counted().snapshot())).toBe(
      '23/100 episodes · 2.0/s · 39 s left · reward 0.500 (n=2) · 12K + 500 tokens · $0.50 of ~$13.33 · 1 void · errors: network 1, rate_limited 2',
    );
  });

  test('says when the dollars are not known', () => {
    const counter = counted();
    counter.text({ promptTokens: 1, completionTokens: 1, usd: null });
    expect(progressLine(counter.snapshot())).toContain('$ unknown');
  });

  test('is a plain line every ten seconds without a terminal, and redrawn in place with one', () => {
    let now = 0;
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text), isTTY: false };
    const printer = new ProgressPrinter(output, { now: () => now });
    for (now = 0; now <= 25_000; now += 500) printer.update(counted().snapshot());
    printer.end(counted().snapshot());
    expect(written).toHaveLength(4);
    for (const line of written) expect(line).toMatch(/^23\/100 episodes .*\n$/);

    const terminal: string[] = [];
    const drawn = new ProgressPrinter(
      { write: (text: string) => terminal.push(text), isTTY: true, columns: 40 },
      { now: () => now },
    );
    drawn.update(counted().snapshot());
    drawn.note('a note');
    drawn.end(counted().snapshot());
    expect(terminal).toHaveLength(4);
    expect(terminal[0]).toBe(`\r\u001b[K${progressLine(counted().snapshot()).slice(0, 39)}`);
    expect(terminal[1]).toBe('\r\u001b[Ka note\n');
  });

  test.each([
    [45, '45 s'],
    [125, '2 min 5 s'],
    [7_260, '2 h 1 min'],
    [Number.POSITIVE_INFINITY, '?'],
  ])('%s s is %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test.each([
    [999, '999'],
    [12_345, '12K'],
    [4_100_000, '4.1M'],
  ])('%i is %s', (count, text) => {
    expect(quantity(count)).toBe(text);
  });
});
