// What a roster may say: each way to slip somebody, all hosts or eternity into one is refused, signed by the owner or not.
import { beforeAll, expect, test } from 'vitest';
import { type ClaimsOf, rosterLifeSeconds } from './claims.ts';
import { mostStatementLength, readStatement, signStatement } from './statement.ts';
import { statementTypes } from './statements.ts';
import { rosterClaims } from './test-claims.ts';
import { forge, newPair, type Pair, readCode } from './test-statements.ts';

let owner: Pair;
beforeAll(async () => {
  owner = await newPair();
});

const change = (more: Partial<ClaimsOf<'roster'>>) => ({ ...rosterClaims(owner.kid), ...more });
const signRoster = (claims: ClaimsOf<'roster'>) => signStatement('roster', claims, owner.key, owner.kid);

test.each<[string, (good: ClaimsOf<'roster'>) => Partial<ClaimsOf<'roster'>>]>([
  ['a life of more than 30 days', ({ iat }) => ({ exp: iat + rosterLifeSeconds + 1 })],
  ['no life', ({ iat }) => ({ exp: iat })],
  ['serial 0', () => ({ serial: 0 })],
  ['a serial beyond what numbers hold', () => ({ serial: 2 ** 53 })],
  ['a broken serial', () => ({ serial: 1.5 })],
  ['one key twice', ({ operators }) => ({ operators: [operators[0]!, { ...operators[0]!, name: 'Twice' }] })],
  ['a passkey where a key must be', ({ operators }) => ({ operators: [{ ...operators[0]!, signer: 'passkey' }] })],
  ['a key where a passkey must be', ({ operators }) => ({ operators: [{ ...operators[1]!, signer: 'browser' }] })],
  [
    'both',
    ({ operators }) => ({ operators: [{ ...operators[0]!, cnf: { ...operators[0]!.cnf, ...operators[1]!.cnf } }] }),
  ],
  [
    'a private key',
    ({ operators }) => ({
      operators: [{ ...operators[0]!, cnf: { jwk: { ...owner.jwk, d: owner.jwk.x } } }] as never,
    }),
  ],
  [
    'the wildcard as host',
    ({ operators }) => ({ operators: [{ ...operators[0]!, hosts: { ids: ['*'], labels: [] } }] }),
  ],
  [
    'the wildcard as label',
    ({ operators }) => ({ operators: [{ ...operators[0]!, hosts: { ids: [], labels: ['*'] } }] }),
  ],
  [
    'a capability twice',
    ({ operators }) => ({ operators: [{ ...operators[0]!, capabilities: ['terminate', 'terminate'] }] }),
  ],
  ['an unknown capability', ({ operators }) => ({ operators: [{ ...operators[0]!, capabilities: ['all'] }] as never })],
  ['a name with a directional override', ({ operators }) => ({ operators: [{ ...operators[0]!, name: 'a\u202eb' }] })],
  ['an empty name', ({ operators }) => ({ operators: [{ ...operators[0]!, name: '' }] })],
  [
    'an origin of another site',
    () => ({ rp: { id: 'foretop.example', origins: ['https://foretop.example.evil.example'] } }),
  ],
  ['an origin without TLS', () => ({ rp: { id: 'foretop.example', origins: ['http://foretop.example'] } })],
  ['an origin with a path', () => ({ rp: { id: 'localhost', origins: ['http://localhost:8420/x'] } })],
])('%s is refused', async (_name, make) => {
  const claims = change(make(rosterClaims(owner.kid)));
  await expect(signRoster(claims)).rejects.toMatchObject({ code: 'malformed' });
  const header = { alg: 'Ed25519', kid: owner.kid, typ: statementTypes.roster };
  expect(await readCode('roster', forge(header, claims, owner.key), owner.jwk)).toBe('malformed');
});

test('one without operators is taken: it means nobody', async () => {
  const text = await signRoster(change({ operators: [], rp: null }));
  expect((await readStatement('roster', text, owner.jwk)).operators).toEqual([]);
});

test('a thousand hosts fit', async () => {
  const ids = await Promise.all(Array.from({ length: 1_000 }, async () => (await newPair()).kid));
  const [first] = rosterClaims(owner.kid).operators;
  const operators = await Promise.all(
    Array.from({ length: 5 }, async () => ({
      ...first!,
      cnf: { jwk: (await newPair()).jwk },
      hosts: { ids, labels: [] },
    })),
  );
  const text = await signRoster(change({ operators }));
  expect(text.length).toBeGreaterThan(mostStatementLength);
  expect((await readStatement('roster', text, owner.jwk)).operators[4]!.hosts.ids).toHaveLength(1_000);
});
