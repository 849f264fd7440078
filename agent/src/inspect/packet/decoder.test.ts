import { formatAddress } from '@foretop/proto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ascii,
  concat,
  ethernet,
  hex,
  ipv4,
  ipv6,
  ipv6Destination,
  ipv6Source,
  tcp,
  u16,
  udp,
} from '../../../test/packets.ts';
import { PacketDecoder } from './decoder.ts';
import type { PortUnreachable, Transport } from './transport.ts';

const question = udp({ payload: ascii('question'), clientPort: 5_000 });
const asked = { protocol: 17, sourcePort: 5_000, destinationPort: 53, payload: ascii('question'), payloadBytes: 8 };
const packet = ipv4(17, question);
const inFrame = ethernet(0x0800, packet);
const none = new Uint8Array();

function decode(linkType: number, ...frames: Uint8Array[]) {
  const seen: Transport[] = [];
  const refused: PortUnreachable[] = [];
  const decoder = new PacketDecoder({ transport: (one) => seen.push(one), unreachable: (one) => refused.push(one) });
  const understood = frames.map((frame, index) => decoder.decode(linkType, frame, index));
  return { seen, refused, understood };
}

test.each([
  ['Ethernet', 1, inFrame],
  ['a VLAN', 1, ethernet(0x8100, concat([0, 5, 0x08, 0x00], packet))],
  ['a VLAN in a VLAN', 1, ethernet(0x88a8, concat([0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00], packet))],
  ['LLC and SNAP', 1, ethernet(packet.length + 8, concat(hex('aaaa030000000800'), packet))],
  ['PPP over Ethernet', 1, ethernet(0x8864, concat(hex('11000001'), u16(packet.length + 2), [0, 0x21], packet))],
  ['MPLS', 1, ethernet(0x8847, concat(hex('0001004000020140'), packet))],
  ['Linux cooked', 113, concat(new Uint8Array(14), [8, 0], packet)],
  ['Linux cooked, version 2', 276, concat([8, 0], new Uint8Array(18), packet)],
  ['raw IP', 101, packet],
  ['BSD loopback, little endian', 0, concat([2, 0, 0, 0], packet)],
  ['OpenBSD loopback', 108, concat([0, 0, 0, 2], packet)],
  ['PPP', 9, concat([0xff, 3, 0, 0x21], packet)],
  ['Cisco HDLC', 104, concat([0x0f, 0, 8, 0], packet)],
  ['options of IPv4', 1, ethernet(0x0800, ipv4(17, question, { options: hex('94040000') }))],
  ['a trailer that pads the frame', 1, concat(inFrame, new Uint8Array(20))],
  ['IPv6', 1, ethernet(0x86dd, ipv6(17, question))],
  [
    'hop-by-hop and destination options, and routing',
    101,
    ipv6(0, concat([60, 0], new Uint8Array(6), [43, 0], new Uint8Array(6), [17, 1], new Uint8Array(14), question)),
  ],
  ['an authentication header', 101, ipv6(51, concat([17, 4], new Uint8Array(22), question))],
  ['a fragment header of a whole packet', 101, ipv6(44, concat([17, 0, 0, 0], [0, 0, 0, 9], question))],
  ['IPv4 in IPv6', 101, ipv6(4, packet)],
  ['IPv6 in IPv4', 101, ipv4(41, ipv6(17, question))],
  ['GRE with a key', 101, ipv4(47, concat([0x20, 0, 8, 0, 0, 0, 0, 1], packet))],
  ['Ethernet in GRE', 101, ipv4(47, concat([0, 0, 0x65, 0x58], inFrame))],
  ['ERSPAN, version 2', 101, ipv4(47, concat([0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], new Uint8Array(8), inFrame))],
])('%s', (_, linkType, frame) => {
  const { seen, understood } = decode(linkType, frame);
  expect(seen).toMatchObject([asked]);
  expect(understood).toEqual([true]);
});

test.each([
  ['VXLAN', 4_789, concat([8, 0, 0, 0, 0, 0, 1, 0], inFrame)],
  ['Geneve with options', 6_081, concat([1, 0, 0x65, 0x58, 0, 0, 1, 0], new Uint8Array(4), inFrame)],
  ['GRE', 4_754, concat([0, 0, 8, 0], packet)],
  ['GTP', 2_152, concat([0x30, 0xff], u16(packet.length), [0, 0, 0, 1], packet)],
  ['Teredo', 3_544, concat([0, 0], new Uint8Array(6), ipv6(17, question))],
])('%s in UDP: the tunnel and what is in it', (_, port, payload) => {
  const { seen } = decode(101, ipv4(17, udp({ serverPort: port, payload })));
  expect(seen).toMatchObject([{ destinationPort: port }, asked]);
});

