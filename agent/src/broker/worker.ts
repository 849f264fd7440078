// The worker: a process without rights, key or files that holds the connection to the collector, and nothing else.
import { parseCommandLine } from './worker-arguments.ts';

/** `args`: what follows the hidden subcommand. */
export async function runWorker(args: string[]): Promise<void> {
  const own = parseCommandLine(args);
  // Neither stage loads what only the other one needs.
  if (own.stage === 'hold') (await import('./hold-connection.ts')).holdConnection(own);
  else (await import('./confine.ts')).confine(own);
}
