// A host's coverage over a span in a few figures: what was seen at sockets, what was lost, late or not measured.
import type { CoveragePoint } from '@foretop/proto/api';

export interface CoverageSummary {
  /** 0 to 1; null: unknown, or no traffic. */
  share: number | null;
  socketBytes: number;
  interfaceBytes: number;
  forwardedBytes: number;
  eventsLost: number;
  missingSeconds: number;
  lateSeconds: number;
  backfilledSeconds: number;
}

/** Shares are of bytes, so that a busy minute counts more than a quiet one. */
export function summaryOf(points: readonly CoveragePoint[]): CoverageSummary {
  const summary: CoverageSummary = {
    share: null,
    socketBytes: 0,
    interfaceBytes: 0,
    forwardedBytes: 0,
    eventsLost: 0,
    missingSeconds: 0,
    lateSeconds: 0,
    backfilledSeconds: 0,
  };
  for (const point of points) {
    if (point.socketBytes !== null && point.interfaceBytes !== null) {
      summary.socketBytes += point.socketBytes;
      summary.interfaceBytes += point.interfaceBytes;
    }
    summary.forwardedBytes += point.forwardedBytes ?? 0;
    summary.eventsLost += point.eventsLost ?? 0;
    summary.missingSeconds += point.missingSeconds;
    summary.lateSeconds += point.lateSeconds;
    summary.backfilledSeconds += point.backfilledSeconds;
  }
  if (summary.interfaceBytes > 0) summary.share = Math.min(1, summary.socketBytes / summary.interfaceBytes);
  return summary;
}
