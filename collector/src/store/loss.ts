// Batches that an agent's spool had to drop: the cursor steps over them, and the ledger says so.
import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/**
 * Moves the cursor of (host, epoch) to `sequence`, unless it is there or beyond already. What lies between is lost: the gap
 * reaches from the last commit to now, since nobody knows it better.
 */
export async function declareLoss(
  db: Kysely<Database>,
  hostId: number,
  epoch: Uint8Array,
  sequence: number,
): Promise<void> {
  const key = Buffer.from(epoch);
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('agent_cursor')
      .values({ host_id: hostId, epoch: key, sequence: 0 })
      .onConflict((conflict) => conflict.columns(['host_id', 'epoch']).doNothing())
      .execute();
    const cursor = await transaction
      .selectFrom('agent_cursor')
      .select(['sequence', 'updated_at'])
      .where('host_id', '=', hostId)
      .where('epoch', '=', key)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (cursor.sequence >= sequence) return;
    const now = new Date();
    await transaction
      .updateTable('agent_cursor')
      .set({ sequence, updated_at: now })
      .where('host_id', '=', hostId)
      .where('epoch', '=', key)
      .execute();
    await transaction
      .insertInto('gap')
      .values({
        host_id: hostId,
        gap_start: cursor.updated_at < now ? cursor.updated_at : now,
        gap_end: now,
        reason: 'spool-overflow',
        lost: sequence - cursor.sequence,
        detail: `batches ${cursor.sequence + 1} to ${sequence} of epoch ${key.toString('hex')} were dropped by the agent's spool`,
      })
      .execute();
  });
}
