// Joins connections with the processes that own them, and credits each process with what its connections carried.
import { OwnerRule } from '@foretop/proto';
import type { SocketOwners } from '../host/owners.linux.ts';
import type { Claimant, SocketClaims } from '../host/socket-claims.linux.ts';
import type { ProcessRecord } from '../host/processes.linux.ts';
import { TCP_TIME_WAIT } from '../host/tcp-payload.ts';
import { type ConnectionRecord, isOpen } from './connection.ts';
import type { Holder, ProcessTracker } from './process-tracker.ts';

// A server that accepts, forks and closes its own copy of a socket has done so by then.
const CONFIRM_AFTER_US = 2_000_000;
/** One link is read for each. */
const CONFIRMATIONS_A_TICK = 1_000;
// Owners that no changed process explains are sought everywhere: first after so long, then so often, so many times.
const SEARCH_AFTER_US = 3_000_000;
const FULL_SEARCH_EVERY_US = 30_000_000;
const MAX_SEARCHES = 3;
/** It is sought for so long after it was found to lack an owner, and after each search everywhere began. */
const SEEK_US = 5_000_000;

// It hands what it accepts, or the listener itself, to the service (socket activation).
const INIT_PID = 1;

export class Ownership {
  readonly #owners: SocketOwners;
  readonly #processes: ProcessTracker;
  readonly #claims: Pick<SocketClaims, 'ownerOf'> | undefined;
  readonly #wanted = new Map<number, ConnectionRecord>();
  #nextFullSearchUs = 0;
  #confirmations = 0;

  constructor(owners: SocketOwners, processes: ProcessTracker, claims?: Pick<SocketClaims, 'ownerOf'>) {
    this.#claims = claims;
    this.#owners = owners;
    this.#processes = processes;
  }

  /** Whether the last look left sockets whose owner is sought among the processes' descriptors. */
  get isSeeking(): boolean {
    return this.#wanted.size > 0;
  }

  /** Finds owners of the open connections that have none, and of those whose owner is gone or let go. `open` undefined: as before. */
  resolve(
    open: Iterable<ConnectionRecord> | undefined,
    { opened = [], closed }: { opened?: readonly ConnectionRecord[]; closed: readonly ConnectionRecord[] },
    nowUs: number,
  ): void {
    for (const record of closed) {
      // The engine names those that it saw from the start: no descriptor need be sought for what takes this one's number.
      if (record.pid !== 0 && !record.flow) this.#owners.touch(record.pid);
      this.#identify(record);
    }
    if (open) this.#wantOwners(open, nowUs);
    this.#searchEverywhere(nowUs);
    const found = this.#owners.find(this.#wanted);
    for (const [inode, process] of found) this.#assign(this.#wanted.get(inode)!, process, nowUs);
    for (const record of opened)
      if (record.pid === 0 && record.acceptedBy) inheritFromListener(record, record.acceptedBy);
    for (const record of closed) if (record.pid === 0) this.#nameLate(record);
  }

  /** Between two looks: as far as the process table knows them already. */
  identify(records: Iterable<ConnectionRecord>): void {
    for (const record of records) this.#identify(record);
  }

  #wantOwners(open: Iterable<ConnectionRecord>, nowUs: number): void {
    this.#wanted.clear();
    this.#confirmations = CONFIRMATIONS_A_TICK;
    for (const record of open) {
      this.#identify(record);
      if (record.inode > 0 && this.#lacksOwner(record, nowUs) && this.#isSought(record, nowUs))
        this.#wanted.set(record.inode, record);
    }
  }

