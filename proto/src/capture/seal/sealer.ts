// Encrypts a capture to its operator, on the host.
import {
  encBytes,
  infoOf,
  kinds,
  longestSealed,
  newSuite,
  recipientKey,
  recordHeadBytes,
  SealFault,
  tagBytes,
} from './suite.ts';

export interface Sealer {
  /** The first bytes of the stream. */
  head: Uint8Array;
  /** One record, of at most 512 KiB. Call again only once the last one is there. Throws SealFault after the last record. */
  seal(bytes: Uint8Array, isLast: boolean): Promise<Uint8Array>;
}

/** What a record has beside what it encrypts, bytes. */
export const sealOverheadBytes = recordHeadBytes + tagBytes;

/** @param recipient the public key (X25519, raw, base64url) of a capture's parameters; `requestId`: 32 hex digits. Throws SealFault. */
export async function createSealer(recipient: string, requestId: string): Promise<Sealer> {
  const context = await newSuite().createSenderContext({
    recipientPublicKey: await recipientKey(recipient),
    info: infoOf(requestId),
  });
  const head = new Uint8Array(context.enc);
  if (head.length !== encBytes) throw new SealFault('malformed', `The head has ${head.length} bytes.`);
  let isOver = false;
  return {
    head,
    async seal(bytes, isLast) {
      if (isOver) throw new SealFault('malformed', 'The last record is sealed already.');
      if (bytes.length > longestSealed)
        throw new SealFault('malformed', `A record of ${bytes.length} bytes is too long.`);
      isOver = isLast;
      const kind = Uint8Array.of(isLast ? kinds.last : kinds.more);
      const sealed = new Uint8Array(await context.seal(bytes, kind));
      const record = new Uint8Array(recordHeadBytes + sealed.length);
      new DataView(record.buffer).setUint32(0, 1 + sealed.length);
      record.set(kind, 4);
      record.set(sealed, recordHeadBytes);
      return record;
    },
  };
}
