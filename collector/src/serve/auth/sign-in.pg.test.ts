// Signing in by name and password over real HTTP: what it opens, how it is refused, and 10,000 attempts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goodPassword, makeAccount, send, sessionOf, signIn, signInByLink } from '../../../test/people.ts';
import { type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ trustedProxy: '127.0.0.1' });
});
afterAll(() => server[Symbol.asyncDispose]());

/** As from another network: the test's proxy on this machine says so. */
const from = (address: string) => ({ 'x-forwarded-for': address });
const attempt = (name: string, password: string, address?: string) =>
  send(server, 'POST', '/session', { name, password }, address === undefined ? {} : from(address));
const who = async (session: object) =>
  (await send(server, 'GET', '/session', undefined, { ...session } as Record<string, string>)).json();
const refusals = () =>
  server.store.db
    .selectFrom('audit')
    .select(['actor', 'detail'])
    .where('action', '=', 'session.create')
    .where('outcome', '=', 'refused')
    .orderBy('audit_id')
    .execute();

describe('a person', () => {
  test('signs in by name, whatever its case, and is who the account says', async () => {
    const id = await makeAccount(server, 'Ann Lee', 'operator', ['prod']);
    const session = await signIn(server, 'ann LEE');
    expect(await who(session)).toEqual({
      kind: 'session',
      role: 'operator',
      name: 'Ann Lee',
      accountId: id,
      hostLabels: ['prod'],
      canSign: true,
      expiresAt: expect.any(String) as string,
      setupNeeded: false,
    });
    const stored = await server.store.db.selectFrom('account').selectAll().where('account_id', '=', id).execute();
    expect(JSON.stringify(stored)).not.toContain(goodPassword);
    expect(stored[0]!.signed_in_at).not.toBeNull();
  });

  test('a wrong password, a name that nobody has, and a disabled account are answered alike', async () => {
    await makeAccount(server, 'bea');
    const disabled = await makeAccount(server, 'cid');
    await server.store.db
      .updateTable('account')
      .set({ disabled_at: new Date() })
      .where('account_id', '=', disabled)
      .execute();
    const answers = await Promise.all([
      attempt('bea', 'not the right words', '192.0.2.1'),
      attempt('my own secret passphrase', 'not the right words', '192.0.2.1'),
      attempt('cid', goodPassword, '192.0.2.1'),
    ]);
    const texts = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    expect(new Set(texts.map(String)).size).toBe(1);
    expect(texts[0]![0]).toBe(401);
    expect(answers.map((answer) => answer.headers.get('set-cookie'))).toEqual([null, null, null]);
    const noted = (await refusals()).map(({ detail }) => detail);
    expect(noted).toContainEqual({ name: 'bea', network: '192.0.2.0/24' });
    // What stood in the field of the name may be a password.
    expect(JSON.stringify(noted)).not.toContain('passphrase');
  });

  test('as fast for a name that nobody has', { timeout: 60_000 }, async () => {
    await makeAccount(server, 'dan');
    const fastest = async (name: string) => {
      const times: number[] = [];
      for (let round = 0; round < 5; round++) {
        // Of the processor, so that a busy machine changes nothing.
        const before = process.cpuUsage();
        expect((await attempt(name, 'not the right words', `10.1.${round}.1`)).status).toBe(401);
        const { user, system } = process.cpuUsage(before);
        times.push(user + system);
      }
      return Math.min(...times);
    };
    const ratio = (await fastest('nobody')) / (await fastest('dan'));
    expect(ratio).toBeGreaterThan(0.6);
    expect(ratio).toBeLessThan(1.6);
  });

  test.each([
    [{ name: 'ann' }],
    [{ name: 'ann', password: 7 }],
    [{ name: 'ann', password: 'x'.repeat(5_000) }],
    [{ name: { $ne: '' }, password: 'x' }],
    [{ name: 'ann', password: 'x', role: 'admin' }],
    [{ name: 'x'.repeat(500), password: 'x' }],
  ])('%j is no way to sign in', async (body) => {
    expect((await send(server, 'POST', '/session', body)).status).toBe(400);
  });
});

describe('guessing', () => {
  test(
    '10,000 attempts on an account: a handful is hashed, the owner gets in, the login link works',
    { timeout: 180_000 },
    async () => {
      await makeAccount(server, 'eve', 'admin');
      const counted = async () => {
        const text = await (await fetch(`${server.url}/metrics`)).text();
        const value = (name: string) => Number(new RegExp(`^foretop_http_${name} (\\d+)`, 'm').exec(text)?.[1] ?? NaN);
        return { hashed: value('passwords_hashed_total'), slowed: value('password_attempts_slowed_total') };
      };
      const before = await counted();
      const statuses: Record<number, number> = {};
      const attempts = 10_000;
      let next = 0;
      const guesser = async () => {
        while (next < attempts) {
          const answer = await attempt('eve', `wrong password number ${next++}`, '203.0.113.66');
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
          await answer.text(); // whole, so that its connection serves the next one
        }
      };
      const started = performance.now();
      await Promise.all(Array.from({ length: 32 }, guesser));
      const seconds = (performance.now() - started) / 1_000;
      const after = await counted();
      console.log(
        `10,000 attempts in ${seconds.toFixed(1)} s: ${JSON.stringify(statuses)}, ${after.hashed - before.hashed} hashed`,
      );
      expect(statuses[201]).toBeUndefined();
      expect(after.hashed - before.hashed).toBeLessThanOrEqual(12);
      expect(after.slowed - before.slowed).toBeGreaterThan(9_900);
      // Also with the right password, from there: the wait tells nothing.
      expect((await attempt('eve', goodPassword, '203.0.113.66')).status).toBe(429);
      expect((await attempt('eve', goodPassword, '198.51.100.4')).status).toBe(201);
      expect(await who(await signIn(server, 'eve'))).toMatchObject({ name: 'eve', role: 'admin' });
      expect(await who(await signInByLink(server))).toMatchObject({ role: 'admin', accountId: null });
      expect((await refusals()).filter(({ detail }) => detail['name'] === 'eve').length).toBeLessThanOrEqual(12);
    },
  );

  test('the wait is said, and what else can be done', async () => {
    await makeAccount(server, 'fay');
    for (let round = 0; round < 5; round++) await attempt('fay', 'not the right words', '203.0.114.1');
    const answer = await attempt('fay', goodPassword, '203.0.114.1');
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({
      type: 'urn:foretop:problem:too-many-attempts',
      detail: expect.stringMatching(/Try again in \d+ s, or sign in with a login link.*foretop login-link/) as string,
    });
  });

  test("wrong login codes and tokens slow down their own network, not this machine's link", async () => {
    for (let round = 0; round < 25; round++)
      await send(server, 'POST', '/session', { code: `wrong-${round}` }, from('203.0.115.1'));
    expect((await send(server, 'POST', '/session', { code: 'wrong' }, from('203.0.115.1'))).status).toBe(429);
    await sessionOf(await send(server, 'POST', '/session', { name: 'Ann Lee', password: goodPassword }));
    expect(await who(await signInByLink(server))).toMatchObject({ role: 'admin' });
    const statuses = new Set<number>();
    for (let round = 0; round < 310; round++) {
      const headers = { authorization: `Bearer ftt_wrong${round}`, ...from('203.0.116.1') };
      statuses.add((await send(server, 'GET', '/session', undefined, headers)).status);
    }
    expect([...statuses].sort()).toEqual([401, 429]);
    const good = { authorization: `Bearer ${await server.token()}` };
    expect((await send(server, 'GET', '/session', undefined, good)).status).toBe(200);
  });
});
