// Processes as the API writes them, out of a live table and out of the history.
import type { Process } from '@foretop/proto/api';
import type { LiveProcess } from '@foretop/proto/live';
import type { LiveTables } from '../../live/hub.ts';
import { idText, type Ids } from '../../store/ids.ts';
import type { ProcessRow } from '../../store/queries/processes.ts';
import { containerOf } from './names.ts';

export function liveProcesses(hostId: number, tables: LiveTables, ids: Ids): Process[] {
  return [...tables.processes.values()].map((row) => liveProcess(hostId, tables.bootId, row, ids));
}

function liveProcess(hostId: number, bootId: Uint8Array, row: LiveProcess, ids: Ids): Process {
  const identity = row.identity!;
  return {
    id: idText(hostId, ids.process(hostId, bootId, identity.pid!, identity.startTicks!)),
    hostId,
    pid: identity.pid!,
    parentPid: identity.parentPid!,
    process: identity.comm!,
    executable: identity.executable!,
    commandLine: identity.commandLine!,
    uid: identity.uid!,
    user: identity.user!,
    cgroup: identity.cgroup!,
    unit: identity.unit ?? '',
    container: containerOf(identity.containerRuntime, identity.containerId),
    startedAt: new Date(identity.startedUs! / 1000).toISOString(),
    exitedAt: null,
    cpuPercent: row.cpuPermille! / 10,
    memoryBytes: row.memoryBytes!,
    threads: row.threads!,
    descriptors: row.descriptors!,
    connections: row.connections!,
    rxRate: row.rxRate ?? null,
    txRate: row.txRate ?? null,
  };
}

/** `untilUs`: an exit after the instant or span that was asked for has not happened yet. */
export function storedProcess(hostId: number, row: ProcessRow, untilUs: number): Process {
  const { seconds } = row;
  const perSecond = (amount: number | null) => (amount === null || !seconds ? null : Math.round(amount / seconds));
  const exited = row.exitedAt !== null && row.exitedAt.getTime() * 1000 <= untilUs ? row.exitedAt : null;
  return {
    id: `${hostId}-${row.id}`,
    hostId,
    pid: row.pid,
    parentPid: row.parentPid,
    process: row.process,
    executable: row.executable,
    commandLine: row.commandLine,
    uid: row.uid,
    user: row.user,
    cgroup: row.cgroup,
    unit: row.unit,
    container: containerOf(row.containerRuntime, row.containerId),
    startedAt: row.startedAt.toISOString(),
    exitedAt: exited?.toISOString() ?? null,
    cpuPercent: row.cpuUs === null || !seconds ? null : Math.round(row.cpuUs / seconds / 1000) / 10,
    memoryBytes: row.memoryBytes,
    threads: row.threads,
    descriptors: null,
    connections: row.connections,
    rxRate: perSecond(row.rxBytes),
    txRate: perSecond(row.txBytes),
  };
}
