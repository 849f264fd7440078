// The tables of one watched host, built from key frames and deltas. Processes are plain objects, changed in place by updates.
import type { InterfaceSample, LiveFrame, LiveProcess, ProcessUpdates } from '@foretop/proto/live';
import { containerText } from '../connections/connection-row.ts';
import type { ConnectionStore } from '../connections/connection-store.ts';
import { visible } from '../format/visible.ts';
import { LiveConnections } from './live-connections.ts';
import { processSearch } from './process-row.ts';

export interface ProcessRow {
  key: number;
  parentPid: number;
  startTicks: number;
  process: string;
  executable: string;
  commandLine: string;
  user: string;
  uid: number;
  cgroup: string;
  /** systemd unit and container; empty when there is none. */
  unit: string;
  container: string;
  startedMs: number;
  /** null here and below: not known, as for an instant of which no sample was kept. */
  cpuPermille: number | null;
  memoryBytes: number | null;
  threads: number | null;
  connections: number | null;
  descriptors: number | null;
  rxRate: number | null;
  txRate: number | null;
  search: string;
  closed: boolean;
}

function processRow(from: LiveProcess): ProcessRow {
  const identity = from.identity ?? {};
  const row: ProcessRow = {
    key: identity.pid ?? 0,
    parentPid: identity.parentPid ?? 0,
    startTicks: identity.startTicks ?? 0,
    process: visible(identity.comm ?? ''),
    executable: visible(identity.executable ?? ''),
    commandLine: visible(identity.commandLine ?? ''),
    user: visible(identity.user ?? ''),
    uid: identity.uid ?? 0,
    cgroup: visible(identity.cgroup ?? ''),
    unit: visible(identity.unit ?? ''),
    container: identity.containerId
      ? containerText({ runtime: identity.containerRuntime ?? '', id: identity.containerId })
      : '',
    startedMs: (identity.startedUs ?? 0) / 1000,
    cpuPermille: from.cpuPermille ?? 0,
    memoryBytes: from.memoryBytes ?? 0,
    threads: from.threads ?? 0,
    connections: from.connections ?? 0,
    descriptors: from.descriptors ?? 0,
    rxRate: from.rxRate ?? null,
    txRate: from.txRate ?? null,
    search: '',
    closed: false,
  };
  row.search = processSearch(row);
  return row;
}

function updateProcesses(rows: Map<number, ProcessRow>, updates: ProcessUpdates): void {
  const pids = updates.pid ?? [];
  for (let i = 0; i < pids.length; i++) {
    const row = rows.get(pids[i]!);
    if (!row) continue;
    row.cpuPermille = updates.cpuPermille?.[i] ?? 0;
    row.memoryBytes = updates.memoryBytes?.[i] ?? 0;
    row.threads = updates.threads?.[i] ?? 0;
    row.connections = updates.connections?.[i] ?? 0;
    row.descriptors = updates.descriptors?.[i] ?? 0;
    row.rxRate = updates.rxRate?.[i] ?? 0;
    row.txRate = updates.txRate?.[i] ?? 0;
  }
}

/** One table: a key frame may come in parts, and what was shown stays until its last part is in. */
interface Table<Row extends { closed: boolean }> {
  shown: Map<number, Row>;
  building: Map<number, Row> | undefined;
}

export interface HostTables {
  /** undefined until the first complete key frame. */
  readonly connections: ConnectionStore | undefined;
  readonly processes: ReadonlyMap<number, ProcessRow> | undefined;
  readonly interfaces: readonly InterfaceSample[] | undefined;
  /** Returns which tables are complete and new as of this frame. */
  apply(frame: LiveFrame): { connections: boolean; processes: boolean; interfaces: boolean };
}

export function createHostTables(): HostTables {
  const processes: Table<ProcessRow> = { shown: new Map(), building: undefined };
  const connections = new LiveConnections((pid) => processes.shown.get(pid));
  let hasProcesses = false;
  let interfaces: readonly InterfaceSample[] | undefined;

  function apply(frame: LiveFrame) {
    if (frame.keyFrame) {
      processes.building = new Map();
    }
    const running = processes.building ?? processes.shown;
    for (const started of frame.started ?? []) running.set(started.identity?.pid ?? 0, processRow(started));
    if (frame.processUpdates) updateProcesses(running, frame.processUpdates);
    for (const pid of frame.exited ?? []) leave(running, pid);
    if (frame.hasProcesses) hasProcesses = complete(processes);
    connections.apply(frame);
    if (frame.hasProcesses && (frame.keyFrame || (frame.started?.length ?? 0) > 0)) connections.joinOwners();
    const newInterfaces = (frame.interfaces?.length ?? 0) > 0;
    if (newInterfaces) interfaces = frame.interfaces ?? undefined;
    return { connections: !!frame.hasConnections, processes: !!frame.hasProcesses, interfaces: newInterfaces };
  }

  return {
    get connections() {
      return connections.known ? connections.store : undefined;
    },
    get processes() {
      return hasProcesses ? processes.shown : undefined;
    },
    get interfaces() {
      return interfaces;
    },
    apply,
  };
}

/** A view may still hold the row: it must not look current. */
function leave<Row extends { closed: boolean }>(rows: Map<number, Row>, key: number): void {
  const row = rows.get(key);
  if (row) row.closed = true;
  rows.delete(key);
}

function complete<Row extends { closed: boolean }>(table: Table<Row>): true {
  if (table.building) {
    for (const [key, row] of table.shown) if (!table.building.has(key)) row.closed = true;
    table.shown = table.building;
    table.building = undefined;
  }
  return true;
}
