// The host's identity: an Ed25519 key made here that never leaves it; its id is the key's thumbprint (RFC 7638).
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { AgentError } from './agent-error.ts';
import { inDataDirectory, requirePrivate } from './data-directory.ts';

export interface Identity {
  privateKey: KeyObject;
  /** Ed25519, 32 bytes. */
  publicKey: Uint8Array;
  /** RFC 7638, SHA-256, base64url. */
  thumbprint: string;
}

/** Reads the key, or makes it on the first start. Throws AgentError when the file is not a private Ed25519 key. */
export async function openIdentity(path: string): Promise<Identity> {
  inDataDirectory(dirname(path), () => existsSync(path) || create(path));
  requirePrivate(path);
  const jwk = parse(path);
  const privateKey = importKey(path, jwk);
  const { kty, crv, x } = privateKey.export({ format: 'jwk' });
  const thumbprint = await calculateJwkThumbprint({ kty, crv, x } as JWK, 'sha256');
  return { privateKey, publicKey: Buffer.from(x!, 'base64url'), thumbprint };
}

/** Written whole before it gets its name, and linked only if there is none yet, so no start finds half a key or replaces one. */
function create(path: string): void {
  const draft = `${path}.new`;
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(jwk), { mode: 0o600, flag: 'wx', flush: true });
  linkSync(draft, path);
  rmSync(draft);
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function importKey(path: string, jwk: unknown): KeyObject {
  try {
    const key = createPrivateKey({ key: jwk as JWK, format: 'jwk' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw unusable(path, cause);
  }
  throw unusable(path, undefined);
}

function unusable(path: string, cause: unknown): AgentError {
  const advice = 'Restore it from a backup, or delete it and enrol this host again with a new token.';
  return new AgentError('identity', `'${path}' does not hold an Ed25519 private key (JWK). ${advice}`, { cause });
}
