// foretop audit: what a person with heads in a drawer finds out about a database that somebody else could write to.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signStatement } from '@foretop/proto/trust';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newCollectorKey, openCollectorKey } from '../audit/key.ts';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import type { ChainReport } from '../audit/verify.ts';
import { entryHash } from '../store/audit-chain.ts';
import type { Store } from '../store/database.ts';
import { insertAudit } from '../store/queries/audit.ts';
import { keepHostHead } from '../store/queries/audit-heads.ts';
import { auditHeads, auditVerify } from './audit.ts';

let store: Store;
let dataDir: string;
let file: string;

beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  await run('truncate audit, audit_head restart identity');
  dataDir = await mkdtemp(join(tmpdir(), 'foretop-audit-'));
  file = join(dataDir, 'heads.jsonl');
  await write(5);
});
afterEach(() => rm(dataDir, { recursive: true }));

async function write(entries: number): Promise<void> {
  for (let index = 0; index < entries; index++) {
    await insertAudit(store.db, { actor: 'account alice', action: 'test', detail: { index }, outcome: 'done' });
  }
}

async function heads(): Promise<string> {
  const lines: string[] = [];
  await auditHeads({ dataDir })(store, { result: (line) => void lines.push(line), note: () => undefined });
  return lines.join('\n');
}

const verify = async (options: { heads?: string[]; json?: boolean } = {}) => {
  const shown: string[] = [];
  const output = { result: (text: string) => void shown.push(text), note: (text: string) => void shown.push(text) };
  const failure = await auditVerify({ heads: [file], json: false, dataDir, ...options })(store, output).then(
    () => undefined,
    (error: Error & { code: string }) => error,
  );
  return { shown: shown.join('\n'), code: failure?.code, message: failure?.message ?? '' };
};

const run = (text: string) => store.pool.query(text);

test('a chain that is whole and its heads fit, also after more was written', async () => {
  await writeFile(file, `${await heads()}\n\n`);
  await write(3);
  await writeFile(`${file}.2`, await heads());
  expect(await verify({ heads: [file, `${file}.2`] })).toEqual({
    shown: 'The audit is whole: 8 entries, 2 heads fit.',
    code: undefined,
    message: '',
  });
  expect((await verify({ heads: [] })).shown).toContain('are not seen: --heads FILE');
});

