// Turns connections into segments: what each did in a span of at most 300 s, as deltas, one row at a time.
//
// Invariant: for every connection, the deltas emitted so far add up to the counters it had at its last row, less what they
// showed when the agent first looked. Rows of one connection follow each other without overlap.
import { Direction, limits } from '@foretop/proto';
import type { Tick, TrackedConnection } from '../collect/tick.ts';
import { connectionKey, type Checkpoint, type CheckpointEntry } from './checkpoint.ts';
import { copyCounters, growthOf, noCounters, reached, type Counters } from './counters.ts';
import { ClosedRows } from './folding.ts';

export interface SegmentRow extends Counters {
  connection: TrackedConnection;
  startedUs: number;
  startedBefore: boolean;
  startUs: number;
  endUs: number;
  closed: boolean;
  rttUs?: number;
  connectionCount: number;
  /** What to remember once this row is safe on disk. */
  entry?: CheckpointEntry;
  /** Keys to forget once this row is safe on disk. */
  ended?: string[];
}

export interface Segments {
  observe(tick: Tick): void;
  /** The rows that are due. `lost` counts those that the cap cut since the last flush. */
  flush(nowUs: number, final: boolean): { rows: SegmentRow[]; lost: number };
  /** Everything emitted so far, for a checkpoint that stands alone. */
  snapshot(): CheckpointEntry[];
}

/** Rhythm of an open connection's rows. With flushes up to 10 s apart no row reaches limits.segmentSpanUs. */
const periodUs = 285_000_000;
/** A tick that comes later than this after the one before was a suspended or starved agent. */
export const stallUs = 5_000_000;
/** After a stall or a restart: how far back the next row may reach, and over what time the rows are spread. */
const resumeReachUs = 200_000_000;
const resumeSpreadUs = 60_000_000;
/**
 * Peers of this host's UDP sockets that get their first row in one flush. The others wait for the next ones: most have ended by
 * then, and a server's many short exchanges are folded instead of having two rows each.
 */
const firstRowsOfPeersMax = 500;

interface Emitted {
  connection: TrackedConnection;
  startedUs: number;
  startedBefore: boolean;
  counters: Counters;
  /** Rows reach until here. */
  untilUs: number;
  dueUs: number;
  /** Whether any row of it went out. */
  known: boolean;
}

export function createSegments(options: { restored?: Checkpoint; rowsMax?: number } = {}): Segments {
  const rowsMax = options.rowsMax ?? limits.batchRows;
  const emitted = new Map<number, Emitted>();
  let restored = options.restored;
  /** Older connections than any run of the agent in this boot: what they moved before it looked belongs to no span of its own. */
  const isFirstRun = restored === undefined;
  let open: Tick['connections'] = new Map();
  let hasLooked = false;
  const waiting = new ClosedRows();
  let lost = 0;

  const emittedOf = (connection: TrackedConnection): Emitted => {
    let entry = emitted.get(connection.handle);
    if (!entry) emitted.set(connection.handle, (entry = fresh(connection, isFirstRun)));
    entry.connection = connection;
    return entry;
  };
  const wait = (row: SegmentRow) => {
    if (!waiting.add(row)) lost++;
  };

  /** Takes over what an earlier run of this boot had emitted; what is gone by now ended while nobody looked. */
  function resume(connections: TrackedConnection[], nowUs: number, checkpoint: Checkpoint): void {
    const left = new Map(checkpoint.entries);
    for (const connection of connections) {
      const key = connectionKey(connection);
      const entry = left.get(key);
      if (!entry) continue;
      left.delete(key);
      emitted.set(connection.handle, taken(entry, connection));
      cut(connection, checkpoint.aliveUs, nowUs);
      emittedOf(connection).dueUs = nowUs;
    }
    for (const [key, entry] of left) wait(vanished(key, entry, checkpoint.aliveUs));
  }

  /**
   * Ends a connection's row where the agent last looked, before a span that nobody saw. How many bytes moved until then
   * is not known any more: they are in the next row, which may reach into the blind span.
   */
  function cut(connection: TrackedConnection, beforeUs: number, nowUs: number): void {
    const entry = emittedOf(connection);
    if (entry.startedUs > beforeUs) return;
    const row = entry.untilUs < beforeUs ? { ...span(entry, beforeUs), connection: { ...connection } } : undefined;
    entry.untilUs = Math.max(beforeUs, nowUs - resumeReachUs);
    if (row) {
      entry.known = true;
      wait({ ...row, closed: false, entry: entryOf(entry) });
    }
    entry.dueUs = nowUs + spread(connection.handle) * resumeSpreadUs;
  }

  function close(connection: TrackedConnection): void {
    const entry = emittedOf(connection);
    emitted.delete(connection.handle);
    const row = rowOf(entry, connection.closedUs ?? connection.lastSeenUs, true);
    wait(entry.known ? { ...row, ended: [connectionKey(connection)] } : row);
  }

  /** Open connections that get a row now. Many are looked at for each that does: what makes the rows is apart, and stays uncompiled. */
  function dueOf(nowUs: number, final: boolean, room: number): Emitted[] {
    const due: Emitted[] = [];
    let peersLeft = firstRowsOfPeersMax;
    for (const connection of open.values()) {
      if (!isOwn(connection)) continue;
      const entry = emittedOf(connection);
      if (!final && (entry.dueUs > nowUs || due.length >= room)) continue;
      if (!final && !entry.known && isPeer(connection) && peersLeft-- <= 0) continue;
      due.push(entry);
    }
    return due;
  }

  function takeOpen(entry: Emitted, nowUs: number): SegmentRow {
    const { connection } = entry;
    const row = rowOf(entry, nowUs, false);
    entry.dueUs = nowUs + (entry.known ? periodUs : spread(connection.handle) * periodUs);
    entry.counters = reached(copyCounters(connection), entry.counters);
    entry.untilUs = nowUs;
    entry.known = true;
    return { ...row, entry: entryOf(entry) };
  }

  return {
    observe(tick) {
      const closed = tick.closed.filter(isOwn);
      open = tick.connections;
      const openNow = () => [...open.values()].filter(isOwn);
      const connectionsRead = !tick.failures.some(({ source }) => source === 'sock_diag' || source === 'sockets');
      if (restored && connectionsRead) {
        resume([...openNow(), ...closed], tick.boottimeUs, restored);
        restored = undefined;
      } else if (tick.boottimeUs - tick.previousUs > stallUs) {
        for (const connection of [...openNow(), ...closed]) cut(connection, tick.previousUs, tick.boottimeUs);
      }
      if (!hasLooked) for (const connection of openNow()) emittedOf(connection);
      hasLooked ||= connectionsRead;
      for (const connection of closed) close(connection);
    },
    flush(nowUs, final) {
      const folded = waiting.take();
      const rows = folded.slice(0, rowsMax);
      for (const cutRow of folded.slice(rowsMax)) lost += cutRow.connectionCount;
      for (const entry of dueOf(nowUs, final, rowsMax - rows.length)) rows.push(takeOpen(entry, nowUs));
      const result = { rows, lost };
      lost = 0;
      return result;
    },
    snapshot: () => [...emitted.values()].filter(({ known }) => known).map(entryOf),
  };
}

