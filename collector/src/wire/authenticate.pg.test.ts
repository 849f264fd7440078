import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { testIdentity } from '../../test/test-agent.ts';
import { openTestWire, type TestWire, until } from '../../test/wire.ts';
import { listHosts } from '../store/queries/hosts.ts';
import { createEnrolToken, revokeHost } from './enrolment.ts';

let wire: TestWire;

beforeAll(async () => {
  wire = await openTestWire();
});

afterAll(() => wire[Symbol.asyncDispose]());

describe('enrolment', () => {
  it('makes a host of the agent, which then joins without a token', async () => {
    using first = wire.connect();
    const hostId = await first.enrol(await wire.newToken());
    first.send({ goodbye: { reason: 'stopping' } });
    first.socket.close();
    using second = wire.connect(first.identity);
    const source = { name: 'sock_diag', available: true, reason: '', remedy: '' };
    expect(await second.join({ sources: [source] })).toBe(hostId);
    const host = (await listHosts(wire.store.db)).find((row) => row.host_id === hostId)!;
    expect(host).toMatchObject({ name: 'web-1', os: 'Debian', tier: 2, scope: 'machine', addresses: ['10.0.0.1'] });
    expect(host.sources).toEqual([source]);
    expect(Math.abs(host.booted_at!.getTime() - first.identity.offsetUs / 1000)).toBeLessThan(1_000);
  });

  it('keeps the time zone that the host last said, and none that there is not', async () => {
    const zone = async (agent: typeof first, timeZone: string | undefined) => {
      const hostId = await agent.join({ host: { name: 'web-1', ...(timeZone === undefined ? {} : { timeZone }) } });
      return (await listHosts(wire.store.db)).find((row) => row.host_id === hostId)!.time_zone;
    };
    using first = wire.connect();
    await first.enrol(await wire.newToken());
    for (const [said, kept] of [
      ['europe/berlin', 'Europe/Berlin'],
      ['Asia/Kolkata', 'Asia/Kolkata'],
      ['Mars/Olympus', ''],
      ['UTC', 'UTC'],
      ['\0'.repeat(70_000), ''],
      ['Asia/Kolkata', 'Asia/Kolkata'],
      [undefined, ''],
    ]) {
      using again = wire.connect(first.identity);
      expect(await zone(again, said)).toBe(kept);
    }
  });

  it('takes the token again from the host that it enrolled, in case Welcome was lost', async () => {
    const token = await wire.newToken();
    using first = wire.connect();
    const hostId = await first.enrol(token);
    using second = wire.connect(first.identity);
    expect(await second.enrol(token)).toBe(hostId);
  });

  it('cleans what the host says about itself', async () => {
    using agent = wire.connect();
    const host = {
      name: `a\0b\u001b[31m${'x'.repeat(70_000)}`,
      os: '<script>',
      addresses: ['nonsense', 'fe80::1'],
      cpus: 2 ** 32 - 1,
    };
    const hostId = await agent.enrol(await wire.newToken(), { host, scope: 'galaxy', tier: 99 });
    const row = (await listHosts(wire.store.db)).find((found) => found.host_id === hostId)!;
    expect(row.name).toHaveLength(255);
    expect(row.name.startsWith('a\ufffdb\ufffd[31mx')).toBe(true);
    expect(row).toMatchObject({ os: '<script>', addresses: ['fe80::1'], cpus: 2 ** 31 - 1, scope: '', tier: 0 });
  });

  it('uses a token up for one host only, though two come at the same time', async () => {
    const token = await wire.newToken();
    const agents = [wire.connect(), wire.connect(), wire.connect()];
    const results = await Promise.allSettled(agents.map((agent) => agent.enrol(token)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const agent of agents) agent[Symbol.dispose]();
  });
});

describe('refusals', () => {
  it.each([
    ['a token of nobody', async (): Promise<string> => 'fte1_e30', 'token-invalid'],
    [
      'an expired token',
      async () => (await createEnrolToken(wire.store, () => Date.now() - 16 * 60_000)).token,
      'token-expired',
    ],
    [
      'a used token',
      async (): Promise<string> => {
        const token = await wire.newToken();
        using agent = wire.connect();
        await agent.enrol(token);
        return token;
      },
      'token-used',
    ],
  ] as const)('%s: %s', async (_, token, expected) => {
    const before = (await listHosts(wire.store.db)).length;
    const given = await token();
    const added = (await listHosts(wire.store.db)).length - before;
    using agent = wire.connect();
    agent.enrol(given).catch(() => undefined);
    expect((await agent.ended).name).toBe(expected);
    expect(await listHosts(wire.store.db)).toHaveLength(before + added);
  });

  it('a key that nobody enrolled', async () => {
    using agent = wire.connect();
    agent.send({ hello: await agent.hello() });
    expect((await agent.ended).name).toBe('not-enrolled');
  });

  it.each([
    ['another key signed', { key: testIdentity().privateKey }, 'signature-invalid'],
    ['wrong typ', { header: { typ: 'JWT' } }, 'signature-invalid'],
    ['alg EdDSA', { header: { alg: 'EdDSA' } }, 'signature-invalid'],
    ['no kid', { header: { kid: undefined } }, 'signature-invalid'],
    ['another nonce', { nonce: randomBytes(32) }, 'signature-invalid'],
    ['no nonce', { claims: { nonce: undefined } }, 'signature-invalid'],
    ['another issuer', { claims: { iss: 'x' } }, 'signature-invalid'],
    ['another subject', { claims: { sub: 'x' } }, 'signature-invalid'],
    ['no subject', { claims: { sub: undefined } }, 'signature-invalid'],
    ['another audience', { collectorId: 'another' }, 'wrong-collector'],
    ['another machine id claimed', { claims: { mid: 'AAAA' } }, 'signature-invalid'],
  ])('%s', async (_, sign, expected) => {
    const { agent: first } = await wire.enrolled();
    first[Symbol.dispose]();
    using agent = wire.connect(first.identity);
    agent.send({ hello: await agent.hello({}, sign) });
    expect((await agent.ended).name).toBe(expected);
  });

  it('an audience that is a list, though it holds the collector', async () => {
    using agent = wire.connect();
    const enrolment = { token: await wire.newToken(), publicKey: agent.identity.publicKey };
    agent.send({ hello: await agent.hello({ enrolment }, { claims: { aud: [wire.store.collectorId] } }) });
    expect((await agent.ended).name).toBe('signature-invalid');
  });

  it('an enrolment whose key is not the one that signed, and the token stays good', async () => {
    const token = await wire.newToken();
    using thief = wire.connect();
    thief.send({ hello: await thief.hello({ enrolment: { token, publicKey: testIdentity().publicKey } }) });
    expect((await thief.ended).name).toBe('signature-invalid');
    using agent = wire.connect();
    expect(await agent.enrol(token)).toBeGreaterThan(0);
  });

  it.each(['', 'a.b.c', 'x'.repeat(4_097), `${Buffer.from('{"alg":"none","kid":"\\u0000"}').toString('base64url')}..`])(
    'a token that is none: %#',
    async (jwt) => {
      using agent = wire.connect();
      agent.send({ hello: await agent.hello({ jwt }) });
      expect((await agent.ended).name).toBe(jwt.length > 4_096 ? 'malformed-frame' : 'signature-invalid');
    },
  );

  it('a Hello replayed on another connection', async () => {
    const { agent: first } = await wire.enrolled();
    using second = wire.connect(first.identity);
    const hello = await second.hello();
    second.send({ hello });
    await second.next('welcome');
    using replay = wire.connect(first.identity);
    await replay.next('challenge');
    replay.send({ hello });
    expect((await replay.ended).name).toBe('signature-invalid');
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('the same key from a second machine; the first stays', async () => {
    const { agent: first, hostId } = await wire.enrolled();
    using clone = wire.connect({ ...first.identity, machineId: randomBytes(32) });
    clone.send({ hello: await clone.hello() });
    expect((await clone.ended).name).toBe('cloned');
    expect(first.socket.readyState).toBe(WebSocket.OPEN);
    const key = await wire.store.db
      .selectFrom('agent_key')
      .select('clone_refused_at')
      .where('host_id', '=', hostId)
      .executeTakeFirst();
    expect(key?.clone_refused_at).toBeInstanceOf(Date);
    first[Symbol.dispose]();
  });

  it('an older connection of the same agent, when a newer one comes', async () => {
    const { agent: first, hostId } = await wire.enrolled();
    using second = wire.connect(first.identity);
    expect(await second.join()).toBe(hostId);
    expect((await first.ended).name).toBe('replaced');
    second.pulse();
    await until(() => wire.live.lastPulse(hostId) !== undefined);
  });

  it.each([
    ['too new', { protocolVersion: 9, minimumVersion: 9 }],
    ['too old', { protocolVersion: 0, minimumVersion: 0 }],
  ])('a version that is %s', async (_, versions) => {
    using agent = wire.connect();
    agent.send({ hello: await agent.hello(versions) });
    expect((await agent.ended).name).toBe('version-unsupported');
  });

  it.each([
    ['machine id', { machineId: randomBytes(31) }],
    ['boot id', { clock: { bootId: randomBytes(3), boottimeUs: 1, wallUs: 1 } }],
    ['clock', { clock: { bootId: randomBytes(16), boottimeUs: 2 ** 60, wallUs: 1 } }],
    ['epoch', { epochs: [{ epoch: randomBytes(9), firstSequence: 1, lastSequence: 1 }] }],
    ['sequences', { epochs: [{ epoch: randomBytes(8), firstSequence: 5, lastSequence: 4 }] }],
    [
      'number of epochs',
      { epochs: Array.from({ length: 65 }, () => ({ epoch: randomBytes(8), firstSequence: 1, lastSequence: 1 })) },
    ],
    ['number of sources', { sources: Array.from({ length: 33 }, () => ({ name: 'x' })) }],
    ['public key', { enrolment: { token: 'x', publicKey: randomBytes(31) } }],
    ['token length', { enrolment: { token: 'x'.repeat(2_000), publicKey: randomBytes(32) } }],
  ])('a Hello with a wrong %s', async (_, changes) => {
    using agent = wire.connect();
    agent.send({ hello: await agent.hello(changes) });
    expect((await agent.ended).name).toBe('malformed-frame');
  });
});

describe('revocation', () => {
  it('cuts the connection within seconds, refuses the key, and a new token brings the host back', async () => {
    const { agent, hostId } = await wire.enrolled();
    const startMs = Date.now();
    expect(await revokeHost(wire.store, hostId)).toBe(true);
    expect((await agent.ended).name).toBe('revoked');
    expect(Date.now() - startMs).toBeLessThan(3_000);
    expect(wire.live.status(hostId)).toBe('revoked');
    using again = wire.connect(agent.identity);
    again.send({ hello: await again.hello() });
    expect((await again.ended).name).toBe('revoked');
    using back = wire.connect(agent.identity);
    expect(await back.enrol(await wire.newToken())).toBe(hostId);
    back.pulse();
    await until(() => wire.live.status(hostId) === 'live');
    await sleep(500);
    expect(back.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('of a host that does not exist does nothing', async () => {
    expect(await revokeHost(wire.store, 2_000_000)).toBe(false);
  });

  it('is listened for again after the database dropped the connection', async () => {
    const listeners = async (): Promise<number[]> => {
      const { rows } = await wire.store.pool.query<{ pid: number }>(
        "select pid from pg_stat_activity where datname = current_database() and query like 'listen %'",
      );
      return rows.map(({ pid }) => pid);
    };
    const [before] = await listeners();
    await wire.store.pool.query('select pg_terminate_backend($1)', [before]);
    await until(async () => (await listeners()).some((pid) => pid !== before));
    const { agent, hostId } = await wire.enrolled();
    await revokeHost(wire.store, hostId);
    expect((await agent.ended).name).toBe('revoked');
  });

  it('is noticed without a notification too', async () => {
    const { agent, hostId } = await wire.enrolled();
    await wire.store.db.updateTable('host').set({ revoked_at: new Date() }).where('host_id', '=', hostId).execute();
    expect((await agent.ended).name).toBe('revoked');
  });
});
