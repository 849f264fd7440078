// The table of connections where polls are all there is: what a poll no longer lists has closed.
import { createHash } from 'node:crypto';
import { Direction } from '@foretop/proto';
import { ratePerSecond } from '../host/counter.ts';
import type { FlowRow, SocketRow } from '../host/portable/readings.ts';
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN, TCP_TIME_WAIT } from '../host/portable/socket-state.ts';
import type { TrackedConnection } from './tick.ts';

export interface PortableConnection extends TrackedConnection {
  /** What the poll says; `pid` follows once the process itself was seen. */
  ownerPid: number;
}

export interface Counted {
  pid: number;
  rxBytes: number;
  txBytes: number;
}

export interface ConnectionPoll {
  atUs: number;
  /** Of the poll before; equal on the first. */
  previousUs: number;
  /** Unix time of boottime 0. */
  bootUnixUs: number;
}

export interface PortableChanges {
  opened: PortableConnection[];
  closed: PortableConnection[];
}

export const UNKNOWN_UID = 0xffff_ffff;

export class PortableConnections {
  /** Open now, by handle. */
  readonly open = new Map<number, PortableConnection>();
  readonly #byKey = new Map<string, PortableConnection>();
  #nextHandle = 1;
  #first = true;

  /** Takes in a poll. `countBytes`: the rows' own byte counts are the ones to use. */
  look(rows: readonly SocketRow[], poll: ConnectionPoll, countBytes: boolean): PortableChanges {
    const changes: PortableChanges = { opened: [], closed: [] };
    const listening = new Set(rows.filter(waitsForPeers).flatMap(listenerKeys));
    const seen = new Set<string>();
    for (const row of rows) {
      const key = this.#keyOf(row);
      // The same ends twice in one poll: a socket shared by processes.
      if (seen.has(key)) continue;
      seen.add(key);
      const known = this.#byKey.get(key);
      const connection = known ?? this.#create(row, key, poll, listening, changes);
      this.#update(connection, row, poll, countBytes);
    }
    for (const [key, connection] of this.#byKey) if (!seen.has(key)) this.#close(key, connection, poll, changes);
    this.#first = false;
    return changes;
  }

  /** Bytes since the poll before by process, out of what `look` counted. */
  *counted(before: ReadonlyMap<number, { rxBytes: number; txBytes: number }>): Iterable<Counted> {
    for (const connection of this.open.values()) {
      const base = before.get(connection.handle);
      if (connection.rxBytes === undefined || connection.txBytes === undefined || connection.ownerPid === 0) continue;
      const rxBytes = connection.rxBytes - (base?.rxBytes ?? (connection.startedBefore ? connection.rxBytes : 0));
      const txBytes = connection.txBytes - (base?.txBytes ?? (connection.startedBefore ? connection.txBytes : 0));
      yield { pid: connection.ownerPid, rxBytes, txBytes };
    }
  }

  /** Takes in bytes by flow; `byKey` goes by flowOf. */
  count(byKey: ReadonlyMap<string, FlowRow>, elapsedUs: number): void {
    for (const connection of this.open.values()) {
      if (connection.remotePort === 0 || connection.remainder) continue;
      const flow = byKey.get(flowOf(connection));
      if (!flow) continue;
      setBytes(connection, flow.rxBytes, flow.txBytes, elapsedUs);
      if (flow.rttUs !== undefined) connection.rttUs = flow.rttUs;
    }
  }

  #keyOf(row: SocketRow): string {
    const ends = `${flowOf(row)} ${row.instance}`;
    // Several processes may listen on one port; a peer makes the ends unique, and the owner of a dying socket changes to none.
    if (row.remotePort === 0) return `${ends} ${row.pid}`;
    return row.protocol === 6 && row.state === TCP_TIME_WAIT ? `${ends} remainder` : ends;
  }

