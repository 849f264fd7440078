// The audit log's filter: from the address to the question.
import { expect, it } from 'vitest';
import { auditQuery, isFiltered, parseAuditFilter } from './audit-filter.ts';

const parse = (text: string) => parseAuditFilter(new URLSearchParams(text));
const nowMs = Date.parse('2026-11-20T12:00:00Z');

it('nothing is asked of everything', () => {
  expect(isFiltered(parse(''))).toBe(false);
  expect(auditQuery(parse(''), nowMs)).toEqual({});
});

it('asks for what the address says', () =>
  expect(auditQuery(parse('actor=mira&action=command.terminate&host=3&outcome=refused&q=nginx'), nowMs)).toEqual({
    actor: 'mira',
    action: 'command.terminate',
    host: '3',
    outcome: 'refused',
    q: 'nginx',
  }));

it('a period goes before a span', () => {
  expect(auditQuery(parse('since=24h&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z'), nowMs)).toEqual({
    from: '2026-11-19T12:00:00.000Z',
  });
  expect(auditQuery(parse('from=2026-01-01T00:00:00Z'), nowMs)).toEqual({ from: '2026-01-01T00:00:00Z' });
});

it.each(['outcome=well', 'host=web-07', 'since=9y', 'from=yesterday', 'to='])('%s means nothing', (text) =>
  expect(isFiltered(parse(text))).toBe(false),
);
