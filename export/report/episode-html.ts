import type { CallRecord, CellRecord, Episode, Message, TurnRecord } from '../../env/episode.ts';
import type { Example } from './data.ts';
import { html, type SafeHtml } from './escape.ts';
import { number } from './words.ts';

/** Characters of one text that the page shows; what is left out is said. The record in the store has all of it. */
const textChars = 200_000;

/** One episode in full: what each call was shown and said, what its code printed, sub-calls where they were asked for. */
export function episodeHtml(example: Example): SafeHtml {
  const { episode, gold } = example;
  const root = episode.calls.find((call) => call.parent === null);
  return html`<div class="episode">
    ${facts(episode, gold)} ${root ? turns(root, episode.calls) : html`<p>The episode holds no call.</p>`}
  </div>`;
}

function facts(episode: Episode, gold: string | null): SafeHtml {
  const { stop, final, cost, context } = episode;
  const components = Object.entries(episode.components).map(
    ([name, { value, weight, why }]) =>
      `${name} ${value === null ? 'not judged' : number(value)} × ${number(weight)}${why ? ` (${why})` : ''}`,
  );
  const flags = Object.entries(episode.metrics).map(([name, value]) => `${name} ${value}`);
  const rows: [string, string | SafeHtml][] = [
    ['episode', html`<span class="mono">${episode.id}</span>`],
    ['query', clip(episode.query)],
    ['context', `${context.type}, ${number(context.chars)} characters, ${number(context.lines)} lines`],
    ['answer', final ? html`<span class="mono">${clip(final.answer)}</span> (${final.source})` : 'none'],
    ['gold', gold === null ? 'not known' : html`<span class="mono">${clip(gold)}</span>`],
    ['ended', stop.message ? `${stop.reason}: ${stop.message}` : stop.reason],
    ['reward', `${episode.reward === null ? 'not scored' : number(episode.reward)} = ${components.join(' + ') || '–'}`],
    [
      'cost',
      `${number(cost.texts)} texts, ${number(cost.subcalls)} sub-calls, ` +
        `${number(cost.promptTokens + cost.completionTokens)} tokens${cost.usd === null ? '' : `, $${cost.usd.toPrecision(3)}`}`,
    ],
    ['metrics', flags.join(' · ') || '–'],
  ];
  return html`<dl class="facts">
    ${rows.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function turns(call: CallRecord, calls: readonly CallRecord[]): SafeHtml {
  const own = calls.filter((one) => one.parent === call.id);
  const shown = new Set<string>();
  const blocks = call.turns.map((turn, at) => {
    const asked = own.filter((one) => one.openedBy?.turn === at);
    for (const one of asked) shown.add(one.id);
    return turnHtml(call, turn, at, asked, calls);
  });
  const rest = own.filter((one) => !shown.has(one.id));
  return html`${blocks}${rest.map((one) => callHtml(one, calls))}`;
}

function turnHtml(
  call: CallRecord,
  turn: TurnRecord,
  at: number,
  asked: readonly CallRecord[],
  calls: readonly CallRecord[],
): SafeHtml {
  const begun = call.segments.find((segment) => segment.turn === at && segment.reason !== 'start');
  const { usage, finishReason } = turn.sampling;
  const notes = [
    begun && `new segment: ${begun.reason}`,
    usage && `${number(usage.completionTokens)} tokens${usage.estimated ? ' (estimated)' : ''}`,
    finishReason && finishReason !== 'stop' && `finish reason ${finishReason}`,
    ...turn.flags,
  ].filter((note) => typeof note === 'string' && note !== '');
  return html`<section class="turn">
    <h4>Turn ${at + 1}${notes.length > 0 && ` · ${notes.join(' · ')}`}</h4>
    ${turn.messages.map(messageHtml)} ${turn.reasoning && fold('thinking', turn.reasoning)}
    <div class="message assistant">
      <div class="role">assistant</div>
      ${pre(turn.content)}
    </div>
    ${turn.toolCalls?.map((tool) => fold(`tool call ${tool.name}`, tool.arguments))}
    ${asked.map((one) => callHtml(one, calls))} ${turn.cells.map(cellHtml)}
  </section>`;
}

function messageHtml(message: Message): SafeHtml {
  if (message.role === 'system') return fold('system', message.content);
  return html`<div class="message">
    <div class="role">${message.role}</div>
    ${pre(message.content)}
  </div>`;
}

function cellHtml(cell: CellRecord, at: number): SafeHtml {
  const variables = cell.variables.map(({ name, type }) => `${name}: ${type}`).join(', ');
  const notes = [
    cell.limit && `limit: ${cell.limit}`,
    cell.cut > 0 && `${number(cell.cut)} characters of output left out`,
    cell.finish && `finished by ${cell.finish.source}`,
    ...cell.hints,
    ...cell.refused.map((one) => `sub-call ${one.slot} refused: ${one.reason}`),
  ].filter((note) => typeof note === 'string' && note !== '');
  return html`<details>
    <summary>cell ${at + 1}${notes.length > 0 && ` · ${notes.join(' · ')}`}</summary>
    <div>
      <div class="message">
        <div class="role">stdout</div>
        ${pre(cell.stdout)}
      </div>
      ${
        cell.stderr !== '' &&
        html`<div class="message stderr">
          <div class="role">stderr</div>
          ${pre(cell.stderr)}
        </div>`
      }
      ${
        variables !== '' &&
        html`<div class="message">
          <div class="role">variables</div>
          ${pre(variables)}
        </div>`
      }
    </div>
  </details>`;
}

function callHtml(call: CallRecord, calls: readonly CallRecord[]): SafeHtml {
  const outcome = call.failure ? `${call.status}: ${call.failure}` : call.status;
  return html`<details class="call">
    <summary>sub-call ${call.id} · ${call.kind} · ${outcome}</summary>
    <div>${turns(call, calls)}</div>
  </details>`;
}

function fold(name: string, text: string): SafeHtml {
  return html`<details>
    <summary>${name} · ${number(text.length)} characters</summary>
    ${pre(text)}
  </details>`;
}

function pre(text: string): SafeHtml {
  return html`<pre>${clip(text)}</pre>`;
}

function clip(text: string): string {
  if (text.length <= textChars) return text;
  const cut = text.length - textChars;
  return `${text.slice(0, textChars)}\n… ${number(cut)} more characters are in the run's store`;
}
