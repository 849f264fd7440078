// What `foretop-agent status` says of the host's policy.
import { expect, test } from 'vitest';
import { policyRows } from './policy-summary.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const textOf = (policy: Parameters<typeof policyRows>[0]) =>
  policyRows(policy, nowMs).map(([name, text]) => `${name}: ${text}`);

test('a host that lets nobody do anything says why', () => {
  expect(textOf({ allowed: ['observe'], source: 'no file', weakestSigner: 'passkey' })).toEqual([
    'Ceiling: observe (no file)',
    'Signer: passkey or stronger, for ending and capturing',
    'Updates: not allowed',
    'Owner: no key is pinned: every command is refused',
    'Roster: none yet: nobody may sign',
  ]);
});

test.each([
  ['in 2.0 days', 2],
  ['expired', -1],
])('one that does says by whom, and until when: %s', (when, days) => {
  const rosterExpiresUs = (nowMs + days * 86_400_000) * 1e3;
  const keys = { ownerThumbprint: 'owner', recoveryThumbprint: 'paper', rosterSerial: 7, rosterExpiresUs };
  const more = { labels: ['env=prod', 'site=a'], withheld: ['dns'], updatesAllowed: true };
  const allowed = ['observe', 'probe', 'capture-headers', 'capture-payload', 'terminate'];
  const rows = textOf({ allowed, source: '/etc/x', weakestSigner: 'approve', ...keys, ...more });
  expect(rows).toEqual([
    'Ceiling: terminate (/etc/x)',
    'Signer: approve or stronger, for ending and capturing',
    'Labels: env=prod, site=a',
    'Withheld: dns',
    'Updates: allowed',
    'Owner: owner; recovery paper',
    `Roster: serial 7, until ${new Date(rosterExpiresUs / 1e3).toISOString()} (${when})`,
  ]);
});
