// A process of a simulated host: who it is, and what it uses from second to second.
import type { TrackedProcess } from '../../agent/src/collect/tick.ts';
import type { ProcessTemplate } from './profiles/profile.ts';
import type { Random } from './random.ts';

export interface SimulatedProcess {
  tracked: TrackedProcess;
  template: ProcessTemplate;
  /** Payload bytes of its TCP connections. */
  rxBytes: number;
  txBytes: number;
  /** Tick at which it exits. */
  exitTick: number;
}

const clockTickUs = 10_000; // USER_HZ 100

export function startProcess(
  template: ProcessTemplate,
  pid: number,
  startedUs: number,
  exitTick: number,
): SimulatedProcess {
  const { comm, executable, commandLine, uid, user, cgroup, unit, containerRuntime, containerId } = template;
  const identity = {
    pid,
    startTicks: Math.floor(startedUs / clockTickUs),
    startedUs,
    parentPid: pid === 1 ? 0 : 1,
    parentStartTicks: 0,
    ...{ comm, executable, commandLine, uid, user, cgroup, unit, containerRuntime, containerId },
    exited: false,
    exitedUs: 0,
  };
  const tracked: TrackedProcess = {
    identity,
    cpuUs: 0,
    cpuPermille: template.cpuPermille,
    memoryBytes: template.memoryMb * 2 ** 20,
    threads: template.threads,
    descriptors: template.descriptors,
    state: 'S',
    connections: 0,
    rxRate: 0,
    txRate: 0,
    rxBytes: 0,
    txBytes: 0,
  };
  return { tracked, template, rxBytes: 0, txBytes: 0, exitTick };
}

/** One second of work. `load` scales what it uses. */
export function work(process: SimulatedProcess, random: Random, load: number): void {
  const { tracked, template } = process;
  const { cpuPermille } = template;
  tracked.rxRate = process.rxBytes - (tracked.rxBytes ?? 0);
  tracked.txRate = process.txBytes - (tracked.txBytes ?? 0);
  tracked.rxBytes = process.rxBytes;
  tracked.txBytes = process.txBytes;
  if (cpuPermille === 0) return;
  const busy = Math.round(cpuPermille * load * (0.6 + 0.8 * random.unit()));
  tracked.cpuPermille = busy;
  tracked.cpuUs += busy * 1_000;
  tracked.state = busy > 500 ? 'R' : 'S';
  if (busy % 8 === 0) tracked.memoryBytes = Math.round(template.memoryMb * 2 ** 20 * (0.9 + 0.2 * random.unit()));
}
