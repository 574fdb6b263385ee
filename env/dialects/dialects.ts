import { ConfigError } from '../../configs/registry.ts';
import type { Dialect } from './dialect.ts';
import { javascriptDialect } from './javascript.ts';

/** Every dialect by its name; `dialects.set(name, dialect)` adds one of your own. */
export const dialects = new Map<string, Dialect>([javascriptDialect].map((dialect) => [dialect.name, dialect]));

/** The dialect of that name, or an error that lists the names there are. */
export function dialectNamed(name: string): Dialect {
  const dialect = dialects.get(name);
  if (!dialect)
    throw new ConfigError(`there is no dialect "${name}"; choose one of: ${[...dialects.keys()].join(', ')}`);
  return dialect;
}
