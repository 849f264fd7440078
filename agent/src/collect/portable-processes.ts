// Processes where polls are all there is.
import { ratePerSecond } from '../host/counter.ts';
import { CLOCK_TICKS } from '../host/portable/facts.ts';
import type { ProcessRow } from '../host/portable/readings.ts';
import { type Counted, UNKNOWN_UID } from './portable-connections.ts';
import type { TrackedProcess } from './tick.ts';

interface Tracked {
  shown: TrackedProcess;
  startedUnixUs: number | undefined;
  cpuUs: number | undefined;
  rxCredit: number;
  txCredit: number;
  hasTraffic: boolean;
}

export interface ProcessPoll {
  atUs: number;
  previousUs: number;
  bootUnixUs: number;
}

// Tools round the start to a second, or reckon it from an age in seconds.
const SAME_START_US = 3_000_000;
// The longest that a tool may run, and a shell or env(1) before it.
const TOOL_AGE_US = 16_000_000;
const TOOL_DEPTH = 3;

export class PortableProcesses {
  /** Running now, by pid. */
  readonly running = new Map<number, TrackedProcess>();
  readonly #tracked = new Map<number, Tracked>();

  look(rows: readonly ProcessRow[], poll: ProcessPoll): { started: TrackedProcess[]; exited: TrackedProcess[] } {
    const started: TrackedProcess[] = [];
    const exited: TrackedProcess[] = [];
    const seen = new Set<number>();
    for (const row of rows) {
      seen.add(row.pid);
      let tracked = this.#tracked.get(row.pid);
      if (tracked && !isSame(tracked, row)) {
        exited.push(this.#exit(row.pid, tracked, poll.atUs));
        tracked = undefined;
      }
      if (!tracked) started.push((tracked = this.#start(row, poll)).shown);
      refresh(tracked, row, poll);
    }
    for (const [pid, tracked] of this.#tracked) if (!seen.has(pid)) exited.push(this.#exit(pid, tracked, poll.atUs));
    for (const { shown } of this.#tracked.values())
      shown.identity.parentStartTicks = this.running.get(shown.identity.parentPid)?.identity.startTicks ?? 0;
    return { started, exited };
  }

  credit({ pid, rxBytes, txBytes }: Counted): void {
    const tracked = this.#tracked.get(pid);
    if (!tracked) return;
    tracked.rxCredit += rxBytes;
    tracked.txCredit += txBytes;
    tracked.hasTraffic = true;
  }

  /** Turns what was credited since the last call into sums and rates. */
  settle(elapsedUs: number): void {
    for (const tracked of this.#tracked.values()) {
      if (!tracked.hasTraffic) continue;
      const { shown, rxCredit, txCredit } = tracked;
      shown.rxBytes = (shown.rxBytes ?? 0) + rxCredit;
      shown.txBytes = (shown.txBytes ?? 0) + txCredit;
      shown.rxRate = ratePerSecond(rxCredit, elapsedUs);
      shown.txRate = ratePerSecond(txCredit, elapsedUs);
      tracked.rxCredit = 0;
      tracked.txCredit = 0;
    }
  }

  #start(row: ProcessRow, poll: ProcessPoll): Tracked {
    const shown: TrackedProcess = {
      identity: {
        pid: row.pid,
        // Counted from the Unix epoch, not from boot: a clock that is set would make every process another one.
        startTicks: Math.round(((row.startedUnixUs ?? 0) * CLOCK_TICKS) / 1e6),
        startedUs: startOf(row, poll),
        ...{ parentPid: row.parentPid, parentStartTicks: 0, comm: row.comm, executable: row.executable },
        ...{ commandLine: row.commandLine, uid: row.uid ?? UNKNOWN_UID, user: row.user, exited: false, exitedUs: 0 },
        ...{ cgroup: '', unit: '', containerRuntime: '', containerId: '' },
      },
      ...{ cpuUs: 0, cpuPermille: 0, memoryBytes: 0, threads: 0, descriptors: 0, state: '', connections: 0 },
    };
    const tracked: Tracked = {
      ...{ shown, startedUnixUs: row.startedUnixUs, cpuUs: undefined },
      ...{ rxCredit: 0, txCredit: 0, hasTraffic: false },
    };
    this.#tracked.set(row.pid, tracked);
    this.running.set(row.pid, shown);
    return tracked;
  }

  #exit(pid: number, { shown }: Tracked, atUs: number): TrackedProcess {
    this.#tracked.delete(pid);
    this.running.delete(pid);
    Object.assign(shown.identity, { exited: true, exitedUs: atUs });
    Object.assign(shown, { connections: 0, cpuPermille: 0 });
    return shown;
  }
}

/** The tools that the readers run are the agent's, young, and gone before anybody looks. */
export function withoutOwnTools(rows: readonly ProcessRow[], agentPid: number, nowUnixUs: number): ProcessRow[] {
  const parents = new Map(rows.map((row) => [row.pid, row.parentPid]));
  const isDescendant = (pid: number): boolean => {
    let at = parents.get(pid);
    for (let depth = 0; at && depth < TOOL_DEPTH; depth++, at = parents.get(at)) if (at === agentPid) return true;
    return false;
  };
  const isYoung = ({ startedUnixUs }: ProcessRow) =>
    startedUnixUs !== undefined && nowUnixUs - startedUnixUs < TOOL_AGE_US;
  return rows.filter((row) => !(isYoung(row) && isDescendant(row.pid)));
}

function isSame(tracked: Tracked, row: ProcessRow): boolean {
  if (tracked.startedUnixUs === undefined || row.startedUnixUs === undefined) return true;
  return Math.abs(tracked.startedUnixUs - row.startedUnixUs) < SAME_START_US;
}

/** Within this boot. */
function startOf(row: ProcessRow, poll: ProcessPoll): number {
  if (row.startedUnixUs === undefined) return poll.atUs;
  return Math.min(poll.atUs, Math.max(0, Math.round(row.startedUnixUs - poll.bootUnixUs)));
}

/** What the wire has no word for "unknown" for is 0; the sources say which. */
function refresh(tracked: Tracked, row: ProcessRow, poll: ProcessPoll): void {
  const { shown } = tracked;
  Object.assign(shown.identity, {
    ...{ comm: row.comm, executable: row.executable, commandLine: row.commandLine, parentPid: row.parentPid },
    ...{ uid: row.uid ?? UNKNOWN_UID, user: row.user },
  });
  const elapsedUs = Math.max(0, poll.atUs - poll.previousUs);
  if (row.cpuPermille !== undefined) {
    shown.cpuPermille = row.cpuPermille;
    // Summed up from the shares: the time before the agent looked is not in it.
    shown.cpuUs = row.cpuUs ?? shown.cpuUs + Math.round((row.cpuPermille * elapsedUs) / 1e3);
  } else if (row.cpuUs !== undefined) {
    const before = tracked.cpuUs ?? row.cpuUs;
    shown.cpuPermille = Math.max(0, ratePerSecond((row.cpuUs - before) / 1e3, elapsedUs));
    shown.cpuUs = row.cpuUs;
  }
  tracked.cpuUs = row.cpuUs;
  shown.memoryBytes = row.memoryBytes ?? 0;
  shown.threads = row.threads ?? 0;
  shown.descriptors = row.descriptors ?? 0;
  shown.state = row.state;
}
