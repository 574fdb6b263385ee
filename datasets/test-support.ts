import type { Task } from './task.ts';

/** What a model is shown of a context before it reads any of it: its first 200 characters (env/context.ts). */
export const previewOf = (task: Task): string => (task.context as string).slice(0, 200);

/** The Kolmogorov–Smirnov distance of a sample from the uniform distribution on [0, 1]. */
export function uniformDistance(sample: readonly number[]): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((value, at) =>
      Math.max(Math.abs(value - at / sorted.length), Math.abs((at + 1) / sorted.length - value)),
    ),
  );
}

export interface Labelled {
  readonly instance: string;
  readonly label: string;
}

/**
 * Accuracy of naive Bayes with add-one smoothing over the features of a text. Labels weigh alike on both sides, so that
 * their shares in the windows do not count: chance is 1 / labels.
 */
export function naiveBayes(
  trained: readonly Labelled[],
  held: readonly Labelled[],
  features: (text: string) => string[],
): number {
  const byLabel = new Map<string, { words: Map<string, number>; size: number }>();
  const vocabulary = new Set<string>();
  for (const { instance, label } of trained) {
    const model = byLabel.get(label) ?? { words: new Map<string, number>(), size: 0 };
    byLabel.set(label, model);
    for (const word of features(instance)) {
      vocabulary.add(word);
      model.words.set(word, (model.words.get(word) ?? 0) + 1);
      model.size += 1;
    }
  }
  const guess = (text: string): string => {
    const scores = [...byLabel].map(([label, { words, size }]) => ({
      label,
      score: features(text).reduce(
        (sum, word) => sum + Math.log(((words.get(word) ?? 0) + 1) / (size + vocabulary.size)),
        0,
      ),
    }));
    return scores.reduce((best, one) => (one.score > best.score ? one : best)).label;
  };
  const rates = [...Map.groupBy(held, ({ label }) => label)].map(
    ([label, rows]) => rows.filter(({ instance }) => guess(instance) === label).length / rows.length,
  );
  return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}
