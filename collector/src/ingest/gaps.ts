// Gaps: those that an agent reports, and those that come from refusing its rows.
import { type Gap, type GapReason, gapReasons, limits } from '@foretop/proto';
import { type BatchContext, clamp, futureUs, oldestUs, type Refused } from './batch-context.ts';
import { isCount } from './numbers.ts';
import { cleanText } from '../store/host-text.ts';

/** A row of gap. Times are Unix microseconds. */
export interface GapRow {
  hostId: number;
  startUs: number;
  endUs: number;
  reason: GapReason;
  lost: number;
  detail: string;
}

/** Valid gaps as rows, cut to what is kept; the others are counted in context.refused. */
export function readGaps(gaps: readonly Gap[], context: BatchContext): GapRow[] {
  const rows: GapRow[] = [];
  const oldest = oldestUs(context, 'gap');
  const newest = context.nowUs + futureUs;
  for (const gap of gaps as readonly Required<Gap>[]) {
    const startUs = gap.startUs! + context.offsetUs;
    const endUs = gap.endUs! + context.offsetUs;
    if (!isReason(gap.reason!) || !isCount(gap.lost!) || !Number.isSafeInteger(endUs) || !(startUs <= endUs)) {
      context.refused.invalid++;
    } else if (endUs >= oldest && startUs <= newest) {
      rows.push({
        hostId: context.hostId,
        startUs: Math.max(startUs, oldest),
        endUs: Math.min(endUs, newest),
        reason: gap.reason,
        lost: gap.lost!,
        detail: cleanText(gap.detail ?? '', limits.textLength),
      });
    }
  }
  return rows;
}

const isReason = (reason: string): reason is GapReason => Object.hasOwn(gapReasons, reason);

/** The ledger's entries for the rows that were refused. `seenUs` is when the batch was made, as far as known. */
export function refusalGaps(refused: Refused, context: BatchContext, seenUs: number): GapRow[] {
  const { hostId, nowUs } = context;
  const gaps: GapRow[] = [];
  if (refused.invalid > 0) {
    gaps.push({ hostId, startUs: seenUs, endUs: seenUs, reason: 'invalid-rows', lost: refused.invalid, detail: '' });
  }
  if (refused.clock > 0) {
    const oldest = oldestUs(context, 'gap');
    const startUs = clamp(refused.clockStartUs, oldest, nowUs);
    const endUs = clamp(refused.clockEndUs, oldest, nowUs);
    const detail = `rows from ${isoTime(refused.clockStartUs)} to ${isoTime(refused.clockEndUs)}`;
    gaps.push({ hostId, startUs, endUs, reason: 'clock', lost: refused.clock, detail });
  }
  return gaps;
}

/** Dates reach 8.64e15 ms from 1970; a hostile clock reaches further. */
function isoTime(unixUs: number): string {
  const date = new Date(unixUs / 1000);
  return Number.isNaN(date.getTime()) ? `${unixUs} us` : date.toISOString();
}