/** A TIME_WAIT remainder is the end of a connection that has its rows already. */
const isOwn = (connection: TrackedConnection) => connection.remainder !== true;

/** Of a UDP socket that others talk to. */
const isPeer = ({ protocol, direction }: TrackedConnection) =>
  protocol === 17 && direction === Direction.DIRECTION_INBOUND;

function fresh(connection: TrackedConnection, isFirstRun: boolean): Emitted {
  const { startedUs, startedBefore } = connection;
  const counters = isFirstRun && startedBefore ? copyCounters(connection) : noCounters;
  return { connection, startedUs, startedBefore, counters, untilUs: startedUs, dueUs: 0, known: false };
}

function taken(entry: CheckpointEntry, connection: TrackedConnection): Emitted {
  const { startedUs, startedBefore } = entry.connection;
  const counters = copyCounters(entry.connection);
  return { connection, startedUs, startedBefore, counters, untilUs: entry.endUs, dueUs: 0, known: true };
}

/** Open when the agent was last alive, gone now: it ended some time in between, with unknown last bytes. */
function vanished(key: string, entry: CheckpointEntry, aliveUs: number): SegmentRow {
  const base = taken(entry, entry.connection);
  return { ...span(base, Math.max(entry.endUs, aliveUs)), closed: true, ended: [key] };
}

function rowOf(entry: Emitted, endUs: number, closed: boolean): SegmentRow {
  const { connection } = entry;
  const deltas = growthOf(copyCounters(connection), entry.counters);
  return { ...span(entry, endUs), ...deltas, rttUs: connection.rttUs, closed };
}

function span(entry: Emitted, endUs: number): Omit<SegmentRow, 'closed'> {
  const { connection, startedUs, startedBefore, untilUs } = entry;
  const startUs = Math.min(endUs, Math.max(untilUs, endUs - limits.segmentSpanUs));
  return { connection, startedUs, startedBefore, startUs, endUs, connectionCount: 1 };
}

function entryOf({ connection, startedUs, startedBefore, counters, untilUs }: Emitted): CheckpointEntry {
  return { connection: { ...connection, ...counters, startedUs, startedBefore }, endUs: untilUs };
}

/** A share of a period, 0..1, spread evenly over consecutive handles (Knuth's multiplicative hash, 2^32 / golden ratio). */
function spread(handle: number): number {
  return (Math.imul(handle, 0x9e3779b1) >>> 0) / 2 ** 32;
}
