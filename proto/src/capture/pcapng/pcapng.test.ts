// What is written is read again, in whatever pieces it comes; and what is no capture of an agent's is refused, and bounded.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PcapngFault } from './format.ts';
import { type Packet, PcapngReader } from './reader.ts';
import {
  enhancedPacket,
  enhancedPacketBytes,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
} from './writer.ts';

const atNs = 1_795_000_000_123_456_789n;
const section = sectionHeader({ os: 'Linux 6.1', application: 'foretop-agent 1.2' });
const eth0 = interfaceDescription({ name: 'eth0', linkType: 1, snapLength: 262_144, filter: 'tcp port 443' });
const wg0 = interfaceDescription({ name: 'wg0', linkType: 101, snapLength: 0, filter: '' });
const packet = (bytes: Uint8Array, index = 0) =>
  enhancedPacket({ interface: index, atNs, original: bytes.length + 10, bytes });

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function readAll(file: Uint8Array, size = file.length): { packets: Packet[]; reader: PcapngReader } {
  const reader = new PcapngReader();
  const packets: Packet[] = [];
  for (let at = 0; at < file.length; at += size) packets.push(...reader.push(file.subarray(at, at + size)));
  return { packets, reader };
}

const faultOf = (...parts: Uint8Array[]): string => {
  const reader = new PcapngReader();
  try {
    reader.push(joined(...parts));
  } catch (error) {
    expect(error).toBeInstanceOf(PcapngFault);
  }
  if (reader.fault) expect(() => reader.push(section)).toThrow(reader.fault);
  return reader.fault?.message ?? 'taken';
};

test.each([1, 3, 7, 64, 10_000])('a capture of two interfaces, in pieces of %i bytes', (size) => {
  const file = joined(
    ...[section, eth0, wg0, packet(Uint8Array.of(1, 2, 3)), packet(new Uint8Array(60).fill(7), 1)],
    interfaceStatistics({ interface: 0, atNs, received: 12, dropped: 3 }),
  );
  const { packets, reader } = readAll(file, size);
  expect(packets).toEqual([
    { number: 1, interface: 'eth0', linkType: 1, atNs, bytes: Uint8Array.of(1, 2, 3), original: 13 },
    { number: 2, interface: 'wg0', linkType: 101, atNs, bytes: new Uint8Array(60).fill(7), original: 70 },
  ]);
  expect(reader.counts).toEqual([{ interface: 'eth0', received: 12, dropped: 3 }]);
  expect([reader.pending, reader.fault]).toEqual([0, undefined]);
});

test('any packets at any time come back as they were, in any pieces', () => {
  const any = fc.record({
    bytes: fc.uint8Array({ maxLength: 300 }),
    atNs: fc.bigInt(0n, 2n ** 64n - 1n),
    more: fc.nat(65_535),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), fc.integer({ min: 1, max: 500 }), (given, size) => {
      const blocks = given.map(({ bytes, atNs, more }) =>
        enhancedPacket({ interface: 0, atNs, original: bytes.length + more, bytes }),
      );
      expect(blocks.map(({ length }) => length)).toEqual(given.map(({ bytes }) => enhancedPacketBytes(bytes.length)));
      const { packets } = readAll(joined(section, eth0, ...blocks), size);
      expect(packets.map(({ bytes, atNs, original }) => ({ bytes, atNs, more: original - bytes.length }))).toEqual(
        given,
      );
    }),
  );
});

describe('a reader', () => {
  test('gives what was good before a fault, and throws from then on', () => {
    const reader = new PcapngReader();
    expect(reader.push(joined(section, eth0, packet(Uint8Array.of(1)), new Uint8Array(12)))).toHaveLength(1);
    expect(reader.fault?.message).toContain('claims 0 bytes');
    expect(() => reader.push(new Uint8Array())).toThrow(PcapngFault);
  });

  test('knows a capture that was cut', () => {
    const { packets, reader } = readAll(joined(section, eth0, packet(new Uint8Array(50))).slice(0, -8));
    expect(packets).toEqual([]);
    expect(reader.pending).toBeGreaterThan(0);
  });

  test('passes over blocks that it does not know', () => {
    const unknown = eth0.slice();
    new DataView(unknown.buffer).setUint32(0, 0xbad, true);
    expect(readAll(joined(section, unknown, eth0, unknown, packet(Uint8Array.of(9)))).packets).toHaveLength(1);
  });

  test('shows the name of an interface as a line, whatever the host calls it', () => {
    const hostile = interfaceDescription({ name: 'e\u001b[2J\u202eth\n0', linkType: 1, snapLength: 0, filter: '' });
    const [found] = readAll(joined(section, hostile, packet(Uint8Array.of(1)))).packets;
    expect(found!.interface).toBe('e\\u{001b}[2J\\u{202e}th\\u{000a}0');
  });

  test('keeps no more of what it was given than the packets', () => {
    const file = joined(section, eth0, packet(Uint8Array.of(1, 2)));
    const [found] = new PcapngReader().push(file);
    expect(found!.bytes.buffer.byteLength).toBe(2);
  });

  const changed = (block: Uint8Array, at: number, value: number) => {
    const copy = block.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  };
  test.each<[string, Uint8Array[], string]>([
    ['no capture', [new TextEncoder().encode('not a capture at all')], 'are no capture'],
    ['a section that is big-endian', [changed(section, 8, 0x4d3c_2b1a)], 'are no capture'],
    ['a second section', [section, section], 'second section'],
    ['a block larger than any', [section, changed(eth0, 4, 0x7fff_fffc)], 'claims 2147483644 bytes'],
    ['a block of an odd length', [section, changed(eth0, 4, 33)], 'in fours'],
    ['a block whose ends differ', [section, changed(eth0, eth0.length - 4, 12)], 'does not end where'],
    ['a packet of no interface', [section, packet(Uint8Array.of(1))], 'was not described'],
    ['a packet that claims more than is there', [section, eth0, changed(packet(new Uint8Array(4)), 20, 5)], 'claims 5'],
    ['an option longer than its block', [section, changed(eth0, 16, 0xffff_0002)], 'longer than its block'],
    [
      'counts of no interface',
      [section, interfaceStatistics({ interface: 3, atNs, received: 0, dropped: 0 })],
      'not described',
    ],
    ['more interfaces than there are', [section, ...Array.from({ length: 1_025 }, () => wg0)], 'More than 1024'],
  ])('refuses %s', (_what, parts, words) => {
    expect(faultOf(...parts)).toContain(words);
  });

  test('throws nothing else, whatever it is given', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void faultOf(section, eth0, bytes)));
  });
});
