import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import dnsPacket from 'dns-packet';
import { expect, test } from 'vitest';
import { clientHello, concat, ethernet, ipv4, pcapFile, tcp, tlsRecords, udp } from '../../../test/packets.ts';
import type { ReplayEvent } from './events.ts';
import { replay } from './run-replay.ts';
import { jsonLine } from './text.ts';

const secondUs = 1_000_000;
const startUs = 1_700_000_000 * secondUs;

interface Step {
  protocol: 6 | 17;
  bytes: Uint8Array;
  fromServer?: boolean;
  atUs?: number;
}

const fin = 0x11;
const syn = 0x02;
const ack = 0x10;
const rst = 0x14;

function segment(
  flags: number,
  sequence: number,
  options: { fromServer?: boolean; payload?: Uint8Array; serverPort?: number; clientPort?: number } = {},
): Step {
  const { fromServer = false } = options;
  return { protocol: 6, bytes: tcp({ flags, sequence, ...options }), fromServer };
}

async function replayOf(steps: Step[]): Promise<ReplayEvent[]> {
  const packets = steps.map(({ protocol, bytes, fromServer = false, atUs }, index) => ({
    bytes: ethernet(0x0800, ipv4(protocol, bytes, { fromServer })),
    timeUs: startUs + (atUs ?? index * 1_000),
  }));
  let text = '';
  const output = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      setImmediate(done);
    },
  });
  const file = Buffer.from(pcapFile(packets));
  async function* chunks() {
    for (let at = 0; at < file.length; at += 100) yield file.subarray(at, at + 100);
  }
  const outcome = await replay(chunks(), output, jsonLine);
  await finished(output.end());
  expect(outcome).toEqual({ packets: steps.length, recognised: true, fault: undefined });
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ReplayEvent);
}

const kindsOf = (events: ReplayEvent[], kind: ReplayEvent['kind']) => events.filter((event) => event.kind === kind);

test('a lookup, then the connection that it was for, with the server name of its hello', async () => {
  const question = dnsPacket.encode({ type: 'query', id: 3, questions: [{ type: 'A', name: 'Web.test' }] });
  const answer = dnsPacket.encode({
    type: 'response',
    id: 3,
    questions: [{ type: 'A', name: 'web.test' }],
    answers: [{ type: 'A', name: 'web.test', ttl: 60, data: '10.0.0.2' }],
  });
  const hello = tlsRecords(clientHello({ name: 'shop.test', alpn: ['h2'] }));
  const first = hello.subarray(0, 50);
  const events = await replayOf([
    { protocol: 17, bytes: udp({ payload: question }) },
    { protocol: 17, bytes: udp({ payload: answer, fromServer: true }), fromServer: true },
    segment(syn, 999),
    segment(syn | ack, 0xffff_ffff, { fromServer: true }),
    segment(ack, 1_000, { payload: first }),
    segment(ack, 1_000, { payload: first }),
    segment(ack, 1_050, { payload: hello.subarray(50) }),
    segment(ack, 0, { fromServer: true, payload: new Uint8Array(700) }),
    segment(fin, 1_000 + hello.length),
    segment(fin, 700, { fromServer: true }),
    segment(ack, 1_001 + hello.length),
  ]);
  expect(kindsOf(events, 'dns')).toMatchObject([
    {
      time: '2023-11-14T22:13:20.000000Z',
      name: 'web.test',
      type: 1,
      latencyUs: 1_000,
      addresses: ['10.0.0.2'],
      client: { address: '10.0.0.1', port: 40_000 },
      server: { address: '10.0.0.2', port: 53 },
    },
  ]);
  expect(kindsOf(events, 'sni')).toMatchObject([
    { transport: 'tls', name: 'shop.test', alpn: ['h2'], time: '2023-11-14T22:13:20.006000Z' },
  ]);
  expect(kindsOf(events, 'connection')).toMatchObject([
    { protocol: 'udp', state: 'established', clientBytes: question.length, serverBytes: answer.length },
    {
      protocol: 'tcp',
      state: 'closed',
      client: { address: '10.0.0.1', port: 40_000 },
      server: { address: '10.0.0.2', port: 443 },
      clientBytes: hello.length,
      serverBytes: 700,
      clientPackets: 6,
      serverPackets: 3,
      retransmittedBytes: 50,
      name: 'shop.test',
      nameSource: 'sni',
      alpn: 'h2',
    },
  ]);
});

