// Counters and cells of the connections table.
import { expect, it } from 'vitest';
import { createHostTables } from '../live/host-tables.ts';
import { columnsFor, conditionOfCell, connectionValue, countConnections, endpoint } from './connection-columns.ts';

const tables = createHostTables();
const row = (handle: number, comm: string, state: number, more: object = {}) => ({
  handle,
  protocol: 6,
  state,
  comm,
  pid: handle,
  localAddress: Uint8Array.of(10, 0, 0, 1),
  localPort: 22,
  ...more,
});
tables.apply({
  keyFrame: true,
  hasConnections: true,
  opened: [
    row(1, 'nginx', 1, { rxRate: 5, txRate: 6, remoteAddress: Uint8Array.of(10, 0, 0, 9), remotePort: 443 }),
    row(2, 'nginx', 6),
    row(3, 'sshd', 1, { rxRate: 0 }),
    row(4, 'sshd', 2),
  ],
});
const rows = [...tables.connections!.values()];
const only = (field: 'state' | 'process', value: string) => ({ field, value, exclude: false });

it('state counters follow the process, processes follow the state', () => {
  const counts = countConnections(rows, {
    text: '',
    conditions: [only('state', 'established'), only('process', 'nginx')],
  });
  expect(counts.total).toBe(2);
  expect(counts.byShape).toMatchObject({ established: 1, 'time-wait': 1, syn: 0 });
  expect(counts.processes).toEqual([
    { process: 'nginx', connections: 1 },
    { process: 'sshd', connections: 1 },
  ]);
});

it('what is excluded is not counted', () => {
  const counts = countConnections(rows, { text: '', conditions: [{ ...only('state', 'established'), exclude: true }] });
  expect(counts.total).toBe(2);
  expect(counts.byShape.established).toBe(0);
});

it.each([
  ['process', { field: 'process', value: 'nginx' }],
  ['pid', { field: 'process', value: '1' }],
  ['remote', { field: 'address', value: '10.0.0.9' }],
  ['state', { field: 'state', value: 'established' }],
  ['rx', { field: 'process', value: 'nginx' }],
])('F on %s', (column, expected) => expect(conditionOfCell(rows[0]!, column)).toEqual(expected));

it('means are called means, and a fleet has hosts', () => {
  expect(columnsFor(true, true).map((column) => column.label)).toEqual(
    expect.arrayContaining(['Host', 'Receive, mean', 'Age then']),
  );
  expect(columnsFor(false, false).map((column) => column.id)).not.toContain('host');
});

it('fastest counts both directions, and unknown is not 0', () => {
  expect(rows.map((entry) => connectionValue(entry, 'rate'))).toEqual([11, null, 0, null]);
});

it('ports of IPv6 addresses stand apart', () => {
  expect(endpoint('::1', 443)).toBe('[::1]:443');
  expect(endpoint('10.0.0.1', 443)).toBe('10.0.0.1:443');
});
