// The open connections of all network namespaces together, up to a bound.
import { Generations } from '../inspect/generations.ts';
import type { ConnectionRecord } from './connection.ts';

/** Connections that ended and are remembered, so that late news of them are not taken for new ones. */
const MAX_ENDED = 16_384;

/** What the agent takes without any connection, and what one takes in all its tables, with the garbage that it makes. */
const BASE_BYTES = 96 << 20;
const CONNECTION_BYTES = 5_120;
const LEAST_CONNECTIONS = 4_096;
const MOST_CONNECTIONS = 200_000;
const SQUEEZED = 0.8;

/** How many connections fit into so much memory. */
export function connectionsWithin(memoryBytes = Infinity): number {
  const fitting = Math.floor((memoryBytes - BASE_BYTES) / CONNECTION_BYTES);
  return Math.min(MOST_CONNECTIONS, Math.max(LEAST_CONNECTIONS, fitting));
}

/** What a TIME_WAIT remainder takes over. */
export type Ended = Pick<
  ConnectionRecord,
  'direction' | 'pid' | 'pidStartTicks' | 'comm' | 'uid' | 'ownerRule' | 'hasTimeWait'
>;

export class OpenConnections {
  readonly byHandle = new Map<number, ConnectionRecord>();
  /** Sockets by cookie, which is unique over all namespaces: TCP connections, and every socket that a dump shows. */
  readonly byCookie = new Map<number, ConnectionRecord>();
  /** Connections whose end the kernel engine told, by cookie; the oldest are forgotten. */
  readonly ended = new Generations<Ended, number>(MAX_ENDED);
  /** UDP exchanges with one peer each that the kernel engine told of, by the socket's cookie. */
  readonly #peers = new Map<number, Map<string | number, ConnectionRecord>>();
  readonly #inodes = new Set<number>();
  /** Whether #inodes is of this look: most looks need none. */
  #inodesKnown = false;
  readonly #most: number;
  #maximum: number;
  #lastHandle = 0;

  /** `maximum`: beyond so many no further connection is taken in. */
  constructor(maximum = Infinity) {
    this.#most = maximum;
    this.#maximum = maximum;
  }

  /** Memory is short: from now on fewer than there are. Those that are known stay, the others are told of when they end. */
  squeeze(): void {
    this.#maximum = Math.min(this.#maximum, Math.max(LEAST_CONNECTIONS, Math.floor(this.byHandle.size * SQUEEZED)));
  }

  /** As many as at first again. */
  release(): void {
    this.#maximum = this.#most;
  }

  get isFull(): boolean {
    return this.byHandle.size >= this.#maximum;
  }

  nextHandle(): number {
    return ++this.#lastHandle;
  }

  get lastHandle(): number {
    return this.#lastHandle;
  }

  /** What came after this handle and is open. */
  *since(handle: number): Generator<ConnectionRecord> {
    for (let next = handle + 1; next <= this.#lastHandle; next++) {
      const record = this.byHandle.get(next);
      if (record) yield record;
    }
  }

  /** Before each look. */
  beginLook(): void {
    this.#inodesKnown = false;
  }

  /** Whether a socket that is open now has this inode; they are unique over all namespaces. */
  hasInode(inode: number): boolean {
    if (!this.#inodesKnown) {
      this.#inodesKnown = true;
      this.#inodes.clear();
      for (const record of this.byHandle.values()) if (record.inode > 0) this.#inodes.add(record.inode);
    }
    return this.#inodes.has(inode);
  }

  hasCookie(cookie: number): boolean {
    return this.byCookie.has(cookie) || this.#peers.has(cookie);
  }

  /** The exchange of a UDP socket with this peer, if the kernel engine told of it. */
  peer(cookie: number, address: Uint8Array, port: number): ConnectionRecord | undefined {
    return this.#peers.get(cookie)?.get(peerKey(address, port));
  }

  addPeer(record: ConnectionRecord): void {
    const key = peerKey(record.remoteAddress, record.remotePort);
    const there = this.#peers.get(record.cookie);
    if (there) there.set(key, record);
    else this.#peers.set(record.cookie, new Map([[key, record]]));
  }

  removePeer(record: ConnectionRecord): void {
    const there = this.#peers.get(record.cookie);
    there?.delete(peerKey(record.remoteAddress, record.remotePort));
    if (there?.size === 0) this.#peers.delete(record.cookie);
  }

  remember({ cookie, direction, pid, pidStartTicks, comm, uid, ownerRule }: ConnectionRecord): void {
    this.ended.set(cookie, { direction, pid, pidStartTicks, comm, uid, ownerRule, hasTimeWait: false });
  }

  hasEnded(cookie: number): boolean {
    return this.ended.get(cookie) !== undefined;
  }
}

function peerKey(address: Uint8Array, port: number): string | number {
  if (address.length !== 4) return `${address.join('.')} ${port}`;
  return (((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0) * 65_536 + port;
}
