export { advantages, type AdvantageOptions, type Advantages, type GroupAdvantages } from './advantages.ts';
export { rewardFunctions, type ComponentInput, type Finding, type RewardComponent } from './components.ts';
export { createRubric, type RubricConfig, type RubricParts } from './rubric.ts';
export { scoreRows, type ScoredRow, type ScoreSummary } from './score-rows.ts';
export { scorers } from './scorers.ts';
export type { Score, Scorer } from './scorers/scorer.ts';
export { clusterBootstrap, meanInterval, passAtK, passHatK, wilson, type Interval } from './statistics.ts';
