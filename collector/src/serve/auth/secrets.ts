// Random secrets of the people's side: login codes, session halves and API tokens. The database holds their hashes only.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 192 bits: nothing that could be guessed, short enough for one line. */
const secretBytes = 24;
/** What a client may send as one; longer ones are not even hashed. */
const longestSecret = 128;
export const tokenPrefix = 'ftt_';

export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

export function newToken(): string {
  return `${tokenPrefix}${newSecret()}`;
}

export function isPlausible(secret: string): boolean {
  return secret.length > 0 && secret.length <= longestSecret && /^[\w-]+$/.test(secret);
}

/** A plain hash is enough for 192 random bits; slow hashes protect what people choose. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
