// Whom a host believes: what raises, withdraws and ends trust, and what only tries to.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnerClaims, type RosterClaims, signStatement } from '@foretop/proto/trust';
import { expect, onTestFinished, test } from 'vitest';
import { type Key, makeKey } from './test-trust.ts';
import { openTrustStore, type TrustStore } from './trust-store.ts';

const day = 86_400;
const year = 365 * day;
const nowS = 1_800_000_000;

class Host {
  readonly folder = mkdtempSync(join(tmpdir(), 'foretop-store-'));
  readonly path = join(this.folder, 'trust.json');
  readonly troubles: string[] = [];
  bootId = 'one';
  wallS = nowS;
  upS = 1_000;
  store!: TrustStore;

  async open(): Promise<TrustStore> {
    const clock = { boottimeUs: () => this.upS * 1e6, wallUs: () => this.wallS * 1e6 };
    const onTrouble = (error: Error) => void this.troubles.push(error.message);
    this.store = await openTrustStore({ path: this.path, clock, bootId: this.bootId, onTrouble });
    return this.store;
  }

  async reboot(): Promise<void> {
    this.bootId += '+';
    this.upS = 0;
    await this.open();
  }

  pass(seconds: number): void {
    this.upS += seconds;
    this.wallS += seconds;
  }

  /** What the host answers to who asks for an offer. */
  state(): string {
    const believed = this.store.roster();
    return 'code' in believed ? believed.code : `serial ${believed.claims.serial}`;
  }
}

async function makeHost(): Promise<{ host: Host; owner: Key; recovery: Key; next: Key }> {
  const [owner, recovery, next] = await Promise.all([makeKey(), makeKey(), makeKey()]);
  const host = new Host();
  onTestFinished(() => rmSync(host.folder, { recursive: true }));
  await host.open();
  host.store.pin({ owner: owner.jwk.x, recovery: recovery.jwk.x });
  return { host, owner, recovery, next };
}

function roster(by: Key, change: Partial<RosterClaims> = {}): Promise<string> {
  const claims = { iss: by.thumbprint, serial: 1, iat: nowS, exp: nowS + 30 * day, rp: null, operators: [], ...change };
  return signStatement('roster', claims, by.privateKey, by.thumbprint);
}

function ownerChange(by: Key, owner: Key, serial: number): Promise<string> {
  const claims: OwnerClaims = { iss: by.thumbprint, serial, iat: nowS, owner: owner.jwk };
  return signStatement('owner', claims, by.privateKey, by.thumbprint);
}

const take = async (host: Host, text: string, ...ownerChanges: string[]) =>
  (await host.store.update({ roster: text, ownerChanges })).map(({ event }) => event);

test('nobody is believed before there are an owner and a roster', async () => {
  const host = new Host();
  onTestFinished(() => rmSync(host.folder, { recursive: true }));
  await host.open();
  const owner = await makeKey();
  expect(host.state()).toBe('no-owner');
  expect(await take(host, await roster(owner))).toEqual([]);
  expect(host.state()).toBe('no-owner');
  host.store.pin({ owner: owner.jwk.x });
  expect(host.state()).toBe('no-roster');
  expect(await take(host, await roster(owner))).toEqual(['roster-accepted']);
  expect(host.state()).toBe('serial 1');
});

test('pins and roster outlast a restart, in a file of this user alone', async () => {
  const { host, owner } = await makeHost();
  await take(host, await roster(owner, { serial: 7 }));
  await host.open();
  expect(host.state()).toBe('serial 7');
  expect(host.store.summary()).toMatchObject({ owner: owner.thumbprint, serial: 7, expires: nowS + 30 * day });
  chmodSync(host.path, 0o644);
  await host.open();
  expect(host.state(), 'others could have written it').toBe('no-owner');
  expect(host.store.pin({ owner: owner.jwk.x })?.event, 'and no token takes its place').toBe('owner-refused');
});

test('serials never fall, and one serial is one roster', async () => {
  const { host, owner } = await makeHost();
  expect(await take(host, await roster(owner, { serial: 5 }))).toEqual(['roster-accepted']);
  expect(await take(host, await roster(owner, { serial: 4 }))).toEqual(['roster-refused']);
  expect(await take(host, await roster(owner, { serial: 5, exp: nowS + day }))).toEqual(['roster-refused']);
  await host.open();
  expect(await take(host, await roster(owner, { serial: 4 })), 'not after a restart either').toEqual([
    'roster-refused',
  ]);
  expect(await take(host, await roster(owner, { serial: 6 }))).toEqual(['roster-accepted']);
});

test('a roster of somebody else, or edited in the file, counts for nothing', async () => {
  const { host, owner, next, recovery } = await makeHost();
  expect(await take(host, await roster(next))).toEqual(['roster-refused']);
  expect(await take(host, await roster(recovery)), 'the recovery key names owners only').toEqual(['roster-refused']);
  expect(await take(host, await roster({ ...next, thumbprint: owner.thumbprint }))).toEqual(['roster-refused']);
  expect(await take(host, `${await roster(owner)}x`)).toEqual(['roster-refused']);
  await take(host, await roster(owner));
  const record = JSON.parse(readFileSync(host.path, 'utf8')) as { roster: string };
  record.roster = await roster(next, { serial: 9 });
  writeFileSync(host.path, JSON.stringify(record));
  await host.open();
  expect(host.state()).toBe('no-roster');
});

