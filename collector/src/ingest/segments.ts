// Connection segments of a batch as rows of connection_segment.
import { type ConnectionSegment, limits, stateName } from '@foretop/proto';
import type { Hash64 } from '../store/ids.ts';
import type { AcceptedSegment } from './accepted.ts';
import { type BatchContext, inWindow } from './batch-context.ts';
import type { CopyEncoder } from './copy-encoder.ts';
import { isCount, isInt4, isPort, optionalCount } from './numbers.ts';
import { textTable } from './text.ts';

export const segmentColumns = [
  'host_id',
  'seg_start',
  'seg_end',
  'connection_id',
  'started_at',
  'started_before',
  'closed',
  'process_id',
  'pid',
  'comm',
  'uid',
  'protocol',
  'state',
  'direction',
  'local_address',
  'local_port',
  'remote_address',
  'remote_port',
  'rx_bytes',
  'tx_bytes',
  'rx_packets',
  'tx_packets',
  'rtt_us',
  'retransmissions',
  'name',
  'name_source',
  'connection_count',
  'alpn',
  'owner_rule',
] as const;

/** Longest direction and name source numbers of the wire. */
const lastDirection = 3;
const lastNameSource = 3;
const lastOwnerRule = 7;
/** Earliest start of a connection or process that is believed: 2000-01-01. */
export const earliestStartUs = 946_684_800_000_000;

/** Writes a row for each valid segment, counts the others in context.refused. @returns rows written. */
export function writeSegments(
  segments: readonly ConnectionSegment[],
  strings: readonly string[],
  context: BatchContext,
  out: CopyEncoder,
): number {
  const comms = textTable(strings, limits.commLength);
  const names = textTable(strings, limits.nameLength);
  const processOf = processIds(context);
  let rows = 0;
  for (const segment of segments as readonly DecodedSegment[]) {
    const comm = comms.get(segment.comm);
    const name = names.get(segment.name);
    const alpn = names.get(segment.alpn);
    if (comm === undefined || name === undefined || alpn === undefined || !isValid(segment, context.offsetUs))
      context.refused.invalid++;
    else if (inWindow(context, 'connection_segment', segment.endUs + context.offsetUs)) {
      context.accepted.segments.push(writeSegment(segment, { comm, name, alpn }, processOf(segment), context, out));
      context.newestUs = Math.max(context.newestUs, segment.endUs + context.offsetUs);
      rows++;
    }
  }
  return rows;
}

/** As protobufjs decodes it: every field is there, optional ones may be null. */
type Optional = 'rxBytes' | 'txBytes' | 'rxPackets' | 'txPackets' | 'rttUs' | 'retransmissions';
export type DecodedSegment = {
  [Key in Exclude<keyof ConnectionSegment, Optional>]-?: NonNullable<ConnectionSegment[Key]>;
} & {
  [Key in Optional]?: number | null;
};

function isValid(segment: DecodedSegment, offsetUs: number): boolean {
  return hasValidSpan(segment, offsetUs) && hasValidPeers(segment) && hasValidCounts(segment);
}

function hasValidSpan({ startedUs, startUs, endUs }: DecodedSegment, offsetUs: number): boolean {
  return (
    isCount(startedUs) &&
    isCount(startUs) &&
    isCount(endUs) &&
    startUs <= endUs &&
    startedUs <= endUs &&
    endUs - startUs <= limits.segmentSpanUs &&
    startedUs + offsetUs >= earliestStartUs &&
    Number.isSafeInteger(endUs + offsetUs)
  );
}

function hasValidPeers(segment: DecodedSegment): boolean {
  const { protocol, state, direction, localAddress, remoteAddress } = segment;
  return (
    (protocol === 6 || protocol === 17) &&
    stateName(protocol, state) !== undefined &&
    direction >= 0 &&
    direction <= lastDirection &&
    isAddress(localAddress) &&
    isPort(segment.localPort) &&
    (remoteAddress.length === 0 || isAddress(remoteAddress)) &&
    isPort(segment.remotePort)
  );
}

export const isAddress = (bytes: Uint8Array) => bytes.length === 4 || bytes.length === 16;

function hasValidCounts(segment: DecodedSegment): boolean {
  return (
    isInt4(segment.pid) &&
    isInt4(segment.connectionCount) &&
    segment.nameSource >= 0 &&
    segment.nameSource <= lastNameSource &&
    segment.ownerRule >= 0 &&
    segment.ownerRule <= lastOwnerRule &&
    optionalCount(segment.rxBytes) !== undefined &&
    optionalCount(segment.txBytes) !== undefined &&
    optionalCount(segment.rxPackets) !== undefined &&
    optionalCount(segment.txPackets) !== undefined
  );
}

/** 0 = unknown. */
export interface ProcessOfRow {
  pid: number;
  pidStartTicks: number;
}

/** A process has many connections: its id is computed once a batch. */
export function processIds({ hostId, bootId, ids }: BatchContext): (row: ProcessOfRow) => Hash64 | null {
  const known = new Map<number, { startTicks: number; id: Hash64 }>();
  return ({ pid, pidStartTicks }) => {
    if (pid === 0 || pidStartTicks === 0) return null;
    const found = known.get(pid);
    if (found?.startTicks === pidStartTicks) return found.id;
    const id = ids.process(hostId, bootId, pid, pidStartTicks);
    known.set(pid, { startTicks: pidStartTicks, id });
    return id;
  };
}

function writeSegment(
  segment: DecodedSegment,
  { comm, name, alpn }: { comm: Uint8Array; name: Uint8Array; alpn: Uint8Array },
  process: Hash64 | null,
  context: BatchContext,
  out: CopyEncoder,
): AcceptedSegment {
  const { hostId, bootId, offsetUs, ids } = context;
  const { protocol, remoteAddress, remotePort, pid } = segment;
  const connection = ids.connection(hostId, bootId, protocol, segment.cookie, remoteAddress, remotePort);
  out.reserve(comm.length + name.length + alpn.length);
  out.row(segmentColumns.length);
  out.int4(hostId);
  out.timestamp(segment.startUs + offsetUs);
  out.timestamp(segment.endUs + offsetUs);
  out.hash(connection);
  out.timestamp(segment.startedUs + offsetUs);
  out.bool(segment.startedBefore);
  out.bool(segment.closed);
  out.nullableHash(process);
  out.nullableInt4(pid === 0 ? null : pid);
  out.bytes(comm);
  out.int8(segment.uid);
  out.int2(protocol);
  out.int2(segment.state);
  out.int2(segment.direction);
  out.inet(segment.localAddress);
  out.int4(segment.localPort);
  writePeer(segment, out);
  out.nullableInt8(segment.rxBytes ?? null);
  out.nullableInt8(segment.txBytes ?? null);
  out.nullableInt8(segment.rxPackets ?? null);
  out.nullableInt8(segment.txPackets ?? null);
  out.nullableInt8(segment.rttUs ?? null);
  out.nullableInt8(segment.retransmissions ?? null);
  if (name.length === 0) out.null();
  else out.bytes(name);
  out.int2(segment.nameSource);
  out.int4(segment.connectionCount === 0 ? 1 : segment.connectionCount);
  if (alpn.length === 0) out.null();
  else out.bytes(alpn);
  out.int2(segment.ownerRule);
  return { segment, connection, process };
}

function writePeer({ remoteAddress, remotePort }: DecodedSegment, out: CopyEncoder): void {
  if (remoteAddress.length === 0) {
    out.null();
    out.null();
  } else {
    out.inet(remoteAddress);
    out.int4(remotePort);
  }
}
