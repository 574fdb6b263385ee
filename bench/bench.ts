/** A benchmark. A file `bench/<name>.bench.ts` exports one as `bench`; `bench/run.ts` finds it by that name. */
export interface Bench {
  /** One line: what is measured, and what the goal is. */
  readonly describe: string;
  /** Runs it and gives its figures by name. Whatever it wants to say meanwhile goes through `log`, never to stdout. */
  run(log: (line: string) => void): Promise<Record<string, number>>;
}
