import { z } from 'zod';
import { ConfigError } from '../../configs/registry.ts';
import { lengthSchema, measureOf, type Measure } from '../length.ts';
import { hash32, Random } from '../random.ts';
import { checkIndex, defaultCount, family, taskId, type OpenRequest, type TaskSource } from '../source.ts';
import type { Task } from '../task.ts';
import { generatedRecords } from './generated.ts';
import { keepWindow } from './host-table.ts';
import { countingQuestions } from './counting.ts';
import { chooseQuestions, groupOf, groups, templates, templatesOf, type Question, type Template } from './question.ts';
import { loadRecords, type RecordSource } from './records.ts';
import { tallyOf } from './tally.ts';
import { timelineQuestions } from './timeline-questions.ts';
import { userQuestions } from './user-questions.ts';
import { estimateRecords, makeWindow, type OolongWindow } from './window.ts';

export const oolongOptions = z.strictObject({
  length: lengthSchema.default(100_000),
  records: z
    .string()
    .min(1)
    .optional()
    .describe('Labelled file: TREC (LABEL:sub question) or label<TAB>text; without it records are generated'),
  noun: z.string().min(1).optional().describe('What one record is, in the plural, for the header of a window'),
  difficulty: z
    .enum(['plain', 'hard'])
    .optional()
    .describe(
      'Generated records. hard: each names what is not asked as well, so that its words alone do not tell the label',
    ),
  groups: z
    .array(z.enum(groups))
    .min(1)
    .default(['counting'])
    .describe("OOLONG's task groups: questions about all instances, about users, about dates"),
  questions: z
    .array(z.enum(templates))
    .min(1)
    .optional()
    .describe('Templates to ask, in turn; by default all of the groups'),
  questionsPerWindow: z.number().int().min(1).max(25).default(1).describe('Tasks that share one window (25 in OOLONG)'),
});
export type OolongOptions = z.output<typeof oolongOptions>;

/** Draws of a window's label shares before it is said that the questions cannot be asked. */
const mostPlans = 400;

interface Opened {
  readonly options: OolongOptions;
  readonly allowed: readonly Template[];
  readonly request: OpenRequest;
  readonly source: RecordSource;
  readonly measure: Measure;
}

interface Asked {
  readonly window: OolongWindow;
  readonly questions: readonly Question[];
}

/**
 * Questions over labelled instances whose labels are not shown, after OOLONG (arXiv 2511.02817, abertsch72/oolong): its
 * three groups of templates with its margins, rows that have the columns of `oolongbench/oolong-synth` in their
 * metadata, and scorer `oolong`.
 */
export const oolong = family({
  describe: 'Questions over thousands of unlabelled instances: counting, users, timelines, in the row schema of OOLONG',
  options: oolongOptions,
  label(options) {
    const asked = groups.filter((group) => askedTemplates(options).some((template) => groupOf(template) === group));
    const base = options.records === undefined ? 'oolong' : 'oolong-records';
    const name = asked.length === groups.length ? 'all' : asked.join('-');
    return name === 'counting' ? base : `${base}-${name}`;
  },
  open: openOolong,
});

const askedTemplates = (options: OolongOptions): readonly Template[] =>
  options.questions ?? options.groups.flatMap((group): readonly Template[] => templatesOf[group]);

function openOolong(options: OolongOptions, request: OpenRequest): TaskSource {
  if (options.records !== undefined && options.difficulty !== undefined) {
    throw new ConfigError('difficulty is of generated records; leave it out beside records');
  }
  const source =
    options.records === undefined
      ? generatedRecords(options.difficulty)
      : loadRecords(options.records, request.cwd, options.noun);
  const allowed = askedTemplates(options);
  const opened: Opened = { options, allowed, request, source, measure: measureOf(options.length) };
  const count = request.count ?? defaultCount;
  const perWindow = options.questionsPerWindow;
  let last: { number: number; asked: Asked } | undefined;
  return {
    count,
    texts: [source.info],
    taskAt(index) {
      checkIndex(index, count);
      const number = Math.floor(index / perWindow);
      if (last?.number !== number) last = { number, asked: ask(opened, number) };
      return toTask(opened, last.asked, index, number);
    },
  };
}

