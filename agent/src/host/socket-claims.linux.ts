// Whose sockets are whose among processes that have just begun to execute: the connection of one that lives a blink is known to the
// kernel's last word by its cookie alone, and by then neither inode nor process is left to ask.
import { readdirSync } from 'node:fs';
import { type Libc, openLibc } from './linux/libc.ts';
import type { SocketDump } from './linux/sock-diag.ts';
import { socketInode } from './owners.linux.ts';

export interface Claimant {
  readonly pid: number;
  readonly startTicks: number;
  readonly comm: string;
}

/** Processes and descriptors looked at a time. */
const PROCESSES_A_LOOK = 16;
const DESCRIPTORS_A_PROCESS = 64;
/** Standard input, output and error are as a rule no connections, and often sockets. */
const FIRST_DESCRIPTOR = 3;
/** Dumps for claims take at most this share of the time. */
const SHARE = 1 / 50;
/** TCP over IPv4 and IPv6 in dumpKinds: of UDP nobody tells when it ends. */
const KINDS = [0, 1];
const MAX_CLAIMS = 4_096;
const LINK_BYTES = 64;

export class SocketClaims {
  readonly #libc: Libc = openLibc();
  readonly #link = Buffer.allocUnsafeSlow(LINK_BYTES);
  readonly #dump: () => SocketDump | undefined;
  readonly #now: () => number;
  readonly #cpu: () => number;
  readonly #wanted = new Map<number, Claimant>();
  /** Inodes that were dumped for, so that a process is not asked for again. */
  readonly #asked = new Set<number>();
  #claims = new Map<number, Claimant>();
  #older = new Map<number, Claimant>();
  #notBeforeMs = 0;

  /** `now` is a monotonic clock in milliseconds, `cpu` the CPU time of this thread: waiting for a busy machine costs nobody anything. */
  constructor(
    dump: () => SocketDump | undefined,
    now: () => number = () => performance.now(),
    cpu: () => number = threadCpuMs,
  ) {
    this.#dump = dump;
    this.#now = now;
    this.#cpu = cpu;
  }

  /** Notes the connections of these processes. */
  look(processes: Iterable<Claimant>): void {
    let left = PROCESSES_A_LOOK;
    for (const process of processes) if (left-- > 0) this.#readDescriptors(process);
    if (this.#wanted.size === 0 || this.#now() < this.#notBeforeMs) return;
    const startMs = this.#cpu();
    const dump = this.#dump();
    try {
      for (const kind of KINDS) dump?.each(kind, ({ inode, cookie }) => this.#claim(inode, cookie), noRestart);
    } catch {
      return; // The next tick reads the same and says why it cannot.
    } finally {
      this.#notBeforeMs = this.#now() + (this.#cpu() - startMs) / SHARE;
      for (const inode of this.#wanted.keys()) this.#asked.add(inode);
      this.#wanted.clear();
    }
  }

  /** Whose socket has this cookie. */
  ownerOf(cookie: number): Claimant | undefined {
    return this.#claims.get(cookie) ?? this.#older.get(cookie);
  }

  /** After a tick, when all that ended has found its claim: a claim is kept for one more. */
  endTick(): void {
    this.#older = this.#claims;
    this.#claims = new Map();
    this.#asked.clear();
  }

  #claim(inode: number, cookie: number): void {
    const process = this.#wanted.get(inode);
    if (process && this.#claims.size < MAX_CLAIMS) this.#claims.set(cookie, process);
  }

  #readDescriptors(process: Claimant): void {
    const folder = `/proc/${process.pid}/fd`;
    for (const name of listDescriptors(folder)) {
      if (Number(name) < FIRST_DESCRIPTOR) continue;
      const length = this.#libc.readlink(`${folder}/${name}`, this.#link, LINK_BYTES);
      const inode = length > 0 ? socketInode(this.#link, length) : 0;
      if (inode > 0 && !this.#asked.has(inode)) this.#wanted.set(inode, process);
    }
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
}

/** A dump that begins again says the same once more. */
const noRestart = (): void => {};

function listDescriptors(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, DESCRIPTORS_A_PROCESS);
  } catch {
    return []; // It has exited, or may not be looked into.
  }
}
