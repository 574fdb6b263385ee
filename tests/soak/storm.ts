import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConfigSchema } from '../../configs/schema.ts';
import { taskSchema } from '../../datasets/task.ts';
import { createEnvironments } from '../../rollout/create-environment.ts';
import { rollout } from '../../rollout/engine.ts';
import { closePolicies, makePolicies } from '../../rollout/policies/policies.ts';
import { RunStore } from '../../rollout/store.ts';
import { classOf, faults, startStorm } from './storm-server.ts';
import type { Soak, SoakOptions, SoakResult } from './soak.ts';

const maxRetries = 5;
const attempts = 3;
/** Two texts of the root and one of a sub-call. */
const textsPerEpisode = 3;

async function run({ count, seed, log }: SoakOptions): Promise<SoakResult> {
  const server = await startStorm({ seed, triesPerText: maxRetries + 1 });
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-soak-storm-'));
  const config = runConfigSchema.parse({
    name: 'soak-storm',
    tasks: [{ family: 'soak' }],
    environment: { repl: { workers: 2 } },
    policies: {
      root: {
        name: 'openai',
        baseURL: server.url,
        model: 'storm',
        maxRetries,
        backoffSeconds: 0.01,
        timeoutSeconds: 1.5,
        deadlineSeconds: 600,
      },
    },
    rollout: { group: 1, concurrency: 128, attempts, haltAfter: null },
  });
  const store = RunStore.create({ dir, config });
  const policies = makePolicies(config.policies, { env: {} });
  const environments = createEnvironments(config, { contexts: store.contexts });
  try {
    store.addTasks(
      Array.from({ length: count }, (_, at) =>
        taskSchema.parse({ id: `t${at}`, family: 'soak', query: `Q${at}?`, context: 'It is 42.\n', answer: '42' }),
      ),
    );
    let told = 0;
    const summary = await rollout({
      store,
      policies,
      createEnvironment: () => environments.create(),
      backoffMs: 5,
      onProgress: ({ done, total }) => {
        if (done < told + total / 5) return;
        told = done;
        log(`${done} of ${total} episodes`);
      },
    });
    const seen = await server.seen();
    const broken: string[] = [];
    const holds = (what: string, is: boolean) => void (is || broken.push(what));

    // All end.
    holds(`it ended as ${summary.ended}`, summary.ended === 'finished');
    holds(`${summary.done} of ${count} episodes ended`, summary.done === count);
    const episodes = [...store.episodes()];
    const voids = episodes.filter(({ stop }) => stop.class === 'infra');
    const scored = episodes.filter(({ stop }) => stop.class !== 'infra');
    holds(`${voids.length} void and ${scored.length} scored of ${count}`, voids.length + scored.length === count);
    holds(`the summary tells ${summary.void} void`, voids.length === summary.void);

    // None reward 0 for a fault: every text that came was right, so whatever is scored is 1.
    holds(
      'an episode that faults ended has a reward',
      voids.every(({ reward }) => reward === null),
    );
    holds(
      'an episode that was answered has no reward 1',
      scored.every(({ reward }) => reward === 1),
    );

    // Requests within the stated caps.
    const mostForOneText = (maxRetries + 1) * attempts;
    holds(`${seen.mostForOneText} requests for one text`, seen.mostForOneText <= mostForOneText);
    holds(`${seen.requests} requests in all`, seen.requests <= count * textsPerEpisode * mostForOneText);

    // The classes add up: each request was a text or is counted once, under the class of its fault.
    const counted = Object.values(summary.errors).reduce((sum, one) => sum + one, 0);
    holds(
      `${seen.requests} requests, ${summary.texts} texts, ${counted} errors counted`,
      seen.requests === summary.texts + counted,
    );
    const sent: Record<string, number> = {};
    for (const fault of faults) sent[classOf[fault]] = (sent[classOf[fault]] ?? 0) + (seen.faults[fault] ?? 0);
    // An answer that an overloaded machine delivers too late is one more timeout and one less of its own class.
    const late = (summary.errors.upstream_timeout ?? 0) - sent.upstream_timeout!;
    for (const [name, times] of Object.entries(sent)) {
      const errors = summary.errors[name] ?? 0;
      holds(
        `${times} faults of class ${name}, ${errors} counted (${late} late)`,
        name === 'upstream_timeout' ? late >= 0 : errors <= times && errors >= times - late,
      );
    }
    holds(
      `a class of no fault: ${Object.keys(summary.errors).join(', ')}`,
      Object.keys(summary.errors).every((name) => name in sent),
    );

    // Each attempt that failed failed by one text that was tried as often as is allowed, and was tried again.
    const failed = store.attempts();
    const exhausted = seen.exhausted.root + seen.exhausted.llm;
    holds(`${exhausted} texts never came, ${failed.length} attempts failed`, late > 0 || exhausted === failed.length);
    holds('no sub-call failed for good', seen.exhausted.llm > 0);
    const attemptsOf = new Map<string, number>();
    for (const { episodeId } of failed) attemptsOf.set(episodeId, (attemptsOf.get(episodeId) ?? 0) + 1);
    holds(
      'a void episode had fewer attempts than stated',
      voids.every(({ id }) => attemptsOf.get(id) === attempts),
    );
    holds(
      'a scored episode had all its attempts fail',
      scored.every(({ id }) => (attemptsOf.get(id) ?? 0) < attempts),
    );
    const mended = scored.filter(({ id }) => attemptsOf.has(id)).length;
    holds('no episode was mended by another attempt', mended > 0);
    const bySubcall = voids.filter(({ calls }) =>
      calls.some(({ kind, status }) => kind === 'llm' && status !== 'answered'),
    );

    const figures = {
      episodes: count,
      scored: scored.length,
      void: voids.length,
      mended,
      void_by_subcall: bySubcall.length,
      failed_attempts: failed.length,
      failed_by_subcall: seen.exhausted.llm,
      requests: seen.requests,
      texts: summary.texts,
      most_for_one_text: seen.mostForOneText,
      late,
      ...summary.errors,
    };
    return { broken, figures };
  } finally {
    await environments.close();
    await closePolicies(policies);
    store.close();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

export const soak: Soak = {
  describe:
    'an endpoint that fails nine times out of ten in nine ways: all episodes end, classes add up, caps hold, no fault is a 0',
  count: 1_000,
  run,
};
