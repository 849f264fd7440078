// What a roster says, when it is renewed, and that its serial never falls behind.
import { expect, test } from 'vitest';
import type { GrantedKeyRow } from '../store/queries/signing-keys.ts';
import { contentOf, fitting, isStale, nextSerial, relyingPartyOf, saysTheSame } from './wanted-roster.ts';

const id = `${'i'.repeat(42)}A`;
const granted = (more: Partial<GrantedKeyRow> = {}): GrantedKeyRow => ({
  account: 'ada',
  signer: 'browser',
  cnf: { jwk: { kty: 'OKP', crv: 'Ed25519', x: id } },
  capabilities: ['terminate'],
  ids: [id],
  labels: [],
  ...more,
});

test('a key that reaches no host is not in it, nor an account that no roster can name', () => {
  const rows = [
    granted(),
    granted({ ids: [] }),
    granted({ account: 'a\u202eb' }),
    granted({ account: 'x'.repeat(129) }),
  ];
  expect(contentOf(rows, null).operators.map(({ name }) => name)).toEqual(['ada']);
});

test('the order in which the database keeps the members of a key makes no difference', () => {
  const turned = { jwk: { x: id, crv: 'Ed25519', kty: 'OKP' } } as const;
  expect(saysTheSame(contentOf([granted()], null), contentOf([granted({ cnf: turned })], null))).toBe(true);
  expect(saysTheSame(contentOf([granted()], null), contentOf([granted({ capabilities: [] })], null))).toBe(false);
  expect(saysTheSame(contentOf([], null), contentOf([], { id: 'localhost', origins: [] }))).toBe(false);
});

test('what is too much for a roster is left out, the largest first, and nobody else', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => `${String(index).padStart(42, '0')}A`);
  const small = granted({ account: 'small' });
  const rows = [granted({ account: 'large', ids: ids(8_000) }), small, granted({ account: 'middle', ids: ids(2_000) })];
  const { content, leftOut } = fitting(contentOf(rows, null));
  expect([content.operators.map(({ name }) => name), leftOut]).toEqual([['small', 'middle'], ['large']]);
  expect(fitting(contentOf([small, granted({ account: 'huge', ids: ids(10_001) })], null)).leftOut).toEqual(['huge']);
  expect(
    fitting(
      contentOf(
        Array.from({ length: 1_001 }, () => small),
        null,
      ),
    ).content.operators,
  ).toHaveLength(1_000);
});

test('it is renewed after a day, also when the clock was set back', () => {
  const claims = { iss: id, serial: 1, iat: 1_000_000, exp: 2_000_000, rp: null, operators: [] };
  expect(isStale(claims, 1_000_000_000)).toBe(false);
  expect(isStale(claims, (1_000_000 + 86_401) * 1_000)).toBe(true);
  expect(isStale(claims, (1_000_000 - 86_401) * 1_000)).toBe(true);
});

test('serials rise with the clock, and also when it stands or goes back', () => {
  expect(nextSerial(undefined, 5_000)).toBe(5);
  expect(nextSerial(5, 5_000)).toBe(6);
  expect(nextSerial(2_000_000_000, 5_000)).toBe(2_000_000_001);
});

test.each([
  [8420, undefined, { id: 'localhost', origins: ['http://localhost:8420'] }],
  [80, undefined, { id: 'localhost', origins: ['http://localhost'] }],
  [8420, 'http://localhost:9000', { id: 'localhost', origins: ['http://localhost:9000', 'http://localhost:8420'] }],
  [8420, 'https://foretop.example', { id: 'foretop.example', origins: ['https://foretop.example'] }],
  [8420, 'https://192.0.2.7', null],
  [8420, 'https://fore_top.example', null],
  [8420, 'https://[2001:db8::1]:8443', null],
])('passkeys on port %s and %s work for %j', (port, publicUrl, expected) => {
  expect(relyingPartyOf(port, publicUrl)).toEqual(expected);
});
