// When findings were seen: in words, and as the span in which the records behind them lie.
import { age } from '../format/duration.ts';
import { day, timeOfDay } from '../time/clock.ts';
import { instantText } from '../time/view.ts';

const [hourMs, dayMs] = [3_600_000, 86_400_000];

/** "31 min ago", "3 h ago"; "Wed 18 Nov" from a day on. */
export function ago(ms: number, nowMs: number): string {
  const spanMs = nowMs - ms;
  if (spanMs >= dayMs) return day(ms);
  return spanMs < hourMs ? `${age(spanMs)} ago` : `${Math.floor(spanMs / hourMs)} h ago`;
}

/** "14:01:07" within a day, else "Wed 18 Nov 14:01". */
export const clockOf = (ms: number, nowMs: number): string =>
  Math.abs(nowMs - ms) < dayMs ? timeOfDay(ms) : `${day(ms)} ${timeOfDay(ms).slice(0, 5)}`;

/** What is open gives a record every 300 s at least. */
const recordMs = 301_000;
const beforeMs = 60_000;

/** What to look at for a finding's records: a little before it began to a little after it was last seen, at most its last day. */
export function spanBehind(firstMs: number, lastMs: number, nowMs: number): { from: string; to: string } {
  const toMs = Math.min(nowMs, lastMs + recordMs);
  const fromMs = Math.min(toMs - 1000, Math.max(firstMs - beforeMs, toMs - dayMs));
  return { from: instantText(fromMs), to: instantText(toMs) };
}
