// Which process owns a socket: inode → pid through /proc/PID/fd, looking only where something changed and only so far a tick.
//
// Rule for a socket that several processes hold (a descriptor inherited by fork): the process that started first owns it. That is
// the master of a pre-forking server for its listener, and the parent rather than a helper program that inherited by accident.
// A server that accepts, forks and closes its own copy is caught by `holds`, which the caller asks a few seconds later.
import { readdirSync } from 'node:fs';
import { type Libc, openLibc } from './linux/libc.ts';
import type { ProcessRecord } from './processes.linux.ts';

interface Holder {
  record: ProcessRecord;
  /** Descriptor → inode of the socket behind it, 0 for anything else. */
  descriptors: Map<number, number>;
  /** Inode → descriptor. */
  sockets: Map<number, number>;
  /** Number of descriptors when it was last scanned; -2 = never. */
  scannedSize: number;
  dirty: boolean;
  /** Read every descriptor again, also those whose socket lives: another process may hold that one by now. */
  thorough: boolean;
  /** The kernel refused to list it. */
  denied: boolean;
  /** Descriptors still to be read of a scan that ran out of budget. */
  pending: string[];
}

const LINK_BYTES = 64;
const SOCKET_LINK = Buffer.from('socket:[');
/** readlink calls a tick; about 2 µs each. The first tick meets every process at once and may do more. */
const LINKS_A_TICK = 4_000;
const LINKS_FIRST_TICK = 40_000;

export class SocketOwners {
  readonly #libc: Libc = openLibc();
  readonly #holders = new Map<number, Holder>();
  readonly #link = Buffer.allocUnsafeSlow(LINK_BYTES);
  readonly #liveInode: (inode: number) => boolean;
  #budget = LINKS_FIRST_TICK;

  /** `liveInode` tells whether a socket of the last dump has this inode: descriptors of others are read again. */
  constructor(liveInode: (inode: number) => boolean) {
    this.#liveInode = liveInode;
  }

