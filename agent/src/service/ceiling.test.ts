// An installation writes a host's policy once; after that it only takes from it.
import { expect, test } from 'vitest';
import { lowestPolicy } from '../trust/policy.ts';
import type { FoundPolicy } from '../trust/policy-file.ts';
import { settledPolicy, type WantedPolicy } from './ceiling.ts';

const file = '/etc/foretop-agent/ceiling.json';
const asItIs: WantedPolicy = { ceiling: undefined, signer: undefined, labels: undefined };
const none: FoundPolicy = { ...lowestPolicy, source: 'no file', exists: false };
const present: FoundPolicy = {
  ...lowestPolicy,
  ...{
    allow: 'capture-headers',
    signer: 'passkey',
    labels: ['env=prod', 'site=a'],
    networks: ['10.0.0.0/8'],
    updates: true,
  },
  ...{ source: file, exists: true },
};
const settled = (found: FoundPolicy, wanted: Partial<WantedPolicy>) =>
  settledPolicy(found, { ...asItIs, ...wanted }, file);

test('the first one writes what is wanted, and observe when nothing is', () => {
  expect(settled(none, {})).toEqual(lowestPolicy);
  const wanted = { ceiling: 'terminate', signer: 'browser', labels: ['env=lab'] } as const;
  expect(settled(none, wanted)).toEqual({
    ...lowestPolicy,
    allow: 'terminate',
    signer: 'browser',
    labels: ['env=lab'],
  });
});

test('a later one may take away, and keeps what it does not name', () => {
  const { allow, signer, labels, networks, privacy, updates } = present;
  expect(settled(present, {})).toEqual({ allow, signer, labels, networks, privacy, updates });
  expect(settled(present, { ceiling: 'observe', signer: 'approve', labels: ['site=a'] })).toMatchObject({
    ...{ allow: 'observe', signer: 'approve', labels: ['site=a'], networks, updates },
  });
});

test.each<[string, FoundPolicy, Partial<WantedPolicy>, RegExp]>([
  [
    'a higher ceiling',
    present,
    { ceiling: 'terminate' },
    /ceiling of this host is 'capture-headers'; no installation raises it to 'terminate'/,
  ],
  [
    'a weaker signer',
    present,
    { signer: 'browser' },
    /takes 'passkey' or stronger; no installation weakens that to 'browser'/,
  ],
  [
    'a weaker signer than the default',
    { ...present, signer: undefined },
    { signer: 'browser' },
    /takes 'passkey' or stronger/,
  ],
  ['one more label', present, { labels: ['env=prod', 'env=lab'] }, /gives this host the label 'env=lab'/],
  [
    'more than a file that is not believed',
    { ...lowestPolicy, source: 'unsafe: writable by others', exists: true },
    { ceiling: 'probe' },
    /is 'observe' \(unsafe: writable by others\); no installation raises/,
  ],
])('%s is refused', (_what, found, wanted, message) => {
  expect(() => settled(found, wanted)).toThrow(message);
});
