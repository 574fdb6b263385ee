import { z } from 'zod';
import { loadConfig } from '../configs/load.ts';
import { prepareRun } from '../rollout/prepare-run.ts';
import type { RunStore } from '../rollout/store.ts';
import { checkNames } from './check-names.ts';
import { configArgument, runArgument, setArgument } from './common-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { runDirOf } from './run-dir.ts';
import { table } from './table.ts';
import { defineVerb } from './verb.ts';

export const tasks = defineVerb({
  usage: 'tasks <config>',
  describe: 'Make the run directory and its tasks, and show them; no model is asked',
  examples: [
    ['tasks configs/quickstart.yaml', 'runs/quickstart with its tasks and contexts'],
    ['tasks my.yaml --set tasks.0.count=2 --run runs/look --json', 'a first look, for a program'],
  ],
  arguments: z.object({ config: configArgument, run: runArgument, set: setArgument }),
  run: async ({ config: path, run, set }, io) => {
    const config = loadConfig(path, { set, env: io.env });
    checkNames(config);
    const dir = runDirOf(config, run);
    const { store } = await prepareRun({ config, dir });
    try {
      const families = summarise(store);
      io.say(`${store.taskCount} tasks in ${dir}`);
      io.say(
        table(
          ['family', 'split', 'tasks', 'characters each', 'tokens in all (about)', 'scorer'],
          families.map((row) => [row.family, row.split, row.tasks, row.characters, row.tokens, row.scorer]),
        ),
      );
      const first = store.tasks()[Symbol.iterator]().next().value;
      if (first) io.say(`The first asks: ${shorten(first.query)}`);
      io.say(`next: rlm-gym rollout ${path}${run === undefined ? '' : ` --run ${run}`}`);
      io.result({ run: dir, tasks: store.taskCount, families });
      return exitCodes.ok;
    } finally {
      store.close();
    }
  },
});

interface FamilyRow {
  readonly family: string;
  readonly split: string;
  readonly scorer: string;
  readonly tasks: number;
  /** `smallest–largest`. */
  readonly characters: string;
  readonly tokens: number;
}

function summarise(store: RunStore): FamilyRow[] {
  const rows = store.database
    .prepare(
      `SELECT t.family AS family, t.split AS split, t.scorer AS scorer, count(*) AS tasks,
         min(c.chars) AS least, max(c.chars) AS most, sum(c.tokens) AS tokens
       FROM tasks t JOIN contexts c ON c.hash = t.context_hash GROUP BY t.family, t.split, t.scorer ORDER BY min(t.ord)`,
    )
    .all() as unknown as (FamilyRow & { least: number; most: number })[];
  return rows.map(({ least, most, ...row }) => ({
    ...row,
    characters:
      least === most
        ? least.toLocaleString('en-US')
        : `${least.toLocaleString('en-US')}–${most.toLocaleString('en-US')}`,
  }));
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 160 ? line : `${line.slice(0, 159)}…`;
}
