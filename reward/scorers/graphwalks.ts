import { isSpace, strip } from '../python/text.ts';
import { setF1 } from './overlap.ts';
import { goldTexts, shown, unjudged, type Scorer } from './scorer.ts';

const begin = 'Final Answer:';

/**
 * F1 over the nodes in `Final Answer: [a, b]` on the last line (NVIDIA-NeMo/Gym resources_servers/graphwalks/app.py, after
 * openai/graphwalks). Case counts. Nothing asked for and nothing given is 1; no such line is 0. The gold answer is the
 * list of nodes, or it as JSON text.
 */
export const graphwalks: Scorer = (prediction, gold) => {
  const wanted = goldTexts(typeof gold === 'string' ? readJson(gold) : gold);
  if (wanted === null) return unjudged(`the gold answer ${shown(gold)} is no list of nodes`);
  const list = finalList(prediction);
  if (list === null) return { score: 0, why: `the last line has no "${begin} [...]"` };
  const nodes = list
    .split(',')
    .map((node) => strip(node))
    .filter((node) => node !== '');
  const score = setF1(new Set(nodes), new Set(wanted));
  const parsed = nodes.join(', ');
  return score === 1 ? { score, parsed } : { score, parsed, why: `F1 over ${wanted.length} gold nodes` };
};

/** What stands between the first `Final Answer: [` and the last `]` of the last line that is not blank. */
function finalList(text: string): string | null {
  const whole = strip(text);
  const line = whole.slice(whole.lastIndexOf('\n') + 1);
  const close = line.lastIndexOf(']');
  for (let at = line.indexOf(begin); at !== -1; at = line.indexOf(begin, at + begin.length)) {
    let from = at + begin.length;
    while (from < line.length && isSpace(line[from]!)) from += 1;
    if (line[from] === '[' && close > from) return line.slice(from + 1, close);
  }
  return null;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
