// The table of running processes, brought up to date by one positioned read of each /proc/PID/stat through a cached descriptor.
import { closeSync, openSync } from 'node:fs';
import { DirectoryNumbers } from './linux/directory-numbers.ts';
import { type Libc, openLibc } from './linux/libc.ts';
import { createProcessStat, parseProcessStat, type ProcessStat } from './process-stat.linux.ts';

/** One process; the same object from its start to its exit. */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTicks: number;
  parentPid: number;
  /** Bytes of the name, to see an exec without making a string; no Buffer, since a slice of Node's pool keeps 64 kB of it alive. */
  commBytes: Uint8Array;
  comm: string;
  /** The name changed since `look` was called before: exec, or the process renamed itself. */
  renamed: boolean;
  readonly kernelThread: boolean;
  state: number;
  cpuTicks: number;
  threads: number;
  rssPages: number;
  /** Open descriptors; -1 where the kernel does not tell cheaply (Linux < 6.2, kernel threads). */
  descriptors: number;
  readonly descriptorPath: string;
  fd: number;
  seen: number;
  /** Whether the last look read it: one at rest is read every few looks only. */
  fresh: boolean;
  /** Reads in a row that found nothing new. */
  unchanged: number;
}

export interface LookWants {
  /** Read every process, also those at rest. */
  all?: boolean;
  /** Count the descriptors of every process, also of those at rest; false: only of new ones. By default of those that are read. */
  descriptors?: boolean;
  /** All that began and ended since the last look, where that is known: then /proc is not listed. */
  news?: { executed: Iterable<number>; ended: Iterable<number> } | undefined;
}

export interface ProcessChanges {
  started: ProcessRecord[];
  exited: ProcessRecord[];
  /** Those whose name changed, as at an exec. */
  renamed: ProcessRecord[];
}

// include/linux/sched.h
const PF_KTHREAD = 0x00200000;
// fcntl.h, linux/stat.h
const AT_FDCWD = -100;
const STATX_SIZE = 0x200;
const STATX_SIZE_OFFSET = 40;

const STAT_BYTES = 2048;
// A process of which so many reads in a row found nothing new is at rest, and read in one look of so many; after some more of
// those, half a minute later, in one of so many, as most processes of most hosts.
const AT_REST_AFTER = 8;
const AT_REST_EVERY = 5;
const AT_LONG_REST_AFTER = 12;
const AT_LONG_REST_EVERY = 15;
/** Beyond so many cached descriptors a process's file is opened for each read. */
const MAX_CACHED_DESCRIPTORS = 4096;

export class ProcessTable implements Disposable {
  readonly records = new Map<number, ProcessRecord>();
  /** Whether the kernel gives the number of descriptors as the size of /proc/PID/fd (Linux ≥ 6.2). */
  readonly countsDescriptors: boolean;
  readonly #root: string;
  readonly #pids: DirectoryNumbers;
  readonly #libc: Libc = openLibc();
  readonly #buffer = Buffer.allocUnsafeSlow(STAT_BYTES);
  readonly #stat = createProcessStat();
  readonly #statx = new Uint8Array(256);
  readonly #statxWords = new Uint32Array(this.#statx.buffer);
  readonly #maxCached: number;
  /** Whether this look counts descriptors of processes that are known. */
  #counts = true;
  #cached = 0;
  #generation = 0;

  constructor(options: { root?: string; maxCachedDescriptors?: number } = {}) {
    this.#root = options.root ?? '/proc';
    this.#pids = new DirectoryNumbers(this.#root);
    this.#maxCached = options.maxCachedDescriptors ?? MAX_CACHED_DESCRIPTORS;
    this.countsDescriptors = this.#directorySize(`${this.#root}/self/fd`) > 0;
  }

  /**
   * Reads every process that is new or not at rest. Throws HostError when /proc cannot be listed; a single process that cannot
   * be read has exited.
   */
  look(wants: LookWants = {}): ProcessChanges {
    const changes: ProcessChanges = { started: [], exited: [], renamed: [] };
    this.#generation++;
    this.#counts = (wants.all ?? false) || (wants.descriptors ?? true);
    this.#eachPid(wants, (pid) => {
      if (!this.#rests(pid, wants)) this.#visit(pid, changes);
    });
    for (const record of this.records.values()) {
      if (record.seen !== this.#generation) this.#remove(record, changes);
    }
    return changes;
  }

  /** It does something, as an exec: read it at the next look. */
  stir(pid: number): void {
    const record = this.records.get(pid);
    if (record) record.unchanged = 0;
  }

  [Symbol.dispose](): void {
    for (const record of this.records.values()) this.#release(record);
    this.records.clear();
    this.#pids[Symbol.dispose]();
  }

