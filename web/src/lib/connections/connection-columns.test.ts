// Columns of the connections table: heads, what F filters by, orders as the collector takes them.
import { expect, it } from 'vitest';
import { conditionOfCell } from './condition-of-cell.ts';
import { columnsFor, endpoint, localEnd, remoteEnd } from './connection-columns.ts';
import { serverSort } from './server-sort.ts';
import { connection, storeOf } from './connections.fixture.ts';

const row = storeOf([connection({ remoteAddress: '10.0.0.9' })]).row(0);

it.each([
  ['process', { field: 'process', value: 'nginx' }],
  ['pid', { field: 'process', value: '1123' }],
  ['remote', { field: 'address', value: '10.0.0.9' }],
  ['state', { field: 'state', value: 'established' }],
  ['rx', { field: 'process', value: 'nginx' }],
])('F on %s', (column, expected) => expect(conditionOfCell(row, column)).toEqual(expected));

it('means are called means, and a fleet has hosts', () => {
  expect(columnsFor(true, true).map((column) => column.label)).toEqual(
    expect.arrayContaining(['Host', 'Receive, mean', 'Age then']),
  );
  expect(columnsFor(false, false).map((column) => column.id)).not.toContain('host');
});

it.each([
  [{ column: 'rx', descending: true }, '-rxRate'],
  [{ column: 'duration', descending: true }, 'startedAt'],
  [{ column: 'duration', descending: false }, '-startedAt'],
  [{ column: 'host', descending: false }, 'hostId'],
])('%j is asked as %s', (sort, expected) => expect(serverSort(sort)).toBe(expected));

it('ports of IPv6 addresses stand apart', () => {
  expect(endpoint('::1', 443)).toBe('[::1]:443');
  expect(endpoint('10.0.0.1', 443)).toBe('10.0.0.1:443');
});

it('a row that folds several connections shows what they share', () => {
  const folded = {
    connectionCount: 52,
    localAddress: '10.0.0.8',
    localPort: 0,
    remoteAddress: '0.0.0.0',
    remotePort: 443,
  };
  expect([localEnd(folded), remoteEnd(folded)]).toEqual(['10.0.0.8', 'many, port 443']);
  expect(remoteEnd({ ...folded, remoteAddress: '::', remotePort: 0 })).toBe('many');
  expect(localEnd({ ...folded, connectionCount: 1, localAddress: '0.0.0.0', localPort: 80 })).toBe('0.0.0.0:80');
});
