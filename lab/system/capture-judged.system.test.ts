// Captures and tcpdump on the same wire at the same time: with each filter, the same packets, whole, with the same times.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CapturedPacket } from '../../agent/src/inspect/pcap/capture-format.ts';
import { type CaptureWire, openCaptureWire, startDownloads } from '../harness/capture-wire.ts';
import { beginCapture, beginTcpdump, commandMissing, packetsIn } from '../harness/capturing.ts';
import { FrameSender } from '../harness/frame-sender.ts';
import { namespacesMissing } from '../harness/network-namespace.ts';
import { frames, otherFrame, twice } from '../harness/test-capture-frames.ts';

const missing =
  process.platform === 'linux'
    ? (namespacesMissing() ?? commandMissing('sysctl') ?? commandMissing('tcpdump'))
    : 'packet sockets are of Linux';
if (missing) console.warn(`Skipped lab/system/capture-judged: ${missing}.`);

/** Ours, and what tcpdump is asked where it says the same in other words. */
const filters: (string | [ours: string, theirs: string])[] = [
  ...['', 'ip', 'ip6', 'arp', 'rarp', 'tcp', 'udp', 'icmp', 'icmp6', 'sctp', 'not tcp', 'ether proto 0x88cc'],
  ...[String.raw`ip proto \udp`, 'ip6 proto 6', 'ip6 proto 44', 'proto 47', 'port 80', 'tcp port 80 or 443'],
  ...['udp port 53', 'src port 80', 'tcp dst port 80', 'portrange 5000-8080', 'udp dst portrange 50-70', 'not port 53'],
  ...['host 10.1.0.2', 'ip host 10.1.0.2', 'arp host 10.1.0.1', 'src 10.1.0.2', 'dst host 192.168.7.9'],
  ...['net 10.1.0.0/16', 'src net 10 and not dst net 10.1.0.0 mask 255.255.0.0', 'host fd00::1', 'dst net fd00::/8'],
  ...['src and dst net 10.1.0.0/16', 'ether host 02:aa:00:00:00:01', 'ether dst 33:33:ff:00:00:01', 'broadcast'],
  ...['ether multicast', 'ip multicast', 'vlan', 'vlan 5', 'greater 200', 'less 60', 'len >= 90 and len <= 120'],
  ...['ip[6:2] & 0x1fff != 0', 'tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420', 'icmp[icmptype] = icmp-echo'],
  ...['tcp port 80 and not src net 10.1.0.2/32 or udp port 67', '(udp or icmp) and not (port 53 or port 5353)'],
  ...['tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and ip', 'ip[8] = 64 and ip[0] & 0xf > 5', 'ether[0] & 1 = 1'],
  'vlan 5 and tcp port 80',
  ['tcp[13] & 2 != 0', '(tcp[13] & 2 != 0) or (ip6 and ip6[6] = 6 and ip6[53] & 2 != 0)'],
];

const shown = ({ bytes, wireBytes }: CapturedPacket) => `${wireBytes} ${Buffer.from(bytes).toString('hex')}`;

function expectSame(ours: CapturedPacket[], theirs: CapturedPacket[]): void {
  expect(ours.map(shown)).toEqual(theirs.map(shown));
  const apart = ours.map(({ timeUs }, index) => Math.abs(timeUs - theirs[index]!.timeUs));
  expect(Math.max(0, ...apart), 'microseconds between the two times of a packet').toBeLessThan(1_000);
}

/**
 * Two processors may hand two packets to two packet sockets in the same moment, and the kernel does not say in which order each
 * socket gets them. All else is the same: the packets, whole, their times, and so the order of what is not of one moment.
 */
function expectSameFromTwoProcessors(ours: CapturedPacket[], theirs: CapturedPacket[]): void {
  const ordered = (packets: CapturedPacket[]) =>
    packets.toSorted((a, b) => (shown(a) < shown(b) ? -1 : shown(a) > shown(b) ? 1 : a.timeUs - b.timeUs));
  expectSame(ordered(ours), ordered(theirs));
  for (const packets of [ours, theirs]) {
    const back = packets.map(({ timeUs }, index) => (packets[index - 1]?.timeUs ?? timeUs) - timeUs);
    expect(Math.max(0, ...back), 'microseconds that the packets go back in time').toBeLessThan(1_000);
  }
}

