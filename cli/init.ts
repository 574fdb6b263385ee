import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { CliError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { packageFile } from './package-root.ts';
import { defineVerb } from './verb.ts';

export const init = defineVerb({
  usage: 'init [dir]',
  describe: 'Write a commented config to begin with, and the JSON Schema that editors check it by',
  examples: [
    ['init my-run', 'my-run/rlm-gym.yaml: scripted policies, no key needed'],
    ['init my-run --template openai', 'the same for vLLM, OpenAI or any compatible endpoint'],
  ],
  arguments: z.object({
    dir: z.string().default('.').describe('The folder it is written to'),
    template: z
      .enum(['quickstart', 'openai', 'real-text'])
      .default('quickstart')
      .describe('Which config to begin with'),
    force: z.boolean().default(false).describe('Overwrite a config that is there'),
  }),
  run: async ({ dir, template, force }, io) => {
    const config = join(dir, 'rlm-gym.yaml');
    const schema = join(dir, 'rlm-gym.schema.json');
    if (existsSync(config) && !force) {
      throw new CliError(`${config} is there already`, {
        next: `look at it, or overwrite it: rlm-gym init ${dir} --force`,
        code: exitCodes.refused,
      });
    }
    mkdirSync(dir, { recursive: true });
    writeFileSync(schema, readFileSync(packageFile('configs/rlm-gym.schema.json')));
    writeFileSync(config, readFileSync(packageFile(`configs/${template}.yaml`)));
    const shown = relative(process.cwd(), config) || config;
    io.say(`Wrote ${shown} (and ${relative(process.cwd(), schema)} for your editor).`);
    io.say(`next: rlm-gym rollout ${shown} --dry-run`);
    io.result({ config, schema, template });
    return exitCodes.ok;
  },
});
