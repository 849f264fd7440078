// The live side of the collector as its neighbours see it: who is connected, the fleet's pulse, watched hosts' tables.
import type { CloseName, LiveFrame, Pulse, Watch } from '@foretop/proto';
import type {
  FleetTick,
  HistorySample,
  HostLive,
  InterfaceSample,
  LiveConnection,
  LiveProcess,
  LiveSection,
} from '@foretop/proto/live';
import type { HostStatusName } from '@foretop/proto/api';
import type { Logger } from 'pino';
import { createIds } from '../store/ids.ts';
import { Fleet, type StatusChange } from './fleet.ts';
import { Room } from './room.ts';
import { absoluteUs } from './rows.ts';
import { type LiveCounts, WatchedHost } from './watched-host.ts';

/** A connected agent as the hub uses it. */
export interface AgentLink {
  readonly hostId: number;
  watch(watch: Watch): void;
  close(reason: CloseName): void;
}

/** What the hub needs to make an agent's ids and times absolute. */
export interface AgentSession {
  /** 16 bytes. */
  readonly bootId: Uint8Array;
  /** Collector's Unix time − boottime, microseconds, as known now. */
  offsetUs(): number;
}

/**
 * A watched host's tables. Ids are filled in, times are Unix microseconds. The maps are the hub's own: read what is needed
 * before the next turn of the event loop.
 */
export interface LiveTables {
  asOfUs: number;
  offsetUs: number;
  bootId: Uint8Array;
  /** By the agent's handle. */
  connections: ReadonlyMap<number, LiveConnection>;
  /** By pid. */
  processes: ReadonlyMap<number, LiveProcess>;
  interfaces: readonly InterfaceSample[];
}

export interface WatchedSections {
  sections: LiveSection[];
  /** 1..10, of the bandwidth section. */
  rateHz: number;
}

export interface KnownHost {
  hostId: number;
  /** Unix microseconds; 0 = never. */
  lastSeenUs: number;
  revoked: boolean;
}

export interface LiveHub extends Disposable {
  connected(link: AgentLink, session: AgentSession): void;
  disconnected(link: AgentLink): void;
  pulse(hostId: number, pulse: Pulse): void;
  frame(hostId: number, frame: LiveFrame): void;
  /** live: a pulse within 5 s; stale: within 60 s; offline: none for 60 s, or an unknown host. */
  status(hostId: number): HostStatusName;
  /** The last pulse while the host is live or stale. */
  lastPulse(hostId: number): { pulse: Pulse; receivedUs: number } | undefined;
  /** Rates of the last 60 s as its pulses told them, oldest first. */
  history(hostId: number): HistorySample[];
  /** Every host. */
  fleetTick(): FleetTick;
  /** Once a second, the hosts with something new; possibly none. */
  subscribeFleet(listener: (tick: FleetTick) => void): Disposable;
  /** The listener hears the status and the last 60 s at once, then each frame, its sections only. */
  watchHost(hostId: number, want: WatchedSections, listener: (update: HostLive) => void): Disposable;
  /** Takes a 15 s lease. undefined: the host is not live, or did not answer within timeoutMs. */
  tables(hostId: number, sections: LiveSection[], timeoutMs: number): Promise<LiveTables | undefined>;
  /** The whole directory; hosts that are missing from it and not connected are forgotten. */
  setHosts(hosts: KnownHost[]): void;
  /** Tells viewers to fetch the list of hosts again. */
  directoryChanged(): void;
  closeHost(hostId: number, reason: CloseName): void;
  counters(): Record<string, number>;
}

export interface LiveHubOptions {
  /** Of the store, for connection ids. */
  hashKey: Buffer;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
  /** Rows of all watched hosts' tables together. */
  mostRows?: number;
}

const tickMs = 1_000;

