import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import yargs from 'yargs';
import { CliError, toFailure } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { createIo, type Streams } from './io.ts';
import { packageFile } from './package-root.ts';
import { verbs } from './verbs.ts';

const processStreams: Streams = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  terminal: process.stderr.isTTY ?? false,
  env: process.env,
};

/** Runs one command line and resolves to its exit status; it never rejects and never ends the process. */
export async function main(argv: readonly string[], streams: Streams = processStreams): Promise<number> {
  const io = createIo(streams, argv.includes('--json'));
  if (streams === processStreams) ignoreClosedPipes();
  let name = '';
  let config: string | undefined;
  let status: number = exitCodes.ok;
  let parser = yargs([...argv])
    .scriptName('rlm-gym')
    .usage('$0 <verb>: make tasks, roll out episodes, score them, export datasets')
    .version(version())
    .exitProcess(false)
    .fail(false)
    .strict()
    .demandCommand(1, 'Which verb? `rlm-gym --help` lists them.')
    .recommendCommands()
    .option('json', { type: 'boolean', default: false, describe: 'Only JSON on stdout, for machines' })
    .option('import', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'A module that is imported first: it registers families, scorers, dialects of yours',
    })
    .epilogue(
      'Exit status: 0 done, 1 failed, 2 bad arguments or config, 3 the machine lacks something,\n4 the run directory holds another run, 5 some episodes have no score, 6 the disk is full, 130 interrupted.',
    )
    .wrap(110);
  for (const verb of verbs) {
    parser = parser.command({
      command: verb.usage,
      describe: verb.describe,
      builder: verb.configure,
      handler: async (args) => {
        name = verb.usage.split(' ')[0]!;
        config = calledBy(args);
        status = await verb.run(args, io);
      },
    });
  }
  try {
    await importModules(argv);
    await parser.parseAsync([...argv], {}, (error, _args, output) => {
      // Help and version come here; errors are thrown below, with their own words.
      if (output && !error) streams.stdout(`${output}\n`);
    });
    return status;
  } catch (error) {
    const usage = !(error instanceof CliError) && ((error as Error | undefined)?.name === 'YError' || name === '');
    const failure = usage
      ? {
          message: (error as Error | undefined)?.message ?? String(error),
          next: `rlm-gym ${knownVerb(argv)}--help`,
          code: exitCodes.usage,
        }
      : toFailure(error, name, config);
    io.log(`error: ${failure.message}\nnext:  ${failure.next}`);
    if (streams.env.RLM_GYM_DEBUG && error instanceof Error) io.log(error.stack ?? '');
    io.result({ error: failure });
    return failure.code;
  }
}

/** `--import FILE`, before the verbs look at the registries. */
async function importModules(argv: readonly string[]): Promise<void> {
  for (const [at, argument] of argv.entries()) {
    const path = argument === '--import' ? argv[at + 1] : /^--import=(.+)$/.exec(argument)?.[1];
    if (path === undefined) continue;
    try {
      await import(pathToFileURL(resolve(path)).href);
    } catch (error) {
      const { message } = error as Error;
      throw new CliError(`--import ${path}: ${message}`, {
        next: 'mend that module',
        code: exitCodes.usage,
        cause: error,
      });
    }
  }
}

/** The config as it was named, with its overrides: what CONFIG stands for in the advice of an error. */
function calledBy({ config, set }: Record<string, unknown>): string | undefined {
  if (typeof config !== 'string') return undefined;
  const settings = Array.isArray(set) ? set.map((setting) => ` --set '${String(setting)}'`) : [];
  return `${config}${settings.join('')}`;
}

function knownVerb(argv: readonly string[]): string {
  const verb = verbs.find(({ usage }) => usage.split(' ')[0] === argv[0]);
  return verb ? `${argv[0]} ` : '';
}

function version(): string {
  const { version: found } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  return found;
}

/** `rlm-gym … | head` closes our pipe; that is no error. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
