// A watched host's connections, processes and interfaces, built from its live frames: checked, bounded, absolute.
import { limits, ProtocolError } from '@foretop/proto';
import {
  type ConnectionUpdates,
  type InterfaceSample,
  type LiveConnection,
  type LiveDns,
  type LiveFrame,
  type LiveProcess,
  LiveSection,
  type ProcessUpdates,
} from '@foretop/proto/live';
import { cleanDns } from './dns-rows.ts';
import { Room } from './room.ts';
import { cleanConnection, cleanInterface, cleanProcess, type HostFrame } from './rows.ts';
import { connectionUpdates, processUpdates } from './updates.ts';

/**
 * A frame as viewers may have it: only what was accepted, ids and times absolute. What closed or exited goes first, since a
 * new process may bear the pid of one that exited.
 */
export interface CleanFrame {
  boottimeUs: number;
  keyFrame: boolean;
  hasConnections: boolean;
  hasProcesses: boolean;
  bandwidth?: { rxRate: number; txRate: number; loopbackRate: number };
  opened: LiveConnection[];
  updates?: ConnectionUpdates;
  closed: number[];
  started: LiveProcess[];
  processUpdates?: ProcessUpdates;
  exited: number[];
  interfaces: InterfaceSample[];
  dns: LiveDns[];
}

export interface Applied {
  /** `jumped`: frames are missing before this one; its tables were not used and a key frame is needed. */
  outcome: 'applied' | 'jumped';
  frame: CleanFrame;
}

/** Exchanges that are kept for viewers who come later. */
const keptDns = 200;

export class HostTables {
  readonly connections = new Map<number, LiveConnection>();
  readonly processes = new Map<number, LiveProcess>();
  interfaces: InterfaceSample[] = [];
  /** The last few, oldest first. */
  dns: LiveDns[] = [];
  connectionsComplete = false;
  processesComplete = false;
  boottimeUs = 0;
  /** Rows that were not valid, or beyond the bounds, since the start. */
  rejectedRows = 0;
  #sequence: number | undefined;
  readonly #room: Room;

  /** `room` is what it shares with the tables of other hosts. */
  constructor(room: Room = new Room()) {
    this.#room = room;
  }

  /** Throws ProtocolError for a frame whose structure is wrong; single bad rows are left out and counted. */
  apply(host: HostFrame, frame: LiveFrame): Applied {
    checkStructure(frame);
    const sequence = frame.sequence ?? 0;
    const keyFrame = frame.keyFrame ?? false;
    const follows = keyFrame || sequence === (this.#sequence ?? -1) + 1;
    this.boottimeUs = frame.boottimeUs ?? 0;
    if (!follows) {
      this.reset();
      return { outcome: 'jumped', frame: bandwidthOnly(frame) };
    }
    if (keyFrame) this.reset();
    this.#sequence = sequence;
    const clean = this.#take(host, frame);
    this.connectionsComplete ||= clean.hasConnections;
    this.processesComplete ||= clean.hasProcesses;
    return { outcome: 'applied', frame: clean };
  }

  /** Forgets everything; the next frame must be a key frame. */
  reset(): void {
    this.#forgetConnections();
    this.#forgetProcesses();
    this.interfaces = [];
    this.dns = [];
    this.#sequence = undefined;
  }

  /** What is no longer asked for gets no deltas any more, so it is forgotten. */
  keepOnly(sections: ReadonlySet<LiveSection>): void {
    if (!sections.has(LiveSection.LIVE_SECTION_CONNECTIONS)) this.#forgetConnections();
    if (!sections.has(LiveSection.LIVE_SECTION_PROCESSES)) this.#forgetProcesses();
    if (!sections.has(LiveSection.LIVE_SECTION_INTERFACES)) this.interfaces = [];
    if (!sections.has(LiveSection.LIVE_SECTION_DNS)) this.dns = [];
  }

  #forgetConnections(): void {
    this.#room.giveBack(this.connections.size);
    this.connections.clear();
    this.connectionsComplete = false;
  }

