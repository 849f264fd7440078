// What an operator does about agents' keys: make an enrolment token, revoke a host.
import { createHash, randomBytes } from 'node:crypto';
import type { Store } from '../store/database.ts';
import { insertEnrolToken, revokeHostKeys } from '../store/queries/enrolment.ts';
import { listOwnerChanges, readPins } from '../store/queries/trust.ts';

export const enrolTokenLifeMs = 15 * 60_000;

/**
 * A token that enrols one host within 15 minutes, with the owner and recovery key that the host is to pin. Only its hash is
 * stored.
 */
export async function createEnrolToken(
  store: Pick<Store, 'db' | 'collectorId'>,
  now: () => number = Date.now,
): Promise<{ token: string; expiresAt: Date }> {
  const createdAt = now();
  const expiresAt = createdAt + enrolTokenLifeMs;
  const content = {
    c: store.collectorId,
    s: randomBytes(32).toString('base64url'),
    e: Math.floor(expiresAt / 1000),
    ...(await pinsOf(store)),
  };
  const token = `fte1_${Buffer.from(JSON.stringify(content)).toString('base64url')}`;
  await insertEnrolToken(store.db, hashEnrolToken(token), new Date(createdAt), new Date(expiresAt));
  return { token, expiresAt: new Date(expiresAt) };
}

/**
 * `n` is the serial of the newest change of the owner key: the host takes no older one, or a replaced key could come back.
 * Nothing before the collector was first started.
 */
async function pinsOf({ db }: Pick<Store, 'db'>): Promise<{ o: string; r: string; n: number } | undefined> {
  const pins = await readPins(db);
  if (pins === undefined) return undefined;
  return { o: pins.owner, r: pins.recovery, n: (await listOwnerChanges(db)).at(-1)?.serial ?? 0 };
}

/** What is stored of a token. Its 256 random bits need no slow hash. */
export function hashEnrolToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Refuses the host's key from now on and cuts its connection, whichever process holds it. False: no such host. */
export function revokeHost(store: Pick<Store, 'db'>, hostId: number, now: () => number = Date.now): Promise<boolean> {
  return revokeHostKeys(store.db, hostId, new Date(now()));
}
