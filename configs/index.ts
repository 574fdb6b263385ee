export { loadConfig, parseConfig, type LoadOptions } from './load.ts';
export { ConfigError, Registry, type Entry } from './registry.ts';
export {
  configHash,
  runConfigSchema,
  type BudgetConfig,
  type CurateConfig,
  type EnvironmentConfig,
  type ExportConfig,
  type ReplConfig,
  type RunConfig,
} from './schema.ts';
