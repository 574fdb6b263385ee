/** rlm-gym's public face. Each folder is a subpath as well: `rlm-gym/env`, `rlm-gym/export`, … */
export * from './configs/index.ts';
export * from './datasets/index.ts';
export * from './env/index.ts';
export * from './export/index.ts';
export * from './reward/index.ts';
export * from './rollout/index.ts';
