// Scan evidence of a batch as rows of scan_evidence.
import { limits, type ScanEvidence, ScanKind } from '@foretop/proto';
import { rowAfter } from '../store/ids.ts';
import { type BatchContext, inWindow } from './batch-context.ts';
import type { CopyEncoder } from './copy-encoder.ts';
import { isCount, isInt4, isPort } from './numbers.ts';
import { earliestStartUs, isAddress } from './segments.ts';

export const scanColumns = [
  'host_id',
  'scan_start',
  'scan_end',
  'evidence_id',
  'kind',
  'source_address',
  'local_address',
  'local_port',
  'ports',
  'packets',
] as const;

/** Of `scans`; `halfOpen` has one kind of its own. */
const lastRefusedKind = ScanKind.SCAN_KIND_UDP;

/** Writes a row for each valid entry, counts the others in context.refused. @returns rows written. */
export function writeScans(
  { scans, halfOpen }: { scans: readonly ScanEvidence[]; halfOpen: readonly ScanEvidence[] },
  context: BatchContext,
  out: CopyEncoder,
): number {
  if (scans.length === 0 && halfOpen.length === 0) return 0;
  const { hostId, offsetUs, ids } = context;
  const firstId = ids.firstRow(hostId, context.epoch, context.sequence);
  let rows = 0;
  for (const [index, scan] of ([...scans, ...halfOpen] as DecodedScan[]).entries()) {
    const isHalfOpen = index >= scans.length;
    if (!isValid(scan, offsetUs) || isHalfOpen !== (scan.kind === ScanKind.SCAN_KIND_HALF_OPEN))
      context.refused.invalid++;
    else if (inWindow(context, 'scan_evidence', scan.endUs + offsetUs)) {
      out.reserve(0);
      out.row(scanColumns.length);
      out.int4(hostId);
      out.timestamp(scan.startUs + offsetUs);
      out.timestamp(scan.endUs + offsetUs);
      out.hash(rowAfter(firstId, index));
      out.int2(scan.kind);
      out.inet(scan.sourceAddress);
      out.inet(scan.localAddress);
      out.nullableInt4(scan.localPort === 0 ? null : scan.localPort);
      out.int4(Math.max(1, scan.ports));
      out.int8(scan.packets);
      context.accepted.scans.push(scan);
      rows++;
    }
  }
  return rows;
}

export type DecodedScan = Required<{ [Key in keyof ScanEvidence]: NonNullable<ScanEvidence[Key]> }>;

function isValid(scan: DecodedScan, offsetUs: number): boolean {
  const { startUs, endUs, kind } = scan;
  return (
    isCount(startUs) &&
    isCount(endUs) &&
    startUs <= endUs &&
    endUs - startUs <= limits.scanSpanUs &&
    startUs + offsetUs >= earliestStartUs &&
    Number.isSafeInteger(endUs + offsetUs) &&
    kind >= 1 &&
    (kind <= lastRefusedKind || kind === ScanKind.SCAN_KIND_HALF_OPEN) &&
    isAddress(scan.sourceAddress) &&
    isAddress(scan.localAddress) &&
    isPort(scan.localPort) &&
    isInt4(scan.ports) &&
    isCount(scan.packets)
  );
}
