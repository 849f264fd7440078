// A stream that breaks off is begun again where it was, as long as something comes of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from './cli-error.ts';

const againMs = 500;
/** In a row, without anything that came. */
const mostFailures = 20;

/**
 * Calls `read` until it says that all was read; it calls `came` for whatever comes. Throws what it throws, and what breaks the
 * connection when nothing comes any more.
 */
export async function readOn(read: (came: () => void) => Promise<boolean>): Promise<void> {
  for (let failures = 0; ;) {
    try {
      if (await read(() => (failures = 0))) return;
    } catch (error) {
      if (!isBroken(error)) throw error;
      if (++failures > mostFailures) throw brokenOff(error);
    }
    await sleep(againMs);
  }
}

/** fetch gives a TypeError for a body that breaks off. */
const isBroken = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof CliError && error.code === 'unreachable');

const brokenOff = (error: unknown): CliError =>
  error instanceof CliError
    ? error
    : new CliError('unreachable', 'The connection to the collector broke off again and again.', { cause: error });
