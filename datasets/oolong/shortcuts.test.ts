import { describe, expect, test } from 'vitest';
import { makeTasks } from '../make-tasks.ts';
import { splitOf, type Split } from '../splits.ts';
import type { Task } from '../task.ts';
import { naiveBayes, previewOf, uniformDistance } from '../test-support.ts';
import { lexicon } from './lexicon.ts';
import { labelledWindow } from './host-table.ts';
import { templates } from './question.ts';
import { recompute } from './test-recompute.ts';
import { linesOf, type LabelledLine } from './test-support.ts';

const labels = Object.keys(lexicon);
const chance = 1 / labels.length;

async function all(options: Record<string, unknown>, seed = 7): Promise<Task[]> {
  const made: Task[] = [];
  const entry = { family: 'oolong', split: 'train' as const, count: 8, length: 20_000, ...options };
  for await (const task of await makeTasks([entry], seed)) made.push(task);
  return made;
}

const bodyOf = (task: Task): string => (task.context as string).slice((task.context as string).indexOf('\n\n') + 2);
const words = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter(Boolean);

describe('labels', () => {
  test('and their like never appear in an instance', async () => {
    const like =
      /\b(numeric|numbers?|values?|counts?|amounts?|quantit\w+|locations?|places?|where|humans?|beings?|persons?|people|who|whom|entit\w+|objects?|descriptions?|definitions?|abstract|concepts?|abbreviat\w*|acronyms?|initialisms?|labels?)\b/i;
    for (const options of [
      {},
      { difficulty: 'hard' },
      { split: 'validation' },
      { split: 'test', difficulty: 'hard' },
    ]) {
      for (const task of await all({ ...options, length: 300_000, count: 2 })) {
        expect(linesOf(task).filter(({ instance }) => like.test(instance))).toEqual([]);
      }
    }
  });

  test('belong to one noun each', () => {
    for (const kind of ['person', 'place', 'thing'] as const) {
      const nouns = labels.flatMap((label) => lexicon[label]![kind]);
      expect(new Set(nouns).size).toBe(nouns.length);
    }
  });

  test('are in no line, and no gold is in the text of a dense task', async () => {
    for (const task of await all({ groups: ['counting', 'user', 'timeline'], count: templates.length })) {
      const body = bodyOf(task);
      for (const label of labels) expect(body).not.toContain(label);
      expect(body).not.toMatch(/\bLabel\b|more common|less common|same frequency/i);
      expect(labelledWindow(task)).toContain(' || Label: ');
      expect(JSON.stringify({ ...task, answer: '' })).not.toContain(' || Label: ');
      if (task.answerType === 'ANSWER_TYPE.MONTH_YEAR')
        expect(body).not.toContain(/'(.+)'/.exec(task.answer as string)![1]!);
      // In OOLONG's wording the answer is MM/DD/YYYY; lines say `Sep 06, 2023`.
      if (task.answerType === 'ANSWER_TYPE.DATE') expect(body).not.toMatch(/\d\d\/\d\d\/\d{4}/);
    }
  });
});

describe('a bag of words', () => {
  const halves = async (options: Record<string, unknown>) => {
    const lines = (await all({ length: 400_000, count: 6, ...options })).flatMap(linesOf);
    return [lines.filter((_, at) => at % 2 === 0), lines.filter((_, at) => at % 2 === 1)] as const;
  };

  test.each(['train', 'test'])('fitted on half of hard records of split %s does not tell the label', async (split) => {
    const [fitted, held] = await halves({ difficulty: 'hard', split });
    expect(naiveBayes(fitted, held, words)).toBeLessThan(chance + 0.15);
    expect(naiveBayes(fitted, held, (text) => words(text).slice(0, 1))).toBeLessThan(chance + 0.05);
  });

  test('of plain records tells it once the nouns are known; the first word never does', async () => {
    const [fitted, held] = await halves({});
    expect(naiveBayes(fitted, held, words)).toBeGreaterThan(0.9);
    expect(naiveBayes(fitted, held, (text) => words(text).slice(0, 1))).toBeLessThan(chance + 0.05);
  });

  test.each(['plain', 'hard'])(
    'fitted on %s records of one split does not tell those of another',
    async (difficulty) => {
      const fitted = (await all({ length: 400_000, count: 4, difficulty })).flatMap(linesOf);
      const held = (await all({ length: 200_000, count: 4, split: 'test', difficulty })).flatMap(linesOf);
      expect(naiveBayes(fitted, held, words)).toBeLessThan(chance + 0.15);
    },
  );
});

