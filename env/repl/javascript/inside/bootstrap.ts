import { fixWorld } from './fixed-world.ts';
import { makeFormatter } from './formatter.ts';
import { makeMailbox } from './mailbox.ts';
import { takePrimordials } from './primordials.ts';
import { makeContextLoader } from './context-loader.ts';

/**
 * The bootstrap of every isolate as source text of a function body. It is the same for all REPLs, so that it is compiled
 * once a worker; what differs comes as arguments: `$0` the context's text, `$1` the document offsets (an ArrayBuffer of
 * Uint32) or undefined, `$2` the seed, `$3` limits and `$4` function names, both as JSON.
 */
export const bootstrapSource = `'use strict';
const P = (${takePrimordials})();
(${fixWorld})(P, $2);
const load = (${makeContextLoader})(P, $0, $1);
return (${makeMailbox})(P, ${makeFormatter}, JSON.parse($3), JSON.parse($4), load);
`;
