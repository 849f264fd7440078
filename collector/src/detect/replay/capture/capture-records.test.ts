// Captures that are built packet by packet, through the detectors: attacks of every kind, and what the wire has that looks like them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replayOf } from '../replay.ts';
import { arp, capture, echo, flags, tcp, udp } from './test-capture.ts';

const folder = mkdtempSync(join(tmpdir(), 'foretop-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'made.pcap');

const { fin, syn, rst, psh, ack, urg } = flags;
const [scanner, victim] = ['192.0.2.66', '10.0.0.5'];

async function found(packets: readonly Uint8Array[], options: Parameters<typeof capture>[1] = {}) {
  writeFileSync(path, capture(packets, options));
  const { findings, notes } = await replayOf([path]);
  expect(notes).toEqual([]);
  return findings.map(({ detector, draft }) => [detector.id, draft.host, draft.peer]);
}

const ports = (count: number, packets: (port: number) => Uint8Array[]) =>
  Array.from({ length: count }, (_, index) => packets(20 + index)).flat();
const asked = (port: number, bits: number) => tcp(`${scanner}:55555`, `${victim}:${port}`, bits);
const refused = (port: number) => tcp(`${victim}:${port}`, `${scanner}:55555`, rst | ack);

test.each([
  ['SYN, refused', (port: number) => [asked(port, syn), refused(port)]],
  ['SYN, filtered', (port: number) => [asked(port, syn)]],
  [
    'SYN, open',
    (port: number) => [asked(port, syn), tcp(`${victim}:${port}`, `${scanner}:55555`, syn | ack), asked(port, rst)],
  ],
  ['FIN', (port: number) => [asked(port, fin)]],
  ['NULL', (port: number) => [asked(port, 0)]],
  ['XMAS', (port: number) => [asked(port, fin | psh | urg), refused(port)]],
  ['ACK', (port: number) => [asked(port, ack), tcp(`${victim}:${port}`, `${scanner}:55555`, rst)]],
  ['ACK, filtered', (port: number) => [asked(port, ack)]],
  ['UDP', (port: number) => [udp(`${scanner}:55555`, `${victim}:${port}`, '')]],
])('a scan by %s is one finding of its sender', async (_, packets) => {
  expect(await found(ports(20, packets))).toEqual([['port-scan', scanner, victim]]);
});

test('a scan with a probe every twenty minutes is found', async () => {
  const slow = ports(20, (port) => [asked(port, syn), refused(port)]);
  expect(await found(slow, { gapMs: 600_000 })).toEqual([['port-scan', scanner, victim]]);
});

test('backscatter says nothing of those whose addresses were forged', async () => {
  const answers = Array.from({ length: 400 }, (_, index) => {
    const forged = `198.51.100.${index % 250}:${1_024 + 7 * index}`;
    return tcp(`${victim}:${index % 2 === 0 ? 80 : 6_667}`, forged, index % 3 === 0 ? rst | ack : syn | ack);
  });
  expect(await found(answers)).toEqual([]);
});

test('the last acknowledgements of connections to many hosts say nothing', async () => {
  const ends = Array.from({ length: 90 }, (_, index) =>
    tcp(`10.0.0.5:${40_000 + index}`, `203.0.113.${index}:${index % 3 === 0 ? 443 : 5_900}`, ack),
  );
  expect(await found(ends)).toEqual([]);
});

test('one direction of many connections says nothing', async () => {
  const halves = Array.from({ length: 60 }, (_, index) => {
    const [from, to] = [`10.0.0.5:${40_000 + index}`, `203.0.113.${index}:8443`];
    return [tcp(from, to, syn, '', 100), tcp(from, to, ack, '', 101), tcp(from, to, ack | psh, 'hello', 101)];
  });
  expect(await found(halves.flat())).toEqual([]);
});

test('SYNs of forged senders are a flood of the one that gets them', async () => {
  const packets = Array.from({ length: 300 }, (_, index) =>
    tcp(`${1 + (index % 200)}.7.${index % 250}.9:1024`, `${victim}:80`, syn),
  );
  expect(await found(packets, { gapMs: 1 })).toEqual([['flood', victim, '']]);
});

test('answers that nobody asked for are a flood of the one that gets them; a stream that was asked for is none', async () => {
  const answers = Array.from({ length: 3_000 }, (_, index) =>
    udp(`198.51.${index % 90}.${index % 250}:161`, `${victim}:${1_024 + (index % 9)}`, 'public'),
  );
  expect(await found(answers, { gapMs: 0 })).toEqual([['flood', victim, '']]);
  const stream = Array.from({ length: 3_000 }, () => udp('198.51.100.9:443', `${victim}:40000`, 'part'));
  expect(await found([udp(`${victim}:40000`, '198.51.100.9:443', 'please'), ...stream], { gapMs: 0 })).toEqual([]);
});

test('messages in pings are a tunnel, pings are none', async () => {
  const random = (seed: number) =>
    Uint8Array.from({ length: 120 }, (_, index) => Math.imul(index + seed, 2_654_435_761) >>> 23);
  const pattern = (time: number) =>
    Uint8Array.from({ length: 120 }, (_, index) => (index < 16 ? Math.imul(index, time) : index) & 255);
  const pings = (payload: (at: number) => Uint8Array) =>
    Array.from({ length: 20 }, (_, at) =>
      [false, true].map((isReply) => {
        const [from, to] = isReply ? [victim, scanner] : [scanner, victim];
        return echo(from!, to!, isReply, at, payload(at * 1_000 + 1));
      }),
    ).flat();
  expect(await found(pings(random), { gapMs: 500 })).toEqual([['icmp-tunnel', scanner, victim]]);
  expect(await found(pings(pattern), { gapMs: 500 })).toEqual([]);
});

test('a shell in pings is a tunnel, though most of them ask in vain; empty pings are none', async () => {
  const line = (at: number) =>
    new TextEncoder().encode(`${'line of what a program wrote, number '.repeat(2)}${at * 977}`);
  const polls = (said: (at: number) => Uint8Array) =>
    Array.from({ length: 300 }, (_, at) => [
      echo(scanner, victim, false, at, said(at)),
      echo(victim, scanner, true, at, new Uint8Array(0)),
    ]).flat();
  const shell = polls((at) => (at >= 100 && at < 110 ? line(at) : new Uint8Array(0)));
  expect(await found(shell, { gapMs: 100 })).toEqual([['icmp-tunnel', scanner, victim]]);
  expect(
    await found(
      polls(() => new Uint8Array(0)),
      { gapMs: 100 },
    ),
  ).toEqual([]);
});

test('an address that is pressed on somebody is spoofed, one that is asked for is not', async () => {
  const own = arp(false, 66, '10.0.0.66', '10.0.0.1');
  expect(await found([own, arp(true, 66, '10.0.0.1', victim)], { isEthernet: true })).toEqual([
    ['arp-spoof', victim, '10.0.0.66'],
  ]);
  const answer = [own, arp(false, 5, victim, '10.0.0.1'), arp(true, 66, '10.0.0.1', victim)];
  expect(await found(answer, { isEthernet: true })).toEqual([]);
});

test('a card number in clear text is found though two packets share it and one came twice', async () => {
  const [client, server] = ['10.0.0.5:4000', '203.0.113.9:80'];
  const [head, rest] = ['POST /pay HTTP/1.1\r\n\r\ncard_number=41111111', '11111111&exp=12/29'];
  const handshake = [
    tcp(client, server, syn, '', 100),
    tcp(server, client, syn | ack, '', 500),
    tcp(client, server, ack, '', 101),
  ];
  const sent = tcp(client, server, ack | psh, head, 101);
  const packets = [...handshake, sent, sent, tcp(client, server, ack | psh, rest, 101 + head.length)];
  expect(await found(packets)).toEqual([['cardholder-data', '10.0.0.5', '203.0.113.9']]);
});
