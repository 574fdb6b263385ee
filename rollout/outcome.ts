import type { RolloutSummary } from './engine.ts';

/** What a person should know when a rollout is over, and the exact command that goes on; `command` is the one that was run. */
export function outcomeLines(summary: RolloutSummary, command: string): string[] {
  const { ended, done, total, voidInStore, problem } = summary;
  const retry = `${command} --retry-void`;
  const lines: string[] = [];
  if (ended === 'halted' && problem)
    lines.push(`Halted with ${done} of ${total} episodes: ${problem.message}`, `Then: ${retry}`);
  else if (ended !== 'finished') lines.push(`Stopped: ${done} of ${total} episodes are kept. Go on with: ${command}`);
  if (ended === 'finished' && voidInStore > 0) {
    lines.push(
      `${voidInStore} of ${total} episodes have no score, because infrastructure failed them. Try them again with: ${retry}`,
    );
  }
  return lines;
}
