// The segments of the last ten minutes in memory, added as they are committed: which connections are open, without a search.
import { limits } from '@foretop/proto';
import { cleanText } from '../host-text.ts';
import type { ConnectionFilter } from '../queries/connection-filter.ts';
import type { ConnectionCount, ConnectionKey, ConnectionQuery, ConnectionTime } from '../queries/connections.ts';
import type { Hash64 } from '../siphash.ts';
import { FacetTally, type RecentFacets } from './facet-tally.ts';
import { FirstRows, type OrderedKey } from './first-rows.ts';
import { HostSegments } from './host-segments.ts';
import { recentTest, type RowTest } from './recent-filter.ts';
import { SharedTexts } from './shared-texts.ts';

/** A batch's segments, as it was decoded and committed. Times count from its boot. */
export interface CommittedSegments {
  /** Not cleaned. */
  strings: readonly string[];
  segments: readonly {
    connection: Hash64;
    process: Hash64 | null;
    segment: {
      startUs: number;
      endUs: number;
      startedUs: number;
      closed: boolean;
      comm: number;
      protocol: number;
      state: number;
      direction: number;
      remoteAddress: Uint8Array;
      rxBytes?: number | null;
      txBytes?: number | null;
      connectionCount: number;
    };
  }[];
}

/**
 * Answers as the database would, or not at all: for an instant of the last five minutes, if every row that can speak for it
 * came by here. That is only so where no other collector writes.
 */
export interface RecentSegments {
  /** After the commit, so that whoever reads here finds the rows there. */
  add(batch: { hostId: number; offsetUs: number }, committed: CommittedSegments): void;
  /** undefined: ask the database. */
  count(time: ConnectionTime): ConnectionCount[] | undefined;
  /** undefined: ask the database. */
  facets(query: { time: ConnectionTime; filter: ConnectionFilter }): RecentFacets | undefined;
  /** The rows of a page, in order. undefined: ask the database. */
  page(query: ConnectionQuery): OrderedKey[] | undefined;
  /** Rows were taken out of the database, or may have come into it unseen: what is here may not be what is there. */
  forget(): void;
  /** For /metrics. */
  counters(): Record<string, number>;
}

export interface RecentOptions {
  /** Between the end of a connection's segment and that of its next one pass at most so many, µs. */
  reachUs: number;
  /** Unix milliseconds. */
  now?: () => number;
  /** 84 bytes each, and their texts. Beyond it all are let go, and answers come from the database. */
  mostRows?: number;
}

const mostRowsUsual = 1_500_000;
/** A row may be committed so long before its end: what ingest takes of clocks that differ. */
const futureUs = 60_000_000;
const sweepEveryUs = 30_000_000;

