import { serveRepls } from './serve-repls.ts';

// The entry of a worker process; it is forked with an empty environment.
serveRepls();
