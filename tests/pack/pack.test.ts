import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-pack-'));
const home = join(temporary, 'somewhere else');
let packed: { filename: string; files: { path: string }[] };

/** A command as its user would give it: without our node_modules/.bin in the PATH and without npm's variables. */
function shell(command: string, cwd: string): string {
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD|NODE$|NODE_OPTIONS|VITEST)/.test(name));
  const nodeFirst = [dirname(process.execPath), ...path].join(':');
  const env = { ...Object.fromEntries(own), PATH: command.startsWith('node ') ? nodeFirst : path.join(':') };
  return execFileSync('bash', ['-c', command], { cwd, encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The first block of that language below a heading of the README. */
function readmeBlock(heading: string, language: string): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const section = text.slice(text.indexOf(`\n## ${heading}`));
  const block = section.match(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm'))?.[1];
  if (!block) throw new Error(`README.md has no ${language} block under "${heading}"`);
  return block;
}

beforeAll(() => {
  execFileSync('mkdir', [home]);
  const out = shell(`npm pack --json --pack-destination '${temporary}'`, root);
  const parsed = JSON.parse(out.slice(out.indexOf('[\n'))) as (typeof packed)[];
  packed = parsed[0]!;
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'elsewhere', private: true, type: 'module' }));
  shell(`npm install --no-audit --no-fund '${join(temporary, packed.filename)}'`, home);
});

afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test('the package carries JavaScript, declarations and configs, and nothing of the workshop', () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of ['dist/index.js', 'dist/index.d.ts', 'cli/rlm-gym.mjs', 'configs/quickstart.yaml', 'LICENSE']) {
    expect(paths).toContain(path);
  }
  expect(paths.filter((path) => /\.test\.|^(tests|bench|scripts|runs|\.ci)\/|(?<!\.d)\.ts$/.test(path))).toEqual([]);
});

test("the README's loop runs as it stands there", () => {
  writeFileSync(join(home, 'loop.mjs'), readmeBlock('The loop', 'js'));
  const out = shell('node loop.mjs', home);
  expect(out).toMatch(/reward: (1|0\.\d+)/);
});

test("the README's loop passes a type check with the shipped declarations", () => {
  writeFileSync(join(home, 'loop.mts'), readmeBlock('The loop', 'js'));
  const options = {
    strict: true,
    noImplicitAny: false,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    skipLibCheck: true,
    types: [],
  };
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['loop.mts'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const run = () => shell(`node '${tsc}' -p tsconfig.json || true`, home);
  expect(
    run()
      .replace(/^.*Cannot find name 'console'.*$/gm, '')
      .trim(),
  ).toBe('');
});

test('every subpath in `exports` loads', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const names = Object.keys(exports).filter((name) => !name.endsWith('.json'));
  expect(names.length).toBeGreaterThan(5);
  const code = names.map((name) => `await import('rlm-gym${name.slice(1)}');`).join('\n');
  writeFileSync(join(home, 'subpaths.mjs'), `${code}\nconsole.log('all');`);
  expect(shell('node subpaths.mjs', home).trim()).toBe('all');
});

test("the command runs on the system's Node, by way of the one that npm brought", () => {
  expect(shell('npx rlm-gym --version', home).trim()).toMatch(/^\d+\.\d+\.\d+/);
  shell('npx rlm-gym init mine', home);
  const counts = [0, 1, 2, 3].map((at) => `--set tasks.${at}.count=1`).join(' ');
  const set = `--set rollout.group=2 ${counts} --run run`;
  shell(`npx rlm-gym rollout mine/rlm-gym.yaml ${set}`, home);
  const out = JSON.parse(shell('npx rlm-gym export run --json', home)) as { episodes: number };
  expect(out.episodes).toBe(8);
  shell('npx rlm-gym report run --html report.html', home);
  expect(existsSync(join(home, 'report.html'))).toBe(true);
  expect(readdirSync(join(home, 'run'))).toContain('run.db');
});
