// The swap-and-evict table of one network namespace's connections: each look marks what the kernel still has, and what is left
// unmarked has closed.
import { Direction } from '@foretop/proto';
import { messageOf } from '../host/host-error.ts';
import { TCP_TIME_WAIT } from '../host/tcp-payload.ts';
import { dumpKinds, type SocketDump, type SocketEvents } from '../host/linux/sock-diag.ts';
import type { SocketMessage } from '../host/linux/sock-message.ts';
import {
  addressBytes,
  type ConnectionRecord,
  createConnection,
  type FinalCounters,
  finishConnection,
  isSameConnection,
  isTimeWait,
  tupleKey,
  updateConnection,
} from './connection.ts';
import { EndedConnections } from './ended-connections.ts';
import { Listeners } from './listeners.ts';
import type { Ended, OpenConnections } from './open-connections.ts';
import type { SourceFailure } from './tick.ts';

/** Ended sockets taken in at one look; more stay in the socket's buffer, and what does not fit there is counted. */
const MAX_EVENTS = 20_000;

export interface LookOptions {
  /** Tells of kinds of which there is no socket: they need no dump. */
  isEmpty?: (kind: number) => boolean;
  /** Whether sockets in TIME_WAIT are looked at; they cost as much as others and are not recorded. */
  timeWait?: boolean;
}

export interface ConnectionChanges {
  opened: ConnectionRecord[];
  closed: ConnectionRecord[];
  failures: SourceFailure[];
}

interface Ending {
  record: ConnectionRecord;
  last: FinalCounters;
}

export class ConnectionTable {
  readonly #all: OpenConnections;
  readonly #byCookie = new Map<number, ConnectionRecord>();
  readonly #listeners = new Listeners();
  readonly #ended = new EndedConnections();
  /** TIME_WAIT sockets that nothing explains yet: news of their connection may come with the next look. */
  #unexplained: ConnectionRecord[] = [];
  readonly #kindSeen: boolean[];
  readonly #isForeign: boolean;
  #generation = 0;
  /** Connections of the last dump for which there was no room; each is told of when it ends. */
  leftOut = 0;
  /** News that the kernel dropped. */
  eventsLost = 0;

  /**
   * Shares `all` with the tables of other namespaces. `isNew`: the namespace is, so that nothing in it is older than the agent.
   * `isForeign`: it is not the one that the agent runs in.
   */
  constructor(all: OpenConnections, isNew = false, isForeign = false) {
    this.#all = all;
    this.#isForeign = isForeign;
    this.#kindSeen = dumpKinds.map(() => isNew);
  }