function ask({ options, allowed, request, source, measure }: Opened, number: number): Asked {
  const stream = (...purpose: (string | number)[]) =>
    new Random('oolong', ...purpose, request.seed, request.split, number);
  const plans = stream('shares');
  const wanted = options.questionsPerWindow;
  const total = estimateRecords(source, measure, request.split, stream('estimate'));
  const first = new Random('oolong', 'templates', request.seed, request.split).below(allowed.length) + number * wanted;
  const choose = (clear: readonly Question[]) => chooseQuestions(clear, wanted, allowed, first, stream('questions'));
  const inTurn = Array.from(
    { length: Math.min(wanted, allowed.length) },
    (_, at) => allowed[(first + at) % allowed.length]!,
  );
  const countingOnly = inTurn.every((template) => groupOf(template) === 'counting');
  const drifts = inTurn.some((template) => groupOf(template) !== 'counting');
  for (let plan = 0; plan < mostPlans; plan += 1) {
    const shares = makeShares(source.labels, plans);
    const planned = new Map([...shares].map(([label, share]) => [label, share * total]));
    // Counts keep within 1 of their share, so two more on each margin make sure of them.
    if (countingOnly && choose(countingQuestions(planned, 2 + 0.001 * total)) === null) continue;
    const draws = stream('window', plan);
    const window = makeWindow(source, shares, request.split, measure, draws, drifts ? stream('drift', plan) : null);
    const questions = choose(clearQuestions(window, allowed, stream('scopes', plan)));
    if (questions) return { window, questions };
  }
  throw new Error(
    `no window of about ${total} records and ${source.labels.length} labels has ${wanted} clear question(s) of ` +
      `${allowed.join(', ')}; ask for a longer context, more templates or fewer questions a window`,
  );
}

/** All clear questions of the groups that are asked. */
function clearQuestions(window: OolongWindow, allowed: readonly Template[], random: Random): Question[] {
  const asked = new Set(allowed.map(groupOf));
  const counting = countingQuestions(window.counts);
  if (!asked.has('user') && !asked.has('timeline')) return counting;
  const tally = tallyOf(window);
  return [
    ...counting,
    ...(asked.has('user') ? userQuestions(tally, random) : []),
    ...(asked.has('timeline') ? timelineQuestions(tally, random) : []),
  ];
}

/** Dirichlet(0.8); every second window has two labels of the same share, so that "same frequency" is an answer. */
function makeShares(labels: readonly string[], random: Random): Map<string, number> {
  const shares = random.shares(labels.length, 0.8);
  if (random.below(2) === 0) {
    const [a, b] = random.shuffle(labels.map((_, at) => at)) as [number, number];
    const mean = (shares[a]! + shares[b]!) / 2;
    shares[a] = mean;
    shares[b] = mean;
  }
  return new Map(labels.map((label, at) => [label, shares[at]!]));
}

function toTask(
  { options, request, source, measure }: Opened,
  { window, questions }: Asked,
  index: number,
  number: number,
): Task {
  const asked = questions[index % options.questionsPerWindow]!;
  const tokens = measure.unit === 'bytes' ? measure.wanted / 4 : window.text.length / 4;
  const windowId = hash32(`window ${request.seed} ${request.split} ${number}`);
  const task: Task = {
    id: taskId(request.idPrefix, index),
    family: 'oolong',
    query: asked.question,
    context: window.text,
    answer: asked.answer,
    answerType: asked.answerType,
    scorer: 'oolong',
    split: request.split,
    metadata: {
      id: windowId * 100 + (index % options.questionsPerWindow),
      context_len: 2 ** Math.max(10, Math.ceil(Math.log2(tokens))),
      dataset: source.dataset,
      task_group: groupOf(asked.template),
      task: asked.task,
      answer_type: asked.answerType,
      input_subset: asked.inputSubset ? 'True' : 'False',
      num_labels: source.labels.length,
      context_window_id: windowId,
      template: asked.template,
      instances: window.records.length,
      records: source.info.hash,
    },
  };
  keepWindow(task, window);
  return task;
}
