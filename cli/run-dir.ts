import { existsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { loadConfig } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { CliError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

/** Where a run lies: `--run`, or the config's `run`, or `runs/<name>`. */
export function runDirOf(config: RunConfig, asked: string | undefined): string {
  return asked ?? config.run ?? join('runs', config.name);
}

/** A path as short as it can be said: relative where it lies below the current folder. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}

/**
 * What the user named a run by: its directory, or its config. With a config, its own settings (of export, say) hold;
 * with a directory, those that the run was made with.
 */
export function findRun(
  named: string,
  options: { run?: string | undefined; set: readonly string[]; env: Readonly<Record<string, string | undefined>> },
): { dir: string; config: RunConfig | null } {
  if (statSync(named, { throwIfNoEntry: false })?.isDirectory()) {
    if (!existsSync(join(named, 'run.db'))) {
      throw new CliError(`${named} holds no run (there is no run.db in it)`, {
        next: 'name a run directory (runs/NAME) or the config it was made from',
        code: exitCodes.usage,
      });
    }
    if (options.set.length > 0 || options.run !== undefined) {
      throw new CliError('--set and --run go with a config, not with a run directory', {
        next: 'name the config in place of the directory',
        code: exitCodes.usage,
      });
    }
    return { dir: named, config: null };
  }
  const config = loadConfig(named, options);
  const dir = runDirOf(config, options.run);
  if (!existsSync(join(dir, 'run.db'))) {
    throw new CliError(`there is no run in ${dir} yet`, {
      next: `rlm-gym rollout ${named}${options.run === undefined ? '' : ` --run ${options.run}`}`,
      code: exitCodes.usage,
    });
  }
  return { dir, config };
}
