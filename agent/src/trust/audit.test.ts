// The host's audit: what an edit, a cut and a full file leave behind, and that heads kept elsewhere tell.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signStatement } from '@foretop/proto/trust';
import { expect, onTestFinished, test } from 'vitest';
import { type AuditChain, auditFile, auditFiles, openAuditChain } from './audit-chain.ts';
import { entryHash } from './audit-entry.ts';
import { readAudit, verifyAudit } from './audit-verify.ts';
import { openKeptHeads } from './kept-heads.ts';
import { type Key, makeKey } from './test-trust.ts';

const now = () => new Date('2026-11-21T12:00:00Z');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'foretop-audit-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function chainOf(count: number, fileBytes?: number) {
  const key = await makeKey();
  const path = join(folder(), 'audit.log');
  using chain = openAuditChain({ path, now, ...(fileBytes !== undefined && { fileBytes }) });
  for (let i = 1; i <= count; i++) chain.append('offered', { request: String(i) });
  return { path, key, head: await headOf(key, chain) };
}

function headOf(key: Key, chain: AuditChain): Promise<string> {
  const { sequence, hash } = chain.last()!;
  return signStatement('auditHead', { iss: key.thumbprint, sequence, hash, iat: 1 }, key.privateKey, key.thumbprint);
}

const edit = (path: string, change: (lines: string[]) => string[]) =>
  writeFileSync(path, `${change(readFileSync(path, 'utf8').trimEnd().split('\n')).join('\n')}\n`);

test('an untouched chain holds, and goes on after a restart', async () => {
  const { path, key, head } = await chainOf(5);
  using again = openAuditChain({ path, now });
  again.append('started', {});
  const report = await verifyAudit(path, head, key.jwk);
  expect(report).toEqual({ entries: 6, first: 1, last: 6, confirmed: 1, tooOld: 0, others: 0, faults: [] });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.each<[string, (lines: string[]) => string[], RegExp]>([
  ['an edited entry', (lines) => lines.with(2, lines[2]!.replace('"3"', '"0"')), /entry 3 was edited/],
  ['a missing entry', (lines) => lines.toSpliced(2, 1), /entry 4 follows entry 2/],
  ['two entries in another order', (lines) => lines.with(1, lines[2]!).with(2, lines[1]!), /entry 3 follows entry 1/],
  ['a line that is none', (lines) => lines.with(1, '{}'), /line 2: not an entry/],
  ['an entry that was written anew with its hash', reforged, /entry 4 does not continue the one before it/],
])('%s shows', async (_what, change, fault) => {
  const { path, key } = await chainOf(5);
  edit(path, change);
  const { faults } = await verifyAudit(path, '', key.jwk);
  expect(faults.join('\n')).toMatch(fault);
});

function reforged(lines: string[]): string[] {
  const entry = JSON.parse(lines[2]!) as Parameters<typeof entryHash>[0];
  const changed = { ...entry, detail: { request: 'other' } };
  return lines.with(2, JSON.stringify({ ...changed, hash: entryHash(changed) }));
}

test('a cut tail shows only by a head that somebody has kept', async () => {
  const { path, key, head } = await chainOf(5);
  edit(path, (lines) => lines.slice(0, 3));
  expect((await verifyAudit(path, '', key.jwk)).faults).toEqual([]);
  const journal = `Nov 21 12:00:00 host foretop-agent[1]: {"event":"audit-head","head":"${head}"}`;
  expect((await verifyAudit(path, journal, key.jwk)).faults).toEqual([
    'entry 5 was there once, and the chain ends at 3',
  ]);
  using again = openAuditChain({ path, now });
  for (let i = 0; i < 3; i++) again.append('offered', {});
  expect((await verifyAudit(path, head, key.jwk)).faults).toEqual([
    'entry 5 is not the one that was there when its head was signed',
  ]);
});

test('a head that was forged for this host is told, those of others are counted', async () => {
  const { path, key } = await chainOf(2);
  const other = await makeKey();
  const claims = { sequence: 9, hash: '0'.repeat(64), iat: 1 };
  const forged = await signStatement('auditHead', { ...claims, iss: key.thumbprint }, other.privateKey, key.thumbprint);
  const others = await signStatement(
    'auditHead',
    { ...claims, iss: other.thumbprint },
    other.privateKey,
    other.thumbprint,
  );
  const report = await verifyAudit(path, `${forged}\n${others}`, key.jwk);
  expect(report).toMatchObject({ confirmed: 0, others: 1 });
  expect(report.faults).toHaveLength(1);
});

test('full files are put aside, the oldest go, and the chain holds across them', async () => {
  const { path, key, head } = await chainOf(200, 2_000);
  const report = await verifyAudit(path, head, key.jwk);
  expect(report).toMatchObject({ last: 200, confirmed: 1, faults: [] });
  expect(report.first).toBeGreaterThan(1);
  expect(() => statSync(auditFile(path, auditFiles))).toThrow('ENOENT');
  for (let number = 0; number < auditFiles; number++)
    expect(statSync(auditFile(path, number)).size).toBeLessThanOrEqual(2_000);
});

test('an entry that a crash cut short goes, and the next one says so', async () => {
  const { path, key } = await chainOf(3);
  appendFileSync(path, '{"sequence":4,"at":"2026');
  using again = openAuditChain({ path, now });
  expect(again.last()).toMatchObject({ sequence: 4, event: 'chain-damaged' });
  expect((await verifyAudit(path, '', key.jwk)).faults).toEqual([]);
});

test('what others say is bounded', async () => {
  const path = join(folder(), 'audit.log');
  using chain = openAuditChain({ path, now });
  chain.append('offer-refused', { asker: 'x'.repeat(100_000) });
  expect(statSync(path).size).toBeLessThan(2_000);
  expect(readAudit(path, () => undefined)).toHaveLength(1);
});

test('the heads of the collector are kept once each, the newest 500', async () => {
  const path = join(folder(), 'heads.jsonl');
  const key = await makeKey();
  const heads = openKeptHeads(path, now);
  const head = (sequence: number) =>
    signStatement(
      'auditHead',
      { iss: key.thumbprint, sequence, hash: 'a'.repeat(64), iat: 1 },
      key.privateKey,
      key.thumbprint,
    );
  const first = await head(1);
  expect([heads.keep(first), heads.keep(first), heads.keep('nonsense'), heads.keep('')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (let sequence = 2; sequence <= 510; sequence++) heads.keep(await head(sequence));
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(lines).toHaveLength(500);
  expect(openKeptHeads(path, now).keep(await head(600))).toBe(true);
});
