import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Relative links of a page whose file or anchor is not there, as `page: link`. Links with a scheme are not followed. */
function brokenLinks(page: string, text: string): string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1]!);
  return links
    .filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link))
    .filter((link) => !resolves(page, text, link))
    .map((link) => `${page}: ${link}`);
}

function resolves(page: string, text: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? join(root, page) : resolve(root, dirname(page), decodeURI(file));
  if (relative(root, path).startsWith('..') || (file !== '' && !existsSync(path))) return false;
  if (anchor === undefined) return true;
  if (file !== '' && (statSync(path).isDirectory() || !path.endsWith('.md'))) return false;
  return anchors(file === '' ? text : readFileSync(path, 'utf8')).has(anchor);
}

/** Anchors as GitHub makes them from headings. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const match of text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const base = match[1]!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[`*]/g, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let name = base;
    for (let again = 1; found.has(name); again += 1) name = `${base}-${again}`;
    found.add(name);
  }
  return found;
}

const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '' && existsSync(join(root, page)));

describe('documentation', () => {
  test('every relative link leads to a file and a heading that exist', () => {
    expect(pages).toContain('README.md');
    expect(pages.flatMap((page) => brokenLinks(page, readFileSync(join(root, page), 'utf8')))).toEqual([]);
  });

  test('a link to nothing is found', () => {
    const text =
      '# One\n[a](nothing.md) [b](#two) [c](#one) [d](https://example.org) `[e](x.md)` [f](../../etc/passwd)';
    expect(brokenLinks('README.md', text)).toEqual([
      'README.md: nothing.md',
      'README.md: #two',
      'README.md: ../../etc/passwd',
    ]);
  });

  test('each folder says what belongs in it', () => {
    const folders = ['configs', 'datasets', 'env', 'reward', 'rollout', 'export', 'trainer-bridge', 'cli'];
    for (const folder of [...folders, 'tests', 'bench', 'docs', 'examples']) {
      const path = join(root, folder, 'README.md');
      expect(existsSync(path) && readFileSync(path, 'utf8').length > 80, `${folder}/README.md`).toBe(true);
    }
  });

  test.each([
    'docs/my-own-task.md',
    'docs/my-own-scorer.md',
    'docs/my-own-scorer-command.md',
    'docs/my-own-dialect.md',
  ])('%s stays under 60 lines', (page) => {
    expect(readFileSync(join(root, page), 'utf8').split('\n').length).toBeLessThan(60);
  });
});
