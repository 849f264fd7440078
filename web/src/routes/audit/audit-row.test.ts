// An entry of the audit log in words: nothing that a host or a person wrote reaches the page as it is.
import type { AuditEntry } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { auditRow, detailText } from './audit-row.ts';

const entry: AuditEntry = {
  id: 9,
  sequence: 7,
  at: '2026-11-20T13:32:08.123456Z',
  actor: 'mi\u202era',
  action: 'command.terminate',
  hostId: 3,
  detail: { process: 'x\u0000y', pid: 4711, tree: false, unit: '', operator: null },
  outcome: 'refused',
  previousHash: 'aa',
  hash: 'bb',
};

it('shows what was done, to whom, by whom', () =>
  expect(auditRow(entry, (id) => `host ${id}`)).toMatchObject({
    key: 7,
    atMs: Date.parse('2026-11-20T13:32:08.123Z'),
    actor: 'mi⟨202E⟩ra',
    host: 'host 3',
    outcome: 'refused',
  }));

it('leaves out what is not known, and keeps what is false', () =>
  expect(detailText(entry.detail)).toBe('process x⟨00⟩y, pid 4711, tree false'));

it('an entry about no host names none', () =>
  expect(auditRow({ ...entry, hostId: null }, () => 'wrong').host).toBe(''));
