import type { Runner } from './runner.ts';
import { scoringRunners } from './scoring.ts';

/** Everything that can be run; a dialect's runner names its `source` and is added here. */
export const runners: readonly Runner[] = [...scoringRunners];
