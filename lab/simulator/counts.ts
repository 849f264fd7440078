// What a sealed batch holds, counted from its own bytes.
import { BatchBody } from '@foretop/proto';

export interface RowCounts {
  batches: number;
  /** Rows of connection_segment. */
  segments: number;
  /** Connections that ended, folded ones counted each. */
  closed: number;
  /** TCP payload, sums of the segments' deltas. */
  rxBytes: number;
  txBytes: number;
  processes: number;
  processMinutes: number;
  metricChunks: number;
  gaps: number;
  /** Rows of dns_exchange, and the exchanges in them, folded ones counted each. */
  dnsRows: number;
  dnsExchanges: number;
  /** Rows of scan_evidence, and the packets in them. */
  scanRows: number;
  scanPackets: number;
}

export function noRows(): RowCounts {
  return {
    ...{ batches: 0, segments: 0, closed: 0, rxBytes: 0, txBytes: 0 },
    ...{ processes: 0, processMinutes: 0, metricChunks: 0, gaps: 0 },
    ...{ dnsRows: 0, dnsExchanges: 0, scanRows: 0, scanPackets: 0 },
  };
}

export function countRows(body: Uint8Array): RowCounts {
  const { segments, processes, processMinutes, metrics, gaps, dnsExchanges, scans } = BatchBody.decode(body);
  const counts = noRows();
  counts.batches = 1;
  counts.segments = segments.length;
  counts.processes = processes.length;
  counts.processMinutes = processMinutes.length;
  counts.metricChunks = metrics.length;
  counts.gaps = gaps.length;
  counts.dnsRows = dnsExchanges.length;
  counts.scanRows = scans.length;
  for (const exchange of dnsExchanges) counts.dnsExchanges += exchange.count || 1;
  for (const scan of scans) counts.scanPackets += scan.packets ?? 0;
  for (const segment of segments) {
    if (segment.closed) counts.closed += segment.connectionCount ?? 1;
    counts.rxBytes += segment.rxBytes ?? 0;
    counts.txBytes += segment.txBytes ?? 0;
  }
  return counts;
}

/** Adds `more` to `sum` in place. */
export function addRows(sum: RowCounts, more: RowCounts): void {
  for (const key of Object.keys(sum) as (keyof RowCounts)[]) sum[key] += more[key];
}
