// Shares by name of process.
import { expect, it } from 'vitest';
import { createHostTables } from '#lib/live/host-tables.ts';
import { sharesOf, sharesOfSpan } from './applications.ts';

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
    { name: 'nginx', processes: 1, connections: 2, rx: 20, tx: 40, share: 0.6 },
    { name: 'node', processes: 2, connections: 4, rx: 20, tx: 20, share: 0.4 },
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

it('of a span: bytes as the collector has them, connections not known', () => {
  const item = (process: string, rxBytes: number) => ({
    process,
    rxBytes,
    txBytes: 0,
    share: null,
    processes: 1,
    cpuSeconds: 0,
  });
  expect(sharesOfSpan({ items: [item('a', 30), item('b\u202e', 60), item('idle', 0), item('c', 10)] }, 2)).toEqual([
    { name: 'b⟨202E⟩', processes: 1, connections: null, rx: 60, tx: 0, share: 0.6 },
    { name: 'a', processes: 1, connections: null, rx: 30, tx: 0, share: 0.3 },
    { name: '', processes: 1, connections: null, rx: 10, tx: 0, share: 0.1 },
  ]);
});
