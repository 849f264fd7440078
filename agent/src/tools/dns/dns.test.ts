// DNS against a name server of the test: what is asked, what of the answers is believed, and how records read.
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { DnsParameters } from '@foretop/proto/tools';
import dnsPacket, { type Answer, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { look, ofKind } from '../test-run.ts';
import { readAnswer } from './answer.ts';
import { encodeName, encodeQuery } from './query.ts';

type Reply = (query: Packet, raw: Buffer) => (Buffer | Uint8Array)[];

/** By UDP and TCP on one port of loopback. */
async function nameServer(reply: Reply, byTcp: Reply = reply): Promise<{ port: number; asked: Packet[] }> {
  const asked: Packet[] = [];
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      const query = bytes.subarray(2);
      asked.push(dnsPacket.decode(query));
      for (const answer of byTcp(asked.at(-1)!, query))
        socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (bytes: Buffer, from: RemoteInfo) => {
    asked.push(dnsPacket.decode(bytes));
    for (const answer of reply(asked.at(-1)!, bytes)) udp.send(answer, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  onTestFinished(() => void (udp.close(), tcp.close()));
  return { port, asked };
}

const answerTo = ({ id, questions }: Packet, answers: Answer[], flags = 0x0180) =>
  dnsPacket.encode({
    type: 'response',
    ...(id !== undefined && { id }),
    flags,
    ...(questions && { questions }),
    answers,
  });

const parameters = (port: number, change: Partial<DnsParameters> = {}): DnsParameters => ({
  ...{ name: 'Example.com', types: ['A'], resolver: `127.0.0.1:${port}`, transport: 'udp', dnssec: false },
  ...change,
});

const a: Answer = { type: 'A', name: 'example.com', ttl: 300, data: '192.0.2.7' };

describe('a look-up', () => {
  test('says what was answered, by which server, with its flags and time', async () => {
    const server = await nameServer((query) => [answerTo(query, [a], 0x05a0)]);
    const { events, ended } = await look('dns', parameters(server.port, { types: ['A', 'AAAA'], dnssec: true }));
    const [first, second] = ofKind(events, 'dns-answer');
    expect(first).toMatchObject({
      ...{ resolver: '127.0.0.1', type: 'A', rcode: 'NOERROR' },
      flags: { authoritative: true, truncated: false, recursionAvailable: true, authenticData: true },
      records: [{ section: 'answer', name: 'example.com', type: 'A', ttl: 300, data: '192.0.2.7' }],
    });
    expect(first!.rttUs).toBeGreaterThan(0);
    expect(second!.type).toBe('AAAA');
    expect(ended).toMatchObject({ outcome: 'completed', summary: { asked: 2, answered: 2, records: 2 } });
    const [question] = server.asked;
    expect(question).toMatchObject({ flag_rd: true, flag_ad: true, questions: [{ name: 'Example.com', type: 'A' }] });
    expect(question!.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232, flag_do: true }]);
    expect(server.asked[0]!.id).not.toBe(server.asked[1]!.id);
  });

  test('by UDP whose answer was cut is asked again by TCP', async () => {
    const many = Array.from({ length: 90 }, (_, index): Answer => ({ ...a, data: `192.0.2.${index}` }) as Answer);
    const server = await nameServer(
      (query) => [answerTo(query, [], 0x0380)],
      (query) => [answerTo(query, many)],
    );
    const [answer] = ofKind((await look('dns', parameters(server.port))).events, 'dns-answer');
    expect(answer!.records).toHaveLength(90);
    expect(answer!.flags.truncated).toBe(false);
  });

  test('by TCP goes by TCP', async () => {
    const server = await nameServer(
      () => [],
      (query) => [answerTo(query, [a])],
    );
    const [answer] = ofKind((await look('dns', parameters(server.port, { transport: 'tcp' }))).events, 'dns-answer');
    expect(answer).toMatchObject({ rcode: 'NOERROR', records: [{ data: '192.0.2.7' }] });
  });

  test.each<[string, Reply]>([
    ['another id', (query) => [answerTo({ ...query, id: (query.id! + 1) & 0xffff }, [a])]],
    ['another name', (query) => [answerTo({ ...query, questions: [{ type: 'A', name: 'evil.example' }] }, [a])]],
    ['another type', (query) => [answerTo({ ...query, questions: [{ type: 'AAAA', name: 'example.com' }] }, [a])]],
    ['its own question', (_query, raw) => [raw]],
    ['noise', () => [Buffer.from([1, 2, 3]), Buffer.alloc(600, 0xff)]],
  ])('does not believe %s, and takes the answer behind it', async (_what, wrong) => {
    const server = await nameServer((query, raw) => [
      ...wrong(query, raw),
      answerTo(query, [{ ...a, data: '192.0.2.8' } as Answer]),
    ]);
    const [answer] = ofKind((await look('dns', parameters(server.port))).events, 'dns-answer');
    expect(answer!.records).toMatchObject([{ data: '192.0.2.8' }]);
  });

  test('that nobody answers says so, within its time', { timeout: 15_000 }, async () => {
    const server = await nameServer(() => []);
    const { events, ended } = await look('dns', parameters(server.port));
    expect(ofKind(events, 'dns-answer')).toMatchObject([{ rcode: '', records: [], error: 'no answer in time' }]);
    expect(ended).toMatchObject({ outcome: 'completed', summary: { answered: 0 } });
    expect(server.asked).toHaveLength(2);
  });

  test('of an address asks for its name', async () => {
    const server = await nameServer((query) => [answerTo(query, [])]);
    await look('dns', parameters(server.port, { name: '192.0.2.7', types: ['PTR'] }));
    await look('dns', parameters(server.port, { name: '2001:db8::7', types: ['PTR'] }));
    expect(server.asked.map(({ questions }) => questions![0]!.name)).toEqual([
      '7.2.0.192.in-addr.arpa',
      `7.0.0.0.${'0.'.repeat(20)}8.b.d.0.1.0.0.2.ip6.arpa`,
    ]);
  });

  test('at a server of an internal network is refused where that is not listed, and so is a name that is none', async () => {
    const to = (resolver: string, networks: string[]) => look('dns', parameters(0, { resolver }), { networks });
    await expect(to('10.255.0.1', [])).rejects.toMatchObject({ code: 'target-refused' });
    await expect(to('127.0.0.9', [])).rejects.toMatchObject({ code: 'target-refused' });
    await expect(look('dns', parameters(53, { name: 'a..b' }))).rejects.toMatchObject({ code: 'malformed' });
  });
});

test('records read as zone files write them', () => {
  const answers: Answer[] = [
    { type: 'MX', name: 'x', ttl: 1, data: { preference: 10, exchange: 'mail.x' } },
    { type: 'TXT', name: 'x', ttl: 1, data: ['v=spf1 "a"', '\u001b[2J'] },
    { type: 'SRV', name: 'x', ttl: 1, data: { priority: 1, weight: 2, port: 443, target: 's.x' } },
    { type: 'CAA', name: 'x', ttl: 1, data: { flags: 0, tag: 'issue', value: 'ca.example' } },
    {
      type: 'SOA',
      name: 'x',
      ttl: 1,
      data: { mname: 'ns.x', rname: 'root.x', serial: 7, refresh: 1, retry: 2, expire: 3, minimum: 4 },
    },
    {
      type: 'DS',
      name: 'x',
      ttl: 1,
      data: { keyTag: 5, algorithm: 13, digestType: 2, digest: Buffer.from('00ff', 'hex') },
    },
    { type: 'NSEC', name: 'x', ttl: 1, data: { nextDomain: 'a.x', rrtypes: ['A', 'MX', 'RRSIG'] } },
    {
      ...{ type: 'RRSIG', name: 'x', ttl: 1 },
      data: {
        ...{
          typeCovered: 'A',
          algorithm: 13,
          labels: 1,
          originalTTL: 60,
          expiration: 1_790_000_000,
          inception: 1_780_000_000,
        },
        ...{ keyTag: 9, signersName: 'x', signature: Buffer.from('sig') },
      },
    },
  ];
  const bytes = dnsPacket.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'x' }], answers });
  expect(readAnswer(bytes)!.records.map(({ type, data }) => `${type} ${data}`)).toEqual([
    'MX 10 mail.x.',
    String.raw`TXT "v=spf1 \"a\"" "\027[2J"`,
    'SRV 1 2 443 s.x.',
    'CAA 0 issue "ca.example"',
    'SOA ns.x. root.x. 7 1 2 3 4',
    'DS 5 13 2 00ff',
    'NSEC a.x. A MX RRSIG',
    'RRSIG A 13 1 60 20260921141320 20260528202640 9 x. c2ln',
  ]);
});

test('names with escapes come out as they were meant, and none that DNS cannot hold goes in', () => {
  expect([...encodeName(String.raw`a\.b.\065c.`)]).toEqual([3, 97, 46, 98, 2, 65, 99, 0]);
  for (const name of ['a..b', '', '.a', 'x'.repeat(64), `${'x'.repeat(63)}.`.repeat(4)])
    expect(() => encodeName(name)).toThrow(RangeError);
  expect([...encodeName('.')]).toEqual([0]);
});

test('an answer of any bytes is read without a throw, and is bounded', () => {
  const start = encodeQuery({ id: 1, name: 'example.com', type: 1, dnssec: true });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (noise, headed) => {
      const bytes = headed ? Buffer.concat([start, noise]) : noise;
      if (headed) bytes[2]! |= 0x80;
      const answer = readAnswer(bytes);
      expect(answer?.records.length ?? 0).toBeLessThanOrEqual(100);
    }),
    { numRuns: 2_000 },
  );
});
