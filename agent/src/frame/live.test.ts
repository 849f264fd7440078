// A reader that applies the live frames has the agent's tables at every step.
import { AgentFrame, encodeAgentFrame, limits, LiveSection, type LiveFrame } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byHandle, connection, networkInterface, process, secondUs, tick } from '../../test/synthetic-ticks.ts';
import type { TrackedConnection, TrackedProcess } from '../collect/tick.ts';
import { createLiveFramer } from './live.ts';

const tables = new Set([LiveSection.LIVE_SECTION_CONNECTIONS, LiveSection.LIVE_SECTION_PROCESSES]);

/** What a collector holds of a watched host. */
class Reader {
  readonly connections = new Map<number, string>();
  readonly processes = new Map<number, string>();
  #rows = new Map<number, TrackedConnection>();
  #processRows = new Map<number, TrackedProcess>();
  sequence = 0;
  frames = 0;

  apply(sent: LiveFrame): void {
    const bytes = encodeAgentFrame({ live: sent });
    if (bytes.length > limits.frameBytes) throw new Error(`frame of ${bytes.length} bytes`);
    const frame = AgentFrame.decode(bytes).live!;
    this.frames++;
    if (frame.sequence !== this.sequence + 1) throw new Error(`frame ${frame.sequence} after ${this.sequence}`);
    this.sequence = frame.sequence!;
    if (frame.keyFrame) this.clear();
    for (const handle of frame.closed!) this.#drop(handle);
    for (const row of frame.opened!) this.#put(row as unknown as TrackedConnection);
    const { updates } = frame;
    updates?.handle!.forEach((handle, i) => {
      const known = updates.known![i]!;
      const { rxRate: _, txRate: __, rxBytes: ___, txBytes: ____, rttUs: _____, ...row } = this.#rows.get(handle)!;
      this.#put({
        ...row,
        state: updates.state![i]!,
        pid: updates.pid![i]!,
        ...(known & 1 ? { rxBytes: updates.rxBytes![i]!, rxRate: updates.rxRate![i]! } : {}),
        ...(known & 2 ? { txBytes: updates.txBytes![i]!, txRate: updates.txRate![i]! } : {}),
        ...(known & 4 ? { rttUs: updates.rttUs![i]! } : {}),
      });
    });
    for (const pid of frame.exited!) this.#exit(pid);
    for (const row of frame.started!) this.#putProcess(row as unknown as TrackedProcess);
    frame.processUpdates?.pid!.forEach((pid, i) => {
      const columns = frame.processUpdates!;
      const row = this.#processRows.get(pid)!;
      this.#putProcess({ ...row, cpuPermille: columns.cpuPermille![i]!, memoryBytes: columns.memoryBytes![i]! });
    });
  }

  clear(): void {
    for (const handle of [...this.#rows.keys()]) this.#drop(handle);
    for (const pid of [...this.#processRows.keys()]) this.#exit(pid);
  }
  #drop(handle: number): void {
    this.#rows.delete(handle);
    this.connections.delete(handle);
  }
  #put(row: TrackedConnection): void {
    this.#rows.set(row.handle, row);
    this.connections.set(row.handle, show(row));
  }
  #exit(pid: number): void {
    this.#processRows.delete(pid);
    this.processes.delete(pid);
  }
  #putProcess(row: TrackedProcess): void {
    this.#processRows.set(row.identity.pid, row);
    this.processes.set(row.identity.pid, showProcess(row));
  }
}

const show = (c: TrackedConnection) =>
  [
    c.cookie,
    c.state,
    c.pid,
    c.comm,
    c.localPort,
    c.rxBytes ?? '-',
    c.txBytes ?? '-',
    c.rxRate ?? '-',
    c.txRate ?? '-',
    c.rttUs ?? '-',
  ].join();
const showProcess = (p: TrackedProcess) =>
  [p.identity.startTicks, p.identity.comm, p.cpuPermille, p.memoryBytes].join();

const small = fc.option(fc.nat(3), { nil: undefined });
const table = fc.uniqueArray(
  fc.record({
    handle: fc.integer({ min: 1, max: 12 }),
    state: fc.nat(3),
    pid: fc.nat(2),
    rxBytes: small,
    txBytes: small,
    rttUs: small,
  }),
  { selector: ({ handle }) => handle, maxLength: 12 },
);
const processTable = fc.uniqueArray(
  fc.record({
    pid: fc.integer({ min: 1, max: 6 }),
    startTicks: fc.integer({ min: 1, max: 2 }),
    cpuPermille: fc.nat(3),
  }),
  { selector: ({ pid }) => pid, maxLength: 6 },
);

