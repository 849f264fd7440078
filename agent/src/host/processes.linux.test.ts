// The process table over a made-up /proc: start, exit, exec, and a pid that is used again.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessTable } from './processes.linux.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'foretop-proc-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function run(pid: number, comm: string, startTicks: number, utime = 0): void {
  mkdirSync(join(root, String(pid), 'fd'), { recursive: true });
  const tail = `0 -1 4194560 0 0 0 0 ${utime} 0 0 0 20 0 1 0 ${startTicks} 0 10 0`;
  writeFileSync(join(root, String(pid), 'stat'), `${pid} (${comm}) S 1 1 1 ${tail}\n`);
}

it.each([4096, 0])('follows processes with %i cached descriptors', (maxCachedDescriptors) => {
  run(7, 'one', 100);
  using table = new ProcessTable({ root, maxCachedDescriptors });
  expect(table.look().started.map(({ pid, comm }) => [pid, comm])).toEqual([[7, 'one']]);
  run(7, 'one', 100, 5);
  expect(table.look()).toEqual({ started: [], exited: [], renamed: [] });
  expect(table.records.get(7)).toMatchObject({ cpuTicks: 5, renamed: false });

  run(7, 'two', 100, 6);
  expect(table.look()).toEqual({ started: [], exited: [], renamed: [expect.objectContaining({ pid: 7 })] });
  expect(table.records.get(7)).toMatchObject({ comm: 'two', renamed: true });

  rmSync(join(root, '7'), { recursive: true });
  expect(table.look().exited.map(({ pid }) => pid)).toEqual([7]);
  expect(table.records.size).toBe(0);
});

it('takes a pid that another process has now for an exit and a start', () => {
  run(7, 'same', 100);
  using table = new ProcessTable({ root });
  table.look();
  run(7, 'same', 101);
  const { started, exited } = table.look();
  expect(exited.map(({ pid, startTicks }) => [pid, startTicks])).toEqual([[7, 100]]);
  expect(started.map(({ pid, startTicks }) => [pid, startTicks])).toEqual([[7, 101]]);
});

it('passes over what is no process and what cannot be parsed', () => {
  run(7, 'one', 100);
  mkdirSync(join(root, '8'));
  writeFileSync(join(root, '8', 'stat'), 'garbage');
  mkdirSync(join(root, '9'));
  mkdirSync(join(root, 'sys'));
  using table = new ProcessTable({ root });
  expect(table.look().started.map(({ pid }) => pid)).toEqual([7]);
});

// A file that is open can be read when it is gone, other than that of a process that is.
it('takes the news of what began and ended for a listing', () => {
  for (const pid of [7, 8]) run(pid, 'old', 100);
  using table = new ProcessTable({ root, maxCachedDescriptors: 0 });
  table.look();
  run(9, 'new', 200);
  run(10, 'untold', 200);
  rmSync(join(root, '7'), { recursive: true });
  const { started, exited } = table.look({ news: { executed: [9, 11], ended: [7, 12] } });
  expect(started.map(({ pid }) => pid)).toEqual([9]);
  expect(exited.map(({ pid }) => pid)).toEqual([7]);
  expect([...table.records.keys()]).toEqual([8, 9]);
  expect(table.look().started.map(({ pid }) => pid)).toEqual([10]);
});

it('finds that one at rest is gone, at once when it was told and soon when not', () => {
  const none = { executed: [], ended: [] };
  for (const pid of [7, 8]) run(pid, 'old', 100);
  using table = new ProcessTable({ root, maxCachedDescriptors: 0 });
  for (let look = 0; look < 60; look++) table.look({ news: look === 0 ? undefined : none });
  rmSync(join(root, '7'), { recursive: true });
  rmSync(join(root, '8'), { recursive: true });
  expect(table.look({ news: { executed: [], ended: [7] } }).exited.map(({ pid }) => pid)).toContain(7);
  const later = Array.from({ length: 15 }, () => table.look({ news: none }));
  expect(later.flatMap(({ exited }) => exited.map(({ pid }) => pid)).concat([...table.records.keys()])).toEqual([8]);
});

it('says so when processes cannot be listed', () => {
  using table = new ProcessTable({ root: join(root, 'missing') });
  expect(() => table.look()).toThrow(/Listing .*missing failed/);
});

it.runIf(process.platform === 'linux')('reads this very process', () => {
  using table = new ProcessTable();
  table.look();
  const own = table.records.get(process.pid)!;
  expect(own.rssPages).toBeGreaterThan(1000);
  expect(own.kernelThread).toBe(false);
  expect(own.comm.length).toBeGreaterThan(0);
});
