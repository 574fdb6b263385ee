import { z } from 'zod';
import type { Registry } from '../configs/registry.ts';
import { runConfigSchema } from '../configs/schema.ts';
import { families } from '../datasets/families.ts';
import { dialects } from '../env/dialects/dialects.ts';
import { formats } from '../export/formats.ts';
import { rewardFunctions } from '../reward/components.ts';
import { policies } from '../rollout/policies/policies.ts';

/** As much of JSON Schema as is put together here. */
interface Schema {
  $schema?: string;
  type?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  items?: Schema;
  anyOf?: Schema[];
  const?: string;
  enum?: string[];
  [key: string]: unknown;
}

/**
 * The JSON Schema of a config for editors: the shape of `configs/schema.ts`, with the names that each folder
 * registers and the options of each. Draft 7, which editors know best; `${NAME}` may stand where a value is wanted.
 */
export function configJsonSchema(): Schema {
  const schema = toSchema(runConfigSchema);
  const at = (...path: string[]): Schema =>
    path.reduce((node, key) => (key === '[]' ? node.items : node.properties?.[key]) ?? {}, schema);

  at('tasks').items = choice(at('tasks', '[]'), 'family', families);
  for (const kind of ['root', 'rlm', 'llm', 'judge']) {
    at('policies').properties![kind] = choice(at('policies', kind), 'name', policies);
  }
  at('reward', 'components').items = choice(at('reward', 'components', '[]'), 'name', rewardFunctions);
  at('environment', 'dialect').enum = [...dialects.keys()];
  at('environment', 'name').enum = ['rlm'];
  at('export', 'formats', '[]').enum = formats.names;
  return schema;
}

/** One form for each registered name: the base's own properties, the name, and its options. */
function choice(base: Schema, key: string, registry: Registry<unknown>): Schema {
  const { description, properties = {}, required = [] } = base;
  const forms = Array.from(registry.entries(), ([name, { describe, options }]): Schema => {
    const own = toSchema(options);
    return {
      description: describe,
      type: 'object',
      properties: { ...properties, [key]: { const: name, description: describe }, ...own.properties },
      required: [...new Set([...required, key, ...(own.required ?? [])])],
      additionalProperties: own.additionalProperties ?? true,
    };
  });
  return { description, anyOf: forms };
}

function toSchema(schema: z.ZodType): Schema {
  const made = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as Schema;
  return withVariables(made);
}

/** Lets a variable stand for a number or a boolean: `count: ${COUNT}`. */
function withVariables(schema: Schema): Schema {
  const entries = Object.entries(schema).map(([key, value]) => [key, mapValue(value)] as const);
  const mapped = Object.fromEntries(entries) as Schema;
  if (mapped.type !== 'number' && mapped.type !== 'integer' && mapped.type !== 'boolean') return mapped;
  const { description, default: fallback, ...rest } = mapped;
  return { description, default: fallback, anyOf: [rest, { type: 'string', pattern: '^\\$\\{.+\\}$' }] };
}

function mapValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapValue);
  return value !== null && typeof value === 'object' ? withVariables(value as Schema) : value;
}
