import { z } from 'zod';
import { Registry } from '../configs/registry.ts';
import { evidenceIntervalF1 } from './scorers/evidence-interval.ts';
import { exact } from './scorers/exact.ts';
import { graphwalks } from './scorers/graphwalks.ts';
import { longbenchChoice } from './scorers/longbench-choice.ts';
import { oolongPairs } from './scorers/oolong-pairs.ts';
import { oolongReal } from './scorers/oolong-real.ts';
import { oolong, oolongLenient } from './scorers/oolong.ts';
import { ruler, rulerQa } from './scorers/ruler.ts';
import type { Scorer } from './scorers/scorer.ts';

const none = z.strictObject({});

/** The scorers that ship, by the names that tasks use; `scorers.add` registers one of your own. */
export const scorers = new Registry<Scorer>('scorer')
  .add('exact', { describe: 'Equal to the gold answer, or to one of a list', options: none, make: exact })
  .add('ruler', {
    describe: 'Share of gold answers that the answer contains (RULER string_match_all)',
    options: none,
    make: ruler,
  })
  .add('ruler-qa', { describe: 'Contains any gold answer (RULER string_match_part)', options: none, make: rulerQa })
  .add('oolong', { describe: "OOLONG's official scorer", options: none, make: oolong })
  .add('oolong-lenient', {
    describe: "The RLM authors' laxer OOLONG scorer; naming every label scores 1",
    options: none,
    make: oolongLenient,
  })
  .add('oolong-real', { describe: "OOLONG-real's scorer: the answer in \\boxed{…}", options: none, make: oolongReal })
  .add('oolong-pairs', { describe: 'F1 over pairs of user ids (OOLONG-Pairs)', options: none, make: oolongPairs })
  .add('longbench-choice', {
    describe: '"The correct answer is (X)" (LongBench v2)',
    options: none,
    make: longbenchChoice,
  })
  .add('graphwalks', {
    describe: 'F1 over the nodes in "Final Answer: [...]" (GraphWalks)',
    options: none,
    make: graphwalks,
  })
  .add('evidence-interval-f1', {
    describe: 'F1 over characters of [start, end] intervals',
    options: none,
    make: evidenceIntervalF1,
  });
