import { stringify } from 'yaml';
import { costChart, passChart, rewardChart, waterfallChart } from './charts.ts';
import type { Example, NamedSummary, ReportData, Summary } from './data.ts';
import { episodeHtml } from './episode-html.ts';
import { html, trusted, type HtmlValue, type SafeHtml } from './escape.ts';
import { style } from './style.ts';
import { dollars, estimate, interval, mean, number, percent } from './words.ts';

/** Nothing may be fetched or run: the page has no script, and text that came from a run could not become one. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The report as one HTML file that opens from disk and asks for nothing. */
export async function renderHtml(report: ReportData): Promise<string> {
  const { run } = report;
  const [reward, pass, cost, waterfall] = await Promise.all([
    rewardChart(report),
    passChart(report),
    costChart(report),
    waterfallChart(report),
  ]);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>${run.name} · rlm-gym report</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <h1>${run.name}</h1>
            <div>${headline(report)}</div>
          </header>
          ${tiles(report)}
          <h2>Reward</h2>
          <p>
            Means are over scored episodes. Intervals are 95 %, by resampling whole tasks: episodes of one task are not
            independent. An episode that infrastructure failed, or that no scorer could judge, is not scored and is no
            zero.
          </p>
          <div class="cards">
            ${card('Mean reward', reward, 'tall')}${card('pass@k', pass)}${card('Reward and cost', cost)}
          </div>
          <h3 class="table">By family</h3>
          ${summaryTable(report.families, report.overall)}
          <h3 class="table">By strategy</h3>
          ${summaryTable(report.strategies, null)}
          ${report.families.length > 1 && report.strategies.length > 1 && pairsTable(report)} ${passTable(report)}
          <h2>Failures</h2>
          ${failures(report)}
          <h2>Kept and dropped</h2>
          ${curation(report, waterfall)}
          <h2>An episode that went well</h2>
          ${example(report.good, 'No episode is scored yet.')}
          <h2>An episode that went badly</h2>
          ${example(report.bad, 'No episode is worse than the one above.')}
          <h2>Config and versions</h2>
          <dl class="facts">
            <dt>run id</dt>
            <dd class="mono">${run.id}</dd>
            <dt>config hash</dt>
            <dd class="mono">${run.configHash}</dd>
            <dt>seed</dt>
            <dd>${run.seed}</dd>
            <dt>score version</dt>
            <dd>${run.scoreVersion}</dd>
            <dt>made by</dt>
            <dd>rlm-gym ${run.madeBy}</dd>
            <dt>reported by</dt>
            <dd>rlm-gym ${run.reportedBy} on Node ${run.node}</dd>
          </dl>
          <details>
            <summary>the config, every default filled in</summary>
            <pre>${stringify(report.config, { lineWidth: 0 })}</pre>
          </details>
          <footer>What models wrote is shown as text. This file loads nothing and runs nothing.</footer>
        </main>
      </body>
    </html> `;
  return page.text;
}

function headline({ counts }: ReportData): SafeHtml {
  const left = counts.planned - counts.episodes;
  return html`${number(counts.episodes)} episodes of ${number(counts.tasks)}
  tasks${left > 0 && html` <span class="badge bad">${number(left)} of ${number(counts.planned)} not played yet</span>`}`;
}

function tiles({ counts, overall, export: exported }: ReportData): SafeHtml {
  const tile = (value: string, name: string, note: string): SafeHtml =>
    html`<div class="tile"><span>${name}</span><b>${value}</b><small>${note}</small></div>`;
  return html`<div class="tiles">
    ${tile(overall.reward?.mean.toFixed(3) ?? '–', 'mean reward', overall.reward ? interval(overall.reward) : '')}
    ${tile(percent(counts.correct, counts.scored), 'correct', `${number(counts.correct)} of ${number(counts.scored)} scored`)}
    ${tile(mean(overall.rootTurns), 'root turns', overall.rootTurns ? `at most ${number(overall.rootTurns.max)}` : '')}
    ${tile(mean(overall.subcalls), 'sub-calls', `${number(counts.withSubcalls)} episodes have some`)}
    ${tile(mean(overall.tokens), 'tokens an episode', overall.tokens ? `at most ${number(overall.tokens.max)}` : '')}
    ${tile(dollars(overall.usd), 'cost', `${number(overall.usd.priced)} episodes have a price`)}
    ${tile(number(counts.void), 'void', 'infrastructure failed; not scored')}
    ${exported ? tile(number(exported.kept), 'kept', `${number(exported.dropped)} dropped`) : null}
  </div>`;
}

function card(title: string, chart: SafeHtml | null, shape = ''): SafeHtml | null {
  return (
    chart &&
    html`<div class="card ${shape}">
      <h3>${title}</h3>
      ${chart}
    </div>`
  );
}

const summaryHead = ['episodes', 'scored', 'reward', 'correct', 'root turns', 'sub-calls', 'tokens', 'cost'];

function summaryCells(one: Summary): HtmlValue[] {
  return [
    number(one.episodes),
    number(one.scored),
    one.reward ? html`${one.reward.mean.toFixed(2)} <i>${interval(one.reward)}</i>` : '–',
    one.correctness ? html`${percent(one.correct, one.scored)}` : '–',
    mean(one.rootTurns),
    mean(one.subcalls),
    mean(one.tokens),
    dollars(one.usd),
  ];
}

function summaryTable(rows: readonly NamedSummary[], total: Summary | null): SafeHtml {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th></th>
          ${summaryHead.map((name) => html`<th>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <td>${row.name}</td>
              ${summaryCells(row).map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
        ${
          total &&
          html`<tr class="total">
            <td>all</td>
            ${summaryCells(total).map((cell) => html`<td>${cell}</td>`)}
          </tr>`
        }
      </tbody>
    </table>
  </div>`;
}

function pairsTable({ pairs }: ReportData): SafeHtml {
  return html`<details>
    <summary>by family and strategy</summary>
    ${summaryTable(
      pairs.map((pair) => ({ ...pair, name: `${pair.family} · ${pair.name}` })),
      null,
    )}
  </details>`;
}

function passTable({ passAtK }: ReportData): SafeHtml | null {
  if (passAtK.length === 0) return null;
  const rows = passAtK.map(
    ({ family, k, tasks, pass }) =>
      html`<tr>
        <td>${family ?? 'all'}</td>
        <td>${k}</td>
        <td>${estimate(pass)}</td>
        <td>${tasks}</td>
      </tr>`,
  );
  return html`<details>
    <summary>pass@k in numbers</summary>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>family</th>
            <th>k</th>
            <th>pass@k</th>
            <th>tasks</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
}

function failures({ failures, attempts, unscored, counts }: ReportData): SafeHtml {
  const meaning = { policy: 'by the policy: scored', infra: 'by infrastructure: void, not scored' };
  const table =
    failures.length === 0
      ? html`<p>No stored episode failed.</p>`
      : html`<div class="scroll">
          <table>
            <thead>
              <tr>
                <th>reason</th>
                <th class="text">class</th>
                <th>episodes</th>
                <th>share</th>
              </tr>
            </thead>
            <tbody>
              ${failures.map(
                (one) =>
                  html`<tr>
                    <td>${one.reason}</td>
                    <td class="text">${meaning[one.class]}</td>
                    <td>${number(one.episodes)}</td>
                    <td>${percent(one.episodes, counts.episodes)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`;
  const tried =
    attempts.length === 0
      ? html`<p>No attempt had to be repeated.</p>`
      : html`<p>
          ${number(counts.failedAttempts)} attempts failed by infrastructure and were tried again or given up:
          ${attempts.map((one) => `${one.failure} ${number(one.attempts)} (${number(one.episodes)} episodes)`).join(', ')}.
        </p>`;
  const unjudged =
    unscored.length > 0 &&
    html`<p>Unscored, because a component could not judge (that is no zero):</p>
      <ul>
        ${unscored.map((one) => html`<li>${number(one.episodes)} by ${one.component}: ${one.why}</li>`)}
      </ul>`;
  return html`${table}${tried}${unjudged}`;
}

function curation({ export: exported, run }: ReportData, chart: SafeHtml | null): SafeHtml {
  if (!exported)
    return html`<p>Not exported yet. Next: <code>rlm-gym export</code> with the directory of ${run.name}.</p>`;
  return html`<div class="cards">
    ${card(`Export ${exported.id}`, chart)}
    <div class="card">
      <h3>Rows</h3>
      <table>
        <thead>
          <tr>
            <th>format</th>
            <th>rows</th>
            <th>episodes</th>
          </tr>
        </thead>
        <tbody>
          ${exported.formats.map(
            (one) =>
              html`<tr>
                <td>${one.format}</td>
                <td>${number(one.rows)}</td>
                <td>${one.episodes ?? '–'}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}

function example(shown: Example | null, none: string): SafeHtml {
  if (!shown) return html`<p>${none}</p>`;
  const { family, reward, metrics } = shown.episode;
  const strategy = metrics['policy_strategy'];
  return html`<div>
      <span class="badge ${(reward ?? 0) > 0.5 ? 'good' : 'bad'}">reward ${number(reward ?? 0)}</span>
      ${family}${strategy !== undefined && ` · ${strategy}`}
    </div>
    ${episodeHtml(shown)}`;
}
