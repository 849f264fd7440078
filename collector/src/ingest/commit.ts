// Writes a group of batches in one transaction: cursors first, then the rows of the batches that turned out to be new.
import type pg from 'pg';
import type { IngestResult } from './batch.ts';
import { copyIn } from './copy-in.ts';
import { advanceCursors } from './cursors.ts';
import { dnsColumns } from './dns.ts';
import { chunkColumns } from './metrics.ts';
import type { Encoders, PreparedBatch, Range } from './prepare.ts';
import { processMinuteColumns } from './processes.ts';
import { scanColumns } from './scans.ts';
import { segmentColumns } from './segments.ts';
import { addMetricMinutes, insertGaps, upsertProcesses } from './small-rows.ts';

export interface CommittedGroup {
  /** One for each batch. */
  results: IngestResult[];
  /** Of the transaction that wrote them, as Postgres numbers it (xid8). */
  transaction: bigint;
}

/**
 * Throws what Postgres or the connection threw; then nothing of it was written, or, when the connection broke during the
 * commit, all of it: the cursors tell at the next try.
 */
export async function commitGroup(
  pool: pg.Pool,
  group: readonly PreparedBatch[],
  encoders: Encoders,
): Promise<CommittedGroup> {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    const transaction = await begin(client);
    const results = await advanceCursors(
      client,
      group.map((prepared) => prepared.batch),
    );
    const fresh = group.filter((_, index) => results[index] === 'committed');
    if (fresh.length > 0) await writeRows(client, fresh, encoders);
    await client.query('commit');
    const settled = results.map((result, index) =>
      result === 'committed' && group[index]!.poison !== undefined ? 'quarantined' : result,
    );
    return { results: settled, transaction };
  } catch (error) {
    failed = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // After a failure the connection is closed rather than rolled back: it may be half-way through a COPY.
    client.release(failed);
  }
}

/** In one round trip. @returns the transaction's number. */
async function begin(client: pg.ClientBase): Promise<bigint> {
  const text = 'begin; select pg_current_xact_id()::text as transaction';
  const [, { rows }] = (await client.query(text)) as unknown as [unknown, { rows: [{ transaction: string }] }];
  return BigInt(rows[0].transaction);
}

async function writeRows(client: pg.ClientBase, fresh: readonly PreparedBatch[], encoders: Encoders): Promise<void> {
  const slices = (encoder: keyof Encoders) =>
    joinRanges(fresh.map((prepared) => prepared[encoder])).map(({ start, end }) => encoders[encoder].slice(start, end));
  const tables = [
    ['connection_segment', segmentColumns, slices('segments')],
    ['dns_exchange', dnsColumns, slices('dns')],
    ['scan_evidence', scanColumns, slices('scans')],
    ['metric_chunk', chunkColumns, slices('chunks')],
    ['process_1m', processMinuteColumns, slices('processMinutes')],
  ] as const;
  for (const [table, columns, rows] of tables) if (rows.length > 0) await copyIn(client, table, columns, rows);
  await addMetricMinutes(
    client,
    fresh.flatMap((prepared) => prepared.minutes),
  );
  await upsertProcesses(
    client,
    fresh.flatMap((prepared) => prepared.processes),
  );
  await insertGaps(
    client,
    fresh.flatMap((prepared) => prepared.gaps),
  );
}

/** Neighbours become one, empty ones go. */
function joinRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const { start, end } of ranges) {
    const last = joined.at(-1);
    if (start === end) continue;
    if (last?.end === start) last.end = end;
    else joined.push({ start, end });
  }
  return joined;
}
