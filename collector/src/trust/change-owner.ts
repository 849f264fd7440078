// Makes another key the owner: signed by the recovery key, since nothing else that hosts have pinned can say so.
import { rename, rm } from 'node:fs/promises';
import { type RosterClaims, signStatement } from '@foretop/proto/trust';
import type { Kysely } from 'kysely';
import { insertAudit } from '../store/queries/audit.ts';
import { listGrantedKeys } from '../store/queries/signing-keys.ts';
import {
  insertOwnerChange,
  insertRoster,
  listOwnerChanges,
  lockTrust,
  newestRoster,
  readRelyingParty,
  replacePins,
} from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import { createKeyFile, type KeyPair, newKeyPair } from './key-file.ts';
import { nextOwnerKeyPath, ownerKeyHere, recoveryKeyPath, removeOwnerKey } from './owner-keys.ts';
import { requirePins, rowOf, signRoster } from './settle-roster.ts';
import { TrustError } from './trust-error.ts';
import { claimsFor, contentOf, fitting, nextSerial } from './wanted-roster.ts';

export interface OwnerChange {
  dataDir: string;
  recovery: KeyPair;
  /** Where the new key goes: beside the collector, or to a file that is then carried away. */
  keep: 'here' | { path: string; passphrase: string | undefined };
  nowMs: number;
}

/**
 * The new key signs the roster that is due at once, so that hosts are not left without one. @returns the new owner's
 * thumbprint and when that roster expires. Throws TrustError.
 */
export async function changeOwner(
  db: Kysely<Database>,
  change: OwnerChange,
): Promise<{ owner: string; rosterExpiresAt: Date }> {
  const { dataDir, keep } = change;
  const owner = await newKeyPair();
  const path = keep === 'here' ? nextOwnerKeyPath(dataDir) : keep.path;
  if (keep === 'here') await rm(path, { force: true });
  if (!(await createKeyFile(path, 'owner', owner, keep === 'here' ? undefined : keep.passphrase)))
    throw new TrustError('key-file', `'${path}' exists already.`);
  let rosterExpiresAt: Date;
  try {
    rosterExpiresAt = await db.transaction().execute((transaction) => record(transaction, change, owner));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  // A collector that runs may have put it in its place already.
  if (keep === 'here') await ownerKeyHere(dataDir, await requirePins(db));
  else await removeOwnerKey(dataDir, path);
  return { owner: owner.thumbprint, rosterExpiresAt };
}

/**
 * New owner and recovery key, for when the recovery key is lost or stolen. No host that is enrolled knows them: each has to be
 * enrolled anew. @returns the new thumbprints. Throws TrustError.
 */
export async function beginAnew(
  db: Kysely<Database>,
  { dataDir, nowMs }: Pick<OwnerChange, 'dataDir' | 'nowMs'>,
): Promise<{ owner: string; recovery: string }> {
  const [owner, recovery] = [await newKeyPair(), await newKeyPair()];
  const paths = { owner: nextOwnerKeyPath(dataDir), recovery: `${recoveryKeyPath(dataDir)}.next` };
  for (const path of Object.values(paths)) await rm(path, { force: true });
  await createKeyFile(paths.owner, 'owner', owner);
  await createKeyFile(paths.recovery, 'recovery', recovery);
  await db.transaction().execute(async (transaction) => {
    await lockTrust(transaction);
    await requirePins(transaction);
    await replacePins(transaction, { owner: owner.jwk.x, recovery: recovery.jwk.x });
    await signFirst(transaction, owner, { online: true, nowMs });
    const detail = { owner: owner.thumbprint, recovery: recovery.thumbprint };
    await insertAudit(transaction, { actor: 'command line', action: 'owner.begin-anew', detail, outcome: 'done' });
  });
  await rename(paths.recovery, recoveryKeyPath(dataDir));
  await ownerKeyHere(dataDir, await requirePins(db));
  return { owner: owner.thumbprint, recovery: recovery.thumbprint };
}

async function record(db: Kysely<Database>, change: OwnerChange, owner: KeyPair): Promise<Date> {
  const { recovery, keep, nowMs } = change;
  await lockTrust(db);
  const pins = await requirePins(db);
  if (recovery.jwk.x !== pins.recovery)
    throw new TrustError(
      'recovery-refused',
      'This is not the recovery key that the hosts of this collector have pinned.',
    );
  const changes = await listOwnerChanges(db);
  const serial = nextSerial(changes.at(-1)?.serial, nowMs);
  const claims = { iss: recovery.thumbprint, serial, iat: Math.floor(nowMs / 1_000), owner: owner.jwk };
  const statement = await signStatement('owner', claims, recovery.privateKey, recovery.thumbprint);
  await insertOwnerChange(db, { serial, statement }, { ...pins, owner: owner.jwk.x });
  const online = keep === 'here';
  const roster = await signFirst(db, owner, { online, nowMs });
  await insertAudit(db, {
    actor: 'command line',
    action: online ? 'owner.change' : 'owner.offline',
    detail: { owner: owner.thumbprint, serial, roster: roster.serial },
    outcome: 'done',
  });
  return new Date(roster.exp * 1_000);
}

/** The roster that is due, by a new owner. */
async function signFirst(
  db: Kysely<Database>,
  owner: KeyPair,
  { online, nowMs }: { online: boolean; nowMs: number },
): Promise<RosterClaims> {
  const newest = await newestRoster(db);
  const { content } = fitting(contentOf(await listGrantedKeys(db), await readRelyingParty(db)));
  const roster = await claimsFor(content, owner.jwk.x, { newest: newest?.serial, nowMs, online });
  await insertRoster(db, rowOf(roster, await signRoster(roster, owner)));
  return roster;
}
