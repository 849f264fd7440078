// The keeper of the roster over a real database and real files: what it signs by itself, and what it no longer can.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peekStatement, readStatement, type RosterClaims, signStatement } from '@foretop/proto/trust';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import type { Store } from '../store/database.ts';
import { grantSigningKey, insertSigningKey, withdrawGrant } from '../store/queries/signing-keys.ts';
import { newestRoster, readPins } from '../store/queries/trust.ts';
import type { Role } from '../store/schema.ts';
import { createEnrolToken } from '../wire/enrolment.ts';
import { beginAnew, changeOwner } from './change-owner.ts';
import { newKeyPair, readKeyFile } from './key-file.ts';
import { openTrustKeys, ownerKeyPath, recoveryKeyPath } from './owner-keys.ts';
import { startTrust, type Trust } from './trust.ts';

const log = pino({ level: 'silent' });
const relyingParty = { id: 'localhost', origins: ['http://localhost:8420'] };
const startMs = Date.parse('2026-11-21T12:00:00Z');

let store: Store;
let dataDir: string;
let nowMs: number;
let trust: Trust;
const open = () => startTrust({ store, dataDir, relyingParty, log, now: () => nowMs });

beforeEach(async () => {
  store = await testStore();
  dataDir = await mkdtemp(join(tmpdir(), 'foretop-trust-'));
  nowMs = startMs;
  trust = await open();
});
afterEach(async () => {
  await trust[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true });
});

const publicKey = (x: string) => ({ kty: 'OKP', crv: 'Ed25519', x }) as const;
const told = (): RosterClaims => peekStatement('roster', trust.current().roster!);
const nothing = () => Promise.resolve();
const by = () => ({ name: 'admin', at: new Date(nowMs) });

async function newHost(labels: string[] = []): Promise<string> {
  const hostId = await insertHost(store, { labels });
  const { thumbprint, jwk } = await newKeyPair();
  await store.db
    .insertInto('agent_key')
    .values({ thumbprint, host_id: hostId, public_key: Buffer.from(jwk.x, 'base64url'), machine_id: Buffer.alloc(16) })
    .execute();
  return thumbprint;
}

let accounts = 0;

async function newKey(role: Role = 'operator', hostLabels: string[] | null = null) {
  const name = `account-${++accounts}`;
  const { account_id: accountId } = await store.db
    .insertInto('account')
    .values({ name, name_key: name, password_hash: '', role, host_labels: hostLabels })
    .returning('account_id')
    .executeTakeFirstOrThrow();
  const { jwk, thumbprint } = await newKeyPair();
  const keyId = await insertSigningKey(store.db, { accountId, signer: 'browser', name: 'k', thumbprint, cnf: { jwk } });
  return { keyId: keyId!, accountId, name };
}

const grant = (keyId: number, hosts: { ids?: string[]; labels?: string[]; all?: boolean }) =>
  trust.change((db) =>
    grantSigningKey(
      db,
      keyId,
      { capabilities: ['terminate'], hosts: { ids: [], labels: [], all: false, ...hosts } },
      by(),
    ),
  );

describe('at the first start', () => {
  test('both keys are made, private, and stay; a roster that names nobody is told', async () => {
    const pins = (await readPins(store.db))!;
    for (const path of [ownerKeyPath(dataDir), recoveryKeyPath(dataDir)])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readStatement('roster', trust.current().roster!, publicKey(pins.owner))).toMatchObject({
      operators: [],
      rp: relyingParty,
    });
    expect(trust.current().ownerChanges).toEqual([]);
    const roster = trust.current().roster;
    await trust[Symbol.asyncDispose]();
    trust = await open();
    expect([await readPins(store.db), trust.current().roster]).toEqual([pins, roster]);
    expect(await trust.state()).toMatchObject({
      owner: { online: true },
      recovery: { online: true },
      unsigned: null,
      problem: '',
    });
  });

  test('enrolment tokens carry the keys to pin', async () => {
    const { token } = await createEnrolToken(store);
    const content = JSON.parse(Buffer.from(token.slice(5), 'base64url').toString()) as Record<string, unknown>;
    const pins = (await readPins(store.db))!;
    expect(content).toMatchObject({ o: pins.owner, r: pins.recovery, n: 0 });
    expect(token.length).toBeLessThan(1_024);
  });

  test('several that start at once agree on one owner', async () => {
    await using fresh = await testStore();
    const opened = await Promise.all([1, 2, 3].map(() => openTrustKeys(fresh.db, dataDir)));
    expect(new Set(opened.map(({ pins }) => `${pins.owner} ${pins.recovery}`)).size).toBe(1);
    expect((await readKeyFile(ownerKeyPath(dataDir), 'owner'))!.jwk.x).toBe(opened[0]!.pins.owner);
    expect((await readdir(dataDir)).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });
});

