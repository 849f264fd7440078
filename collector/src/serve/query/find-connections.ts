// Answers every question about connections: now from the live tables where that can be, else from the history.
import type { Connection, ConnectionFacets, ConnectionList, UnknownSpan } from '@foretop/proto/api';
import { z } from 'zod';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { createIds } from '../../store/ids.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import type { ConnectionFilter } from '../../store/queries/connection-filter.ts';
import { sortColumns } from '../../store/queries/connection-sort.ts';
import { connectionsQuery, type ConnectionTime, selectConnections } from '../../store/queries/connections.ts';
import { selectFacets } from '../../store/queries/facets.ts';
import { type HostSpanRow, selectGaps } from '../../store/queries/gaps.ts';
import { streamRows } from '../../store/queries/stream-rows.ts';
import { portionsOf } from '../export/export.ts';
import { decodeCursor, encodeCursor, fingerprint } from './cursor.ts';
import { countFacets, facetsOf } from './facets.ts';
import { type ConnectionOrder, connectionSections, farAddresses, liveConnections } from './live-connections.ts';
import { sortRows } from './order.ts';
import { farEndFilter, type PlaceFilter, type PlaceSource, placeTest, rowsWaitMs } from './place-filter.ts';
import { createSnapshots, snapshotPosition } from './snapshots.ts';
import { checkSortValue } from './sort-value.ts';
import { storedConnection } from './stored-connections.ts';
import { mostUnknownSpans, recordDelayUs, unknownSpans } from './unknown-spans.ts';

/** A lease on more hosts at once would cost the fleet more than the answer is worth. */
export const mostLiveHosts = 20;
const liveAnswerMs = 2_000;
const addressColumns = ['localAddress', 'remoteAddress'] as const;

export interface ConnectionQuestion {
  /** Hosts asked about; revoked ones are left out unless they were named. */
  hosts: readonly HostSpanRow[];
  /** The hosts were named, rather than being all there are. */
  named: boolean;
  filter: QuestionFilter;
  sort: ConnectionOrder;
  limit: number;
  cursor: string | undefined;
  /** undefined: now. */
  time: { atUs: number } | { fromUs: number; toUs: number } | undefined;
}

export type QuestionFilter = Omit<ConnectionFilter, 'hostIds' | 'remoteAddresses' | 'addressesOfWords'> & {
  place?: PlaceFilter | undefined;
};

export interface LiveAnswer {
  asOfUs: number;
  connections: Connection[];
  unknown: UnknownSpan[];
}

export interface ConnectionFinder {
  /** Throws RequestError. */
  find(question: ConnectionQuestion): Promise<ConnectionList>;
  /** undefined: too many hosts are live, or none of them answered. */
  live(hosts: readonly HostSpanRow[], filter: QuestionFilter): Promise<LiveAnswer | undefined>;
  /** All rows that `find` would page through, in portions. */
  all(
    question: Omit<ConnectionQuestion, 'limit' | 'cursor'>,
    signal: AbortSignal,
  ): AsyncIterable<readonly Connection[]>;
  /** Rows of the history that are open or active, counted. Throws RequestError. */
  facets(question: Omit<ConnectionQuestion, 'limit' | 'cursor' | 'sort'>): Promise<ConnectionFacets>;
  counters(): Record<string, number>;
}

export interface FinderOptions {
  store: Store;
  live: LiveHub;
  places: PlaceSource;
  keptDays: number;
  now?: () => number;
}

interface ListContext {
  asOf: string;
  unknown: UnknownSpan[];
}

const keysetPosition = z.strictObject({
  value: z.string().max(8192).nullable(),
  hostId: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  endUs: z.int().min(0),
  time: z.union([
    z.strictObject({ atUs: z.int().min(0) }),
    z.strictObject({ fromUs: z.int().min(0), toUs: z.int().min(0) }),
  ]),
});

