/** Precision, recall and F1 of sets by their sizes. Where nothing is shared all are 0. */
export function f1(shared: number, predicted: number, wanted: number): number {
  if (shared === 0) return 0;
  const precision = shared / predicted;
  const recall = shared / wanted;
  return (2 * precision * recall) / (precision + recall);
}

/** F1 of two sets; both empty is 1, for the right answer was that there is nothing. */
export function setF1(predicted: ReadonlySet<string>, wanted: ReadonlySet<string>): number {
  if (predicted.size === 0 && wanted.size === 0) return 1;
  let shared = 0;
  for (const item of predicted) if (wanted.has(item)) shared += 1;
  return f1(shared, predicted.size, wanted.size);
}
