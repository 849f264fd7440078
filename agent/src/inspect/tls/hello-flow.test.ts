import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascii, clientHello, concat, hex, tlsRecords } from '../../../test/packets.ts';
import { parseClientHello } from './client-hello.ts';
import { HelloFlow } from './hello-flow.ts';

const hello = clientHello({
  name: 'Shop.Example.org',
  alpn: ['h2', 'http/1.1'],
  versions: [0x0a0a, 0x0304, 0x0303],
  paddingBytes: 400,
});
const expected = { serverName: 'shop.example.org', alpn: ['h2', 'http/1.1'], version: 0x0304 };

test('name, ALPN in order, and the highest version without made-up ones', () => {
  expect(parseClientHello(hello)).toEqual(expected);
});

test('a hello without extensions names nothing', () => {
  expect(parseClientHello(clientHello().subarray(0, 4 + 2 + 32 + 33 + 4 + 2))).toEqual({
    serverName: undefined,
    alpn: [],
    version: 0x0303,
  });
});

test('bytes that no name holds are shown as their codes', () => {
  expect(parseClientHello(clientHello({ name: 'a\u0007\u00e9<b>' }))?.serverName).toBe(String.raw`a\007\233<b>`);
});

test('over records and segments of any size, in any order, doubled, and with data behind it', () => {
  const segmentSize = fc.integer({ min: 6, max: 700 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      segmentSize,
      fc.nat(0xffff_ffff),
      fc.infiniteStream(fc.nat(99)),
      (recordBytes, size, first, order) => {
        const stream = concat(tlsRecords(hello, recordBytes), [20, 3, 3, 0, 1, 1]);
        // A first segment that begins with a whole header says that a hello follows; others may come before it.
        const parts = Array.from({ length: Math.ceil(stream.length / size) }, (_, index) => index * size);
        fc.pre(parts.length <= 9);
        const shuffled = parts.map((start) => ({ start, at: order.next().value })).toSorted((a, b) => a.at - b.at);
        const flow = new HelloFlow();
        const results = shuffled.map(({ start }) =>
          flow.push((first + start) >>> 0, stream.subarray(start, start + size)),
        );
        expect(results.find((result) => typeof result === 'object')).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});

test('one byte a segment', () => {
  const stream = tlsRecords(hello);
  const flow = new HelloFlow();
  const results = Array.from(stream, (byte, index) => flow.push(index, Uint8Array.of(byte)));
  expect(results.at(-1)).toEqual(expected);
});

test('after what another protocol says first', () => {
  const flow = new HelloFlow();
  expect(flow.push(100, ascii('EHLO me\r\n'))).toBe('more');
  expect(flow.push(109, ascii('STARTTLS\r\n'))).toBe('more');
  expect(flow.push(119, tlsRecords(hello))).toEqual(expected);
});

test('the rest of a hello that never comes: what is there is read', () => {
  const flow = new HelloFlow();
  const named = clientHello({ name: 'cut.example.org' });
  const longer = concat(named.subarray(0, 1), [0, 8, 0], named.subarray(4));
  flow.push(0, concat([22, 3, 1, 8, 4], longer));
  expect(flow.finish()).toMatchObject({ serverName: 'cut.example.org' });
});

test('the hello of SSL 2.0', () => {
  const record = hex('801c 01 0301 0003 0000 0010 000035 00112233445566778899aabbccddeeff');
  expect(new HelloFlow().push(0, record)).toEqual({ serverName: undefined, alpn: [], version: 0x0301 });
});

test('a server speaks first, HTTP, and endless talk: no hello, and an end to the search', () => {
  expect(new HelloFlow().push(0, hex('160303007a0200007603031122'))).toBe('more');
  const flow = new HelloFlow();
  const results = Array.from({ length: 100 }, (_, index) => flow.push(index * 10, ascii('0123456789')));
  expect(results.indexOf('none')).toBe(32);
});

test('a hello that claims 16 MB is none', () => {
  const huge = concat([22, 3, 1, 0, 10, 1, 255, 255, 255], new Uint8Array(6));
  expect(new HelloFlow().push(0, huge)).toBe('more');
  expect(new HelloFlow().finish()).toBeUndefined();
});

test('any bytes in any pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2_000), fc.uint8Array({ maxLength: 200 })), { maxLength: 20 }), (segments) => {
      const flow = new HelloFlow();
      for (const [start, bytes] of segments) flow.push(start, concat([22, 3, 1], bytes));
      flow.finish();
    }),
    { numRuns: 500 },
  );
});
