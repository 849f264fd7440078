import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  clientHello,
  concat,
  cryptoFrame,
  exampleConnectionId,
  googleHello,
  hex,
  quicV1,
  quicV2,
  sealInitial,
} from '../../../test/packets.ts';
import { QuicHelloFlow } from './hello-flow.ts';
import { clientInitialKeys } from './keys.ts';
import { initialSchemes } from './versions.ts';

const hello = clientHello({ name: 'quic.example.org', alpn: ['h3'], versions: [0x0304], paddingBytes: 1_500 });
const expected = { google: false, hello: { serverName: 'quic.example.org', alpn: ['h3'], version: 0x0304 } };

// The ClientHello in a CRYPTO frame of RFC 9001, appendix A.2; RFC 9369 has the same.
const sampleFrames = concat(
  hex(`060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c0000
    0413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800
    10000700050461 6c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171
    fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101
    001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff080110010480007530090110
    0f088394c8f03e51570806048000ffff`),
  new Uint8Array(917),
);

test.each([
  {
    rfc: 'RFC 9001, appendix A',
    version: quicV1,
    keys: ['1f369613dd76d5467730efcbe3b1a22d', 'fa044b2f42a3fd3b46fb255c', '9f50449e04a0e810283a1e9933adedd2'],
    start: 'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11',
    tag: 'e221af44860018ab0856972e194cd934',
  },
  {
    rfc: 'RFC 9369, appendix A',
    version: quicV2,
    keys: ['8b1a0bc121284290a29e0971b5cd045d', '91f73e2351d8fa91660e909f', '45b95e15235d6f45a6b19cbcb0294ba9'],
    start: 'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485',
    tag: 'a18b2faa745b6fe189cf772a9f84cbfc',
  },
])('the keys and the packet of $rfc', ({ version, keys, start, tag }) => {
  const { key, iv, headerProtection } = clientInitialKeys(initialSchemes(version)[0]!, exampleConnectionId);
  expect([key, iv, headerProtection].map((bytes) => bytes.toString('hex'))).toEqual(keys);
  const packet = sealInitial({ version, frames: sampleFrames });
  // The tag vouches for all that lies between.
  expect(packet.subarray(0, 32)).toEqual(hex(start));
  expect(packet.subarray(-16)).toEqual(hex(tag));
  expect(packet.length).toBe(1_200);
  expect(new QuicHelloFlow().push(packet, 'tx')).toEqual({
    google: false,
    hello: { serverName: 'example.com', alpn: ['alpn'], version: 0x0304 },
  });
});

test.each([
  [
    'RFC 9001',
    'cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee',
  ],
  [
    'RFC 9369',
    'dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140',
  ],
])('the packet of the server in %s holds no hello, and the client is still found', (_, packet) => {
  const flow = new QuicHelloFlow();
  expect(flow.push(hex(packet), 'rx')).toBe('more');
  expect(flow.push(sealInitial({ frames: cryptoFrame(0, hello) }), 'tx')).toEqual(expected);
});

test.each([
  0xff00_0016, 0xff00_0017, 0xff00_001b, 0xff00_001d, 0xff00_0020, 0xff00_0022, 0xfaceb002, 0x709a_50c4, 0x5430_3530,
])('version %x', (version) => {
  expect(new QuicHelloFlow().push(sealInitial({ version, frames: cryptoFrame(0, hello) }), 'tx')).toEqual(expected);
});

test('a version that only provokes a negotiation is tried with the usual keys', () => {
  const packet = sealInitial({ version: 0x1a2a_3a4a, frames: cryptoFrame(0, hello) });
  expect(new QuicHelloFlow().push(packet, 'tx')).toEqual(expected);
});

test('pieces in any order, with paddings between, over several packets that may share datagrams', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 30, max: 900 }),
      fc.infiniteStream(fc.nat(99)),
      fc.boolean(),
      (size, order, shared) => {
        const starts = Array.from({ length: Math.ceil(hello.length / size) }, (_, index) => index * size);
        const shuffled = starts.map((start) => ({ start, at: order.next().value })).toSorted((a, b) => a.at - b.at);
        const packets = shuffled.map(({ start }, index) =>
          sealInitial({
            packetNumber: index,
            frames: concat(
              [0, 0, 1],
              cryptoFrame(start, hello.subarray(start, start + size)),
              [2, 1, 0, 0, 0],
              new Uint8Array(30),
            ),
          }),
        );
        const flow = new QuicHelloFlow();
        const datagrams = shared ? pairs(packets) : packets;
        expect(datagrams.map((datagram) => flow.push(datagram, 'tx')).at(-1)).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

const pairs = (packets: Uint8Array[]) =>
  packets.flatMap((packet, index) => (index % 2 === 0 ? [concat(packet, packets[index + 1] ?? [])] : []));

test('another connection id after a retry brings other keys', () => {
  const flow = new QuicHelloFlow();
  const half = hello.length >> 1;
  expect(flow.push(sealInitial({ frames: cryptoFrame(0, hello.subarray(0, half)) }), 'tx')).toBe('more');
  const retried = sealInitial({ destinationId: hex('aabbccdd'), frames: cryptoFrame(half, hello.subarray(half)) });
  expect(flow.push(retried, 'tx')).toEqual(expected);
});

test('a packet that was tampered with is not believed', () => {
  const packet = sealInitial({ frames: cryptoFrame(0, hello) });
  packet[200]! ^= 1;
  expect(new QuicHelloFlow().push(packet, 'tx')).toBe('more');
});

test('packets that no key opens end the search', () => {
  const flow = new QuicHelloFlow();
  const results = Array.from({ length: 20 }, (_, number) => {
    const packet = sealInitial({ packetNumber: number, frames: new Uint8Array(60) });
    packet[60]! ^= 1;
    return flow.push(packet, 'tx');
  });
  expect(results.indexOf('none')).toBe(12);
});

test('the hello of gQUIC', () => {
  expect(new QuicHelloFlow().push(googleHello('Video.example.org'), 'tx')).toEqual({
    google: true,
    hello: { serverName: 'video.example.org', alpn: [], version: 0 },
  });
});

test('any frames, and any datagram', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 300 }), (bytes) => {
      new QuicHelloFlow().push(sealInitial({ frames: bytes }), 'tx');
      new QuicHelloFlow().push(concat([0xc0, 0, 0, 0, 1], bytes), 'rx');
    }),
    { numRuns: 300 },
  );
});
