// The tables of one watched host, built from key frames and deltas. Rows are plain objects, changed in place by updates.
import {
  formatAddress,
  stateName,
  type ConnectionUpdates,
  type InterfaceSample,
  type LiveConnection,
  type LiveFrame,
  type LiveProcess,
  type ProcessUpdates,
} from '@foretop/proto/live';
import { connectionSearch, containerText, type ConnectionRow } from '../connections/connection-row.ts';
import { visible } from '../format/visible.ts';
import { addressKey } from '../net/address.ts';
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

const known = { rx: 1, tx: 2, rtt: 4, retransmissions: 8 } as const;

function connectionRow(from: LiveConnection): ConnectionRow {
  const protocol = from.protocol ?? 0;
  const localAddress = addressText(from.localAddress);
  const remoteAddress = addressText(from.remoteAddress);
  const row: ConnectionRow = {
    key: from.handle ?? 0,
    id: from.id ?? '',
    hostId: 0,
    host: '',
    cookie: from.cookie ?? 0,
    protocol: protocol === 6 ? 'tcp' : protocol === 17 ? 'udp' : '',
    state: stateName(protocol, from.state ?? 0) ?? '',
    direction: from.direction ?? 0,
    localAddress,
    localPort: from.localPort ?? 0,
    localKey: addressKey(localAddress, from.localPort ?? 0),
    remoteAddress,
    remotePort: from.remotePort ?? 0,
    remoteKey: addressKey(remoteAddress, from.remotePort ?? 0),
    pid: from.pid || null,
    pidStartTicks: from.pidStartTicks ?? 0,
    process: visible(from.comm ?? ''),
    unit: '',
    container: '',
    uid: from.uid ?? 0,
    startedMs: (from.startedUs ?? 0) / 1000,
    startedBefore: from.startedBefore ?? false,
    endedMs: null,
    rxBytes: from.rxBytes ?? null,
    txBytes: from.txBytes ?? null,
    rxRate: from.rxRate ?? null,
    txRate: from.txRate ?? null,
    rttUs: from.rttUs ?? null,
    retransmissions: from.retransmissions ?? null,
    name: visible(from.name ?? ''),
    nameSource: from.nameSource ?? 0,
    connectionCount: 1,
    search: '',
    closed: false,
  };
  row.search = connectionSearch(row);
  return row;
}

/** An address of a wrong length is the agent's fault and no reason to lose the table. */
function addressText(bytes: Uint8Array | null | undefined): string {
  return bytes && (bytes.length === 4 || bytes.length === 16) ? formatAddress(bytes) : '';
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

function updateConnections(rows: Map<number, ConnectionRow>, updates: ConnectionUpdates): void {
  const handles = updates.handle ?? [];
  for (let i = 0; i < handles.length; i++) {
    const row = rows.get(handles[i]!);
    if (!row) continue;
    const bits = updates.known?.[i] ?? 0;
    row.state = stateName(row.protocol === 'udp' ? 17 : 6, updates.state?.[i] ?? 0) ?? row.state;
    row.rxBytes = bits & known.rx ? (updates.rxBytes?.[i] ?? 0) : null;
    row.rxRate = bits & known.rx ? (updates.rxRate?.[i] ?? 0) : null;
    row.txBytes = bits & known.tx ? (updates.txBytes?.[i] ?? 0) : null;
    row.txRate = bits & known.tx ? (updates.txRate?.[i] ?? 0) : null;
    row.rttUs = bits & known.rtt ? (updates.rttUs?.[i] ?? 0) : null;
    row.retransmissions = bits & known.retransmissions ? (updates.retransmissions?.[i] ?? 0) : null;
    const pid = updates.pid?.[i] || null;
    if (pid !== row.pid && pid !== null) {
      row.pid = pid;
      row.search = connectionSearch(row);
    }
  }
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
  readonly connections: ReadonlyMap<number, ConnectionRow> | undefined;
  readonly processes: ReadonlyMap<number, ProcessRow> | undefined;
  readonly interfaces: readonly InterfaceSample[] | undefined;
  /** Returns which tables are complete and new as of this frame. */
  apply(frame: LiveFrame): { connections: boolean; processes: boolean; interfaces: boolean };
}

export function createHostTables(): HostTables {
  const connections: Table<ConnectionRow> = { shown: new Map(), building: undefined };
  const processes: Table<ProcessRow> = { shown: new Map(), building: undefined };
  let hasConnections = false;
  let hasProcesses = false;
  let interfaces: readonly InterfaceSample[] | undefined;

  function apply(frame: LiveFrame) {
    if (frame.keyFrame) {
      connections.building = new Map();
      processes.building = new Map();
    }
    const open = connections.building ?? connections.shown;
    const running = processes.building ?? processes.shown;
    for (const opened of frame.opened ?? []) open.set(opened.handle ?? 0, connectionRow(opened));
    if (frame.updates) updateConnections(open, frame.updates);
    for (const handle of frame.closed ?? []) leave(open, handle);
    for (const started of frame.started ?? []) running.set(started.identity?.pid ?? 0, processRow(started));
    if (frame.processUpdates) updateProcesses(running, frame.processUpdates);
    for (const pid of frame.exited ?? []) leave(running, pid);
    if (frame.hasConnections) hasConnections = complete(connections);
    if (frame.hasProcesses) hasProcesses = complete(processes);
    const newInterfaces = (frame.interfaces?.length ?? 0) > 0;
    if (newInterfaces) interfaces = frame.interfaces ?? undefined;
    return { connections: !!frame.hasConnections, processes: !!frame.hasProcesses, interfaces: newInterfaces };
  }

  return {
    get connections() {
      return hasConnections ? connections.shown : undefined;
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
