// What is usual at this hour of this weekday: an hourly value learnt in three grains (hour of the week, hour of the day, any hour). The
// finest grain that has seen enough speaks. Times are what the host's own clock shows, written as if it were UTC.
import { learn } from './decayed-level.ts';
import { QuantileSketch, type SketchState } from './quantile-sketch.ts';

const hoursADay = 24;
const hoursAWeek = 168;
/** 0 any hour, 1–24 hours of the day, 25–192 hours of the week. */
const cells = 1 + hoursADay + hoursAWeek;
const hourUs = 3.6e9;
/** Memory in values: about two months of weeks, three weeks of days, two weeks of hours. */
const memory = { week: 8, day: 21, any: 336 };
/** So many values of a grain before it speaks. */
const enough = { week: 3, day: 4, any: 24 };
/** More than a byte counter of a host can say; squares and sums of it are still numbers. */
const largest = 1e15;
/** When everything has been learnt that is asked of it. */
const wholeHours = 14 * hoursADay;

export type Basis = 'hour of the week' | 'hour of the day' | 'any hour';

export interface Expectation {
  basis: Basis;
  mean: number;
  /** Mean absolute deviation, at least the floor. */
  scatter: number;
  /** Values behind it. */
  weight: number;
}

export interface BaselineState {
  hours: number;
  days: number;
  lastDay: number;
  /** Base64 of the cells as 32-bit floats, little-endian. */
  levels: string;
  sketch: SketchState;
}

export class SeasonalBaseline {
  #hours = 0;
  #days = 0;
  #lastDay = -1;
  #sketch = new QuantileSketch();
  /** Weight, mean and scatter of each grain's cells, side by side: 2.3 KB, whatever is learnt. */
  readonly #levels = new Float32Array(3 * cells);
  readonly #floor: number;
  readonly #relativeFloor: number;

  /** `floor`: the least scatter that is believed, in the unit of the values; `relativeFloor`: the same as a share of the mean. */
  constructor(floor: number, relativeFloor = 0.2) {
    this.#floor = floor;
    this.#relativeFloor = relativeFloor;
  }

  /** One whole hour's value; `localUs` is any time in it. */
  learn(localUs: number, claimed: number): void {
    if (!Number.isFinite(claimed) || !Number.isFinite(localUs)) return;
    const value = Math.min(Math.max(claimed, -largest), largest);
    const { day, hourOfDay, hourOfWeek } = season(localUs);
    this.#learnAt(0, value, memory.any);
    this.#learnAt(1 + hourOfDay, value, memory.day);
    this.#learnAt(1 + hoursADay + hourOfWeek, value, memory.week);
    this.#sketch.add(localUs, value);
    this.#hours++;
    if (day > this.#lastDay) {
      this.#days++;
      this.#lastDay = day;
    }
  }

  /** What an hour at this time should bring; undefined while too little is known. */
  expect(localUs: number): Expectation | undefined {
    const { hourOfDay, hourOfWeek } = season(localUs);
    return (
      this.#expectAt(1 + hoursADay + hourOfWeek, enough.week, 'hour of the week') ??
      this.#expectAt(1 + hourOfDay, enough.day, 'hour of the day') ??
      this.#expectAt(0, enough.any, 'any hour')
    );
  }

  /** From now on the clock is so many whole hours ahead of where it was: each hour is the one that the clock would have shown. */
  shift(hours: number): void {
    this.#rotate(1, hoursADay, hours);
    this.#rotate(1 + hoursADay, hoursAWeek, hours);
  }

  /** What 95 % of all hours stayed below; NaN of nothing. */
  high(): number {
    return this.#sketch.quantile(0.95);
  }

  /** `share`: 1 from two weeks of hours on. */
  learnt(): { hours: number; days: number; share: number } {
    return { hours: this.#hours, days: this.#days, share: Math.min(1, this.#hours / wholeHours) };
  }

  save(): BaselineState {
    return {
      hours: this.#hours,
      days: this.#days,
      lastDay: this.#lastDay,
      levels: Buffer.from(this.#levels.buffer).toString('base64'),
      sketch: this.#sketch.save(),
    };
  }

  /** What save wrote; anything else gives an empty one. */
  static restore(state: unknown, floor: number, relativeFloor = 0.2): SeasonalBaseline {
    const baseline = new SeasonalBaseline(floor, relativeFloor);
    const { hours, days, lastDay, levels, sketch } = (state ?? {}) as Partial<BaselineState>;
    const counts = [hours, days, lastDay];
    if (!counts.every((count) => Number.isSafeInteger(count)) || typeof levels !== 'string') return baseline;
    const bytes = Buffer.from(levels, 'base64');
    if (bytes.length !== baseline.#levels.byteLength) return baseline;
    const cellsRead = new Float32Array(new Uint8Array(bytes).buffer);
    if (!cellsRead.every((value) => Number.isFinite(value))) return baseline;
    baseline.#levels.set(cellsRead);
    baseline.#hours = hours!;
    baseline.#days = days!;
    baseline.#lastDay = lastDay!;
    baseline.#sketch = QuantileSketch.restore(sketch);
    return baseline;
  }

  #rotate(first: number, count: number, by: number): void {
    const before = this.#levels.slice(3 * first, 3 * (first + count));
    for (let at = 0; at < count; at++) {
      const to = first + modulo(at + by, count);
      this.#levels.set(before.subarray(3 * at, 3 * at + 3), 3 * to);
    }
  }

  #learnAt(cell: number, value: number, of: number): void {
    const [weight, mean, scatter] = this.#levels.subarray(3 * cell, 3 * cell + 3) as unknown as [
      number,
      number,
      number,
    ];
    const level = { weight, mean, scatter };
    learn(level, value, of, Math.max(this.#floor, this.#relativeFloor * Math.abs(mean)));
    this.#levels.set([level.weight, level.mean, level.scatter], 3 * cell);
  }

  #expectAt(cell: number, least: number, basis: Basis): Expectation | undefined {
    const [weight, mean, scatter] = this.#levels.subarray(3 * cell, 3 * cell + 3) as unknown as [
      number,
      number,
      number,
    ];
    if (weight < least) return undefined;
    const believed = Math.max(scatter, this.#floor, this.#relativeFloor * Math.abs(mean));
    return { basis, mean, scatter: believed, weight };
  }
}

/** The epoch began on a Thursday: hour 0 of the week is Monday's first. */
function season(localUs: number): { day: number; hourOfDay: number; hourOfWeek: number } {
  const hour = Math.floor(localUs / hourUs);
  const hourOfWeek = modulo(hour + 3 * hoursADay, hoursAWeek);
  return { day: Math.floor(hour / hoursADay), hourOfDay: modulo(hour, hoursADay), hourOfWeek };
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