describe.skipIf(missing)('a capture and tcpdump see the same', () => {
  let lab: CaptureWire;
  beforeAll(() => void (lab = openCaptureWire()));
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const sendAll = () => {
    for (const frame of frames) expect(lab.sender.send(frame)).toBe(true);
  };
  const tcpdump = (interfaceName: string, filter: string) =>
    beginTcpdump({ interface: interfaceName, filter, file: lab.path('tcpdump.pcap') }, lab.near);

  const rounds = Array.from({ length: Math.ceil(filters.length / 8) }, (_, round) =>
    filters.slice(round * 8, round * 8 + 8),
  );
  test.each(rounds.map((round) => ({ round })))('with $round', { timeout: 120_000 }, async ({ round }) => {
    const pairs = await Promise.all(
      round.map(async (pair) => {
        const [filter, theirs] = typeof pair === 'string' ? [pair, pair] : pair;
        const judge = await tcpdump('wire', theirs);
        return { filter, judge, ours: await beginCapture({ interface: 'wire', filter, content: 'payload' }) };
      }),
    );
    sendAll();
    await sleep(300);
    for (const { filter, judge, ours } of pairs) {
      ours.stop();
      const { file, ended, isComplete } = await ours.ended;
      const theirs = await judge.stop();
      console.log(`'${filter}': ${theirs.length} of ${frames.length}`);
      expect([filter, ended.outcome, isComplete]).toEqual([filter, 'cancelled', true]);
      expectSame(packetsIn(file), theirs);
      expect(ended.summary).toMatchObject({ packets: theirs.length, droppedByKernel: 0, droppedByLimit: 0 });
    }
  });

  test('of all interfaces', { timeout: 60_000 }, async () => {
    const asked = ['ip', 'tcp port 80', 'host fd00::1', 'arp host 10.1.0.1', 'udp', 'not udp and not ip6 and not arp'];
    const pairs = await Promise.all(
      asked.map(async (filter) => ({
        ...{ filter, judge: await tcpdump('any', filter) },
        ours: await beginCapture({ filter, content: 'payload' }),
      })),
    );
    sendAll();
    await sleep(300);
    for (const { filter, judge, ours } of pairs) {
      ours.stop();
      const { file } = await ours.ended;
      // Ours has tags that theirs leaves out, behind the cooked header.
      const bare = ({ bytes }: CapturedPacket, head: number) => {
        const hasTag = bytes.length > head + 4 && head === 20 && ((bytes[0]! << 8) | bytes[1]!) === 0x8100;
        return Buffer.from(bytes.subarray(hasTag ? head + 4 : head)).toString('hex');
      };
      const theirs = await judge.stop();
      const mine = packetsIn(file);
      expect([filter, mine.length]).toEqual([filter, theirs.length]);
      expect(mine.every(({ linkType }) => linkType === 276)).toBe(true);
      const head = theirs[0]?.linkType === 276 ? 20 : 16;
      const untagged = (packets: CapturedPacket[], own: CapturedPacket[], by: number) =>
        packets
          .filter((_, index) => ((own[index]!.bytes[0]! << 8) | own[index]!.bytes[1]!) !== 0x8100)
          .map((packet) => bare(packet, by));
      expect(untagged(mine, mine, 20)).toEqual(untagged(theirs, mine, head));
    }
  });

  test('but for what is behind two tags, which tcpdump passes over', { timeout: 60_000 }, async () => {
    const judge = await tcpdump('wire', 'udp port 53');
    const asked = ['udp port 53', 'vlan 7', 'vlan 5'];
    const ours = await Promise.all(
      asked.map((filter) => beginCapture({ interface: 'wire', filter, content: 'payload' })),
    );
    expect(lab.sender.send(twice)).toBe(true);
    await sleep(200);
    const found = await Promise.all(ours.map(({ stop, ended }) => (stop(), ended)));
    expect(found.map(({ file }) => packetsIn(file).map(({ bytes }) => bytes))).toEqual([[twice], [twice], []]);
    expect(await judge.stop()).toEqual([]);
  });

  test('of loopback, each packet once', { timeout: 60_000 }, async () => {
    const filter = 'udp or icmp or icmp6';
    const judge = await tcpdump('lo', filter);
    const ours = await beginCapture({ interface: 'lo', filter, content: 'payload' });
    for (const [kind, address] of [
      ['udp4', '127.0.0.1'],
      ['udp6', '::1'],
    ] as const) {
      const socket = createSocket(kind).on('error', () => undefined);
      socket.send('to nobody', 9, address);
      await sleep(100);
      socket.close();
    }
    await sleep(200);
    ours.stop();
    const packets = packetsIn((await ours.ended).file);
    expectSame(packets, await judge.stop());
    // A datagram and what is said of it, in both families.
    expect(packets).toHaveLength(4);
  });

  test('of connections, both ways, with what the kernel had not cut into packets', { timeout: 60_000 }, async () => {
    await using server = startDownloads(lab.far);
    const port = (await server.waitFor(/port (\d+)/))[1]!;
    const judge = await tcpdump('net', `tcp port ${port}`);
    const ours = await beginCapture({ interface: 'net', filter: `tcp port ${port}`, content: 'payload' });
    for (const address of ['10.92.0.2', 'fd00:92::2']) {
      const socket = connect(Number(port), address).resume();
      await once(socket, 'close');
    }
    await sleep(300);
    ours.stop();
    const packets = packetsIn((await ours.ended).file);
    expectSameFromTwoProcessors(packets, await judge.stop());
    const longest = Math.max(...packets.map(({ wireBytes }) => wireBytes));
    console.log(`${packets.length} packets of connections, the longest of ${longest} bytes`);
    expect(longest).toBeGreaterThan(10_000);
  });

  test('of what goes out, with tags that nobody has taken off', { timeout: 60_000 }, async () => {
    using sender = new FrameSender('wire');
    const asked = ['', 'vlan 5', 'outbound', 'inbound', 'ether src 02:aa:00:00:00:01'];
    const judges = await Promise.all(asked.map((filter) => tcpdump('wire', filter)));
    // The first packet is judged by tcpdump itself, which does not know where it went.
    sender.send(otherFrame);
    await sleep(100);
    const pairs = await Promise.all(
      asked.map(async (filter, index) => ({
        ...{ filter, judge: judges[index]! },
        ours: await beginCapture({ interface: 'wire', filter, content: 'payload' }),
      })),
    );
    for (const frame of frames) sender.send(frame);
    await sleep(300);
    for (const { filter, judge, ours } of pairs) {
      console.log(filter);
      ours.stop();
      const theirs = (await judge.stop()).filter(({ bytes }) => Buffer.compare(bytes, otherFrame) !== 0);
      expectSame(packetsIn((await ours.ended).file), theirs);
    }
  });
});
