// Keeps the server running: starts it again when it dies, slower each time that it dies soon.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Postmaster, startPostmaster, type PostmasterOptions } from './postmaster.ts';

const firstRestartMs = 200;
const longestRestartMs = 30_000;
/** A run of this length counts as healthy. */
const healthyMs = 60_000;

export interface Supervisor {
  /** Process id of the server that runs now; undefined between two runs. */
  pid(): number | undefined;
  stop(how: 'fast' | 'smart'): Promise<void>;
}

/** Resolves when the server takes connections; throws StoreError when its first start fails. */
export async function superviseServer(options: PostmasterOptions, log: Logger): Promise<Supervisor> {
  const stopping = new AbortController();
  let current: Postmaster | undefined = await startPostmaster(options);
  const restart = { ...options, signal: stopping.signal };

  const watch = async (): Promise<void> => {
    let delayMs = firstRestartMs;
    while (!stopping.signal.aborted) {
      if (current !== undefined) {
        const startedMs = Date.now();
        await current.ended;
        current = undefined;
        if (stopping.signal.aborted) return;
        if (Date.now() - startedMs > healthyMs) delayMs = firstRestartMs;
        log.error({ event: 'database-died', said: options.log.tail().slice(-5), restartMs: delayMs });
      }
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, longestRestartMs);
      if (!stopping.signal.aborted) current = await startAgain(restart, log);
    }
  };
  const watching = watch();

  return {
    pid: () => current?.pid,
    async stop(how) {
      stopping.abort();
      await current?.stop(how);
      await watching;
      // A start that was under way when the stop came.
      await current?.stop(how);
    },
  };
}

async function startAgain(options: PostmasterOptions, log: Logger): Promise<Postmaster | undefined> {
  try {
    const postmaster = await startPostmaster(options);
    log.info({ event: 'database-restarted', pid: postmaster.pid });
    return postmaster;
  } catch (error) {
    if (options.signal?.aborted !== true) log.error({ event: 'database-restart-failed', error: String(error) });
    return undefined;
  }
}
