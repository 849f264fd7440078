import { DnsKind, DnsRole, DnsTransport, formatAddress, OwnerRule } from '@foretop/proto';
import dnsPacket, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, payload, u16 } from '../../../test/packets.ts';
import type { Payload } from '../payload.ts';
import { DnsInspector } from './dns-inspector.ts';
import type { ObservedExchange } from './exchanges.ts';

const secondUs = 1_000_000;

function inspector() {
  const exchanges: ObservedExchange[] = [];
  return { exchanges, dns: new DnsInspector((exchange) => exchanges.push(exchange)) };
}

function query(name: string, id = 1): Uint8Array {
  return dnsPacket.encode({ type: 'query', id, questions: [{ type: 'A', name }] });
}

function response(name: string, { id = 1, answers = [] as Answer[], flags = 0 } = {}): Uint8Array {
  return dnsPacket.encode({ type: 'response', id, flags, questions: [{ type: 'A', name }], answers });
}

const sent = (bytes: Uint8Array, overrides: Partial<Payload> = {}) => payload({ kind: 'dns', bytes, ...overrides });
const received = (bytes: Uint8Array, overrides: Partial<Payload> = {}) =>
  sent(bytes, { direction: 'rx', boottimeUs: 1_005_000, ...overrides });

test('a query and its answer are one exchange, with the latency and the asker', () => {
  const { dns, exchanges } = inspector();
  const owner = { pid: 42, comm: 'curl', uid: 1000, rule: OwnerRule.OWNER_RULE_CONNECT };
  const answers: Answer[] = [
    { type: 'CNAME', name: 'Example.org', ttl: 300, data: 'edge.example.net' },
    { type: 'A', name: 'edge.example.net', ttl: 20, data: '192.0.2.1' },
  ];
  dns.inspect(sent(query('Example.org'), { owner: () => owner }));
  expect(exchanges).toEqual([]);
  dns.inspect(received(response('example.ORG', { answers })));
  expect(exchanges).toMatchObject([
    {
      askedUs: 1_000_000,
      latencyUs: 5_000,
      answered: true,
      owner,
      name: 'example.org',
      type: 1,
      rcode: 0,
      kind: DnsKind.DNS_KIND_DNS,
      role: DnsRole.DNS_ROLE_CLIENT,
      transport: DnsTransport.DNS_TRANSPORT_UDP,
      canonicalNames: ['edge.example.net'],
      ttlSeconds: 20,
      queries: 1,
      peerPort: 53,
    },
  ]);
  expect(exchanges[0]!.addresses.map(formatAddress)).toEqual(['192.0.2.1']);
});

test('both legs of a stub resolver are exchanges, and say who asked', () => {
  const { dns, exchanges } = inspector();
  const stub = { localPort: 53, remotePort: 40_000, cookie: 9 };
  dns.inspect(sent(query('a.test')));
  dns.inspect(sent(query('a.test'), { ...stub, direction: 'rx' }));
  dns.inspect(received(response('a.test'), { ...stub, direction: 'tx' }));
  dns.inspect(received(response('a.test')));
  expect(exchanges.map(({ role, peerPort }) => [role, peerPort])).toEqual([
    [DnsRole.DNS_ROLE_SERVER, 40_000],
    [DnsRole.DNS_ROLE_CLIENT, 53],
  ]);
});

test('a repeated query is one exchange, and its answer counts once', () => {
  const { dns, exchanges } = inspector();
  dns.inspect(sent(query('a.test')));
  dns.inspect(sent(query('a.test'), { boottimeUs: 3_000_000 }));
  dns.inspect(received(response('a.test'), { boottimeUs: 3_100_000 }));
  dns.inspect(received(response('a.test'), { boottimeUs: 3_200_000 }));
  expect(exchanges).toMatchObject([{ queries: 2, latencyUs: 2_100_000 }]);
});

test('a query that nobody answers ends after 10 s', () => {
  const { dns, exchanges } = inspector();
  dns.inspect(sent(query('a.test')));
  dns.expire(10.9 * secondUs);
  expect(exchanges).toEqual([]);
  dns.expire(11 * secondUs);
  expect(exchanges).toMatchObject([{ answered: false, latencyUs: undefined, name: 'a.test' }]);
});

test('an answer whose query was not seen is an exchange without latency', () => {
  const { dns, exchanges } = inspector();
  dns.inspect(received(response('a.test', { flags: 3 })));
  expect(exchanges).toMatchObject([{ answered: true, latencyUs: undefined, queries: 0, rcode: 3, queryBytes: 0 }]);
});

test('an answer to another question, id, peer or socket is not the answer', () => {
  const { dns, exchanges } = inspector();
  dns.inspect(sent(query('a.test')));
  dns.inspect(received(response('b.test')));
  dns.inspect(received(response('a.test', { id: 2 })));
  dns.inspect(received(response('a.test'), { remotePort: 54 }));
  dns.inspect(received(response('a.test'), { cookie: 8 }));
  expect(exchanges.every(({ queries }) => queries === 0)).toBe(true);
  dns.inspect(received(response('a.test')));
  expect(exchanges.at(-1)).toMatchObject({ queries: 1 });
});

