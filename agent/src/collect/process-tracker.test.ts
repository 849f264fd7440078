// Processes over time: identity that settles, CPU share, exits, and a pid that is used again.
import { beforeEach, expect, it } from 'vitest';
import type { Glimpse } from '../host/brief-processes.linux.ts';
import type { ProcessDetails } from '../host/process-identity.linux.ts';
import type { ProcessRecord, ProcessTable } from '../host/processes.linux.ts';
import { ProcessTracker } from './process-tracker.ts';

const SECOND = 1_000_000;

let table: ProcessTable;
let reads: number;
let user: string;
let executable: string;
let glimpse: Glimpse | undefined;
let tracker: ProcessTracker;

beforeEach(() => {
  table = { records: new Map() } as unknown as ProcessTable;
  reads = 0;
  user = 'root';
  executable = '/bin/x';
  glimpse = undefined;
  const readDetails = () => (reads++, details());
  tracker = new ProcessTracker({ clockTicks: 100, pageBytes: 4096 }, readDetails, () => glimpse);
});

function details(): ProcessDetails {
  const place = { cgroup: '/', unit: '', containerRuntime: '', containerId: '' };
  return { executable, commandLine: 'x', uid: 0, user, ...place };
}

/** What it executed since the last look. */
function seenToExecute(comm: string, file: string): Glimpse {
  const seen = { ...details(), executable: file };
  return { pid: 7, startTicks: 250, parentPid: 1, comm, details: seen, exitedMonotonicUs: undefined };
}

function record(pid: number, startTicks: number, more: Partial<ProcessRecord> = {}): ProcessRecord {
  const created: ProcessRecord = {
    pid,
    startTicks,
    parentPid: 1,
    commBytes: Buffer.from('x'),
    comm: 'x',
    renamed: false,
    kernelThread: false,
    state: 'S'.charCodeAt(0),
    cpuTicks: 0,
    threads: 1,
    rssPages: 10,
    descriptors: 4,
    descriptorPath: '',
    fd: -1,
    seen: 0,
    fresh: true,
    unchanged: 0,
    ...more,
  };
  table.records.set(pid, created);
  return created;
}

it('shows a process and its share of a core', () => {
  record(1, 5);
  const one = record(7, 250, { cpuTicks: 30 });
  const { started } = tracker.update(table, { started: [one], exited: [] }, 10 * SECOND);
  expect(started[0]).toMatchObject({ cpuUs: 300_000, cpuPermille: 0, memoryBytes: 40_960, state: 'S', descriptors: 4 });
  expect(started[0]!.identity).toMatchObject({
    pid: 7,
    startedUs: 2_500_000,
    parentPid: 1,
    parentStartTicks: 5,
    user: 'root',
    exited: false,
  });
  one.cpuTicks = 80;
  tracker.update(table, { started: [], exited: [] }, 12 * SECOND);
  expect(tracker.running.get(7)).toMatchObject({ cpuPermille: 250, cpuUs: 800_000 });
});

it('reads the identity again once it has settled, and when the process renames itself', () => {
  const one = record(7, 250);
  tracker.update(table, { started: [one], exited: [] }, 10 * SECOND);
  user = 'www-data';
  for (let second = 11; second < 20; second++) tracker.update(table, { started: [], exited: [] }, second * SECOND);
  expect(reads).toBe(2);
  expect(tracker.running.get(7)!.identity.user).toBe('www-data');
  Object.assign(one, { renamed: true, comm: 'worker' });
  tracker.update(table, { started: [], exited: [] }, 20 * SECOND);
  expect(tracker.running.get(7)!.identity.comm).toBe('worker');
});

it('knows what a process ran that ended and was not waited for, or that is gone', () => {
  executable = ''; // all that /proc tells of a zombie
  glimpse = seenToExecute('brief', '/bin/brief');
  const one = record(7, 250);
  tracker.update(table, { started: [one], exited: [] }, 10 * SECOND);
  glimpse = undefined;
  for (let second = 11; second < 20; second++) tracker.update(table, { started: [], exited: [] }, second * SECOND);
  expect(tracker.running.get(7)!.identity).toMatchObject({ executable: '/bin/brief', comm: 'x' });
  glimpse = seenToExecute('next', '/bin/next');
  const { exited } = tracker.update(table, { started: [], exited: [one] }, 20 * SECOND);
  expect(exited[0]!.identity).toMatchObject({ executable: '/bin/next', comm: 'next', exited: true });
});

it('keeps two processes of one pid apart, and credits the one that has gone in its last second', () => {
  const old = record(7, 250);
  tracker.update(table, { started: [old], exited: [] }, 10 * SECOND);
  const fresh = record(7, 900);
  const { started, exited } = tracker.update(table, { started: [fresh], exited: [old] }, 11 * SECOND);
  expect(exited[0]!.identity).toMatchObject({ startTicks: 250, exited: true, exitedUs: 11 * SECOND });
  expect(tracker.running.get(7)).toBe(started[0]);
  expect(tracker.holder(7, 250, undefined)).toBeUndefined();
  expect(tracker.holder(7, 900, undefined)?.runs).toBe(true);
  expect(tracker.credit(7, 250, 10, 20)).toBe(true);
  expect(tracker.credit(7, 111, 10, 20)).toBe(false);
  tracker.settle(SECOND);
  expect(exited[0]).toMatchObject({ rxBytes: 10, txBytes: 20 });
  expect(started[0]!.rxBytes).toBeUndefined();
});