  /** Of those that are known and those that may have begun. */
  #eachPid({ news }: LookWants, visit: (pid: number) => void): void {
    if (!news) return this.#pids.each(visit);
    for (const pid of news.ended) this.stir(pid);
    for (const pid of [...this.records.keys(), ...news.executed]) visit(pid);
  }

  /** Takes it as it was; that it is still listed, or was not told of, is enough. */
  #rests(pid: number, { all, descriptors }: LookWants): boolean {
    const record = this.records.get(pid);
    if (!record || all || record.unchanged < AT_REST_AFTER) return false;
    const every = record.unchanged < AT_LONG_REST_AFTER ? AT_REST_EVERY : AT_LONG_REST_EVERY;
    if ((this.#generation + pid) % every === 0) return false;
    if (descriptors && this.countsDescriptors && !record.kernelThread) {
      const count = this.#directorySize(record.descriptorPath);
      if (count !== record.descriptors) return false;
    }
    record.seen = this.#generation;
    record.fresh = false;
    record.renamed = false;
    return true;
  }

  #visit(pid: number, changes: ProcessChanges): void {
    const known = this.records.get(pid);
    if (known && this.#read(known.fd, pid) && this.#stat.startTicks === known.startTicks) {
      this.#update(known);
      if (known.renamed) changes.renamed.push(known);
      return;
    }
    // The cached descriptor belongs to the process that had this pid before: reading it fails once that is gone.
    if (known) this.#remove(known, changes);
    const fd = this.#open(pid);
    if (!this.#read(fd, pid)) {
      if (fd >= 0) this.#close(fd);
      return;
    }
    const record = this.#create(pid, fd);
    this.records.set(pid, record);
    this.#update(record);
    record.renamed = false;
    changes.started.push(record);
  }

  /** Leaves the line in the shared parser; false when the process is gone. */
  #read(fd: number, pid: number): boolean {
    const open = fd >= 0 ? fd : tryOpen(`${this.#root}/${pid}/stat`);
    if (open < 0) return false;
    const length = this.#libc.pread(open, this.#buffer, STAT_BYTES, 0);
    if (fd < 0) closeSync(open);
    return length > 0 && parseProcessStat(this.#buffer, length, this.#stat);
  }

  #create(pid: number, fd: number): ProcessRecord {
    const stat = this.#stat;
    const commBytes = Uint8Array.from(this.#buffer.subarray(stat.commStart, stat.commEnd));
    return {
      pid,
      startTicks: stat.startTicks,
      parentPid: stat.parentPid,
      commBytes,
      comm: commText(this.#buffer, stat),
      renamed: false,
      kernelThread: (stat.flags & PF_KTHREAD) !== 0,
      state: 0,
      cpuTicks: 0,
      threads: 0,
      rssPages: 0,
      descriptors: -1,
      descriptorPath: `${this.#root}/${pid}/fd`,
      fd,
      seen: 0,
      fresh: true,
      unchanged: 0,
    };
  }

  #update(record: ProcessRecord): void {
    const stat = this.#stat;
    const { cpuTicks, rssPages, descriptors } = record;
    record.seen = this.#generation;
    record.fresh = true;
    record.parentPid = stat.parentPid;
    record.state = stat.state;
    record.cpuTicks = stat.utime + stat.stime;
    record.threads = stat.threads;
    record.rssPages = stat.rssPages;
    if (this.countsDescriptors && !record.kernelThread && (this.#counts || record.descriptors < 0))
      record.descriptors = this.#directorySize(record.descriptorPath);
    record.renamed =
      this.#buffer.compare(record.commBytes, 0, record.commBytes.length, stat.commStart, stat.commEnd) !== 0;
    const isSame =
      cpuTicks === record.cpuTicks &&
      rssPages === record.rssPages &&
      descriptors === record.descriptors &&
      !record.renamed;
    record.unchanged = isSame ? record.unchanged + 1 : 0;
    if (!record.renamed) return;
    record.commBytes = Uint8Array.from(this.#buffer.subarray(stat.commStart, stat.commEnd));
    record.comm = commText(this.#buffer, stat);
  }

  #remove(record: ProcessRecord, changes: ProcessChanges): void {
    this.#release(record);
    this.records.delete(record.pid);
    changes.exited.push(record);
  }

  #open(pid: number): number {
    if (this.#cached >= this.#maxCached) return -1;
    const fd = tryOpen(`${this.#root}/${pid}/stat`);
    if (fd >= 0) this.#cached++;
    return fd;
  }

  #release(record: ProcessRecord): void {
    if (record.fd >= 0) this.#close(record.fd);
    record.fd = -1;
  }

  #close(fd: number): void {
    closeSync(fd);
    this.#cached--;
  }

  #directorySize(path: string): number {
    if (this.#libc.statx(AT_FDCWD, path, 0, STATX_SIZE, this.#statx) !== 0) return -1;
    return this.#statxWords[STATX_SIZE_OFFSET >> 2]!;
  }
}

/** A process may call itself anything. */
function commText(line: Buffer, { commStart, commEnd }: ProcessStat): string {
  return line.toString('utf8', commStart, commEnd).replace(/\p{Cc}/gu, '\ufffd');
}

function tryOpen(path: string): number {
  try {
    return openSync(path, 'r');
  } catch {
    return -1;
  }
}
