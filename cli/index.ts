export { exitCodes, type ExitCode } from './exit-codes.ts';
export { main } from './main.ts';