test('an answer without the question answers what was asked with its id', () => {
  const { dns, exchanges } = inspector();
  dns.inspect(sent(query('a.test', 77)));
  dns.inspect(received(dnsPacket.encode({ type: 'response', id: 77, flags: 1 })));
  expect(exchanges).toMatchObject([{ name: 'a.test', rcode: 1, answered: true }]);
});

test('mDNS: an answer is recognised by its records, and questions of others that nobody here answers are none of ours', () => {
  const { dns, exchanges } = inspector();
  const mdns = { localPort: 5353, remotePort: 5353 };
  dns.inspect(sent(query('printer.local', 0), mdns));
  dns.inspect(sent(query('camera.local', 0), { ...mdns, direction: 'rx' }));
  const answers: Answer[] = [{ type: 'A', name: 'Printer.local', ttl: 120, data: '192.0.2.9' }];
  dns.inspect(received(dnsPacket.encode({ type: 'response', id: 0, answers }), mdns));
  dns.flush();
  expect(exchanges).toMatchObject([{ name: 'printer.local', kind: DnsKind.DNS_KIND_MDNS, answered: true }]);
  expect(exchanges[0]!.addresses.map(formatAddress)).toEqual(['192.0.2.9']);
});

test('LLMNR: the answer comes from another address than the question went to', () => {
  const { dns, exchanges } = inspector();
  const group = { localPort: 50_000, remotePort: 5355, remoteAddress: () => Uint8Array.of(224, 0, 0, 252) };
  dns.inspect(sent(query('nas', 5), group));
  dns.inspect(received(response('nas', { id: 5 }), { ...group, remoteAddress: () => Uint8Array.of(10, 0, 0, 77) }));
  expect(exchanges).toMatchObject([{ name: 'nas', kind: DnsKind.DNS_KIND_LLMNR, answered: true }]);
});

test('what waits is bounded, and what is given up is counted', () => {
  const { dns, exchanges } = inspector();
  for (let id = 0; id < 20_000; id++) dns.inspect(sent(query(`n${id}.test`, id)));
  const { messages, queriesEvicted } = dns.counters();
  expect([messages, queriesEvicted]).toEqual([20_000, exchanges.length]);
  expect(20_000 - exchanges.length).toBeLessThanOrEqual(16_384);
  expect(exchanges.map(({ name }) => name)).toEqual(exchanges.map((_, id) => `n${id}.test`));
});

test('by TCP, however it is cut, doubled and shuffled', () => {
  const names = ['a.test', 'b.test', 'c.test'];
  const stream = concat(...names.map((name, id) => query(name, id)).flatMap((bytes) => [u16(bytes.length), bytes]));
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 }), { maxLength: 8 });
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.nat(100)), fc.nat(0xffff_ffff), (places, order, first) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), stream.length];
      const segments = edges.slice(1).map((end, index) => ({ start: edges[index]!, end }));
      // The first one first: without a SYN nothing else says where the stream begins.
      const [head, ...rest] = segments;
      const shuffled = [
        head!,
        ...rest
          .map((item) => ({ item, at: order.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ item }) => item),
        head!,
      ];
      const { dns, exchanges } = inspector();
      for (const { start, end } of shuffled) {
        const sequence = (first + start) >>> 0;
        dns.inspect(sent(stream.subarray(start, end), { protocol: 6, sequence }));
      }
      dns.flush();
      expect(exchanges.map(({ name, transport }) => [name, transport])).toEqual(
        names.map((name) => [name, DnsTransport.DNS_TRANSPORT_TCP]),
      );
    }),
  );
});

test('by TCP, a segment that is missing for good costs only what is in it', () => {
  const { dns, exchanges } = inspector();
  const framed = (name: string) => {
    const bytes = query(name, 1);
    return concat(u16(bytes.length), bytes);
  };
  const tcp = (name: string, sequence: number) => sent(framed(name), { protocol: 6, sequence });
  const size = framed('00000.test').length;
  // The first segment also has the start of the message that is in the missing one.
  dns.inspect(sent(concat(framed('00000.test'), framed('00001.test').subarray(0, 5)), { protocol: 6 }));
  for (let number = 0; number < 300; number++) {
    if (number > 1) dns.inspect(tcp(`${String(number).padStart(5, '0')}.test`, number * size));
  }
  dns.flush();
  expect(dns.counters().holes).toBe(1);
  // Those that waited behind the hole are lost with it, the others are seen.
  expect(exchanges.length).toBe(300 - 1 - 128);
});

test('by TCP from the port of mDNS, which any client may get', () => {
  const { dns, exchanges } = inspector();
  const bytes = query('a.test');
  const ports = { localPort: 5353, remotePort: 5353, protocol: 6 as const };
  dns.inspect(sent(concat(u16(bytes.length), bytes), ports));
  dns.flush();
  expect(exchanges).toMatchObject([{ kind: DnsKind.DNS_KIND_DNS }]);
});
