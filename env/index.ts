export { checkEnvironment, type CheckOptions, type Problem, type Rule } from './check-environment.ts';
export { ContextStore, type PreparedContext } from './context.ts';
export { dialectNamed, dialects } from './dialects/dialects.ts';
export type { Dialect, Feedback, Opening, ParsedText, ShownCell } from './dialects/dialect.ts';
export type {
  Environment,
  Judgement,
  JudgeQuestion,
  Observation,
  Outcome,
  ResetOptions,
  RewardFunction,
  Score,
  StepInfo,
  StepInput,
  StepResult,
  WaitingCall,
} from './environment.ts';
export {
  episodeSchema,
  episodeSchemaVersion,
  infraFailures,
  policyFailures,
  type Episode,
  type InfraFailure,
  type Message,
  type PolicyFailure,
  type Sampling,
  type Stop,
} from './episode.ts';
export { createJavaScriptBackend, type JavaScriptBackendOptions } from './repl/javascript/backend.ts';
export { createSupervisor } from './repl/supervisor.ts';
export { defaultReplLimits, ReplError, type Repl, type ReplBackend, type ReplLimits } from './repl/repl.ts';
export { createRlmEnvironment, EnvironmentError, type RlmEnvironmentOptions } from './rlm-environment.ts';
export { estimateTokens } from './tokens.ts';
export { withSubModel, type SubModel, type SubModelReply, type SubModelRequest } from './with-sub-model.ts';