  look(
    dump: SocketDump,
    events: SocketEvents | undefined,
    nowUs: number,
    previousUs: number,
    { isEmpty = () => false, timeWait = true }: LookOptions = {},
  ): ConnectionChanges {
    const look = new Look(nowUs, previousUs, timeWait);
    this.#generation++;
    const ended = events ? this.#drain(events, look) : [];
    const read = dumpKinds.map((_, kind) => isEmpty(kind) || this.#dump(dump, kind, look));
    const vanished = this.#vanished(read, new Set(ended.map((entry) => entry.record)));
    for (const record of look.fresh) this.#settle(record);
    this.#explainTimeWaits(look, [...ended.map((entry) => entry.record), ...vanished], events !== undefined);
    for (const { record, last } of ended) {
      finishConnection(record, last, look.elapsedUs);
      if (record.generation === 0 && record.direction === Direction.DIRECTION_INBOUND)
        record.acceptedBy = this.#listeners.of(record);
      this.#close(record, look);
    }
    for (const record of vanished) this.#miss(record, look, events === undefined && record.hasTimeWait);
    read.forEach((done, kind) => (this.#kindSeen[kind] ||= done));
    this.leftOut = look.leftOut;
    return look;
  }

  /** Who waits for peers where this connection came in. */
  listenerOf(record: ConnectionRecord): ConnectionRecord | undefined {
    return this.#listeners.of(record);
  }

  /** Closes all that is left, when the namespace is gone. */
  end(nowUs: number): ConnectionRecord[] {
    const look = new Look(nowUs, nowUs, true);
    for (const record of [...this.#byCookie.values()]) this.#close(record, look);
    return look.closed;
  }

  #drain(events: SocketEvents, look: Look): Ending[] {
    const ended: Ending[] = [];
    try {
      const result = events.drain(MAX_EVENTS, (message) => {
        const record = this.#endedRecord(message, look);
        if (record) ended.push({ record, last: finalCounters(record, message) });
      });
      this.eventsLost += result.overflows;
    } catch (error) {
      look.failures.push({ source: 'destroy_events', message: messageOf(error) });
    }
    return ended;
  }

  /** The connection that ended; a new record when it was too short for any dump to see, undefined when it is none. */
  #endedRecord(message: SocketMessage, look: Look): ConnectionRecord | undefined {
    const known = this.#byCookie.get(message.cookie);
    if (known) return known.closedUs === undefined ? known : undefined;
    if (this.#all.hasEnded(message.cookie)) return undefined;
    if (message.remotePort === 0 || (message.protocol !== 6 && message.protocol !== 17)) return undefined;
    if (this.#ended.hasCookie(message.cookie)) return undefined;
    const kind = dumpKinds.findIndex((entry) => entry.protocol === message.protocol && entry.family === message.family);
    // Before the first dump it cannot be told from one that is old.
    if (kind < 0 || !this.#kindSeen[kind]) return undefined;
    const record = createConnection(message, {
      handle: this.#all.nextHandle(),
      kind,
      startedUs: look.previousUs,
      firstKnown: false,
    });
    look.fresh.push(record);
    look.opened.push(record);
    this.#byCookie.set(record.cookie, record);
    return record;
  }

  #dump(dump: SocketDump, kind: number, look: Look): boolean {
    try {
      // A dump that begins again overwrites what it said before.
      dump.each(
        kind,
        (message) => this.#take(message, kind, look),
        () => {},
        look.timeWait,
      );
      return true;
    } catch (error) {
      look.failures.push({ source: 'sock_diag', message: `${dumpKinds[kind]!.name}: ${messageOf(error)}` });
      return false;
    }
  }

  #take(message: SocketMessage, kind: number, look: Look): void {
    let record = this.#known(message, kind, look);
    if (record?.remainder && isTimeWait(message)) {
      record.state = message.state;
      return this.#keep(record, look);
    }
    if (!record && this.#all.hasEnded(message.cookie) && !isTimeWait(message)) return;
    // The remainder of a connection that ended just now, unseen: a socket whose cookie was asked for passes it on.
    if (record?.generation === 0 && isTimeWait(message)) return;
    if (record && !isSameConnection(record, message)) {
      this.#close(record, look);
      record = undefined;
    }
    const fresh = record === undefined;
    if (!record && message.remotePort !== 0 && this.#all.isFull) {
      look.leftOut++;
      return;
    }
    record ??= this.#create(message, kind, look);
    const before = record.opener;
    updateConnection(record, message, look.elapsedUs, fresh && record.startedBefore);
    if (before !== record.opener && !fresh) record.direction = this.#listeners.directionOf(record);
    this.#keep(record, look);
  }

  #keep(record: ConnectionRecord, { nowUs }: Look): void {
    record.generation = this.#generation;
    record.missed = 0;
    record.lastSeenUs = nowUs;
  }

  /** The record of this socket: the table's, or one that the kernel engine told of and no dump has shown so far. */
  #known(message: SocketMessage, kind: number, look: Look): ConnectionRecord | undefined {
    const { cookie, remotePort } = message;
    const own = this.#byCookie.get(cookie);
    if (own && own.closedUs === undefined) return own;
    // The engine told its end: what is left under this cookie is its remainder.
    if (own) this.#close(own, look);
    const told = message.protocol === 17 ? this.#exchange(message) : this.#all.byCookie.get(cookie);
    if (!told || told.remotePort !== remotePort) return undefined;
    told.kind = kind;
    told.foreign = this.#isForeign;
    this.#byCookie.set(cookie, told);
    this.#all.byCookie.set(cookie, told);
    look.fresh.push(told);
    return told;
  }

  #exchange(message: SocketMessage): ConnectionRecord | undefined {
    if (message.remotePort === 0) return undefined;
    return this.#all.peer(message.cookie, addressBytes(message.family, message.remote), message.remotePort);
  }

  #create(message: SocketMessage, kind: number, look: Look): ConnectionRecord {
    const record = createConnection(message, {
      handle: this.#all.nextHandle(),
      kind,
      startedUs: look.nowUs,
      firstKnown: !this.#kindSeen[kind],
    });
    record.foreign = this.#isForeign;
    this.#byCookie.set(record.cookie, record);
    look.fresh.push(record);
    if (isTimeWait(message) && !record.startedBefore) {
      look.timeWaits.push(record);
      return record;
    }
    this.#all.byCookie.set(record.cookie, record);
    look.opened.push(record);
    this.#all.byHandle.set(record.handle, record);
    this.#listeners.add(record);
    return record;
  }

  /** Direction needs the listeners, which may come later in the same dump. */
  #settle(record: ConnectionRecord): void {
    record.direction = this.#listeners.directionOf(record);
  }

