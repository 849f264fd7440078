// What a collector's database knows about itself: its identity and the key of its hashed ids.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

export interface Identity {
  /** Agents pin it at enrolment; also the audience of their tokens. */
  collectorId: string;
  /** 16 bytes, key of the 64-bit ids. It stays with the data, since the ids in it were made with it. */
  hashKey: Buffer;
}

/** Made once for each database; whoever comes second reads what the first one wrote. */
export async function readIdentity(db: Kysely<Database>): Promise<Identity> {
  const fresh = { collectorId: randomBytes(16).toString('base64url'), hashKey: randomBytes(16).toString('base64') };
  await db
    .insertInto('setting')
    .values({ key: 'identity', value: sql`${JSON.stringify(fresh)}::jsonb` })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db.selectFrom('setting').select('value').where('key', '=', 'identity').executeTakeFirstOrThrow();
  const stored = row.value as typeof fresh;
  return { collectorId: stored.collectorId, hashKey: Buffer.from(stored.hashKey, 'base64') };
}
