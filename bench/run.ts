// npm run -s bench                     lists the benchmarks
// npm run -s bench -- NAME [--json]    runs one; with --json stdout has one line: {"bench": NAME, "figures": {…}}
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';

const suffix = '.bench.ts';
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length))
  .sort();

const words = process.argv.slice(2);
const json = words.includes('--json');
const chosen = words.filter((word) => !word.startsWith('--'));

async function load(name: string): Promise<Bench> {
  const module = (await import(join(import.meta.dirname, `${name}${suffix}`))) as { bench: Bench };
  return module.bench;
}

if (chosen.length === 0) {
  for (const name of names) console.log(`${name.padEnd(12)} ${(await load(name)).describe}`);
  console.log('\nRun one: npm run -s bench -- NAME [--json]');
} else if (chosen.length > 1 || !names.includes(chosen[0]!)) {
  console.error(`There is no benchmark "${chosen.join(' ')}"; choose one of: ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const name = chosen[0]!;
  const figures = await (await load(name)).run((line) => console.error(line));
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(4))]),
  );
  if (json) console.log(JSON.stringify({ bench: name, figures: rounded }));
  else for (const [key, value] of Object.entries(rounded)) console.log(`${key.padEnd(28)} ${value}`);
}
