import { z } from 'zod';
import { exportRun } from '../export/export-run.ts';
import { RunStore } from '../rollout/store.ts';
import { checkNames } from './check-names.ts';
import { runArgument, scoreVersionArgument, setArgument } from './common-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { findRun, shownPath } from './run-dir.ts';
import { table } from './table.ts';
import { defineVerb } from './verb.ts';

export const exportVerb = defineVerb({
  usage: 'export <of>',
  describe: 'Curate the episodes of a run and write the dataset: Parquet, a card and a ledger',
  examples: [
    ['export runs/quickstart', 'runs/quickstart/dataset, as the run was configured'],
    ['export my.yaml --out data/best --set export.curate.bestN=2', 'the two best episodes of each task'],
  ],
  arguments: z.object({
    of: z.string().describe('A run directory, or the config it was made from'),
    run: runArgument,
    out: z.string().optional().describe("The dataset's directory; else `dataset` in the run's"),
    set: setArgument,
    scoreVersion: scoreVersionArgument,
  }),
  run: async ({ of, run, out, set, scoreVersion }, io) => {
    const found = findRun(of, { run, set, env: io.env });
    if (found.config) checkNames(found.config);
    const store = RunStore.open(found.dir);
    try {
      const result = await exportRun({ store, config: found.config?.export, out, scoreVersion });
      const version = result.scoreVersion > 1 ? ` (score version ${result.scoreVersion})` : '';
      io.say(`${result.episodes} episodes: ${result.kept} kept, ${result.dropped} dropped${version}`);
      for (const { rule, before, dropped } of result.waterfall) {
        if (dropped > 0) io.say(`  ${rule}: ${dropped} of ${before}`);
      }
      io.say(
        table(
          ['format', 'rows', 'episodes', 'refused'],
          result.formats.map(({ format, rows, episodes, refused }) => [format, rows, episodes, reasons(refused)]),
        ),
      );
      for (const { path, rows } of result.files) io.say(`  ${shownPath(result.out)}/${path} (${rows} rows)`);
      io.say(`Dataset card: ${shownPath(result.out)}/README.md   Ledger: ${shownPath(result.out)}/ledger.jsonl`);
      io.result(result);
      return exitCodes.ok;
    } finally {
      store.close();
    }
  },
});

function reasons(refused: Readonly<Record<string, number>>): string {
  return Object.entries(refused)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
