import type { Hello } from '@foretop/proto';
import { expect, test } from 'vitest';
import { hostPolicy } from './policy.ts';

const thumbprint = 'a'.repeat(43);

test('a policy is taken as it is, with times as the API writes them', () => {
  const policy = {
    allowed: ['terminate', 'observe'],
    weakestSigner: 'passkey',
    labels: ['env=prod'],
    networks: ['10.0.0.0/8', '2001:db8::/32'],
    ownerThumbprint: thumbprint,
    rosterSerial: 7,
    rosterExpiresUs: Date.parse('2026-12-01T00:00:00Z') * 1000,
    source: '/etc/foretop-agent/ceiling.json',
    privilegeSplit: true,
  };
  expect(hostPolicy(policy)).toEqual({
    ...policy,
    allowed: ['observe', 'terminate'],
    recoveryThumbprint: '',
    rosterExpiresUs: undefined,
    rosterExpiresAt: '2026-12-01T00:00:00.000Z',
    withheld: [],
    updatesAllowed: false,
  });
  expect(hostPolicy(undefined)).toBeNull();
});

test('whatever a host says, little is kept, and nothing that is stronger than it said', () => {
  const many = (text: string) => Array.from({ length: 4_000 }, (_, index) => `${text}${index}`);
  const policy = {
    allowed: [...many('root'), 'TERMINATE', '*', 'terminate '],
    weakestSigner: 'nobody',
    labels: [...many('a=\u0000\u202e'), 'no label'],
    networks: ['0.0.0.0/33', '::/129', 'example.net/8', '1.2.3.4', '1.2.3.4/8/8', ...many('10.0.0.0/8 ')],
    ownerThumbprint: `${thumbprint}a`,
    recoveryThumbprint: '../../etc/passwd',
    rosterSerial: Number.MAX_VALUE,
    rosterExpiresUs: Number.MAX_VALUE,
    source: 'x'.repeat(100_000),
    withheld: many('dns'),
  } satisfies Hello['policy'];
  const kept = hostPolicy(policy)!;
  expect(kept).toMatchObject({
    allowed: [],
    weakestSigner: 'approve',
    networks: [],
    ownerThumbprint: '',
    recoveryThumbprint: '',
    rosterSerial: 0,
    rosterExpiresAt: null,
  });
  expect(kept.labels).toHaveLength(64);
  expect(kept.labels[0]).toBe('a=\ufffd⟨202E⟩0');
  expect(JSON.stringify(kept).length).toBeLessThan(10_000);
});
