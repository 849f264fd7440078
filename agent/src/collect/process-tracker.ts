// Processes as the contract shows them: identity, CPU share, memory, and the traffic of their connections.
import type { Glimpse } from '../host/brief-processes.linux.ts';
import type { ProcessDetails } from '../host/process-identity.linux.ts';
import type { ProcessRecord, ProcessTable } from '../host/processes.linux.ts';
import { ratePerSecond } from '../host/counter.ts';
import type { SystemConstants } from '../host/facts.linux.ts';
import { processName } from './process-name.ts';
import type { ProcessIdentity, TrackedProcess } from './tick.ts';

export type ReadDetails = (record: ProcessRecord) => ProcessDetails;
/** What was seen of it at its exec, since the last look. */
export type FindGlimpse = (record: ProcessRecord) => Glimpse | undefined;

interface Credited {
  record: Pick<ProcessRecord, 'pid' | 'startTicks' | 'comm'>;
  shown: TrackedProcess;
  rxCredit: number;
  txCredit: number;
  hasTraffic: boolean;
}

/** A process as its connections refer to it from look to look. */
export type Holder = Pick<Credited, 'record' | 'shown' | 'hasTraffic'> & { readonly runs: boolean };

interface Tracked extends Credited {
  record: ProcessRecord;
  previousTicks: number;
  /** When its counters were read last. */
  readUs: number;
  /** When to read its details once more: a daemon gives up privileges and names itself just after its start. */
  refreshUs: number;
  runs: boolean;
}

export interface ProcessTrackerChanges {
  started: TrackedProcess[];
  exited: TrackedProcess[];
}

const SETTLED_US = 3_000_000;

export class ProcessTracker {
  /** Running now, by pid. */
  readonly running = new Map<number, TrackedProcess>();
  readonly #tracked = new Map<number, Tracked>();
  /** Of the last look: what their connections did in their last second still counts. */
  readonly #exited = new Map<number, Credited>();
  readonly #constants: SystemConstants;
  /** Of the clock in which start times are told. */
  readonly #tickUs: number;
  readonly #readDetails: ReadDetails;
  readonly #findGlimpse: FindGlimpse;

  constructor(constants: SystemConstants, readDetails: ReadDetails, findGlimpse: FindGlimpse = () => undefined) {
    this.#constants = constants;
    this.#tickUs = 1e6 / constants.clockTicks;
    this.#readDetails = readDetails;
    this.#findGlimpse = findGlimpse;
  }

