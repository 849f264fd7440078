// Who waits for peers on which port: what tells an inbound connection from an outbound one when its counters do not.
import { Direction } from '@foretop/proto';
import { TCP_LISTEN } from '../host/tcp-payload.ts';
import { type ConnectionRecord, sameAddress } from './connection.ts';

export class Listeners {
  readonly #byPort = new Map<number, Set<ConnectionRecord>>();

  add(record: ConnectionRecord): void {
    if (!waitsForPeers(record)) return;
    const key = portKey(record);
    const there = this.#byPort.get(key);
    if (there) there.add(record);
    else this.#byPort.set(key, new Set([record]));
  }

  remove(record: ConnectionRecord): void {
    const key = portKey(record);
    const there = this.#byPort.get(key);
    if (there?.delete(record) && there.size === 0) this.#byPort.delete(key);
  }

  /**
   * Inbound when this side answered the SYN, or, where the counters do not tell, when a listener has the local address and
   * port or the port on every address; else outbound.
   */
  directionOf(record: ConnectionRecord): Direction {
    if (record.remotePort === 0) return Direction.DIRECTION_LISTEN;
    if (record.opener === 'active') return Direction.DIRECTION_OUTBOUND;
    if (record.opener === 'passive') return Direction.DIRECTION_INBOUND;
    return this.of(record) ? Direction.DIRECTION_INBOUND : Direction.DIRECTION_OUTBOUND;
  }

  /** The listener at a connection's local address, else one on every address. */
  of(record: ConnectionRecord): ConnectionRecord | undefined {
    let everywhere: ConnectionRecord | undefined;
    for (const listener of this.#byPort.get(portKey(record)) ?? []) {
      if (sameAddress(listener.localAddress, record.localAddress)) return listener;
      if (isWildcard(listener.localAddress)) everywhere = listener;
    }
    return everywhere;
  }
}

/** A listening TCP socket, or a UDP socket without a peer. */
function waitsForPeers(record: ConnectionRecord): boolean {
  return record.remotePort === 0 && (record.protocol === 17 || record.state === TCP_LISTEN);
}

function portKey(record: ConnectionRecord): number {
  return record.protocol * 65_536 + record.localPort;
}

/** `::` takes IPv4 as well unless IPV6_V6ONLY; taking it for both is right in all but that corner. */
function isWildcard(address: Uint8Array): boolean {
  return address.every((byte) => byte === 0);
}