/** The question with every other label, user or pair in the place of the one asked for. */
function variations(task: Task): string[] {
  const asked = [...task.query.matchAll(/label '?([^'?]+?)'?(?= first|[?:,]| occur| the single| more)/g)].map(
    (hit) => hit[1]!,
  );
  return labels.filter((label) => !asked.includes(label)).map((label) => task.query.replaceAll(asked[0]!, label));
}

describe('answers to other questions', () => {
  test.each(['numeric', 'subset-numeric', 'month-numeric', 'range-numeric', 'months-top'])(
    '%s: the same question of another label has another answer, by 2 and more',
    async (template) => {
      for (const task of await all({ questions: [template], count: 10, length: 40_000 })) {
        const gold = Number(/\d+/.exec(task.answer as string)![0]);
        const lines = linesOf(task);
        for (const query of variations(task)) {
          const other = Number(/\d+/.exec(recompute({ ...task, query }, lines))![0]);
          expect(Math.abs(other - gold)).toBeGreaterThanOrEqual(2);
        }
      }
    },
  );

  test('most and least are alone by 2 % of the instances', async () => {
    for (const task of await all({ questions: ['most', 'least'], count: 20 })) {
      const counts = [...Map.groupBy(linesOf(task), ({ label }) => label).values()]
        .map((same) => same.length)
        .sort((a, b) => b - a);
      const by = task.metadata.template === 'most' ? counts[0]! - counts[1]! : counts.at(-2)! - counts.at(-1)!;
      expect(by).toBeGreaterThan(Math.max(1, 0.02 * linesOf(task).length));
    }
  });

  test('comparisons differ by 2 % or not at all', async () => {
    for (const template of ['relative', 'subset-relative', 'month-relative', 'range-relative']) {
      for (const task of await all({ questions: [template], count: 10, length: 40_000 })) {
        const [a, b] = [...task.query.split(' Give')[0]!.matchAll(/label '([^']+)'/g)].map((hit) => hit[1]!);
        const number = (label: string): number => {
          const query = `${task.query.split(/is label '/)[0]!}how many data points should be classified as label '${label}'? Give`;
          return Number(/\d+/.exec(recompute({ ...task, query }))![0]);
        };
        const difference = Math.abs(number(a!) - number(b!));
        expect(difference === 0 || difference >= 2).toBe(true);
      }
    }
  });
});

