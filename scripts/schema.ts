// Writes configs/rlm-gym.schema.json. A test tells when it is not fresh.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../cli/config-schema.ts';

const path = join(import.meta.dirname, '../configs/rlm-gym.schema.json');
writeFileSync(path, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
console.log(`Wrote ${path}`);
