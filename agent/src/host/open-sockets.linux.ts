// Sockets and whose they are, looked up once for a decision: those of some processes, and one by its ends in any network namespace.
import { readdirSync, readlinkSync } from 'node:fs';
import { unmapAddress } from '@foretop/proto';
import { HostError } from './host-error.ts';
import { type NamespaceDoor, readNamespaceInode } from './linux/network-namespace.ts';
import { dumpKinds, IPPROTO_TCP, openSocketDump } from './linux/sock-diag.ts';
import type { SocketMessage } from './linux/sock-message.ts';
import { SocketDestroyer } from './linux/socket-destroy.ts';
import type { ConnectionEnds, HeldConnection, OpenConnection } from './targets.ts';

const AF_INET = 2;
const mostNamespaces = 256;
/** Of one process, that are looked at: each is a link to read. */
const mostDescriptors = 20_000;
const socketLink = /^socket:\[(\d{1,15})\]$/;

/** By network namespace of the process, since each has its own tables. Namespaces that cannot be entered show nothing. */
export function connectionsOf(pids: ReadonlySet<number>, door: NamespaceDoor): OpenConnection[] {
  const found: OpenConnection[] = [];
  for (const { path, inode, members } of namespacesOf(pids, door.own)) {
    const owners = new Map<number, number>();
    for (const pid of members) for (const socket of socketInodes(pid)) if (!owners.has(socket)) owners.set(socket, pid);
    if (owners.size === 0) continue;
    inside(door, path, inode, () => collect(owners, found));
  }
  return found;
}

export interface TcpEnds {
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
}

/** In this network namespace. Processes that this user may not look into show nothing. Throws HostError. */
export function tcpEndsOf(pids: Iterable<number>): TcpEnds[] {
  const inodes = new Set([...pids].flatMap(socketInodes));
  if (inodes.size === 0) return [];
  using dump = openSocketDump();
  const found: TcpEnds[] = [];
  for (const [kind, { protocol }] of dumpKinds.entries()) {
    if (protocol !== IPPROTO_TCP) continue;
    const from = found.length;
    const visit = ({ inode, family, local, localPort, remote, remotePort }: SocketMessage) => {
      if (remotePort === 0 || !inodes.has(inode)) return;
      const [localAddress, remoteAddress] = [addressOf(local, family), addressOf(remote, family)];
      found.push({ localAddress, localPort, remoteAddress, remotePort });
    };
    dump.each(kind, visit, () => void (found.length = from));
  }
  return found;
}

/** The first process that has it open; undefined = none that this user can look into. */
export function ownerOf(inode: number, pids: Iterable<number>): number | undefined {
  for (const pid of pids) if (socketInodes(pid).includes(inode)) return pid;
  return undefined;
}

/** In this namespace first. Throws HostError when not even this one can be asked. */
export function findConnections(ends: ConnectionEnds, pids: Iterable<number>, door: NamespaceDoor): HeldConnection[] {
  const found: HeldConnection[] = [];
  const look = () => {
    const destroyer = new SocketDestroyer();
    const message = destroyer.find(ends, ends.cookie);
    if (message) found.push(new Held(destroyer, ends, message));
    else destroyer[Symbol.dispose]();
  };
  look();
  // A cookie is one socket's alone within a boot.
  if (ends.cookie !== 0 && found.length > 0) return found;
  for (const { path, inode } of namespacesOf(pids, door.own).slice(0, mostNamespaces))
    if (inode !== door.own) inside(door, path, inode, look);
  return found;
}

class Held implements HeldConnection {
  readonly cookie: number;
  readonly inode: number;
  readonly #destroyer: SocketDestroyer;
  readonly #ends: ConnectionEnds;

  constructor(destroyer: SocketDestroyer, ends: ConnectionEnds, { cookie, inode }: SocketMessage) {
    this.#destroyer = destroyer;
    this.#ends = ends;
    this.cookie = cookie;
    this.inode = inode;
  }

  close(): boolean {
    return this.#destroyer.destroy(this.#ends, this.cookie);
  }

  isOpen(): boolean {
    return this.#destroyer.find(this.#ends, this.cookie) !== undefined;
  }

  [Symbol.dispose](): void {
    this.#destroyer[Symbol.dispose]();
  }
}

interface Namespace {
  /** A file that leads into it. */
  path: string;
  inode: number;
  members: number[];
}

function namespacesOf(pids: Iterable<number>, own: number): Namespace[] {
  const found = new Map<number, Namespace>();
  for (const pid of pids) {
    const path = `/proc/${pid}/ns/net`;
    const inode = readNamespaceInode(path) || own;
    const known = found.get(inode);
    if (known) known.members.push(pid);
    else found.set(inode, { path, inode, members: [pid] });
  }
  return [...found.values()];
}

function inside(door: NamespaceDoor, path: string, inode: number, work: () => void): void {
  if (inode === door.own) return work();
  try {
    door.within(path, inode, work);
  } catch (error) {
    if (!(error instanceof HostError)) throw error; // It cannot be entered, or is gone.
  }
}

function collect(owners: ReadonlyMap<number, number>, found: OpenConnection[]): void {
  using dump = openSocketDump();
  for (const [kind, { protocol }] of dumpKinds.entries()) {
    const from = found.length;
    const visit = (message: SocketMessage) => {
      const pid = owners.get(message.inode);
      if (pid === undefined || message.remotePort === 0) return;
      found.push({
        pid,
        protocol: protocol === IPPROTO_TCP ? 'tcp' : 'udp',
        remoteAddress: addressOf(message.remote, message.family),
        remotePort: message.remotePort,
      });
    };
    try {
      dump.each(kind, visit, () => void (found.length = from));
    } catch (error) {
      if (!(error instanceof HostError)) throw error; // The kernel lacks this protocol.
    }
  }
}

function addressOf(words: Uint32Array, family: number): Uint8Array {
  const bytes = new Uint8Array(words.slice().buffer);
  return family === AF_INET ? bytes.subarray(0, 4) : unmapAddress(bytes);
}

/** Empty for a process that this user may not look into, or that is gone. */
function socketInodes(pid: number): number[] {
  try {
    const names = readdirSync(`/proc/${pid}/fd`).slice(0, mostDescriptors);
    return names.flatMap((name) => {
      const inode = socketLink.exec(linkOf(`/proc/${pid}/fd/${name}`))?.[1];
      return inode === undefined ? [] : [Number(inode)];
    });
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
