// Signs what a host offered, with a key of this browser or a passkey: the digest of exactly the text that the host signed.
import type { CommandSignature } from '@foretop/proto/api';
import { commandDigest, peekStatement, signStatement, thumbprint, type OfferClaims } from '@foretop/proto/trust';
import { toBase64url } from './base64url.ts';
import { browserKeys } from './browser-keys.ts';
import { signWithPasskey } from './passkeys.ts';
import type { WayToSign } from './ways-to-sign.ts';

/**
 * What the offer says by its own text: that is what is shown and signed, never a copy beside it. Throws Error when it is not
 * an offer of this host.
 */
export function offerOf(text: string, hostThumbprint: string): OfferClaims {
  const claims = peekStatement('offer', text);
  if (claims.iss !== hostThumbprint) throw new Error('The offer is of another host than the one that was asked.');
  return claims;
}

/** Throws Error with a sentence for the person. */
export async function signCommand(
  offer: { text: string; claims: OfferClaims },
  way: WayToSign,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CommandSignature['signature']> {
  const host = offer.claims.iss;
  const digest = await commandDigest(offer.text, offer.claims.action.kind, host);
  if (way.signer === 'passkey') {
    const credentialIds = way.passkeys?.map(({ credentialId }) => credentialId) ?? [];
    return { passkey: await signWithPasskey(new Uint8Array(digest), credentialIds, timeoutMs, signal) };
  }
  const key = (await browserKeys()).find((held) => held.thumbprint === way.thumbprint);
  if (!key || (await thumbprint(key.jwk)) !== way.thumbprint) throw new Error('This browser no longer has its key.');
  const claims = { iss: key.thumbprint, aud: host, digest: toBase64url(digest) };
  return { statement: await signStatement('command', claims, key.privateKey, key.thumbprint) };
}
