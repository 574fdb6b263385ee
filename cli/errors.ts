import { ConfigError } from '../configs/registry.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** A failure that the user can do something about: what went wrong, and the next thing to do. */
export class CliError extends Error {
  override name = 'CliError';
  readonly next: string;
  readonly code: ExitCode;

  constructor(message: string, options: ErrorOptions & { next: string; code?: ExitCode }) {
    super(message, options);
    this.next = options.next;
    this.code = options.code ?? exitCodes.failed;
  }
}

export interface Failure {
  readonly message: string;
  readonly next: string;
  readonly code: ExitCode;
}

/** System errors that people meet, and what to do about them. */
const systemErrors: Readonly<Record<string, string>> = {
  EACCES: 'give yourself the right to read and write there, or name another place with --run',
  EROFS: 'that file system is read-only; name another place with --run',
  ENOSPC:
    'the disk is full; make room there or name another place with --run, then run the command again: nothing is lost',
  EMFILE: 'too many open files; raise the limit (ulimit -n 4096) or lower --concurrency',
  EISDIR: 'name a file, not a folder',
  ENOENT: 'look at the path and run the command again',
  ERR_MODULE_NOT_FOUND: 'npm install',
};

/** Whatever was thrown, as a message, the next thing to do, and an exit status. */
export function toFailure(error: unknown, verb: string, config?: string): Failure {
  if (error instanceof CliError) return { message: error.message, next: error.next, code: error.code };
  if (error instanceof ConfigError) {
    return { message: error.message, next: `mend that and run again: rlm-gym ${verb} --help`, code: exitCodes.usage };
  }
  const { message, code, next, exitCode } = (error instanceof Error ? error : { message: String(error) }) as {
    message: string;
    code?: unknown;
    next?: unknown;
    exitCode?: unknown;
  };
  if (typeof next === 'string') {
    // A folder's own error: it knows what to do, but not by which name its config was called.
    const status = Object.values(exitCodes).find((known) => known === exitCode) ?? exitCodes.failed;
    return { message, next: config === undefined ? next : next.replaceAll(/\bCONFIG\b/g, config), code: status };
  }
  const known = typeof code === 'string' ? systemErrors[code] : undefined;
  if (known) return { message, next: known, code: code === 'ENOSPC' ? exitCodes.disk : exitCodes.environment };
  return {
    message,
    next: 'RLM_GYM_DEBUG=1 with the same command shows where; `rlm-gym doctor` checks this machine',
    code: exitCodes.failed,
  };
}
