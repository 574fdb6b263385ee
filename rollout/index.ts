export {
  createEnvironment,
  createEnvironments,
  type CreateEnvironmentOptions,
  type Environments,
} from './create-environment.ts';
export { rollout, type RolloutOptions, type RolloutSummary } from './engine.ts';
export { estimateRollout, type Estimate as RolloutEstimate } from './estimate.ts';
export { functionPolicy } from './policies/function-policy.ts';
export { closePolicies, makePolicies, policies, pricesOf, type PolicySet } from './policies/policies.ts';
export { PolicyError, type Policy, type PolicyReply, type PolicyRequest } from './policies/policy.ts';
export { prepareRun, type PreparedRun, type PrepareRunOptions } from './prepare-run.ts';
export type { Progress } from './progress.ts';
export { replayEpisode, type Difference, type Replayed } from './replay.ts';
export { replayRun, type ReplayRunOptions, type ReplaySummary } from './replay-run.ts';
export { rescoreRun, type RescoreOptions, type RescoreSummary } from './rescore-run.ts';
export type { EpisodeScore, ScoreVersion } from './scores.ts';
export { RunStore, type EpisodeFilter } from './store.ts';
export { StoreError, type StoreProblem } from './store-error.ts';
