// What a watcher has been sent of each connection, so that the next frame holds only what has changed since.
import type { TrackedConnection } from '../collect/tick.ts';

/** A change in these needs the whole row again. */
type Row = Pick<
  TrackedConnection,
  'pid' | 'pidStartTicks' | 'comm' | 'direction' | 'startedUs' | 'ownerRule' | 'nameSource' | 'name' | 'alpn'
>;
/** A change in these is told by itself. */
type Values = Pick<
  TrackedConnection,
  'state' | 'rxBytes' | 'txBytes' | 'rxRate' | 'txRate' | 'rttUs' | 'retransmissions'
>;

export interface ConnectionChanges {
  opened: TrackedConnection[];
  updated: TrackedConnection[];
  /** Handles. */
  closed: number[];
}

export class SentConnections {
  readonly #sent = new Map<number, Row & Values>();

  clear(): void {
    this.#sent.clear();
  }

  /** What must be sent of these, which are all that there are; from now on it counts as sent. */
  take(connections: ReadonlyMap<number, TrackedConnection>): ConnectionChanges {
    const changes: ConnectionChanges = { opened: [], updated: [], closed: [] };
    for (const handle of this.#sent.keys()) {
      if (connections.has(handle)) continue;
      this.#sent.delete(handle);
      changes.closed.push(handle);
    }
    for (const [handle, connection] of connections) {
      const before = this.#sent.get(handle);
      const isNew = before === undefined || !isSameRow(before, connection);
      if (!isNew && hasSameValues(before, connection)) continue;
      this.#sent.set(handle, copy(connection));
      (isNew ? changes.opened : changes.updated).push(connection);
    }
    return changes;
  }
}

/** As it is shown. */
export const wholeRate = (rate: number | undefined) => (rate === undefined ? undefined : Math.round(rate));

function copy(c: TrackedConnection): Row & Values {
  const { pid, pidStartTicks, comm, direction, startedUs, ownerRule, nameSource, name, alpn } = c;
  const { state, rxBytes, txBytes, rttUs, retransmissions } = c;
  const values = { state, rxBytes, txBytes, rttUs, retransmissions };
  const rates = { rxRate: wholeRate(c.rxRate), txRate: wholeRate(c.txRate) };
  return { pid, pidStartTicks, comm, direction, startedUs, ownerRule, nameSource, name, alpn, ...values, ...rates };
}

function isSameRow(a: Row, b: Row): boolean {
  return (
    a.pid === b.pid &&
    a.pidStartTicks === b.pidStartTicks &&
    a.comm === b.comm &&
    a.direction === b.direction &&
    a.startedUs === b.startedUs &&
    a.ownerRule === b.ownerRule &&
    a.nameSource === b.nameSource &&
    a.name === b.name &&
    a.alpn === b.alpn
  );
}

function hasSameValues(sent: Values, now: Values): boolean {
  return (
    sent.state === now.state &&
    sent.rxBytes === now.rxBytes &&
    sent.txBytes === now.txBytes &&
    sent.rxRate === wholeRate(now.rxRate) &&
    sent.txRate === wholeRate(now.txRate) &&
    sent.rttUs === now.rttUs &&
    sent.retransmissions === now.retransmissions
  );
}