  /** The kernel tells only the pid of who acted: which process that is, the process table knows. */
  #identify(record: ConnectionRecord): void {
    if (record.pid === 0 || record.pidStartTicks !== 0) return;
    const process = this.#processes.find(record.pid, record.closedUs ?? Infinity);
    if (process) own(record, { ...process, pid: record.pid }, record.ownerRule);
  }

  /** A connection that was over before its owner was looked for. */
  #nameLate(record: ConnectionRecord): void {
    const claimant = this.#claims?.ownerOf(record.cookie);
    if (claimant) own(record, claimant, OwnerRule.OWNER_RULE_HOLDER);
    else if (record.acceptedBy) inheritFromListener(record, record.acceptedBy);
  }

  /** Counts and credits; after `resolve`. */
  credit(open: Iterable<ConnectionRecord>, closed: Iterable<ConnectionRecord>): void {
    for (const record of open) {
      if (record.pid === 0) continue;
      const holder = this.#holderOf(record);
      if (holder) {
        record.comm = holder.shown.identity.comm;
        if (isOpen(record)) holder.shown.connections++;
      }
      this.#creditOne(record);
    }
    for (const record of closed) if (record.pid !== 0) this.#creditOne(record);
  }

  #creditOne(record: ConnectionRecord): void {
    if (record.rxBytes === undefined || record.state === TCP_TIME_WAIT) return;
    if (record.rxUncredited === 0 && record.txUncredited === 0 && record.holder?.hasTraffic) return;
    if (!this.#processes.credit(record.pid, record.pidStartTicks, record.rxUncredited, record.txUncredited)) return;
    record.rxUncredited = 0;
    record.txUncredited = 0;
  }

  #holderOf(record: ConnectionRecord): Holder | undefined {
    return (record.holder = this.#processes.holder(record.pid, record.pidStartTicks, record.holder));
  }

  #lacksOwner(record: ConnectionRecord, nowUs: number): boolean {
    if (record.ownerRule === OwnerRule.OWNER_RULE_KERNEL) return false;
    if (record.pid === 0 || !this.#holderOf(record)) return true;
    // Who holds it tells more than who created or closed it, or who listens.
    if (isWeak(record.ownerRule)) return true;
    if (record.confirmOwnerUs === 0 || nowUs < record.confirmOwnerUs || this.#confirmations === 0) return false;
    this.#confirmations--;
    record.confirmOwnerUs = 0;
    if (this.#owners.holds(record.pid, record.inode)) return false;
    record.pid = 0;
    record.pidStartTicks = 0;
    record.comm = '';
    record.ownerRule = OwnerRule.OWNER_RULE_UNKNOWN;
    return true;
  }

  /** One socket that nobody can be seen to hold must not make every change of any process worth a look. */
  #isSought(record: ConnectionRecord, nowUs: number): boolean {
    if (record.soughtUntilUs === 0) record.soughtUntilUs = nowUs + SEEK_US;
    return nowUs < record.soughtUntilUs || (record.searches < MAX_SEARCHES && nowUs >= this.#nextFullSearchUs);
  }

  #searchEverywhere(nowUs: number): void {
    if (nowUs < this.#nextFullSearchUs) return;
    let due = false;
    for (const record of this.#wanted.values()) {
      if (record.searches >= MAX_SEARCHES || nowUs - record.startedUs < SEARCH_AFTER_US) continue;
      record.searches++;
      record.soughtUntilUs = nowUs + SEEK_US;
      due = true;
    }
    if (!due) return;
    this.#nextFullSearchUs = nowUs + FULL_SEARCH_EVERY_US;
    this.#owners.touchAll();
  }

  #assign(record: ConnectionRecord, process: ProcessRecord, nowUs: number): void {
    own(record, process, OwnerRule.OWNER_RULE_HOLDER);
    record.soughtUntilUs = 0;
    record.confirmOwnerUs = nowUs + CONFIRM_AFTER_US;
  }
}

/** Too short for any dump to show its own socket: the process that listens there took it. */
function inheritFromListener(record: ConnectionRecord, listener: ConnectionRecord): void {
  record.acceptedBy = undefined;
  if (listener.pid === INIT_PID) return;
  const { pid, pidStartTicks: startTicks, comm } = listener;
  own(record, { pid, startTicks, comm }, OwnerRule.OWNER_RULE_LISTENER);
}

function isWeak(rule: OwnerRule | undefined): boolean {
  return rule !== undefined && rule > OwnerRule.OWNER_RULE_HOLDER && rule < OwnerRule.OWNER_RULE_KERNEL;
}

function own(record: ConnectionRecord, { pid, startTicks, comm }: Claimant, rule: OwnerRule | undefined): void {
  record.ownerRule = rule;
  record.pid = pid;
  record.pidStartTicks = startTicks;
  record.comm = comm;
}
