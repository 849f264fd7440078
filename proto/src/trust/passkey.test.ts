// Assertions as authenticators make them, by node:crypto, and each way in which one can be of another person, page or time.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derSignature } from './der-signature.ts';
import { importPasskey, type PasskeyAssertion, verifyPasskey } from './passkey.ts';
import { StatementError } from './statement-error.ts';
import type { PasskeyKey } from './statements.ts';

const rp = { id: 'foretop.example', origins: ['https://foretop.example', 'https://ops.foretop.example:8443'] };
const digest = randomBytes(32);
const credentialId = randomBytes(16);

interface Authenticator {
  key: PasskeyKey;
  privateKey: KeyObject;
}

const pairs = {
  [-7]: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  [-8]: () => generateKeyPairSync('ed25519'),
  [-257]: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
} as const;

function authenticator(
  algorithm: PasskeyKey['algorithm'],
  pair: { publicKey: KeyObject; privateKey: KeyObject } = pairs[algorithm](),
): Authenticator {
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  return { key: { credentialId: credentialId.toString('base64url'), spki, algorithm }, privateKey: pair.privateKey };
}

interface Client {
  type: string;
  challenge: string;
  origin: string;
  crossOrigin?: unknown;
  topOrigin?: unknown;
}

const client = (): Client => ({
  type: 'webauthn.get',
  challenge: digest.toString('base64url'),
  origin: rp.origins[0]!,
  crossOrigin: false,
});

interface Wanted {
  client?: unknown;
  rpId?: string;
  flags?: number;
  more?: Uint8Array;
}

function assert(
  { privateKey }: Authenticator,
  { client: given = client(), rpId = rp.id, flags = 0x05, more = new Uint8Array() }: Wanted = {},
): PasskeyAssertion {
  const clientDataJson = Buffer.from(typeof given === 'string' ? given : JSON.stringify(given));
  const rpIdHash = createHash('sha256').update(rpId).digest();
  const authenticatorData = Buffer.concat([rpIdHash, Buffer.from([flags, 0, 0, 0, 9]), more]);
  const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientDataJson).digest()]);
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return { credentialId, authenticatorData, clientDataJson, signature: sign(hash, signed, privateKey) };
}

async function codeOf(
  assertion: PasskeyAssertion,
  { key }: Authenticator,
  relyingParty: typeof rp | null = rp,
): Promise<string> {
  try {
    await verifyPasskey(assertion, { digest, key, rp: relyingParty });
    return 'taken';
  } catch (error) {
    return error instanceof StatementError ? error.code : String(error);
  }
}

describe.each([-7, -8, -257] as const)('COSE algorithm %i', (algorithm) => {
  const own = authenticator(algorithm);

  test('its signature is taken, on each page of the relying party, with and without backup and extensions', async () => {
    for (const origin of rp.origins)
      expect(await codeOf(assert(own, { client: { ...client(), origin } }), own)).toBe('taken');
    expect(await codeOf(assert(own, { flags: 0x1d }), own)).toBe('taken');
    expect(await codeOf(assert(own, { flags: 0x85, more: new Uint8Array([0xa0]) }), own)).toBe('taken');
    const { crossOrigin: _crossOrigin, ...older } = client();
    expect(await codeOf(assert(own, { client: { ...older, tokenBinding: { status: 'supported' } } }), own)).toBe(
      'taken',
    );
  });

  test('another key of the same kind is refused, and so is one changed bit', async () => {
    expect(await codeOf(assert(authenticator(algorithm)), own)).toBe('signature-invalid');
    for (const part of ['authenticatorData', 'clientDataJson', 'signature'] as const) {
      const good = assert(own);
      const spoilt = Buffer.from(good[part]);
      spoilt[spoilt.length - 1]! ^= 1;
      expect([part, await codeOf({ ...good, [part]: spoilt }, own)]).not.toEqual([part, 'taken']);
    }
  });

  test('its signature cut, empty or too long is refused', async () => {
    const good = assert(own);
    for (const signature of [
      good.signature.subarray(1),
      good.signature.subarray(0, -1),
      new Uint8Array(),
      new Uint8Array(2_000),
    ])
      expect(await codeOf({ ...good, signature }, own)).not.toBe('taken');
  });

  test('a key of one algorithm is not used as of another', async () => {
    for (const claimed of [-7, -8, -257] as const) {
      if (claimed === algorithm) continue;
      const key = { ...own.key, algorithm: claimed };
      await expect(importPasskey(key)).rejects.toMatchObject({ code: 'malformed' });
      expect(await codeOf(assert(own), { ...own, key })).toBe('malformed');
    }
  });
});

const own = authenticator(-7);

