import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportConfigSchema } from '../../configs/schema.ts';
import type { RunStore } from '../../rollout/store.ts';
import { exportRun } from '../export-run.ts';
import { testCall, testRun, testTurn } from '../test-run.ts';
import { buildReport } from './build.ts';
import { reportSchema, type ReportData, type Summary } from './data.ts';
import { escapeHtml, html } from './escape.ts';
import { renderHtml } from './html.ts';
import { renderText } from './text.ts';

const hostile =
  '</pre></style><script>alert(1)</script><img src=x onerror="alert(1)"><a href=\'javascript:alert(1)\'>x</a> ' +
  '&lt; <!-- ]]> \u0000\u001b[31m \u202ecod \ud800 end';

const dirs: string[] = [];
const stores: RunStore[] = [];
afterAll(() => {
  for (const store of stores) store.close();
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

async function run(options: Parameters<typeof testRun>[0] = {}): Promise<RunStore> {
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-report-'));
  dirs.push(dir);
  const store = await testRun({ dir, ...options });
  stores.push(store);
  return store;
}

describe('figures', () => {
  let store: RunStore;
  let report: ReportData;
  beforeAll(async () => {
    store = await run();
    await store.putAttempt({ episodeId: 'e', attempt: 1, failure: 'network', message: 'reset' });
    const curate = { correctOnly: true, bestN: 1 };
    await exportRun({ store, config: exportConfigSchema.parse({ curate }) });
    report = buildReport(store);
  });
  const count = (where: string, table = 'episodes'): number =>
    Number(store.database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get()?.['n']);

  test('fit their schema, also after JSON', () => {
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  test('every count is a count by SQL', () => {
    expect(report.counts).toEqual({
      tasks: count('1', 'tasks'),
      planned: 24,
      episodes: count('1'),
      scored: count('reward IS NOT NULL'),
      void: count('void = 1'),
      unscored: count('reward IS NULL AND void = 0'),
      correct: count('correctness >= 1'),
      answered: count("stop_class = 'answer'"),
      policyFailed: count("stop_class = 'policy'"),
      withSubcalls: count('subcalls > 0'),
      failedAttempts: count('1', 'attempts'),
    });
    const agrees = (one: Summary, where: string): void => {
      expect(one).toMatchObject({
        episodes: count(where),
        scored: count(`${where} AND reward IS NOT NULL`),
        void: count(`${where} AND void = 1`),
        unscored: count(`${where} AND reward IS NULL AND void = 0`),
        correct: count(`${where} AND correctness >= 1`),
      });
      const mean = store.database
        .prepare(`SELECT avg(reward) AS r, sum(usd) AS usd FROM episodes WHERE ${where}`)
        .get();
      expect(one.reward?.mean).toBeCloseTo(Number(mean?.['r']), 12);
      expect(one.usd.total).toBeCloseTo(Number(mean?.['usd']), 12);
    };
    agrees(report.overall, '1');
    for (const family of report.families) agrees(family, `family = '${family.name}'`);
    for (const strategy of report.strategies) agrees(strategy, `strategy = '${strategy.name}'`);
    for (const pair of report.pairs) agrees(pair, `family = '${pair.family}' AND strategy = '${pair.name}'`);
    expect(report.families.map((one) => one.name)).toEqual(['niah', 'oolong']);
    expect(report.failures).toEqual([
      { class: 'infra', reason: 'worker_lost', episodes: count("stop_class = 'infra'") },
    ]);
    expect(report.attempts).toEqual([{ failure: 'network', attempts: 1, episodes: 1 }]);
    expect(report.export).toMatchObject({
      kept: count('kept = 1', 'ledger'),
      dropped: count('kept = 0', 'ledger'),
      formats: [
        { format: 'rl', rows: 6, episodes: 6 },
        { format: 'sft-turns', rows: 12, episodes: 6 },
      ],
    });
    for (const { rule, dropped } of report.export!.waterfall) expect(dropped).toBe(count(`rule = '${rule}'`, 'ledger'));
  });

  test('pass@k by hand: two of four right, and no k above what was played', () => {
    const all = report.passAtK.filter((one) => one.family === null);
    expect(all.map((one) => one.k)).toEqual([1, 2, 4]);
    // Tasks 0 and 3 have two scored episodes, both right; the others have two right of four.
    expect(all[0]!.pass!.mean).toBeCloseTo((2 * 1 + 4 * 0.5) / 6, 12);
    expect(all[1]!.pass!.mean).toBeCloseTo((2 * 1 + 4 * (5 / 6)) / 6, 12);
    expect(all[2]).toMatchObject({ tasks: 4, pass: { mean: 1 } });
    for (const { pass } of all) expect(pass!.low <= pass!.mean && pass!.mean <= pass!.high).toBe(true);
  });

  test('the examples are the best and the worst scored episode', () => {
    expect(report.good!.episode.reward).toBe(1);
    expect(report.good!.gold).toBe('42');
    expect(report.bad!.episode.reward).toBe(0.1);
  });

  test('a text for a terminal holds the figures', () => {
    const text = renderText(report);
    expect(text).toContain('24 of 24 episodes of 6 tasks');
    expect(text).toMatch(/^niah +12 +10 /m);
    expect(text).toMatch(/^guess +12 +8 /m);
    expect(text).toMatch(/^worker_lost +infra +2$/m);
    expect(text).toMatch(/^best_n +12 +6$/m);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('equal runs give equal reports', async () => {
    const other = await run();
    const { export: _one, ...first } = buildReport(other);
    const { export: _two, attempts: _attempts, counts, ...second } = report;
    expect({ ...first, attempts: undefined }).toEqual({ ...second, counts: { ...counts, failedAttempts: 0 } });
  });
});

test('an empty run, and one that is not exported, have reports too', async () => {
  const store = await run({ tasks: 0 });
  const report = buildReport(store);
  expect(report).toMatchObject({ export: null, good: null, bad: null, passAtK: [], overall: { reward: null } });
  expect(renderText(report)).toContain('not exported yet');
  expect(await renderHtml(report)).toContain('Not exported yet');
  expect(() => buildReport(store, { exportId: 'nope' })).toThrow(/no export "nope"/);
});

describe('the page', () => {
  let page: string;
  beforeAll(async () => {
    const calls = [
      testCall('0', [
        testTurn(hostile, [{ role: 'user', content: hostile }], {
          reasoning: hostile,
          toolCalls: [{ id: hostile, name: hostile, arguments: hostile }],
          flags: [hostile],
          cells: [
            {
              code: hostile,
              stdout: hostile,
              stderr: hostile,
              cut: 1,
              variables: [{ name: hostile, type: hostile }],
              calls: ['0.1'],
              refused: [{ slot: 2, reason: hostile }],
              overwritten: [],
              hints: [hostile],
              limit: hostile,
              finish: { source: hostile, value: hostile, cut: 0 },
            },
          ],
        }),
      ]),
      testCall('0.1', [testTurn(hostile, [{ role: 'user', content: hostile }])], { failure: hostile }),
    ];
    const store = await run({
      config: { seed: 1 },
      episode: (task, index) => ({
        calls,
        query: hostile,
        family: hostile,
        metrics: { policy_strategy: `${hostile}${index % 2}`, [hostile]: hostile },
        components: { [hostile]: { value: 1, weight: 1, why: hostile } },
        final: { answer: hostile, source: hostile, call: '0', turn: 0, cut: 0 },
        ...(index === 0 && task === 0 ? { stop: { reason: hostile, class: 'policy', message: hostile } } : {}),
      }),
    });
    page = await renderHtml(buildReport(store));
  });

  test('what a run wrote is text wherever it stands', () => {
    // Every markup character of it was escaped: none of its tags is on the page.
    for (const raw of ['<script', '<img', '<a ', '<!--', '</style><']) {
      expect(page.toLowerCase(), raw).not.toContain(raw);
    }
    // Its words are there, in texts and in charts (which escape by name).
    expect(page.split('alert(1)').length).toBeGreaterThan(40);
    expect(page).toContain(escapeHtml(hostile));
    expect(page).not.toMatch(/[^\P{Cc}\n\t]/u);
    expect(page).not.toContain('\u202e');
    expect(page.isWellFormed()).toBe(true);
  });

  test('it loads nothing and runs nothing', () => {
    expect(page).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src 'none';`);
    expect(page).not.toMatch(/<(?:script|link|iframe|object|embed|form|base|image|use|foreignObject)\b/i);
    const tags = page.match(/<[a-z][^>]*>/gi) ?? [];
    expect(tags.length).toBeGreaterThan(500);
    for (const tag of tags) expect(tag).not.toMatch(/\s(?:on\w+|src|href|xlink:href|action|srcset|poster)\s*=/i);
    expect(page.replaceAll(/xmlns(?::xlink)?="[^"]*"/g, '')).not.toMatch(/url\(|@import|https?:/);
  });

  test('it has charts, tables and both episodes', () => {
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(page.match(/<section class="turn">/g)!.length).toBeGreaterThanOrEqual(4);
    expect(page).toContain('prefers-color-scheme: dark');
  });
});

test('the template escapes what is put in, nested lists included, and leaves out nothing-values', () => {
  expect(html`<p title="${'"'}">${['<', [html`<b>${'&'}</b>`, null, undefined, false, 0]]}</p>`.text).toBe(
    '<p title="&#34;">&#60;<b>&#38;</b>0</p>',
  );
});
