import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The path of a file of this package, from cli/ in a clone and from dist/cli/ where it is published. */
export function packageFile(name: string): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, name);
    if (folder === dirname(folder)) throw new Error(`${name}: the files of rlm-gym are not complete; npm install`);
  }
}
