// `npm run -s conformance -- FILE…`: runs the rows of conformance files (see tests/conformance/README.md) and prints one
// JSON line for each failure and quirk, last `N passed, N failed, N skipped`. Exit status 1 when any failed, 2 when no
// file was named or one cannot be read.
import { statSync } from 'node:fs';
import { runFiles } from './conformance/runner.ts';
import { runners } from './conformance/runners.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(files: readonly string[]): Promise<number> {
  const missing = files.find((file) => !statSync(file, { throwIfNoEntry: false })?.isFile());
  if (files.length === 0 || missing !== undefined) {
    if (missing !== undefined) console.error(`${missing} is no file.`);
    console.error('Name files, e.g. npm run -s conformance -- tests/conformance/scoring-cases.jsonl');
    return 2;
  }
  const { failed } = await runFiles(files, runners, (line) => console.log(line));
  return failed > 0 ? 1 : 0;
}
