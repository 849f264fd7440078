// Who did something, as the audit names them: accounts choose their names, tokens and login links have none.
import { expect, test } from 'vitest';
import { actorOf } from './audit.ts';
import type { Identity } from './auth/access.ts';

const person = { role: 'viewer', hostLabels: [], scopes: [], canSign: true, expiresAt: null } as const;
const account = (name: string): Identity => ({
  ...person,
  name,
  accountId: 7,
  cookieHash: Buffer.from('aabbccdd', 'hex'),
});
const token: Identity = { ...person, name: 'ada', accountId: null, canSign: false, tokenId: 3 };
const session: Identity = {
  ...person,
  name: 'login link',
  accountId: null,
  cookieHash: Buffer.from('0011223344', 'hex'),
};

test('nobody’s name poses as another kind of actor', () => {
  expect([token, session, undefined].map(actorOf)).toEqual(['token 3', 'session 00112233', 'login link']);
  for (const name of ['token 3', 'session 00112233', 'login link', 'host 1', 'account ada'])
    expect(actorOf(account(name))).toBe(`account ${name}`);
});
