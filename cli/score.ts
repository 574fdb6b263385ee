import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { scoreRows } from '../reward/score-rows.ts';
import { scorers } from '../reward/scorers.ts';
import { CliError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { defineVerb } from './verb.ts';

export const score = defineVerb({
  usage: 'score',
  describe: 'Score predictions in a JSONL file: rows {prediction, gold, answer_type}',
  examples: [
    ['score --scorer oolong --in predictions.jsonl --json', 'a line {score, parsed, why} a row, and last the mean'],
    ['score --scorer exact --in -', 'rows from stdin'],
  ],
  arguments: z.object({
    scorer: z.string().describe(`Which scorer judges: ${scorers.names.join(', ')}, or one that --import added`),
    in: z.string().describe('A JSONL file, or - for stdin'),
  }),
  run: async ({ scorer, in: path }, io) => {
    if (path !== '-' && !existsSync(path)) {
      throw new CliError(`${path}: there is no such file`, {
        next: 'name a JSONL file of rows {"prediction": …, "gold": …}, or - for stdin',
        code: exitCodes.usage,
      });
    }
    const broken = new Map<number, string>();
    let row = 0;
    for await (const scored of scoreRows(parse(path, broken), scorer)) {
      row += 1;
      if ('mean' in scored) {
        const { mean, rows, unjudged } = scored;
        io.say(
          `mean ${mean === null ? 'unknown' : mean.toFixed(4)} over ${rows - unjudged} of ${rows} rows (${scorer})`,
        );
        io.result(scored);
        continue;
      }
      const problem = broken.get(row);
      const shown = problem === undefined ? scored : { score: null, why: problem };
      io.result(shown);
      if (!io.json) io.say(`${row}\t${shown.score ?? 'null'}${shown.why ? `\t${shown.why}` : ''}`);
    }
    if (broken.size === 0) return exitCodes.ok;
    // Not thrown: with --json the last line is the mean.
    io.log(`error: ${path}: ${broken.size} of ${row - 1} lines are no JSON; the first is ${[...broken.values()][0]!}`);
    io.log('next:  mend those lines; the others were scored');
    return exitCodes.usage;
  },
});

/**
 * The rows of a file, opened when the first is asked for. A line that is no JSON becomes a row that cannot be judged;
 * the reason is kept by its number.
 */
async function* parse(path: string, broken: Map<number, string>): AsyncGenerator {
  let line = 0;
  let row = 0;
  for await (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === '') continue;
    row += 1;
    try {
      yield JSON.parse(text) as unknown;
    } catch (error) {
      broken.set(row, `line ${line}: ${(error as Error).message}`);
      yield null;
    }
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  if (path === '-') {
    yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
    return;
  }
  const file = await open(path);
  try {
    yield* file.readLines();
  } finally {
    await file.close();
  }
}
