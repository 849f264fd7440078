// Two shapes that statements do not have: objects with members that may be absent, and numbers that are not whole.
import * as check from '../trust/checks.ts';
import type { Check } from '../trust/checks.ts';
import { malformed } from '../trust/statement-error.ts';

type Shape = Record<string, Check<unknown>>;
type Shaped<S extends Shape> = { [Name in keyof S]: ReturnType<S[Name]> };

/** An object with all of `required`, any of `optional`, and nothing else. */
export const partly =
  <Required extends Shape, Optional extends Shape>(
    required: Required,
    optional: Optional,
  ): Check<Shaped<Required> & Partial<Shaped<Optional>>> =>
  (value, at) => {
    const given = check.objectOf(value, at);
    const present = Object.entries(optional).filter(([name]) => Object.hasOwn(given, name));
    return check.exact({ ...required, ...Object.fromEntries(present) })(value, at) as Shaped<Required> &
      Partial<Shaped<Optional>>;
  };

/** A finite number from 0 to `most`. */
export const amount =
  (most: number): Check<number> =>
  (value, at) => {
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= most) return value;
    throw malformed(`${at} is no number from 0 to ${most}`);
  };

export const flag: Check<boolean> = (value, at) => {
  if (typeof value === 'boolean') return value;
  throw malformed(`${at} is neither true nor false`);
};
