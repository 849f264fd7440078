// Commands from somebody who may not give them: forged in every way, or beyond what roster and file allow.
import { randomBytes } from 'node:crypto';
import { base64url, CompactSign, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { isRunning, linuxMissing, makeKey, type Offered, openWorld, start, type World } from './test-trust.ts';

if (linuxMissing) console.warn(`Skipped agent/src/trust/command-attacks: ${linuxMissing}.`);

const long = ['1000'];

interface Attack {
  /** Of the signature, given an honest offer. */
  (world: World, offered: Offered): Promise<string>;
}

const headerOf = (world: World) => ({ alg: 'Ed25519', kid: world.operator.thumbprint, typ: 'foretop-command+jwt' });
const claimsOf = async (world: World, offered: Offered) =>
  JSON.parse(Buffer.from((await world.sign(offered)).split('.')[1]!, 'base64url').toString()) as Record<
    string,
    unknown
  >;

async function signed(world: World, header: Record<string, unknown>, claims: unknown): Promise<string> {
  const payload = Buffer.from(JSON.stringify(claims));
  return new CompactSign(payload).setProtectedHeader(header as { alg: string }).sign(world.operator.privateKey);
}

const attacks: [what: string, code: string, attack: Attack][] = [
  [
    'signed by a key that is in no roster',
    'unknown-signer',
    async (world, offered) => world.sign(offered, await makeKey()),
  ],
  [
    'signed by another key in the name of the operator',
    'signature-invalid',
    async (world, offered) => {
      const other = await makeKey();
      return world.sign(offered, { ...other, thumbprint: world.operator.thumbprint });
    },
  ],
  [
    'signed by the owner key, which signs rosters only',
    'unknown-signer',
    (world, offered) => world.sign(offered, world.owner),
  ],
  ['signed by the host itself', 'unknown-signer', (world, offered) => world.sign(offered, world.identity)],
  [
    'for another host',
    'signature-invalid',
    async (world, offered) => world.sign(offered, world.operator, (await makeKey()).thumbprint),
  ],
  [
    'for another host by its audience alone',
    'signature-invalid',
    async (world, offered) =>
      signed(world, headerOf(world), { ...(await claimsOf(world, offered)), aud: (await makeKey()).thumbprint }),
  ],
  [
    'whose audience is a list with this host in it',
    'malformed',
    async (world, offered) =>
      signed(world, headerOf(world), { ...(await claimsOf(world, offered)), aud: [world.identity.thumbprint] }),
  ],
  [
    'for another offer',
    'signature-invalid',
    async (world) => world.sign(await world.offer({ terminate: { pid: (await start('sleep', long)).pid! } })),
  ],
  [
    'with one more claim',
    'malformed',
    async (world, offered) => signed(world, headerOf(world), { ...(await claimsOf(world, offered)), exp: 9e9 }),
  ],
  [
    'with alg none',
    'malformed',
    async (world, offered) => {
      const [, payload] = new UnsecuredJWT(await claimsOf(world, offered)).encode().split('.');
      const header = base64url.encode(JSON.stringify({ ...headerOf(world), alg: 'none' }));
      return `${header}.${payload}.`;
    },
  ],
  [
    'with alg HS256, the public key being the secret',
    'malformed',
    async (world, offered) => {
      const payload = Buffer.from(JSON.stringify(await claimsOf(world, offered)));
      const secret = Buffer.from(world.operator.jwk.x, 'base64url');
      return new CompactSign(payload).setProtectedHeader({ ...headerOf(world), alg: 'HS256' }).sign(secret);
    },
  ],
  [
    'with alg EdDSA, the older name',
    'malformed',
    async (world, offered) => signed(world, { ...headerOf(world), alg: 'EdDSA' }, await claimsOf(world, offered)),
  ],
  [
    'with the key in its header',
    'malformed',
    async (world, offered) =>
      signed(world, { ...headerOf(world), jwk: world.operator.jwk }, await claimsOf(world, offered)),
  ],
  [
    'that is a statement of another kind',
    'malformed',
    async (world, offered) =>
      signed(world, { ...headerOf(world), typ: 'foretop-receipt+jwt' }, await claimsOf(world, offered)),
  ],
  [
    'whose signature has one bit less',
    'signature-invalid',
    async (world, offered) => {
      const [header, payload, signature] = (await world.sign(offered)).split('.');
      const bytes = Buffer.from(signature!, 'base64url');
      bytes[10]! ^= 1;
      return `${header}.${payload}.${bytes.toString('base64url')}`;
    },
  ],
  ['that is empty', 'malformed', async () => ''],
  ['that is no statement', 'malformed', async () => randomBytes(200).toString('base64url')],
];

describe.skipIf(linuxMissing)('a command is refused', () => {
  test.each(attacks)('%s: %s', async (_what, code, attack) => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    const receipt = await world.command(offered, { statement: await attack(world, offered) });
    expect(receipt).toMatchObject({ outcome: 'refused', code, operator: { thumbprint: '', name: '' } });
    expect(isRunning(target)).toBe(true);
    expect(world.audit().at(-1)).toMatchObject({ event: 'command-refused', detail: { code } });
    // It was the signature, not the offer: the right one still does it.
    expect((await world.command(offered, { statement: await world.sign(offered) })).outcome).toBe('gone');
  });

  test('by an operator who may do other things only, or to other hosts', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    for (const change of [
      { capabilities: [] },
      { capabilities: ['probe' as const, 'capture-payload' as const] },
      { hosts: { ids: [], labels: [] } },
      { hosts: { ids: [(await makeKey()).thumbprint], labels: ['env=prod'] } },
    ]) {
      await world.update(await world.roster({ operators: [world.operatorOf(change)] }));
      expect(await world.terminate(target.pid!)).toMatchObject({ outcome: 'refused', code: 'not-in-scope' });
    }
    await world.update(await world.roster({ operators: [] }));
    expect(await world.terminate(target.pid!), 'an empty list is nobody').toMatchObject({ code: 'unknown-signer' });
    expect(isRunning(target)).toBe(true);
  });

  test('by label only where the host’s own file has it', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const operators = [world.operatorOf({ hosts: { ids: [], labels: ['env=lab'] } })];
    await world.update(await world.roster({ operators }));
    expect(await world.terminate(target.pid!)).toMatchObject({ code: 'not-in-scope' });
    world.writeCeiling('{"allow":"terminate","signer":"browser","labels":["env=lab"]}');
    expect(await world.terminate(target.pid!)).toMatchObject({ outcome: 'gone' });
  });

  test('when the host’s file asks for a stronger signature, also since the offer', async () => {
    const world = await openWorld({ ceiling: '{"allow":"terminate"}' });
    const target = await start('sleep', long);
    expect(await world.terminate(target.pid!), 'passkeys are the default').toMatchObject({ code: 'signer-too-weak' });
    world.writeCeiling('{"allow":"terminate","signer":"browser"}');
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    world.writeCeiling('{"allow":"terminate","signer":"approve"}');
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({
      code: 'signer-too-weak',
    });
    expect(isRunning(target)).toBe(true);
  });

  test('above the ceiling, whoever signed it, also when it was lowered since the offer', async () => {
    const world = await openWorld();
    const target = await start('sleep', long);
    const offered = await world.offer({ terminate: { pid: target.pid! } });
    world.writeCeiling('{"allow":"capture-payload"}');
    expect(await world.command(offered, { statement: await world.sign(offered) })).toMatchObject({
      code: 'not-allowed',
    });
    expect((await world.ask({ terminate: { pid: target.pid! } })).refusal).toMatchObject({ code: 'not-allowed' });
    expect(isRunning(target)).toBe(true);
  });
});
