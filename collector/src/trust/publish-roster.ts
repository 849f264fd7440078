// Puts a roster in force that was signed where the owner key is, if hosts would take it.
import { readStatement, type RosterClaims } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import { insertRoster, newestRoster } from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import { requirePins, rowOf } from './settle-roster.ts';
import { TrustError } from './trust-error.ts';

/** Within a transaction that holds the lock. Throws TrustError roster-refused. */
export async function publishRoster(db: Kysely<Database>, statement: string, nowMs: number): Promise<RosterClaims> {
  const { owner } = await requirePins(db);
  const newest = await newestRoster(db);
  const roster = await readStatement('roster', statement, { kty: 'OKP', crv: 'Ed25519', x: owner }).catch(
    (cause: Error) => {
      throw refused(`${cause.message}; the owner key must have signed it`, cause);
    },
  );
  if (newest !== undefined && roster.serial <= newest.serial)
    throw refused(`its serial is ${roster.serial}, and hosts have seen ${newest.serial}`);
  if (roster.exp * 1_000 <= nowMs) throw refused('it has expired');
  await insertRoster(db, rowOf(roster, statement));
  return roster;
}

const refused = (why: string, cause?: unknown) =>
  new TrustError('roster-refused', `The roster is refused: ${why}.`, { cause });
