import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { untold, type ReportData } from './data.ts';
import { trusted, visible, type SafeHtml } from './escape.ts';

/** Colours are the page's own (`--series-N` of the style sheet), so that a chart follows light and dark. */
const series = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)', 'var(--series-5)'];
const ink = 'var(--ink-2)';
const grid = 'var(--line)';

const config = {
  background: 'transparent',
  aria: false,
  autosize: { type: 'fit', contains: 'padding' },
  font: 'inherit',
  axis: {
    labelColor: ink,
    titleColor: ink,
    domainColor: grid,
    tickColor: grid,
    gridColor: grid,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 500,
    labelLimit: 170,
    labelPadding: 6,
  },
  legend: {
    symbolOpacity: 1,
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 12,
    titleFontSize: 12,
    orient: 'top',
    title: null,
  },
  view: { stroke: 'transparent' },
  range: { category: series },
} as const;

/** Mean reward of each strategy (of each family where no strategy was told), with its interval. */
export function rewardChart(report: ReportData): Promise<SafeHtml | null> {
  const told = report.pairs.some((pair) => pair.name !== untold);
  const values = report.pairs.flatMap(({ name, family, reward, scored }) =>
    reward === null ? [] : [{ row: told ? name : family, family, scored, ...reward }],
  );
  if (values.length === 0) return Promise.resolve(null);
  const order = [...Map.groupBy(values, (one) => one.row)]
    .map(([row, members]) => ({ row, best: Math.max(...members.map((one) => one.mean)) }))
    .sort((a, b) => b.best - a.best || (a.row < b.row ? -1 : 1))
    .map(({ row }) => row);
  const families = [...new Set(values.map((one) => one.family))];
  const y = { field: 'row', type: 'nominal', sort: order, title: null } as const;
  const yOffset = { field: 'family', type: 'nominal', sort: families } as const;
  const color = {
    field: 'family',
    type: 'nominal',
    sort: families,
    legend: families.length > 1 ? undefined : null,
  } as const;
  const low = Math.min(0, ...values.map((one) => one.low));
  const high = Math.max(1, ...values.map((one) => one.high));
  const scale = { domain: [low, high] };
  return draw({
    width: 470,
    height: 90 + order.length * Math.max(30, 21 * families.length),
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.55, strokeCap: 'round' },
        encoding: {
          y,
          yOffset,
          color,
          x: { field: 'low', type: 'quantitative', scale, title: 'mean reward, 95 % interval' },
          x2: { field: 'high' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { y, yOffset, color, x: { field: 'mean', type: 'quantitative', scale } },
      },
    ],
  });
}

/** pass@k of each family over k. */
export function passChart(report: ReportData): Promise<SafeHtml | null> {
  const several = new Set(report.passAtK.map((one) => one.family)).size > 1;
  const values = report.passAtK.flatMap(({ family, k, pass }) =>
    pass === null || (several && family === null) ? [] : [{ family: family ?? 'all', k: String(k), ...pass }],
  );
  if (new Set(values.map((one) => one.k)).size < 2) return Promise.resolve(null);
  const x = { field: 'k', type: 'ordinal', sort: null, title: 'k', axis: { labelAngle: 0, grid: false } } as const;
  const color = { field: 'family', type: 'nominal', legend: several ? undefined : null } as const;
  const scale = { domain: [0, 1] };
  return draw({
    width: 470,
    height: 230,
    data: { values },
    layer: [
      {
        mark: { type: 'area', opacity: 0.14, line: false },
        encoding: {
          x,
          color,
          y: { field: 'low', type: 'quantitative', scale, title: 'pass@k, 95 % interval', stack: null },
          y2: { field: 'high' },
        },
      },
      {
        mark: { type: 'line', strokeWidth: 2, point: { size: 50, filled: true } },
        encoding: { x, color, y: { field: 'mean', type: 'quantitative', scale } },
      },
    ],
  });
}