export function createConnectionFinder(options: FinderOptions): ConnectionFinder {
  const { store, live, places } = options;
  const nowUs = () => (options.now ?? Date.now)() * 1000;
  const ids = createIds(store.hashKey);
  const snapshots = createSnapshots<Connection, ListContext>(options.now);
  const heardUs = (host: HostSpanRow) => heardAt(live, host, nowUs());

  const fitting = async (rows: readonly Connection[], place: PlaceFilter): Promise<Connection[]> => {
    await places.ready(rows.flatMap(({ remoteAddress }) => remoteAddress ?? []));
    const test = placeTest(place, places);
    return rows.filter(({ remoteAddress }) => test(remoteAddress));
  };

  const withPlaces = async (rows: readonly Connection[]): Promise<Connection[]> => {
    await places.ready(
      rows.flatMap(({ remoteAddress }) => remoteAddress ?? []),
      rowsWaitMs,
    );
    return rows.map((row) => ({ ...row, place: places.rowPlace(row.remoteAddress) }));
  };

  /** As the tables can decide it. */
  const storedFilter = async (
    { place, ...filter }: QuestionFilter,
    time: ConnectionTime,
    hostIds: readonly number[] | undefined,
  ): Promise<ConnectionFilter> => {
    const { words } = filter;
    return { ...filter, hostIds, ...(await farEndFilter(store.db, places, { place, words }, time, hostIds)) };
  };

  const answerLive = async (
    hosts: readonly HostSpanRow[],
    { place, ...filter }: QuestionFilter,
  ): Promise<LiveAnswer | undefined> => {
    const liveHosts = hosts.filter((host) => live.status(host.hostId) === 'live');
    if (liveHosts.length === 0 || liveHosts.length > mostLiveHosts) return undefined;
    const answers = await Promise.all(
      liveHosts.map(async (host) => {
        const tables = await live.tables(host.hostId, connectionSections, liveAnswerMs);
        if (tables === undefined) return undefined;
        if (filter.words?.length) await places.ready(farAddresses(tables));
        const connections = liveConnections(host, tables, filter, ids, places);
        return { hostId: host.hostId, asOfUs: tables.asOfUs, connections };
      }),
    );
    const given = answers.filter((answer) => answer !== undefined);
    if (given.length === 0) return undefined;
    const found = given.flatMap((answer) => answer.connections);
    const connections = place === undefined ? found : await fitting(found, place);
    const asOfUs = Math.min(...given.map((answer) => answer.asOfUs));
    const answered = new Set(given.map((answer) => answer.hostId));
    const unknown = hosts
      .filter((host) => !answered.has(host.hostId))
      .map((host) => ({
        hostId: host.hostId,
        from: isoTime(heardUs(host) ?? host.enrolledAt.getTime() * 1000),
        to: isoTime(asOfUs),
        reason: 'not-live',
      }));
    return {
      asOfUs,
      connections,
      unknown: unknown.slice(0, mostUnknownSpans),
    };
  };

  /** The present as the history has it: a host that is away is shown as it was when last heard. */
  const recentInstant = (hosts: readonly HostSpanRow[]): { atUs: number } => {
    const newestUs = nowUs() - recordDelayUs;
    const heard = hosts.length === 1 ? heardUs(hosts[0]!) : undefined;
    return { atUs: Math.min(newestUs, heard ?? newestUs) };
  };

  const fromHistory = async (
    question: ConnectionQuestion,
    of: string,
    time: { atUs: number } | { fromUs: number; toUs: number },
    after: z.output<typeof keysetPosition> | undefined,
  ): Promise<ConnectionList> => {
    const { hosts, named, filter, sort, limit } = question;
    const hostIds = named ? hosts.map((host) => host.hostId) : undefined;
    const span = 'atUs' in time ? { fromUs: time.atUs, toUs: time.atUs } : time;
    const reached = withNow(time, nowUs());
    const wanted = await storedFilter(filter, reached, hostIds);
    const [rows, gaps] = await boundedRead(store.db, async (db) => [
      await selectConnections(db, { time: reached, filter: wanted, sort, limit: limit + 1, after }, store.recent),
      await selectGaps(db, { hostIds, ...span, limit: mostUnknownSpans }),
    ]);
    const last = rows.length > limit ? rows[limit - 1]! : undefined;
    const position = last && { value: last.sortValue, hostId: last.hostId, id: last.id, endUs: last.endUs, time };
    return {
      items: await withPlaces(rows.slice(0, limit).map(storedConnection)),
      nextCursor: position === undefined ? null : encodeCursor(of, position),
      asOf: isoTime(span.toUs),
      unknown: unknownSpans(hosts, gaps, span, { nowUs: nowUs(), keptDays: options.keptDays, heardUs }),
    };
  };

  return {
    async find(question) {
      const { hosts, named, filter, sort, limit, cursor, time } = question;
      const of = fingerprint([named ? hosts.map((host) => host.hostId) : 'all', filter, sort, time]);
      if (cursor !== undefined) {
        const position = decodeCursor(cursor, of, z.union([snapshotPosition, keysetPosition]));
        if ('snapshot' in position) {
          const { items, context, nextCursor } = snapshots.next(of, position, limit);
          return { items: await withPlaces(items), nextCursor, ...context };
        }
        checkSortValue(position.value, sortColumns[sort.column].type);
        return fromHistory(question, of, position.time, position);
      }
      const answer = time === undefined ? await answerLive(hosts, filter) : undefined;
      if (answer === undefined) return fromHistory(question, of, time ?? recentInstant(hosts), undefined);
      const sorted = sortRows(answer.connections, sort, addressColumns);
      const { items, context, nextCursor } = snapshots.first(of, sorted, limit, {
        asOf: isoTime(answer.asOfUs),
        unknown: answer.unknown,
      });
      return { items: await withPlaces(items), nextCursor, ...context };
    },
    live: answerLive,
    async *all(question, signal) {
      const { hosts, named, filter, sort, time } = question;
      const answer = time === undefined ? await answerLive(hosts, filter) : undefined;
      if (answer !== undefined) {
        for await (const rows of portionsOf(sortRows(answer.connections, sort, addressColumns))) yield withPlaces(rows);
        return;
      }
      const reached = withNow(time ?? recentInstant(hosts), nowUs());
      const hostIds = named ? hosts.map((host) => host.hostId) : undefined;
      const query = connectionsQuery({ time: reached, filter: await storedFilter(filter, reached, hostIds), sort });
      for await (const rows of streamRows(store.db, query, signal)) yield withPlaces(rows.map(storedConnection));
    },
    async facets({ hosts, named, filter, time }) {
      const names = new Map(hosts.map((host) => [host.hostId, host.name]));
      const answer = time === undefined ? await answerLive(hosts, filter) : undefined;
      if (answer !== undefined) {
        return { asOf: isoTime(answer.asOfUs), ...countFacets(answer.connections, names), unknown: answer.unknown };
      }
      const asked = time ?? recentInstant(hosts);
      const hostIds = named ? hosts.map((host) => host.hostId) : undefined;
      const span = 'atUs' in asked ? { fromUs: asked.atUs, toUs: asked.atUs } : asked;
      const reached = withNow(asked, nowUs());
      const wanted = await storedFilter(filter, reached, hostIds);
      const [counts, gaps] = await boundedRead(store.db, async (db) => [
        await selectFacets(db, { time: reached, filter: wanted }, store.recent),
        await selectGaps(db, { hostIds, ...span, limit: mostUnknownSpans }),
      ]);
      return {
        asOf: isoTime(span.toUs),
        ...facetsOf(counts, names),
        unknown: unknownSpans(hosts, gaps, span, { nowUs: nowUs(), keptDays: options.keptDays, heardUs }),
      };
    },
    counters: () => snapshots.counters(),
  };
}

/** When a host was last heard: now while it is live, else its last pulse or what the directory noted. */
export function heardAt(live: LiveHub, host: HostSpanRow, nowUs: number): number | undefined {
  if (live.status(host.hostId) === 'live') return nowUs;
  return (
    live.lastPulse(host.hostId)?.receivedUs ?? (host.lastSeenAt === null ? undefined : host.lastSeenAt.getTime() * 1000)
  );
}

function withNow(time: { atUs: number } | { fromUs: number; toUs: number }, nowUs: number): ConnectionTime {
  return { ...time, nowUs };
}

const isoTime = (unixUs: number) => new Date(unixUs / 1000).toISOString();
