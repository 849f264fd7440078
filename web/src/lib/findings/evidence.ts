// Numbers behind a finding in words: value and what it was held against, each with its unit.
import type { DetectorThreshold, FindingEvidence } from '@foretop/proto/api';
import { duration } from '../format/duration.ts';
import { asText, bytes, count, percent } from '../format/figures.ts';
import { visible } from '../format/visible.ts';

export type Unit = FindingEvidence['unit'] | DetectorThreshold['unit'];

const short = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** "1,000", "12.0 s", "1.47 MB", "98.2 %", "40 /s", "0.97"; words stay as they are. */
export function measured(value: number | string | null, unit: Unit): string {
  if (value === null) return '–';
  if (typeof value === 'string') return visible(value);
  switch (unit) {
    case 'bytes':
      return asText(bytes(value));
    case 'seconds':
      return duration(value * 1000);
    case 'permille':
      return percent(value / 10);
    case 'per-second':
      return `${Number.isInteger(value) ? count(value) : short.format(value)} /s`;
    case 'count':
      return Number.isInteger(value) ? count(value) : short.format(value);
    default:
      return Number.isInteger(value) && Math.abs(value) >= 1000 ? count(value) : short.format(value);
  }
}

/** How far the value fills a bar on which the threshold stands in the middle, 0 to 1; undefined where it says nothing. */
export function share({ value, against }: Pick<FindingEvidence, 'value' | 'against'>): number | undefined {
  if (typeof value !== 'number' || typeof against !== 'number' || against <= 0 || value < 0) return undefined;
  return Math.min(1, value / (2 * against));
}
