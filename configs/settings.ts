import { parse as parseYaml } from 'yaml';
import { ConfigError } from './registry.ts';

/**
 * Applies one `a.b=c` to a config not yet checked, in place. Keys that are missing on the way are made; a list is
 * addressed by index and never grows. The value is read as YAML: `3` is a number, `[a, b]` a list, `null` nothing.
 */
export function applySetting(config: object, setting: string): void {
  const equals = setting.indexOf('=');
  const path = setting.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || path.some((key) => key === '')) {
    throw new ConfigError(`--set ${setting}: write it as path=value, e.g. --set rollout.group=4 or tasks.0.count=2`);
  }
  let node: object = config;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    const here = path.slice(0, depth + 1).join('.');
    const next = read(node, key, here, setting);
    if (next === undefined || next === null) node = write(node, key, {}) as object;
    else if (typeof next === 'object') node = next;
    else throw new ConfigError(`--set ${setting}: ${here} is a ${typeof next}, it has no keys`);
  }
  const last = path.at(-1)!;
  read(node, last, path.join('.'), setting);
  write(node, last, valueOf(setting, setting.slice(equals + 1)));
}

function valueOf(setting: string, text: string): unknown {
  try {
    return parseYaml(text) as unknown;
  } catch (error) {
    throw new ConfigError(`--set ${setting}: the value is not YAML; put quotes around it`, { cause: error });
  }
}

function read(node: object, key: string, here: string, setting: string): unknown {
  if (key === '__proto__') throw new ConfigError(`--set ${setting}: there is no key "__proto__"`);
  if (Array.isArray(node)) {
    if (!/^\d+$/.test(key) || Number(key) >= node.length) {
      throw new ConfigError(`--set ${setting}: ${here}: the list has items 0 to ${node.length - 1}`);
    }
    return node[Number(key)] as unknown;
  }
  return Object.hasOwn(node, key) ? (node as Record<string, unknown>)[key] : undefined;
}

function write(node: object, key: string, value: unknown): unknown {
  (node as Record<string, unknown>)[key] = value;
  return value;
}
