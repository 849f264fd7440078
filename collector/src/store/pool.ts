// Connections to Postgres: one pool, with 64-bit integers read as checked numbers.
import pg from 'pg';
import type { Logger } from 'pino';

export type Connection = Pick<pg.PoolConfig, 'connectionString' | 'host' | 'port' | 'user' | 'password' | 'database'>;

/** Enough for ingest, live directory and REST together; the embedded server allows 40. */
const poolSize = 12;
const connectTimeoutMs = 10_000;

export interface OpenPool {
  pool: pg.Pool;
  /** Breaks every connection off and takes no further query: for a server that does not answer any more. */
  sever(): void;
}

export function openPool(connection: Connection, log: Logger): OpenPool {
  const clients = new Set<pg.PoolClient>();
  const pool = new pg.Pool({
    ...connection,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'foretop',
    types: { getTypeParser },
  });
  // A connection that the server ended, idle or in use. The pool replaces it, and a query under way rejects by itself; but an
  // error event that nobody listens to would end the process.
  pool.on('error', (error) => log.warn({ event: 'database-connection-lost', error: error.message }));
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('connect', (client) => clients.add(client));
  pool.on('remove', (client) => clients.delete(client));
  return {
    pool,
    sever() {
      pool.end().catch(() => undefined);
      for (const client of clients) (client as unknown as { connection: pg.Connection }).connection.stream.destroy();
    },
  };
}

/** For /metrics. Queries that wait for a connection give up after connectTimeoutMs. */
export function poolCounters({ totalCount, idleCount, waitingCount }: pg.Pool): Record<string, number> {
  return { connections: totalCount, connections_idle: idleCount, queries_waiting: waitingCount };
}

const int8 = pg.types.builtins.INT8;

/**
 * int8 as a number. A value beyond 2^53 rejects its query rather than lose digits: identifiers, which use all 64 bits,
 * are selected as lpad(to_hex(id), 16, '0').
 */
const getTypeParser: typeof pg.types.getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
  oid === int8 && format !== 'binary'
    ? parseInt8
    : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser;

export function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`int8 value ${text} is beyond 2^53; select identifiers as lpad(to_hex(id), 16, '0')`);
  }
  return value;
}
