import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { buildReport } from '../export/report/build.ts';
import { renderHtml } from '../export/report/html.ts';
import { renderText } from '../export/report/text.ts';
import { RunStore } from '../rollout/store.ts';
import { runArgument, scoreVersionArgument, setArgument } from './common-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { findRun, shownPath } from './run-dir.ts';
import { defineVerb } from './verb.ts';

export const report = defineVerb({
  usage: 'report <of>',
  describe: 'Sum a run up: text, JSON, or one HTML file that opens from disk',
  examples: [
    ['report runs/quickstart', 'figures in the terminal, and runs/quickstart/report.html'],
    ['report my.yaml --html out.html --json', 'the page, and all figures for a program'],
  ],
  arguments: z.object({
    of: z.string().describe('A run directory, or the config it was made from'),
    run: runArgument,
    set: setArgument,
    scoreVersion: scoreVersionArgument,
    html: z.string().optional().describe("Where the page goes; else report.html in the run's directory"),
  }),
  run: async ({ of, run, set, html, scoreVersion }, io) => {
    const { dir } = findRun(of, { run, set, env: io.env });
    const store = RunStore.open(dir, { readOnly: true });
    try {
      const data = buildReport(store, { scoreVersion });
      const path = resolve(html ?? join(dir, 'report.html'));
      const partial = `${path}.tmp`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(partial, await renderHtml(data));
      renameSync(partial, path);
      io.say(renderText(data).trimEnd());
      io.say(`\nReport: ${shownPath(path)}`);
      io.result({ html: path, ...data });
      return exitCodes.ok;
    } finally {
      store.close();
    }
  },
});
