// What detection knows, saved for its next start: states of detectors by host, and up to which transaction they know everything.
import { type Kysely, sql } from 'kysely';
import type { Database } from '../schema.ts';

export interface SavedState {
  /** 0: of the fleet. */
  hostId: number;
  part: string;
  state: Buffer;
}

/** Of one host: whatever is not among `states` is no longer kept. `transaction` is undefined for host 0. */
export interface HostStates {
  hostId: number;
  transaction: bigint | undefined;
  states: readonly { part: string; state: Buffer }[];
}

/** All hosts in one transaction. */
export async function saveStates(db: Kysely<Database>, hosts: readonly HostStates[], at: Date): Promise<void> {
  const rows = hosts.flatMap(({ hostId, states }) => states.map((state) => ({ hostId, ...state })));
  const positions = hosts.filter(({ transaction }) => transaction !== undefined);
  await db.transaction().execute(async (transaction) => {
    await sql`
      delete from detect_state
       where host_id = any(${hosts.map(({ hostId }) => hostId)}::int4[])
         and (host_id, part) not in (
           select * from unnest(${rows.map(({ hostId }) => hostId)}::int4[], ${rows.map(({ part }) => part)}::text[]))`.execute(
      transaction,
    );
    await sql`
      insert into detect_state (host_id, part, state, saved_at)
      select h, p, s, ${at}
        from unnest(${rows.map(({ hostId }) => hostId)}::int4[], ${rows.map(({ part }) => part)}::text[],
          ${rows.map(({ state }) => state)}::bytea[]) as v (h, p, s)
      on conflict (host_id, part) do update set state = excluded.state, saved_at = excluded.saved_at`.execute(
      transaction,
    );
    await sql`
      insert into detect_position (host_id, transaction_id, at)
      select h, t, ${at}
        from unnest(${positions.map(({ hostId }) => hostId)}::int4[],
          ${positions.map((host) => host.transaction!.toString())}::int8[]) as v (h, t)
      on conflict (host_id) do update set transaction_id = excluded.transaction_id, at = excluded.at`.execute(
      transaction,
    );
  });
}

const portionRows = 200;

export async function* portionsOfStates(db: Kysely<Database>): AsyncGenerator<SavedState[], void, undefined> {
  for (let after = { hostId: -1, part: '' }; ;) {
    const { rows } = await sql<SavedState>`
      select host_id as "hostId", part, state from detect_state
       where (host_id, part) > (${after.hostId}::int4, ${after.part}::text)
       order by host_id, part limit ${portionRows}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < portionRows) return;
    after = rows.at(-1)!;
  }
}

/** By host; xid8. */
export async function readPositions(db: Kysely<Database>): Promise<Map<number, bigint>> {
  const { rows } = await sql<{ hostId: number; position: string }>`
    select host_id as "hostId", transaction_id::text as position from detect_position`.execute(db);
  return new Map(rows.map(({ hostId, position }) => [hostId, BigInt(position)]));
}

/** Of hosts (undefined: all): they have to learn anew. */
export async function deleteStates(db: Kysely<Database>, hostIds: readonly number[] | undefined): Promise<void> {
  const which = hostIds === undefined ? sql`true` : sql`host_id = any(${hostIds}::int4[])`;
  await sql`delete from detect_state where ${which}`.execute(db);
}

export interface StoredSetting {
  detector: string;
  on: boolean;
  thresholds: Record<string, number>;
}

export async function readDetectorSettings(db: Kysely<Database>): Promise<StoredSetting[]> {
  return db.selectFrom('detector_setting').select(['detector', 'is_on as on', 'thresholds']).execute();
}

export async function writeDetectorSetting(db: Kysely<Database>, setting: StoredSetting, by: string): Promise<void> {
  const values = {
    is_on: setting.on,
    thresholds: JSON.stringify(setting.thresholds),
    changed_by: by,
    changed_at: new Date(),
  };
  await db
    .insertInto('detector_setting')
    .values({ detector: setting.detector, ...values })
    .onConflict((conflict) => conflict.column('detector').doUpdateSet(values))
    .execute();
}
