// Which network namespaces there are: those that processes run in, and those that have a name. Looked up only where something changed.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Libc, openLibc } from './linux/libc.ts';
import { namespaceInode } from './linux/network-namespace.ts';
import type { ProcessRecord } from './processes.linux.ts';

export interface NetworkNamespace {
  readonly inode: number;
  /** Processes whose main thread is in it. */
  readonly processes: Set<ProcessRecord>;
  /** Files that keep it (`ip netns add`, Docker, CNI plugins). */
  readonly names: Set<string>;
}

/** A process can move without an exec, and a name can pass on; each is looked at again once in so many looks. */
const ROTATION_LOOKS = 30;
const MAX_NAMES = 4_096;
const LINK_BYTES = 64;

export class NetworkNamespaces {
  /** All but the agent's own, by inode number. */
  readonly others = new Map<number, NetworkNamespace>();
  readonly #libc: Libc = openLibc();
  readonly #own: number;
  readonly #root: string;
  readonly #folders: readonly string[];
  readonly #places = new Map<ProcessRecord, number>();
  readonly #named = new Map<string, number>();
  readonly #link = Buffer.allocUnsafeSlow(LINK_BYTES);
  #rotation: Iterator<ProcessRecord> = [].values();
  #looks = 0;

  constructor(options: { own: number; root?: string; folders?: readonly string[] }) {
    this.#own = options.own;
    this.#root = options.root ?? '/proc';
    this.#folders = options.folders ?? ['/run/netns', '/run/docker/netns'];
  }

  /** Takes in a look at the process table. Kernel threads are all in the initial namespace. */
  look(changes: {
    started: readonly ProcessRecord[];
    exited: readonly ProcessRecord[];
    renamed: readonly ProcessRecord[];
  }): void {
    for (const record of changes.exited) this.#move(record, 0);
    for (const record of [...changes.started, ...changes.renamed]) if (!record.kernelThread) this.#place(record);
    for (let left = Math.ceil(this.#places.size / ROTATION_LOOKS); left > 0; left--) {
      let next = this.#rotation.next();
      if (next.done) {
        this.#rotation = this.#places.keys();
        next = this.#rotation.next();
      }
      if (!next.done) this.#place(next.value);
    }
    this.#readNames();
  }

  /** A file that leads into it; undefined when nobody is there any more. */
  pathOf({ processes, names }: NetworkNamespace): string | undefined {
    for (const record of processes) return `${this.#root}/${record.pid}/ns/net`;
    for (const name of names) return name;
    return undefined;
  }

  #place(record: ProcessRecord): void {
    const length = this.#libc.readlink(`${this.#root}/${record.pid}/ns/net`, this.#link, LINK_BYTES);
    // Unreadable for another user's process, and for one that has exited: then it is left where it was seen last.
    if (length > 0) this.#move(record, namespaceInode(this.#link.toString('latin1', 0, length)));
    else if (!this.#places.has(record)) this.#places.set(record, 0);
  }

  #move(record: ProcessRecord, inode: number): void {
    const before = this.#places.get(record);
    if (before === inode && inode !== 0) return;
    if (before) this.#leave(before, (namespace) => namespace.processes.delete(record));
    if (inode === 0) {
      this.#places.delete(record);
      return;
    }
    this.#places.set(record, inode);
    this.#enter(inode, (namespace) => namespace.processes.add(record));
  }

  #readNames(): void {
    const now = new Set<string>();
    for (const folder of this.#folders) for (const name of listNames(folder)) now.add(join(folder, name));
    const again = ++this.#looks % ROTATION_LOOKS === 0;
    for (const [path, inode] of this.#named) {
      if (now.has(path) && !(again && inodeOf(path) !== inode)) continue;
      this.#named.delete(path);
      this.#leave(inode, (namespace) => namespace.names.delete(path));
    }
    for (const path of now) if (!this.#named.has(path) && this.#named.size < MAX_NAMES) this.#name(path);
  }

  /** A file without a namespace behind it, as `ip netns` leaves at a crash, is looked at again: it may get one. */
  #name(path: string): void {
    try {
      const { ino, dev } = statSync(path);
      if (dev !== statSync(`${this.#root}/self/ns/net`).dev) return;
      this.#named.set(path, ino);
      this.#enter(ino, (namespace) => namespace.names.add(path));
    } catch {
      return; // Gone again.
    }
  }

  #enter(inode: number, add: (namespace: NetworkNamespace) => void): void {
    if (inode === this.#own) return;
    let namespace = this.others.get(inode);
    if (!namespace) this.others.set(inode, (namespace = { inode, processes: new Set(), names: new Set() }));
    add(namespace);
  }

  #leave(inode: number, remove: (namespace: NetworkNamespace) => void): void {
    const namespace = this.others.get(inode);
    if (!namespace) return;
    remove(namespace);
    if (namespace.processes.size === 0 && namespace.names.size === 0) this.others.delete(inode);
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, MAX_NAMES);
  } catch {
    return []; // Made by the first name.
  }
}
