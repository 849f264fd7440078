import dnsPacket, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '@foretop/proto';
import { hex } from '../../../test/packets.ts';
import { parseDnsMessage } from './message.ts';

const name = fc
  .array(fc.stringMatching(/^[a-z0-9_-]{1,20}$/), { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join('.'));
const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'));
const groups = fc.array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 });
const address6 = groups.map((parts) => parts.map((group) => group.toString(16)).join(':'));
const ttl = fc.nat(86_400);
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), name, ttl, data: octets }),
  fc.record({ type: fc.constant('AAAA' as const), name, ttl, data: address6 }),
  fc.record({ type: fc.constant('CNAME' as const), name, ttl, data: name }),
  fc.record({ type: fc.constant('TXT' as const), name, ttl, data: fc.string({ maxLength: 40 }) }),
  fc.record({
    type: fc.constant('MX' as const),
    name,
    ttl,
    data: fc.record({ preference: fc.nat(9), exchange: name }),
  }),
);

test('reads what another implementation wrote', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), name, fc.array(answer, { maxLength: 30 }), (id, question, answers) => {
      const bytes = dnsPacket.encode({
        type: 'response',
        id,
        flags: dnsPacket.TRUNCATED_RESPONSE,
        questions: [{ type: 'SRV', name: question }],
        answers,
      });
      const message = parseDnsMessage(bytes);
      const of = (...types: string[]) => answers.filter(({ type }) => types.includes(type));
      expect(message).toMatchObject({
        id,
        response: true,
        truncated: true,
        malformed: false,
        questions: [{ name: question, type: 33 }],
        end: bytes.length,
        canonicalNames: of('CNAME')
          .slice(0, 16)
          .map((record) => 'data' in record && record.data),
      });
      expect(message!.addresses.map(formatAddress)).toEqual(
        of('A', 'AAAA').map((record) => 'data' in record && record.data),
      );
      expect(message!.records.map(({ ttlSeconds }) => ttlSeconds)).toEqual(
        answers.map((record) => 'ttl' in record && record.ttl),
      );
    }),
  );
});

test('the extended bits of EDNS belong to the code', () => {
  // BADVERS is 16: 1 in EDNS and 0 in the header.
  const bytes = hex('0001 8180 0001 0000 0000 0001 00 0010 0001  00 0029 04d0 01 00 0000 0000');
  expect(parseDnsMessage(bytes)).toMatchObject({ rcode: 16, questions: [{ name: '.', type: 16 }], malformed: false });
});

test('an answer that is cut off gives what stands before the cut', () => {
  const answers: Answer[] = Array.from({ length: 20 }, (_, last) => ({
    type: 'A',
    name: 'a.b',
    data: `10.0.0.${last}`,
  }));
  const bytes = dnsPacket.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'a.b' }], answers });
  const message = parseDnsMessage(bytes.subarray(0, bytes.length - 25));
  expect(message).toMatchObject({ malformed: true, questions: [{ name: 'a.b', type: 1 }] });
  expect(message!.addresses.length).toBe(18);
});

test('at most 64 addresses and 16 aliases are kept', () => {
  const answers: Answer[] = Array.from({ length: 100 }, (_, last) => ({
    type: 'A',
    name: 'a',
    data: `10.0.0.${last}`,
  }));
  const aliases: Answer[] = answers.map(() => ({ type: 'CNAME', name: 'a', data: 'b' }));
  const bytes = dnsPacket.encode({ type: 'response', id: 1, answers: [...answers, ...aliases] });
  const message = parseDnsMessage(bytes)!;
  expect([message.addresses.length, message.canonicalNames.length]).toEqual([64, 16]);
});

test('a claim of 65,535 questions or records takes no longer than what is there', () => {
  const head = hex('0001 0100 ffff ffff ffff ffff');
  expect(parseDnsMessage(head)).toBeUndefined();
  const pointers = new Uint8Array(65_535).fill(0xc0);
  pointers.set(head);
  const started = performance.now();
  parseDnsMessage(pointers);
  expect(performance.now() - started).toBeLessThan(50);
});

test('any bytes are a message or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const message = parseDnsMessage(bytes);
      if (message) expect(message.end).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2_000 },
  );
});
