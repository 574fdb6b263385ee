import { readFileSync, statSync } from 'node:fs';
import { type Document, isScalar, LineCounter, parseDocument, visit, parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { ConfigError, issueText } from './registry.ts';
import { applySetting } from './settings.ts';
import { type RunConfig, runConfigSchema } from './schema.ts';

export interface LoadOptions {
  /** `a.b=c` overrides, applied after variables are expanded; values are read as YAML. */
  readonly set?: readonly string[];
  /** Where `${NAME}` is looked up. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A config has a few hundred lines; what is larger is some other file. */
const maxBytes = 1024 * 1024;

/** Reads, expands and checks a YAML config. Throws a {@link ConfigError} that names file, line and place. */
export function loadConfig(path: string, options: LoadOptions = {}): RunConfig {
  return parseConfig(readText(path), { ...options, where: path });
}

/** As {@link loadConfig}, for a text already read; `where` names it in errors. */
export function parseConfig(text: string, options: LoadOptions & { readonly where?: string } = {}): RunConfig {
  const { where = 'config', set = [], env = process.env } = options;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    throw new ConfigError(`${where}:${lines.linePos(problem.pos[0]).line}: this is not YAML: ${problem.message}`);
  }
  expandVariables(document, env, (offset) => `${where}:${lines.linePos(offset).line}`);

  const value: unknown = document.toJS();
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new ConfigError(`${where}: a config is a mapping with name, tasks and policies; see configs/quickstart.yaml`);
  }
  for (const setting of set) applySetting(value, setting);

  const parsed = runConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const told = parsed.error.issues.map((issue) => {
    const offset = rangeStart(document, issue.path);
    const line = offset === undefined ? '' : `:${lines.linePos(offset).line}`;
    return `${where}${line}: ${describeIssue(issue)}`;
  });
  throw new ConfigError(told.join('\n'));
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new ConfigError(`${path}: ${size} bytes is no config; give the YAML file of a run`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const next = missing ? '`rlm-gym init` writes one to begin with' : (error as Error).message;
    throw new ConfigError(`${path}: ${missing ? 'there is no such file' : 'it cannot be read'}; ${next}`, {
      cause: error,
    });
  }
}

/** A value that is stored with the run must not be a key. */
const secretName = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i;
const variable = /\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of the document; `$${NAME}` stays as `${NAME}`. A plain
 * scalar that is one variable and nothing else is read as YAML again, so `count: ${COUNT}` is a number.
 */
function expandVariables(
  document: Document,
  env: Readonly<Record<string, string | undefined>>,
  place: (offset: number) => string,
): void {
  visit(document, {
    Scalar(_key, node) {
      if (!isScalar<string>(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const at = place(node.range?.[0] ?? 0);
      const whole = node.type === 'PLAIN' && /^\$\{[^}]*\}$/.test(node.value);
      const text = node.value.replace(variable, (_all, escaped, name: string, fallback?: string) => {
        if (escaped) return `\${${name}${fallback === undefined ? '' : `:-${fallback}`}}`;
        if (secretName.test(name)) {
          throw new ConfigError(
            `${at}: \${${name}} looks like a key, and what a config holds is stored with the run; name the variable instead, e.g. apiKeyEnv: ${name}`,
          );
        }
        const found = env[name] ?? fallback;
        if (found === undefined) {
          throw new ConfigError(
            `${at}: the environment variable ${name} is not set; set it (export ${name}=…) or write a default: \${${name}:-value}`,
          );
        }
        return found;
      });
      const scalar: unknown = whole ? parseYaml(text) : text;
      (node as { value: unknown }).value = scalar !== null && typeof scalar === 'object' ? text : scalar;
    },
  });
}

function rangeStart(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    const range = (node as { range?: readonly number[] | null } | undefined)?.range;
    if (range) return range[0];
  }
  return undefined;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const place = path === '' ? 'at the top' : `in ${path}`;
    const known = keysAt(issue.path);
    const choose = known.length > 0 ? `; keys there: ${known.join(', ')}` : '';
    return `there is no key ${issue.keys.map((key) => `"${key}"`).join(', ')} ${place}${choose}`;
  }
  return `${path || 'config'}: ${issueText(issue)}`;
}

/** The keys that the schema knows at a place, for the message; empty where it is not a plain object. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = runConfigSchema;
  for (const key of path) schema = shapeOf(schema)?.[String(key)];
  return Object.keys(shapeOf(schema) ?? {});
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  for (let inner = schema, depth = 0; inner && depth < 8; depth += 1) {
    const { shape, def } = inner as { shape?: Record<string, unknown>; def?: { innerType?: unknown } };
    if (shape) return shape;
    inner = def?.innerType;
  }
  return undefined;
}
