// npm run -s soak                                    lists the trials
// npm run -s soak -- NAME [--seed N] [--count N]     runs one; the last line of stdout is JSON; exit status 1: it broke
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Soak } from './soak.ts';

const helpers = new Set(['run.ts', 'soak.ts', 'storm-server.ts']);
const names = readdirSync(import.meta.dirname)
  .filter((file) => /^[a-z-]+\.ts$/.test(file) && !helpers.has(file))
  .map((file) => file.slice(0, -'.ts'.length));

const load = async (name: string): Promise<Soak> =>
  ((await import(join(import.meta.dirname, `${name}.ts`))) as { soak: Soak }).soak;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, count: { type: 'string' } },
});
const [name] = positionals;
if (name === undefined) {
  for (const one of names) console.log(`${one.padEnd(10)} ${(await load(one)).describe}`);
  console.log('\nRun one: npm run -s soak -- NAME [--seed N] [--count N]');
} else if (!names.includes(name) || positionals.length > 1) {
  console.error(`There is no trial "${positionals.join(' ')}"; choose one of: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const soak = await load(name);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const count = Number(values.count ?? soak.count);
  console.error(
    `${name}: seed ${seed}, count ${count}; the same again: npm run -s soak -- ${name} --seed ${seed} --count ${count}`,
  );
  const started = performance.now();
  const { broken, figures } = await soak.run({ count, seed, log: (line) => console.error(line) });
  for (const line of broken) console.error(`BROKEN: ${line}`);
  const seconds = Math.round((performance.now() - started) / 1e3);
  console.log(JSON.stringify({ soak: name, seed, ok: broken.length === 0, ...figures, seconds }));
  process.exitCode = broken.length === 0 ? 0 : 1;
}