  #vanished(read: readonly boolean[], ended: ReadonlySet<ConnectionRecord>): ConnectionRecord[] {
    const vanished: ConnectionRecord[] = [];
    for (const record of this.#byCookie.values()) {
      if (record.generation !== this.#generation && read[record.kind] && !ended.has(record)) vanished.push(record);
    }
    return vanished;
  }

  /** Ties TIME_WAIT sockets to connections that ended. What stays unexplained for a look is shown as it is. */
  #explainTimeWaits(look: Look, ending: readonly ConnectionRecord[], mayWait: boolean): void {
    const waiting = this.#unexplained.filter((record) => record.generation === this.#generation);
    this.#unexplained = [];
    if (look.timeWaits.length === 0 && waiting.length === 0) return;
    const byTuple = new Map(ending.map((record) => [tupleKey(record), record]));
    const explain = (record: ConnectionRecord): boolean => {
      const key = tupleKey(record);
      const origin = this.#all.ended.get(record.cookie) ?? byTuple.get(key) ?? this.#ended.byTuple(key);
      if (origin) inherit(record, origin);
      return origin !== undefined;
    };
    for (const record of look.timeWaits) {
      if (explain(record) || !mayWait) this.#show(record, look);
      else this.#unexplained.push(record);
    }
    for (const record of waiting) {
      explain(record);
      this.#show(record, look);
    }
  }

  #show(record: ConnectionRecord, look: Look): void {
    look.opened.push(record);
    this.#all.byHandle.set(record.handle, record);
  }

  /**
   * A dump can miss a socket that moves while it is read, and the last counters may still be on their way: it closes at the
   * second miss, or at once when its remainder proves that it ended and nothing else will be told.
   */
  #miss(record: ConnectionRecord, look: Look, proven: boolean): void {
    record.missed++;
    record.rxRate = record.rxRate === undefined ? undefined : 0;
    record.txRate = record.txRate === undefined ? undefined : 0;
    const unlisted = !look.timeWait && record.state === TCP_TIME_WAIT;
    if (proven || unlisted || record.missed > 1 || !this.#all.byHandle.has(record.handle)) this.#close(record, look);
  }

  #close(record: ConnectionRecord, look: Look): void {
    this.#byCookie.delete(record.cookie);
    if (this.#all.byCookie.get(record.cookie) === record) this.#all.byCookie.delete(record.cookie);
    if (record.protocol === 17) this.#all.removePeer(record);
    this.#listeners.remove(record);
    const shown = this.#all.byHandle.delete(record.handle) || record.generation === 0;
    if (record.closedUs !== undefined || !shown) return;
    record.closedUs = look.nowUs;
    look.closed.push(record);
    if (!record.remainder) this.#ended.add(record);
  }
}

/** What one look gathers. */
class Look implements ConnectionChanges {
  readonly opened: ConnectionRecord[] = [];
  readonly closed: ConnectionRecord[] = [];
  readonly failures: SourceFailure[] = [];
  readonly fresh: ConnectionRecord[] = [];
  readonly timeWaits: ConnectionRecord[] = [];
  leftOut = 0;
  readonly nowUs: number;
  readonly previousUs: number;
  readonly elapsedUs: number;
  readonly timeWait: boolean;

  constructor(nowUs: number, previousUs: number, timeWait: boolean) {
    this.timeWait = timeWait;
    this.nowUs = nowUs;
    this.previousUs = previousUs;
    this.elapsedUs = nowUs - previousUs;
  }
}

function inherit(remainder: ConnectionRecord, origin: Ended): void {
  origin.hasTimeWait = true;
  remainder.remainder = true;
  remainder.direction = origin.direction;
  remainder.pid = origin.pid;
  remainder.pidStartTicks = origin.pidStartTicks;
  remainder.comm = origin.comm;
  remainder.uid = origin.uid;
  remainder.ownerRule = origin.ownerRule;
}

/** A socket that its process reset has no peer and no counters any more when it is destroyed: then the last dump's stand. */
function finalCounters(record: ConnectionRecord, message: SocketMessage): FinalCounters {
  const { infoState, unacked, bytesAcked, bytesReceived, bytesSent, bytesRetrans } = message;
  const { rqueue, rttUs, totalRetrans, dataSegsIn, dataSegsOut } = message;
  const infoBytes = message.remotePort === record.remotePort ? message.infoBytes : 0;
  const counters = { infoBytes, infoState, unacked, bytesAcked, bytesReceived, bytesSent, bytesRetrans };
  return { ...counters, rqueue, rttUs, totalRetrans, dataSegsIn, dataSegsOut };
}