  #create(
    row: SocketRow,
    key: string,
    poll: ConnectionPoll,
    listening: ReadonlySet<string>,
    changes: PortableChanges,
  ): PortableConnection {
    const origin = key.endsWith(' remainder') ? this.#byKey.get(key.slice(0, -' remainder'.length)) : undefined;
    const connection: PortableConnection = {
      ...{ protocol: row.protocol, state: row.state, localAddress: row.localAddress, localPort: row.localPort },
      ...{ remoteAddress: row.remoteAddress, remotePort: row.remotePort, inode: 0, uid: UNKNOWN_UID },
      handle: this.#nextHandle++,
      cookie: cookieOf(this.#first || row.instance !== '' ? key : `${key} ${poll.atUs + poll.bootUnixUs}`),
      direction: directionOf(row, listening),
      startedUs: this.#first ? poll.atUs : startOf(row, poll),
      startedBefore: this.#first,
      ...{ pid: 0, pidStartTicks: 0, comm: '', ownerPid: row.pid, lastSeenUs: poll.atUs },
    };
    if (origin) inherit(connection, origin);
    this.#byKey.set(key, connection);
    this.open.set(connection.handle, connection);
    changes.opened.push(connection);
    return connection;
  }

  #update(connection: PortableConnection, row: SocketRow, poll: ConnectionPoll, countBytes: boolean): void {
    connection.state = row.state || (row.remotePort === 0 ? TCP_CLOSE : TCP_ESTABLISHED);
    connection.lastSeenUs = poll.atUs;
    if (row.pid > 0) connection.ownerPid = row.pid;
    if (!countBytes || row.rxBytes === undefined || row.txBytes === undefined || connection.remainder) return;
    setBytes(connection, row.rxBytes, row.txBytes, poll.atUs - poll.previousUs);
  }

  #close(key: string, connection: PortableConnection, poll: ConnectionPoll, changes: PortableChanges): void {
    this.#byKey.delete(key);
    this.open.delete(connection.handle);
    connection.closedUs = poll.atUs;
    changes.closed.push(connection);
  }
}

/** Text that two sockets share only when protocol, addresses and ports are equal. */
export function flowOf(
  ends: Pick<SocketRow, 'protocol' | 'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'>,
) {
  return `${ends.protocol} ${ends.localAddress.join('.')} ${ends.localPort} ${ends.remoteAddress.join('.')} ${ends.remotePort}`;
}

function setBytes(connection: PortableConnection, rxBytes: number, txBytes: number, elapsedUs: number): void {
  const { rxBytes: rxBefore, txBytes: txBefore } = connection;
  // Totals never fall: what does is another count of the same ends.
  connection.rxBytes = Math.max(rxBefore ?? 0, rxBytes);
  connection.txBytes = Math.max(txBefore ?? 0, txBytes);
  if (rxBefore === undefined || txBefore === undefined) return;
  connection.rxRate = ratePerSecond(connection.rxBytes - rxBefore, elapsedUs);
  connection.txRate = ratePerSecond(connection.txBytes - txBefore, elapsedUs);
}

/** Between the polls: what the system says, as far as its clock can be believed. */
function startOf(row: SocketRow, poll: ConnectionPoll): number {
  if (row.startedUnixUs === undefined) return poll.atUs;
  return Math.min(poll.atUs, Math.max(poll.previousUs, Math.round(row.startedUnixUs - poll.bootUnixUs)));
}

/** 52 bits that are the same for an agent that starts again while the connection lasts. */
function cookieOf(text: string): number {
  const hash = createHash('sha256').update(text).digest();
  return hash.readUIntBE(0, 6) * 16 + (hash[6]! & 15);
}

function inherit(remainder: PortableConnection, origin: PortableConnection): void {
  remainder.remainder = true;
  remainder.direction = origin.direction;
  remainder.ownerPid ||= origin.ownerPid;
}

function waitsForPeers(row: SocketRow): boolean {
  return row.remotePort === 0 && (row.protocol === 17 || row.state === TCP_LISTEN);
}

function listenerKeys(row: SocketRow): string[] {
  const everywhere = row.localAddress.every((byte) => byte === 0);
  return [`${row.protocol} ${row.localPort} ${everywhere ? '*' : row.localAddress.join('.')}`];
}

/** Inbound when something listens on its local port, on its address or on every one. */
function directionOf(row: SocketRow, listening: ReadonlySet<string>): Direction {
  if (row.remotePort === 0) return Direction.DIRECTION_LISTEN;
  const port = `${row.protocol} ${row.localPort}`;
  const served = listening.has(`${port} *`) || listening.has(`${port} ${row.localAddress.join('.')}`);
  return served ? Direction.DIRECTION_INBOUND : Direction.DIRECTION_OUTBOUND;
}
