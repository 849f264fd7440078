// Process minutes and process records.
import { describe, expect, it } from 'vitest';
import { process, secondUs, tick } from '../../test/synthetic-ticks.ts';
import type { TrackedProcess } from '../collect/tick.ts';
import { createProcessMinutes } from './process-minutes.ts';
import { createProcessRecords } from './process-records.ts';

const byPid = (...list: TrackedProcess[]) => new Map(list.map((entry) => [entry.identity.pid, entry]));

describe('process minutes', () => {
  it('hold what each process used in the minute, without what it used before', () => {
    const minutes = createProcessMinutes(() => 0);
    for (let second = 0; second <= 121; second++) {
      const busy = process(7, {
        cpuUs: 9e6 + second * 1_000,
        memoryBytes: second === 30 ? 99 : 10,
        connections: 2,
        rxBytes: second * 5,
      });
      const previousUs = (second === 0 ? 600 : 599 + second) * secondUs;
      minutes.observe(tick((600 + second) * secondUs, { previousUs, processes: byPid(busy, process(8)) }));
    }
    const rows = minutes.take(false);
    expect(rows.map(({ pid }) => pid)).toEqual([7, 7, 7]);
    expect(rows[1]).toMatchObject({
      seconds: 60,
      cpuUs: 60_000,
      memoryBytes: 99,
      rxBytes: 300,
      connections: 2,
      startUs: 600 * secondUs,
    });
    expect(rows[1]!.txBytes).toBeUndefined();
    expect(rows.reduce((sum, { cpuUs }) => sum + cpuUs!, 0)).toBe(120_000);
  });

  it('count all of a process that started and ended within the minute', () => {
    const minutes = createProcessMinutes(() => 0);
    minutes.observe(tick(610 * secondUs, { previousUs: 610 * secondUs }));
    const short = process(9, { cpuUs: 700_000 }, { startedUs: 610.2 * secondUs });
    minutes.observe(tick(611 * secondUs, { started: [short], exited: [short] }));
    expect(minutes.take(true)).toMatchObject([{ pid: 9, cpuUs: 700_000, seconds: 1 }]);
  });
});

describe('process records', () => {
  it('tell of a process when it is first seen, when it executes something else and when it ends', () => {
    const records = createProcessRecords();
    const shell = process(5, {}, { comm: 'sh' });
    records.observe(tick(secondUs, { processes: byPid(shell) }));
    expect(records.take()).toMatchObject([{ pid: 5, comm: 'sh' }]);
    records.observe(tick(2 * secondUs, { processes: byPid(shell) }));
    expect(records.take()).toEqual([]);
    shell.identity.comm = 'nginx';
    records.observe(tick(3 * secondUs, { processes: byPid(shell) }));
    expect(records.take()).toMatchObject([{ pid: 5, comm: 'nginx' }]);
    records.observe(tick(4 * secondUs, { exited: [process(5, {}, { exited: true, exitedUs: 7 })] }));
    expect(records.take()).toMatchObject([{ pid: 5, exited: true, exitedUs: 7 }]);
  });

  it('tell of a process that came and went between two flushes once, as ended', () => {
    const records = createProcessRecords();
    const short = process(6);
    records.observe(tick(secondUs, { started: [short] }));
    records.observe(tick(2 * secondUs, { exited: [process(6, {}, { exited: true })] }));
    expect(records.take()).toMatchObject([{ pid: 6, exited: true }]);
  });

  it('tell of the new process when a pid is used again', () => {
    const records = createProcessRecords();
    records.observe(tick(secondUs, { processes: byPid(process(5)) }));
    records.take();
    const again = process(5, {}, { startTicks: 999 });
    records.observe(
      tick(2 * secondUs, { exited: [process(5, {}, { exited: true })], started: [again], processes: byPid(again) }),
    );
    expect(records.take().map(({ startTicks, exited }) => [startTicks, exited])).toEqual([
      [999, false],
      [50, true],
    ]);
  });
});