  /** Processes that the kernel did not let us look into. */
  get denied(): number {
    let count = 0;
    for (const holder of this.#holders.values()) if (holder.denied) count++;
    return count;
  }

  started(record: ProcessRecord): void {
    if (record.kernelThread) return;
    this.#holders.set(record.pid, {
      record,
      descriptors: new Map(),
      sockets: new Map(),
      scannedSize: -2,
      dirty: true,
      thorough: false,
      denied: false,
      pending: [],
    });
  }

  exited(record: ProcessRecord): void {
    if (this.#holders.get(record.pid)?.record === record) this.#holders.delete(record.pid);
  }

  /** One of its sockets ended, so that a descriptor may be another's now although their number is the same. */
  touch(pid: number): void {
    const holder = this.#holders.get(pid);
    if (holder) holder.dirty = true;
  }

  /** For sockets whose owner no changed process explains: look at every process again. */
  touchAll(): void {
    for (const holder of this.#holders.values()) {
      holder.dirty = true;
      holder.thorough = true;
      holder.denied = false;
    }
  }

  /** Finds owners of `wanted` inodes; those still absent in the result are not known yet. Call once a tick. */
  find(wanted: ReadonlyMap<number, unknown>): Map<number, ProcessRecord> {
    const found = new Map<number, ProcessRecord>();
    if (wanted.size === 0) return found;
    // Small work first, so that a new process is not kept waiting by one with thousands of descriptors.
    const due = [...this.#holders.values()].filter((holder) => this.#needsScan(holder));
    for (const holder of due.sort((a, b) => workOf(a) - workOf(b))) {
      if (this.#budget <= 0) break;
      this.#scan(holder);
    }
    this.#budget = LINKS_A_TICK;
    for (const holder of this.#holders.values()) collect(holder, wanted, found);
    return found;
  }

  /** Whether the process still has the socket open; reads one link. */
  holds(pid: number, inode: number): boolean {
    const holder = this.#holders.get(pid);
    const descriptor = holder?.sockets.get(inode);
    if (!holder || descriptor === undefined) return false;
    this.#readDescriptor(holder, String(descriptor));
    return holder.sockets.get(inode) !== undefined;
  }

  #needsScan(holder: Holder): boolean {
    if (holder.denied) return false;
    if (holder.pending.length > 0 || holder.dirty) return true;
    const size = holder.record.descriptors;
    // Without the number (Linux < 6.2) every process is looked at while a socket has no owner.
    return size < 0 || size !== holder.scannedSize;
  }

  #scan(holder: Holder): void {
    if (holder.pending.length === 0 && !this.#list(holder)) return;
    while (holder.pending.length > 0 && this.#budget > 0) this.#readDescriptor(holder, holder.pending.pop()!);
  }

  /** Notes which descriptors must be read: the new, those whose socket is gone, and those that were no sockets. */
  #list(holder: Holder): boolean {
    let names: string[];
    this.#budget--;
    try {
      names = readdirSync(holder.record.descriptorPath);
    } catch (error) {
      holder.denied = (error as NodeJS.ErrnoException).code === 'EACCES';
      holder.dirty = false;
      return false;
    }
    if (names.length < holder.descriptors.size) forgetClosed(holder, names);
    holder.scannedSize = holder.record.descriptors;
    holder.dirty = false;
    for (const name of names) {
      const inode = holder.descriptors.get(Number(name));
      if (!inode || holder.thorough || !this.#liveInode(inode)) holder.pending.push(name);
    }
    holder.thorough = false;
    return true;
  }

  #readDescriptor(holder: Holder, name: string): void {
    this.#budget--;
    const descriptor = Number(name);
    const before = holder.descriptors.get(descriptor);
    const length = this.#libc.readlink(`${holder.record.descriptorPath}/${name}`, this.#link, LINK_BYTES);
    if (length < 0 && this.#libc.errnoName() === 'EACCES') {
      // Listed by its owner's right, but looking behind the links needs CAP_SYS_PTRACE.
      holder.denied = true;
      holder.pending = [];
      return;
    }
    const inode = length > 0 ? socketInode(this.#link, length) : 0;
    if (before && before !== inode && holder.sockets.get(before) === descriptor) holder.sockets.delete(before);
    if (length <= 0) {
      holder.descriptors.delete(descriptor);
      return;
    }
    holder.descriptors.set(descriptor, inode);
    if (inode > 0) holder.sockets.set(inode, descriptor);
  }
}

/** The number in `socket:[12345]`; 0 for any other target. */
export function socketInode(link: Buffer, length: number): number {
  if (length < SOCKET_LINK.length + 2 || link.compare(SOCKET_LINK, 0, SOCKET_LINK.length, 0, SOCKET_LINK.length) !== 0)
    return 0;
  let inode = 0;
  for (let at = SOCKET_LINK.length; at < length - 1; at++) inode = inode * 10 + (link[at]! - 0x30);
  return Number.isSafeInteger(inode) && inode >= 0 ? inode : 0;
}

/** About how many links a scan will read; a thorough search waits for all others. */
function workOf(holder: Holder): number {
  const links = holder.pending.length || holder.record.descriptors;
  return holder.thorough ? links + 1e9 : links;
}

function forgetClosed(holder: Holder, names: readonly string[]): void {
  const open = new Set(names.map(Number));
  for (const [descriptor, inode] of holder.descriptors) {
    if (open.has(descriptor)) continue;
    holder.descriptors.delete(descriptor);
    if (holder.sockets.get(inode) === descriptor) holder.sockets.delete(inode);
  }
}

function collect(holder: Holder, wanted: ReadonlyMap<number, unknown>, found: Map<number, ProcessRecord>): void {
  const small = wanted.size < holder.sockets.size;
  for (const inode of small ? wanted.keys() : holder.sockets.keys()) {
    if (small ? !holder.sockets.has(inode) : !wanted.has(inode)) continue;
    const other = found.get(inode);
    if (!other || startedBefore(holder.record, other)) found.set(inode, holder.record);
  }
}

function startedBefore(a: ProcessRecord, b: ProcessRecord): boolean {
  return a.startTicks < b.startTicks || (a.startTicks === b.startTicks && a.pid < b.pid);
}
