import { z } from 'zod';
import { checkEndpoints } from './doctor/endpoints.ts';
import { checkDisk, checkNode, checkPlatform, checkPython, checkStore, type Check } from './doctor/machine.ts';
import { checkSandbox } from './doctor/sandbox.ts';
import { loadConfig } from '../configs/load.ts';
import { setArgument } from './common-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { runDirOf } from './run-dir.ts';
import { checkNames } from './check-names.ts';
import { defineVerb } from './verb.ts';

export const doctor = defineVerb({
  usage: 'doctor [config]',
  describe: 'Check this machine, and with a config its endpoints; each failure comes with its fix',
  examples: [
    ['doctor', 'Node, platform, sandbox, disk, Python'],
    ['doctor my.yaml --json', 'also the config, and whether its endpoints answer'],
  ],
  arguments: z.object({
    config: z.string().optional().describe('A YAML config whose names and endpoints are checked too'),
    set: setArgument,
  }),
  run: async ({ config: path, set }, io) => {
    const config = path === undefined ? null : loadConfig(path, { set, env: io.env });
    if (config) checkNames(config);
    const checks: Check[] = [];
    const note = (check: Check) => {
      checks.push(check);
      const mark = check.ok ? 'ok  ' : check.optional ? 'warn' : 'FAIL';
      io.say(`${mark}  ${check.name}: ${check.detail}`);
      if (!check.ok) io.say(`      fix: ${check.fix ?? 'none known; please report what you see'}`);
    };
    note(checkNode());
    note(checkPlatform());
    note(checkStore());
    note(await checkSandbox());
    note(checkDisk(config ? runDirOf(config, undefined) : '.'));
    note(checkPython());
    if (config) for (const check of await checkEndpoints(config.policies, io.env)) note(check);
    const failed = checks.filter((check) => !check.ok && !check.optional);
    io.say(failed.length === 0 ? 'All is well.' : `${failed.length} of ${checks.length} checks failed.`);
    io.result({ ok: failed.length === 0, checks });
    return failed.length === 0 ? exitCodes.ok : exitCodes.environment;
  },
});
