import { z } from 'zod';
import { lengthSchema } from '../length.ts';
import type { ValueFormat } from './entities.ts';

const upTo = (most: number, least = 1) => z.number().int().min(least).max(most).optional();
const formats = ['number', 'word', 'uuid'] as const;

/** RULER's task names (NVIDIA/RULER scripts/synthetic.yaml) with what each of them sets. */
export const rulerNeedles = {
  niah_single_1: { filler: 'noise' },
  niah_single_2: { filler: 'essay' },
  niah_single_3: { filler: 'essay', value: 'uuid' },
  niah_multikey_1: { filler: 'essay', keys: 4 },
  niah_multikey_2: { filler: 'needle' },
  niah_multikey_3: { filler: 'needle', key: 'uuid', value: 'uuid' },
  niah_multivalue: { filler: 'essay', values: 4 },
  niah_multiquery: { filler: 'essay', queries: 4 },
} as const satisfies Record<string, Preset>;

interface Preset {
  readonly filler: Filler;
  readonly key?: ValueFormat;
  readonly value?: ValueFormat;
  readonly keys?: number;
  readonly values?: number;
  readonly queries?: number;
}

export const fillers = ['files', 'essay', 'noise', 'needle'] as const;
export type Filler = (typeof fillers)[number];

const own = ['single', 'multi-key', 'multi-value', 'multi-query'] as const;
const presets = Object.keys(rulerNeedles) as (keyof typeof rulerNeedles)[];

export const niahOptions = z.strictObject({
  variant: z
    .enum([...own, ...presets, 'vt', 'cwe', 'fwe'])
    .default('single')
    .describe(
      'single: one needle; multi-key: decoys beside it; multi-value: one key with several values; multi-query: several keys asked for; ' +
        "niah_…: RULER's task of that name; vt: variable tracking; cwe: common words; fwe: frequent coded words",
    ),
  length: lengthSchema.default(100_000),
  value: z.enum(formats).optional().describe('What the hidden values look like; by default numbers'),
  key: z.enum(formats).optional().describe('What the keys look like; by default words'),
  keys: upTo(64).describe('Keys with needles (num_needle_k), at least as many as are asked for'),
  values: upTo(64).describe('Values of each key (num_needle_v); 4 for multi-value, else 1'),
  queries: upTo(64).describe('Keys asked for (num_needle_q); 4 for multi-query, else 1'),
  decoys: upTo(1_000, 0).describe(
    'Needles of the same form for near keys that are not asked for; 3 for multi-key, else 0',
  ),
  mentions: upTo(1_000, 0).describe('Sentences that name a key asked for and tell no value; 0'),
  filler: z
    .enum(fillers)
    .optional()
    .describe(
      'What hides the needles: files (haystack), essay (generated prose), noise (repeated), needle (more of them)',
    ),
  haystack: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe('Glob of text or code files, or several; by default prose and sources of installed packages'),
  chains: upTo(64).describe('vt: chains of assignments, one of them asked for (num_chains); 1'),
  hops: upTo(256).describe('vt: assignments after the first in each chain (num_hops); 4'),
  commonWords: upTo(100).describe('cwe: words that are common (num_cw); 10'),
  commonFrequency: upTo(10_000, 2).describe('cwe: how often each of them comes (freq_cw); 30'),
  uncommonFrequency: upTo(10_000).describe('cwe: how often every other word comes (freq_ucw); 3'),
  alpha: z.number().min(1.1).max(6).optional().describe('fwe: exponent of the zeta distribution of frequencies; 2'),
  wordLength: upTo(20, 4).describe('fwe: letters of a coded word (coded_wordlen); 6'),
  vocabulary: upTo(1_000_000, 8).describe('fwe: different words to draw from (vocab_size); one for 50 tokens'),
});
export type NiahOptions = z.output<typeof niahOptions>;

/** Options of a needle variant with all defaults filled in. */
export interface NeedleOptions {
  readonly value: ValueFormat;
  readonly key: ValueFormat;
  readonly keys: number;
  readonly values: number;
  readonly queries: number;
  readonly decoys: number;
  readonly mentions: number;
  readonly filler: Filler;
  /** RULER's own wording of the query; the four variants of rlm-gym say it shorter. */
  readonly rulerWording: boolean;
}

export function needleOptions(options: NiahOptions): NeedleOptions {
  const { variant } = options;
  const preset: Partial<Preset> = variant in rulerNeedles ? rulerNeedles[variant as keyof typeof rulerNeedles] : {};
  // `values` and `queries` of the four variants of rlm-gym count only where the name says so.
  const takes = (name: string): boolean => preset.filler !== undefined || variant === name;
  const queries =
    (takes('multi-query') ? options.queries : undefined) ?? preset.queries ?? (variant === 'multi-query' ? 4 : 1);
  const values =
    (takes('multi-value') ? options.values : undefined) ?? preset.values ?? (variant === 'multi-value' ? 4 : 1);
  return {
    value: options.value ?? preset.value ?? 'number',
    key: options.key ?? preset.key ?? 'word',
    queries,
    values,
    keys: Math.max(queries, options.keys ?? preset.keys ?? 1),
    decoys: options.decoys ?? (variant === 'multi-key' ? 3 : 0),
    mentions: options.mentions ?? 0,
    filler: fillerOf(options, preset.filler ?? 'files'),
    rulerWording: preset.filler !== undefined,
  };
}

/** Files that are named are used, unless a filler is named as well. */
export function fillerOf(options: NiahOptions, usual: Filler): Filler {
  return options.filler ?? (options.haystack === undefined ? usual : 'files');
}
