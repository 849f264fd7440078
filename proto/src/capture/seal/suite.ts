// How the packets of a capture with payload are encrypted: HPKE (RFC 9180), base mode, and what its stream looks like.
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { base64url } from 'jose';

/*
 * The stream: 32 bytes `enc`, then records: u32 big-endian length of what follows, u8 kind (0: more follow, 1: the last), ciphertext.
 * The kind is the additional data of its record; that records come in order, each once, is HPKE's sequence number.
 */
export const encBytes = 32;
export const recordHeadBytes = 5;
export const tagBytes = 16;
export const kinds = { more: 0, last: 1 } as const;

/** What one record encrypts at most, bytes. */
export const longestSealed = 512 << 10;

export const newSuite = () =>
  new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

/** Binds a stream to one host's part of one run. `requestId`: 32 hex digits. */
export function infoOf(requestId: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(requestId)) throw new SealFault('malformed', 'The id of a request has 32 hex digits.');
  return new TextEncoder().encode(`foretop capture\0${requestId}`);
}

/** @param recipient X25519, raw, base64url. Throws SealFault malformed. */
export async function recipientKey(recipient: string): Promise<CryptoKey> {
  try {
    return await newSuite().kem.deserializePublicKey(base64url.decode(recipient));
  } catch (cause) {
    throw new SealFault('malformed', 'The key of whom the packets are for is none of X25519.', { cause });
  }
}

/**
 * malformed: it is no sealed capture, or a key is none. not-sealed: the host sent packets as they are, though it was to seal them.
 * not-opened: it was sealed to another key or for another run, or was changed, cut within or put in another order.
 */
export type SealFaultCode = 'malformed' | 'not-sealed' | 'not-opened';

/** `message` is for a person. */
export class SealFault extends Error {
  override readonly name = 'SealFault';
  readonly retryable = false;
  readonly code: SealFaultCode;
  constructor(code: SealFaultCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
