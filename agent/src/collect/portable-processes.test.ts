// Polls in a row, into processes that start, work and exit.
import { describe, expect, it } from 'vitest';
import type { ProcessRow } from '../host/portable/readings.ts';
import { PortableProcesses, withoutOwnTools } from './portable-processes.ts';
import { PortableTraffic } from './portable-traffic.ts';

const bootUnixUs = 1e15;
const row = (over: Partial<ProcessRow> = {}): ProcessRow => ({
  ...{ pid: 7, parentPid: 1, comm: 'a', executable: '/a', commandLine: 'a -x', user: 'ada', state: 'S' },
  startedUnixUs: bootUnixUs + 5e6,
  ...over,
});
const poll = (seconds: number) => ({ atUs: seconds * 1e6, previousUs: (seconds - 5) * 1e6, bootUnixUs });

describe('PortableProcesses', () => {
  it('starts, follows and ends', () => {
    const table = new PortableProcesses();
    const { started } = table.look([row({ cpuUs: 1e6, memoryBytes: 10 }), row({ pid: 1, parentPid: 0 })], poll(10));
    expect(started.map(({ identity }) => identity.pid)).toEqual([7, 1]);
    expect(started[0]!.identity).toMatchObject({
      startedUs: 5e6,
      startTicks: (bootUnixUs + 5e6) / 1e4,
      uid: 0xffff_ffff,
    });
    expect(started[0]!.identity.parentStartTicks).toBe(started[1]!.identity.startTicks);
    table.look([row({ cpuUs: 3.5e6, comm: 'b', uid: 0 })], poll(15));
    expect(table.running.get(7)).toMatchObject({ cpuUs: 3.5e6, cpuPermille: 500, identity: { comm: 'b', uid: 0 } });
    const { exited } = table.look([], poll(20));
    expect(exited).toMatchObject([{ identity: { pid: 7, exited: true, exitedUs: 20e6 }, cpuPermille: 0 }]);
    expect(table.running.size).toBe(0);
  });

  it('takes a start that wavers by a second for the same, another for another process', () => {
    const table = new PortableProcesses();
    table.look([row()], poll(10));
    expect(table.look([row({ startedUnixUs: bootUnixUs + 6e6 })], poll(15))).toEqual({ started: [], exited: [] });
    const changes = table.look([row({ startedUnixUs: bootUnixUs + 14e6 })], poll(20));
    expect([changes.started.length, changes.exited.length]).toEqual([1, 1]);
    expect(table.running.get(7)!.identity.startedUs).toBe(14e6);
  });

  it('sums CPU time up from shares where the system gives no time', () => {
    const table = new PortableProcesses();
    table.look([row({ cpuPermille: 100 })], { ...poll(10), previousUs: 10e6 });
    table.look([row({ cpuPermille: 300 })], poll(15));
    table.look([row({ cpuPermille: 200 })], poll(20));
    expect(table.running.get(7)).toMatchObject({ cpuPermille: 200, cpuUs: 2.5e6 });
  });

  it('credits bytes, and leaves them unknown where none were told', () => {
    const table = new PortableProcesses();
    table.look([row(), row({ pid: 8 })], poll(10));
    table.credit({ pid: 7, rxBytes: 1000, txBytes: 50 });
    table.credit({ pid: 99, rxBytes: 1, txBytes: 1 });
    table.settle(5e6);
    expect(table.running.get(7)).toMatchObject({ rxBytes: 1000, txBytes: 50, rxRate: 200, txRate: 10 });
    expect(table.running.get(8)!.rxBytes).toBeUndefined();
    table.settle(5e6);
    expect(table.running.get(7)).toMatchObject({ rxBytes: 1000, rxRate: 0 });
  });
});

it('leaves out the tools that the agent runs, not what else it started or others run', () => {
  const now = bootUnixUs + 100e6;
  const at = (pid: number, parentPid: number, ageS: number) => row({ pid, parentPid, startedUnixUs: now - ageS * 1e6 });
  const rows = [at(50, 1, 90), at(51, 50, 1), at(52, 51, 1), at(53, 50, 60), at(54, 53, 30), at(60, 1, 1)];
  expect(withoutOwnTools(rows, 50, now).map(({ pid }) => pid)).toEqual([50, 53, 54, 60]);
});

it('PortableTraffic gives what was carried between polls', () => {
  const traffic = new PortableTraffic();
  const flow = (name: string, rxBytes: number, txBytes: number) => ({ pid: 7, flow: name, rxBytes, txBytes });
  expect([...traffic.look([flow('a', 1e9, 5)])]).toEqual([]);
  expect([...traffic.look([flow('a', 1e9 + 10, 5), flow('new', 3, 4)])]).toEqual([
    { pid: 7, rxBytes: 10, txBytes: 0 },
    { pid: 7, rxBytes: 3, txBytes: 4 },
  ]);
  expect([...traffic.look([flow('a', 20, 2)])]).toEqual([{ pid: 7, rxBytes: 20, txBytes: 2 }]);
});
