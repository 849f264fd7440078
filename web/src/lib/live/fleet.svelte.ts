// Every host of the fleet: what the directory says about it and what its last pulses said. One number changes a tick, not a thousand.
import type { Host, HostStatusName, List } from '@foretop/proto/api';
import type { FleetTick } from '@foretop/proto/live';
import { visible } from '../format/visible.ts';
import { createSeriesRing, type SeriesRing } from '../time/series-ring.ts';

export interface FleetHost {
  key: number;
  name: string;
  addresses: string[];
  status: HostStatusName;
  lastSeenMs: number | null;
  rxRate: number | null;
  txRate: number | null;
  connections: number | null;
  cpuPermille: number | null;
  memoryUsedBytes: number | null;
  memoryTotalBytes: number | null;
  /** The last pulses, one a second. */
  series: SeriesRing;
  /** Lower case, for filters. */
  search: string;
  host: Host;
}

const statusNames: readonly (HostStatusName | undefined)[] = [undefined, 'live', 'stale', 'offline', 'revoked'];
const pageSize = 500;

export interface FleetOptions {
  fetchPage(path: string): Promise<List<Host>>;
  onError(error: unknown): void;
}

export class Fleet {
  /** Counts up with everything that changes; what is drawn depends on it and reads the plain fields. */
  version = $state(0);
  /** Whether the directory has been read. */
  loaded = $state(false);
  readonly hosts = new Map<number, FleetHost>();
  #directoryVersion: number | undefined;
  #reading: Promise<void> | undefined;
  #again = false;
  /** The last whole tick, and where in it each host is: it came before the directory did and alone holds the minute before. */
  #early: { tick: FleetTick; indexes: ReadonlyMap<number, number> } | undefined;
  readonly #options: FleetOptions;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  apply(tick: FleetTick): void {
    const strangers = this.#applyColumns(tick);
    if (tick.complete && strangers) {
      const indexes = new Map(tick.hostId?.map((id, index) => [id, index]));
      this.#early = { tick, indexes };
    }
    const directoryVersion = tick.directoryVersion ?? 0;
    if (strangers || directoryVersion !== this.#directoryVersion) void this.read();
    this.#directoryVersion = directoryVersion;
    this.version++;
  }

  /** @returns whether there is a host in it that the directory did not name. */
  #applyColumns(tick: FleetTick): boolean {
    let strangers = false;
    const ids = tick.hostId ?? [];
    for (let i = 0; i < ids.length; i++) {
      const host = this.hosts.get(ids[i]!);
      if (!host) strangers = true;
      else {
        if (tick.complete) fillMinute(host, tick, i);
        applyPulse(host, tick, i);
      }
    }
    return strangers;
  }

  /** Reads the directory; calls during a read lead to one more read after it. */
  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll();
    await this.#reading;
    this.#reading = undefined;
    if (this.#again) {
      this.#again = false;
      setTimeout(() => void this.read(), 1000);
    }
  }

  async #readAll(): Promise<void> {
    try {
      const found = new Set<number>();
      let cursor: string | null = null;
      do {
        const page = await this.#options.fetchPage(
          `/hosts?limit=${pageSize}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
        );
        for (const host of page.items) {
          found.add(host.id);
          this.#enter(host);
        }
        cursor = page.nextCursor;
      } while (cursor);
      for (const id of this.hosts.keys()) if (!found.has(id)) this.hosts.delete(id);
      this.#early = undefined;
      this.loaded = true;
      this.version++;
    } catch (error) {
      this.#options.onError(error);
    }
  }

  #enter(host: Host): void {
    const before = this.hosts.get(host.id);
    const name = visible(host.name);
    const addresses = host.addresses.map(visible);
    const directory = {
      host: { ...host, os: visible(host.os) },
      name,
      addresses,
      search: `${name} ${addresses.join(' ')} ${host.os}`.toLowerCase(),
    };
    if (before) {
      Object.assign(before, directory);
      return;
    }
    const entered = { ...firstPulse(host), ...directory };
    this.hosts.set(host.id, entered);
    // At once: ticks go on while further pages of the directory are read.
    const index = this.#early?.indexes.get(host.id);
    if (index === undefined) return;
    fillMinute(entered, this.#early!.tick, index);
    applyPulse(entered, this.#early!.tick, index);
  }
}

function firstPulse(host: Host): Omit<FleetHost, 'host' | 'name' | 'addresses' | 'search'> {
  return {
    key: host.id,
    status: host.status,
    lastSeenMs: host.lastSeenAt ? Date.parse(host.lastSeenAt) : null,
    rxRate: host.rxRate,
    txRate: host.txRate,
    connections: host.connections,
    cpuPermille: host.cpuPercent === null ? null : host.cpuPercent * 10,
    memoryUsedBytes: host.memoryUsedBytes,
    memoryTotalBytes: host.memoryBytes,
    series: createSeriesRing(64),
  };
}

/** Seconds of history that a complete tick carries for each host. */
const historySeconds = 60;

/** Starts a series with the minute that went before, so that a page just opened is not empty. */
function fillMinute(host: FleetHost, tick: FleetTick, i: number): void {
  if (host.series.length > 0) return;
  const nowMs = (tick.timeUs ?? 0) / 1000;
  // The last entry is the second of the tick itself, which applyPulse adds.
  for (let second = 0; second < historySeconds - 1; second++) {
    const rxRate = tick.rxHistory?.[i * historySeconds + second] ?? 0;
    const txRate = tick.txHistory?.[i * historySeconds + second] ?? 0;
    if (rxRate === 0 || txRate === 0) continue; // unknown; a known rate is sent as value + 1
    const timeMs = nowMs - (historySeconds - 1 - second) * 1000;
    host.series.push({ timeMs, rxRate: rxRate - 1, txRate: txRate - 1, stepMs: 1000 });
  }
}

function applyPulse(host: FleetHost, tick: FleetTick, i: number): void {
  host.status = statusNames[tick.status?.[i] ?? 0] ?? host.status;
  const lastSeenMs = (tick.lastSeenUs?.[i] ?? 0) / 1000;
  if (lastSeenMs > 0) host.lastSeenMs = lastSeenMs;
  if (host.status !== 'live') {
    host.rxRate = host.txRate = host.connections = host.cpuPermille = host.memoryUsedBytes = null;
    return;
  }
  host.rxRate = tick.rxRate?.[i] ?? 0;
  host.txRate = tick.txRate?.[i] ?? 0;
  host.connections = tick.connections?.[i] ?? 0;
  host.cpuPermille = tick.cpuPermille?.[i] ?? 0;
  host.memoryUsedBytes = tick.memoryUsedBytes?.[i] ?? 0;
  host.memoryTotalBytes = tick.memoryTotalBytes?.[i] || host.memoryTotalBytes;
  host.series.push({
    timeMs: lastSeenMs || (tick.timeUs ?? 0) / 1000,
    rxRate: host.rxRate,
    txRate: host.txRate,
    stepMs: 1000,
  });
}
