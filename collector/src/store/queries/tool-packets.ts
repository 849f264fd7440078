// Packets of captures: pieces of one stream a host's part, each at its place.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

/** No piece is longer, so that whoever looks for a place knows how far before it a piece may begin. */
export const pieceBytes = 256 << 10;

export interface NewPackets {
  requestId: string;
  hostId: number;
  /** Bytes of the stream before it. */
  start: number;
  bytes: Buffer;
}

export interface PacketCounts {
  requestId: string;
  bytes: number;
  sealed: boolean;
}

/** Both or neither. */
export async function insertPackets(
  db: Kysely<Database>,
  pieces: readonly NewPackets[],
  counts: readonly PacketCounts[],
  now: Date,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('tool_packets')
      .values(
        pieces.map(({ requestId, hostId, start, bytes }) => ({
          ...{ host_id: hostId, request_id: requestId, start, stored_at: now, bytes },
        })),
      )
      .execute();
    await sql`
      update tool_run_host h set packet_bytes = u.bytes, packets_sealed = u.sealed
        from unnest(${counts.map(({ requestId }) => requestId)}::text[], ${counts.map(({ bytes }) => bytes)}::int8[],
          ${counts.map(({ sealed }) => sealed)}::bool[]) as u (request_id, bytes, sealed)
       where h.request_id = u.request_id`.execute(transaction);
  });
}

/** Room for clocks of collectors that differ; a part's packets are stored between its signature and its end. */
const marginMs = 3_600_000;

/** What stands from `from` on, some of it; empty = nothing does. */
export async function selectPackets(
  db: Kysely<Database>,
  query: { requestId: string; from: number; signedAt: Date; endedAt: Date; pieces: number },
): Promise<Buffer[]> {
  const { requestId, from, signedAt, endedAt, pieces } = query;
  const [earliest, latest] = [new Date(+signedAt - marginMs), new Date(+endedAt + marginMs)];
  const { rows } = await sql<{ start: number; bytes: Buffer }>`
    select start, bytes from tool_packets
     where request_id = ${requestId} and start > ${from - pieceBytes}::int8 and start + length(bytes) > ${from}::int8
       and stored_at between ${earliest}::timestamptz and ${latest}::timestamptz
     order by start limit ${pieces}`.execute(db);
  const found: Buffer[] = [];
  let at = from;
  for (const { start, bytes } of rows) {
    // What comes after a piece that was deleted is of no use to a reader of streams.
    if (start > at) break;
    found.push(bytes.subarray(at - start));
    at = start + bytes.length;
  }
  return found;
}

/** Bytes that captures asked for since then have left, and may still bring. */
export async function recentPacketBytes(db: Kysely<Database>, since: Date): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`
    select coalesce(sum(case when h.ended_at is null then (r.parameters->>'maxBytes')::int8 else h.packet_bytes end), 0)::int8
             as bytes
      from tool_run r join tool_run_host h using (run_id)
     where r.tool = 'capture' and r.created_at >= ${since}::timestamptz`.execute(db);
  return rows[0]!.bytes;
}
