// Folds a flood of short connections of one process to or from one service into one row that keeps their number and sums.
import { Direction, limits } from '@foretop/proto';
import { addCounters } from './counters.ts';
import type { SegmentRow } from './segments.ts';

/** More closes than this in one flush with the same process, direction and service port become one row. */
export const foldAbove = 50;

/**
 * Only connections that lived between two flushes are folded: one that already has a row of its own needs its own end.
 * Sums and counts are kept; addresses and ports on which the folded ones differ are all zero.
 */
export function foldCloses(rows: SegmentRow[]): SegmentRow[] {
  if (rows.length <= foldAbove) return rows;
  const kept: SegmentRow[] = [];
  const groups = new Map<string, SegmentRow[]>();
  for (const row of rows) {
    if (!row.closed || row.ended) kept.push(row);
    else groupOf(groups, row).push(row);
  }
  for (const group of groups.values()) {
    if (group.length > foldAbove) kept.push(fold(group));
    else kept.push(...group);
  }
  return kept;
}

function groupOf(groups: Map<string, SegmentRow[]>, row: SegmentRow): SegmentRow[] {
  const { protocol, pid, pidStartTicks, direction, localAddress, localPort, remotePort } = row.connection;
  const servicePort = direction === Direction.DIRECTION_INBOUND ? localPort : remotePort;
  const key = [protocol, pid, pidStartTicks, direction, servicePort, localAddress.length].join();
  let group = groups.get(key);
  if (!group) groups.set(key, (group = []));
  return group;
}

function fold(group: SegmentRow[]): SegmentRow {
  const first = group[0]!;
  const sum = group.reduce(join);
  return { ...sum, connection: commonConnection(first, group), rttUs: undefined };
}

function join(sum: SegmentRow, row: SegmentRow): SegmentRow {
  const endUs = Math.max(sum.endUs, row.endUs);
  return {
    ...sum,
    ...addCounters(sum, row),
    startedUs: Math.min(sum.startedUs, row.startedUs),
    startUs: Math.max(Math.min(sum.startUs, row.startUs), endUs - limits.segmentSpanUs),
    endUs,
    connectionCount: sum.connectionCount + row.connectionCount,
  };
}

function commonConnection(first: SegmentRow, group: SegmentRow[]): SegmentRow['connection'] {
  const connection = { ...first.connection };
  const same = (field: 'localAddress' | 'remoteAddress') =>
    group.every((row) => Buffer.compare(row.connection[field], connection[field]) === 0);
  const samePort = (field: 'localPort' | 'remotePort') =>
    group.every((row) => row.connection[field] === connection[field]);
  if (!same('localAddress')) connection.localAddress = new Uint8Array(connection.localAddress.length);
  if (!same('remoteAddress')) connection.remoteAddress = new Uint8Array(connection.remoteAddress.length);
  if (group.some(({ connection: { name } }) => name !== connection.name)) {
    connection.name = connection.nameSource = undefined;
  }
  if (group.some(({ connection: { alpn } }) => alpn !== connection.alpn)) connection.alpn = undefined;
  if (!samePort('localPort')) connection.localPort = 0;
  if (!samePort('remotePort')) connection.remotePort = 0;
  return connection;
}