describe('client data', () => {
  test.each<[string, unknown]>([
    ['of a registration', { ...client(), type: 'webauthn.create' }],
    ['of a payment', { ...client(), type: 'payment.get' }],
    ['another challenge', { ...client(), challenge: randomBytes(32).toString('base64url') }],
    ['the challenge in another encoding', { ...client(), challenge: digest.toString('base64') }],
    ['no challenge', { ...client(), challenge: undefined }],
    ['another origin', { ...client(), origin: 'https://evil.example' }],
    ['an origin that only begins like ours', { ...client(), origin: 'https://foretop.example.evil.example' }],
    ['our origin without TLS', { ...client(), origin: 'http://foretop.example' }],
    ['our origin on another port', { ...client(), origin: 'https://foretop.example:9' }],
    ['our origin with a slash', { ...client(), origin: 'https://foretop.example/' }],
    ['no origin', { ...client(), origin: undefined }],
    ['a frame of another page', { ...client(), crossOrigin: true }],
    ['a frame, said oddly', { ...client(), crossOrigin: 'false' }],
    ['a top origin', { ...client(), topOrigin: 'https://evil.example' }],
    ['our own top origin', { ...client(), topOrigin: rp.origins[0] }],
  ])('%s is refused', async (_name, given) => {
    expect(await codeOf(assert(own, { client: given }), own)).toBe('signature-invalid');
  });

  test.each<[string, string]>([
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['null', 'null'],
    ['too long', JSON.stringify({ ...client(), pad: 'x'.repeat(4_096) })],
    ['a byte order mark', `\u{feff}${JSON.stringify(client())}`],
  ])('%s is malformed', async (_name, given) => {
    expect(await codeOf(assert(own, { client: given }), own)).toBe('malformed');
  });
});

describe('authenticator data', () => {
  test.each<[string, Wanted, string]>([
    ['another relying party', { rpId: 'evil.example' }, 'signature-invalid'],
    ['a parent of our name', { rpId: 'example' }, 'signature-invalid'],
    ['nobody present', { flags: 0x04 }, 'signature-invalid'],
    ['present but not verified', { flags: 0x01 }, 'signature-invalid'],
    ['no flags', { flags: 0 }, 'signature-invalid'],
    ['backed up but not eligible', { flags: 0x15 }, 'malformed'],
    ['attested data', { flags: 0x45, more: new Uint8Array(60) }, 'malformed'],
    ['bytes that no flag tells of', { more: new Uint8Array(5) }, 'malformed'],
    ['extensions that are not there', { flags: 0x85 }, 'malformed'],
    ['too long', { flags: 0x85, more: new Uint8Array(2_000) }, 'malformed'],
  ])('%s is refused', async (_name, wanted, code) => {
    expect(await codeOf(assert(own, wanted), own)).toBe(code);
  });

  test('cut short is malformed', async () => {
    const good = assert(own);
    expect(await codeOf({ ...good, authenticatorData: good.authenticatorData.subarray(0, 36) }, own)).toBe('malformed');
  });
});

test('another credential, or a roster without a relying party, is refused', async () => {
  expect(await codeOf({ ...assert(own), credentialId: randomBytes(16) }, own)).toBe('signature-invalid');
  expect(await codeOf(assert(own), own, null)).toBe('signature-invalid');
});

test('keys that are too weak or of another curve cannot be registered', async () => {
  const weak = authenticator(-257, generateKeyPairSync('rsa', { modulusLength: 1_024 }));
  await expect(importPasskey(weak.key)).rejects.toThrow('only 1024 bits');
  const otherCurve = authenticator(-7, generateKeyPairSync('ec', { namedCurve: 'P-384' }));
  await expect(importPasskey(otherCurve.key)).rejects.toMatchObject({ code: 'malformed' });
  await expect(importPasskey({ ...own.key, spki: 'AAAA' })).rejects.toMatchObject({ code: 'malformed' });
});

describe('DER', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 33 });
  const integer = (value: Uint8Array) => [0x02, value.length, ...value];
  const sequence = (...parts: number[][]) => new Uint8Array([0x30, parts.flat().length, ...parts.flat()]);

  test('gives r and s as node:crypto does', () => {
    const { privateKey } = pairs[-7]();
    for (let i = 0; i < 200; i++) {
      const message = randomBytes(8);
      const der = sign('sha256', message, { key: privateKey, dsaEncoding: 'der' });
      expect(derSignature(der, 32)).toHaveLength(64);
    }
  });

  test('reads only the one form of two positive numbers', () => {
    const one = integer(new Uint8Array([1]));
    expect(derSignature(sequence(one, one), 2)).toEqual(new Uint8Array([0, 1, 0, 1]));
    expect(derSignature(sequence(integer(new Uint8Array([0, 0x80])), one), 2)).toEqual(new Uint8Array([0, 0x80, 0, 1]));
    for (const bad of [
      sequence(one),
      sequence(one, one, one),
      sequence(integer(new Uint8Array([0])), one),
      sequence(integer(new Uint8Array([0, 1])), one),
      sequence(integer(new Uint8Array([0x80])), one),
      sequence(integer(new Uint8Array([1, 2, 3])), one),
      sequence([0x02, 0], one),
      sequence([0x03, 1, 1], one),
      new Uint8Array([...sequence(one, one), 0]),
      new Uint8Array([0x31, ...sequence(one, one).subarray(1)]),
      new Uint8Array([0x30, 0x81, 6, ...one, ...one]),
      new Uint8Array(),
    ])
      expect(derSignature(bad, 2)).toBeUndefined();
  });

  test('never throws, and what it takes it would write again', () => {
    fc.assert(
      fc.property(bytes, bytes, (r, s) => {
        const der = sequence(integer(r), integer(s));
        const raw = derSignature(der, 32);
        if (raw === undefined) return;
        const write = (half: Uint8Array) => {
          const digits = half.subarray(half.findIndex((byte) => byte !== 0));
          return integer(new Uint8Array(digits[0]! > 0x7f ? [0, ...digits] : digits));
        };
        expect(sequence(write(raw.subarray(0, 32)), write(raw.subarray(32)))).toEqual(der);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (given) => void derSignature(given, 32)));
  });
});
