// The unit that an installation writes: what it grants, and that the one beside the source is the one that is written.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Grant, wantedCapabilities } from './capabilities.ts';
import { placesOf } from './places.ts';
import { unitText } from './unit.ts';

const grant = (more: Partial<Grant> = {}): Grant => ({
  tier: '1',
  ceiling: 'observe',
  otherNamespaces: false,
  ...more,
});

function unit(more: Partial<Grant> = {}, ownAuthority = false): string {
  const given = grant(more);
  const capabilities = wantedCapabilities(given);
  return unitText({ places: placesOf(false), ceiling: given.ceiling, capabilities, ownAuthority });
}

const valuesOf = (text: string, key: string) =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value);

test('the unit in deploy/systemd is what an installation writes by default', () => {
  const committed = readFileSync(new URL('../../../deploy/systemd/foretop-agent.service', import.meta.url), 'utf8');
  expect(committed).toBe(unit());
});

test.each<[Partial<Grant>, string]>([
  [{}, 'CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_PTRACE CAP_PERFMON CAP_BPF'],
  [{ ceiling: 'capture-payload' }, 'CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_PTRACE CAP_PERFMON CAP_BPF'],
  [
    { ceiling: 'terminate' },
    'CAP_DAC_READ_SEARCH CAP_KILL CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_PTRACE CAP_PERFMON CAP_BPF',
  ],
  [{ tier: '2' }, 'CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_PTRACE'],
  [{ tier: '2', otherNamespaces: true }, 'CAP_DAC_READ_SEARCH CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_PTRACE CAP_SYS_ADMIN'],
  [{ tier: '3' }, ''],
  [{ tier: '3', ceiling: 'probe' }, 'CAP_NET_RAW'],
  [{ tier: '3', ceiling: 'capture-headers' }, 'CAP_NET_RAW'],
])('%j gives exactly %s', (more, expected) => {
  const text = unit(more);
  expect(valuesOf(text, 'AmbientCapabilities')).toEqual([expected]);
  expect(valuesOf(text, 'CapabilityBoundingSet')).toEqual([expected]);
});

test('no door is open that its capabilities do not need', () => {
  const none = unit({ tier: '3' });
  expect(none).not.toMatch(/^SystemCallFilter=.*bpf/m);
  expect(valuesOf(none, 'RestrictAddressFamilies')[0]).not.toContain('AF_PACKET');
  expect(valuesOf(none, 'RestrictNamespaces')).toEqual(['yes']);
  expect(valuesOf(unit({ otherNamespaces: true }), 'RestrictNamespaces')).toEqual(['net']);
});

test('an own certificate authority is handed over, and only then', () => {
  expect(unit()).not.toContain('NODE_EXTRA_CA_CERTS');
  expect(valuesOf(unit({}, true), 'Environment')).toContain('NODE_EXTRA_CA_CERTS=/etc/foretop-agent/ca.pem');
});
