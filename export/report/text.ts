import type { Example, NamedSummary, ReportData, Summary } from './data.ts';
import { dollars, estimate, mean, number, percent } from './words.ts';

/** The report for a terminal: figures and failures, and where the two example episodes are. */
export function renderText(report: ReportData): string {
  const { run, counts, overall } = report;
  const sections = [
    `${run.name}: ${number(counts.episodes)} of ${number(counts.planned)} episodes of ${number(counts.tasks)} tasks\n` +
      `${number(counts.scored)} scored, ${number(counts.unscored)} unscored, ${number(counts.void)} void; ` +
      `${number(counts.correct)} correct (${percent(counts.correct, counts.scored)})\n` +
      `mean reward ${estimate(overall.reward)} (95 %, resampling tasks); cost ${dollars(overall.usd)}`,
    summaries('family', report.families, overall),
    summaries('strategy', report.strategies, null),
    report.passAtK.length > 0 &&
      table(
        ['pass@k', 'k', 'pass', 'tasks'],
        report.passAtK.map(({ family, k, tasks, pass }) => [family ?? 'all', `${k}`, estimate(pass), `${tasks}`]),
      ),
    report.failures.length > 0 &&
      table(
        ['failure', 'class', 'episodes'],
        report.failures.map((one) => [one.reason, one.class, number(one.episodes)]),
      ),
    report.unscored.length > 0 &&
      table(
        ['unscored by', 'episodes', 'because'],
        report.unscored.map((one) => [one.component, number(one.episodes), brief(one.why)]),
      ),
    report.attempts.length > 0 &&
      table(
        ['failed attempts', 'attempts', 'episodes'],
        report.attempts.map((one) => [one.failure, number(one.attempts), number(one.episodes)]),
      ),
    exportText(report),
    `good example: ${place(report.good)}\nbad example:  ${place(report.bad)}`,
    `rlm-gym ${run.madeBy}, run id ${run.id}, seed ${run.seed}, score version ${run.scoreVersion}`,
  ];
  return `${sections.filter((section) => section !== false).join('\n\n')}\n`;
}

function summaries(of: string, rows: readonly NamedSummary[], total: Summary | null): string {
  const line = (name: string, one: Summary): string[] => [
    name,
    number(one.episodes),
    number(one.scored),
    estimate(one.reward),
    percent(one.correct, one.scored),
    mean(one.rootTurns),
    mean(one.subcalls),
    mean(one.tokens),
    dollars(one.usd),
  ];
  return table(
    [of, 'episodes', 'scored', 'reward', 'correct', 'turns', 'sub-calls', 'tokens', 'cost'],
    [...rows.map((row) => line(row.name, row)), ...(total ? [line('all', total)] : [])],
  );
}

function exportText({ export: exported }: ReportData): string {
  if (!exported) return 'not exported yet';
  const { id, kept, dropped, waterfall, formats } = exported;
  const steps = waterfall.map((step) => [step.rule, number(step.before), number(step.dropped)]);
  const rows = formats.map((one) => `${one.format} ${number(one.rows)} rows`).join(', ');
  return `export ${id}: ${number(kept)} kept, ${number(dropped)} dropped; ${rows}\n${table(['rule', 'before', 'dropped'], steps)}`;
}

function place(example: Example | null): string {
  if (!example) return 'none';
  const { id, reward, stop } = example.episode;
  return oneLine(`${id} (reward ${number(reward ?? 0)}, ${stop.reason})`);
}

const brief = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}…` : text);

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names come from a run: no control character of theirs reaches the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\ufffd');
}