describe('live frames', () => {
  it('rebuild the tables at every step', () => {
    const step = fc.record({ table, processTable, restart: fc.boolean(), bandwidth: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const framer = createLiveFramer();
        const reader = new Reader();
        steps.forEach(({ table, processTable, restart, bandwidth }, second) => {
          const connections = table.map((row) => {
            const rates = {
              ...(row.rxBytes === undefined ? {} : { rxRate: 4 }),
              ...(row.txBytes === undefined ? {} : { txRate: 5 }),
            };
            return connection({ ...(clean(row) as typeof row), ...rates } as Partial<TrackedConnection>);
          });
          const processes = processTable.map(({ pid, startTicks, cpuPermille }) =>
            process(pid, { cpuPermille }, { startTicks }),
          );
          if (restart) framer.restart();
          if (bandwidth) reader.apply(framer.bandwidth({ boottimeUs: 1, rxRate: 1.4, txRate: 2.6, loopbackRate: 0 }));
          const now = tick(second * secondUs, {
            connections: new Map(connections.map((row) => [row.handle, row])),
            processes: new Map(processes.map((row) => [row.identity.pid, row])),
          });
          for (const frame of framer.tables(now, tables)) reader.apply(frame);
          expect(new Map([...reader.connections].sort())).toEqual(
            new Map(connections.map((row) => [row.handle, show(row)] as const).sort()),
          );
          expect(new Map([...reader.processes].sort())).toEqual(
            new Map(processes.map((row) => [row.identity.pid, showProcess(row)] as const).sort()),
          );
        });
      }),
      { numRuns: 200 },
    );
  });

  it('tell between two ticks what opened and closed, and nothing when nothing did or before the first tables', () => {
    const framer = createLiveFramer();
    const reader = new Reader();
    const [first, second] = [connection({ handle: 1 }), connection({ handle: 2 })];
    expect(framer.between(byHandle(first), 0)).toEqual([]);
    for (const frame of framer.tables(tick(0, { connections: byHandle(first) }), tables)) reader.apply(frame);
    expect(framer.between(byHandle(first), 250_000)).toEqual([]);
    const news = framer.between(byHandle(second), 500_000);
    expect(news.map(({ keyFrame, boottimeUs, hasConnections }) => [keyFrame, boottimeUs, hasConnections])).toEqual([
      [false, 500_000, undefined],
      [false, 500_000, true],
    ]);
    for (const frame of news) reader.apply(frame);
    expect([...reader.connections.keys()]).toEqual([2]);
    framer.restart();
    expect(framer.between(byHandle(second), 750_000)).toEqual([]);
  });

  it('cut a large table into parts and call it complete on the last', () => {
    const framer = createLiveFramer();
    const connections = new Map(Array.from({ length: 9_001 }, (_, i) => [i + 1, connection({ handle: i + 1 })]));
    const frames = framer.tables(tick(secondUs, { connections }), new Set([LiveSection.LIVE_SECTION_CONNECTIONS]));
    expect(frames.map(({ opened }) => opened?.length)).toEqual([4_000, 4_000, 1_001]);
    expect(frames.map(({ keyFrame }) => keyFrame)).toEqual([true, false, false]);
    expect(frames.map(({ hasConnections }) => hasConnections ?? false)).toEqual([false, false, true]);
    const quiet = framer.tables(tick(2 * secondUs, { connections }), new Set([LiveSection.LIVE_SECTION_CONNECTIONS]));
    expect(quiet).toMatchObject([{ keyFrame: false, hasConnections: true }]);
    expect(quiet[0]!.updates).toBeUndefined();
  });

  it('keep frames of long command lines within the frame limit', () => {
    const framer = createLiveFramer();
    const long = '€'.repeat(limits.textLength);
    const processes = new Map(
      Array.from({ length: 600 }, (_, i) => [i + 1, process(i + 1, {}, { commandLine: long })]),
    );
    const reader = new Reader();
    for (const frame of framer.tables(tick(secondUs, { processes }), tables)) reader.apply(frame);
    expect(reader.processes.size).toBe(600);
    expect(reader.frames).toBeGreaterThan(5);
  });

  it('send the interfaces with every step', () => {
    const framer = createLiveFramer();
    const only = new Set([LiveSection.LIVE_SECTION_INTERFACES]);
    const [frame] = framer.tables(tick(secondUs, { interfaces: [networkInterface('eth0', { rxRate: 1.5 })] }), only);
    expect(frame).toMatchObject({ keyFrame: true, interfaces: [{ name: 'eth0', rxRate: 2 }] });
    expect(frame?.hasConnections).toBeUndefined();
  });
});

function clean<T extends object>(row: T): Partial<T> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Partial<T>;
}
