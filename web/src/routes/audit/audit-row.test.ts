// An entry of the audit log in words: nothing that a host or a person wrote reaches the page as it is.
import type { AuditEntry } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { auditRow, detailText, valueText } from './audit-row.ts';

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

it('an instant among the details stands in the viewer’s zone, and what only looks like one stays as it is', () => {
  const local = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(
    Date.parse('2026-07-01T21:30:00Z'),
  );
  expect(detailText({ expiresAt: '2026-07-01T21:30:00.000Z' })).toMatch(
    new RegExp(`^expiresAt [12] Jul 2026 ${local}:00$`),
  );
  for (const text of ['2026-13-41T21:30:00Z', 'at 2026-07-01T21:30:00Z', '2026-07-01'])
    expect(valueText(text)).toBe(text);
});

it('an entry about no host names none', () =>
  expect(auditRow({ ...entry, hostId: null }, () => 'wrong').host).toBe(''));
