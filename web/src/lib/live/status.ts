// How a host is to be shown: what the collector said last, unless the page itself is cut off from the collector.
import type { HostStatusName } from '@foretop/proto/api';
import { age } from '../format/duration.ts';
import { since } from '../time/clock.ts';

export const statusWords: Record<HostStatusName, string> = {
  live: 'Live',
  stale: 'Stale',
  offline: 'Offline',
  revoked: 'Revoked',
};

/** Nothing is live on a page that hears nothing. */
export const shownStatus = (status: HostStatusName, cutOff: boolean): HostStatusName =>
  cutOff && status === 'live' ? 'stale' : status;

/** "14 s ago", "since 11:02", "never heard": what stands beside a status that is not live. */
export function statusAge(status: HostStatusName, lastSeenMs: number | null, nowMs: number): string {
  if (lastSeenMs === null) return 'never heard';
  if (status === 'offline' || status === 'revoked') return `since ${since(lastSeenMs, nowMs)}`;
  return `${age(nowMs - lastSeenMs)} ago`;
}
