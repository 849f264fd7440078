// How far back the time bar reaches, and the steps it is drawn and walked by.
import type { View } from './view.ts';

export const ranges = [
  { id: '1h', label: '1 h', spanMs: 3_600_000, stepMs: 60_000, tickMs: 600_000 },
  { id: '6h', label: '6 h', spanMs: 21_600_000, stepMs: 120_000, tickMs: 3_600_000 },
  { id: '24h', label: '24 h', spanMs: 86_400_000, stepMs: 300_000, tickMs: 10_800_000 },
  { id: '7d', label: '7 d', spanMs: 604_800_000, stepMs: 1_800_000, tickMs: 86_400_000 },
] as const;
export type Range = (typeof ranges)[number];

export const rangeOf = (id: string): Range => ranges.find((range) => range.id === id) ?? ranges[2];

/** The end of the bar: now, or so that a time from before its beginning stands in the middle. Steps, so that it stands still between them. */
export function barEnd(view: View, nowMs: number, { spanMs, stepMs }: Range): number {
  const whole = (ms: number) => Math.ceil(ms / stepMs) * stepMs;
  const shownMs = view.kind === 'at' ? view.atMs : view.kind === 'span' ? view.fromMs : nowMs;
  return shownMs >= whole(nowMs) - spanMs ? whole(nowMs) : whole(shownMs + spanMs / 2);
}

/** The instant one step on; the present is as far as it goes. */
export function stepped(view: View, nowMs: number, direction: 1 | -1, { stepMs }: Range): View {
  const fromMs = view.kind === 'at' ? view.atMs : view.kind === 'span' ? view.toMs : nowMs;
  const toMs = fromMs + direction * stepMs;
  return toMs >= nowMs ? { kind: 'live' } : { kind: 'at', atMs: toMs };
}

/** A place on the bar becomes an instant, two places a span; what lies in the future is now. */
export function viewOfDrag(firstMs: number, lastMs: number, nowMs: number, leastMs: number): View {
  const [fromMs, toMs] = [Math.min(firstMs, lastMs), Math.min(nowMs, Math.max(firstMs, lastMs))];
  if (toMs - fromMs >= leastMs) return { kind: 'span', fromMs, toMs };
  return lastMs >= nowMs ? { kind: 'live' } : { kind: 'at', atMs: lastMs };
}

/** Instants of the ticks within a span, in the viewer's zone: whole hours and days there, not in UTC. */
export function ticks(startMs: number, endMs: number, tickMs: number): number[] {
  const shift = -new Date(startMs).getTimezoneOffset() * 60_000;
  const found: number[] = [];
  for (let ms = Math.ceil((startMs + shift) / tickMs) * tickMs - shift; ms < endMs; ms += tickMs) found.push(ms);
  return found;
}
