import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a sandboxed process may see of the file system, at the paths it has on the host, read-only. */
export interface Visible {
  readonly paths: readonly string[];
  /** Symbolic links to make: where, and to what. */
  readonly links: readonly (readonly [at: string, to: string])[];
}

/** Where `bwrap` lies; null where it is not installed. */
export function findBubblewrap(path = process.env['PATH'] ?? ''): string | null {
  if (process.platform !== 'linux') return null;
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith('/')), '/usr/bin', '/bin'];
  return folders.map((folder) => join(folder, 'bwrap')).find((file) => existsSync(file)) ?? null;
}

/**
 * Arguments of `bwrap` for a process that sees what is named and a /proc of its own, no network, no other process and no
 * capability. It is process 1 of its namespace, so that the pid bubblewrap tells on `infoFd` is its own.
 */
export function bubblewrapArguments({ paths, links }: Visible, infoFd: number): string[] {
  const isolated = '--unshare-all --die-with-parent --new-session --as-pid-1 --cap-drop ALL --uid 65534 --gid 65534';
  const visible = [...new Set(paths)].flatMap((path) => ['--ro-bind-try', path, path]);
  const linked = links.flatMap(([at, to]) => ['--symlink', to, at]);
  const rest = ['--info-fd', String(infoFd), '--chdir', '/', '--'];
  return [...isolated.split(' '), '--proc', '/proc', ...visible, ...linked, ...rest];
}

/** The files that this program's own binary needs: itself and its shared libraries. */
export function ownBinary(): string[] {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  report.excludeNetwork = before;
  const libraries = sharedObjects.filter((file) => /^\/.*\/(ld-[^/]*|[^/]*\.so(\.[^/]*)?)$/.test(file));
  return [process.execPath, realpathSync(process.execPath), ...libraries];
}

/** The folders of packages and of all that they depend on, as they are found from a module of ours. */
export function packagesOf(module: URL, names: readonly string[]): Visible {
  const paths = new Set<string>();
  const links = new Map<string, string>();
  const visit = (from: string, name: string): void => {
    const at = findPackage(from, name);
    if (at === null) return;
    const folder = realpathSync(at);
    if (folder !== at) links.set(at, folder);
    if (paths.has(folder)) return;
    paths.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) visit(folder, dependency);
  };
  for (const name of names) visit(dirname(fileURLToPath(module)), name);
  return { paths: [...paths], links: [...links] };
}

function findPackage(from: string, name: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const at = join(folder, 'node_modules', name);
    if (existsSync(join(at, 'package.json'))) return at;
    if (folder === dirname(folder)) return null;
  }
}

/** The `package.json` that says how a module of ours is to be read. */
export function packageFileOf(module: URL): string[] {
  for (let folder = dirname(fileURLToPath(module)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return [file];
    if (folder === dirname(folder)) return [];
  }
}