export function createLiveHub({ hashKey, log, now = Date.now, mostRows }: LiveHubOptions): LiveHub {
  const ids = createIds(hashKey);
  const fleet = new Fleet();
  const agents = new Map<number, { link: AgentLink; session: AgentSession }>();
  const watched = new Map<number, WatchedHost>();
  const fleetListeners = new Set<(tick: FleetTick) => void>();
  const counts = noCounts();
  const room = new Room(mostRows);
  const nowUs = (): number => now() * 1000;

  const announce = (changes: StatusChange[]): void => {
    for (const { hostId, status } of changes) {
      log.debug({ event: 'host-status', hostId, status });
      watched.get(hostId)?.statusChanged();
    }
  };

  const watch = (hostId: number): WatchedHost => {
    const known = watched.get(hostId);
    if (known) return known;
    const host = new WatchedHost({
      hostId,
      ids,
      now,
      counts,
      room,
      status: () => fleet.status(hostId),
      history: () => fleet.history(hostId, nowUs()),
    });
    watched.set(hostId, host);
    const agent = agents.get(hostId);
    if (agent) host.connected(agent.link, agent.session);
    return host;
  };

  const tick = (): void => {
    announce(fleet.transitions(nowUs()));
    for (const [hostId, host] of watched) {
      host.tick();
      if (!host.idle) continue;
      watched.delete(hostId);
      host[Symbol.dispose]();
    }
    const changes = fleet.changes(nowUs());
    for (const listener of fleetListeners) listener(changes);
  };
  const timer = setInterval(tick, tickMs).unref();

  return {
    connected(link, session) {
      if (agents.has(link.hostId)) watched.get(link.hostId)?.disconnected();
      agents.set(link.hostId, { link, session });
      announce(fleet.connected(link.hostId, nowUs()));
      watched.get(link.hostId)?.connected(link, session);
    },
    disconnected(link) {
      if (agents.get(link.hostId)?.link !== link) return;
      agents.delete(link.hostId);
      fleet.disconnected(link.hostId);
      watched.get(link.hostId)?.disconnected();
    },
    pulse(hostId, pulse) {
      const session = agents.get(hostId)?.session;
      if (session === undefined) return;
      announce(fleet.pulse(hostId, pulse, absoluteUs({ offsetUs: session.offsetUs() }, pulse.boottimeUs), nowUs()));
    },
    frame(hostId, frame) {
      const host = watched.get(hostId);
      if (host) host.frame(frame);
      else counts.framesUnwanted++;
    },
    status: (hostId) => fleet.status(hostId),
    lastPulse: (hostId) => fleet.lastPulse(hostId),
    history: (hostId) => fleet.history(hostId, nowUs()),
    fleetTick: () => fleet.complete(nowUs()),
    subscribeFleet(listener) {
      fleetListeners.add(listener);
      return { [Symbol.dispose]: () => void fleetListeners.delete(listener) };
    },
    watchHost: (hostId, want, listener) => watch(hostId).addViewer(want, listener),
    tables: async (hostId, sections, timeoutMs) =>
      fleet.status(hostId) === 'live' ? watch(hostId).tables(sections, timeoutMs) : undefined,
    setHosts: (hosts) => announce(fleet.setDirectory(hosts, nowUs())),
    directoryChanged: () => fleet.directoryChanged(),
    closeHost: (hostId, reason) => agents.get(hostId)?.link.close(reason),
    counters: () => ({
      agentsConnected: agents.size,
      hostsWatched: watched.size,
      hostViewers: [...watched.values()].reduce((sum, host) => sum + host.viewers, 0),
      fleetViewers: fleetListeners.size,
      liveRows: room.used,
      liveRowsRefusedTotal: room.refused,
      ...fleet.counts(),
      ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${name}Total`, count])),
    }),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function noCounts(): LiveCounts {
  return {
    frames: 0,
    framesUnwanted: 0,
    framesJumped: 0,
    framesMalformed: 0,
    rowsRejected: 0,
    updatesSent: 0,
    tableRequestsRefused: 0,
  };
}
