// Stored rows as observations: the same that the stream had when they were written.
import type * as rows from '../../store/queries/detect-history.ts';
import type { Observation, ObservedProcess } from '../observation.ts';
import type { ProcessFacts } from './process-facts.ts';
import * as words from './wire-words.ts';

export interface RowParts {
  facts: ProcessFacts;
  cpus(hostId: number): number;
}

/** In the order in which they happened. */
export function fromRows(found: rows.HistoryRows, parts: RowParts): Observation[] {
  const observations: Observation[] = [
    ...found.processes.map((row) => started(row, parts)),
    ...found.segments.map((row) => connection(row, parts)),
    ...found.exchanges.map((row) => dns(row, parts)),
    ...found.scans.map(scan),
    ...found.processMinutes.map((row) => processMinute(row, parts)),
    ...found.hostMinutes.map(hostMinute),
    ...found.gaps.map(gap),
  ];
  return observations.sort((a, b) => a.atUs - b.atUs);
}

const seen = (hostId: number, atUs: number) => ({ host: String(hostId), atUs, late: false });

function processOf(
  { hostId, processId, pid, comm }: { hostId: number; processId: string | null; pid: number | null; comm: string },
  { facts }: RowParts,
): ObservedProcess | undefined {
  const known = processId === null ? undefined : facts.find(hostId, processId);
  return known ?? words.barely(processId ?? undefined, pid ?? 0, comm);
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

function started(row: rows.ProcessStartRow, parts: RowParts): Observation {
  return {
    kind: 'process',
    ...seen(row.hostId, row.atUs),
    process: processOf(row, parts)!,
    startedUs: row.startedUs,
    commandLine: row.commandLine,
    exited: row.exited,
    deleted: words.isDeleted(row.executable),
  };
}

function connection(row: rows.SegmentRow, parts: RowParts): Observation {
  const { protocol, state } = row;
  const receivedBytes = row.rxBytes ?? undefined;
  const sentBytes = row.txBytes ?? undefined;
  const hasRtt = (row.rttUs ?? 0) > 0;
  const nameSource = words.nameSourceOf(row.nameSource);
  return {
    kind: 'connection',
    ...seen(row.hostId, row.endUs),
    id: row.id,
    openedUs: row.openedUs,
    startUs: row.startUs,
    first: row.startUs <= row.openedUs,
    openedBefore: row.openedBefore,
    closed: row.closed,
    process: processOf(row, parts),
    protocol,
    direction: words.directions[row.direction] ?? 'unknown',
    outcome: words.outcomeOf({ protocol, state, receivedBytes, sentBytes, hasRtt }),
    local: { address: plain(row.localAddress), port: row.localPort },
    remote: row.remoteAddress === null ? undefined : { address: plain(row.remoteAddress), port: row.remotePort ?? 0 },
    sentBytes,
    receivedBytes,
    sentPackets: row.txPackets ?? undefined,
    receivedPackets: row.rxPackets ?? undefined,
    name: nameSource === 'none' ? '' : (row.name ?? ''),
    nameSource,
    count: row.count,
  };
}

function dns(row: rows.ExchangeRow, parts: RowParts): Observation {
  return {
    kind: 'dns',
    ...seen(row.hostId, row.askedUs),
    id: row.id,
    process: processOf(row, parts),
    role: words.roles[row.role] ?? 'client',
    service: words.services[row.service] ?? 'dns',
    transport: words.transports[row.transport] ?? 'udp',
    peer: { address: plain(row.peerAddress), port: row.peerPort },
    name: row.name,
    type: row.type,
    answered: row.answered,
    rcode: row.rcode ?? undefined,
    addresses: row.addresses.map(plain),
    queryBytes: row.queryBytes ?? 0,
    answerBytes: row.answerBytes ?? 0,
    count: row.count,
  };
}

function scan(row: rows.ScanRow): Observation {
  return {
    kind: 'scan',
    ...seen(row.hostId, row.endUs),
    scan: words.scans[row.scan] ?? 'syn',
    startUs: row.startUs,
    source: plain(row.source),
    localAddress: plain(row.localAddress),
    localPort: row.localPort ?? 0,
    ports: row.ports,
    packets: row.packets,
  };
}

function processMinute(row: rows.ProcessMinuteRow, parts: RowParts): Observation {
  return {
    kind: 'usage',
    ...seen(row.hostId, words.minuteEnd(row.minuteUs)),
    process: processOf({ ...row, comm: '' }, parts),
    seconds: row.seconds,
    cpuPermille: words.cpuPermille(row.cpuUs, row.seconds, parts.cpus(row.hostId)),
    memoryBytes: row.memoryBytes,
    sentBytes: row.txBytes ?? undefined,
    receivedBytes: row.rxBytes ?? undefined,
    connections: row.connections,
  };
}

function hostMinute(row: rows.HostMinuteRow): Observation {
  return {
    kind: 'usage',
    ...seen(row.hostId, words.minuteEnd(row.minuteUs)),
    process: undefined,
    seconds: row.seconds,
    cpuPermille: row.seconds === 0 ? 0 : Math.round((row.cpuPermilleSum ?? 0) / row.seconds),
    memoryBytes: row.memoryBytes ?? 0,
    sentBytes: row.txBytes ?? undefined,
    receivedBytes: row.rxBytes ?? undefined,
    connections: row.connections ?? 0,
  };
}

function gap(row: rows.GapSliceRow): Observation {
  const seconds = (row.endUs - row.startUs) / 1e6;
  return { kind: 'agent', ...seen(row.hostId, row.endUs), event: 'gap', reason: row.reason, seconds };
}
