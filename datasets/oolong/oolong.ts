import { z } from 'zod';
import { lengthSchema, measureOf, type Measure } from '../length.ts';
import { hash32, Random } from '../random.ts';
import { checkIndex, defaultCount, family, taskId, type OpenRequest, type TaskSource } from '../source.ts';
import type { Task } from '../task.ts';
import { generatedRecords } from './generated.ts';
import { keepWindow } from './host-table.ts';
import { chooseQuestions, clearQuestions, templates, type Question } from './questions.ts';
import { loadRecords, type RecordSource } from './records.ts';
import { estimateRecords, makeWindow, type OolongWindow } from './window.ts';

export const oolongOptions = z.strictObject({
  length: lengthSchema.default(100_000),
  records: z
    .string()
    .min(1)
    .optional()
    .describe('Labelled file: TREC (LABEL:sub question) or label<TAB>text; without it records are generated'),
  noun: z.string().min(1).optional().describe('What one record is, in the plural, for the header of a window'),
  questions: z
    .array(z.enum(templates))
    .min(1)
    .default([...templates])
    .describe('Counting templates to ask, in turn'),
  questionsPerWindow: z.number().int().min(1).max(25).default(1).describe('Tasks that share one window (25 in OOLONG)'),
});
export type OolongOptions = z.output<typeof oolongOptions>;

/** Draws of a window's label shares before it is said that the questions cannot be asked. */
const mostPlans = 400;

interface Opened {
  readonly options: OolongOptions;
  readonly request: OpenRequest;
  readonly source: RecordSource;
  readonly measure: Measure;
}

interface Asked {
  readonly window: OolongWindow;
  readonly questions: readonly Question[];
}

/**
 * Counting questions over labelled instances whose labels are not shown, after OOLONG (arXiv 2511.02817,
 * abertsch72/oolong): rows have the columns of `oolongbench/oolong-synth` in their metadata, and scorer `oolong` judges
 * them. The user and timeline groups of OOLONG are not made here.
 */
export const oolong = family({
  describe: 'Counting questions over thousands of unlabelled instances, in the row schema of OOLONG',
  options: oolongOptions,
  label: (options) => (options.records === undefined ? 'oolong' : 'oolong-records'),
  open: openOolong,
});

function openOolong(options: OolongOptions, request: OpenRequest): TaskSource {
  const source =
    options.records === undefined ? generatedRecords() : loadRecords(options.records, request.cwd, options.noun);
  const opened: Opened = { options, request, source, measure: measureOf(options.length) };
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

function ask({ options, request, source, measure }: Opened, number: number): Asked {
  const stream = (...purpose: (string | number)[]) =>
    new Random('oolong', ...purpose, request.seed, request.split, number);
  const plans = stream('shares');
  const total = estimateRecords(source, measure, request.split, stream('estimate'));
  const first = new Random('oolong', 'templates', request.seed, request.split).below(options.questions.length);
  const choose = (counts: ReadonlyMap<string, number>, slack: number) =>
    chooseQuestions(
      clearQuestions(counts, slack),
      options.questionsPerWindow,
      options.questions,
      first + number * options.questionsPerWindow,
      stream('questions'),
    );
  for (let plan = 0; plan < mostPlans; plan += 1) {
    const shares = makeShares(source.labels, plans);
    const planned = new Map([...shares].map(([label, share]) => [label, share * total]));
    // Counts keep within 1 of their share, so two more on each margin make sure of them.
    if (choose(planned, 2 + 0.001 * total) === null) continue;
    const window = makeWindow(source, shares, request.split, measure, stream('window', plan));
    const questions = choose(window.counts, 0);
    if (questions) return { window, questions };
  }
  throw new Error(
    `no window of about ${total} records and ${source.labels.length} labels has ${options.questionsPerWindow} clear question(s) of ` +
      `${options.questions.join(', ')}; ask for a longer context, more templates or fewer questions a window`,
  );
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
      task_group: 'counting',
      task: asked.task,
      answer_type: asked.answerType,
      input_subset: 'False',
      num_labels: source.labels.length,
      context_window_id: windowId,
      instances: window.records.length,
      records: source.info.hash,
    },
  };
  keepWindow(task, window);
  return task;
}
