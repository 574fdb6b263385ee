import { stringify } from 'yaml';
import { z } from 'zod';
import type { ExportConfig } from '../configs/schema.ts';
import type { RunStore } from '../rollout/store.ts';
import { packageVersion } from '../rollout/version.ts';
import { typeName, type Column } from './columns/schema.ts';
import type { LedgerRow } from './curate.ts';
import type { ExportResult } from './result.ts';
import type { EpisodeSummary } from './run-queries.ts';

export interface CardData {
  readonly store: Pick<RunStore, 'config' | 'configHash' | 'meta'>;
  readonly config: ExportConfig;
  readonly result: ExportResult;
  readonly summaries: readonly EpisodeSummary[];
  readonly ledger: readonly LedgerRow[];
  readonly columns: ReadonlyMap<string, readonly Column[]>;
}

/**
 * The dataset card: front matter that the Hugging Face Hub and `datasets` read (licence, tags, one config a format with
 * its files), and a page for people. No time and no path is in it: equal exports have equal cards.
 */
export function datasetCard(data: CardData): string {
  const { store, config, result } = data;
  const title = config.title ?? store.config.name;
  const front = {
    license: config.license,
    pretty_name: title,
    tags: ['reinforcement-learning', 'recursive-language-models', 'trajectories', 'rlm-gym'],
    size_categories: [sizeCategory(Math.max(0, ...result.formats.map(({ rows }) => rows)))],
    configs: result.formats.map(({ format }, at) => ({
      config_name: format,
      ...(at === 0 ? { default: true } : {}),
      data_files: splitsOf(result, format).map((split) => ({ split, path: `data/${format}-${split}-*.parquet` })),
    })),
  };
  return [
    `---\n${stringify(front)}---`,
    `# ${title}`,
    `Episodes of language models that worked as Recursive Language Models (arXiv 2512.24601): the prompt is a variable ` +
      `in a REPL, and code calls models on parts of it. ${result.kept} of ${result.episodes} episodes were kept.`,
    loading(result),
    `## How many\n\n${familyTable(data)}`,
    `## What was kept\n\n${waterfallTable(result)}\n\nWhat became of each episode, and by which rule, is in ` +
      '`ledger.jsonl`. An episode that infrastructure failed, or that no scorer could judge, is no zero: it is left out.',
    `## Files\n\n${table(
      ['file', 'rows', 'bytes', 'SHA-256'],
      result.files.map((file) => [`\`${file.path}\``, file.rows, file.bytes, `\`${file.sha256}\``]),
    )}`,
    ...result.formats.map(({ format }) => columnsSection(format, data.columns.get(format) ?? [])),
    sourcesSection(store.meta('tasks_info')),
    `## How it was made\n\nrlm-gym ${packageVersion}, run \`${store.config.name}\`, config hash ` +
      `\`${store.configHash}\`, export \`${result.exportId}\`, score version ${result.scoreVersion}. The config, with every default filled in:\n\n` +
      fenced('yaml', stringify({ ...store.config, export: config }, { lineWidth: 0 })),
  ]
    .join('\n\n')
    .concat('\n');
}

function loading(result: ExportResult): string {
  const lines = result.formats.map(
    ({ format }) =>
      `${identifier(format)} = load_dataset("DIRECTORY_OR_REPO", "${format}")  # this directory, or its name on the Hub`,
  );
  return `## Load it\n\n${fenced('python', `from datasets import load_dataset\n\n${lines.join('\n')}\n`)}`;
}

function familyTable({ summaries, ledger }: CardData): string {
  const kept = new Set(ledger.filter((row) => row.kept).map((row) => row.episodeId));
  const groups = Map.groupBy(summaries, (one) => `${one.family}\u0000${one.strategy ?? ''}`);
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => {
      const [family, strategy] = key.split('\u0000') as [string, string];
      const scored = members.flatMap((one) => (one.reward === null ? [] : [one.reward]));
      const mean = scored.length === 0 ? '–' : (scored.reduce((sum, one) => sum + one, 0) / scored.length).toFixed(3);
      const keptHere = members.filter((one) => kept.has(one.episodeId)).length;
      return [cell(family), strategy === '' ? '–' : cell(strategy), members.length, scored.length, mean, keptHere];
    });
  return table(['family', 'strategy', 'episodes', 'scored', 'mean reward', 'kept'], rows);
}