describe('the roster', () => {
  test('names who was granted, for exactly these hosts, until it is withdrawn', async () => {
    const [host, other] = [await newHost(), await newHost()];
    const { keyId, name } = await newKey();
    let changes = 0;
    trust.onChange(() => changes++);
    expect((await grant(keyId, { ids: [host] })).kind).toBe('signed');
    expect(told().operators).toMatchObject([{ name, capabilities: ['terminate'], hosts: { ids: [host], labels: [] } }]);
    expect(JSON.stringify(told())).not.toContain(other);
    expect((await trust.change(nothing)).kind).toBe('unchanged');
    const { serial } = told();
    await trust.change((db) => withdrawGrant(db, keyId));
    expect(told().operators).toEqual([]);
    expect(told().serial).toBeGreaterThan(serial);
    expect(changes).toBe(2);
  });

  test('follows accounts and hosts: disabled, made viewer, deleted, revoked, enrolled later', async () => {
    const first = await newHost();
    const [some, all] = [await newKey(), await newKey('admin')];
    await grant(some.keyId, { ids: [first], labels: ['env=prod'] });
    await grant(all.keyId, { all: true });
    const later = await newHost();
    await trust.change(nothing);
    const idsOf = (name: string) => told().operators.find((operator) => operator.name === name)?.hosts.ids;
    expect(idsOf(all.name)!.toSorted()).toEqual([first, later].toSorted());
    expect(idsOf(some.name)).toEqual([first]);
    await store.db.updateTable('agent_key').set({ revoked_at: new Date() }).where('thumbprint', '=', first).execute();
    await trust.change(nothing);
    expect([idsOf(all.name), idsOf(some.name)]).toEqual([[later], []]);
    const account = (accountId: number) => store.db.updateTable('account').where('account_id', '=', accountId);
    await account(some.accountId).set({ disabled_at: new Date() }).execute();
    await trust.change(nothing);
    expect(told().operators.map(({ name }) => name)).toEqual([all.name]);
    await account(all.accountId).set({ role: 'viewer' }).execute();
    await trust.change(nothing);
    expect(told().operators).toEqual([]);
    await account(some.accountId).set({ disabled_at: null }).execute();
    await trust.change(nothing);
    expect(told().operators.map(({ name }) => name)).toEqual([some.name]);
    await store.db.deleteFrom('account').where('account_id', '=', some.accountId).execute();
    await trust.change(nothing);
    expect(told().operators).toEqual([]);
  });

  test('is noticed to be due without anybody asking', async () => {
    const host = await newHost();
    const { keyId, accountId } = await newKey();
    await grant(keyId, { ids: [host] });
    await store.db.deleteFrom('account').where('account_id', '=', accountId).execute();
    await expect.poll(() => told().operators, { timeout: 15_000 }).toEqual([]);
  });

  test('gives an account that is bound to labels no host without one of them', async () => {
    const [inside, outside] = [await newHost(['site=berlin', 'x']), await newHost(['site=paris'])];
    const { keyId } = await newKey('operator', ['site=berlin']);
    await grant(keyId, { all: true });
    expect(told().operators[0]!.hosts.ids).toEqual([inside]);
    await grant(keyId, { ids: [inside, outside] });
    expect(told().operators[0]!.hosts.ids).toEqual([inside]);
  });

  test('is signed again each day, holds for a week, and never falls behind after a restore', async () => {
    const first = told();
    expect(first.exp - first.iat).toBe(7 * 86_400);
    nowMs += 2 * 86_400_000;
    expect((await trust.change(nothing)).kind).toBe('signed');
    const { serial } = told();
    await store.db.deleteFrom('roster').where('serial', '>', first.serial).execute();
    nowMs += 1_000;
    await trust.change(nothing);
    expect(told().serial).toBeGreaterThan(serial);
  });

  test('that cannot be signed is not kept half: the grant is undone', async () => {
    const { keyId } = await newKey();
    const labels = Array.from({ length: 101 }, (_, index) => `label=${index}`);
    const before = trust.current().roster;
    await expect(grant(keyId, { labels })).rejects.toMatchObject({ code: 'roster-refused' });
    expect((await trust.change(nothing)).kind).toBe('unchanged');
    expect(trust.current().roster).toBe(before);
  });

  test('of a fleet that has outgrown it leaves out who names all, and others can still be taken out', async () => {
    const [host, some, all] = [await newHost(), await newKey(), await newKey('admin')];
    await grant(some.keyId, { ids: [host] });
    await grant(all.keyId, { all: true });
    await sql`with h as (insert into host (name) select 'many' from generate_series(1, 9000) returning host_id)
      insert into agent_key (thumbprint, host_id, public_key, machine_id)
      select lpad(host_id::text, 42, '0') || 'A', host_id, '', '' from h`.execute(store.db);
    await trust.change(nothing);
    expect(told().operators.map(({ name }) => name)).toEqual([some.name]);
    expect((await trust.state()).problem).toContain(`no room for all the hosts granted to ${all.name}`);
    await trust.change((db) => withdrawGrant(db, some.keyId));
    expect(told().operators).toEqual([]);
    const wish = { capabilities: ['terminate' as const], hosts: { ids: [], labels: [], all: true } };
    const whole = { whole: true };
    await expect(trust.change((db) => grantSigningKey(db, some.keyId, wish, by()), whole)).rejects.toMatchObject({
      code: 'roster-refused',
    });
    expect((await trust.change(nothing)).kind).toBe('unchanged');
  });

  test('the database itself refuses a grant that names nobody', async () => {
    const { keyId } = await newKey();
    await expect(grant(keyId, {})).rejects.toThrow('signing_key_granted');
  });
});

