// Deletes recorded history: whole partitions at once where nothing else is in them, else in batches that keep locks short.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { partitionedTables } from '../partitions.ts';
import type { Database } from '../schema.ts';
import { timestamp } from './connections.ts';
import { deleteLooseEvents } from './findings.ts';

export interface DeletedSpan {
  fromUs: number;
  toUs: number;
  /** undefined: all hosts. */
  hostIds: readonly number[] | undefined;
}

export type DeletedRows = Record<string, number>;

/** The column that says when a row was. Rows of a process are deleted when all of it lies within the span. */
const timeColumns = {
  connection_segment: sql`seg_end`,
  dns_exchange: sql`asked_at`,
  scan_evidence: sql`scan_end`,
  metric_chunk: sql`ts`,
  metric_1m: sql`ts`,
  process_1m: sql`ts`,
  tool_packets: sql`stored_at`,
} as const;

const batchRows = 20_000;

export async function countHistory(db: Kysely<Database>, span: DeletedSpan): Promise<DeletedRows> {
  const counted: DeletedRows = {};
  for (const table of partitionedTables) {
    counted[table] = await count(db, sql.table(table), within(timeColumns[table], span));
  }
  counted['process'] = await count(db, sql.table('process'), processesWithin(span));
  counted['finding'] = await count(db, sql.table('finding'), findingsWithin(span));
  return counted;
}

/** @returns rows deleted, by table. Stops between batches when the signal aborts. */
export async function deleteHistory(
  db: Kysely<Database>,
  span: DeletedSpan,
  signal: AbortSignal,
): Promise<DeletedRows> {
  const deleted: DeletedRows = {};
  for (const table of partitionedTables) {
    deleted[table] = 0;
    for (const partition of await partitionsOf(db, table)) {
      signal.throwIfAborted();
      deleted[table] +=
        span.hostIds === undefined && isWhole(partition, span)
          ? await emptyPartition(db, partition.name)
          : await deleteBatches(db, sql.id(partition.name), within(timeColumns[table], span), signal);
    }
  }
  deleted['process'] = await deleteBatches(db, sql.table('process'), processesWithin(span), signal);
  deleted['finding'] = await deleteBatches(db, sql.table('finding'), findingsWithin(span), signal);
  await deleteLooseEvents(db);
  await noteGap(db, span);
  return deleted;
}

interface Partition {
  name: string;
  /** Unix µs; null for one without bounds. */
  fromUs: number | null;
  toUs: number | null;
}

async function partitionsOf(db: Kysely<Database>, table: string): Promise<Partition[]> {
  const { rows } = await sql<{ name: string }>`
    select child.relname as name
      from pg_inherits join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent
     where parent.relnamespace = current_schema()::regnamespace and parent.relname = ${table}
     order by 1`.execute(db);
  return rows.map(({ name }) => ({ name, ...dayOf(name) }));
}

/** By the name that partitions.ts gives. */
function dayOf(name: string): Omit<Partition, 'name'> {
  const match = /_(\d{4})(\d\d)(\d\d)$/.exec(name);
  if (match === null) return { fromUs: null, toUs: null };
  const fromUs = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) * 1000;
  return { fromUs, toUs: fromUs + 86_400_000_000 };
}

const isWhole = ({ fromUs, toUs }: Partition, span: DeletedSpan) =>
  fromUs !== null && toUs !== null && fromUs >= span.fromUs && toUs <= span.toUs;

/** Emptied rather than dropped, since ingest may still write to that day. */
async function emptyPartition(db: Kysely<Database>, name: string): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    // Behind a long reader everybody else would wait.
    await sql`set local lock_timeout = '5s'`.execute(transaction);
    await sql`lock table only ${sql.id(name)} in access exclusive mode`.execute(transaction);
    const rows = await count(transaction, sql.id(name), sql`true`);
    await sql`truncate only ${sql.id(name)}`.execute(transaction);
    return rows;
  });
}

async function deleteBatches(
  db: Kysely<Database>,
  table: RawBuilder<unknown>,
  condition: RawBuilder<unknown>,
  signal: AbortSignal,
): Promise<number> {
  for (let deleted = 0; ;) {
    signal.throwIfAborted();
    const { numAffectedRows = 0n } = await sql`
      delete from only ${table} where ctid = any(array(select ctid from only ${table} where ${condition} limit ${batchRows}))`.execute(
      db,
    );
    deleted += Number(numAffectedRows);
    if (numAffectedRows < BigInt(batchRows)) return deleted;
  }
}

async function count(
  db: Kysely<Database>,
  table: RawBuilder<unknown>,
  condition: RawBuilder<unknown>,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int8 as n from ${table} where ${condition}`.execute(db);
  return rows[0]!.n;
}

function within(column: RawBuilder<unknown>, span: DeletedSpan): RawBuilder<unknown> {
  return sql`${column} >= ${timestamp(span.fromUs)} and ${column} < ${timestamp(span.toUs)} and ${ofHosts(span)}`;
}

function processesWithin(span: DeletedSpan): RawBuilder<unknown> {
  return sql`first_seen_at >= ${timestamp(span.fromUs)} and coalesce(exited_at, last_seen_at) < ${timestamp(span.toUs)}
    and exited_at is not null and ${ofHosts(span)}`;
}

/** Of which all lies within the span. */
function findingsWithin(span: DeletedSpan): RawBuilder<unknown> {
  return sql`first_seen_at >= ${timestamp(span.fromUs)} and last_seen_at < ${timestamp(span.toUs)} and ${ofHosts(span)}`;
}

const ofHosts = ({ hostIds }: DeletedSpan) =>
  hostIds === undefined ? sql`true` : sql`host_id = any(${hostIds}::int4[])`;

/** What is no longer there must not look as if nothing had been. */
async function noteGap(db: Kysely<Database>, span: DeletedSpan): Promise<void> {
  await sql`
    insert into gap (host_id, gap_start, gap_end, reason, lost, detail)
    select host_id, greatest(enrolled_at, ${timestamp(span.fromUs)}), ${timestamp(span.toUs)}, 'deleted', 0, 'history was deleted'
      from host where enrolled_at < ${timestamp(span.toUs)} and ${ofHosts(span)}`.execute(db);
}
