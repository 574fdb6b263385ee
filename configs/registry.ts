import { z } from 'zod';

/** One thing that a config can name: what it is for, the options it takes, and how it is made from them. */
export interface Entry<Made, Options extends z.ZodType = z.ZodType> {
  readonly describe: string;
  readonly options: Options;
  readonly make: Made;
}

/** Options that did not fit; the message names the place, what is wrong and what would be right. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * The names of one kind of thing (families, scorers, policies, …). Each folder fills its own; the command line joins
 * them into one schema.
 */
export class Registry<Made> {
  readonly kind: string;
  readonly #entries = new Map<string, Entry<Made>>();

  constructor(kind: string) {
    this.kind = kind;
  }

  add<Options extends z.ZodType>(name: string, entry: Entry<Made, Options>): this {
    if (this.#entries.has(name)) throw new Error(`${this.kind} "${name}" is registered twice`);
    this.#entries.set(name, entry);
    return this;
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  entries(): IterableIterator<[string, Entry<Made>]> {
    return this.#entries.entries();
  }

  /** The entry of that name, or an error that lists the names there are. */
  get(name: string): Entry<Made> {
    const entry = this.#entries.get(name);
    if (!entry) throw new ConfigError(`there is no ${this.kind} "${name}"; choose one of: ${this.names.join(', ')}`);
    return entry;
  }

  /** Parses options for that name; `where` is the place in the config, for the message. */
  parse(name: string, options: unknown, where: string): unknown {
    const parsed = this.get(name).options.safeParse(options ?? {});
    if (!parsed.success) throw new ConfigError(`${where} (${this.kind} "${name}"): ${explain(parsed.error)}`);
    return parsed.data;
  }
}

/** zod's issues in one line: `length: expected number, got "long"; …`. */
export function explain(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issueText(issue)}`).join('; ');
}

/** What one issue says; of a union, what each of its forms says, since "Invalid input" helps nobody. */
export function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue.message;
  const forms = issue.errors.map((issues) =>
    issues.map((inner) => [inner.path.join('.'), issueText(inner)].filter((part) => part !== '').join(': ')).join('; '),
  );
  return [...new Set(forms)].join(', or ');
}
