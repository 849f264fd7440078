// DNS exchanges as rows: what came of them, and hostile names.
import type { DnsExchange } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { dnsColumns, dnsMatcher, dnsRow, dnsValue } from './dns-row.ts';

const exchange = (more: Partial<DnsExchange>): DnsExchange =>
  ({
    answered: true,
    askedAt: '2026-11-20T14:00:00Z',
    name: 'api.internal',
    type: 'A',
    rcode: 'NOERROR',
    process: 'curl',
    pid: 7,
    addresses: [],
    canonicalNames: [],
    truncated: false,
    latencyUs: null,
    peerAddress: '10.0.0.53',
    count: 1,
    ...more,
  }) as DnsExchange;

it.each([
  [{ addresses: ['10.0.0.1', '10.0.0.2'], canonicalNames: ['lb.internal'] }, '10.0.0.1 +2', false],
  [{ canonicalNames: ['lb\u202e'] }, 'lb⟨202E⟩', false],
  [{ answered: false, rcode: null }, 'no answer', true],
  [{ rcode: 'NXDOMAIN' }, '', true],
  [{ truncated: true }, 'truncated', false],
])('%o', (more, answer, failed) => expect(dnsRow(exchange(more), 1, 'web-1')).toMatchObject({ answer, failed }));

it('finds by any word of the row; unknown latency sorts as unknown', () => {
  const row = dnsRow(exchange({}), 1, 'web-1');
  expect([dnsMatcher('API web-1')(row), dnsMatcher('api 9.9')(row)]).toEqual([true, false]);
  expect(dnsValue(row, 'latency')).toBeNull();
});

it('one host needs no host column', () =>
  expect([dnsColumns(true).length - dnsColumns(false).length, dnsColumns(false)[0]!.id]).toEqual([1, 'asked']));
