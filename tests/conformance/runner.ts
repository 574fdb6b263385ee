import { readFileSync } from 'node:fs';

/** One row of a conformance file. */
export type Row = Readonly<Record<string, unknown>>;

/** What an implementation makes of a row, and whether that is what is expected. */
export interface Verdict {
  readonly agrees: boolean;
  readonly expected: unknown;
  readonly got: unknown;
}

/** Runs the rows of some benchmarks or dialects. Returns null for a row that it has no implementation for. */
export interface Runner {
  /** The `benchmark` or `source` of the rows; a name that ends in `/*` stands for all that begin so. */
  readonly of: readonly string[];
  run(row: Row): Promise<Verdict | null> | Verdict | null;
  close?(): Promise<void>;
}

/** Takes lines of JSON, one for each failure and quirk, then the summary. */
export type Print = (line: string) => void;

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Runs every row of the files that a runner is there for. A failing row, and one whose runner throws, never stops the
 * run; a quirk (a peer's bug) is reported as `agrees` or `differs` and is in none of the counts.
 */
export async function runFiles(files: readonly string[], runners: readonly Runner[], print: Print): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
      if (text.trim() === '') continue;
      await runLine(text, index + 1, runners, counts, print);
    }
  }
  for (const runner of runners) await runner.close?.();
  print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return counts;
}

async function runLine(
  text: string,
  line: number,
  runners: readonly Runner[],
  counts: Counts,
  print: Print,
): Promise<void> {
  let row: Row = {};
  let verdict: Verdict | null;
  try {
    row = JSON.parse(text) as Row;
    verdict = await runRow(row, runners);
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    verdict = { agrees: false, expected: row.expected ?? row.expected_score ?? null, got: `threw ${what}` };
  }
  const where = row.benchmark === undefined ? { source: row.source } : { benchmark: row.benchmark };
  const told = { line, ...where, kind: row.kind ?? row.answer_type ?? null };
  if (verdict === null) {
    counts.skipped += 1;
  } else if (row.quirk === true) {
    print(JSON.stringify({ ...told, quirk: verdict.agrees ? 'agrees' : 'differs', note: row.note ?? null }));
  } else if (verdict.agrees) {
    counts.passed += 1;
  } else {
    counts.failed += 1;
    print(JSON.stringify({ ...told, expected: verdict.expected, got: verdict.got, note: row.note ?? null }));
  }
}

async function runRow(row: Row, runners: readonly Runner[]): Promise<Verdict | null> {
  // Scoring rows name where the case was observed in `source` as well; their benchmark decides.
  const name = row.benchmark ?? row.source;
  if (typeof name !== 'string') throw new Error('a row needs a benchmark or a source');
  const runner = runners.find(({ of }) =>
    of.some((known) => (known.endsWith('/*') ? name.startsWith(known.slice(0, -1)) : known === name)),
  );
  return runner ? runner.run(row) : null;
}
