// Processes of a batch as rows of process, and their minutes as rows of process_1m.
import { limits, type Process, type ProcessMinute } from '@foretop/proto';
import type { Hash64 } from '../store/siphash.ts';
import { type BatchContext, clamp, futureUs, inWindow, oldestUs } from './batch-context.ts';
import type { CopyEncoder } from './copy-encoder.ts';
import { minuteOf } from './metrics.ts';
import { isCount, isInt4, optionalCount } from './numbers.ts';
import { earliestStartUs } from './segments.ts';
import { cleanText } from '../store/host-text.ts';

export const processMinuteColumns = [
  'host_id',
  'ts',
  'process_id',
  'pid',
  'seconds',
  'cpu_us',
  'memory_bytes',
  'rx_bytes',
  'tx_bytes',
  'connections',
  'threads',
] as const;

/** A row of process. Times are Unix microseconds. */
export interface ProcessRow {
  hostId: number;
  id: Hash64;
  pid: number;
  startedUs: number;
  firstSeenUs: number;
  lastSeenUs: number;
  exitedUs: number | null;
  parentPid: number;
  parentId: Hash64 | null;
  comm: string;
  executable: string;
  commandLine: string;
  uid: number;
  user: string;
  cgroup: string;
  unit: string;
  containerRuntime: string;
  containerId: string;
}

/** Valid processes as rows; the others are counted in context.refused. `seenUs` is when the batch was made, as far as known. */
export function readProcesses(processes: readonly Process[], context: BatchContext, seenUs: number): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const process of processes) {
    const row = readProcess(process, context, seenUs);
    if (row === undefined) context.refused.invalid++;
    else if (row.lastSeenUs >= oldestUs(context, 'process')) rows.push(row);
  }
  return rows;
}

/** undefined = not valid. */
function readProcess(process: Process, context: BatchContext, seenUs: number): ProcessRow | undefined {
  const { hostId, bootId, offsetUs, ids } = context;
  const { pid, startTicks, startedUs, exitedUs, parentPid, parentStartTicks } = process as Required<Process>;
  if (!pid || !isInt4(pid) || !isCount(startTicks ?? -1) || !isCount(startedUs ?? -1)) return undefined;
  if (!isInt4(parentPid ?? 0) || !isCount(exitedUs ?? 0)) return undefined;
  const started = startedUs! + offsetUs;
  const newest = context.nowUs + futureUs;
  if (started < earliestStartUs || started > newest) return undefined;
  const exited = process.exited === true ? clamp(exitedUs ? exitedUs + offsetUs : seenUs, started, newest) : null;
  const seen = exited ?? Math.max(seenUs, started);
  return {
    hostId,
    id: ids.process(hostId, bootId, pid, startTicks!),
    pid,
    startedUs: started,
    firstSeenUs: Math.min(seen, Math.max(seenUs, started)),
    lastSeenUs: seen,
    exitedUs: exited,
    parentPid: parentPid ?? 0,
    parentId: parentPid && parentStartTicks ? ids.process(hostId, bootId, parentPid, parentStartTicks) : null,
    comm: cleanText(process.comm ?? '', limits.commLength),
    executable: cleanText(process.executable ?? '', limits.textLength),
    commandLine: cleanText(process.commandLine ?? '', limits.textLength),
    uid: process.uid ?? 0,
    user: cleanText(process.user ?? '', limits.nameLength),
    cgroup: cleanText(process.cgroup ?? '', limits.textLength),
    unit: cleanText(process.unit ?? '', limits.nameLength),
    containerRuntime: cleanText(process.containerRuntime ?? '', limits.nameLength),
    containerId: cleanText(process.containerId ?? '', limits.nameLength),
  };
}

/** Writes a row for each valid minute. @returns rows written. */
export function writeProcessMinutes(
  minutes: readonly ProcessMinute[],
  context: BatchContext,
  out: CopyEncoder,
): number {
  let rows = 0;
  for (const minute of minutes as readonly Required<ProcessMinute>[]) {
    if (!isValidMinute(minute, context.offsetUs)) context.refused.invalid++;
    else if (inWindow(context, 'process_1m', minute.startUs! + context.offsetUs)) {
      context.accepted.minutes.push({ minute, process: writeProcessMinute(minute, context, out) });
      rows++;
    }
  }
  return rows;
}

function isValidMinute(minute: Required<ProcessMinute>, offsetUs: number): boolean {
  const { pid, startTicks, startUs, seconds, cpuUs, memoryBytes, connections, threads } = minute;
  return (
    pid !== 0 &&
    isInt4(pid!) &&
    isCount(startTicks!) &&
    isCount(startUs! + offsetUs) &&
    seconds! <= 60 &&
    isCount(cpuUs!) &&
    isCount(memoryBytes!) &&
    isInt4(connections!) &&
    isInt4(threads!) &&
    optionalCount(minute.rxBytes) !== undefined &&
    optionalCount(minute.txBytes) !== undefined
  );
}

function writeProcessMinute(minute: Required<ProcessMinute>, context: BatchContext, out: CopyEncoder): Hash64 {
  const { hostId, bootId, offsetUs, ids } = context;
  const process = ids.process(hostId, bootId, minute.pid!, minute.startTicks!);
  out.reserve(0);
  out.row(processMinuteColumns.length);
  out.int4(hostId);
  out.timestamp(minuteOf(minute.startUs! + offsetUs));
  out.hash(process);
  out.int4(minute.pid!);
  out.int2(minute.seconds!);
  out.int8(minute.cpuUs!);
  out.int8(minute.memoryBytes!);
  out.nullableInt8(minute.rxBytes ?? null);
  out.nullableInt8(minute.txBytes ?? null);
  out.int4(minute.connections!);
  out.int4(minute.threads!);
  return process;
}

/** One row for each process: later facts replace earlier ones, an exit stays. */
export function mergeProcesses(rows: Iterable<ProcessRow>): ProcessRow[] {
  const merged = new Map<string, ProcessRow>();
  for (const row of rows) {
    const key = `${row.hostId} ${row.id.high} ${row.id.low}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? row : { ...row, ...seenSpan(known, row) });
  }
  return [...merged.values()];
}

function seenSpan(known: ProcessRow, row: ProcessRow) {
  return {
    firstSeenUs: Math.min(known.firstSeenUs, row.firstSeenUs),
    lastSeenUs: Math.max(known.lastSeenUs, row.lastSeenUs),
    exitedUs: row.exitedUs ?? known.exitedUs,
  };
}
