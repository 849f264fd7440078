// Statements against everything that a JWS library would let pass: each attack is one row.
import { createHmac, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ClaimsOf } from './claims.ts';
import { commandDigest, thumbprint } from './digest.ts';
import { mostStatementLength, peekStatement, readStatement, signStatement } from './statement.ts';
import { StatementError } from './statement-error.ts';
import { type PublicJwk, type StatementKind, statementTypes } from './statements.ts';
import { commandClaims, offerClaims, rosterClaims } from './test-claims.ts';
import { encode, forge, newPair, type Pair, readCode } from './test-statements.ts';

let owner: Pair;
let other: Pair;
beforeAll(async () => {
  [owner, other] = await Promise.all([newPair(), newPair()]);
});

const goodHeader = () => ({ alg: 'Ed25519', kid: owner.kid, typ: statementTypes.command });
const goodClaims = () => commandClaims(owner.kid);

const codeOf = (text: string, key: PublicJwk = owner.jwk, kind: StatementKind = 'command') => readCode(kind, text, key);

test('what is signed is read back, by whoever has the key', async () => {
  const text = await signStatement('command', goodClaims(), owner.key, owner.kid);
  expect(await readStatement('command', text, owner.jwk)).toEqual(goodClaims());
  expect(peekStatement('command', text)).toEqual(goodClaims());
  expect(await codeOf(forge(goodHeader(), goodClaims(), owner.key))).toBe('taken');
  expect(await codeOf(text, other.jwk)).toBe('signature-invalid');
});

describe('header', () => {
  test.each<[string, (good: ReturnType<typeof goodHeader>) => unknown]>([
    ['alg none', (good) => ({ ...good, alg: 'none' })],
    ['alg EdDSA', (good) => ({ ...good, alg: 'EdDSA' })],
    ['alg HS256', (good) => ({ ...good, alg: 'HS256' })],
    ['alg ES256', (good) => ({ ...good, alg: 'ES256' })],
    ['alg in other letters', (good) => ({ ...good, alg: 'ed25519' })],
    ['no alg', ({ kid, typ }) => ({ kid, typ })],
    ['another typ', (good) => ({ ...good, typ: statementTypes.roster })],
    ['typ JWT', (good) => ({ ...good, typ: 'JWT' })],
    ['typ with a prefix', (good) => ({ ...good, typ: `application/${good.typ}` })],
    ['no typ', ({ alg, kid }) => ({ alg, kid })],
    ['no kid', ({ alg, typ }) => ({ alg, typ })],
    ['a key in jwk', (good) => ({ ...good, jwk: other.jwk })],
    ['a key by jku', (good) => ({ ...good, jku: 'https://evil.example/keys' })],
    ['a key in x5c', (good) => ({ ...good, x5c: ['MIIB'] })],
    ['a key by x5u', (good) => ({ ...good, x5u: 'https://evil.example/cert' })],
    ['crit', (good) => ({ ...good, crit: ['exp'], exp: 1 })],
    ['b64 false', (good) => ({ ...good, crit: ['b64'], b64: false })],
    ['cty', (good) => ({ ...good, cty: 'JWT' })],
    ['a list', (good) => [good]],
    ['no JSON', () => 'alg'],
    ['null', () => null],
    ['alg twice', (good) => `{"alg":"none","alg":"Ed25519","kid":"${good.kid}","typ":"${good.typ}"}`],
    ['spaces', (good) => JSON.stringify(good, undefined, 1)],
  ])('%s is refused', async (_name, change) => {
    expect(await codeOf(forge(change(goodHeader()), goodClaims(), owner.key))).toBe('malformed');
  });

  test('the kid of another key is refused, with either key', async () => {
    const text = forge({ ...goodHeader(), kid: other.kid }, goodClaims(), owner.key);
    expect(await codeOf(text)).toBe('signature-invalid');
    expect(await codeOf(text, other.jwk)).toBe('signature-invalid');
  });
});

describe('signature', () => {
  test('of another key, by HMAC with the public key, empty, cut, or in another encoding', async () => {
    const good = forge(goodHeader(), goodClaims(), owner.key);
    const [header, payload, signature] = good.split('.') as [string, string, string];
    expect(await codeOf(forge(goodHeader(), goodClaims(), other.key))).toBe('signature-invalid');
    const hs = `${encode({ ...goodHeader(), alg: 'HS256' })}.${payload}`;
    const mac = createHmac('sha256', Buffer.from(owner.jwk.x, 'base64url')).update(hs).digest('base64url');
    expect(await codeOf(`${hs}.${mac}`)).toBe('malformed');
    for (const text of [
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      `${header}..${signature}`,
      `${header}.${payload}.${signature.slice(0, -1)}`,
      `${header}.${payload}.${signature}A`,
      `${header}.${payload}.${signature}==`,
      `${header}=.${payload}.${signature}`,
      ` ${good}`,
      `${good}\n`,
      '',
      '..',
    ])
      expect([text, await codeOf(text)]).toEqual([text, 'malformed']);
  });

  test('of unused bits in its last character there are no two forms', async () => {
    const good = forge(goodHeader(), goodClaims(), owner.key);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(good.at(-1)!);
    expect(last % 16).toBe(0);
    expect(await codeOf(good.slice(0, -1) + alphabet[last + 1]!)).toBe('malformed');
  });

  test('one changed bit anywhere is refused', async () => {
    const good = Buffer.from(forge(goodHeader(), goodClaims(), owner.key));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 0, max: 6 }), async (at, bit) => {
        const text = Buffer.from(good);
        text[at]! ^= 1 << bit;
        expect(await codeOf(text.toString('latin1'))).not.toBe('taken');
      }),
      { numRuns: 300 },
    );
  });
});

