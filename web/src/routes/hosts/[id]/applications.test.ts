// Shares by name of process.
import { expect, it } from 'vitest';
import { createHostTables } from '#lib/live/host-tables.ts';
import { sharesOf } from './applications.ts';

const rowsOf = (...processes: [string, number, number][]) => {
  const tables = createHostTables();
  tables.apply({
    keyFrame: true,
    hasProcesses: true,
    started: processes.map(([comm, rxRate, txRate], index) => ({
      identity: { pid: index + 1, comm },
      connections: 2,
      rxRate,
      txRate,
    })),
  });
  return tables.processes!.values();
};

it('adds processes of one name, largest first', () => {
  expect(sharesOf(rowsOf(['node', 10, 0], ['nginx', 20, 40], ['node', 10, 20], ['idle', 0, 0]))).toEqual([
    { name: 'nginx', processes: 1, connections: 2, rxRate: 20, txRate: 40, share: 0.6 },
    { name: 'node', processes: 2, connections: 4, rxRate: 20, txRate: 20, share: 0.4 },
  ]);
});

it('joins the small ones', () => {
  const shares = sharesOf(rowsOf(['a', 50, 0], ['b', 25, 0], ['c', 15, 0], ['d', 10, 0]), 2);
  expect(shares.map(({ name, share }) => [name, share])).toEqual([
    ['a', 0.5],
    ['b', 0.25],
    ['', 0.25],
  ]);
});

it('nothing carried is nothing shared', () => expect(sharesOf(rowsOf(['a', 0, 0]))).toEqual([]));
