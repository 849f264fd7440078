// All connections on Linux: dumps of each network namespace, news of ended sockets or the kernel engine, and whose each is.
import { Direction } from '@foretop/proto';
import { messageOf } from '../host/host-error.ts';
import { openSocketDump, openSocketEvents, type SocketDump, type SocketEvents } from '../host/linux/sock-diag.ts';
import type { ConnectionRecord } from './connection.ts';
import { type ConnectionChanges, ConnectionTable } from './connection-table.ts';
import type { EngineView } from './engine-view.ts';
import type { ForeignNamespaces } from './foreign-namespaces.ts';
import type { OpenConnections } from './open-connections.ts';

// With the engine a dump only adds listeners and states, and finds what was missed: so often, or so rarely that dumps take no more
// than this share of the time.
const quiet = { leastUs: 10_000_000, mostUs: 60_000_000, share: 1 / 500 };
const whenListenersChanged = { leastUs: 1_000_000, mostUs: 10_000_000, share: 1 / 100 };
const whenWatched = { leastUs: 1_000_000, mostUs: 5_000_000, share: 1 / 50 };
/** A look comes a little early or late. */
const SLACK_US = 500_000;

export interface LinuxConnectionsOptions {
  all: OpenConnections;
  engine: EngineView | undefined;
  /** Whether the engine tells of every end, so that nobody else need. */
  engineTellsEnds: boolean;
  /** Whether it tells whose each connection is; else the sockets of dumps are sought in /proc, every second. */
  engineNamesOwners: boolean;
}

export interface LookWants {
  nowUs: number;
  previousUs: number;
  /** Somebody looks at the tables right now. */
  watched: boolean;
}

export class LinuxConnections implements Disposable {
  readonly #all: OpenConnections;
  readonly #engine: EngineView | undefined;
  readonly #namesOwners: boolean;
  readonly #own: ConnectionTable;
  readonly #events: SocketEvents | undefined;
  /** Why news of ended sockets are not to be had; empty when they are, or are not needed. */
  readonly eventsRefused: string;
  #foreign: ForeignNamespaces | undefined;
  #dump: SocketDump | undefined;
  #dumpedUs = -Infinity;
  /** CPU time of the last one. */
  #dumpCostUs = 0;
  #listenersChanged = false;
  #isFresh = true;

  constructor({ all, engine, engineTellsEnds, engineNamesOwners }: LinuxConnectionsOptions) {
    this.#namesOwners = engineNamesOwners;
    this.#all = all;
    this.#engine = engine;
    this.#own = new ConnectionTable(all);
    [this.#events, this.eventsRefused] = engineTellsEnds ? [undefined, ''] : attempt(openSocketEvents);
  }

  /** Connections of other network namespaces, from now on. */
  add(foreign: ForeignNamespaces): void {
    this.#foreign = foreign;
  }

  /** The socket that dumps are read from, once one was. */
  get dump(): SocketDump | undefined {
    return this.#dump;
  }

  get eventsLost(): number {
    return this.#own.eventsLost + (this.#foreign?.eventsLost ?? 0) + (this.#engine?.eventsLost ?? 0);
  }

  /** Open connections for which there is no room. Dumps show all of them, the engine those that changed since it was read. */
  get leftOut(): number {
    return Math.max(this.#engine?.leftOut ?? 0, this.#own.leftOut + (this.#foreign?.connectionsLeftOut ?? 0));
  }

  /** Whether the last look read anything of the open connections; else only what opened and ended is new. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  look({ nowUs, previousUs, watched }: LookWants): ConnectionChanges {
    this.#engine?.drain();
    this.#all.beginLook();
    const isDue = this.#isDumpDue(nowUs, watched);
    const changes = isDue ? this.#dumpAll(nowUs, watched || !this.#engine) : noChanges();
    this.#isFresh = isDue;
    if (!this.#engine) return changes;
    try {
      if (this.#engine.look(nowUs, previousUs, watched || isDue)) this.#isFresh = true;
      if (isDue && this.#isComplete(changes)) this.#engine.sweep(nowUs);
    } catch (error) {
      changes.failures.push({ source: 'ebpf', message: messageOf(error) });
    }
    return changes;
  }

  /** Adds what the engine told since the last look. After everything that may have come of this one. */
  finish(changes: ConnectionChanges, nowUs: number): void {
    if (!this.#engine) return;
    const told = this.#engine.take(nowUs);
    for (const record of told.opened) this.#findListener(record);
    append(changes.opened, told.opened);
    append(changes.closed, told.closed);
  }

  /** A server that is older than the agent accepts without a word that the engine hears. */
  #findListener(record: ConnectionRecord): void {
    if (record.pid !== 0 || record.direction !== Direction.DIRECTION_INBOUND) return;
    record.acceptedBy = record.foreign ? this.#foreign?.listenerOf(record) : this.#own.listenerOf(record);
  }

  [Symbol.dispose](): void {
    this.#dump?.[Symbol.dispose]();
    this.#foreign?.[Symbol.dispose]();
    this.#events?.[Symbol.dispose]();
  }

  #isDumpDue(nowUs: number, watched: boolean): boolean {
    if (!this.#engine || !this.#namesOwners) return true;
    if (this.#engine.listenersChanged()) this.#listenersChanged = true;
    const rhythm = watched ? whenWatched : this.#listenersChanged ? whenListenersChanged : quiet;
    const everyUs = Math.min(rhythm.mostUs, Math.max(rhythm.leastUs, this.#dumpCostUs / rhythm.share));
    return nowUs - this.#dumpedUs >= everyUs - SLACK_US;
  }

  #dumpAll(nowUs: number, timeWait: boolean): ConnectionChanges {
    const previousUs = this.#dumpedUs === -Infinity ? nowUs : this.#dumpedUs;
    this.#dumpedUs = nowUs;
    try {
      this.#dump ??= openSocketDump();
    } catch (error) {
      return { ...noChanges(), failures: [{ source: 'sock_diag', message: messageOf(error) }] };
    }
    this.#listenersChanged = false;
    const before = process.threadCpuUsage();
    const changes = this.#own.look(this.#dump, this.#events, nowUs, previousUs, { timeWait });
    this.#foreign?.look(nowUs, changes, timeWait);
    const { user, system } = process.threadCpuUsage(before);
    this.#dumpCostUs = user + system;
    return changes;
  }

  #isComplete({ failures }: ConnectionChanges): boolean {
    return failures.length === 0 && this.#foreign !== undefined && this.#foreign.isComplete;
  }
}

function noChanges(): ConnectionChanges {
  return { opened: [], closed: [], failures: [] };
}

function append(to: ConnectionRecord[], more: readonly ConnectionRecord[]): void {
  for (const record of more) to.push(record);
}

/** What is opened, or why it is not: without it the agent works and sees less. */
export function attempt<Value>(open: () => Value): [Value | undefined, string] {
  try {
    return [open(), ''];
  } catch (error) {
    return [undefined, messageOf(error)];
  }
}
