// How far each epoch of a host is in the store.
import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';

/** The sequence up to which each of these epochs is stored, in their order; 0 for one that has no cursor. */
export async function readSequences(
  db: Kysely<Database>,
  hostId: number,
  epochs: readonly Uint8Array[],
): Promise<number[]> {
  if (epochs.length === 0) return [];
  const rows = await db
    .selectFrom('agent_cursor')
    .select(['epoch', 'sequence'])
    .where('host_id', '=', hostId)
    .where(
      'epoch',
      'in',
      epochs.map((epoch) => Buffer.from(epoch)),
    )
    .execute();
  return epochs.map((epoch) => rows.find((row) => row.epoch.equals(epoch))?.sequence ?? 0);
}
