// The open connections of all network namespaces together.
import type { ConnectionRecord } from './connection.ts';

/** Connections that ended and are remembered, so that late news of them are not taken for new ones. */
const MAX_ENDED = 16_384;

/** What a TIME_WAIT remainder takes over. */
export type Ended = Pick<
  ConnectionRecord,
  'direction' | 'pid' | 'pidStartTicks' | 'comm' | 'uid' | 'ownerRule' | 'hasTimeWait'
>;

export class OpenConnections {
  readonly byHandle = new Map<number, ConnectionRecord>();
  /** Sockets by cookie, which is unique over all namespaces: TCP connections, and every socket that a dump shows. */
  readonly byCookie = new Map<number, ConnectionRecord>();
  /** Connections whose end the kernel engine told, by cookie. */
  readonly ended = new Map<number, Ended>();
  /** UDP exchanges with one peer each that the kernel engine told of, by the socket's cookie. */
  readonly #peers = new Map<number, Map<string | number, ConnectionRecord>>();
  readonly #inodes = new Set<number>();
  /** Whether #inodes is of this look: most looks need none. */
  #inodesKnown = false;
  #lastHandle = 0;

  nextHandle(): number {
    return ++this.#lastHandle;
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

  /** The oldest goes first at the bound. */
  remember({ cookie, direction, pid, pidStartTicks, comm, uid, ownerRule }: ConnectionRecord): void {
    this.ended.set(cookie, { direction, pid, pidStartTicks, comm, uid, ownerRule, hasTimeWait: false });
    if (this.ended.size > MAX_ENDED) this.ended.delete(this.ended.keys().next().value!);
  }
}

function peerKey(address: Uint8Array, port: number): string | number {
  if (address.length !== 4) return `${address.join('.')} ${port}`;
  return (((address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!) >>> 0) * 65_536 + port;
}
