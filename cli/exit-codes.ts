/** What each exit status of `rlm-gym` means; documented in docs/cli.md. */
export const exitCodes = {
  /** It did what was asked. */
  ok: 0,
  /** It failed for a reason of its own; the message says why and what to do. */
  failed: 1,
  /** The arguments, the config or an input file do not fit. Nothing was changed. */
  usage: 2,
  /** The machine lacks something: Node, a module, a sandbox, an endpoint. `rlm-gym doctor` finds it. */
  environment: 3,
  /** The run directory holds another run, or one made by a newer version. Nothing was changed. */
  refused: 4,
  /** The run ended, but some episodes have no score: infrastructure failed them. Running it again tries them again. */
  incomplete: 5,
  /** The disk is full or failed. What was finished is kept; with room made, the same command goes on. */
  disk: 6,
  /** Stopped by Ctrl-C or a signal; what was finished is kept, and the resume command was printed. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
