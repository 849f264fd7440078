// Frames between broker and worker: whatever the pieces they come in, and what is refused before it costs memory.
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChannelError, createFrameReader, numbered, orders, readNumbered, writeFrame } from './channel.ts';

const most = { [orders.dial]: 4_096, [orders.send]: 70_000, [orders.ping]: 0, [orders.close]: 125 };

function frame(kind: number, length: number, body = new Uint8Array()): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(length, 0);
  header.writeUInt8(kind, 4);
  return Buffer.concat([header, body]);
}

function readAll(chunks: Iterable<Buffer>): [number, string][] {
  const frames: [number, string][] = [];
  const read = createFrameReader(most, (kind, body) => frames.push([kind, body.toString('hex')]));
  for (const chunk of chunks) read(chunk);
  return frames;
}

/** `bytes` in pieces of these sizes, over and over. */
function* pieces(bytes: Buffer, sizes: number[]): Iterable<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('frames', () => {
  it('come out as they went in, however they are cut', async () => {
    const kinds = fc.constantFrom(orders.dial, orders.send);
    const bodies = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 3_000, maxLength: 4_096 }));
    const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kinds, bodies), { maxLength: 8 }), sizes, async (sent, cuts) => {
        const written: Buffer[] = [];
        const write = (chunk: Buffer, _: string, done: () => void) => (written.push(chunk), done());
        const channel = new Duplex({ write, read: () => undefined });
        for (const [kind, body] of sent) writeFrame(channel, kind, body);
        await new Promise<void>((done) => channel.end(done));
        const expected = sent.map(([kind, body]) => [kind, Buffer.from(body).toString('hex')]);
        expect(readAll(pieces(Buffer.concat(written), cuts))).toEqual(expected);
      }),
    );
  });

  it.each([
    ['an unknown kind', frame(99, 0), 'unknown kind 99'],
    ['a forged length', frame(orders.send, 0xffff_ffff), '4294967295 bytes, at most 70000'],
    ['a body where none belongs', frame(orders.ping, 1, new Uint8Array(1)), 'at most 0'],
  ])('%s is refused as soon as its header is there', (_, bytes, message) => {
    expect(() => readAll([bytes])).toThrow(ChannelError);
    expect(() => readAll(pieces(bytes, [1]))).toThrow(message);
  });

  it('carry a number and a text', () => {
    expect(readNumbered(numbered(4_001, 'gone ☂'))).toEqual({ number: 4_001, text: 'gone ☂' });
    expect(() => readNumbered(Buffer.alloc(1))).toThrow(ChannelError);
  });
});