function waterfallTable(result: ExportResult): string {
  const rows = result.waterfall.map(({ rule, before, dropped }) => [`\`${rule}\``, before, dropped, before - dropped]);
  return table(['rule', 'before', 'dropped', 'left'], rows);
}

function columnsSection(format: string, columns: readonly Column[]): string {
  const rows = columns.map(({ name, type, describe }) => [`\`${name}\``, `\`${typeName(type)}\``, describe ?? '']);
  const note = notes[format];
  return [`## Columns of \`${format}\``, ...(note ? [note] : []), table(['column', 'type', 'meaning'], rows)].join(
    '\n\n',
  );
}

const notes: Readonly<Record<string, string>> = {
  'sft-turns':
    'One row per root turn. `prompt` and `completion` are what TRL takes as conversational prompt-completion; set ' +
    '`max_length` in its `SFTConfig`, which otherwise cuts long prompts and then drops the rows.',
  'sft-chat':
    'One row per segment of a call: the whole conversation, and in `train` which of its messages are to be learnt. ' +
    "**TRL does not read `train`**: with a `messages` column its `SFTTrainer` learns everything, the REPL's output " +
    'included, unless `assistant_only_loss=True` and the chat template marks what the assistant said with ' +
    '`{% generation %}`. Use `sft-turns` there, or build labels from `train` yourself.',
  rl:
    'One row per segment of a call: within a segment every prompt extends the last one. Children come before their ' +
    "parents, the root's last segment last. Sub-calls inherit the episode's reward. `loss_weight` is " +
    "`subsample_weight × n × row_trainable_tokens / episode_trainable_tokens`, n being the episode's rows that own " +
    "loss (the trainable ones; all of them where none is): with a loss that is the mean over a row's tokens, every " +
    'sampled token of an episode weighs the same, and the mean weight is 1. On-policy trainers must leave out rows ' +
    'whose `token_source` is `rerendered` or whose `logprobs` are null.',
};

const textsSchema = z.looseObject({
  texts: z.array(
    z.looseObject({
      role: z.string(),
      hash: z.string(),
      files: z.number(),
      chars: z.number(),
      packages: z.array(z.object({ name: z.string(), version: z.string(), license: z.string() })),
      note: z.string().optional(),
    }),
  ),
});

/** What the tasks were made from, as the generators told it: texts with their hashes and licences. */
function sourcesSection(info: unknown): string {
  const head = '## What the tasks were made from';
  if (info === null || info === undefined) return `${head}\n\nNot recorded.`;
  const known = textsSchema.safeParse(info);
  if (!known.success) return `${head}\n\n${fenced('yaml', stringify(info, { lineWidth: 0 }))}`;
  const rows = known.data.texts.map(({ role, hash, files, chars, packages, note }) => [
    cell(role),
    [note && cell(note), ...packages.map((one) => cell(`${one.name} ${one.version} (${one.license})`))]
      .filter(Boolean)
      .join('; '),
    files,
    chars,
    `\`${hash}\``,
  ]);
  return `${head}\n\n${table(['as', 'from (licence)', 'files', 'characters', 'SHA-256 of the text'], rows)}`;
}

function splitsOf(result: ExportResult, format: string): string[] {
  return [...new Set(result.files.filter((file) => file.format === format).map((file) => file.split))];
}

function sizeCategory(rows: number): string {
  const steps = ['1K', '10K', '100K', '1M', '10M', '100M', '1B'];
  const at = steps.findIndex((_, step) => rows < 1000 * 10 ** step);
  if (at === 0) return 'n<1K';
  return at === -1 ? 'n>1T' : `${steps[at - 1]}<n<${steps[at]}`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return 'None.';
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text from a run inside a table: Markdown and HTML in it stay text. */
function cell(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#&]/g, (char) => `&#${char.charCodeAt(0)};`).replace(/\s+/g, ' ');
}

/** A code block whose fence is longer than any run of backticks inside. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.endsWith('\n') ? text : `${text}\n`}${fence}`;
}

function identifier(format: string): string {
  return format.replace(/\W/g, '_');
}
