// Connections of the network namespaces that the agent does not run in: containers, `ip netns`, sandboxed services.
//
// A socket in a namespace keeps it alive, so that no kernel object says when it would be gone: the agent leaves as soon as
// neither a process nor a name is there, after a few looks more for news of connections that ended with it.
//
// A dump of one namespace walks the tables that all share, so that many namespaces cost more than many sockets: kinds of which
// a namespace has no socket are passed over, and the rest take turns when a look takes too long.
import { messageOf } from '../host/host-error.ts';
import { type NamespaceDoor } from '../host/linux/network-namespace.ts';
import { openSocketDump, openSocketEvents, type SocketDump, type SocketEvents } from '../host/linux/sock-diag.ts';
import type { ScanReading } from '../host/engine.ts';
import { HalfOpen } from '../host/half-open.linux.ts';
import { openSocketCounts, type SocketCounts } from '../host/socket-counts.linux.ts';
import type { NetworkNamespace, NetworkNamespaces } from '../host/namespaces.linux.ts';
import { type ConnectionChanges, ConnectionTable } from './connection-table.ts';
import type { ConnectionRecord } from './connection.ts';
import type { OpenConnections } from './open-connections.ts';

export const maxNamespaces = 256;
/** Of a tick; namespaces that do not fit in come first in the next. */
const BUDGET_MS = 20;
const LOOKS_AFTER_THE_LAST = 3;
/** Namespaces whose counters of handshakes are read in one tick; each takes some 50 µs. */
const HALF_OPEN_READS = 16;
const RETRY_US = 30_000_000;
/** A namespace whose oldest process is younger than this when it is found, or than the look before, is new. */
const NEW_US = 3_000_000;

interface Watched extends Disposable {
  sockets: Sockets;
  table: ConnectionTable;
  /** When it was last looked into. */
  lookedUs: number;
  deserted: number;
}

export interface ForeignNamespacesOptions {
  namespaces: NetworkNamespaces;
  door: NamespaceDoor;
  all: OpenConnections;
  /** Whether news of ended sockets are needed in each; not where the kernel engine tells of every end. */
  events?: boolean;
  /** Boottime at which a process with this start time started. */
  startedUs: (startTicks: number) => number;
  maximum?: number;
  budgetMs?: number;
  /** A monotonic clock, milliseconds. */
  now?: () => number;
}

export class ForeignNamespaces implements Disposable {
  readonly #options: ForeignNamespacesOptions;
  readonly #maximum: number;
  readonly #budgetMs: number;
  readonly #now: () => number;
  readonly #watched = new Map<number, Watched>();
  /** Why one could not be opened, and when to try again. */
  readonly #refused = new Map<number, { message: string; retryUs: number }>();
  #first = true;
  #eventsLostBefore = 0;
  #longestUs = 0;
  #timeWait = true;
  /** The last look did not come to all. */
  #postponed = false;
  #halfOpenTurn = 0;

  constructor(options: ForeignNamespacesOptions) {
    this.#options = options;
    this.#maximum = options.maximum ?? maxNamespaces;
    this.#budgetMs = options.budgetMs ?? BUDGET_MS;
    this.#now = options.now ?? (() => performance.now());
  }

  get watched(): number {
    return this.#watched.size;
  }

