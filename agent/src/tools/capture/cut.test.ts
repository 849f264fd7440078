// Where headers end, of packets as they should be and of packets that lie: no byte of what they carry is kept.
import { describe, expect, test } from 'vitest';
import {
  arp,
  ethernet,
  fragment6,
  icmp,
  ipv4,
  ipv6,
  tcp,
  udp,
} from '../../../../proto/src/capture/filter/test-packets.ts';
import { headersFrom, headersOfEthernet } from './cut.ts';

const mark = 'SECRET'.repeat(20);
const marked = new TextEncoder().encode(mark);
const kept = (frame: Uint8Array) => headersOfEthernet(frame);
const changed = (frame: Uint8Array, at: number, ...bytes: number[]) => {
  const copy = frame.slice();
  copy.set(bytes, at);
  return copy;
};
const joined = (...parts: (Uint8Array | number[])[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const tcp4 = ethernet(0x0800, ipv4(6, tcp(1, 2, 0x10, mark)));
const tcp6 = ethernet(0x86dd, ipv6(6, tcp(1, 2, 0x10, mark)));
const hop = (next: number, length: number) => joined([next, length], new Uint8Array(6));

describe('headers end', () => {
  test.each<[string, Uint8Array, number]>([
    ['behind TCP', tcp4, 54],
    ['behind TCP with options', ethernet(0x0800, ipv4(6, tcp(1, 2, 0x10, mark, 3), { options: 2 })), 74],
    ['behind TCP in IPv6', tcp6, 74],
    ['behind UDP', ethernet(0x0800, ipv4(17, udp(1, 2, mark))), 42],
    ['behind UDP in IPv6', ethernet(0x86dd, ipv6(17, udp(1, 2, mark))), 62],
    ['behind eight bytes of ICMP', ethernet(0x0800, ipv4(1, icmp(3, mark))), 42],
    ['behind eight bytes of ICMPv6', ethernet(0x86dd, ipv6(58, icmp(1, mark))), 62],
    ['behind the common header of SCTP', ethernet(0x0800, ipv4(132, marked)), 46],
    ['behind ARP, without its padding', joined(ethernet(0x0806, arp()), marked), 42],
    ['behind IPv4, of a later fragment', ethernet(0x0800, ipv4(6, marked, { offset: 1 })), 34],
    ['behind UDP, of a first fragment', ethernet(0x0800, ipv4(17, udp(1, 2, mark), { more: true })), 42],
    ['behind the fragment header, of a later fragment', ethernet(0x86dd, ipv6(44, fragment6(6, 1, marked))), 62],
    ['behind UDP, of a first fragment of IPv6', ethernet(0x86dd, ipv6(44, fragment6(17, 0, udp(1, 2, mark)))), 70],
    [
      'behind TCP, through extension headers',
      ethernet(0x86dd, ipv6(0, joined(hop(60, 0), hop(6, 0), tcp(1, 2, 0, mark)))),
      90,
    ],
    ['behind tags', ethernet(0x0800, ipv4(17, udp(1, 2, mark)), { tags: [5, 6] }), 50],
    ['behind IPv4, of what is not known', ethernet(0x0800, ipv4(47, marked)), 34],
    ['behind IPv6, of what has no next header', ethernet(0x86dd, ipv6(59, marked)), 54],
    ['behind Ethernet, of what is not known', ethernet(0x88cc, marked), 14],
    ['behind Ethernet, of LLC', ethernet(100, marked), 14],
    ['behind Ethernet, of no type', ethernet(0, ipv4(17, udp(1, 2, mark))), 14],
    ['before the padding', joined(ethernet(0x0800, ipv4(17, udp(1, 2))), marked), 42],
  ])('%s', (_where, frame, expected) => {
    expect(kept(frame)).toBe(expected);
  });

  test('by the version, where there is no type before it', () => {
    expect(headersFrom(tcp4.subarray(14), undefined, 0)).toBe(40);
    expect(headersFrom(tcp6.subarray(14), undefined, 0)).toBe(60);
    expect(headersFrom(marked, undefined, 0)).toBe(0);
  });
});

describe('a lie about a length keeps nothing of what is carried', () => {
  const options = { options: 1 };
  test.each<[string, Uint8Array, number]>([
    ['IPv4 of less than 20 bytes', changed(tcp4, 14, 0x41), 14],
    ['IPv4 of another version', changed(tcp4, 14, 0x65), 14],
    ['IPv4 longer than its packet', changed(ethernet(0x0800, ipv4(17, udp(1, 2))), 14, 0x4f), 14],
    ['IPv4 with options that are none', changed(ethernet(0x0800, ipv4(17, marked, options)), 34, 0x82, 0x7f), 34],
    ['TCP of no bytes', changed(tcp4, 46, 0x00), 34],
    ['TCP of 16 bytes', changed(tcp4, 46, 0x40), 34],
    ['TCP of 60 bytes, of which 40 are what it carries', changed(tcp4, 46, 0xf0), 54],
    ['TCP longer than its packet', changed(ethernet(0x0800, ipv4(6, tcp(1, 2, 0, 'abc'))), 46, 0xf0), 34],
    ['IPv4 whose packet ends before TCP does', changed(tcp4, 16, 0, 30), 34],
    ['an extension header longer than its packet', ethernet(0x86dd, ipv6(0, joined(hop(6, 255), marked))), 54],
    [
      'more extension headers than are followed',
      ethernet(0x86dd, ipv6(0, joined(...Array.from({ length: 9 }, () => hop(0, 0)), marked))),
      54 + 64,
    ],
    ['ARP with long addresses', joined(changed(ethernet(0x0806, arp()), 18, 255, 255), marked), 14],
    ['tags without an end', ethernet(0x8100, marked, { tags: [1, 2, 3, 4, 5] }), 30],
  ])('%s', (_what, frame, expected) => {
    expect(kept(frame)).toBe(expected);
    expect(Buffer.from(frame.subarray(0, kept(frame))).toString('latin1')).not.toContain('SECRET');
  });

  test('and whatever is cut off or changed, no more is kept than there is', () => {
    let state = 7;
    const random = (most: number) => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) % most;
    for (let round = 0; round < 20_000; round++) {
      const frame = [tcp4, tcp6, ethernet(0x0800, ipv4(1, icmp(3, mark)))][round % 3]!.slice(0, 1 + random(120));
      for (let changes = random(4); changes > 0; changes--) frame[random(frame.length)] = random(256);
      expect(kept(frame)).toBeLessThanOrEqual(frame.length);
      expect(kept(frame)).toBeGreaterThanOrEqual(Math.min(14, frame.length));
    }
  });
});
