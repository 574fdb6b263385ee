import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
/** Each may import itself and those before it. index.ts, tests, bench, examples and scripts are free. */
const order = ['configs', 'datasets', 'env', 'reward', 'rollout', 'export', 'trainer-bridge', 'cli'];

/** Arrows that are not allowed, as `from imports to`. Tests beside the code may also use what lies in tests/. */
export function wrongArrows(files: readonly { path: string; text: string }[]): string[] {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    const from = order.indexOf(path.split('/')[0] ?? '');
    for (const specifier of importsOf(text).filter((name) => name.startsWith('.'))) {
      const resolved = relative(root, resolve(root, dirname(path), specifier))
        .split(sep)
        .join('/');
      const target = resolved.replace(/^dist\//, '');
      const to = order.indexOf(target.split('/')[0] ?? '');
      const free = to === -1 && path.endsWith('.test.ts') && target.startsWith('tests/');
      if (!free && (to === -1 || to > from)) wrong.push(`${path} imports ${target}`);
    }
  }
  return wrong;
}

/** Specifiers of static, dynamic and type imports, of re-exports, and of `new URL(…, import.meta.url)`. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const forms = [
    /(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]/g,
    /(?:^|[\s;}])import\s*['"]([^'"]+)['"]/g,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
    /\bnew URL\(\s*['"](\.[^'"]+\.(?:ts|js|mjs))['"]\s*,\s*import\.meta\.url/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1]!));
}

function sources(): { path: string; text: string }[] {
  return order.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes('node_modules'))
      .map((name) => join(folder, name).split(sep).join('/'))
      .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
  );
}

describe('imports point one way', () => {
  test('configs ← datasets ← env ← reward ← rollout ← export ← trainer-bridge ← cli', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(8);
    expect(wrongArrows(files)).toEqual([]);
  });

  test.each([
    ['env/a.ts', "import { x } from '../reward/x.ts';"],
    ['env/a.ts', "import type {\n  X,\n} from '../rollout/x.ts';"],
    ['datasets/deep/a.ts', "export * from '../../env/x.ts';"],
    ['rollout/a.ts', "const x = await import('../cli/x.ts');"],
    ['env/repl/a.ts', "spawn(new URL('../../rollout/x.ts', import.meta.url));"],
    ['env/a.ts', "import { x } from '../index.ts';"],
    ['env/a.ts', "import { x } from '../tests/x.ts';"],
  ])('%s: %s is found', (path, text) => {
    expect(wrongArrows([{ path, text }])).toHaveLength(1);
  });

  test.each([
    ['reward/a.ts', "import { x } from '../env/x.ts';"],
    ['env/a.test.ts', "import { x } from '../tests/x.ts';"],
    ['env/a.ts', "// import { x } from '../reward/x.ts';"],
    ['env/a.ts', "import { z } from 'zod';"],
  ])('%s: %s is allowed', (path, text) => {
    expect(wrongArrows([{ path, text }])).toEqual([]);
  });
});
