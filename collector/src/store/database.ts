// Opens the collector's database: the embedded Postgres, or the server that DATABASE_URL names.
import { Kysely, PostgresDialect, sql } from 'kysely';
import type pg from 'pg';
import type { Logger } from 'pino';
import { connect, connectFailure, describeUrl } from './connect.ts';
import { startEmbedded } from './embedded/server.ts';
import { StoreError } from './errors.ts';
import { declareLoss } from './loss.ts';
import { migrate } from './migrate.ts';
import { type Connection, openPool } from './pool.ts';
import { segmentReachUs } from './queries/connections.ts';
import { createRecentSegments, type RecentSegments } from './recent/recent-segments.ts';
import type { Database } from './schema.ts';
import { type Identity, readIdentity } from './setting.ts';

export interface Store extends AsyncDisposable {
  readonly db: Kysely<Database>;
  readonly pool: pg.Pool;
  readonly kind: 'embedded' | 'external';
  /** The server's, such as "18.4". */
  readonly version: string;
  readonly hashKey: Buffer;
  readonly collectorId: string;
  /** undefined where others may write to the same tables, so that what came by here is not all there is. */
  readonly recent: RecentSegments | undefined;
  /** What the database takes on disk. */
  bytes(): Promise<number>;
  healthy(): Promise<boolean>;
  /** Breaks off every query under way and takes no further one: for stopping while the server does not answer. */
  sever(): void;
  /** Steps an agent's cursor over batches that its spool dropped; see loss.ts. */
  declareLoss(hostId: number, epoch: Uint8Array, sequence: number): Promise<void>;
}

export interface StoreOptions {
  dataDir: string;
  databaseUrl?: string | undefined;
  /**
   * 'collector' owns the data directory: a second one is refused. 'command' (the default) shares it: it connects to the
   * embedded server of a collector that runs, or starts one and stops it on disposal.
   */
  role?: 'collector' | 'command';
  log: Logger;
  signal?: AbortSignal;
  /** Told in words what is being done, for a person who waits. */
  progress?: (text: string) => void;
}

/** How long a server that does not answer yet is waited for: an embedded one is up, or being restarted, by now. */
const patienceMs = { embedded: 15_000, external: 30_000 };

/** Throws StoreError. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, log, signal, progress } = options;
  await using resources = new AsyncDisposableStack();
  let connection: Connection = { connectionString: databaseUrl };
  if (databaseUrl === undefined) {
    const server = resources.use(await startEmbedded({ ...options, role: options.role ?? 'command' }));
    connection = server.connection;
  }
  const kind = databaseUrl === undefined ? 'embedded' : 'external';
  const name = databaseUrl === undefined ? options.dataDir : describeUrl(databaseUrl);
  const { pool, sever } = openPool(connection, log);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  resources.defer(async () => {
    if (!pool.ending) await db.destroy();
  });
  const version = await connect(db, { name, patienceMs: patienceMs[kind], signal, progress });
  const identity = await prepareSchema(db, name, log);
  const opened = resources.move();
  return {
    db,
    pool,
    kind,
    version,
    ...identity,
    recent:
      kind === 'embedded' && options.role === 'collector'
        ? createRecentSegments({ reachUs: segmentReachUs })
        : undefined,
    bytes: () => databaseBytes(db),
    healthy: () => answers(db),
    sever,
    declareLoss: (hostId, epoch, sequence) => declareLoss(db, hostId, epoch, sequence),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function prepareSchema(db: Kysely<Database>, name: string, log: Logger): Promise<Identity> {
  try {
    const ran = await migrate(db);
    if (ran.length > 0) log.info({ event: 'schema-migrated', migrations: ran });
    return await readIdentity(db);
  } catch (error) {
    const rights = connectFailure(error instanceof StoreError ? error.cause : error, name);
    throw rights instanceof StoreError ? rights : error;
  }
}

async function databaseBytes(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`.execute(db);
  return rows[0]!.bytes;
}

const answers = (db: Kysely<Database>): Promise<boolean> =>
  sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