describe('golds are spread', () => {
  const golds = async (template: string, count = 60) =>
    (await all({ questions: [template], count, length: 30_000 })).map((task) => ({
      gold: task.answer as string,
      task,
    }));
  const largest = (answers: readonly string[]) =>
    Math.max(...[...Map.groupBy(answers, (answer) => answer).values()].map((same) => same.length)) / answers.length;

  test.each(['most', 'least', 'month-most', 'range-most', 'subset-most'])(
    '%s: no label is right in half of them',
    async (template) => {
      expect(largest((await golds(template)).map(({ gold }) => gold))).toBeLessThan(0.45);
    },
  );

  test.each(['relative', 'subset-relative', 'month-relative', 'before-after'])(
    '%s: no phrase is right in most',
    async (template) => {
      const answers = (await golds(template)).map(({ gold }) => gold);
      expect(largest(answers)).toBeLessThan(0.67);
      expect(new Set(answers).size).toBeGreaterThanOrEqual(2);
    },
  );

  test.each(['subset-most', 'month-most', 'range-most'])(
    '%s: the label of the whole is right in about half',
    async (template) => {
      const rows = await golds(template, 40);
      const asWhole = rows.filter(({ gold, task }) => {
        const counts = Map.groupBy(linesOf(task), ({ label }) => label);
        const most = [...counts].sort((x, y) => y[1].length - x[1].length)[0]![0];
        return gold === `['${most}']`;
      });
      expect(asWhole.length / rows.length).toBeGreaterThan(0.2);
      expect(asWhole.length / rows.length).toBeLessThan(0.8);
    },
  );

  test('user-label-compare: neither the first, the lower nor the more active user is right in most', async () => {
    const rows = (await golds('user-label-compare')).map(({ gold, task }) => {
      const [a, b] = /User (\d+) or User (\d+)/.exec(task.query)!.slice(1) as [string, string];
      const right = gold.slice(1, -1);
      const instances = (user: string) => linesOf(task).filter((line) => line.user === user).length;
      const other = right === a ? b : a;
      return { first: right === a, lower: Number(right) < Number(other), active: instances(right) > instances(other) };
    });
    for (const rule of ['first', 'lower', 'active'] as const) {
      const share = rows.filter((row) => row[rule]).length / rows.length;
      expect([rule, share > 0.25 && share < 0.75]).toEqual([rule, true]);
    }
  });

  test('first-month: it is seldom the first of all', async () => {
    const answers = (await golds('first-month')).map(({ gold }) => gold);
    expect(answers.filter((gold) => gold === "['July 2022']").length / answers.length).toBeLessThan(0.35);
    expect(new Set(answers).size).toBeGreaterThan(8);
  });

  test.each([
    'numeric',
    'subset-numeric',
    'month-numeric',
    'range-numeric',
    'months-more',
    'months-top',
    'dates-n-times',
  ])('%s: what is told of the text (its lines) does not tell the number', async (template) => {
    const rows = (await golds(template)).map(({ gold, task }) => ({
      gold: Number(/\d+/.exec(gold)![0]),
      lines: (task.context as string).split('\n').length,
    }));
    // The best fixed share of the lines, and the best fixed number, scored as OOLONG scores numbers.
    const score = (guess: (lines: number) => number) =>
      rows.reduce((sum, { gold, lines }) => sum + 0.75 ** Math.abs(gold - Math.round(guess(lines))), 0) / rows.length;
    const shares = Array.from({ length: 200 }, (_, at) => score((lines) => (lines * at) / 200));
    const numbers = Array.from({ length: 200 }, (_, at) => score(() => at));
    expect(Math.max(...shares, ...numbers)).toBeLessThan(0.4);
  });

  test('the preview holds no instance', async () => {
    for (const task of await all({ groups: ['counting', 'user', 'timeline'] })) {
      expect(previewOf(task)).not.toContain('Instance:');
    }
  });

  test('instances of a label are spread over the whole text', async () => {
    for (const groups of [['counting'], ['timeline']]) {
      const [task] = await all({ groups, length: 200_000, count: 1 });
      const lines = linesOf(task!);
      for (const [, same] of Map.groupBy(lines.keys(), (at) => lines[at]!.label)) {
        if (same.length < 30) continue;
        expect(uniformDistance(same.map((at) => (at + 0.5) / lines.length))).toBeLessThan(
          1.95 / Math.sqrt(same.length),
        );
      }
    }
  });
});

test('splits share no user and no name, in every group and difficulty', async () => {
  const seen = new Map<string, Split>();
  for (const split of ['train', 'validation', 'test'] as const) {
    for (const difficulty of ['plain', 'hard']) {
      const tasks = await all({
        split,
        difficulty,
        groups: ['counting', 'user', 'timeline'],
        count: 3,
        length: 60_000,
      });
      for (const line of tasks.flatMap(linesOf)) {
        for (const entity of [line.user, ...namesIn(line)]) {
          expect(splitOf(entity)).toBe(split);
          expect(seen.get(entity) ?? split).toBe(split);
          seen.set(entity, split);
        }
      }
    }
  }
  expect(seen.size).toBeGreaterThan(1_000);
});

/** Capitalised words that do not begin the sentence: the made names. */
const namesIn = ({ instance }: LabelledLine): string[] =>
  [...instance.matchAll(/(?<=of |for |the |[A-Z]\w+ )([A-Z]\w+)/g)].map((hit) => hit[1]!);