test('addresses, and a TCP segment without its options', () => {
  const head = tcp({ sequence: 0xffff_fff0, flags: 0x12, payload: none });
  head[12] = 0x60; // a header of 24 bytes
  const { seen } = decode(101, ipv6(6, concat(head, [2, 4, 5, 0xb4], ascii('data'))));
  expect(seen).toMatchObject([
    { protocol: 6, sequence: 0xffff_fff0, flags: 0x12, payload: ascii('data'), payloadBytes: 4 },
  ]);
  expect([seen[0]!.source, seen[0]!.destination]).toEqual([ipv6Source, ipv6Destination]);
});

test('what follows the length that UDP itself claims is padding', () => {
  expect(decode(101, ipv4(17, concat(question, new Uint8Array(9)))).seen).toMatchObject([asked]);
});

test('a packet that the capture cut says how long it was', () => {
  expect(decode(101, packet.subarray(0, packet.length - 3)).seen).toMatchObject([
    { payload: ascii('quest'), payloadBytes: 8 },
  ]);
});

test('fragments in any order, doubled, are one datagram, in either version of IP', () => {
  const whole = udp({ payload: new Uint8Array(997).fill(3), clientPort: 5_000 });
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 });
  fc.assert(
    fc.property(order, fc.boolean(), (numbers, isSix) => {
      const frames = [...numbers, ...numbers.slice(0, 3)].map((number) => {
        const part = whole.subarray(number * 144, number * 144 + 144);
        const more = number < 6 ? 1 : 0;
        return isSix
          ? ipv6(44, concat([17, 0], u16(number * 144 + more), [0, 0, 0, 9], part))
          : ipv4(17, part, { fragment: (more << 13) | (number * 18) });
      });
      expect(decode(101, ...frames).seen).toMatchObject([{ sourcePort: 5_000, payloadBytes: 997 }]);
    }),
    { numRuns: 50 },
  );
});

test('fragments that claim more than a datagram holds, or never end, are dropped', () => {
  const beyond = Array.from({ length: 3 }, () => ipv4(17, new Uint8Array(800), { fragment: 0x1fff }));
  expect(decode(101, ...beyond).seen).toEqual([]);
  const endless = Array.from({ length: 1_000 }, (_, id) =>
    ipv4(17, new Uint8Array(80), { fragment: 0x2000, identification: id }),
  );
  expect(decode(101, ...endless).seen).toEqual([]);
});

test('ICMP says whose packet found a closed port', () => {
  const icmp = concat([3, 3, 0, 0, 0, 0, 0, 0], packet.subarray(0, 28));
  const icmp6 = concat([1, 4, 0, 0, 0, 0, 0, 0], ipv6(17, question).subarray(0, 48));
  const { refused } = decode(101, ipv4(1, icmp, { fromServer: true }), ipv6(58, icmp6));
  expect(refused).toMatchObject([
    { protocol: 17, sourcePort: 5_000, destinationPort: 53 },
    { protocol: 17, sourcePort: 5_000, destinationPort: 53 },
  ]);
  expect(formatAddress(refused[0]!.destination)).toBe('10.0.0.2');
});

test('tunnels within tunnels end', () => {
  let nested: Uint8Array = packet;
  for (let depth = 0; depth < 100; depth++) nested = ipv4(4, nested);
  expect(decode(101, nested).seen).toEqual([]);
});

test('a link that is not understood says so', () => {
  expect(decode(195, inFrame).understood).toEqual([false]);
});

test('any bytes on any link', () => {
  const links = fc.constantFrom(0, 1, 9, 10, 50, 101, 104, 108, 113, 276);
  const starts = fc.constantFrom(
    none,
    inFrame.subarray(0, 24),
    ipv4(41, none),
    ethernet(0x8864, none),
    ethernet(0x86dd, none),
  );
  fc.assert(
    fc.property(links, starts, fc.uint8Array({ maxLength: 200 }), (link, start, rest) => {
      for (const { payload, payloadBytes } of decode(link, concat(start, rest)).seen) {
        expect(payload.length).toBeLessThanOrEqual(payloadBytes);
      }
    }),
    { numRuns: 2_000 },
  );
});
