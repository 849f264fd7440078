// Passkeys: registers one for this dashboard's name, and has one sign a command's digest. User verification is always required.
import type { PasskeySignature } from '@foretop/proto/api';
import type { PasskeyKey } from '@foretop/proto/trust';
import { fromBase64url, toBase64url } from './base64url.ts';

/** COSE algorithms in the order in which they are wanted: EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257] as const;
const registrationMs = 120_000;

const said: Record<string, string> = {
  NotAllowedError: 'The browser made no signature: it was cancelled, it took too long, or no passkey for this is here.',
  InvalidStateError: 'This authenticator holds a passkey of yours for this dashboard already.',
  NotSupportedError: 'This authenticator has none of the algorithms that are accepted: EdDSA, ES256, RS256.',
  SecurityError: 'The browser refuses passkeys at this address.',
};

/** Throws Error with a sentence for the person. `known`: credential ids that are registered already. */
export async function makePasskey(
  account: { id: string; name: string },
  known: readonly string[],
): Promise<PasskeyKey> {
  const credential = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: location.hostname, name: 'Foretop' },
        user: { id: new TextEncoder().encode(account.id), name: account.name, displayName: account.name },
        // Nothing rests on it: what counts is that an administrator grants the key.
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        excludeCredentials: known.map((id) => ({ type: 'public-key', id: fromBase64url(id) })),
        attestation: 'none',
        timeout: registrationMs,
      },
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new Error('The browser made no passkey.');
  const spki = response.getPublicKey();
  const algorithm = algorithms.find((name) => name === response.getPublicKeyAlgorithm());
  if (spki === null || algorithm === undefined) throw new Error(said['NotSupportedError']);
  return { credentialId: toBase64url(credential.rawId), spki: toBase64url(spki), algorithm };
}

/** Throws Error with a sentence for the person. The person touches an authenticator or unlocks the device. */
export async function signWithPasskey(
  challenge: Uint8Array<ArrayBuffer>,
  credentialIds: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<PasskeySignature> {
  const credential = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge,
        rpId: location.hostname,
        allowCredentials: credentialIds.map((id) => ({ type: 'public-key', id: fromBase64url(id) })),
        userVerification: 'required',
        timeout: timeoutMs,
      },
      signal,
    }),
  );
  const { response } = credential;
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error('The browser made no signature.');
  return {
    credentialId: toBase64url(credential.rawId),
    authenticatorData: toBase64url(response.authenticatorData),
    clientDataJson: toBase64url(response.clientDataJSON),
    signature: toBase64url(response.signature),
  };
}

async function ask(call: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await call();
  } catch (cause) {
    const sentence = cause instanceof DOMException ? said[cause.name] : undefined;
    throw new Error(sentence ?? `The browser refused: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (credential instanceof PublicKeyCredential) return credential;
  throw new Error('The browser gave no passkey.');
}
