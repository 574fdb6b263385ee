import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../../configs/registry.ts';
import { checkIndex, family, type OpenRequest, type TaskSource } from '../source.ts';
import type { Task } from '../task.ts';
import { RowReader, taskFileOptions, type TaskFileOptions } from './rows.ts';

const chunkBytes = 1024 * 1024;
/** A line of this length would not fit a string. */
const mostLineBytes = 400 * 1024 * 1024;

/** Own tasks, one JSON object a line with the fields of `taskSchema`; blank lines are passed over. */
export const jsonlTasks = family({
  describe: 'Tasks of your own from JSONL files: one task a line',
  options: taskFileOptions,
  open: openJsonl,
});

interface Line {
  readonly file: string;
  readonly path: string;
  readonly number: number;
  readonly start: number;
  readonly bytes: number;
}

/** Reads and checks every line once, and keeps where each begins, so that no context stays in memory. */
function openJsonl(options: TaskFileOptions, request: OpenRequest): TaskSource {
  const paths = typeof options.path === 'string' ? [options.path] : options.path;
  const reader = new RowReader('jsonl', options, request.split);
  const lines: Line[] = [];
  const hash = createHash('sha256');
  let chars = 0;
  for (const path of paths) {
    const file = resolve(request.cwd, path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new ConfigError(`jsonl: there is no file ${path} (looked in ${request.cwd})`);
    }
    for (const line of linesOf(file, path)) {
      hash.update(line.text).update('\n');
      chars += line.text.length;
      if (line.text.trim() === '' || lines.length === request.count) continue;
      const place = `${path}:${line.number}`;
      const task = reader.toTask(parseLine(line.text, place), path, line.number, place);
      if (!task) continue;
      reader.claim(task.id, place);
      lines.push({ file, path, number: line.number, start: line.start, bytes: line.bytes });
    }
  }
  if (lines.length === 0) throw reader.noRows(paths);
  const info = {
    role: 'tasks',
    hash: hash.digest('hex'),
    files: paths.length,
    chars,
    packages: [],
    note: paths.join(', '),
  };
  return {
    count: lines.length,
    ids: reader.ids,
    texts: [info],
    taskAt(index): Task {
      checkIndex(index, lines.length);
      const { file, path, number, start, bytes } = lines[index]!;
      const place = `${path}:${number}`;
      const task = reader.toTask(parseLine(readAt(file, start, bytes), place), path, number, place);
      if (!task) throw new ConfigError(`${place}: the file changed since it was checked; start again`);
      return task;
    },
  };
}

function parseLine(text: string, place: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ConfigError(`${place}: this line is not JSON (${(error as Error).message}); write one object a line`, {
      cause: error,
    });
  }
}

function readAt(file: string, start: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, buffer, 0, bytes, start);
  } finally {
    closeSync(fd);
  }
  return clean(buffer.toString('utf8'));
}

const clean = (line: string): string => line.replace(/^\uFEFF/, '').replace(/\r$/, '');

function* linesOf(
  file: string,
  path: string,
): Generator<{ text: string; number: number; start: number; bytes: number }> {
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(chunkBytes);
    let held: Buffer[] = [];
    let heldBytes = 0;
    let start = 0;
    let number = 1;
    for (;;) {
      const read = readSync(fd, chunk, 0, chunkBytes, null);
      let from = 0;
      for (let end = chunk.subarray(0, read).indexOf(10); end !== -1; end = chunk.subarray(0, read).indexOf(10, from)) {
        const bytes = heldBytes + end - from;
        yield {
          text: clean(Buffer.concat([...held, chunk.subarray(from, end)]).toString('utf8')),
          number,
          start,
          bytes,
        };
        [held, heldBytes, from] = [[], 0, end + 1];
        start += bytes + 1;
        number += 1;
      }
      if (from < read) held.push(Buffer.from(chunk.subarray(from, read)));
      heldBytes += read - from;
      if (heldBytes > mostLineBytes)
        throw new ConfigError(
          `${path}:${number}: a line of more than ${mostLineBytes} bytes; use Parquet, or shorter contexts`,
        );
      if (read === 0) break;
    }
    if (heldBytes > 0) yield { text: clean(Buffer.concat(held).toString('utf8')), number, start, bytes: heldBytes };
  } finally {
    closeSync(fd);
  }
}
