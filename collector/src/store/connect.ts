// The first contact with the database server: waits for one that is starting, explains one that will not do.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { StoreError } from './errors.ts';
import type { Database } from './schema.ts';

const oldestMajor = 15;
const retryMs = 250;

export interface ConnectOptions {
  /** How the server is called in messages, without its password. */
  name: string;
  /** How long a server that does not answer yet is waited for. */
  patienceMs: number;
  signal?: AbortSignal | undefined;
  progress?: ((text: string) => void) | undefined;
}

/** @returns the server's version, such as "18.4". Throws StoreError. */
export async function connect(db: Kysely<Database>, options: ConnectOptions): Promise<string> {
  const giveUpMs = Date.now() + options.patienceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await readVersion(db, options.name);
    } catch (error) {
      const failure = connectFailure(error, options.name);
      if (!(failure instanceof StoreError) || !failure.retryable || Date.now() > giveUpMs) throw failure;
      if (attempt === 4) options.progress?.(`Waiting for the database server at ${options.name}`);
      await sleep(retryMs, undefined, { signal: options.signal });
    }
  }
}

async function readVersion(db: Kysely<Database>, name: string): Promise<string> {
  const { rows } = await sql<{ number: number; text: string }>`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as text`.execute(db);
  const { number, text } = rows[0]!;
  checkVersion(number, text, name);
  return text.split(' ')[0]!;
}

/** `number` is server_version_num: 150004 is 15.4. */
export function checkVersion(number: number, text: string, name: string): void {
  if (number >= oldestMajor * 10_000) return;
  throw new StoreError(
    'database-too-old',
    `The database server at ${name} is Postgres ${text}; Foretop needs ${oldestMajor} or newer. Upgrade it, or unset DATABASE_URL to use the embedded one.`,
  );
}

/** Of Node's and PostgreSQL's error codes those that a person can mend. */
export function connectFailure(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const code = (error as { code?: unknown }).code;
  const said = error.message || String(code);
  if (code === '28P01' || code === '28000') {
    return failure(
      'database-rights',
      `The database server at ${name} refused the login: ${said}. Check user and password in DATABASE_URL.`,
    );
  }
  if (code === '3D000') {
    return failure(
      'database-rights',
      `The database server at ${name} was reached, but ${said}. Create the database, owned by the user in DATABASE_URL.`,
    );
  }
  if (code === '42501') {
    return failure(
      'database-rights',
      `The database at ${name} did not allow it: ${said}. Make the user in DATABASE_URL the owner of the database.`,
    );
  }
  if (isUnreachable(code, error)) {
    return failure(
      'database-unreachable',
      `The database server at ${name} cannot be reached: ${said}. Check that it runs, and DATABASE_URL.`,
    );
  }
  return error;
  function failure(kind: 'database-rights' | 'database-unreachable', message: string): StoreError {
    return new StoreError(kind, message, { cause: error });
  }
}

const unreachableCodes = new Set<unknown>([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  '57P01', // admin_shutdown
  '57P03', // cannot_connect_now: starting up or shutting down
  '53300', // too_many_connections
]);

const isUnreachable = (code: unknown, error: Error) =>
  unreachableCodes.has(code) || /timeout|terminated|Connection ended/i.test(error.message);

/** Host, port and database of a connection URL, for messages. */
export function describeUrl(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    return `${searchParams.get('host') ?? (hostname || 'localhost')}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}
