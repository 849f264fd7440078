// The canonical form of an audit entry, and what a check of the chain finds.
import { describe, expect, test } from 'vitest';
import { type AuditDetail, ChainCheck, entryHash, type LinkedEntry } from './audit-chain.ts';

function chain(length: number): LinkedEntry[] {
  const entries: LinkedEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const entry = {
      sequence,
      at: '2026-11-21T12:00:00.000000Z',
      actor: 'alice',
      action: 'host.revoke',
      hostId: sequence,
      detail: { hostId: sequence },
      outcome: 'done' as const,
      previousHash: entries.at(-1)?.hash ?? '',
    };
    entries.push({ ...entry, hash: entryHash(entry) });
  }
  return entries;
}

function check(entries: LinkedEntry[]) {
  const found = new ChainCheck();
  for (const entry of entries) found.next(entry);
  return found;
}

const withDetail = (detail: AuditDetail) => entryHash({ ...chain(1)[0]!, detail });

test('the form stands: this hash was computed once and for all', () => {
  const [first] = chain(1);
  expect(first!.hash).toBe('0dff6ae9631e3022b7c49b581f60fbf275fac56c13fdf8844e30a481a69d03d6');
});

test('the order of names does not matter, what they hold does', () => {
  expect(withDetail({ a: 1, b: 'x' })).toBe(withDetail({ b: 'x', a: 1 }));
  const others: AuditDetail[] = [{ a: 1, b: 'y' }, { a: '1', b: 'x' }, { a: 1 }, { a: 1, b: null }];
  expect(new Set([...others.map(withDetail), withDetail({ a: 1, b: 'x' })]).size).toBe(5);
});

describe('a check finds', () => {
  test('nothing in a chain that is whole', () => {
    const entries = chain(5);
    expect(check(entries)).toMatchObject({ faults: [], sequence: 5, hash: entries[4]!.hash });
  });

  test('an entry that was edited', () => {
    const entries = chain(5);
    entries[2] = { ...entries[2]!, actor: 'mallory' };
    expect(check(entries).faults).toEqual([{ sequence: 3, kind: 'edited' }]);
  });

  test('an entry that was edited and hashed anew, at the one after it', () => {
    const entries = chain(5);
    const edited = { ...entries[2]!, actor: 'mallory' };
    entries[2] = { ...edited, hash: entryHash(edited) };
    expect(check(entries).faults).toEqual([{ sequence: 4, kind: 'unlinked' }]);
  });

  test('an entry that is missing, or there twice', () => {
    const entries = chain(5);
    expect(check(entries.toSpliced(2, 1)).faults).toEqual([{ sequence: 3, kind: 'missing' }]);
    expect(check(entries.toSpliced(2, 0, entries[1]!)).faults).toContainEqual({ sequence: 2, kind: 'unlinked' });
    expect(check(entries.slice(1)).faults).toEqual([{ sequence: 1, kind: 'missing' }]);
  });
});
