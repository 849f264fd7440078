// Daily partitions: made for everything that may be kept and two days ahead, dropped whole when their retention is over, emptied when room is needed.
import { type Kysely, sql } from 'kysely';
import type { Retention } from './retention.ts';
import type { Database } from './schema.ts';

export const partitionedTables = [
  'connection_segment',
  'dns_exchange',
  'scan_evidence',
  'metric_chunk',
  'metric_1m',
  'process_1m',
  'tool_packets',
] as const;
export type PartitionedTable = (typeof partitionedTables)[number];

/** `day` counts from 1970-01-01. */
export interface Partition {
  table: PartitionedTable;
  day: number;
}

/** How long a table keeps its rows, days. Packets are kept for as long as the runs that brought them. */
const daysKept = (retention: Retention, table: PartitionedTable): number =>
  retention[table === 'tool_packets' ? 'gap' : table];

const dayMs = 86_400_000;
const daysAhead = 2;
/** Rows are checked against the retention some time before they are written, so a partition stays a day longer. */
const daysOfGrace = 1;

/** Makes what is missing, the newest first, since that is what ingest waits for. @returns the names of those made. */
export async function makePartitions(db: Kysely<Database>, retention: Retention, nowMs: number): Promise<string[]> {
  const today = Math.floor(nowMs / dayMs);
  const existing = new Set(await listPartitions(db));
  const wanted = partitionedTables.flatMap((table) => {
    const days = daysKept(retention, table) + daysOfGrace + daysAhead + 1;
    return Array.from({ length: days }, (_, index) => ({ table, day: today + daysAhead - index }));
  });
  const missing = wanted.filter(({ table, day }) => !existing.has(partitionName(table, day)));
  missing.sort((a, b) => b.day - a.day);
  for (const { table, day } of missing) await makePartition(db, table, day);
  return missing.map(({ table, day }) => partitionName(table, day));
}

/** Attaching locks the parent less than creating as a partition would: readers and ingest go on. */
async function makePartition(db: Kysely<Database>, table: PartitionedTable, day: number): Promise<void> {
  const name = partitionName(table, day);
  const [from, to] = [dayText(day), dayText(day + 1)];
  await db.transaction().execute(async (transaction) => {
    await sql`create table if not exists ${sql.ref(name)} (like ${sql.ref(table)} including defaults including storage)`.execute(
      transaction,
    );
    await sql`alter table ${sql.ref(table)} attach partition ${sql.ref(name)} for values from (${sql.lit(from)}) to (${sql.lit(to)})`.execute(
      transaction,
    );
  });
}

/** Drops partitions whose youngest row is beyond its retention. @returns their names. */
export async function dropPartitions(db: Kysely<Database>, retention: Retention, nowMs: number): Promise<string[]> {
  const today = Math.floor(nowMs / dayMs);
  const names = await listPartitions(db);
  const over = names.filter((name) => {
    const { table, day } = parseName(name);
    return day + 1 <= today - daysKept(retention, table) - daysOfGrace;
  });
  for (const name of over) {
    await db.transaction().execute(async (transaction) => {
      // Dropping locks the parent. Behind a long reader everybody else would wait: rather try again at the next round.
      await sql`set local lock_timeout = '2s'`.execute(transaction);
      await sql`drop table ${sql.ref(name)}`.execute(transaction);
    });
  }
  return over;
}

/** Those that have rows. */
export async function listFilledPartitions(db: Kysely<Database>): Promise<Partition[]> {
  return (await readPartitions(db)).filter(({ bytes }) => bytes > 0).map(({ name }) => parseName(name));
}

/**
 * Gives back the room of a partition and says in the table `setting` up to when its table has lost history. The partition
 * stays, since agents that were away may still bring rows of that day. `asGap`: every host's ledger says it too.
 */
export async function emptyPartition(db: Kysely<Database>, partition: Partition, asGap: boolean): Promise<void> {
  const { table, day } = partition;
  const [from, to] = [dayText(day), dayText(day + 1)];
  await db.transaction().execute(async (transaction) => {
    await sql`set local lock_timeout = '2s'`.execute(transaction);
    await sql`truncate table ${sql.ref(partitionName(table, day))}`.execute(transaction);
    await sql`
      insert into setting (key, value) values (${droppedKey}, jsonb_build_object(${sql.lit(table)}::text, ${to}::text))
      on conflict (key) do update set value = setting.value || excluded.value
      where coalesce(setting.value->>${sql.lit(table)}, '') < ${to}`.execute(transaction);
    if (asGap) await recordGap(transaction, from, to);
  });
}

const droppedKey = 'size-budget-dropped-before';

/** Up to when each table lost history to the size budget: RFC 3339, whole days. */
export async function readDroppedBefore(db: Kysely<Database>): Promise<Partial<Record<PartitionedTable, string>>> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', droppedKey).executeTakeFirst();
  return (row?.value ?? {}) as Partial<Record<PartitionedTable, string>>;
}

/** Days that follow each other make one gap, so a host has one for as long as the budget is short. */
async function recordGap(db: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`
    update gap set gap_end = ${to}, recorded_at = now()
    where reason = 'size-budget' and gap_end >= ${from} and gap_start <= ${from} and gap_end < ${to}`.execute(db);
  await sql`
    insert into gap (host_id, gap_start, gap_end, reason, lost, detail)
    select host_id, greatest(enrolled_at, ${from}), ${to}, 'size-budget', 0, 'connections and DNS of whole days'
    from host
    where enrolled_at < ${to} and not exists (
      select from gap
      where gap.host_id = host.host_id and reason = 'size-budget' and gap_start <= greatest(enrolled_at, ${from})
        and gap_end >= ${to})`.execute(db);
}

const listPartitions = async (db: Kysely<Database>) => (await readPartitions(db)).map(({ name }) => name);

async function readPartitions(db: Kysely<Database>): Promise<{ name: string; bytes: number }[]> {
  const { rows } = await sql<{ name: string; bytes: number }>`
    select child.relname as name, pg_relation_size(child.oid) as bytes
    from pg_inherits join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent
    where parent.relnamespace = current_schema()::regnamespace
      and parent.relname in (${sql.join(partitionedTables.map((table) => sql.lit(table)))})
      and child.relname ~ '_[0-9]{8}$' and child.relkind in ('r', 'p')`.execute(db);
  return rows;
}

/** `day` counts from 1970-01-01. */
export function partitionName(table: PartitionedTable, day: number): string {
  return `${table}_${dayText(day).slice(0, 10).replaceAll('-', '')}`;
}

function parseName(name: string): Partition {
  const [, table, year, month, date] = /^(\w+)_(\d{4})(\d\d)(\d\d)$/.exec(name)!;
  return { table: table as PartitionedTable, day: Date.UTC(Number(year), Number(month) - 1, Number(date)) / dayMs };
}

const dayText = (day: number) => new Date(day * dayMs).toISOString();
