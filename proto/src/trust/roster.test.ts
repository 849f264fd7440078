// Who may do what to whom: an empty list is nobody, and nothing stands for all.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { thumbprint } from './digest.ts';
import { findOperator, isStrongEnough, mayDo, operatorThumbprint } from './roster.ts';
import { capabilities, type RosterOperator } from './statements.ts';
import { rosterClaims } from './test-claims.ts';

const roster = rosterClaims('A'.repeat(43));
const [browser, passkey] = roster.operators as [RosterOperator, RosterOperator];
const host = { thumbprint: browser.hosts.ids[0]!, labels: [] as string[] };
const granted = (
  hosts: RosterOperator['hosts'],
  of: RosterOperator['capabilities'] = ['terminate'],
): RosterOperator => ({
  ...browser,
  capabilities: of,
  hosts,
});

test('a host is reached by its id, or by a label of its own file, and by nothing else', () => {
  expect(mayDo(granted({ ids: [host.thumbprint], labels: [] }), 'terminate', host)).toBe(true);
  expect(mayDo(granted({ ids: [], labels: ['env=prod'] }), 'terminate', { ...host, labels: ['env=prod'] })).toBe(true);
  expect(mayDo(granted({ ids: [], labels: ['env=prod'] }), 'terminate', { ...host, labels: ['env=production'] })).toBe(
    false,
  );
  expect(mayDo(granted({ ids: ['B'.repeat(43)], labels: [] }), 'terminate', host)).toBe(false);
});

test('empty lists mean nobody, and there is no wildcard', () => {
  expect(mayDo(granted({ ids: [], labels: [] }), 'terminate', host)).toBe(false);
  expect(mayDo(granted({ ids: [host.thumbprint], labels: [] }, []), 'terminate', host)).toBe(false);
  for (const all of ['*', 'env=*', '', 'all', 'env=', '.*'])
    expect(mayDo(granted({ ids: [all], labels: [all] }), 'terminate', { ...host, labels: ['env=prod'] })).toBe(false);
});

test('a capability does not bring another along', () => {
  fc.assert(
    fc.property(fc.constantFrom(...capabilities), fc.constantFrom(...capabilities), (has, asked) => {
      const operator = granted({ ids: [host.thumbprint], labels: [] }, [has]);
      expect(mayDo(operator, asked, host)).toBe(has === asked);
    }),
  );
});

test('an operator is found by the key that signed, each kind by its own', async () => {
  const issuer = await operatorThumbprint(browser.cnf);
  if (!('jwk' in browser.cnf) || !('passkey' in passkey.cnf)) throw new Error('the sample has other keys');
  expect(issuer).toBe(await thumbprint(browser.cnf.jwk));
  expect(await findOperator(roster, { issuer })).toBe(browser);
  expect(await findOperator(roster, { credentialId: passkey.cnf.passkey.credentialId })).toBe(passkey);
  expect(await findOperator(roster, { issuer: await operatorThumbprint(passkey.cnf) })).toBeUndefined();
  expect(await findOperator(roster, { credentialId: 'BBBB' })).toBeUndefined();
  expect(await findOperator({ ...roster, operators: [] }, { issuer })).toBeUndefined();
});

test('signers have an order', () => {
  expect(isStrongEnough('browser', 'passkey')).toBe(false);
  expect(isStrongEnough('passkey', 'passkey')).toBe(true);
  expect(isStrongEnough('approve', 'browser')).toBe(true);
});
