/** Where a verb writes. With `--json` stdout carries JSON alone and everything for people goes to stderr. */
export interface Io {
  readonly json: boolean;
  /** True where stderr is a terminal, so that a line can be drawn over. */
  readonly terminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For people: the result, on stdout (stderr with `--json`). */
  say(text: string): void;
  /** For people: progress, warnings and errors, on stderr. */
  log(text: string): void;
  /** Where a progress line is drawn: stderr. */
  readonly progress: { write(text: string): void; readonly isTTY: boolean; readonly columns?: number };
  /** For machines: one line of JSON on stdout, with `--json` only. */
  result(value: unknown): void;
}

export interface Streams {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly terminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function createIo(streams: Streams, json: boolean): Io {
  const clean = redactor(streams.env);
  const log = (text: string) => streams.stderr(`${clean(text)}\n`);
  return {
    json,
    terminal: streams.terminal,
    progress: {
      write: (text) => streams.stderr(clean(text)),
      isTTY: streams.terminal,
      get columns() {
        return process.stderr.columns;
      },
    },
    env: streams.env,
    log,
    say: json ? log : (text) => streams.stdout(`${clean(text)}\n`),
    result: (value) => {
      if (json) streams.stdout(`${clean(JSON.stringify(value))}\n`);
    },
  };
}

/**
 * Takes the values of variables that look like keys out of a text: an endpoint may echo one in an error. Values
 * under 8 characters are left, since they stand in ordinary words.
 */
export function redactor(env: Readonly<Record<string, string | undefined>>): (text: string) => string {
  const secrets = Object.entries(env)
    .filter(([name, value]) => /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i.test(name) && (value?.length ?? 0) >= 8)
    .map(([name, value]) => [name, value!] as const)
    .sort(([, a], [, b]) => b.length - a.length);
  return (text) => secrets.reduce((rest, [name, value]) => rest.replaceAll(value, `[${name}]`), text);
}