  #forgetProcesses(): void {
    this.#room.giveBack(this.processes.size);
    this.processes.clear();
    this.processesComplete = false;
  }

  #take(host: HostFrame, frame: LiveFrame): CleanFrame {
    // Who is in both lists either lived between two frames, and is left out of both, or is a pid taken over by a new process.
    const closed = (frame.closed ?? []).filter((handle) => this.connections.delete(handle));
    const exited = (frame.exited ?? []).filter((pid) => this.processes.delete(pid));
    this.#room.giveBack(closed.length + exited.length);
    const short = { handles: missing(frame.closed, closed), pids: missing(frame.exited, exited) };
    const opened = this.#keep(frame.opened ?? [], (row) => cleanConnection(host, row), {
      table: this.connections,
      keyOf: (row) => row.handle ?? 0,
      most: limits.liveConnections,
      gone: short.handles,
    });
    const started = this.#keep(frame.started ?? [], (row) => cleanProcess(host, row), {
      table: this.processes,
      keyOf: (row) => row.identity?.pid ?? 0,
      most: limits.liveProcesses,
      gone: short.pids,
    });
    const updates = connectionUpdates(this.connections, this.processes, frame.updates);
    const changed = processUpdates(this.processes, frame.processUpdates);
    const given = frame.interfaces ?? [];
    const interfaces = given.map(cleanInterface).filter((row) => row !== undefined);
    if (interfaces.length > 0) this.interfaces = interfaces;
    const asked = frame.dns ?? [];
    const dns = asked.map((row) => cleanDns(host, row)).filter((row) => row !== undefined);
    this.dns = [...this.dns, ...dns].slice(-keptDns);
    const rejected = given.length - interfaces.length + asked.length - dns.length;
    this.rejectedRows += updates.rejected + changed.rejected + rejected;
    return {
      ...bandwidthOnly(frame),
      keyFrame: frame.keyFrame ?? false,
      opened,
      ...(updates.accepted && { updates: updates.accepted }),
      closed,
      started,
      ...(changed.accepted && { processUpdates: changed.accepted }),
      exited,
      interfaces,
      dns,
      hasConnections: frame.hasConnections ?? false,
      hasProcesses: frame.hasProcesses ?? false,
    };
  }

  #keep<Row>(rows: Row[], clean: (row: Row) => Row | undefined, into: Destination<Row>): Row[] {
    const kept: Row[] = [];
    for (const row of rows) {
      const key = into.keyOf(row);
      if (into.gone.has(key)) continue;
      const accepted = clean(row);
      if (accepted === undefined || !this.#hasRoom(key, into)) {
        this.rejectedRows++;
        continue;
      }
      into.table.set(key, accepted);
      kept.push(accepted);
    }
    return kept;
  }

  #hasRoom<Row>(key: number, { table, most }: Destination<Row>): boolean {
    return table.has(key) || (table.size < most && this.#room.take());
  }
}

interface Destination<Row> {
  table: Map<number, Row>;
  keyOf: (row: Row) => number;
  /** Rows that the table may hold; further ones are left out. */
  most: number;
  /** Keys of rows that are over already. */
  gone: ReadonlySet<number>;
}

function missing(all: readonly number[] | null | undefined, found: readonly number[]): ReadonlySet<number> {
  if (!all || all.length === found.length) return none;
  const left = new Set(all);
  for (const key of found) left.delete(key);
  return left;
}

const none: ReadonlySet<number> = new Set();

const isCount = (value: number | null | undefined): boolean => Number.isSafeInteger(value ?? 0) && (value ?? 0) >= 0;

function checkStructure(frame: LiveFrame): void {
  const rows = {
    opened: frame.opened?.length ?? 0,
    updates: frame.updates?.handle?.length ?? 0,
    closed: frame.closed?.length ?? 0,
    started: frame.started?.length ?? 0,
    'process updates': frame.processUpdates?.pid?.length ?? 0,
    exited: frame.exited?.length ?? 0,
    'DNS exchanges': frame.dns?.length ?? 0,
  };
  for (const [kind, count] of Object.entries(rows)) {
    // A process or connection table may close as a whole in one frame.
    const most = kind === 'closed' || kind === 'exited' ? limits.liveConnections : limits.liveRowsPerFrame;
    if (count > most)
      throw new ProtocolError('malformed-frame', `live frame has ${count} ${kind}, at most ${most} are allowed`);
  }
  const interfaces = frame.interfaces?.length ?? 0;
  if (interfaces > limits.interfaces) {
    throw new ProtocolError(
      'malformed-frame',
      `live frame has ${interfaces} interfaces, at most ${limits.interfaces} are allowed`,
    );
  }
  const { bandwidth } = frame;
  const numbers = [frame.sequence, frame.boottimeUs, bandwidth?.rxRate, bandwidth?.txRate, bandwidth?.loopbackRate];
  if (!numbers.every(isCount)) throw new ProtocolError('malformed-frame', 'live frame has a number beyond 2^53');
}

/** A frame's bandwidth, its tables left out. */
export function bandwidthOnly(frame: LiveFrame): CleanFrame {
  const { bandwidth } = frame;
  return {
    boottimeUs: frame.boottimeUs ?? 0,
    keyFrame: false,
    hasConnections: false,
    hasProcesses: false,
    ...(bandwidth && {
      bandwidth: {
        rxRate: bandwidth.rxRate ?? 0,
        txRate: bandwidth.txRate ?? 0,
        loopbackRate: bandwidth.loopbackRate ?? 0,
      },
    }),
    opened: [],
    closed: [],
    started: [],
    exited: [],
    interfaces: [],
    dns: [],
  };
}
