// All that is known of one connection: itself, its process and parents, what is stored of it, and its other end.
import type { Connection, ConnectionDetail, ConnectionPeer, Process } from '@foretop/proto/api';
import type { LiveHub, LiveTables } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { createIds, type Ids } from '../../store/ids.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import {
  type Ends,
  selectHostsWith,
  selectNewestSegment,
  selectPeer,
  sumSegments,
} from '../../store/queries/connection-detail.ts';
import { selectConnections } from '../../store/queries/connections.ts';
import { selectParents, selectProcess } from '../../store/queries/processes.ts';
import { type PlaceSource, rowsWaitMs } from './place-filter.ts';
import { connectionSections, liveConnections } from './live-connections.ts';
import { liveProcesses, storedProcess } from './process-rows.ts';
import { storedConnection } from './stored-connections.ts';

const liveAnswerMs = 2_000;
/** Live hosts that are asked for the other end of a connection that is not stored yet. */
const mostLivePeers = 3;

export interface DetailOptions {
  store: Store;
  live: LiveHub;
  places: PlaceSource;
  now: () => number;
}

/** undefined: it is neither live nor stored. Nothing is told of another end on a host outside `inSight`. */
export type FindConnection = (
  hostId: number,
  id: string,
  inSight: ReadonlySet<number>,
) => Promise<ConnectionDetail | undefined>;

export function createConnectionDetail({ store, live, places, now }: DetailOptions): FindConnection {
  const ids = createIds(store.hashKey);

  const stored = (hostId: number, id: string) =>
    boundedRead(store.db, async (db) => {
      const newest = await selectNewestSegment(db, { hostId, id, nowUs: now() * 1000 });
      if (newest === undefined) return undefined;
      const totals = await sumSegments(db, { hostId, id, ...newest });
      const time = { fromUs: newest.startedUs, toUs: newest.endUs + 1, nowUs: newest.endUs + 1 };
      const [row] = await selectConnections(db, {
        time,
        filter: { hostIds: [hostId], connectionId: id },
        sort: { column: 'startedAt', descending: true },
        limit: 1,
      });
      return row && { connection: storedConnection(row), totals, endUs: newest.endUs };
    });

  const ownerOf = async (connection: Connection, running: Process[] | undefined) => {
    const id = connection.processId?.split('-')[1];
    if (id === undefined) return { process: null, parents: [] };
    const { hostId } = connection;
    const row = await selectProcess(store.db, hostId, id);
    const nowUs = now() * 1000;
    const process =
      running?.find((candidate) => candidate.id === connection.processId) ??
      (row === undefined ? null : storedProcess(hostId, row, nowUs));
    const parents = await selectParents(store.db, hostId, id);
    return { process, parents: parents.map((parent) => storedProcess(hostId, parent, nowUs)) };
  };

  const peerOf = async (
    connection: Connection,
    id: string,
    aboutUs: number,
    inSight: ReadonlySet<number>,
  ): Promise<ConnectionPeer | null> => {
    const { hostId, remoteAddress, remotePort, localAddress, localPort } = connection;
    if (remoteAddress === null || remotePort === null) return null;
    const protocol = connection.protocol === 'udp' ? 17 : 6;
    const ends = { protocol, localAddress, localPort, remoteAddress, remotePort };
    const hosts = (await selectHostsWith(store.db, hostId, remoteAddress)).filter((host) => inSight.has(host.hostId));
    if (hosts.length === 0) return null;
    const names = new Map(hosts.map((host) => [host.hostId, host.name]));
    const row = await boundedRead(store.db, (db) =>
      selectPeer(db, { hostIds: [...names.keys()], ends, not: { hostId, id }, aboutUs }),
    );
    if (row !== undefined) {
      return {
        hostId: row.hostId,
        hostName: names.get(row.hostId) ?? '',
        connectionId: `${row.hostId}-${row.id}`,
        pid: row.pid,
        process: row.process || null,
        processId: row.processId === null ? null : `${row.hostId}-${row.processId}`,
        joinedBy: 'five-tuple',
      };
    }
    return livePeer([...names], ends, connection.id);
  };

  const livePeer = async (
    hosts: readonly (readonly [hostId: number, name: string])[],
    ends: Ends,
    not: string,
  ): Promise<ConnectionPeer | null> => {
    for (const [hostId, hostName] of hosts.filter(([id]) => live.status(id) === 'live').slice(0, mostLivePeers)) {
      const tables = await live.tables(hostId, connectionSections, liveAnswerMs);
      const found = tables && mirrored(hostId, tables, ends, not, ids);
      if (found === undefined) continue;
      const { id: connectionId, pid, process, processId } = found;
      return { hostId, hostName, connectionId, pid, process, processId, joinedBy: 'five-tuple' };
    }
    return null;
  };

  return async (hostId, id, inSight) => {
    const tables = await live.tables(hostId, connectionSections, liveAnswerMs);
    const current = tables && liveConnections({ hostId }, tables, {}, ids).find((row) => row.id === `${hostId}-${id}`);
    const running = tables && liveProcesses(hostId, tables, ids);
    const history = await stored(hostId, id);
    const connection = current ?? history?.connection;
    if (connection === undefined) return undefined;
    const asOfUs = current === undefined || tables === undefined ? history!.endUs : tables.asOfUs;
    const { totals } = history ?? {};
    const { remoteAddress } = connection;
    await places.ready(remoteAddress === null ? [] : [remoteAddress], rowsWaitMs);
    return {
      asOf: new Date(asOfUs / 1000).toISOString(),
      source: current === undefined ? 'history' : 'live',
      connection: { ...connection, place: places.rowPlace(remoteAddress) },
      ...(await ownerOf(connection, running)),
      stored: totals ? { ...totals, from: totals.from.toISOString(), to: totals.to.toISOString() } : null,
      peer: await peerOf(connection, id, asOfUs, inSight),
    };
  };
}

/** A row that has the same ends the other way round. */
function mirrored(hostId: number, tables: LiveTables, ends: Ends, not: string, ids: Ids): Connection | undefined {
  const port = { any: [{ least: ends.remotePort, most: ends.remotePort }], none: [] };
  return liveConnections({ hostId }, tables, { port }, ids).find(
    (row) =>
      row.id !== not &&
      (row.protocol === 'udp' ? 17 : 6) === ends.protocol &&
      row.localAddress === ends.remoteAddress &&
      row.localPort === ends.remotePort &&
      row.remoteAddress === ends.localAddress &&
      row.remotePort === ends.localPort,
  );
}
