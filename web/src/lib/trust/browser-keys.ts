// This browser's signing keys: Ed25519, made here, never readable by a script, kept in IndexedDB until they are forgotten.
import { thumbprint, type PublicJwk } from '@foretop/proto/trust';
import { inKeyStore } from './key-store.ts';
import { noEd25519 } from './signing-support.ts';

export interface BrowserKey {
  thumbprint: string;
  jwk: PublicJwk;
  /** Not extractable: it signs, and that is all that can be done with it. */
  privateKey: CryptoKey;
  madeAtMs: number;
}

const names = { database: 'foretop-trust', store: 'signing-keys', keyPath: 'thumbprint' };

/** Oldest first; none where the browser keeps no database. */
export async function browserKeys(): Promise<BrowserKey[]> {
  if (globalThis.indexedDB === undefined) return [];
  const keys = await inKeyStore<BrowserKey[]>(names, 'readonly', (store) => store.getAll());
  return keys.sort((a, b) => a.madeAtMs - b.madeAtMs);
}

/** Throws Error with a sentence for the person when this browser cannot. */
export async function makeBrowserKey(): Promise<BrowserKey> {
  const pair = await generate();
  const { x } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: x! };
  const key = { thumbprint: await thumbprint(jwk), jwk, privateKey: pair.privateKey, madeAtMs: Date.now() };
  await inKeyStore(names, 'readwrite', (store) => store.put(key));
  // Browsers may clear what is not asked to be kept. One that says no still keeps it for now.
  await navigator.storage?.persist?.();
  return key;
}

export async function forgetBrowserKey(thumbprint: string): Promise<void> {
  await inKeyStore(names, 'readwrite', (store) => store.delete(thumbprint));
}

async function generate(): Promise<CryptoKeyPair> {
  try {
    return (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  } catch (cause) {
    throw new Error(noEd25519, { cause });
  }
}
