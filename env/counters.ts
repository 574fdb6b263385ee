/** Named counts of what a model did; only what happened is listed, in the order of names. */
export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string, by = 1): void {
    if (by !== 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
