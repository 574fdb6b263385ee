import { doctor } from './doctor.ts';
import { exportVerb } from './export.ts';
import { init } from './init.ts';
import { report } from './report.ts';
import { rescore } from './rescore.ts';
import { rollout } from './rollout.ts';
import { score } from './score.ts';
import { tasks } from './tasks.ts';
import type { Verb } from './verb.ts';

/** In the order of a run's life, as `--help` lists them. */
export const verbs: readonly Verb[] = [init, tasks, rollout, score, rescore, exportVerb, report, doctor];
