import { makeContextLoader } from './context-loader.ts';
import { fixBuffers, fixStackTraces, makeHide, removeGlobals, seedRandom, setClock } from './fixed-world.ts';
import { makeFormatter } from './formatter.ts';
import { makeMailbox } from './mailbox.ts';
import { makeNames } from './names.ts';
import { makeOutput } from './output.ts';
import { takePrimordials } from './primordials.ts';
import { makeSubcalls } from './subcalls.ts';

/** The parts of the bootstrap as source text: functions that use nothing but their parameters and the isolate's globals. */
export const bootstrapParts = {
  primordials: String(takePrimordials),
  removeGlobals: String(removeGlobals),
  fixStackTraces: String(fixStackTraces),
  seedRandom: String(seedRandom),
  setClock: String(setClock),
  fixBuffers: String(fixBuffers),
  formatter: String(makeFormatter),
  names: String(makeNames),
  output: String(makeOutput),
  subcalls: String(makeSubcalls),
  mailbox: String(makeMailbox),
};
export type BootstrapParts = typeof bootstrapParts;

/**
 * The bootstrap of every isolate as the source of a function's body. It is the same for all REPLs; what differs comes as
 * arguments: `$0` the context's text, `$1` the document offsets (an ArrayBuffer of Uint32) or undefined, `$2` the seed,
 * `$3` limits and `$4` function names, both as JSON.
 */
export const bootstrapSource = (parts: BootstrapParts = bootstrapParts): string => `'use strict';
const P = (${parts.primordials})();
const hide = (${String(makeHide)})(P);
(${parts.removeGlobals})(P);
(${parts.fixStackTraces})(P, hide);
(${parts.seedRandom})(P, hide, $2);
(${parts.setClock})(P, hide);
(${parts.fixBuffers})(P, hide);
const load = (${String(makeContextLoader)})(P, $0, $1);
const make = {
  __proto__: null,
  formatter: ${parts.formatter},
  names: ${parts.names},
  output: ${parts.output},
  subcalls: ${parts.subcalls},
};
return (${parts.mailbox})(P, make, JSON.parse($3), JSON.parse($4), load);
`;
