// Thresholds of a detector as they are typed: what is wrong with them, and what of them is to be stored.
import type { DetectorThreshold } from '@foretop/proto/api';
import { measured } from '#lib/findings/evidence.ts';

/** Texts by the thresholds' names. */
export type Typed = Readonly<Record<string, string>>;

export const typedOf = (thresholds: readonly DetectorThreshold[]): Record<string, string> =>
  Object.fromEntries(thresholds.map(({ name, value }) => [name, String(value)]));

/** Empty: nothing is wrong. */
export function faultOf({ least, most, unit }: DetectorThreshold, text: string): string {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return 'A number is needed.';
  return value < least || value > most ? `From ${measured(least, unit)} to ${measured(most, unit)}.` : '';
}

/** Those that differ from their defaults; the others are left out and follow the defaults. */
export const chosen = (thresholds: readonly DetectorThreshold[], typed: Typed): Record<string, number> =>
  Object.fromEntries(
    thresholds.flatMap(({ name, default: usual }) => {
      const value = Number(typed[name]);
      return value === usual ? [] : [[name, value] as const];
    }),
  );

/** All of them, for a backtest: what it leaves out is as it is set, not as it is typed. */
export const everyOne = (thresholds: readonly DetectorThreshold[], typed: Typed): Record<string, number> =>
  Object.fromEntries(thresholds.map(({ name }) => [name, Number(typed[name])]));

export const isChanged = (thresholds: readonly DetectorThreshold[], typed: Typed): boolean =>
  thresholds.some(({ name, value }) => Number(typed[name]) !== value);
