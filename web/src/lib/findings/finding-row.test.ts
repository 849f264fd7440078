// Findings as rows: hosts in words, hostile texts, and an order that a finding which goes on does not upset.
import { expect, it } from 'vitest';
import { sortRows } from '../table/ordered-rows.ts';
import { finding, onHost } from './finding.fixture.ts';
import { findingRow, findingValue } from './finding-row.ts';

it.each([
  [{}, 'web-01'],
  [{ hosts: [onHost(1), onHost(2)], hostCount: 2 }, 'web-01 and 1 more'],
  [{ hosts: [onHost(1), onHost(2)], hostCount: 64 }, 'web-01 and 63 more'],
  [{ hosts: [onHost(1, { hostName: 'a\u202eb' })] }, 'a⟨202E⟩b'],
])('%o is on %s', (more, hosts) => expect(findingRow(finding(more), 1).hosts).toBe(hosts));

it.each([
  ['203.0.113.7', true],
  ['2001:db8::7', true],
  ['updates.example', false],
  ['dead.beef', false],
  [null, false],
])('the far end %s is an address: %s', (peer, is) => expect(findingRow(finding({ peer }), 1).peerIsAddress).toBe(is));

it('the gravest first, and among them the one that began last, however long others go on', () => {
  const rows = [
    findingRow(finding({ severity: 'low', firstSeenAt: '2026-11-21T11:59:00Z' }), 1),
    findingRow(finding({ severity: 'critical', lastSeenAt: '2026-11-21T11:59:59Z' }), 2),
    findingRow(finding({ severity: 'critical', firstSeenAt: '2026-11-21T10:30:00Z' }), 3),
  ];
  const order = sortRows(rows, {
    matches: () => true,
    value: (row) => findingValue(row, 'severity'),
    descending: true,
  });
  expect(order.map(({ key }) => key)).toEqual([3, 2, 1]);
});

it('by state: what is new stands first, the gravest of it on top', () => {
  const rows = [
    findingRow(finding({ state: 'resolved', severity: 'critical' }), 1),
    findingRow(finding({ state: 'new', severity: 'low' }), 2),
    findingRow(finding({ state: 'new', severity: 'high' }), 3),
    findingRow(finding({ state: 'acknowledged' }), 4),
  ];
  const order = sortRows(rows, { matches: () => true, value: (row) => findingValue(row, 'state'), descending: false });
  expect(order.map(({ key }) => key)).toEqual([3, 2, 4, 1]);
});
