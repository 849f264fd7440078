// Frames become tables: split key frames, deltas, unknown values, wrong values from a host.
import { beforeEach, describe, expect, it } from 'vitest';
import { createHostTables, type HostTables } from './host-tables.ts';

const connection = (handle: number, more: object = {}) => ({
  handle,
  protocol: 6,
  state: 1,
  localAddress: Uint8Array.of(10, 0, 0, 1),
  localPort: 443,
  remoteAddress: Uint8Array.of(10, 0, 0, 2),
  remotePort: 50_000 + handle,
  pid: 7,
  comm: 'nginx',
  ...more,
});

let tables: HostTables;
beforeEach(() => (tables = createHostTables()));

const keys = () => {
  const store = tables.connections;
  return store ? [...store.keys].filter((key, slot) => key !== 0 && store.open[slot] === 1).sort((a, b) => a - b) : [];
};

describe('key frames', () => {
  it('shows nothing before the last part', () => {
    tables.apply({ keyFrame: true, opened: [connection(1)] });
    expect(tables.connections).toBeUndefined();
    expect(tables.apply({ opened: [connection(2)], hasConnections: true }).connections).toBe(true);
    expect(keys()).toEqual([1, 2]);
  });

  it('keeps the old table until the new one is complete, then marks what is gone', () => {
    tables.apply({ keyFrame: true, opened: [connection(1), connection(2)], hasConnections: true });
    const gone = tables.connections!.slotOf(1)!;
    tables.apply({ keyFrame: true, opened: [connection(2)] });
    tables.apply({ bandwidth: { rxRate: 1, txRate: 1 } });
    expect(keys()).toEqual([1, 2]);
    tables.apply({ opened: [connection(3)], hasConnections: true });
    expect(keys()).toEqual([2, 3]);
    expect(tables.connections!.row(gone).closed).toBe(true);
  });
});

describe('deltas', () => {
  beforeEach(() => tables.apply({ keyFrame: true, opened: [connection(1), connection(2)], hasConnections: true }));

  it('opens, updates and closes', () => {
    const updates = {
      handle: [2],
      state: [8],
      rxBytes: [5],
      rxRate: [50],
      txBytes: [0],
      txRate: [0],
      rttUs: [0],
      known: [1],
      pid: [9],
    };
    tables.apply({ opened: [connection(3)], updates, closed: [1], hasConnections: true });
    expect(keys()).toEqual([2, 3]);
    expect(tables.connections!.get(2)).toMatchObject({ state: 'close-wait', rxRate: 50, rxBytes: 5, pid: 9 });
  });

  it('a clear bit means unknown, not 0', () => {
    tables.apply({ updates: { handle: [1], state: [1], rxRate: [0], txRate: [0], known: [0] } });
    expect(tables.connections!.get(1)).toMatchObject({
      rxRate: null,
      txRate: null,
      rttUs: null,
      retransmissions: null,
    });
  });

  it('leaves out updates of rows that it does not have', () => {
    tables.apply({ updates: { handle: [99], state: [1], known: [0] }, closed: [98] });
    expect(keys()).toEqual([1, 2]);
  });
});

it('survives addresses of wrong length, unknown protocols and missing columns', () => {
  const odd = connection(1, { protocol: 99, state: 77, localAddress: Uint8Array.of(1, 2, 3), remoteAddress: null });
  tables.apply({ keyFrame: true, opened: [odd], updates: { handle: [1] }, hasConnections: true });
  expect(tables.connections!.get(1)).toMatchObject({ protocol: '', localAddress: '', remoteAddress: '' });
});

it('shows hidden characters of host text as codes', () => {
  tables.apply({ keyFrame: true, opened: [connection(1, { comm: 'a\u202eb' })], hasConnections: true });
  expect(tables.connections!.get(1)!.process).toBe('a⟨202E⟩b');
});

it('connections take unit and container of their process, whichever comes first', () => {
  const started = { identity: { pid: 7, comm: 'nginx', unit: 'nginx.service' } };
  tables.apply({ keyFrame: true, opened: [connection(1)], hasConnections: true });
  tables.apply({ started: [started], hasProcesses: true });
  tables.apply({ opened: [connection(2)], hasConnections: true });
  expect([1, 2].map((key) => tables.connections!.get(key)!.unit)).toEqual(['nginx.service', 'nginx.service']);
});

it('processes', () => {
  const started = { identity: { pid: 7, comm: 'nginx', startedUs: 5_000_000 }, cpuPermille: 20, threads: 4 };
  tables.apply({ keyFrame: true, started: [started], hasProcesses: true });
  tables.apply({ processUpdates: { pid: [7], cpuPermille: [340], threads: [5] }, hasProcesses: true });
  expect(tables.processes!.get(7)).toMatchObject({ process: 'nginx', startedMs: 5000, cpuPermille: 340, threads: 5 });
  tables.apply({ exited: [7], hasProcesses: true });
  expect(tables.processes!.size).toBe(0);
});
