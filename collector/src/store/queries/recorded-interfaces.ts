// Which interfaces a host had within a span, and what each carried, out of the minutes on record.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { timestamp } from './connections.ts';

/** Bytes, errors and drops of both directions are null where no minute says. */
export interface RecordedInterfaceRow {
  name: string;
  seconds: number;
  rxBytes: number | null;
  txBytes: number | null;
  errors: number | null;
  drops: number | null;
}

/** More than any host is shown with; a hostile one may name as many as it likes. */
export const mostRecordedInterfaces = 1_000;

/** Those that carried most come first. */
export async function selectRecordedInterfaces(
  db: Kysely<Database>,
  { hostId, fromUs, toUs }: { hostId: number; fromUs: number; toUs: number },
): Promise<RecordedInterfaceRow[]> {
  // Of least(), null would be the other one.
  const sum = (column: string) =>
    sql`case when sum(${sql.ref(column)}) > 9007199254740991 then 9007199254740991 else sum(${sql.ref(column)}) end::int8`;
  const { rows } = await sql<RecordedInterfaceRow>`
    select substr(subject, 4) as name, sum(seconds)::int8 as seconds, ${sum('rx_bytes')} as "rxBytes",
           ${sum('tx_bytes')} as "txBytes", ${sum('errors')} as errors, ${sum('drops')} as drops
      from metric_1m
     where host_id = ${hostId} and subject like 'if:_%' and ts >= ${timestamp(fromUs)} and ts < ${timestamp(toUs)}
     group by subject
     order by coalesce(sum(rx_bytes), 0) + coalesce(sum(tx_bytes), 0) desc, subject collate "C"
     limit ${mostRecordedInterfaces}`.execute(db);
  return rows;
}
