import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { bubblewrapArguments, ownBinary, packagesOf } from './bubblewrap.ts';

function folderWith(files: Record<string, string>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'rlm-gym-test-')));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('packages are found with all they depend on, where npm puts them', () => {
  const root = folderWith({
    'node_modules/ours/env/worker.js': '',
    'node_modules/a/package.json': '{"dependencies": {"b": "1", "absent": "1"}}',
    'node_modules/a/node_modules/b/package.json': '{"dependencies": {"a": "1"}}',
    'node_modules/b/package.json': '{}',
  });
  const { paths, links } = packagesOf(pathToFileURL(join(root, 'node_modules/ours/env/worker.js')), ['a']);
  expect(paths).toEqual([join(root, 'node_modules/a'), join(root, 'node_modules/a/node_modules/b')]);
  expect(links).toEqual([]);
  rmSync(root, { recursive: true });
});

test('and where pnpm links them to', () => {
  const root = folderWith({
    'store/ours/node_modules/ours/env/worker.js': '',
    'store/a/node_modules/a/package.json': '{"dependencies": {"b": "1"}}',
    'store/b/node_modules/b/package.json': '{}',
  });
  symlinkSync(join(root, 'store/a/node_modules/a'), join(root, 'store/ours/node_modules/a'));
  symlinkSync(join(root, 'store/b/node_modules/b'), join(root, 'store/a/node_modules/b'));
  const { paths, links } = packagesOf(pathToFileURL(join(root, 'store/ours/node_modules/ours/env/worker.js')), ['a']);
  expect(paths).toEqual([join(root, 'store/a/node_modules/a'), join(root, 'store/b/node_modules/b')]);
  expect(links).toEqual([
    [join(root, 'store/ours/node_modules/a'), join(root, 'store/a/node_modules/a')],
    [join(root, 'store/a/node_modules/b'), join(root, 'store/b/node_modules/b')],
  ]);
  rmSync(root, { recursive: true });
});

test('what is seen is read-only, and there is no network, capability or other process', () => {
  const args = bubblewrapArguments({ paths: ['/a', '/a', '/b'], links: [['/l', '/b']] }, 4);
  expect(args.join(' ')).toContain('--unshare-all --die-with-parent');
  expect(args.join(' ')).toContain('--cap-drop ALL');
  expect(args.join(' ')).toContain('--ro-bind-try /a /a --ro-bind-try /b /b --symlink /b /l');
  expect(args.some((arg) => /^--(dev-)?bind/.test(arg) || arg === '--share-net')).toBe(false);
  expect(args.at(-1)).toBe('--');
});

test.skipIf(process.platform !== 'linux')('Node needs itself and its libraries (Linux only)', () => {
  const files = ownBinary();
  expect(files).toContain(process.execPath);
  expect(files.some((file) => file.includes('libc.so'))).toBe(true);
  expect(files.some((file) => file.includes('/etc/'))).toBe(false);
});
