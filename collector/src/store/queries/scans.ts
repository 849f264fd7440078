// Scan evidence out of the history, filtered and in pages.
import { limits } from '@foretop/proto';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../schema.ts';
import { all, type Choice, choose, type PortRange } from './connection-filter.ts';
import { timestamp } from './connections.ts';
import { addressColumn, beyond, numberColumn, type RowKey, timeColumn } from './row-key.ts';

export interface ScanFilter {
  hostIds?: readonly number[] | undefined;
  /** As the wire numbers them. */
  kind?: Choice<number> | undefined;
  /** Addresses or networks. */
  source?: Choice<string> | undefined;
  port?: Choice<PortRange> | undefined;
}

export interface ScanQuery {
  /** Unix microseconds; rows of which any part lies in it. */
  span: { fromUs: number; toUs: number };
  filter: ScanFilter;
  sort: { column: ScanColumn; descending: boolean };
  limit?: number | undefined;
  after?: RowKey | undefined;
}

export interface ScanRow {
  hostId: number;
  /** 16 hex digits. */
  id: string;
  startedAt: Date;
  endedAt: Date;
  kind: number;
  sourceAddress: string;
  localAddress: string;
  localPort: number | null;
  ports: number;
  packets: number;
  sortValue: string | null;
}

export const scanSortColumns = {
  endedAt: timeColumn(sql`scan_end`),
  startedAt: timeColumn(sql`scan_start`),
  hostId: numberColumn(sql`host_id`),
  kind: numberColumn(sql`kind`),
  sourceAddress: addressColumn(sql`source_address`),
  localAddress: addressColumn(sql`local_address`),
  localPort: numberColumn(sql`local_port`),
  ports: numberColumn(sql`ports`),
  packets: numberColumn(sql`packets`),
} as const;

export type ScanColumn = keyof typeof scanSortColumns;
export const scanColumns = Object.keys(scanSortColumns) as ScanColumn[];

export async function selectScans(db: Kysely<Database>, query: ScanQuery & { limit: number }): Promise<ScanRow[]> {
  return (await scansQuery(query).execute(db)).rows;
}

/** Without limit: every row. */
export function scansQuery({ span, filter, sort, limit, after }: ScanQuery): RawBuilder<ScanRow> {
  const column = scanSortColumns[sort.column];
  const direction = sql.raw(sort.descending ? 'desc' : 'asc');
  const condition = all([
    filter.hostIds && sql`host_id = any(${filter.hostIds}::int4[])`,
    choose(filter.kind, (kind) => sql`kind = ${kind}`),
    choose(filter.source, (network) => sql`source_address <<= ${network}::text::inet`),
    choose(filter.port, ({ least, most }) => sql`coalesce(local_port between ${least} and ${most}, false)`),
  ]);
  return sql<ScanRow>`
    select host_id as "hostId", lpad(to_hex(evidence_id), 16, '0') as id, scan_start as "startedAt", scan_end as "endedAt", kind,
           host(source_address) as "sourceAddress", host(local_address) as "localAddress", local_port as "localPort", ports,
           packets, (${column.expression})::text as "sortValue"
      from scan_evidence
     where scan_end >= ${timestamp(span.fromUs)} and scan_end <= ${timestamp(span.toUs + limits.scanSpanUs)}
       and scan_start <= ${timestamp(span.toUs)} and ${condition}
       and ${beyond(after, column, sort.descending, sql`evidence_id`)}
     order by ${column.expression} ${direction} nulls last, host_id, evidence_id
     limit ${limit ?? null}`;
}
