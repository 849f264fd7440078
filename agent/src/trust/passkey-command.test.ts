// Commands that a passkey signed: the challenge is the digest of the offer, so one touch lets one offer happen.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { commandDigest, type PasskeyKey } from '@foretop/proto/trust';
import { describe, expect, test } from 'vitest';
import { isRunning, linuxMissing, makeKey, type Offered, openWorld, start, type World } from './test-trust.ts';

if (linuxMissing) console.warn(`Skipped agent/src/trust/passkey-command: ${linuxMissing}.`);

/** An authenticator in software: ES256, as platforms have. */
class Authenticator {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly credentialId = randomBytes(32);
  readonly key: PasskeyKey = {
    credentialId: this.credentialId.toString('base64url'),
    spki: this.#keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url'),
    algorithm: -7,
  };

  touch(challenge: Uint8Array, change: { rp?: string; flags?: number; client?: Record<string, unknown> } = {}) {
    const client = {
      type: 'webauthn.get',
      challenge: Buffer.from(challenge).toString('base64url'),
      origin: 'http://localhost:8420',
      crossOrigin: false,
    };
    const clientDataJson = Buffer.from(JSON.stringify({ ...client, ...change.client }));
    const rpIdHash = createHash('sha256')
      .update(change.rp ?? 'localhost')
      .digest();
    const authenticatorData = Buffer.concat([rpIdHash, Buffer.from([change.flags ?? 0x05, 0, 0, 0, 1])]);
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientDataJson).digest()]);
    const signature = sign('sha256', signed, this.#keys.privateKey);
    return { passkey: { credentialId: this.credentialId, authenticatorData, clientDataJson, signature } };
  }
}

const digestOf = ({ text, claims }: Offered, world: World) =>
  commandDigest(text, claims.action.kind, world.identity.thumbprint);

async function openPasskeyWorld() {
  const world = await openWorld({ ceiling: '{"allow":"terminate"}' });
  const authenticator = new Authenticator();
  const operators = [world.operatorOf({ signer: 'passkey', cnf: { passkey: authenticator.key } })];
  await world.update(await world.roster({ operators }));
  const target = await start('sleep', ['1000']);
  const offered = await world.offer({ terminate: { pid: target.pid! } });
  return { world, authenticator, target, offered };
}

describe.skipIf(linuxMissing)('a passkey', () => {
  test('ends the process whose offer it signed', async () => {
    const { world, authenticator, target, offered } = await openPasskeyWorld();
    expect(offered.claims.weakestSigner).toBe('passkey');
    const receipt = await world.command(offered, authenticator.touch(await digestOf(offered, world)));
    expect(receipt).toMatchObject({ outcome: 'gone', operator: { name: 'ada' } });
    expect(receipt.operator.thumbprint).toBe(
      createHash('sha256').update(Buffer.from(authenticator.key.spki, 'base64url')).digest('base64url'),
    );
    expect(isRunning(target)).toBe(false);
  });

  test.each<[string, (digest: Uint8Array) => [Uint8Array, Parameters<Authenticator['touch']>[1]?]]>([
    ['a touch for a sign-in is used again', () => [randomBytes(32)]],
    ['it was used on another page', (digest) => [digest, { client: { origin: 'https://evil.example' } }]],
    ['it was used for another relying party', (digest) => [digest, { rp: 'evil.example' }]],
    ['it was used in a frame', (digest) => [digest, { client: { crossOrigin: true } }]],
    ['it made a registration', (digest) => [digest, { client: { type: 'webauthn.create' } }]],
    ['the person was not verified', (digest) => [digest, { flags: 0x01 }]],
    ['nobody was there', (digest) => [digest, { flags: 0x04 }]],
  ])('is refused when %s', async (_what, how) => {
    const { world, authenticator, target, offered } = await openPasskeyWorld();
    const receipt = await world.command(offered, authenticator.touch(...how(await digestOf(offered, world))));
    expect(receipt).toMatchObject({ outcome: 'refused', code: 'signature-invalid' });
    expect(isRunning(target)).toBe(true);
  });

  test('of somebody who is not in the roster, or with the id of somebody who is, is refused', async () => {
    const { world, authenticator, target, offered } = await openPasskeyWorld();
    const digest = await digestOf(offered, world);
    const other = new Authenticator().touch(digest);
    expect(await world.command(offered, other)).toMatchObject({ code: 'unknown-signer' });
    const borrowed = { passkey: { ...other.passkey, credentialId: authenticator.credentialId } };
    expect(await world.command(offered, borrowed)).toMatchObject({ code: 'signature-invalid' });
    expect(isRunning(target)).toBe(true);
  });

  test('is not replaced by a browser key, where the host asks for one', async () => {
    const { world, offered, target } = await openPasskeyWorld();
    const browser = await makeKey();
    await world.update(await world.roster({ operators: [world.operatorOf({ cnf: { jwk: browser.jwk } })] }));
    expect(await world.command(offered, { statement: await world.sign(offered, browser) })).toMatchObject({
      code: 'signer-too-weak',
    });
    expect(isRunning(target)).toBe(true);
  });

  test('one touch is one offer: the next of the same process needs another', async () => {
    const { world, authenticator, target, offered } = await openPasskeyWorld();
    const touch = authenticator.touch(await digestOf(offered, world));
    const second = await world.offer({ terminate: { pid: target.pid! } });
    expect(await world.command(second, touch)).toMatchObject({ code: 'signature-invalid' });
    expect(isRunning(target)).toBe(true);
  });
});
