// Hashes that both ends must compute alike: the name of a key, and what is signed to let an offer happen.
import { base64url, calculateJwkThumbprint } from 'jose';
import type { OfferedAction, PublicJwk } from './statements.ts';

/** RFC 7638 with SHA-256, base64url: 43 characters. */
export function thumbprint({ kty, crv, x }: PublicJwk): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x }, 'sha256');
}

/** SHA-256 of a text's UTF-8, base64url; of an offer's text it names the offer in its receipt. */
export async function sha256Text(text: string): Promise<string> {
  return base64url.encode(await sha256(new TextEncoder().encode(text)));
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/**
 * What an operator signs: SHA-256 over a line that says what it is for, the host's thumbprint, the action, and the offer's
 * text. The first three hold no line feed, so no two inputs read alike. A passkey signs it as its challenge.
 */
export function commandDigest(
  offerText: string,
  action: OfferedAction['kind'],
  hostThumbprint: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(new TextEncoder().encode(`foretop command 1\n${hostThumbprint}\n${action}\n${offerText}`));
}