/** What each strategy costs and earns: tokens of an episode against mean reward. */
export function costChart(report: ReportData): Promise<SafeHtml | null> {
  const values = report.strategies.flatMap(({ name, reward, tokens }) =>
    reward === null || tokens === null ? [] : [{ name, reward: reward.mean, tokens: tokens.mean, label: '' }],
  );
  if (values.length < 2) return Promise.resolve(null);
  label(values);
  const spent = values.map((one) => one.tokens);
  const x = {
    field: 'tokens',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: [Math.min(...spent) / 1.5, Math.max(...spent) * 6], nice: false },
    title: 'mean tokens of an episode (log scale)',
    axis: { format: '~s', tickCount: 4, grid: false },
  };
  const scale = { domain: [Math.min(0, ...values.map((one) => one.reward)), 1] };
  const y = { field: 'reward', type: 'quantitative' as const, scale, title: 'mean reward' };
  return draw({
    width: 470,
    height: 230,
    data: { values },
    layer: [
      { mark: { type: 'point', filled: true, size: 60, opacity: 1, color: series[0] }, encoding: { x, y } },
      {
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 11, color: ink },
        encoding: { x, y, text: { field: 'label', type: 'nominal' } },
      },
    ],
  });
}

interface Spot {
  readonly name: string;
  readonly reward: number;
  readonly tokens: number;
  label: string;
}

/** Points that lie so near each other that their names would overlap share one label. */
function label(spots: readonly Spot[]): void {
  const labelled: Spot[] = [];
  for (const spot of spots) {
    const near = labelled.find(
      (other) =>
        Math.abs(other.reward - spot.reward) < 0.06 && Math.abs(Math.log(other.tokens / spot.tokens)) < Math.log(1.6),
    );
    if (near) near.label += `, ${spot.name}`;
    else {
      spot.label = spot.name;
      labelled.push(spot);
    }
  }
}

/** How many episodes are left after each curation rule. */
export function waterfallChart(report: ReportData): Promise<SafeHtml | null> {
  if (!report.export || report.export.kept + report.export.dropped === 0) return Promise.resolve(null);
  const { waterfall, kept, dropped } = report.export;
  const values = [
    { row: 'episodes', from: 0, to: kept + dropped, n: `${kept + dropped}`, kind: 'all' },
    ...waterfall.map(({ rule, before, dropped }) => ({
      row: rule,
      from: before - dropped,
      to: before,
      n: dropped === 0 ? '0' : `−${dropped}`,
      kind: 'dropped',
    })),
    { row: 'kept', from: 0, to: kept, n: `${kept}`, kind: 'kept' },
  ];
  const y = { field: 'row', type: 'nominal', sort: values.map((one) => one.row), title: null } as const;
  return draw({
    width: 470,
    height: 50 + values.length * 28,
    data: { values },
    layer: [
      {
        mark: { type: 'bar', height: 16, cornerRadius: 3 },
        encoding: {
          y,
          x: { field: 'from', type: 'quantitative', title: 'episodes', axis: { grid: false, tickMinStep: 1 } },
          x2: { field: 'to' },
          color: {
            field: 'kind',
            type: 'nominal',
            legend: null,
            scale: { domain: ['all', 'dropped', 'kept'], range: ['var(--ink-3)', 'var(--bad)', 'var(--good)'] },
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 12, color: ink },
        encoding: { y, x: { field: 'to', type: 'quantitative' }, text: { field: 'n', type: 'nominal' } },
      },
    ],
  });
}

async function draw(spec: Omit<Extract<TopLevelSpec, { layer: unknown }>, '$schema'>): Promise<SafeHtml> {
  const { spec: compiled } = compile({ config, ...spec });
  const view = new View(parse(compiled), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  // Vega escapes markup, and leaves control characters as they are.
  return trusted(visible(svg).replace(/^<svg /, '<svg role="img" '));
}
