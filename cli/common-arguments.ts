import { z } from 'zod';

/** Arguments that several verbs share. */
export const setArgument = z
  .array(z.string())
  .default([])
  .describe('Override one value of the config, e.g. rollout.group=4; may be given again');

export const runArgument = z.string().optional().describe("The run directory; else the config's, else runs/NAME");

export const configArgument = z.string().describe('A YAML config');

export const scoreVersionArgument = z
  .number()
  .int()
  .positive()
  .optional()
  .describe('Which version of the scores, after `rescore`; else the newest');
