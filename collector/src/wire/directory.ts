// Learns from the database which hosts there are and which were revoked: at once by NOTIFY, and every few seconds in any case.
import pg from 'pg';
import type { Logger } from 'pino';
import type { Store } from '../store/database.ts';
import { revokedChannel } from '../store/queries/enrolment.ts';
import { hostDirectory } from '../store/queries/hosts.ts';

const reconcileMs = 5_000;
const reconnectMs = 2_000;
const farewellMs = 2_000;

export interface DirectoryOptions {
  store: Pick<Store, 'db' | 'pool'>;
  log: Logger;
  /** Every host, now and whenever it is read again. */
  onDirectory: (hosts: Awaited<ReturnType<typeof hostDirectory>>) => void;
}

export interface Directory extends AsyncDisposable {
  /** Reads it again: what is being read at this moment may be older than what the caller knows, and is not used. */
  refresh(): void;
}

/** Runs until disposed; a database that is away is tried again. */
export function followDirectory({ store, log, onDirectory }: DirectoryOptions): Directory {
  const stop = new AbortController();
  const { signal } = stop;
  let reading = false;
  let outdated = false;
  const read = async (): Promise<void> => {
    reading = true;
    try {
      do {
        outdated = false;
        const hosts = await hostDirectory(store.db);
        if (!outdated && !signal.aborted) onDirectory(hosts);
      } while (outdated && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) log.warn({ event: 'directory-unread', error: message(error) });
    } finally {
      reading = false;
    }
  };
  const refresh = (): void => {
    outdated = true;
    if (!reading) void read();
  };
  const timer = setInterval(() => {
    if (!reading) void read();
  }, reconcileMs).unref();
  void read();
  const listening = listen(store.pool, log, signal, refresh);
  return {
    refresh,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await listening;
    },
  };
}

/** A connection of its own, outside the pool: it is never idle, and must not take a place that queries wait for. */
async function listen(pool: pg.Pool, log: Logger, signal: AbortSignal, onNotify: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await listenOnce(pool, signal, onNotify);
    } catch (error) {
      if (!signal.aborted) log.warn({ event: 'revocation-listen-lost', error: message(error) });
    }
    await pause(reconnectMs, signal);
  }
}

async function listenOnce(pool: pg.Pool, signal: AbortSignal, onNotify: () => void): Promise<void> {
  const client = new pg.Client(pool.options as pg.ClientConfig);
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  client.on('error', reject);
  client.on('end', end);
  client.on('notification', onNotify);
  signal.addEventListener('abort', end);
  // A failure after connect() threw already has nobody else to hear it.
  ended.catch(() => undefined);
  try {
    await client.connect();
    await client.query(`listen ${revokedChannel}`);
    // What was sent before this connection listened.
    onNotify();
    await ended;
  } finally {
    signal.removeEventListener('abort', end);
    await farewell(client);
  }
}

/** Says goodbye, and does not wait for long for a server that does not answer. */
async function farewell(client: pg.Client): Promise<void> {
  const { stream } = (client as unknown as { connection: pg.Connection }).connection;
  const timer = setTimeout(() => stream.destroy(), farewellMs);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
