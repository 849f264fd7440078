// The record of what people and tokens changed, or tried to: written as a hash chain, read in pages or as a stream.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type AuditDetail, type AuditOutcome, entryHash, type LinkedEntry } from '../audit-chain.ts';
import { cleanText } from '../host-text.ts';
import type { Database } from '../schema.ts';
import { streamRows } from './stream-rows.ts';

export type { AuditDetail } from '../audit-chain.ts';

export interface AuditRecord {
  actor: string;
  action: string;
  /** An entry with a number `hostId` is about that host. */
  detail: AuditDetail;
  outcome: AuditOutcome;
}

/** The end of the chain. */
export interface ChainEnd {
  sequence: number;
  /** Hex. */
  hash: string;
}

/** Of pg_advisory_xact_lock: whoever writes waits for the one before, whichever process it is. "audit" in ASCII. */
const chainLock = 0x6175646974;
const longestText = 1_024;

/** Appends an entry to the chain. */
export function insertAudit(db: Kysely<Database>, record: AuditRecord, now: () => number = Date.now): Promise<void> {
  if (db.isTransaction) return append(db, record, now);
  return db.transaction().execute((transaction) => append(transaction, record, now));
}

async function append(db: Kysely<Database>, { action, outcome, ...record }: AuditRecord, now: () => number) {
  await sql`select pg_advisory_xact_lock(${chainLock})`.execute(db);
  const end = await readChainEnd(db);
  const detail = cleanDetail(record.detail);
  const hostId = typeof detail['hostId'] === 'number' ? detail['hostId'] : null;
  const entry = {
    sequence: (end?.sequence ?? 0) + 1,
    at: new Date(now()).toISOString().replace('Z', '000Z'),
    actor: cleanText(record.actor, longestText),
    ...{ action, hostId, detail, outcome },
    previousHash: end?.hash ?? '',
  };
  await db
    .insertInto('audit')
    .values({
      ...{ sequence: entry.sequence, at: entry.at, actor: entry.actor, action, host_id: hostId, outcome },
      detail: JSON.stringify(detail),
      previous_hash: entry.previousHash,
      hash: entryHash(entry),
    })
    .execute();
}

/** Before it is hashed: what Postgres would refuse or a host could hide in. */
function cleanDetail(detail: AuditDetail): AuditDetail {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === 'string' ? cleanText(value, longestText) : value,
    ]),
  );
}

/** undefined: there is no entry yet. */
export async function readChainEnd(db: Kysely<Database>): Promise<ChainEnd | undefined> {
  const { rows } = await sql<ChainEnd>`select sequence, hash from audit order by sequence desc limit 1`.execute(db);
  return rows[0];
}

export interface AuditRow extends LinkedEntry {
  id: number;
}

const columns = sql`
  audit_id as id, sequence, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor, action,
  host_id as "hostId", detail, outcome, previous_hash as "previousHash", hash`;

export interface AuditFilter {
  from: Date | undefined;
  to: Date | undefined;
  actor: string | undefined;
  /** `command.*`: all that begin so. */
  action: string | undefined;
  hostId: number | undefined;
  outcome: AuditOutcome | undefined;
  /** Each stands in actor, action or detail, in upper or lower case. */
  words: readonly string[];
}

/** Newest first. */
export async function selectAudit(
  db: Kysely<Database>,
  query: AuditFilter & { before: number | undefined; limit: number },
): Promise<AuditRow[]> {
  const { rows } = await sql<AuditRow>`
    select ${columns} from audit
     where ${matches(query)} and (${query.before ?? null}::int8 is null or sequence < ${query.before ?? null}::int8)
     order by sequence desc limit ${query.limit}`.execute(db);
  return rows;
}

/** Newest first. */
export function streamAudit(
  db: Kysely<Database>,
  filter: AuditFilter,
  signal: AbortSignal,
): AsyncGenerator<AuditRow[]> {
  return streamRows(
    db,
    sql<AuditRow>`select ${columns} from audit where ${matches(filter)} order by sequence desc`,
    signal,
  );
}

/** The whole chain from its first entry on. */
export function streamChain(db: Kysely<Database>, signal: AbortSignal): AsyncGenerator<AuditRow[]> {
  return streamRows(db, sql<AuditRow>`select ${columns} from audit order by sequence`, signal);
}

function matches({ from, to, actor, action, hostId, outcome, words }: AuditFilter): RawBuilder<unknown> {
  const tests = [sql`true`];
  if (from !== undefined) tests.push(sql`at >= ${from}::timestamptz`);
  if (to !== undefined) tests.push(sql`at < ${to}::timestamptz`);
  if (actor !== undefined) tests.push(sql`actor = ${actor}::text`);
  if (action !== undefined) {
    tests.push(
      action.endsWith('.*') ? sql`starts_with(action, ${action.slice(0, -1)}::text)` : sql`action = ${action}::text`,
    );
  }
  if (hostId !== undefined) tests.push(sql`host_id = ${hostId}::int4`);
  if (outcome !== undefined) tests.push(sql`outcome = ${outcome}::text`);
  const searched = sql`lower(actor || ' ' || action || ' ' || detail::text)`;
  for (const word of words) tests.push(sql`strpos(${searched}, ${word.toLowerCase()}::text) > 0`);
  return sql.join(tests, sql` and `);
}
