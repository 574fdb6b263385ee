// Makes .venv when first needed and prints the path of its python, last and alone on a line.
//   npm run -s venv                               what the tests read our files with
//   npm run -s venv -- bench                      .venv-bench: what benchmarks compare us with
//   PYTHON=/path/to/python3.11 npm run -s venv    which Python to make it from
// It is made again when its requirements file, or the Python, changes. Exit status 3: no Python was found; 2: no such
// environment.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** `oldest`: the Python that packages at the pinned versions ask for. */
const kinds = {
  tests: { dir: '.venv', file: 'requirements.txt', oldest: [3, 10], size: '700 MB' },
  bench: { dir: '.venv-bench', file: 'requirements-bench.txt', oldest: [3, 11], size: '560 MB' },
};
const asked = process.argv[2] ?? 'tests';
const kind = Object.hasOwn(kinds, asked) ? kinds[asked] : kinds.tests;
const { oldest } = kind;
const venv = join(root, kind.dir);
const requirements = join(root, 'tests/python', kind.file);
const python = join(venv, 'bin', 'python');
const stampFile = join(venv, 'rlm-gym.stamp');

const base = findPython();
if (!Object.hasOwn(kinds, asked)) {
  console.error(`There is no environment "${asked}"; choose one of: ${Object.keys(kinds).join(', ')}`);
  process.exitCode = 2;
} else if (base === null) {
  console.error(
    `No Python ${oldest.join('.')} or newer was found (looked at $PYTHON, python3.11 to python3.14, python3).\n` +
      'Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.11)\n' +
      'or name it: PYTHON=/path/to/python npm run -s venv',
  );
  process.exitCode = 3;
} else {
  const stamp = createHash('sha256').update(readFileSync(requirements)).update(base.version).digest('hex');
  const release = await lock();
  try {
    if (!existsSync(python) || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) make(base, stamp);
    if (process.exitCode === undefined) console.log(python);
  } finally {
    release();
  }
}

function make({ path, version }, stamp) {
  console.error(`Making ${kind.dir} with Python ${version} (once; about ${kind.size} of packages) …`);
  rmSync(venv, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  if (!step(path, ['-m', 'venv', venv]) || !step(python, pip)) {
    console.error(
      'The virtual environment was not made; the lines above say why. On Debian and Ubuntu the package\n' +
        'python3.11-venv may be missing; behind a proxy pip needs its own settings. Then the same command again.',
    );
    process.exitCode = 1;
    return;
  }
  writeFileSync(stampFile, stamp);
}

function step(command, args) {
  // What pip prints goes to stderr: stdout carries the path alone.
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] }).status === 0;
}

function findPython() {
  const named = process.env.PYTHON;
  const names = named ? [named] : ['python3.11', 'python3.12', 'python3.13', 'python3.14', 'python3', 'python'];
  for (const name of names) {
    const code = 'import sys; print(sys.executable); print("%d.%d.%d" % sys.version_info[:3])';
    const found = spawnSync(name, ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    if (found.status !== 0) continue;
    const [path, version] = found.stdout.trim().split('\n');
    const [major, minor] = version.split('.').map(Number);
    if (major === oldest[0] && minor >= oldest[1]) return { path, version };
  }
  return null;
}

/** One at a time: `npm test` and a bench may both want it. A lock whose owner is gone is taken over. */
async function lock() {
  const dir = `${venv}.lock`;
  for (let waited = 0; ; waited += 1) {
    try {
      mkdirSync(dir);
      writeFileSync(join(dir, 'pid'), String(process.pid));
      return () => rmSync(dir, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited > 5 && !ownerLives(dir)) rmSync(dir, { recursive: true, force: true });
    if (waited > 1200)
      throw new Error(`${dir} was held for 10 minutes; if nothing makes that environment: rm -r ${dir}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function ownerLives(dir) {
  try {
    process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
