import { Registry } from '../configs/registry.ts';
import { niah } from './niah/niah.ts';
import { oolong } from './oolong/oolong.ts';
import { jsonlTasks } from './task-files/jsonl.ts';
import { parquetTasks } from './task-files/parquet.ts';
import type { Family } from './source.ts';

/** The generators and loaders that ship; `families.add` registers one of your own. */
export const families = new Registry<Family>('family')
  .add('niah', niah)
  .add('oolong', oolong)
  .add('jsonl', jsonlTasks)
  .add('parquet', parquetTasks);
