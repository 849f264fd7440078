// Processes shorter than a look: against a made-up connector for what goes wrong, and against this kernel for what is right.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBriefProcesses } from './brief-processes.linux.ts';
import { parseProcessEvent, ProcessConnector, type ProcessEvent } from './linux/process-connector.ts';

const details = {
  executable: '/bin/x',
  commandLine: 'x',
  uid: 0,
  user: '',
  cgroup: '',
  unit: '',
  containerRuntime: '',
  containerId: '',
};

let root: string;
let batches: ProcessEvent[][];
let overflows: number;
let broken: boolean;
const connector = {
  async wait() {
    await sleep(1);
    if (broken) throw new Error('made up');
    return batches.length > 0;
  },
  drain(_max: number, visit: (event: ProcessEvent) => void) {
    const events = batches.shift()!;
    for (const event of events) visit(event);
    return { events: events.length, overflows, more: false };
  },
  [Symbol.dispose]() {},
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'foretop-brief-'));
  batches = [];
  overflows = 0;
  broken = false;
});
afterEach(() => rmSync(root, { recursive: true }));

function run(pid: number, startTicks: number): void {
  mkdirSync(join(root, String(pid)), { recursive: true });
  writeFileSync(
    join(root, String(pid), 'stat'),
    `${pid} (p) ${pid}) S 1 0 0 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 ${startTicks} 0 3 0\n`,
  );
}
const exec = (pid: number): ProcessEvent => ({ kind: 'exec', pid, monotonicUs: 5 });
const exit = (pid: number): ProcessEvent => ({ kind: 'exit', pid, monotonicUs: 9 });
async function taken(): Promise<void> {
  while (batches.length > 0) await sleep(2);
}

it('gives those that no table has, and each once', async () => {
  for (const pid of [7, 8, 9]) run(pid, pid * 10);
  using brief = openBriefProcesses({ readDetails: () => details, connector, root });
  batches = [[exec(7), exec(8), exec(9), exit(8), exit(99)]];
  await taken();
  const found = brief.take((pid, startTicks) => pid === 7 && startTicks === 70);
  expect(found).toEqual([
    { pid: 8, startTicks: 80, parentPid: 1, comm: 'p) 8', details, exitedMonotonicUs: 9 },
    { pid: 9, startTicks: 90, parentPid: 1, comm: 'p) 9', details, exitedMonotonicUs: undefined },
  ]);
  expect(brief.take(() => false)).toEqual([]);
});

it('counts what it missed, bounds what it reads, and tells what the kernel dropped', async () => {
  run(7, 70);
  overflows = 2;
  let read = 0;
  const readDetails = () => (read++, details);
  using brief = openBriefProcesses({ readDetails, connector, root });
  batches = [[exec(6), ...Array.from({ length: 600 }, () => exec(7))]];
  await taken();
  expect(read).toBe(500);
  expect(brief.counters()).toEqual({ overflows: 2, missed: 101, failure: '' });
  expect(brief.take(() => false)).toHaveLength(1);
});

it('says why when events come no more', async () => {
  using brief = openBriefProcesses({ readDetails: () => details, connector, root });
  broken = true;
  await sleep(20);
  expect(brief.counters().failure).toBe('made up');
});

it('passes over threads, other events and what is cut short', () => {
  const event = (what: number, thread: number, pid: number) => {
    const bytes = Buffer.alloc(76);
    bytes.writeUInt32LE(1, 16);
    bytes.writeUInt32LE(what, 36);
    bytes.writeBigUInt64LE(7_000_000n, 44);
    bytes.writeUInt32LE(thread, 52);
    bytes.writeUInt32LE(pid, 56);
    return bytes;
  };
  expect(parseProcessEvent(event(2, 5, 5), 76)).toEqual({ kind: 'exec', pid: 5, monotonicUs: 7_000 });
  expect(parseProcessEvent(event(0x80000000, 5, 5), 76)).toEqual({ kind: 'exit', pid: 5, monotonicUs: 7_000 });
  expect(parseProcessEvent(event(0x80000000, 6, 5), 76)).toBeUndefined();
  expect(parseProcessEvent(event(1, 5, 5), 76)).toBeUndefined();
  expect(parseProcessEvent(event(2, 5, 5), 59)).toBeUndefined();
});

function openReal(): ProcessConnector | string {
  try {
    return new ProcessConnector();
  } catch (error) {
    return `no process events here: ${String(error)}`;
  }
}

it('waits no longer once it is disposed of', async ({ skip }) => {
  const real = openReal();
  if (typeof real === 'string') return skip(real);
  // Other processes begin and end meanwhile.
  while (await real.wait(0)) real.drain(10_000, () => {});
  const startedMs = performance.now();
  const waiting = real.wait(10_000);
  real[Symbol.dispose]();
  await waiting;
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

it('hears this kernel tell of a process', async ({ skip }) => {
  const real = openReal();
  if (typeof real === 'string') return skip(real);
  using events = real;
  const child = spawn('sleep', ['0.01']);
  await once(child, 'exit');
  expect(await events.wait(1_000)).toBe(true);
  const seen: ProcessEvent[] = [];
  events.drain(10_000, (event) => seen.push(event));
  expect(seen.filter(({ pid }) => pid === child.pid).map(({ kind }) => kind)).toEqual(['exec', 'exit']);
  const { monotonicUs } = seen.at(-1)!;
  expect(Math.abs(Number(process.hrtime.bigint() / 1000n) - monotonicUs)).toBeLessThan(5_000_000);
});