  /** How many are not looked into because of the bound. */
  get leftOut(): number {
    let count = 0;
    for (const inode of this.#options.namespaces.others.keys())
      if (!this.#watched.has(inode) && !this.#refused.has(inode)) count++;
    return count;
  }

  /** Longest time between two looks into the same one, of late. */
  get longestUs(): number {
    return this.#longestUs;
  }

  get refused(): { count: number; message: string } {
    return { count: this.#refused.size, message: this.#refused.values().next().value?.message ?? '' };
  }

  /** Every namespace that there is was looked into. */
  get isComplete(): boolean {
    return this.leftOut === 0 && this.#refused.size === 0 && !this.#postponed;
  }

  /** Who waits for peers where this connection came in, if that can be in one namespace only. */
  listenerOf(record: ConnectionRecord): ConnectionRecord | undefined {
    const found = [...this.#watched.values()].flatMap(({ table }) => table.listenerOf(record) ?? []);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Connections in them for which there is no room. */
  get connectionsLeftOut(): number {
    let leftOut = 0;
    for (const { table } of this.#watched.values()) leftOut += table.leftOut;
    return leftOut;
  }

  /** Connections that were begun in them and left. Where there are many namespaces they take turns. Throws HostError. */
  readHalfOpen(nowUs: number): ScanReading[] {
    const readers = [...this.#watched.values()].flatMap(({ sockets }) => sockets.halfOpen ?? []);
    const turn = this.#halfOpenTurn;
    this.#halfOpenTurn = readers.length === 0 ? 0 : (turn + HALF_OPEN_READS) % readers.length;
    const mine = Array.from({ length: Math.min(HALF_OPEN_READS, readers.length) }, (_, index) => turn + index);
    return mine.flatMap((at) => readers[at % readers.length]!.read(nowUs));
  }

  /** How often the kernel had to drop news of ended connections, in those that are gone too. */
  get eventsLost(): number {
    let lost = this.#eventsLostBefore;
    for (const { table } of this.#watched.values()) lost += table.eventsLost;
    return lost;
  }

  /** Looks into those that are open, as many as the budget allows. `timeWait`: at sockets in that state too. */
  look(nowUs: number, into: ConnectionChanges, timeWait = true): void {
    const startMs = this.#now();
    this.#longestUs = 0;
    this.#timeWait = timeWait;
    this.#postponed = false;
    for (const [inode, watched] of [...this.#watched]) {
      this.#longestUs = Math.max(this.#longestUs, nowUs - watched.lookedUs);
      if (this.#now() - startMs > this.#budgetMs) {
        this.#postponed = true;
        continue;
      }
      // To the end of the order.
      this.#watched.delete(inode);
      this.#watched.set(inode, watched);
      this.#lookInto(inode, watched, nowUs, into);
    }
  }

  /** Opens and looks into what is new, leaves what is deserted. After `namespaces` has taken in the process table. */
  follow(nowUs: number, previousUs: number, into: ConnectionChanges): void {
    const { others } = this.#options.namespaces;
    for (const [inode, watched] of this.#watched) {
      watched.deserted = others.has(inode) ? 0 : watched.deserted + 1;
      if (watched.deserted > LOOKS_AFTER_THE_LAST) this.#leave(inode, watched, nowUs, into);
    }
    for (const inode of this.#refused.keys()) if (!others.has(inode)) this.#refused.delete(inode);
    for (const [inode, namespace] of others) {
      if (this.#watched.size >= this.#maximum) break;
      if (this.#watched.has(inode) || (this.#refused.get(inode)?.retryUs ?? 0) > nowUs) continue;
      const watched = this.#open(inode, namespace, nowUs, previousUs);
      if (watched) this.#lookInto(inode, watched, nowUs, into);
    }
    this.#first = false;
  }

  [Symbol.dispose](): void {
    for (const watched of this.#watched.values()) watched[Symbol.dispose]();
    this.#watched.clear();
  }

  #lookInto(inode: number, watched: Watched, nowUs: number, into: ConnectionChanges): void {
    const { dump, events, counts } = watched.sockets;
    const changes = watched.table.look(dump, events, nowUs, watched.lookedUs, {
      isEmpty: emptyKinds(counts),
      timeWait: this.#timeWait,
    });
    watched.lookedUs = nowUs;
    for (const record of changes.opened) into.opened.push(record);
    for (const record of changes.closed) into.closed.push(record);
    for (const { message } of changes.failures)
      into.failures.push({ source: 'namespaces', message: `network namespace ${inode}: ${message}` });
  }

  #open(inode: number, namespace: NetworkNamespace, nowUs: number, previousUs: number): Watched | undefined {
    const { namespaces, door, all } = this.#options;
    const path = namespaces.pathOf(namespace);
    if (path === undefined) return undefined;
    try {
      const sockets = door.within(path, inode, () => openSockets(this.#options.events ?? true));
      const table = new ConnectionTable(all, this.#isNew(namespace, nowUs, previousUs), true);
      const watched = {
        sockets,
        table,
        lookedUs: previousUs,
        deserted: 0,
        [Symbol.dispose]: () => closeSockets(sockets),
      };
      this.#watched.set(inode, watched);
      this.#refused.delete(inode);
      return watched;
    } catch (error) {
      this.#refused.set(inode, { message: messageOf(error), retryUs: nowUs + RETRY_US });
      return undefined;
    }
  }

  #isNew({ processes }: NetworkNamespace, nowUs: number, previousUs: number): boolean {
    if (this.#first) return false;
    const sinceUs = Math.min(previousUs, nowUs - NEW_US);
    for (const { startTicks } of processes) if (this.#options.startedUs(startTicks) < sinceUs) return false;
    return true;
  }

  #leave(inode: number, watched: Watched, nowUs: number, into: ConnectionChanges): void {
    for (const record of watched.table.end(nowUs)) into.closed.push(record);
    this.#eventsLostBefore += watched.table.eventsLost;
    watched[Symbol.dispose]();
    this.#watched.delete(inode);
  }
}

interface Sockets {
  dump: SocketDump;
  events: SocketEvents | undefined;
  counts: SocketCounts | undefined;
  halfOpen: HalfOpen | undefined;
}

function openSockets(withEvents: boolean): Sockets {
  // Without events, as without CAP_NET_ADMIN at home, the source `destroy_events` says what is lost; without counts all is dumped.
  const events = withEvents ? orNone(openSocketEvents) : undefined;
  return { dump: openSocketDump(), events, counts: orNone(openSocketCounts), halfOpen: orNone(() => new HalfOpen()) };
}

function orNone<Value>(open: () => Value): Value | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

/** A socket that comes between the count and the dump is found by the next look. */
function emptyKinds(counts: SocketCounts | undefined): (kind: number) => boolean {
  try {
    counts?.read();
    return (kind) => counts?.isEmpty(kind) ?? false;
  } catch {
    return () => false;
  }
}

function closeSockets({ dump, events, counts, halfOpen }: Sockets): void {
  halfOpen?.[Symbol.dispose]();
  counts?.[Symbol.dispose]();
  dump[Symbol.dispose]();
  events?.[Symbol.dispose]();
}