export function createRecentSegments(options: RecentOptions): RecentSegments {
  const { reachUs, mostRows = mostRowsUsual } = options;
  const nowUs = () => (options.now ?? Date.now)() * 1000;
  let texts = new SharedTexts();
  let hosts = new Map<number, Kept>();
  /** No row that ends later was committed before this came into being. */
  let completeFromUs = nowUs() + futureUs;
  /** Rows that speak only for earlier instants were let go. */
  let keptFromUs = -Infinity;
  let rows = 0;
  let sweptUs = nowUs();
  const counts = { answers_total: 0, overflows_total: 0 };

  const forget = (): void => {
    texts = new SharedTexts();
    hosts = new Map();
    rows = 0;
    completeFromUs = nowUs() + futureUs;
  };

  const sweep = (host: Kept, atUs: number): void => {
    const before = host.segments.length;
    keptFromUs = Math.max(keptFromUs, atUs - reachUs);
    host.segments.sweep(atUs - reachUs, reachUs);
    host.sweptUs = atUs;
    rows += host.segments.length - before;
  };

  /** Of hosts that send nothing any more; the others are swept as they send. */
  const sweepSilent = (atUs: number): void => {
    sweptUs = atUs;
    for (const [hostId, host] of hosts) {
      if (atUs - host.sweptUs > 2 * sweepEveryUs) sweep(host, atUs);
      if (host.segments.length === 0) hosts.delete(hostId);
    }
  };

  const knows = (time: ConnectionTime): time is { atUs: number; nowUs: number } =>
    'atUs' in time &&
    time.atUs > time.nowUs - reachUs &&
    time.atUs >= keptFromUs &&
    time.atUs - reachUs > completeFromUs;

  return {
    add({ hostId, offsetUs }, { strings, segments }) {
      const atUs = nowUs();
      if (atUs - sweptUs > 10 * sweepEveryUs) sweepSilent(atUs);
      if (segments.length === 0) return;
      let host = hosts.get(hostId);
      if (host === undefined) hosts.set(hostId, (host = { segments: new HostSegments(texts), sweptUs: atUs }));
      else if (atUs - host.sweptUs > sweepEveryUs) sweep(host, atUs);
      const before = host.segments.length;
      const sinceUs = atUs - 2 * reachUs;
      const comms: string[] = [];
      for (const { connection, process, segment } of segments) {
        const endUs = segment.endUs + offsetUs;
        if (endUs <= sinceUs) continue;
        host.segments.add({
          connection,
          startUs: segment.startUs + offsetUs,
          endUs,
          startedUs: segment.startedUs + offsetUs,
          closed: segment.closed,
          folded: segment.connectionCount > 1,
          comm: (comms[segment.comm] ??= cleanText(strings[segment.comm], limits.commLength)),
          process,
          remoteAddress: segment.remoteAddress,
          protocol: segment.protocol,
          state: segment.state,
          direction: segment.direction,
          rxBytes: segment.rxBytes ?? null,
          txBytes: segment.txBytes ?? null,
        });
      }
      rows += host.segments.length - before;
      // What was not kept speaks for no instant after this one.
      keptFromUs = Math.max(keptFromUs, sinceUs + reachUs);
      if (rows <= mostRows) return;
      counts.overflows_total++;
      forget();
    },
    count(time) {
      if (!knows(time)) return undefined;
      counts.answers_total++;
      return [...hosts].flatMap(([hostId, { segments }]) => countHost(hostId, segments, time.atUs, reachUs, texts));
    },
    facets({ time, filter }) {
      const test = knows(time) ? recentTest(filter, texts) : undefined;
      if (test === undefined || !knows(time)) return undefined;
      counts.answers_total++;
      const tally = new FacetTally(texts);
      for (const hostId of new Set(filter.hostIds ?? hosts.keys())) {
        const host = hosts.get(hostId)?.segments;
        if (host !== undefined)
          tally.add(hostId, host, (row) => host.speaksAt(row, time.atUs, reachUs) && test(host, row));
      }
      return tally.facets();
    },
    page({ time, filter, sort, limit, after }) {
      const value = sortValues[sort.column];
      if (!knows(time) || value === undefined) return undefined;
      const test = recentTest(filter, texts);
      if (test === undefined) return undefined;
      counts.answers_total++;
      const first = new FirstRows(limit, sort.descending, after && orderedKey(after));
      for (const hostId of new Set(filter.hostIds ?? hosts.keys())) {
        const host = hosts.get(hostId)?.segments;
        if (host !== undefined) lookAt(host, hostId, time.atUs, reachUs, { test, value, first });
      }
      return first.rows();
    },
    forget,
    counters: () => ({ ...counts, rows, hosts: hosts.size, texts: texts.size }),
  };
}

interface Kept {
  segments: HostSegments;
  sweptUs: number;
}

interface Looking {
  test: RowTest;
  value: (host: HostSegments, row: number) => number | null;
  first: FirstRows;
}

function lookAt(host: HostSegments, hostId: number, atUs: number, reachUs: number, looking: Looking): void {
  const { test, value, first } = looking;
  for (let row = 0; row < host.length; row++) {
    if (host.speaksAt(row, atUs, reachUs) && test(host, row))
      first.look(value(host, row), hostId, host.high[row]!, host.low[row]!, host.endUs[row]!);
  }
}

function countHost(
  hostId: number,
  host: HostSegments,
  atUs: number,
  reachUs: number,
  texts: SharedTexts,
): ConnectionCount[] {
  const counts = new Map<number, number>();
  for (let row = 0; row < host.length; row++) {
    if (!host.speaksAt(row, atUs, reachUs)) continue;
    const key = host.comm[row]! * 65_536 + host.protocol[row]! * 256 + host.state[row]!;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Array.from(counts, ([key, connections]) => ({
    hostId,
    process: texts.at(Math.floor(key / 65_536)),
    protocol: (key >> 8) & 255,
    state: key & 255,
    connections,
  }));
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

const rateOf =
  (column: 'rxBytes' | 'txBytes') =>
  (host: HostSegments, row: number): number | null => {
    const seconds = (host.endUs[row]! - host.startUs[row]!) / 1_000_000;
    const bytes = host[column][row]!;
    return seconds === 0 || Number.isNaN(bytes) ? null : roundHalfEven(bytes / seconds);
  };

/** The columns that rows here can be sorted by, with the values that the database would sort by. */
const sortValues: Partial<Record<ConnectionQuery['sort']['column'], Looking['value']>> = {
  rxRate: rateOf('rxBytes'),
  txRate: rateOf('txBytes'),
  rxBytes: (host, row) => known(host.rxBytes[row]!),
  txBytes: (host, row) => known(host.txBytes[row]!),
  startedAt: (host, row) => host.startedUs[row]!,
};

/** As Postgres rounds float8. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

function orderedKey({ value, hostId, id, endUs }: ConnectionKey): OrderedKey {
  const bits = BigInt(`0x${id}`);
  return {
    value: value === null ? null : Number(value),
    hostId,
    high: Number(BigInt.asIntN(32, bits >> 32n)),
    low: Number(BigInt.asIntN(32, bits)),
    endUs,
  };
}
