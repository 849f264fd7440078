// Reads what is known of a host over a span: its coverage, and the gaps of its ledger.
import type { Coverage, GapEntry, List } from '@foretop/proto/api';
import { ApiError, request } from '../api/client.ts';
import { live } from '../live/live.svelte.ts';
import { instantText } from '../time/view.ts';
import { summaryOf, type CoverageSummary } from './coverage-summary.ts';

export interface SpanKnown {
  /** undefined: nothing was said of it. */
  summary: CoverageSummary | undefined;
  /** Newest first. */
  gaps: GapEntry[];
}

const mostGaps = 200;

export async function readSpan(hostId: number, fromMs: number, toMs: number, signal: AbortSignal): Promise<SpanKnown> {
  // The collector answers up to now, not beyond.
  const span = { from: instantText(fromMs), to: instantText(Math.min(toMs, live.exactNowMs() - 1000)) };
  const query = (more: Record<string, string>) => new URLSearchParams({ ...span, ...more }).toString();
  const [coverage, gaps] = await Promise.all([
    request<Coverage>(`/hosts/${hostId}/coverage?${query({})}`, { signal }).catch(noSuchAnswer),
    request<List<GapEntry>>(`/hosts/${hostId}/gaps?${query({ limit: String(mostGaps) })}`, { signal }),
  ]);
  return { summary: coverage && summaryOf(coverage.items), gaps: gaps.items.toReversed() };
}

/** Gaps are worth showing also where coverage cannot be told, as for a span of seconds. */
function noSuchAnswer(error: unknown): undefined {
  if (error instanceof ApiError && (error.code === 'refused' || error.code === 'not-found')) return undefined;
  throw error;
}
