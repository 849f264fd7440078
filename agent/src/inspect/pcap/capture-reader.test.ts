import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, pcapFile, u16, u32 } from '../../../test/packets.ts';
import { CaptureReader } from './capture-reader.ts';

interface Seen {
  link: number;
  text: string;
  wireBytes: number;
  timeUs: number;
}

function read(file: Uint8Array, cuts: number[] = []) {
  const seen: Seen[] = [];
  const reader = new CaptureReader(({ linkType, bytes, wireBytes, timeUs }) =>
    seen.push({ link: linkType, text: Buffer.from(bytes).toString('latin1'), wireBytes, timeUs }),
  );
  const edges = [0, ...cuts.toSorted((a, b) => a - b), file.length];
  for (const [index, end] of edges.slice(1).entries()) reader.push(file.subarray(edges[index], end));
  reader.end();
  return { seen, reader };
}

const text = (value: string) => Buffer.from(value, 'latin1');
type Order = (value: number) => number[];
const little: Order = (value) => u32(value).reverse();
const little16: Order = (value) => u16(value).reverse();

function classic(magic: number, u32s: Order, fraction: number) {
  const u16s = u32s === little ? little16 : u16;
  const head = concat(u32s(magic), u16s(2), u16s(4), u32s(0), u32s(0), u32s(100), u32s(0x3000_0001));
  return concat(head, u32s(1_700_000_000), u32s(fraction), u32s(3), u32s(90), text('abc'));
}

test.each([
  ['microseconds, little endian', classic(0xa1b2_c3d4, little, 5)],
  ['microseconds, big endian', classic(0xa1b2_c3d4, u32, 5)],
  ['nanoseconds, little endian', classic(0xa1b2_3c4d, little, 5_999)],
  ['nanoseconds, big endian', classic(0xa1b2_3c4d, u32, 5_999)],
])('pcap in %s', (_, file) => {
  const { seen, reader } = read(file);
  expect(seen).toEqual([{ link: 1, text: 'abc', wireBytes: 90, timeUs: 1_700_000_000_000_005 }]);
  expect([reader.recognised, reader.fault]).toEqual([true, undefined]);
});

function block(u32s: Order, type: number, body: Uint8Array): Uint8Array {
  const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
  return concat(u32s(type), u32s(padded.length + 12), padded, u32s(padded.length + 12));
}

function section(u32s: Order, options: number[][] = [[], []]): Uint8Array {
  const u16s = u32s === little ? little16 : u16;
  const opened = block(u32s, 0x0a0d_0d0a, concat(u32s(0x1a2b_3c4d), u16s(1), u16s(0), new Uint8Array(8).fill(255)));
  const interfaces = options.map((option, index) =>
    block(u32s, 1, concat(u16s(index === 0 ? 1 : 113), u16s(0), u32s(4), option)),
  );
  return concat(opened, ...interfaces);
}

function enhanced(u32s: Order, number: number, units: bigint, data: string): Uint8Array {
  const [high, low] = [Number(units >> 32n), Number(units & 0xffff_ffffn)];
  return block(u32s, 6, concat(u32s(number), u32s(high), u32s(low), u32s(data.length), u32s(90), text(data)));
}

const timeUs = 1_700_000_000_123_456n;

test.each([
  ['little endian', little],
  ['big endian', u32],
])('pcapng, %s: two interfaces with clocks of their own, and all kinds of packets', (_, u32s) => {
  const u16s = u32s === little ? little16 : u16;
  const nanoseconds = [...u16s(9), ...u16s(1), 9, 0, 0, 0, 0, 0, 0, 0];
  const file = concat(
    section(u32s, [[], nanoseconds]),
    block(u32s, 5, new Uint8Array(7)),
    enhanced(u32s, 0, timeUs, 'micro'),
    enhanced(u32s, 1, timeUs * 1_000n + 789n, 'nano'),
    block(u32s, 2, concat(u16s(1), u16s(0), u32s(0), u32s(5_000), u32s(3), u32s(3), text('old'))),
    block(u32s, 3, concat(u32s(90), text('snap'))),
  );
  expect(read(file).seen).toEqual([
    { link: 1, text: 'micro', wireBytes: 90, timeUs: Number(timeUs) },
    { link: 113, text: 'nano', wireBytes: 90, timeUs: Number(timeUs) },
    { link: 113, text: 'old', wireBytes: 3, timeUs: 5 },
    { link: 1, text: 'snap', wireBytes: 90, timeUs: 0 },
  ]);
});

test('a second section has its own byte order and interfaces', () => {
  const file = concat(section(little), enhanced(little, 1, 1n, 'a'), section(u32, [[]]), enhanced(u32, 0, 2n, 'b'));
  expect(read(file).seen.map(({ link, text: got }) => [link, got])).toEqual([
    [113, 'a'],
    [1, 'b'],
  ]);
  const fault = read(concat(file, enhanced(u32, 1, 3n, 'c'))).reader.fault;
  expect(fault).toContain('not described');
});

test('a clock in powers of two with an offset of seconds', () => {
  const options = [
    ...little16(9),
    ...little16(1),
    0x80 | 10,
    0,
    0,
    0,
    ...little16(14),
    ...little16(8),
    ...little(100),
    ...little(0),
  ];
  expect(read(concat(section(little, [options]), enhanced(little, 0, 1_536n, 'x'))).seen[0]!.timeUs).toBe(101_500_000);
});

test('chunks of any size give the same packets', () => {
  const packets = Array.from({ length: 20 }, (_, index) => ({ bytes: text('p'.repeat(index * 7)), timeUs: index }));
  const files = [
    pcapFile(packets),
    concat(section(little), ...packets.map(({ bytes }) => enhanced(little, 0, 1n, String(bytes)))),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(fc.nat(1_500), { maxLength: 40 }), (file, cuts) => {
      const inside = cuts.map((cut) => cut % file.length);
      expect(read(file, inside)).toMatchObject({ seen: read(file).seen, reader: { fault: undefined } });
    }),
  );
});

test('a file that ends early gives the packets before, and says so', () => {
  const file = pcapFile([
    { bytes: text('one'), timeUs: 1 },
    { bytes: text('two'), timeUs: 2 },
  ]);
  const { seen, reader } = read(file.subarray(0, -1));
  expect(seen.map(({ text: got }) => got)).toEqual(['one']);
  expect([reader.recognised, reader.fault]).toEqual([true, 'It ends in the middle of a packet.']);
});

test.each([
  ['something else', text('GIF89a, not packets'), 'neither'],
  ['nothing', text(''), 'too short'],
])('%s is no capture', (_, file, fault) => {
  const { reader } = read(file);
  expect(reader.recognised).not.toBe(true);
  expect(reader.fault).toContain(fault);
});

test.each([
  ['a packet of 4 GB', concat(pcapFile([]), new Uint8Array(8), little(0xffff_ffff), little(0)), 'claims'],
  ['a block of no length', concat(section(little), little(6), little(0), new Uint8Array(8)), 'claims'],
  ['a block of 4 GB', concat(section(little), little(6), little(0xffff_fff0), new Uint8Array(8)), 'claims'],
  [
    'a packet larger than its block',
    concat(section(little), block(little, 6, concat(new Uint8Array(12), little(999), little(1)))),
    'claims',
  ],
])('%s ends the reading', (_, file, fault) => {
  expect(read(file).reader).toMatchObject({ recognised: true, fault: expect.stringContaining(fault) });
});
