// Whether a connection that no dump has shown is in the network namespace that the agent runs in: told by its local address, and
// on loopback, which every namespace has, by its process.
import { formatAddress } from '@foretop/proto';
import type { NetworkNamespaces } from '../host/namespaces.linux.ts';
import type { ConnectionRecord } from './connection.ts';
import type { InterfaceReading } from './tick.ts';

export class OwnNamespace {
  readonly #namespaces: NetworkNamespaces | undefined;
  #addresses = new Set<string>();

  /** Without `namespaces` the agent sees no other. */
  constructor(namespaces: NetworkNamespaces | undefined) {
    this.#namespaces = namespaces;
  }

  /** Takes in the addresses of its interfaces. */
  look(interfaces: readonly InterfaceReading[]): void {
    if (!this.#namespaces) return;
    this.#addresses = new Set(interfaces.flatMap(({ addresses }) => addresses.map((text) => text.split('/', 1)[0]!)));
  }

  /** What it finds is kept in `record.foreign` until a dump knows better. */
  has(record: ConnectionRecord): boolean {
    record.foreign ??= this.#namespaces !== undefined && this.#isForeign(record, this.#namespaces);
    return !record.foreign;
  }

  #isForeign({ localAddress, pid }: ConnectionRecord, { others }: NetworkNamespaces): boolean {
    if (others.size === 0) return false;
    if (!isLoopback(localAddress)) return !this.#addresses.has(formatAddress(localAddress));
    for (const { processes } of others.values()) for (const process of processes) if (process.pid === pid) return true;
    return false;
  }
}

function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  return address[15] === 1 && address.subarray(0, 15).every((byte) => byte === 0);
}