describe('what a person finds out:', () => {
  test.each<[string, string, RegExp]>([
    ['a row edited', `update audit set actor = 'account bob' where sequence = 3`, /entry 3: its contents do not fit/],
    ['a detail edited', `update audit set detail = '{"index": 9}' where sequence = 3`, /entry 3: its contents/],
    [
      'a time moved by a microsecond',
      `update audit set at = at + interval '1 microsecond' where sequence = 2`,
      /entry 2: its/,
    ],
    ['a row deleted', `delete from audit where sequence = 2`, /entry 2: it is missing/],
    ['the first row deleted', `delete from audit where sequence = 1`, /entry 1: it is missing/],
    [
      'two rows exchanged',
      `update audit set sequence = 12 - sequence where sequence in (5, 7)`,
      /entry 5: it is missing/,
    ],
    [
      'the tail cut',
      `delete from audit where sequence > 2`,
      /line 1\): it is of entry 5, the chain ends at 2: entries were cut off/,
    ],
    ['everything deleted', `delete from audit`, /the chain ends at 0/],
  ])('%s', async (_what, attack, message) => {
    await writeFile(file, await heads());
    await run(attack);
    const { code, message: told } = await verify();
    expect(code).toBe('audit-does-not-fit');
    expect(told).toMatch(message);
  });

  test('a chain written anew from an entry on, which is whole in itself', async () => {
    await writeFile(file, await heads());
    await run('delete from audit where sequence > 2');
    await write(6);
    expect((await verify({ heads: [] })).code).toBeUndefined();
    expect((await verify()).message).toMatch(/entry 5 is another than when the head was signed/);
  });

  test('an entry edited and hashed anew, where it joins the next', async () => {
    const row = await store.db.selectFrom('audit').selectAll().where('sequence', '=', 3).executeTakeFirstOrThrow();
    const at = row.at.toISOString().replace('Z', '000Z');
    const edited = {
      sequence: 3,
      at,
      actor: 'account bob',
      action: row.action,
      hostId: null,
      detail: row.detail,
      outcome: row.outcome,
    };
    const hash = entryHash({ ...edited, previousHash: row.previous_hash });
    await run(`update audit set actor = 'account bob', hash = '${hash}' where sequence = 3`);
    expect((await verify({ heads: [] })).message).toMatch(/entry 4: it does not continue the entry before it/);
  });

  test('heads that are no heads of this collector', async () => {
    const own = JSON.parse(await heads()) as { head: string };
    const other = await newCollectorKey();
    const { hash } = await store.db
      .selectFrom('audit')
      .select('hash')
      .where('sequence', '=', 5)
      .executeTakeFirstOrThrow();
    const claims = { iss: other.thumbprint, sequence: 5, hash, iat: 1_700_000_000 };
    const foreign = await signStatement('auditHead', claims, other.privateKey, other.thumbprint);
    const [header, payload, signature] = own.head.split('.');
    const flipped = `${signature!.startsWith('A') ? 'B' : 'A'}${signature!.slice(1)}`;
    const lines = [
      own.head,
      [header, payload, flipped].join('.'),
      foreign,
      JSON.stringify({ head: foreign, key: other.publicKey }),
      'not a head',
      '{"head": 5}',
      '{',
      JSON.stringify({ keeper: 'host', head: foreign }),
    ];
    await writeFile(file, lines.join('\n'));
    const { shown, message } = await verify({ json: true });
    const report = JSON.parse(shown) as ChainReport;
    expect(report.heads.map(({ line, verdict }) => [line, verdict])).toEqual([
      [1, 'fits'],
      [2, 'forged'],
      [3, 'unknown-key'],
      [4, 'fits'],
      [5, 'unreadable'],
      [6, 'unreadable'],
      [7, 'unreadable'],
    ]);
    expect(message.split('\n')).toHaveLength(6);
  });

  test('a host whose own chain does not continue', async () => {
    const hostId = await insertHost(store);
    const head = { hostId, thumbprint: 't', issuedAt: new Date(), receivedAt: new Date(), statement: 'a.b.c' };
    await keepHostHead(store.db, { ...head, sequence: 7, hash: 'aa' });
    expect((await verify({ heads: [] })).code).toBeUndefined();
    await keepHostHead(store.db, { ...head, sequence: 4, hash: 'bb' });
    expect((await verify({ heads: [] })).message).toMatch(new RegExp(`host ${hostId}: the head of entry 4 `));
    expect((await heads()).split('\n')).toHaveLength(3);
  });

  test('a file that is not there', async () => {
    expect((await verify({ heads: ['/nowhere/heads'] })).message).toMatch(/"\/nowhere\/heads" cannot be read/);
  });
});

test('the newest hundred heads of a host are kept', async () => {
  const hostId = await insertHost(store);
  const head = { hostId, thumbprint: 't', issuedAt: new Date(), receivedAt: new Date(), statement: 'a.b.c' };
  for (let sequence = 1; sequence <= 130; sequence++) await keepHostHead(store.db, { ...head, sequence, hash: 'aa' });
  for (let sequence = 1; sequence <= 120; sequence++) await keepHostHead(store.db, { ...head, sequence, hash: 'bb' });
  const rows = await store.db.selectFrom('audit_head').select(['sequence', 'fits']).orderBy('head_id').execute();
  expect(rows.filter(({ fits }) => fits).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 100 }, (_, index) => index + 31),
  );
  expect(rows.filter(({ fits }) => !fits)).toHaveLength(100);
});

test('the key is made once, by whoever comes first, and is for nobody else to read', async () => {
  const folder = join(dataDir, 'new', 'folder');
  const keys = await Promise.all(Array.from({ length: 8 }, () => openCollectorKey(folder)));
  expect(new Set(keys.map(({ thumbprint }) => thumbprint)).size).toBe(1);
  const path = join(folder, 'collector-key.pem');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeFile(path, 'no key');
  await expect(openCollectorKey(folder)).rejects.toMatchObject({ code: 'collector-key-unusable' });
});