test('a withheld removal lasts until the old roster expires', async () => {
  const { host, owner } = await makeHost();
  await take(host, await roster(owner));
  host.pass(30 * day - 1);
  expect(host.state()).toBe('serial 1');
  host.pass(1);
  expect(host.state()).toBe('roster-expired');
});

test('a clock ten years behind, or standing still, does not keep a roster alive', async () => {
  const { host, owner } = await makeHost();
  host.wallS = nowS - 10 * year;
  await take(host, await roster(owner));
  expect(host.state()).toBe('serial 1');
  for (let passed = 0; passed < 29 * day; passed += day / 4) {
    host.upS += day / 4;
    host.state();
  }
  await host.reboot();
  expect(host.state(), 'a restart forgets little of it').toBe('serial 1');
  host.upS += 2 * day;
  expect(host.state()).toBe('roster-expired');
});

test('a clock ten years ahead expires every roster, until it is set right', async () => {
  const { host, owner } = await makeHost();
  host.wallS = nowS + 10 * year;
  await take(host, await roster(owner));
  expect(host.state()).toBe('roster-expired');
  expect(host.store.roster()).toMatchObject({
    detail: expect.stringContaining("By the host's clock it is 203") as string,
  });
  host.wallS = nowS;
  expect(host.state()).toBe('serial 1');
});

test('a roster that was issued in the future counts from then on', async () => {
  const { host, owner } = await makeHost();
  const iat = nowS + 10 * year;
  await take(host, await roster(owner, { iat, exp: iat + day }));
  expect(host.state()).toBe('serial 1');
  host.upS += day;
  expect(host.state()).toBe('roster-expired');
  await take(host, await roster(owner, { serial: 2 }));
  expect(host.state(), 'and a newer one with the right time heals it').toBe('serial 2');
});

test('only the recovery key replaces the owner key', async () => {
  const { host, owner, recovery, next } = await makeHost();
  await take(host, await roster(owner, { serial: 50 }));
  expect(await take(host, '', await ownerChange(owner, next, 1)), 'not the owner key itself').toEqual([
    'owner-refused',
  ]);
  expect(await take(host, '', await ownerChange({ ...owner, thumbprint: recovery.thumbprint }, next, 1))).toEqual([
    'owner-refused',
  ]);
  expect(host.state()).toBe('serial 50');
  expect(await take(host, await roster(next), await ownerChange(recovery, next, 1))).toEqual([
    'owner-changed',
    'roster-accepted',
  ]);
  expect(host.state(), 'the new owner counts from the beginning').toBe('serial 1');
  expect(await take(host, await roster(owner, { serial: 99 })), 'the old one is nobody').toEqual(['roster-refused']);
  expect(await take(host, '', await ownerChange(recovery, owner, 1)), 'an older change is not played back').toEqual([]);
  await host.open();
  expect(host.store.summary()).toMatchObject({ owner: next.thumbprint, serial: 1 });
});

test('a roster falls with the owner key that signed it', async () => {
  const { host, owner, recovery, next } = await makeHost();
  await take(host, await roster(owner));
  await take(host, '', await ownerChange(recovery, next, 3));
  expect(host.state()).toBe('no-roster');
});

test('a change that is older than the token is not played back', async () => {
  const { owner, recovery, next } = await makeHost();
  const host = new Host();
  onTestFinished(() => rmSync(host.folder, { recursive: true }));
  await host.open();
  host.store.pin({ owner: next.jwk.x, recovery: recovery.jwk.x, ownerSerial: 2 });
  expect(await take(host, '', await ownerChange(recovery, owner, 2))).toEqual([]);
  await host.open();
  expect(host.store.summary().owner).toBe(next.thumbprint);
});

test('without a recovery key, or with the same for both, the owner stays for good', async () => {
  for (const pick of [() => undefined, (owner: Key) => owner.jwk.x]) {
    const { owner, next, recovery } = await makeHost();
    const host = new Host();
    onTestFinished(() => rmSync(host.folder, { recursive: true }));
    await host.open();
    host.store.pin({ owner: owner.jwk.x, recovery: pick(owner) });
    expect(await take(host, '', await ownerChange(recovery, next, 1), await ownerChange(owner, next, 2))).toEqual([
      'owner-refused',
      'owner-refused',
    ]);
  }
});

test('a token pins once: another one changes nothing', async () => {
  const { host, owner, recovery, next } = await makeHost();
  expect(host.store.pin({ owner: owner.jwk.x, recovery: recovery.jwk.x })).toBeUndefined();
  expect(
    host.store.pin({ owner: next.jwk.x, recovery: recovery.jwk.x }),
    'a rotated owner, the same recovery',
  ).toBeUndefined();
  expect(host.store.pin({ owner: next.jwk.x })?.event).toBe('owner-refused');
  expect(host.store.pin({ owner: next.jwk.x, recovery: next.jwk.x })?.event).toBe('owner-refused');
  expect(host.store.pin({ owner: 'short' })?.event).toBe('owner-refused');
  expect(host.store.pin({})).toBeUndefined();
  expect(await take(host, await roster(owner))).toEqual(['roster-accepted']);
});
