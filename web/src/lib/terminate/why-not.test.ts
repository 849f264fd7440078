// A grey button says why, and the first reason is one that a person can do something about.
import type { HostPolicyView } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { whyNot, type Circumstances } from './why-not.ts';

const policy: HostPolicyView = {
  allowed: ['observe', 'terminate'],
  weakestSigner: 'passkey',
  labels: [],
  networks: [],
  ownerThumbprint: 'owner',
  recoveryThumbprint: 'recovery',
  rosterSerial: 3,
  rosterExpiresAt: '2026-12-01T00:00:00Z',
  source: '/etc/foretop/ceiling',
  updatesAllowed: false,
  privilegeSplit: true,
  withheld: [],
};
const may: Circumstances = {
  role: 'operator',
  hostName: 'web-07',
  status: 'live',
  past: false,
  policy,
  target: '',
};

it('says nothing when nothing is in the way', () => {
  expect(whyNot(may)).toBe('');
  expect(whyNot({ ...may, policy: { ...policy, ownerThumbprint: '', rosterSerial: 0, rosterExpiresAt: null } })).toBe(
    '',
  );
  expect(whyNot({ ...may, role: 'admin' })).toBe('');
});

it.each<[string, Partial<Circumstances>, RegExp]>([
  ['the past', { past: true, role: 'viewer' }, /Go back to live/],
  ['an ended process', { target: 'It has ended.' }, /^It has ended\.$/],
  ['a viewer', { role: 'viewer' }, /viewer only looks/],
  ['a host that is offline', { status: 'offline' }, /web-07 is not live/],
  ['a stale host', { status: 'stale' }, /not live/],
  ['a revoked host', { status: 'revoked' }, /revoked/],
  ['a ceiling not read yet', { policy: undefined }, /^Reading/],
  ['an old agent', { policy: null }, /too old/],
  [
    'a ceiling that is not there',
    { policy: { ...policy, allowed: ['observe'], source: 'no file' } },
    /\(now: no file\)/,
  ],
  [
    'a ceiling below, whose path the host made up',
    { policy: { ...policy, allowed: ['observe'], source: '/etc/\u202eceiling' } },
    /does not allow terminate.*\/etc\/⟨202E⟩ceiling/,
  ],
])('%s', (_, more, sentence) => expect(whyNot({ ...may, ...more })).toMatch(sentence));