describe('with the owner key taken away', () => {
  const passphrase = 'a long enough phrase';
  const out = () => join(dataDir, 'carried-away.json');

  async function goOffline() {
    const recovery = (await readKeyFile(recoveryKeyPath(dataDir), 'recovery'))!;
    await changeOwner(store.db, { dataDir, recovery, keep: { path: out(), passphrase }, nowMs });
    await rm(recoveryKeyPath(dataDir));
    await trust.change(nothing);
    return (await readKeyFile(out(), 'owner', () => Promise.resolve(passphrase)))!;
  }

  test('hosts are told of the change, signed by the recovery key, and of a roster by the new key', async () => {
    const before = (await readPins(store.db))!;
    const owner = await goOffline();
    const { roster, ownerChanges } = trust.current();
    expect(await readStatement('owner', ownerChanges![0]!, publicKey(before.recovery))).toMatchObject({
      owner: owner.jwk,
    });
    await expect(readStatement('owner', ownerChanges![0]!, publicKey(before.owner))).rejects.toMatchObject({
      code: 'signature-invalid',
    });
    const claims = await readStatement('roster', roster!, owner.jwk);
    expect(claims.exp - claims.iat).toBe(30 * 86_400);
    expect(await trust.state()).toMatchObject({
      owner: { thumbprint: owner.thumbprint, online: false },
      recovery: { online: false },
    });
    expect(await readdir(dataDir)).toEqual(['carried-away.json']);
    const { token } = await createEnrolToken(store);
    const { o, n } = JSON.parse(Buffer.from(token.slice(5), 'base64url').toString()) as { o: string; n: number };
    expect([o, n]).toEqual([owner.jwk.x, peekStatement('owner', ownerChanges![0]!).serial]);
  });

  test('a grant waits for a signature, and holds once that was uploaded', async () => {
    const host = await newHost();
    const { keyId, name } = await newKey();
    const owner = await goOffline();
    const settled = await grant(keyId, { ids: [host] });
    expect(settled).toMatchObject({ kind: 'owner-offline', roster: { operators: [{ name }] } });
    expect(told().operators).toEqual([]);
    const { unsigned } = await trust.state();
    expect(unsigned).toEqual(settled.roster);
    nowMs += 5_000;
    await trust.publish(await signStatement('roster', unsigned!, owner.privateKey, owner.thumbprint));
    expect(told().operators).toMatchObject([{ name }]);
    expect((await trust.state()).unsigned).toBeNull();
  });

  test('a roster of the old owner, of the recovery key, of anybody, an old or an expired one is refused', async () => {
    const old = (await readKeyFile(ownerKeyPath(dataDir), 'owner'))!;
    const recovery = (await readKeyFile(recoveryKeyPath(dataDir), 'recovery'))!;
    const owner = await goOffline();
    const good = { ...told(), serial: told().serial + 10 };
    const sign = (key: typeof owner, claims: RosterClaims) =>
      signStatement('roster', { ...claims, iss: key.thumbprint }, key.privateKey, key.thumbprint);
    for (const key of [old, recovery, await newKeyPair()])
      await expect(trust.publish(await sign(key, good))).rejects.toMatchObject({ code: 'roster-refused' });
    await expect(trust.publish(trust.current().roster!)).rejects.toThrow('its serial is');
    const expired = { ...good, iat: good.iat - 40 * 86_400, exp: good.iat - 20 * 86_400 };
    await expect(trust.publish(await sign(owner, expired))).rejects.toThrow('it has expired');
    await expect(trust.publish('x')).rejects.toMatchObject({ code: 'roster-refused' });
    await trust.publish(await sign(owner, good));
    expect(told().serial).toBe(good.serial);
  });

  test('the old key put back signs nothing', async () => {
    const old = (await readKeyFile(ownerKeyPath(dataDir), 'owner'))!;
    await goOffline();
    const { createKeyFile } = await import('./key-file.ts');
    await createKeyFile(ownerKeyPath(dataDir), 'owner', old);
    const { keyId } = await newKey();
    expect((await grant(keyId, { labels: ['env=prod'] })).kind).toBe('owner-offline');
    expect((await trust.state()).owner.online).toBe(false);
  });
});

