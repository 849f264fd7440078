// Closed connections on their way to a flush: a flood of short ones of one process to or from one service becomes one row, as it
// comes, that keeps their number and sums. So a flood takes no more memory than a few of each kind.
import { Direction, limits } from '@foretop/proto';
import { addCounters } from './counters.ts';
import type { SegmentRow } from './segments.ts';

/** More closes than this in one flush with the same process, direction and service port become one row. */
export const foldAbove = 50;

export interface FoldingBounds {
  /** Rows waiting beyond which what is new is folded at once, by process and direction, whatever its port. */
  coarseAbove: number;
  /** Rows waiting; more are lost. */
  rowsMax: number;
}

const defaults: FoldingBounds = { coarseAbove: 10_000, rowsMax: limits.batchRows };

/** Rows of one process, direction and service: as they are while they are few, then their sum. */
type Group = { rows: SegmentRow[]; sum: undefined } | { rows: undefined; sum: SegmentRow };

export class ClosedRows {
  readonly #bounds: FoldingBounds;
  #kept: SegmentRow[] = [];
  #groups = new Map<string, Group>();
  #waiting = 0;

  constructor(bounds: FoldingBounds = defaults) {
    this.#bounds = bounds;
  }

  /**
   * Only connections that lived between two flushes are folded: one that already has a row of its own needs its own end.
   * Addresses and ports on which folded ones differ are all zero. @returns false when there is no room.
   */
  add(row: SegmentRow): boolean {
    if (!row.closed || row.ended) return this.#keep(row);
    const key = keyOf(row, servicePort(row));
    const group = this.#groups.get(key);
    if (group) return this.#join(key, group, row);
    if (this.#waiting < this.#bounds.coarseAbove) return this.#begin(key, { rows: [row], sum: undefined });
    const coarse = keyOf(row, 'any port');
    const others = this.#groups.get(coarse);
    return others ? this.#join(coarse, others, row) : this.#begin(coarse, { rows: undefined, sum: sumOf(row) });
  }

  /** All that waits, in the order of its first rows. */
  take(): SegmentRow[] {
    const rows = this.#kept;
    for (const group of this.#groups.values()) {
      if (group.sum) rows.push(group.sum);
      else for (const row of group.rows) rows.push(row);
    }
    this.#kept = [];
    this.#groups = new Map();
    this.#waiting = 0;
    return rows;
  }

  #keep(row: SegmentRow): boolean {
    if (this.#waiting >= this.#bounds.rowsMax) return false;
    this.#waiting++;
    this.#kept.push(row);
    return true;
  }

  #begin(key: string, group: Group): boolean {
    if (this.#waiting >= this.#bounds.rowsMax) return false;
    this.#waiting++;
    this.#groups.set(key, group);
    return true;
  }

  #join(key: string, group: Group, row: SegmentRow): boolean {
    if (group.sum) {
      join(group.sum, row);
    } else if (group.rows.length < foldAbove && this.#waiting < this.#bounds.rowsMax) {
      group.rows.push(row);
      this.#waiting++;
    } else {
      const sum = sumOf(group.rows[0]!);
      for (const other of group.rows.slice(1)) join(sum, other);
      join(sum, row);
      this.#groups.set(key, { rows: undefined, sum });
      this.#waiting -= group.rows.length - 1;
    }
    return true;
  }
}

function servicePort({ connection: { direction, localPort, remotePort } }: SegmentRow): number {
  return direction === Direction.DIRECTION_INBOUND ? localPort : remotePort;
}

function keyOf({ connection }: SegmentRow, port: number | string): string {
  const { protocol, pid, pidStartTicks, direction, localAddress } = connection;
  return `${protocol} ${pid} ${pidStartTicks} ${direction} ${localAddress.length} ${port}`;
}

/** A row of its own to add others to. */
function sumOf(row: SegmentRow): SegmentRow {
  return { ...row, connection: { ...row.connection }, rttUs: undefined };
}

function join(sum: SegmentRow, row: SegmentRow): void {
  const endUs = Math.max(sum.endUs, row.endUs);
  Object.assign(sum, addCounters(sum, row));
  sum.startedUs = Math.min(sum.startedUs, row.startedUs);
  sum.startUs = Math.max(Math.min(sum.startUs, row.startUs), endUs - limits.segmentSpanUs);
  sum.endUs = endUs;
  sum.connectionCount += row.connectionCount;
  keepCommon(sum.connection, row.connection);
}

/** Clears that in which they differ. */
function keepCommon(common: SegmentRow['connection'], other: SegmentRow['connection']): void {
  for (const field of ['localAddress', 'remoteAddress'] as const)
    if (Buffer.compare(other[field], common[field]) !== 0) common[field] = new Uint8Array(common[field].length);
  if (other.localPort !== common.localPort) common.localPort = 0;
  if (other.remotePort !== common.remotePort) common.remotePort = 0;
  if (other.name !== common.name) common.name = common.nameSource = undefined;
  if (other.alpn !== common.alpn) common.alpn = undefined;
}
