import { describe, expect, test } from 'vitest';
import { previewOf, uniformDistance } from '../test-support.ts';
import { rulerNeedles } from './options.ts';
import { niahTasks, textOf } from './test-support.ts';

const sample = 300;

describe('depth', () => {
  test.each([...Object.keys(rulerNeedles).map((variant) => ({ variant })), { variant: 'single' }, { variant: 'vt' }])(
    '%j: is uniform',
    async (options) => {
      const tasks = await niahTasks({ ...options, count: sample, length: 30_000 });
      const depths = tasks.map((task) => {
        const text = textOf(task);
        // For chains the first assignment is early; the hops together are uniform.
        const answers = task.answer as string[];
        const answer = answers[Number.parseInt(task.id.slice(-4), 10) % answers.length]!;
        return text.indexOf(options.variant === 'vt' ? `VAR ${answer} =` : answer) / text.length;
      });
      // Kolmogorov–Smirnov at 1 in 1,000, and the way to the next sentence's end.
      expect(uniformDistance(depths)).toBeLessThan(1.95 / Math.sqrt(sample) + 0.005);
    },
  );
});

describe('what is shown before the text is read tells no answer', () => {
  test.each([...Object.keys(rulerNeedles), 'vt', 'single', 'multi-key', 'multi-value', 'multi-query'])(
    '%s: the preview holds an answer no more often than chance puts it there',
    async (variant) => {
      const tasks = await niahTasks({ variant, count: 100, length: 30_000 });
      const shown = tasks.flatMap((task) =>
        (task.answer as string[]).map((answer) => previewOf(task).includes(answer)),
      );
      expect(shown.filter(Boolean).length / shown.length).toBeLessThan(0.04);
    },
  );

  test.each(['cwe', 'fwe'])('%s: the preview holds none of the words', async (variant) => {
    for (const task of await niahTasks({ variant, count: 40 })) {
      for (const answer of task.answer as string[]) expect(previewOf(task)).not.toContain(answer);
    }
  });

  test.each([...Object.keys(rulerNeedles), 'vt', 'cwe', 'fwe'])('%s: the query holds no answer', async (variant) => {
    for (const task of await niahTasks({ variant, count: 20 })) {
      for (const answer of task.answer as string[]) expect(task.query).not.toContain(answer);
    }
  });

  test('length and lines are the same for other answers', async () => {
    for (const variant of ['niah_single_1', 'niah_single_2', 'vt']) {
      const tasks = await niahTasks({ variant, count: 20 });
      const shapes = new Map(tasks.map((task) => [String(task.answer), textOf(task).split('\n').length]));
      expect(shapes.size).toBe(20);
      // Keys differ by a few letters; the number of lines at most by one paragraph for that.
      expect(Math.max(...shapes.values()) - Math.min(...shapes.values())).toBeLessThan(30);
    }
  });
});

describe('a search for the key alone is not enough', () => {
  test('decoys have near keys and other values', async () => {
    for (const task of await niahTasks({ variant: 'multi-key', count: 30 })) {
      const [key] = task.metadata.keys as string[];
      const found = [...textOf(task).matchAll(/special magic numbers for (\S+) is: (\S+)\./g)];
      const decoys = found.filter((hit) => hit[1] !== key);
      expect(decoys).toHaveLength(3);
      for (const [, decoy, value] of decoys) {
        expect(decoy!.split('-').some((word) => key!.split('-').includes(word))).toBe(true);
        expect(task.answer).not.toContain(value);
      }
    }
  });

  test('mentions name the key and tell no value', async () => {
    for (const variant of ['single', 'niah_single_1', 'niah_multiquery']) {
      for (const task of await niahTasks({ variant, mentions: 8, count: 10 })) {
        const text = textOf(task);
        for (const key of task.metadata.keys as string[]) {
          const places = text.split(key).slice(1);
          const telling = places.filter((after) => / is: /.test(after.slice(0, 6)));
          expect(telling).toHaveLength(1);
          expect(places.length - telling.length).toBeGreaterThanOrEqual(2);
          for (const after of places) if (!telling.includes(after)) expect(after).not.toMatch(/^[^.?!]*\d{7}/);
        }
      }
    }
  });

  test('other chains and other words have the same form', async () => {
    const [chains] = await niahTasks({ variant: 'vt', chains: 4, hops: 3 });
    expect(textOf(chains!).match(/VAR [A-Z]{5} = \d{5}/g)).toHaveLength(4);
    for (const variant of ['cwe', 'fwe']) {
      const [task] = await niahTasks({ variant });
      const lengths = new Set(
        textOf(task!)
          .match(/[a-z]+/g)!
          .map((word) => word.length),
      );
      expect(lengths.size).toBe(1);
    }
  });
});
