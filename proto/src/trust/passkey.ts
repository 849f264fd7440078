// Checks what a passkey signed (WebAuthn level 2, section 7.2), with WebCrypto and without CBOR: the key is known as SPKI.
import { base64url } from 'jose';
import { objectOf } from './checks.ts';
import { derSignature } from './der-signature.ts';
import { sha256 } from './digest.ts';
import { invalid, malformed } from './statement-error.ts';
import type { PasskeyKey, RosterClaims } from './statements.ts';

/** What navigator.credentials.get() gave. */
export interface PasskeyAssertion {
  credentialId: Uint8Array;
  authenticatorData: Uint8Array;
  clientDataJson: Uint8Array;
  signature: Uint8Array;
}

const most = { credentialId: 1_023, authenticatorData: 1_024, clientDataJson: 4_096, signature: 1_024 } as const;
/** rpIdHash, flags, signCount. */
const leastAuthenticatorData = 37;
const flag = {
  userPresent: 1,
  userVerified: 4,
  backupEligible: 8,
  backedUp: 16,
  attested: 64,
  extensions: 128,
} as const;

/**
 * Resolves when the key of `key` signed `digest` for this relying party, on one of its pages, with the person present and
 * verified. Throws StatementError.
 */
export async function verifyPasskey(
  assertion: PasskeyAssertion,
  expected: { digest: Uint8Array; key: PasskeyKey; rp: RosterClaims['rp'] },
): Promise<void> {
  const { digest, key, rp } = expected;
  if (rp === null) throw invalid('the roster names no relying party, so no passkey is taken');
  for (const [name, limit] of Object.entries(most)) {
    const { length } = assertion[name as keyof PasskeyAssertion];
    if (length === 0 || length > limit) throw malformed(`${name} has ${length} bytes, 1 to ${limit} are allowed`);
  }
  if (base64url.encode(assertion.credentialId) !== key.credentialId)
    throw invalid('the assertion is of another passkey');
  requireClientData(assertion.clientDataJson, digest, rp.origins);
  await requireAuthenticatorData(assertion.authenticatorData, rp.id);
  const clientDataHash = await sha256(new Uint8Array(assertion.clientDataJson));
  const signed = new Uint8Array([...assertion.authenticatorData, ...clientDataHash]);
  if (!(await verifies(key, new Uint8Array(assertion.signature), signed)))
    throw invalid("the passkey's signature is wrong");
}

function requireClientData(bytes: Uint8Array, digest: Uint8Array, origins: readonly string[]): void {
  let client: Record<string, unknown>;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    client = objectOf(JSON.parse(text), 'clientDataJson');
  } catch (cause) {
    throw malformed('clientDataJson is no JSON object', cause);
  }
  if (client['type'] !== 'webauthn.get') throw invalid('the passkey was not asked to sign in');
  if (client['challenge'] !== base64url.encode(digest)) throw invalid('the passkey signed another challenge');
  if (!origins.some((origin) => origin === client['origin'])) throw invalid('the passkey was used on another page');
  // Present and anything but false, or with the name of an outer page: the page was framed by another.
  if ((client['crossOrigin'] ?? false) !== false || client['topOrigin'] !== undefined)
    throw invalid('the passkey was used in a frame of another page');
}

async function requireAuthenticatorData(data: Uint8Array, rpId: string): Promise<void> {
  if (data.length < leastAuthenticatorData) throw malformed(`authenticatorData has ${data.length} bytes`);
  const rpIdHash = await sha256(new TextEncoder().encode(rpId));
  if (rpIdHash.some((byte, index) => byte !== data[index])) throw invalid('the passkey is of another relying party');
  const flags = data[32]!;
  const has = (bit: number) => (flags & bit) !== 0;
  if (!has(flag.userPresent)) throw invalid('nobody touched the authenticator');
  if (!has(flag.userVerified)) throw invalid('the authenticator did not verify the person');
  if (has(flag.attested) || (has(flag.backedUp) && !has(flag.backupEligible)))
    throw malformed('authenticatorData has flags that no assertion has');
  if (has(flag.extensions) !== data.length > leastAuthenticatorData)
    throw malformed(`authenticatorData has ${data.length} bytes, which its flags do not tell`);
}

const algorithms = {
  [-7]: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  [-8]: { name: 'Ed25519' },
  [-257]: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} as const satisfies Record<PasskeyKey['algorithm'], object>;

const leastModulusBits = 2_048;

/** The key, when it is one of its algorithm. Throws StatementError malformed. */
export async function importPasskey({ spki, algorithm }: PasskeyKey) {
  let key;
  try {
    const bytes = new Uint8Array(base64url.decode(spki));
    key = await crypto.subtle.importKey('spki', bytes, algorithms[algorithm], true, ['verify']);
  } catch (cause) {
    throw malformed(`the passkey's key is none of COSE algorithm ${algorithm}`, cause);
  }
  const bits = 'modulusLength' in key.algorithm ? Number(key.algorithm.modulusLength) : undefined;
  if (bits !== undefined && bits < leastModulusBits) throw malformed(`the passkey's key has only ${bits} bits`);
  return key;
}

async function verifies(
  key: PasskeyKey,
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const imported = await importPasskey(key);
  const raw = key.algorithm === -7 ? derSignature(signature, 32) : signature;
  return raw !== undefined && crypto.subtle.verify(algorithms[key.algorithm], imported, raw, signed);
}
