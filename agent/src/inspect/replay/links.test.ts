// The same conversation over each link layer that captures come from: a replay tells the same of all of them.
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import dnsPacket, { type Packet } from 'dns-packet';
import { expect, test } from 'vitest';
import {
  clientHello,
  concat,
  ethernet,
  ipv4,
  type Ipv4Options,
  ipv6Destination,
  ipv6Source,
  pcapFile,
  tcp,
  tlsRecords,
  u16,
  udp,
} from '../../../test/packets.ts';
import type { ReplayEvent } from './events.ts';
import { replay } from './run-replay.ts';
import { jsonLine } from './text.ts';

interface Datagram {
  protocol: 6 | 17;
  bytes: Uint8Array;
  fromServer: boolean;
}

const question: Packet = { type: 'query', id: 9, questions: [{ type: 'A', name: 'shop.test' }] };
const answer: Packet = {
  ...question,
  type: 'response',
  answers: [{ type: 'A', name: 'shop.test', ttl: 60, data: '192.0.2.9' }],
};
const hello = tlsRecords(clientHello({ name: 'shop.test', alpn: ['h2'] }));
const syn = 0x02;
const synAck = 0x12;
const finAck = 0x11;

const conversation: Datagram[] = [
  { protocol: 17, bytes: udp({ payload: dnsPacket.encode(question) }), fromServer: false },
  { protocol: 17, bytes: udp({ payload: dnsPacket.encode(answer), fromServer: true }), fromServer: true },
  { protocol: 6, bytes: tcp({ flags: syn, sequence: 99 }), fromServer: false },
  { protocol: 6, bytes: tcp({ flags: synAck, sequence: 499, fromServer: true }), fromServer: true },
  { protocol: 6, bytes: tcp({ sequence: 100, payload: hello }), fromServer: false },
  { protocol: 6, bytes: tcp({ sequence: 500, payload: new Uint8Array(700), fromServer: true }), fromServer: true },
  { protocol: 6, bytes: tcp({ flags: finAck, sequence: 100 + hello.length }), fromServer: false },
  { protocol: 6, bytes: tcp({ flags: finAck, sequence: 1_200, fromServer: true }), fromServer: true },
];

const four = ({ protocol, bytes, fromServer }: Datagram, more: Ipv4Options = {}) =>
  ipv4(protocol, bytes, { fromServer, ...more });

/** With hop-by-hop options, a routing header and destination options before what it carries. */
function six({ protocol, bytes, fromServer }: Datagram): Uint8Array {
  const extensions = concat([43, 0], new Uint8Array(6), [60, 0], new Uint8Array(6), [protocol, 1], new Uint8Array(14));
  const payload = concat(extensions, bytes);
  const ends = fromServer ? [ipv6Destination, ipv6Source] : [ipv6Source, ipv6Destination];
  return concat([0x60, 0, 0, 0], u16(payload.length), [0, 64], ...ends, payload);
}

let identification = 1;
/** Of 16 bytes each, the second half of them first. */
function fragments({ protocol, bytes, fromServer }: Datagram): Uint8Array[] {
  identification++;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const more = at + 16 < bytes.length ? 0x2000 : 0;
    parts.push(
      four({ protocol, bytes: bytes.subarray(at, at + 16), fromServer }, { identification, fragment: more | (at / 8) }),
    );
  }
  return [...parts.slice(parts.length >> 1), ...parts.slice(0, parts.length >> 1)];
}

const loopbackFamily = (family: number) => concat([family, 0, 0, 0]);
const cooked = (type: number, packet: Uint8Array) => concat(new Uint8Array(14), u16(type), packet);
const cooked2 = (type: number, packet: Uint8Array) => concat(u16(type), new Uint8Array(18), packet);
const vlan = (type: number, packet: Uint8Array) => ethernet(0x8100, concat([0, 5], u16(type), packet));

type Wrap = (datagram: Datagram) => Uint8Array[];
const cases: [string, number, Wrap][] = [
  ['Ethernet', 1, (one) => [ethernet(0x0800, four(one))]],
  ['Ethernet, IPv6 with extension headers', 1, (one) => [ethernet(0x86dd, six(one))]],
  ['Ethernet, fragments out of order', 1, (one) => fragments(one).map((part) => ethernet(0x0800, part))],
  ['a VLAN', 1, (one) => [vlan(0x0800, four(one))]],
  ['a VLAN, IPv6 with extension headers', 1, (one) => [vlan(0x86dd, six(one))]],
  ['a VLAN in a VLAN', 1, (one) => [ethernet(0x88a8, concat([0, 7, 0x81, 0, 0, 5, 8, 0], four(one)))]],
  ['Linux cooked', 113, (one) => [cooked(0x0800, four(one))]],
  ['Linux cooked, IPv6 with extension headers', 113, (one) => [cooked(0x86dd, six(one))]],
  ['Linux cooked, fragments', 113, (one) => fragments(one).map((part) => cooked(0x0800, part))],
  ['Linux cooked, version 2', 276, (one) => [cooked2(0x0800, four(one))]],
  ['Linux cooked, version 2, IPv6', 276, (one) => [cooked2(0x86dd, six(one))]],
  ['raw IP', 101, (one) => [four(one)]],
  ['raw IPv6 with extension headers', 101, (one) => [six(one)]],
  ['raw IP, as other systems number it', 12, (one) => [four(one)]],
  ['loopback of BSD', 0, (one) => [concat(loopbackFamily(2), four(one))]],
  ['loopback of BSD, IPv6', 0, (one) => [concat(loopbackFamily(30), six(one))]],
  ['loopback of OpenBSD', 108, (one) => [concat([0, 0, 0, 2], four(one))]],
];

async function replayed(linkType: number, frames: Uint8Array[]): Promise<ReplayEvent[]> {
  let text = '';
  const output = new Writable({ write: (chunk, _, done) => ((text += String(chunk)), done()) });
  const packets = frames.map((bytes, index) => ({ bytes, timeUs: 1.7e15 + index * 1_000 }));
  const outcome = await replay(Readable.from([Buffer.from(pcapFile(packets, linkType))]), output, jsonLine);
  await finished(output.end());
  expect(outcome).toEqual({ packets: frames.length, recognised: true, fault: undefined });
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as ReplayEvent);
}

test.each(cases)('%s', async (_, linkType, wrap) => {
  const events = await replayed(linkType, conversation.flatMap(wrap));
  const one = (kind: ReplayEvent['kind']) => events.filter((event) => event.kind === kind);
  expect(one('error')).toEqual([]);
  expect(one('dns')).toMatchObject([
    { service: 'dns', transport: 'udp', name: 'shop.test', answered: true, addresses: ['192.0.2.9'] },
  ]);
  expect(one('sni')).toMatchObject([{ transport: 'tls', name: 'shop.test', alpn: ['h2'] }]);
  const connection = one('connection').find((event) => event.kind === 'connection' && event.protocol === 'tcp');
  expect(connection).toMatchObject({
    clientBytes: hello.length,
    serverBytes: 700,
    name: 'shop.test',
    nameSource: 'sni',
  });
});