describe('claims', () => {
  test.each<[string, (good: ReturnType<typeof goodClaims>) => unknown]>([
    ['aud as a list', (good) => ({ ...good, aud: [good.aud] })],
    ['aud as a list of several', (good) => ({ ...good, aud: [good.aud, owner.kid] })],
    ['no aud', ({ iss, digest }) => ({ iss, digest })],
    ['aud empty', (good) => ({ ...good, aud: '' })],
    ['aud a wildcard', (good) => ({ ...good, aud: '*' })],
    ['one claim more', (good) => ({ ...good, admin: true })],
    ['exp besides', (good) => ({ ...good, exp: 4_000_000_000 })],
    ['iss of another', (good) => ({ ...good, iss: other.kid })],
    ['a shorter digest', (good) => ({ ...good, digest: good.digest.slice(0, 40) })],
    ['digest as a number', (good) => ({ ...good, digest: 5 })],
    ['null', () => null],
    ['a list', (good) => [good]],
    ['a text', () => '"claims"'],
    ['no JSON', () => 'claims'],
    ['a byte order mark', (good) => `\u{feff}${JSON.stringify(good)}`],
    ['a claim twice', (good) => `{"aud":"${owner.kid}",${JSON.stringify(good).slice(1)}`],
    ['__proto__', (good) => `{"__proto__":{"aud":"x"},${JSON.stringify(good).slice(1)}`],
  ])('%s is refused', async (_name, change) => {
    const text = forge(goodHeader(), change(goodClaims()), owner.key);
    expect(await codeOf(text)).toBe('malformed');
    expect(() => peekStatement('command', text)).toThrow(StatementError);
  });

  test('bytes that are no UTF-8 are refused', async () => {
    const payload = Buffer.concat([Buffer.from('{"iss":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const signed = `${encode(goodHeader())}.${payload.toString('base64url')}`;
    const text = `${signed}.${sign(null, Buffer.from(signed), owner.key).toString('base64url')}`;
    expect(await codeOf(text)).toBe('malformed');
  });

  test('a statement of one kind is never read as another, whatever its claims are', async () => {
    const kinds = Object.keys(statementTypes) as StatementKind[];
    const texts = {
      roster: await signStatement('roster', rosterClaims(owner.kid), owner.key, owner.kid),
      offer: await signStatement('offer', offerClaims(owner.kid), owner.key, owner.kid),
      command: await signStatement('command', goodClaims(), owner.key, owner.kid),
    };
    for (const [made, text] of Object.entries(texts)) {
      for (const kind of kinds)
        expect([made, kind, await codeOf(text, owner.jwk, kind)]).toEqual([
          made,
          kind,
          made === kind ? 'taken' : 'malformed',
        ]);
    }
  });

  test('what no reader would take is not signed', async () => {
    const claims = { ...goodClaims(), more: 1 } as ClaimsOf<'command'>;
    await expect(signStatement('command', claims, owner.key, owner.kid)).rejects.toThrow('unknown member "more"');
    await expect(signStatement('command', goodClaims(), other.key, other.kid)).rejects.toThrow(
      'not the key that signs',
    );
  });

  test('too large is refused before anything is parsed, and is not signed', async () => {
    const offer = offerClaims(owner.kid);
    if (offer.action.kind !== 'terminate') throw new Error('these claims are of another kind');
    const long = { ...offer.action.process, commandLine: 'x'.repeat(4_000) };
    const large = {
      ...offer,
      action: { kind: 'terminate' as const, process: long, tree: Array.from({ length: 20 }, () => long) },
    };
    await expect(signStatement('offer', large, owner.key, owner.kid)).rejects.toThrow(`at most ${mostStatementLength}`);
    expect(await codeOf('x'.repeat(mostStatementLength + 1))).toBe('malformed');
    expect(() => peekStatement('command', `${'A'.repeat(1 << 22)}.A.A`)).toThrow('at most');
  });

  test('no text at all is taken, and none makes it throw anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
          fc.json().map((json) => `${encode(json)}.${encode(json)}.`),
        ),
        async (text) => {
          expect(await codeOf(text)).toBe('malformed');
        },
      ),
    );
  });
});

describe('digest', () => {
  test('is another for each offer, action and host, and none runs into the next', async () => {
    const hex = async (...of: Parameters<typeof commandDigest>) =>
      Buffer.from(await commandDigest(...of)).toString('hex');
    const host = owner.kid;
    const digests = [
      await hex('offer', 'terminate', host),
      await hex('offer ', 'terminate', host),
      await hex('offer', 'close-connection', host),
      await hex('offer', 'terminate', other.kid),
      await hex('terminate\noffer', 'terminate', host),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests[0]).toHaveLength(64);
  });

  test('stays what it is: both ends of another version must compute the same', async () => {
    const digest = await commandDigest('a.b.c', 'terminate', 'A'.repeat(43));
    expect(Buffer.from(digest).toString('hex')).toMatchInlineSnapshot(
      `"a0d9e5bfb1f8252655a1a6d8a67b55dc1f8e3e0ad5660e52d692effcf3385223"`,
    );
    // RFC 8037, appendix A.3.
    expect(await thumbprint({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })).toBe(
      'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    );
  });
});
