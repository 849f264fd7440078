// The owner key on the command line: taking it away, signing where it went, replacing it after a loss.
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { foretop } from '../../test/foretop.ts';
import type { TestDatabase } from '../../test/databases.ts';
import { testDatabase } from '../../test/postgres.ts';
import { openStore, type Store } from '../store/database.ts';
import { grantSigningKey, insertSigningKey } from '../store/queries/signing-keys.ts';
import { listOwnerChanges } from '../store/queries/trust.ts';
import { newKeyPair } from '../trust/key-file.ts';
import { startTrust, type Trust } from '../trust/trust.ts';

// Each command is a process that starts Node.
vi.setConfig({ testTimeout: 120_000 });

const log = pino({ level: 'silent' });
const phrase = 'a long enough phrase';
let folder: string;
let database: TestDatabase;
let store: Store;
let trust: Trust;
const file = (name: string) => join(folder, name);
const dataDir = () => join(folder, 'data');
const run = (args: string[], input = '') =>
  foretop(
    ['owner', ...args, ...(args[0] === 'sign' ? [] : ['--data', dataDir()])],
    { DATABASE_URL: database.url },
    input,
  );

async function status() {
  const { owner, recovery, roster, unsigned } = await trust.state();
  const changes = (await listOwnerChanges(store.db)).length;
  return { owner, recovery: recovery!, changes, due: unsigned !== null, operators: roster?.operators.length };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-owner-'));
  database = await testDatabase();
  store = await openStore({ dataDir: dataDir(), databaseUrl: database.url, log });
  trust = await startTrust({ store, dataDir: dataDir(), relyingParty: null, log });
  await writeFile(file('phrase'), phrase, { mode: 0o600 });
});
afterEach(async () => {
  await trust[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function grantSomebody(): Promise<void> {
  const { account_id: accountId } = await store.db
    .insertInto('account')
    .values({ name: 'ada', name_key: 'ada', password_hash: '', role: 'operator' })
    .returning('account_id')
    .executeTakeFirstOrThrow();
  const { jwk, thumbprint } = await newKeyPair();
  const keyId = await insertSigningKey(store.db, { accountId, signer: 'approve', name: 'k', thumbprint, cnf: { jwk } });
  const grant = { capabilities: ['terminate' as const], hosts: { ids: [], labels: ['env=prod'], all: false } };
  await trust.change((db) => grantSigningKey(db, keyId!, grant, { name: 'admin', at: new Date() }));
}

test('status says where each key is, and what to do about it', async () => {
  const { code, stdout, stderr } = await run(['status']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^Owner key +[\w-]{43}, in .*owner-key\.json\nRecovery key +[\w-]{43}, still in .*\nRoster +\d+, 0 keys, until /,
  );
  expect(stderr).toContain('foretop owner offline');
  const json = await run(['status', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ owner: { online: true }, roster: { operators: 0 }, due: false });
  expect(stderr).toContain('Move the recovery key away');
});

test('offline: the new key is in a sealed file alone; a roster is signed there and published here', async () => {
  const before = await status();
  await rename(join(dataDir(), 'recovery-key.json'), file('recovery.json'));
  const away = ['offline', '--out', file('owner.json'), '--passphrase-file', file('phrase')];
  expect(await run(away)).toMatchObject({ code: 2, stderr: expect.stringContaining('--recovery-key') });
  const offline = await run([...away, '--recovery-key', file('recovery.json')]);
  expect(offline).toMatchObject({ code: 0, stderr: expect.stringContaining('on paper') });
  expect((await stat(file('owner.json'))).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(file('owner.json'), 'utf8'))).not.toHaveProperty('d');
  expect((await readdir(dataDir())).filter((name) => /owner|recovery/.test(name))).toEqual([]);
  const after = await status();
  expect(after).toMatchObject({
    owner: { online: false, thumbprint: offline.stdout.trim() },
    recovery: { online: false },
    changes: 1,
  });
  expect(after.owner.thumbprint).not.toBe(before.owner.thumbprint);
  expect(after.recovery.thumbprint).toBe(before.recovery.thumbprint);

  await grantSomebody();
  expect(await status()).toMatchObject({ due: true, operators: 0 });
  expect((await run(['roster', '--out', file('roster.json')])).code).toBe(0);
  const sign = [
    'sign',
    '--roster',
    file('roster.json'),
    '--key',
    file('owner.json'),
    '--passphrase-file',
    file('phrase'),
  ];
  const refused = await run(sign, '2\n');
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Nothing was signed') });
  expect(refused.stderr).toMatch(/ada +approve +[\w-]{43} +terminate +0 +env=prod/);
  expect(await run([...sign, '--out', file('roster.jws')], '1\n')).toMatchObject({ code: 0 });
  expect(await run(['publish', file('roster.jws')])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('with 1 keys is in force'),
  });
  expect(await run(['publish', file('roster.jws')])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('its serial is'),
  });
  expect(await status()).toMatchObject({ due: false, operators: 1 });
  await expect.poll(() => trust.current().ownerChanges!.length, { timeout: 15_000 }).toBe(1);

  // Lost: the recovery key makes another, which stays here.
  expect(await run(['rotate', '--recovery-key', file('recovery.json')])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('owner recover'),
  });
  const recovered = await run(['recover', '--recovery-key', file('recovery.json')]);
  expect(recovered).toMatchObject({ code: 0 });
  expect(await status()).toMatchObject({
    owner: { online: true, thumbprint: recovered.stdout.trim() },
    changes: 2,
    operators: 1,
  });
});

test('rotate takes the recovery key alone', async () => {
  const before = await status();
  expect(await run(['rotate', '--recovery-key', join(dataDir(), 'owner-key.json')])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('recovery key'),
  });
  expect(await status()).toEqual(before);
  expect((await run(['rotate'])).code).toBe(0);
  expect(await status()).toMatchObject({ owner: { online: true }, changes: 1 });
  expect((await status()).owner.thumbprint).not.toBe(before.owner.thumbprint);
});

test('begin-anew asks first, and then has other keys', async () => {
  const before = await status();
  expect(await run(['begin-anew'], 'yes\n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Nothing was changed'),
  });
  expect(await status()).toEqual(before);
  expect((await run(['begin-anew'], 'begin anew\n')).code).toBe(0);
  const after = await status();
  expect([after.owner.thumbprint, after.recovery.thumbprint]).not.toContain(before.owner.thumbprint);
  expect(after.recovery.thumbprint).not.toBe(before.recovery.thumbprint);
});

test('a file that is no roster, and a key that is none, are refused in words', async () => {
  await writeFile(file('x.json'), '{"operators": "all"}', { mode: 0o600 });
  const key = ['--key', join(dataDir(), 'owner-key.json')];
  expect(await run(['sign', '--roster', file('x.json'), ...key])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('does not hold a roster'),
  });
  await writeFile(file('y.json'), JSON.stringify({ serial: 1, rp: null, operators: [{ name: 'x' }] }), { mode: 0o600 });
  expect(await run(['sign', '--roster', file('y.json'), ...key])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be signed'),
  });
  expect(await run(['sign', '--roster', file('x.json'), '--key', file('x.json')])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('owner key'),
  });
  expect(await run(['publish', file('x.json')])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The roster is refused'),
  });
});
