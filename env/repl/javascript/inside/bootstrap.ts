import { makeContextLoader } from './context-loader.ts';
import { fixWorld } from './fixed-world.ts';
import { makeFormatter } from './formatter.ts';
import { makeMailbox } from './mailbox.ts';
import { makeNames } from './names.ts';
import { makeOutput } from './output.ts';
import { takePrimordials } from './primordials.ts';
import { makeSubcalls } from './subcalls.ts';

const make = `{
  __proto__: null,
  formatter: ${String(makeFormatter)},
  names: ${String(makeNames)},
  output: ${String(makeOutput)},
  subcalls: ${String(makeSubcalls)},
}`;

/**
 * The bootstrap of every isolate as the source of a function's body. It is the same for all REPLs; what differs comes as
 * arguments: `$0` the context's text, `$1` the document offsets (an ArrayBuffer of Uint32) or undefined, `$2` the seed,
 * `$3` limits and `$4` function names, both as JSON.
 */
export const bootstrapSource = `'use strict';
const P = (${String(takePrimordials)})();
(${String(fixWorld)})(P, $2);
const load = (${String(makeContextLoader)})(P, $0, $1);
return (${String(makeMailbox)})(P, ${make}, JSON.parse($3), JSON.parse($4), load);
`;
