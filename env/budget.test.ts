import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetConfigSchema } from '../configs/schema.ts';
import { Budget } from './budget.ts';
import type { Reservation } from './budget.ts';

const budget = (limits: object, prices = {}) => new Budget(budgetConfigSchema.parse(limits), prices);

describe('sub-calls', () => {
  test('refuses by depth, fan-out and number', () => {
    const tree = budget({ depth: 1, fanout: 3, subcalls: 2 });
    expect(tree.openSubcall(2, 1)).toBe('budget_depth');
    expect(tree.openSubcall(1, 4)).toBe('budget_fanout');
    expect([tree.openSubcall(1, 1), tree.openSubcall(1, 1), tree.openSubcall(1, 1)]).toEqual([
      null,
      null,
      'budget_subcalls',
    ]);
    expect(tree.left().subcalls).toBe(0);
  });
});

test('tokens and dollars are never overspent, however many texts are open at once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 5_000 }),
      fc.array(
        fc.record({
          prompt: fc.integer({ min: 1, max: 400 }),
          used: fc.double({ min: 0, max: 1, noNaN: true }),
          now: fc.boolean(),
        }),
        { maxLength: 60 },
      ),
      (cap, texts) => {
        const prices = { llm: { prompt: 1_000, completion: 4_000 } };
        const usdCap = cap / 1_000;
        const tree = budget({ tokens: cap, usd: usdCap, subcallTokens: 200 }, prices);
        const open: { reservation: Reservation; prompt: number; used: number }[] = [];
        let tokens = 0;
        let usd = 0;
        const settle = (text: (typeof open)[number]) => {
          const usage = {
            promptTokens: text.prompt,
            completionTokens: Math.floor(text.used * text.reservation.maxTokens),
          };
          tokens += usage.promptTokens + usage.completionTokens;
          const cost = tree.priceOf('llm', usage)!;
          usd += cost;
          tree.settle(text.reservation, { ...usage, usd: cost, estimated: false });
        };
        for (const text of texts) {
          const reservation = tree.reserve('llm', text.prompt);
          if (typeof reservation === 'string') continue;
          open.push({ reservation, ...text });
          if (text.now) settle(open.pop()!);
        }
        for (const text of open) settle(text);
        expect(tokens).toBeLessThanOrEqual(cap);
        expect(usd).toBeLessThanOrEqual(usdCap * (1 + 1e-9));
      },
    ),
  );
});

test('what a cancelled call had reserved is given back', () => {
  const tree = budget({ tokens: 1_000, subcallTokens: 500 });
  const reservation = tree.reserve('llm', 400) as Reservation;
  expect(tree.reserve('llm', 400)).toBe('budget_tokens');
  tree.settle(reservation);
  expect(tree.reserve('llm', 400)).toMatchObject({ maxTokens: 500 });
});
