// A number on the command line.
import { InvalidArgumentError } from 'commander';

/** Of digits alone, from `least` to `most`. The parser throws InvalidArgumentError. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A number from ${least} to ${most} is required.`);
  };
}