  /** Takes in a look at the process table. `recounts`: the open connections are about to be counted anew. */
  update(
    table: ProcessTable,
    changes: { started: ProcessRecord[]; exited: ProcessRecord[] },
    nowUs: number,
    recounts = true,
  ): ProcessTrackerChanges {
    this.#exited.clear();
    const exited = changes.exited.flatMap((record) => this.#exit(record, nowUs));
    const started = changes.started.map((record) => this.#start(record, nowUs, table));
    for (const tracked of this.#tracked.values()) this.#refresh(tracked, nowUs, recounts);
    return { started, exited };
  }

  /** Takes in a process that no look has seen. @returns it as started and exited at once. After `update`. */
  passed(glimpse: Glimpse, exitedUs: number, table: ProcessTable): TrackedProcess {
    const { pid, startTicks, parentPid, comm, details } = glimpse;
    const record = { pid, startTicks, comm };
    const identity = {
      ...this.#identity({ ...record, parentPid }, table),
      ...details,
      comm: processName(comm, details),
    };
    const shown = {
      ...emptyProcess(),
      identity: { ...identity, exited: true, exitedUs: Math.max(exitedUs, identity.startedUs) },
    };
    const credits = { rxCredit: 0, txCredit: 0, hasTraffic: false };
    this.#exited.set(pid, { record, shown, ...credits });
    return shown;
  }

  /** When the table could not be read: nothing changes, and traffic starts at zero again. */
  keep(): void {
    this.#exited.clear();
    for (const tracked of this.#tracked.values()) tracked.shown.connections = 0;
  }

  /** That very process, while it runs. `known`: what an earlier call gave; it is not looked up again while it holds. */
  holder(pid: number, startTicks: number, known: Holder | undefined): Holder | undefined {
    if (known?.runs && known.record.pid === pid && known.record.startTicks === startTicks) return known;
    const tracked = this.#tracked.get(pid);
    return tracked?.record.startTicks === startTicks ? tracked : undefined;
  }

  /** Who ran under this pid at that time, if it runs or was seen to end in the last look. */
  find(pid: number, atUs: number): { startTicks: number; comm: string } | undefined {
    const shown = this.#tracked.get(pid)?.shown;
    const wasThere = shown !== undefined && shown.identity.startedUs <= atUs + this.#tickUs;
    const { identity } = (wasThere ? shown : this.#exited.get(pid)?.shown) ?? {};
    return identity && { startTicks: identity.startTicks, comm: identity.comm };
  }

  /** Credits payload to a process that runs or has just exited; false when it is neither. */
  credit(pid: number, startTicks: number, rxBytes: number, txBytes: number): boolean {
    const running = this.#tracked.get(pid);
    const tracked: Credited | undefined = running?.record.startTicks === startTicks ? running : this.#exited.get(pid);
    if (tracked?.record.startTicks !== startTicks) return false;
    tracked.rxCredit += rxBytes;
    tracked.txCredit += txBytes;
    tracked.hasTraffic = true;
    return true;
  }

  /** Turns the credits of this look into sums and rates. */
  settle(elapsedUs: number): void {
    for (const tracked of this.#tracked.values()) settleTraffic(tracked, elapsedUs);
    for (const tracked of this.#exited.values()) settleTraffic(tracked, elapsedUs);
  }

  #start(record: ProcessRecord, nowUs: number, table: ProcessTable): TrackedProcess {
    const tracked: Tracked = {
      record,
      shown: this.#show(record, table),
      previousTicks: record.cpuTicks,
      readUs: nowUs,
      refreshUs: nowUs + SETTLED_US,
      rxCredit: 0,
      txCredit: 0,
      hasTraffic: false,
      runs: true,
    };
    this.#tracked.set(record.pid, tracked);
    this.running.set(record.pid, tracked.shown);
    return tracked.shown;
  }

  #exit(record: ProcessRecord, nowUs: number): TrackedProcess[] {
    const tracked = this.#tracked.get(record.pid);
    if (tracked?.record !== record) return [];
    const last = this.#findGlimpse(record);
    if (last?.details.executable) name(tracked.shown.identity, last.comm, last.details);
    tracked.runs = false;
    this.#tracked.delete(record.pid);
    this.running.delete(record.pid);
    this.#exited.set(record.pid, tracked);
    tracked.shown.identity.exited = true;
    tracked.shown.identity.exitedUs = nowUs;
    tracked.shown.connections = 0;
    tracked.shown.cpuPermille = 0;
    return [tracked.shown];
  }

  #show(record: ProcessRecord, table: ProcessTable): TrackedProcess {
    const details = this.#detailsOf(record);
    const named = { comm: processName(record.comm, details) };
    return { ...emptyProcess(), identity: { ...this.#identity(record, table), ...details, ...named } };
  }

  /** Of one that has ended and was not waited for yet, /proc tells no more than the name. */
  #detailsOf(record: ProcessRecord): ProcessDetails {
    const details = this.#readDetails(record);
    return details.executable === '' ? (this.#findGlimpse(record)?.details ?? details) : details;
  }

  #identity(record: Pick<ProcessRecord, 'pid' | 'startTicks' | 'parentPid' | 'comm'>, table: ProcessTable) {
    const { pid, startTicks, parentPid, comm } = record;
    return {
      ...{ pid, startTicks, parentPid, comm },
      startedUs: Math.round((startTicks * 1e6) / this.#constants.clockTicks),
      parentStartTicks: table.records.get(parentPid)?.startTicks ?? 0,
      exited: false,
      exitedUs: 0,
    };
  }

  #refresh(tracked: Tracked, nowUs: number, recounts: boolean): void {
    const { record, shown } = tracked;
    if (recounts) shown.connections = 0;
    if (!record.fresh) return;
    const ticks = record.cpuTicks - tracked.previousTicks;
    tracked.previousTicks = record.cpuTicks;
    shown.cpuUs = Math.round(record.cpuTicks * this.#tickUs);
    // Parts per thousand of a second.
    shown.cpuPermille = ratePerSecond((ticks * this.#tickUs) / 1e3, nowUs - tracked.readUs);
    tracked.readUs = nowUs;
    shown.memoryBytes = record.rssPages * this.#constants.pageBytes;
    shown.threads = record.threads;
    shown.descriptors = Math.max(0, record.descriptors);
    shown.state = String.fromCharCode(record.state);
    const settled = tracked.refreshUs !== 0 && nowUs >= tracked.refreshUs;
    if (!settled && !record.renamed) return;
    if (settled) tracked.refreshUs = 0;
    const details = this.#detailsOf(record);
    if (details.executable !== '' || shown.identity.executable === '') name(shown.identity, record.comm, details);
  }
}

function name(identity: ProcessIdentity, comm: string, details: ProcessDetails): void {
  Object.assign(identity, details, { comm: processName(comm, details) });
}

function emptyProcess() {
  return {
    ...{ cpuUs: 0, cpuPermille: 0, memoryBytes: 0, threads: 0, descriptors: 0, state: '', connections: 0 },
    ...{ rxRate: undefined, txRate: undefined, rxBytes: undefined, txBytes: undefined },
  };
}

function settleTraffic(tracked: Credited, elapsedUs: number): void {
  if (!tracked.hasTraffic) return;
  const { shown } = tracked;
  shown.rxBytes = (shown.rxBytes ?? 0) + tracked.rxCredit;
  shown.txBytes = (shown.txBytes ?? 0) + tracked.txCredit;
  shown.rxRate = ratePerSecond(tracked.rxCredit, elapsedUs);
  shown.txRate = ratePerSecond(tracked.txCredit, elapsedUs);
  tracked.rxCredit = 0;
  tracked.txCredit = 0;
}
