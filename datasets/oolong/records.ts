import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { ConfigError } from '../../configs/registry.ts';
import type { Random } from '../random.ts';
import type { TextInfo } from '../source.ts';
import { splitOf, type Split } from '../splits.ts';
import { decodeText, hashTexts } from '../text-files.ts';

/** Where the instances of windows come from. */
export interface RecordSource {
  /** OOLONG's name of the source: `trec_coarse`, `spam`, … */
  readonly dataset: string;
  /** What one instance is, in the plural, for the header: `general-knowledge questions`. */
  readonly noun: string;
  readonly labels: readonly string[];
  readonly info: TextInfo;
  /** Opens the instances of one split for one window: the returned function gives the next instance of a label. */
  draw(split: Split, random: Random): (label: string) => string;
}

/** TREC's coarse labels and OOLONG's names for them (its dataset trec_coarse). */
const trecNames: Readonly<Record<string, string>> = {
  ABBR: 'abbreviation',
  DESC: 'description and abstract concept',
  ENTY: 'entity',
  HUM: 'human being',
  LOC: 'location',
  NUM: 'numeric value',
};

const trecLine = /^([A-Z]{2,8}):(\S+)\s+(\S.*)$/;
const headerCell = /^(label|labels|class|category|target|y)$/i;
const mostBytes = 200 * 1024 * 1024;
const mostLabels = 50;

/** Whitespace made single: how an instance is known again, in a window or in a prompt made of it. */
export function normaliseInstance(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/**
 * Reads labelled records: TREC's form (`NUM:count How many …`, its coarse label counts) or two columns `label<TAB>text`,
 * with or without a header line. UTF-8, or Windows-1252 where it is not. Of a text that comes twice one is kept; one with
 * two labels is left out. Throws a ConfigError with file and line.
 */
export function loadRecords(path: string, cwd: string, noun?: string): RecordSource {
  const file = resolve(cwd, path);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new ConfigError(`records: there is no file ${path} (looked in ${cwd})`);
  if (size > mostBytes)
    throw new ConfigError(`records: ${path} has ${size} bytes; the most is ${mostBytes}, take a part of it`);
  const text = decodeText(readFileSync(file));
  const { rows, trec } = parseRows(text, path);

  const known = new Map<string, { instance: string; label: string | null }>();
  for (const { label, instance } of rows) {
    const key = normaliseInstance(instance);
    const same = known.get(key);
    if (!same) known.set(key, { instance, label });
    else if (same.label !== label) same.label = null;
  }
  const byLabel = new Map<string, string[]>();
  let doubtful = 0;
  for (const { instance, label } of known.values()) {
    if (label === null) doubtful += 1;
    else (byLabel.get(label) ?? byLabel.set(label, []).get(label)!).push(instance);
  }
  const labels = [...byLabel.keys()].sort();
  if (labels.length < 2)
    throw new ConfigError(`records: ${path} has ${labels.length} label(s); counting needs at least 2`);
  if (labels.length > mostLabels) {
    throw new ConfigError(
      `records: ${path} has ${labels.length} different labels, the most is ${mostLabels}; is the label the first column?`,
    );
  }
  return {
    dataset: trec ? 'trec_coarse' : basename(path).replace(/\.[^.]*$/, ''),
    noun: noun ?? (trec ? 'general-knowledge questions' : 'texts'),
    labels,
    info: {
      role: 'records',
      hash: hashTexts([text]),
      files: 1,
      chars: text.length,
      packages: [],
      note: `${basename(path)}: ${known.size - doubtful} records, ${rows.length - known.size} repeated, ${doubtful} with two labels left out; its terms are yours to know`,
    },
    draw: (split, random) => drawInTurn(byLabel, split, random, path),
  };
}

function parseRows(text: string, path: string): { rows: { label: string; instance: string }[]; trec: boolean } {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first === -1) throw new ConfigError(`records: ${path} is empty`);
  const trec = trecLine.test(lines[first]!);
  const rows: { label: string; instance: string }[] = [];
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = trec ? trecLine.exec(line) : /^([^\t]+)\t(.*\S.*)$/.exec(line);
    if (!match) {
      const form = trec ? 'LABEL:sub question' : 'label<TAB>text';
      throw new ConfigError(`${path}:${at + 1}: this line is not "${form}" as the first one is; correct or remove it`);
    }
    if (!trec && at === first && headerCell.test(match[1]!.trim())) continue;
    const label = trec ? (trecNames[match[1]!] ?? match[1]!) : match[1]!.trim();
    rows.push({ label, instance: match.at(-1)!.trim().toWellFormed() });
  }
  return { rows, trec };
}

/** Each label's records in a seeded order; used up, they come again in a new one. */
function drawInTurn(
  byLabel: ReadonlyMap<string, readonly string[]>,
  split: Split,
  random: Random,
  path: string,
): (label: string) => string {
  const turns = new Map<string, { items: string[]; next: number }>();
  for (const [label, instances] of byLabel) {
    const items = instances.filter((instance) => splitOf(normaliseInstance(instance)) === split);
    if (items.length === 0) {
      throw new ConfigError(
        `records: ${path} has no "${label}" record in split ${split}; it needs more records of that label`,
      );
    }
    turns.set(label, { items: random.shuffle(items), next: 0 });
  }
  return (label) => {
    const turn = turns.get(label)!;
    if (turn.next === turn.items.length) {
      random.shuffle(turn.items);
      turn.next = 0;
    }
    turn.next += 1;
    return turn.items[turn.next - 1]!;
  };
}
