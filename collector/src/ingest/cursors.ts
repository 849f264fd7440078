// Which batches of a group are new: the cursor of each (host, epoch) is read, locked and moved in the group's own transaction.
import type pg from 'pg';
import type { IncomingBatch, IngestResult } from './batch.ts';

/** Another ingest made a cursor between our reading and writing it; the transaction must be tried again. */
export class CursorMoved extends Error {
  readonly code = 'cursor-moved';
  readonly retryable = true;
}

interface Cursor {
  hostId: number;
  epoch: Buffer;
  /** As stored; undefined = no row yet. */
  stored: number | undefined;
  sequence: number;
}

/**
 * Moves the cursors over `batches` in order.
 * @returns for each batch 'committed' when its rows are to be written, else why not.
 */
export async function advanceCursors(
  client: pg.ClientBase,
  batches: readonly IncomingBatch[],
): Promise<Exclude<IngestResult, 'quarantined'>[]> {
  const cursors = await readCursors(client, batches);
  const results = batches.map((batch) => advance(cursors.get(keyOf(batch.hostId, batch.epoch))!, batch));
  const moved = [...cursors.values()].filter((cursor) => cursor.sequence !== (cursor.stored ?? 0));
  if (moved.length > 0) await writeCursors(client, moved);
  return results;
}

function advance(cursor: Cursor, { sequence, previousSequence }: IncomingBatch): Exclude<IngestResult, 'quarantined'> {
  if (sequence <= cursor.sequence) return 'duplicate';
  if (cursor.sequence < previousSequence) return 'sequence-gap';
  cursor.sequence = sequence;
  return 'committed';
}

const keyOf = (hostId: number, epoch: Uint8Array) => `${hostId} ${Buffer.from(epoch).toString('hex')}`;

/** In one order everywhere, so that two ingests that lock the same cursors do not wait for each other in a circle. */
async function readCursors(client: pg.ClientBase, batches: readonly IncomingBatch[]): Promise<Map<string, Cursor>> {
  const cursors = new Map<string, Cursor>();
  for (const { hostId, epoch } of batches) {
    cursors.set(keyOf(hostId, epoch), { hostId, epoch: Buffer.from(epoch), stored: undefined, sequence: 0 });
  }
  const wanted = [...cursors.values()];
  const { rows } = await client.query<{ host_id: number; epoch: Buffer; sequence: number }>(
    `select c.host_id, c.epoch, c.sequence
     from agent_cursor c join unnest($1::int4[], $2::bytea[]) as w (host_id, epoch) using (host_id, epoch)
     order by c.host_id, c.epoch
     for update of c`,
    [wanted.map((cursor) => cursor.hostId), wanted.map((cursor) => cursor.epoch)],
  );
  for (const row of rows) {
    const cursor = cursors.get(keyOf(row.host_id, row.epoch))!;
    cursor.stored = row.sequence;
    cursor.sequence = row.sequence;
  }
  return cursors;
}

/** Rows that exist are locked by now; of those that do not, another ingest may have written one meanwhile. */
async function writeCursors(client: pg.ClientBase, moved: readonly Cursor[]): Promise<void> {
  const [known, fresh] = [
    moved.filter((cursor) => cursor.stored !== undefined),
    moved.filter((cursor) => cursor.stored === undefined),
  ];
  if (known.length > 0) {
    await client.query(
      `update agent_cursor c set sequence = m.sequence, updated_at = now()
       from unnest($1::int4[], $2::bytea[], $3::int8[]) as m (host_id, epoch, sequence)
       where c.host_id = m.host_id and c.epoch = m.epoch`,
      columnsOf(known),
    );
  }
  if (fresh.length > 0) {
    const { rowCount } = await client.query(
      `insert into agent_cursor (host_id, epoch, sequence)
       select * from unnest($1::int4[], $2::bytea[], $3::int8[])
       on conflict (host_id, epoch) do nothing`,
      columnsOf(fresh.toSorted((a, b) => a.hostId - b.hostId || Buffer.compare(a.epoch, b.epoch))),
    );
    if (rowCount !== fresh.length) throw new CursorMoved('an agent cursor was made by another ingest');
  }
}

const columnsOf = (cursors: readonly Cursor[]) => [
  cursors.map((cursor) => cursor.hostId),
  cursors.map((cursor) => cursor.epoch),
  cursors.map((cursor) => cursor.sequence),
];
