import type { Defence } from '../defences.ts';
import { Bootstrap } from '../isolate.ts';
import { serveRepls } from '../serve-repls.ts';
import { weakenedBootstrap } from './weakened-bootstrap.ts';

const without = new Set(process.argv.slice(2) as Defence[]);
serveRepls(new Bootstrap(weakenedBootstrap(without)), without);
