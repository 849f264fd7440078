// Events as a host may send them: what is taken, what is bounded, and that nothing makes the check throw something else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkToolEvent, readToolEvents } from './check-events.ts';
import type { ToolEvent } from './events.ts';
import { ToolFault } from './tool-fault.ts';

const flags = { authoritative: false, truncated: false, recursionAvailable: true, authenticData: true };
const good: ToolEvent[] = [
  { kind: 'resolved', target: 'example.com', address: '192.0.2.1', addresses: ['192.0.2.1', '2001:db8::1'] },
  { kind: 'ping', attempt: 1, outcome: 'answered', rttUs: 81_000, ttl: 57 },
  { kind: 'ping', attempt: 2, outcome: 'unreachable', from: '192.0.2.9' },
  { kind: 'hop', hop: 3, attempt: 1, outcome: 'timeout' },
  { kind: 'hop', hop: 4, attempt: 2, outcome: 'reached', address: '192.0.2.1', rttUs: 5, name: 'router.example' },
  {
    ...{ kind: 'dns-answer', resolver: '192.0.2.53', type: 'A', rcode: 'NOERROR', rttUs: 900, bytes: 44, flags },
    records: [{ section: 'answer', name: 'example.com', type: 'A', ttl: 300, data: '192.0.2.1' }],
  },
  { kind: 'port', port: 22, state: 'open', service: 'ssh', rttUs: 70, banner: 'SSH-2.0-OpenSSH_9.2\\x07' },
  {
    ...{ kind: 'certificate', protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', trusted: false },
    ...{
      reason: 'CERT_HAS_EXPIRED',
      nameMatches: true,
      weaknesses: [{ severity: 'high', text: 'expired 2 days ago' }],
    },
    chain: [
      {
        ...{ subject: 'CN=example.com', issuer: 'CN=Some CA', names: ['example.com'], serial: '01' },
        ...{ notBefore: '2026-01-01T00:00:00.000Z', notAfter: '2026-02-01T00:00:00.000Z' },
        ...{ key: 'EC prime256v1', signature: 'ecdsa-with-SHA256', sha256: 'ab'.repeat(32) },
      },
    ],
  },
  {
    ...{ kind: 'http', url: 'http://example.com/', status: 200, statusText: 'OK', version: 'HTTP/1.1' },
    ...{ phases: { connect: 1.25, firstByte: 3 }, headers: [['server', 'x']], bodyBytes: 12, remote: '192.0.2.1' },
  },
  { kind: 'progress', done: 1, of: 3, text: '1 of 3 ports' },
  { kind: 'ended', outcome: 'completed', detail: 'all answered', summary: { sent: 4, lossPercent: 0.5 } },
];

const fault = (event: unknown) => {
  try {
    checkToolEvent(event);
    return 'taken';
  } catch (error) {
    return error instanceof ToolFault ? error.message : `threw ${String(error)}`;
  }
};

test.each(good)('$kind is taken as it stands', (event) => {
  expect(checkToolEvent(structuredClone(event))).toEqual(event);
  expect(fault({ ...event, more: 1 })).toContain('unknown member');
});

test.each<[string, object]>([
  ['a banner with a control', { kind: 'port', port: 1, state: 'open', service: '', banner: 'a\u001b[2J' }],
  ['a banner with a direction', { kind: 'port', port: 1, state: 'open', service: '', banner: 'a\u202eb' }],
  ['a long banner', { kind: 'port', port: 1, state: 'open', service: '', banner: 'x'.repeat(201) }],
  ['an unknown state', { kind: 'port', port: 1, state: 'ajar', service: '' }],
  ['a negative time', { kind: 'ping', attempt: 1, outcome: 'answered', rttUs: -1 }],
  ['a sum that is none', { kind: 'ended', outcome: 'completed', detail: '', summary: { sent: Infinity } }],
  ['a sum by a strange name', { kind: 'ended', outcome: 'completed', detail: '', summary: { __proto__x: 1 } }],
  ['an unknown kind', { kind: 'rm' }],
  ['half a pair of surrogates', { kind: 'progress', done: 0, of: 0, text: '\ud800' }],
])('%s is refused', (_what, event) => {
  expect(fault(event)).not.toMatch(/^(taken|threw)/);
});

test('whatever a host sends, nothing else is thrown', () => {
  const kinds = fc.constantFrom(...good.map(({ kind }) => kind));
  fc.assert(
    fc.property(kinds, fc.dictionary(fc.string(), fc.jsonValue()), (kind, rest) => {
      expect(fault({ ...rest, kind })).not.toMatch(/^threw/);
    }),
  );
});

test('a frame of events is bounded before it is parsed', () => {
  const text = JSON.stringify(good[0]);
  expect(readToolEvents([text, text])).toEqual([good[0], good[0]]);
  expect(() => readToolEvents(['x'.repeat(16_385)])).toThrow('more than is allowed');
  expect(() => readToolEvents(Array.from({ length: 700 }, () => text))).toThrow('more than is allowed');
  expect(() => readToolEvents(['{'])).toThrow(ToolFault);
});
