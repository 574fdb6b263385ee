import { normaliseInstance } from '../../datasets/oolong/records.ts';
import { mix } from '../../env/seed.ts';

export interface ReaderOptions {
  /** Share of items read wrongly, drawn from hash(seed, item): the same item is wrong every time. */
  readonly errorRate: number;
  readonly seed: number;
}

/**
 * What a reader who knows the labels of single records answers to a prompt. It reads the prompt's text alone: records by line
 * (with or without `Date: … || User: … || Instance: ` or `<n>: ` before them), or the needles that a question in the
 * prompt asks for. What it finds nothing about, it does not know.
 */
export function readPrompt(prompt: string, table: ReadonlyMap<string, string>, options: ReaderOptions): string {
  const items = findRecords(prompt, table);
  if (items.length > 0) return answerRecords(prompt, items, table, options);
  return answerNeedles(prompt, options) ?? 'I do not know.';
}

interface Item {
  /** The number that stands before it, or its place among the records found. */
  readonly number: string;
  readonly record: string;
  readonly label: string;
}

function findRecords(prompt: string, table: ReadonlyMap<string, string>): Item[] {
  if (table.size === 0) return [];
  const items: Item[] = [];
  for (const line of prompt.split('\n')) {
    const instance = line.lastIndexOf('|| Instance: ');
    const text = instance === -1 ? line : line.slice(instance + '|| Instance: '.length);
    const numbered = instance === -1 ? /^\s*(\d+)\s*[:.)]\s+(.*)$/.exec(line) : null;
    // A record may itself begin with a number, so the whole line is looked up first.
    for (const [number, candidate] of [[null, text] as const, [numbered?.[1], numbered?.[2]] as const]) {
      if (candidate === undefined) continue;
      const record = normaliseInstance(candidate);
      const label = table.get(record);
      if (label === undefined) continue;
      items.push({ number: number ?? String(items.length + 1), record, label });
      break;
    }
  }
  return items;
}

function answerRecords(
  prompt: string,
  items: readonly Item[],
  table: ReadonlyMap<string, string>,
  options: ReaderOptions,
): string {
  const labels = labelsOf(table);
  const read = ({ record, label }: Item): string => {
    if (!slips(options, record)) return label;
    const others = labels.filter((other) => other !== label);
    return others[mix(options.seed, 'other', record) % Math.max(1, others.length)] ?? label;
  };
  const counted = /how many[^\n]*['"‘“]([^'"’”\n]+)['"’”]/i.exec(prompt)?.[1];
  if (counted !== undefined && labels.includes(counted)) {
    return String(items.filter((item) => read(item) === counted).length);
  }
  if (items.length === 1) return read(items[0]!);
  return items.map((item) => `${item.number}: ${read(item)}`).join('\n');
}

const needle = /special magic (\w+?)s? for ([^\n:?]{1,200}?) is: ([^\s]+?)[.,;]?(?=\s|$)/g;

/** Values of the needles that a question in the prompt asks for; null where the prompt asks for none. */
function answerNeedles(prompt: string, options: ReaderOptions): string | null {
  const keys = needleKeys(prompt);
  if (keys.length === 0) return null;
  const wanted = new Set(keys);
  const found = new Set<string>();
  for (const [, , key, value] of prompt.matchAll(needle)) {
    if (wanted.has(key!)) found.add(slips(options, `${key} ${value}`) ? misread(value!) : value!);
  }
  return found.size > 0 ? [...found].join(', ') : 'none';
}

/** The keys a text asks for, in RULER's wording: `… for a, b, and c mentioned in the provided text?`. */
export function needleKeys(text: string): string[] {
  const asked = /special magic \w+ for ([^\n?]{1,4000}?) mentioned in the/.exec(text)?.[1];
  if (asked === undefined) return [];
  return asked
    .split(/,\s*(?:and\s+)?|\s+and\s+/)
    .map((key) => key.trim())
    .filter((key) => key !== '');
}

const labelLists = new WeakMap<ReadonlyMap<string, string>, string[]>();

function labelsOf(table: ReadonlyMap<string, string>): string[] {
  let labels = labelLists.get(table);
  if (!labels) {
    labels = [...new Set(table.values())].toSorted();
    labelLists.set(table, labels);
  }
  return labels;
}

const slips = ({ errorRate, seed }: ReaderOptions, item: string): boolean =>
  errorRate > 0 && mix(seed, 'slip', item) / 2 ** 32 < errorRate;

/** The last character is another one. */
const misread = (value: string): string => value.slice(0, -1) + (value.endsWith('7') ? '1' : '7');
