// Column updates of a live frame applied to the tables: what changed on connections and processes that are known already.
import { ProtocolError, stateName } from '@foretop/proto';
import type { ConnectionUpdates, LiveConnection, LiveProcess, ProcessUpdates } from '@foretop/proto/live';

/** What was applied, for the viewers; rows of unknown handles or with impossible values are left out. */
export interface AppliedUpdates<Columns> {
  accepted: Columns | undefined;
  rejected: number;
}

/** Bits of ConnectionUpdates.known. */
export const known = { rx: 1, tx: 2, rtt: 4, retransmissions: 8 } as const;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const nothing = { accepted: undefined, rejected: 0 };

export function connectionUpdates(
  connections: ReadonlyMap<number, LiveConnection>,
  processes: ReadonlyMap<number, LiveProcess>,
  updates: ConnectionUpdates | null | undefined,
): AppliedUpdates<ConnectionUpdates> {
  if (!updates?.handle?.length) return nothing;
  const given = columns(updates, connectionColumns, updates.handle.length, 'connection updates');
  const accepted = emptyColumns(connectionColumns);
  for (let i = 0; i < given.handle.length; i++) {
    const row = connections.get(given.handle[i]!);
    if (row === undefined || !validConnectionUpdate(row, given, i)) continue;
    applyConnection(row, processes, given, i);
    for (const column of connectionColumns) accepted[column].push(given[column][i]!);
  }
  return { accepted, rejected: given.handle.length - accepted.handle.length };
}

const connectionColumns = [
  'handle',
  'state',
  'rxBytes',
  'txBytes',
  'rxRate',
  'txRate',
  'rttUs',
  'retransmissions',
  'known',
  'pid',
] as const;

type ConnectionColumns = Record<(typeof connectionColumns)[number], number[]>;

function validConnectionUpdate(row: LiveConnection, given: ConnectionColumns, i: number): boolean {
  const counts = [given.rxBytes[i]!, given.txBytes[i]!, given.rxRate[i]!, given.txRate[i]!];
  return stateName(row.protocol ?? 0, given.state[i]!) !== undefined && counts.every(isCount);
}

function applyConnection(
  row: LiveConnection,
  processes: ReadonlyMap<number, LiveProcess>,
  given: ConnectionColumns,
  i: number,
): void {
  const bits = given.known[i]!;
  row.state = given.state[i]!;
  set(row, 'rxBytes', bits & known.rx, given.rxBytes[i]!);
  set(row, 'rxRate', bits & known.rx, given.rxRate[i]!);
  set(row, 'txBytes', bits & known.tx, given.txBytes[i]!);
  set(row, 'txRate', bits & known.tx, given.txRate[i]!);
  set(row, 'rttUs', bits & known.rtt, given.rttUs[i]!);
  set(row, 'retransmissions', bits & known.retransmissions, given.retransmissions[i]!);
  const pid = given.pid[i]!;
  if (pid === row.pid) return;
  const owner = processes.get(pid)?.identity;
  row.pid = pid;
  row.comm = owner?.comm ?? '';
  row.pidStartTicks = owner?.startTicks ?? 0;
}

type ConnectionCount = 'rxBytes' | 'txBytes' | 'rxRate' | 'txRate' | 'rttUs' | 'retransmissions';

function set(row: LiveConnection, key: ConnectionCount, isKnown: number, value: number): void {
  if (isKnown) row[key] = value;
  else delete row[key];
}

export function processUpdates(
  processes: ReadonlyMap<number, LiveProcess>,
  updates: ProcessUpdates | null | undefined,
): AppliedUpdates<ProcessUpdates> {
  if (!updates?.pid?.length) return nothing;
  const given = columns(updates, processColumns, updates.pid.length, 'process updates');
  const accepted = emptyColumns(processColumns);
  for (let i = 0; i < given.pid.length; i++) {
    const row = processes.get(given.pid[i]!);
    const counts = [given.memoryBytes[i]!, given.rxRate[i]!, given.txRate[i]!];
    if (row === undefined || !counts.every(isCount)) continue;
    for (const column of processColumns) {
      if (column !== 'pid') row[column] = given[column][i]!;
      accepted[column].push(given[column][i]!);
    }
  }
  return { accepted, rejected: given.pid.length - accepted.pid.length };
}

const processColumns = [
  'pid',
  'cpuPermille',
  'memoryBytes',
  'threads',
  'connections',
  'descriptors',
  'rxRate',
  'txRate',
] as const;

/** The named columns, each as long as said. Throws ProtocolError. */
function columns<Name extends string>(
  given: { [Column in Name]?: number[] | null },
  names: readonly Name[],
  length: number,
  what: string,
): Record<Name, number[]> {
  for (const name of names) {
    const found = given[name]?.length ?? 0;
    if (found !== length) {
      throw new ProtocolError('malformed-frame', `column ${name} of ${what} has ${found} entries, expected ${length}`);
    }
  }
  return given as Record<Name, number[]>;
}

function emptyColumns<Name extends string>(names: readonly Name[]): Record<Name, number[]> {
  return Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
}
