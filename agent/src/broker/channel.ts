// What the broker and the process that holds the connection say to each other: frames of a length, a kind and a body.
import type { Duplex } from 'node:stream';

/** What the broker orders. */
export const orders = { dial: 1, send: 2, ping: 3, close: 4 } as const;
/** What the worker reports. */
export const reports = {
  ready: 17,
  refused: 18,
  opened: 19,
  message: 20,
  text: 21,
  heard: 22,
  left: 23,
  answered: 24,
  failed: 25,
  closed: 26,
} as const;

export type Order = (typeof orders)[keyof typeof orders];
export type Report = (typeof reports)[keyof typeof reports];

/** Length of the body, 32 bits, little endian; kind. */
const headerBytes = 5;
const nothing = new Uint8Array();

/** The other side sent what it may not. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
}

/** @returns false when the other side is slow to read: `drain` tells when it is not any more. */
export function writeFrame(channel: Duplex, kind: Order | Report, body: Uint8Array = nothing): boolean {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32LE(body.length, 0);
  header.writeUInt8(kind, headerBytes - 1);
  if (body.length === 0) return channel.write(header);
  channel.cork();
  channel.write(header);
  const isFree = channel.write(body);
  channel.uncork();
  return isFree;
}

/**
 * Puts frames together from chunks. `most`: for each kind that may come, the most bytes of a body; nothing longer is ever
 * allocated. The bodies may share memory with the chunks. @throws ChannelError.
 */
export function createFrameReader<Kind extends number>(
  most: Readonly<Record<Kind, number>>,
  take: (kind: Kind, body: Buffer) => void,
): (chunk: Buffer) => void {
  const bounds = new Map(Object.entries<number>(most).map(([kind, bytes]) => [Number(kind), bytes]));
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let body: Buffer | undefined;
  let bodyFilled = 0;

  function lengthOf(kind: number, length: number): number {
    const bound = bounds.get(kind);
    if (bound === undefined) throw new ChannelError(`a frame of the unknown kind ${kind}`);
    if (length <= bound) return length;
    throw new ChannelError(`a frame of kind ${kind} with ${length} bytes, at most ${bound} are allowed`);
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      const kind = () => header[headerBytes - 1] as Kind;
      if (body === undefined) {
        const taken = chunk.copy(header, headerFilled, at);
        at += taken;
        headerFilled += taken;
        if (headerFilled < headerBytes) return;
        headerFilled = 0;
        const length = lengthOf(kind(), header.readUInt32LE(0));
        if (length <= chunk.length - at) {
          at += length;
          take(kind(), chunk.subarray(at - length, at));
          continue;
        }
        body = Buffer.allocUnsafeSlow(length);
        bodyFilled = 0;
      }
      const taken = chunk.copy(body, bodyFilled, at);
      at += taken;
      bodyFilled += taken;
      if (bodyFilled < body.length) return;
      const whole = body;
      body = undefined;
      take(kind(), whole);
    }
  };
}

/** A number of 16 bits and a text, as `close`, `closed` and `answered` carry them. */
export function numbered(number: number, text: string): Buffer {
  const bytes = Buffer.alloc(2 + Buffer.byteLength(text));
  bytes.writeUInt16LE(number, 0);
  bytes.write(text, 2);
  return bytes;
}

/** @throws ChannelError. */
export function readNumbered(body: Buffer): { number: number; text: string } {
  if (body.length < 2) throw new ChannelError('a frame without its number');
  return { number: body.readUInt16LE(0), text: body.toString('utf8', 2) };
}
