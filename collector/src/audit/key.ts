// The collector's own signing key: made at the first start, kept in the data directory, used for the heads of the audit chain.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type PublicJwk, thumbprint } from '@foretop/proto/trust';

export interface CollectorKey {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicJwk;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

const fileName = 'collector-key.pem';

/** The file holds a key that is not one of ours, or cannot be read. */
export class CollectorKeyError extends Error {
  readonly code = 'collector-key-unusable';
  readonly retryable = false;
}

/** Reads the key, or makes it; of several processes that make one at once, all get the same. Throws CollectorKeyError. */
export async function openCollectorKey(dataDir: string): Promise<CollectorKey> {
  const path = join(dataDir, fileName);
  try {
    const pem = (await readIfThere(path)) ?? (await makeKey(dataDir, path));
    return await keyOf(createPrivateKey(pem));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CollectorKeyError(`The collector's key ${JSON.stringify(path)} cannot be used: ${reason}.`, { cause });
  }
}

/** A key that no file holds. */
export function newCollectorKey(): Promise<CollectorKey> {
  return keyOf(generateKeyPairSync('ed25519').privateKey);
}

async function keyOf(privateKey: KeyObject): Promise<CollectorKey> {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`it is ${privateKey.asymmetricKeyType}, not ed25519`);
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: x! };
  return { privateKey, publicKey, thumbprint: await thumbprint(publicKey) };
}

async function makeKey(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  await using file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await file.sync();
    // Whoever links first has made the key; the file is whole from its first moment.
    await link(fresh, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(fresh, { force: true });
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
