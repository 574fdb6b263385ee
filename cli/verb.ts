import type { Argv } from 'yargs';
import { z } from 'zod';
import { explain } from '../configs/registry.ts';
import { CliError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';

/** One verb of the command line. Its arguments are one zod object: yargs' options and help are made from it. */
export interface Verb {
  /** `rollout <config>`: the name, then the arguments that are given by place. */
  readonly usage: string;
  readonly describe: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly configure: (args: Argv) => Argv;
  readonly run: (args: Record<string, unknown>, io: Io) => Promise<ExitCode>;
}

interface Property {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

export function defineVerb<Arguments extends z.ZodObject>(verb: {
  readonly usage: string;
  readonly describe: string;
  readonly examples: Verb['examples'];
  readonly arguments: Arguments;
  readonly run: (args: z.output<Arguments>, io: Io) => Promise<ExitCode>;
}): Verb {
  const { usage, describe, examples, run } = verb;
  return {
    usage,
    describe,
    examples,
    configure: (args) => configure(args, usage, verb.arguments, examples),
    run: (given, io) => {
      const known = Object.keys(verb.arguments.shape).map((key) => [key, given[key]]);
      const parsed = verb.arguments.safeParse(Object.fromEntries(known));
      if (parsed.success) return run(parsed.data, io);
      const name = usage.split(' ')[0]!;
      throw new CliError(explain(parsed.error), { next: `rlm-gym ${name} --help`, code: exitCodes.usage });
    },
  };
}

function configure(args: Argv, usage: string, schema: z.ZodObject, examples: Verb['examples']): Argv {
  const positional = new Set([...usage.matchAll(/[<[]([a-z]+)[\]>]/g)].map((match) => match[1]!));
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  let made = args;
  for (const [key, value] of Object.entries(properties)) {
    const property = value as Property;
    const type = property.type === 'integer' ? 'number' : property.type;
    const described = { describe: property.description ?? '', default: property.default, choices: property.enum };
    made =
      positional.has(key) && type !== 'array'
        ? made.positional(key, { ...described, type })
        : made.option(key, { ...described, type, requiresArg: type !== 'boolean' });
  }
  for (const [command, what] of examples) made = made.example(`rlm-gym ${command}`, what);
  return made;
}
