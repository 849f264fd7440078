// What a list over the history cannot know: gaps, hosts enrolled later, rows no longer kept, hosts not heard since.
import type { UnknownSpan } from '@foretop/proto/api';
import type { GapRow, HostSpanRow } from '../../store/queries/gaps.ts';

/** More than a page can show; the gap ledger of each host has them all. */
export const mostUnknownSpans = 1000;

const dayUs = 86_400_000_000;
/** Records are flushed every 5 s; twice that has passed before something counts as missing. */
export const recordDelayUs = 10_000_000;

export interface KnownUntil {
  nowUs: number;
  keptDays: number;
  /** When the host was last heard, Unix µs; undefined: never. */
  heardUs: (host: HostSpanRow) => number | undefined;
}

/** `fromUs` = `toUs` asks for one instant. */
export function unknownSpans(
  hosts: readonly HostSpanRow[],
  gaps: readonly GapRow[],
  span: { fromUs: number; toUs: number },
  known: KnownUntil,
): UnknownSpan[] {
  const { fromUs, toUs } = span;
  const spans: UnknownSpan[] = [];
  const touches = (startUs: number, endUs: number) =>
    fromUs === toUs ? startUs <= fromUs && fromUs < endUs : startUs < toUs && endUs > fromUs;
  const add = (hostId: number, startUs: number, endUs: number, reason: string) => {
    if (touches(startUs, endUs)) spans.push({ hostId, from: time(startUs), to: time(endUs), reason });
  };
  const keptUs = known.nowUs - known.keptDays * dayUs;
  for (const host of hosts) {
    const enrolledUs = microseconds(host.enrolledAt);
    const heardUs = known.heardUs(host) ?? enrolledUs;
    add(host.hostId, Math.min(fromUs, enrolledUs), enrolledUs, 'before-enrolment');
    if (enrolledUs < keptUs) add(host.hostId, Math.min(fromUs, keptUs), keptUs, 'not-kept');
    if (heardUs < Math.min(toUs, known.nowUs) - recordDelayUs)
      add(host.hostId, heardUs, Math.max(toUs, heardUs) + 1, 'not-live');
  }
  const asked = new Set(hosts.map((host) => host.hostId));
  for (const gap of gaps) {
    if (asked.has(gap.hostId)) add(gap.hostId, microseconds(gap.from), microseconds(gap.to), gap.reason);
  }
  return spans.slice(0, mostUnknownSpans);
}

const microseconds = (date: Date) => date.getTime() * 1000;
const time = (unixUs: number) => new Date(unixUs / 1000).toISOString();
