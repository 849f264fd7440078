// The collector's owner and recovery key: made at the first start, found in the data directory as long as they are kept there.
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Kysely } from 'kysely';
import { insertPins, readPins, type TrustPins } from '../store/queries/trust.ts';
import type { Database } from '../store/schema.ts';
import { createKeyFile, type KeyPair, type KeyPurpose, newKeyPair, readKeyFile } from './key-file.ts';
import { TrustError } from './trust-error.ts';

export const ownerKeyPath = (dataDir: string) => join(dataDir, 'owner-key.json');
export const recoveryKeyPath = (dataDir: string) => join(dataDir, 'recovery-key.json');
/** Written before the database knows that it is the owner's, and renamed after. */
export const nextOwnerKeyPath = (dataDir: string) => join(dataDir, 'owner-key.next.json');

/** The keys that hosts are to pin; both are made when there are none yet. Throws TrustError. */
export async function openTrustKeys(
  db: Kysely<Database>,
  dataDir: string,
): Promise<{ pins: TrustPins; made: boolean }> {
  const known = await readPins(db);
  if (known !== undefined) return { pins: known, made: false };
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const owner = await makeOrRead(ownerKeyPath(dataDir), 'owner');
  const recovery = await makeOrRead(recoveryKeyPath(dataDir), 'recovery');
  return { pins: await insertPins(db, { owner: owner.jwk.x, recovery: recovery.jwk.x }), made: true };
}

/** A file from before stays: another process may have made it just now. */
async function makeOrRead(path: string, purpose: KeyPurpose): Promise<KeyPair> {
  await createKeyFile(path, purpose, await newKeyPair());
  return (await readKeyFile(path, purpose))!;
}

/** undefined: the owner key is elsewhere. Throws TrustError when the file cannot be used. */
export async function ownerKeyHere(dataDir: string, pins: TrustPins): Promise<KeyPair | undefined> {
  const path = ownerKeyPath(dataDir);
  const key = await readKeyFile(path, 'owner');
  if (key?.jwk.x === pins.owner) return key;
  // A change of the owner key that ended between the database and the file.
  const next = await readKeyFile(nextOwnerKeyPath(dataDir), 'owner');
  if (next?.jwk.x !== pins.owner) return undefined;
  await rename(nextOwnerKeyPath(dataDir), path).catch((error: NodeJS.ErrnoException) => {
    // Another process was faster.
    if (error.code !== 'ENOENT') throw error;
  });
  return next;
}

/** Whether the recovery key still lies beside the collector. A file that cannot be used counts as there. */
export async function isRecoveryKeyHere(dataDir: string): Promise<boolean> {
  try {
    return (await readKeyFile(recoveryKeyPath(dataDir), 'recovery')) !== undefined;
  } catch (error) {
    if (error instanceof TrustError) return true;
    throw error;
  }
}

/** With what a crash may have left of writing it, but for the file that the new key was just put into. */
export async function removeOwnerKey(dataDir: string, kept: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => /^owner-key(\.next)?\.json(\.\w+\.draft)?$/.test(name));
  for (const path of names.map((name) => resolve(dataDir, name))) {
    if (path !== resolve(kept)) await rm(path, { force: true });
  }
}
