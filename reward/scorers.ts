import { z } from 'zod';
import { Registry } from '../configs/registry.ts';
import { exact } from './scorers/exact.ts';
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
  });