test('without a hello the name is the one that was looked up', async () => {
  const answers = [{ type: 'A' as const, name: 'db.test', ttl: 1, data: '10.0.0.2' }];
  const [question, answer] = (['query', 'response'] as const).map((type) =>
    dnsPacket.encode({
      type,
      id: 3,
      questions: [{ type: 'A', name: 'db.test' }],
      answers: type === 'query' ? [] : answers,
    }),
  );
  const events = await replayOf([
    { protocol: 17, bytes: udp({ payload: question!, serverPort: 8_053 }) },
    { protocol: 17, bytes: udp({ payload: answer!, serverPort: 8_053, fromServer: true }), fromServer: true },
    segment(syn, 1, { serverPort: 5_432 }),
    segment(syn | ack, 1, { serverPort: 5_432, fromServer: true }),
  ]);
  expect(kindsOf(events, 'connection')).toContainEqual(
    expect.objectContaining({ protocol: 'tcp', state: 'established', name: 'db.test', nameSource: 'dns' }),
  );
});

test('out of order and with a hole, each byte of the stream counts once', async () => {
  const piece = new Uint8Array(100);
  const events = await replayOf([
    segment(syn, 0),
    segment(syn | ack, 0, { fromServer: true }),
    segment(ack, 201, { payload: piece }),
    segment(ack, 101, { payload: piece }),
    segment(ack, 501, { payload: piece }),
  ]);
  expect(kindsOf(events, 'connection')).toMatchObject([{ clientBytes: 600, state: 'established' }]);
});

test('a port that is used again is another connection', async () => {
  const opened = (sequence: number) => [
    segment(syn, sequence),
    segment(syn | ack, sequence, { fromServer: true }),
    segment(ack, sequence + 1, { payload: new Uint8Array(10) }),
  ];
  const events = await replayOf([...opened(100), segment(rst, 111, { fromServer: true }), ...opened(900_000)]);
  expect(kindsOf(events, 'connection')).toMatchObject([
    { state: 'reset', clientBytes: 10 },
    { state: 'established', clientBytes: 10 },
  ]);
});

test('scans: refused SYNs, FINs without a connection, UDP that ICMP refuses', async () => {
  const ports = Array.from({ length: 20 }, (_, index) => 1_000 + index);
  const refusal = (port: number): Step => {
    const quoted = ipv4(17, udp({ serverPort: port, clientPort: 6_000 }));
    return { protocol: 17, bytes: concat([3, 3, 0, 0, 0, 0, 0, 0], quoted), fromServer: true };
  };
  const probes = ports.flatMap((serverPort) => [
    segment(syn, 1, { serverPort }),
    segment(rst, 0, { serverPort, fromServer: true }),
    segment(1, 1, { serverPort, clientPort: 50_000 }),
    segment(0x29, 1, { serverPort, clientPort: 50_001 }),
    segment(0, 1, { serverPort, clientPort: 50_002 }),
    { protocol: 17 as const, bytes: udp({ serverPort, clientPort: 6_000 }) },
  ]);
  const packets = [
    ...probes.map(({ protocol, bytes, fromServer = false }) => ipv4(protocol, bytes, { fromServer })),
    ...ports.map((port) => ipv4(1, refusal(port).bytes, { fromServer: true })),
  ];
  const events: ReplayEvent[] = [];
  const file = pcapFile(
    packets.map((bytes, index) => ({ bytes, timeUs: startUs + index })),
    101,
  );
  const output = new Writable({ write: (_, __, done) => done() });
  await replay(oneChunk(file), output, (event) => (events.push(event), ''));
  expect(kindsOf(events, 'scan')).toMatchObject(
    ['syn', 'fin', 'xmas', 'null', 'udp'].map((scan) => ({
      scan,
      source: '10.0.0.1',
      destinations: ['10.0.0.2'],
      portCount: 20,
      packets: 20,
    })),
  );
});

test('memory stays bounded: more connections than are kept at once', async () => {
  let connections = 0;
  const count = 70_000;
  async function* packets() {
    yield pcapFile([]);
    for (let index = 0; index < count; index += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, offset) => {
        const number = index + offset;
        const bytes = ethernet(
          0x0800,
          ipv4(6, tcp({ flags: syn, clientPort: number % 65_536, serverPort: 1 + (number >> 16) })),
        );
        return { bytes, timeUs: startUs + number };
      });
      yield pcapFile(batch).subarray(24);
    }
  }
  const output = new Writable({ write: (_, __, done) => done() });
  await replay(packets(), output, ({ kind }) => {
    if (kind === 'connection') connections++;
    return '';
  });
  expect(connections).toBe(count);
});

async function* oneChunk(file: Uint8Array) {
  yield file;
}
