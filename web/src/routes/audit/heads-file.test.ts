// The file of heads is what `foretop audit verify` reads: its own lines, and those of hosts as such, whatever they are called.
import type { AuditHeads } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { headsFile } from './heads-file.ts';

const head = {
  ...{ hostId: 1, hostName: 'collector', thumbprint: 't', sequence: 9, hash: '00', head: 'a.b.c' },
  ...{ issuedAt: '2026-11-01T00:00:00Z', receivedAt: '2026-11-01T00:00:00Z', fits: true },
};
const key = { kty: 'OKP', crv: 'Ed25519', x: 'x' } as const;
const heads: AuditHeads = {
  asOf: '2026-11-01T00:00:00Z',
  collector: { ...head, hostId: null, hostName: null, head: 'd.e.f', key },
  hosts: [head, { ...head, hostName: 'web-1' }],
};

it('is a line a chain, and no name of a host makes a line the collector’s', () => {
  const lines = headsFile(heads)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { keeper: string; head: string });
  expect(lines.map(({ keeper }) => keeper)).toEqual(['collector', 'host', 'host']);
  expect(lines.map(({ head: statement }) => statement)).toEqual(['d.e.f', 'a.b.c', 'a.b.c']);
});