describe('changing the owner key', () => {
  test('needs the recovery key: the owner key cannot name its own successor', async () => {
    const owner = (await readKeyFile(ownerKeyPath(dataDir), 'owner'))!;
    const before = [await readPins(store.db), await newestRoster(store.db), (await readdir(dataDir)).toSorted()];
    for (const recovery of [owner, await newKeyPair()])
      await expect(changeOwner(store.db, { dataDir, recovery, keep: 'here', nowMs })).rejects.toMatchObject({
        code: 'recovery-refused',
      });
    expect([await readPins(store.db), await newestRoster(store.db), (await readdir(dataDir)).toSorted()]).toEqual(
      before,
    );
  });

  test('in place: the collector goes on signing with the new one', async () => {
    const recovery = (await readKeyFile(recoveryKeyPath(dataDir), 'recovery'))!;
    const { owner } = await changeOwner(store.db, { dataDir, recovery, keep: 'here', nowMs });
    const second = await changeOwner(store.db, { dataDir, recovery, keep: 'here', nowMs });
    const { keyId } = await newKey();
    expect((await grant(keyId, { labels: ['env=prod'] })).kind).toBe('signed');
    expect([owner, told().iss]).not.toContain(undefined);
    expect(told().iss).toBe(second.owner);
    const serials = trust.current().ownerChanges!.map((text) => peekStatement('owner', text).serial);
    expect(serials).toEqual([Math.floor(nowMs / 1_000), Math.floor(nowMs / 1_000) + 1]);
    expect((await readdir(dataDir)).toSorted()).toEqual(['owner-key.json', 'recovery-key.json']);
  });

  test('anew: other keys, no change that would lead to them, and the collector signs', async () => {
    const before = (await readPins(store.db))!;
    const recovery = (await readKeyFile(recoveryKeyPath(dataDir), 'recovery'))!;
    await changeOwner(store.db, { dataDir, recovery, keep: 'here', nowMs });
    const fresh = await beginAnew(store.db, { dataDir, nowMs });
    const after = (await readPins(store.db))!;
    expect([after.owner, after.recovery]).not.toContain(before.owner);
    expect(after.recovery).not.toBe(before.recovery);
    await trust.change(nothing);
    expect(trust.current().ownerChanges).toEqual([]);
    expect(told().iss).toBe(fresh.owner);
    expect((await trust.state()).recovery).toEqual({ thumbprint: fresh.recovery, online: true });
  });
});
