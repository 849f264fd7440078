// Quantiles of a long stream in bounded memory: a histogram whose buckets grow by a constant factor (as in DDSketch, Masson et al.,
// VLDB 2019), so that every quantile is right to within 5 %, and in which old values fade.

const growth = 1.1; // buckets from x to 1.1 x: their middle is at most 5 % off
const logGrowth = Math.log(growth);
/** From 1 to 10^12 takes 290 of them; the lowest are merged beyond this. */
const mostBuckets = 320;
const fadingHours = 24 * 14;

export interface SketchState {
  /** Hour since the epoch whose values weigh 1. */
  hour: number;
  zero: number;
  /** Bucket, weight, bucket, weight … */
  buckets: number[];
}

export class QuantileSketch {
  #hour = 0;
  #zero = 0;
  readonly #buckets = new Map<number, number>();

  /** Values below 1 count as 0. Times may come in any order. */
  add(atUs: number, value: number): void {
    const hour = atUs / 3.6e9;
    if (hour > this.#hour) this.#fadeTo(hour);
    const weight = 0.5 ** Math.min((this.#hour - hour) / fadingHours, 60);
    if (!(value >= 1)) this.#zero += weight;
    else {
      const bucket = Math.floor(Math.log(Math.min(value, Number.MAX_SAFE_INTEGER)) / logGrowth);
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + weight);
      if (this.#buckets.size > mostBuckets) this.#mergeLowest();
    }
  }

  /** How many values it stands for, the faded ones counted by what is left of them. */
  get weight(): number {
    let sum = this.#zero;
    for (const weight of this.#buckets.values()) sum += weight;
    return sum;
  }

  /** NaN of nothing. */
  quantile(share: number): number {
    const total = this.weight;
    if (total === 0) return Number.NaN;
    let left = share * total - this.#zero;
    if (left <= 0) return 0;
    const ordered = [...this.#buckets].toSorted(([a], [b]) => a - b);
    for (const [bucket, weight] of ordered) {
      left -= weight;
      if (left <= 1e-9) return growth ** (bucket + 0.5);
    }
    return growth ** ((ordered.at(-1)?.[0] ?? 0) + 0.5);
  }

  save(): SketchState {
    const rounded = (weight: number) => Math.round(weight * 1000) / 1000;
    return {
      hour: Math.round(this.#hour * 10) / 10,
      zero: rounded(this.#zero),
      buckets: [...this.#buckets].flatMap(([bucket, weight]) => [bucket, rounded(weight)]),
    };
  }

  /** What save wrote; anything else gives an empty one. */
  static restore(state: unknown): QuantileSketch {
    const sketch = new QuantileSketch();
    const { hour, zero, buckets } = (state ?? {}) as Partial<SketchState>;
    if (!isWeight(hour) || !isWeight(zero) || !Array.isArray(buckets) || buckets.length > 2 * mostBuckets)
      return sketch;
    sketch.#hour = hour;
    sketch.#zero = zero;
    for (let at = 0; at + 1 < buckets.length; at += 2) {
      const [bucket, weight] = [buckets[at]!, buckets[at + 1]!];
      if (Number.isInteger(bucket) && isWeight(weight) && weight > 0) sketch.#buckets.set(bucket, weight);
    }
    return sketch;
  }

  #fadeTo(hour: number): void {
    const factor = this.#hour === 0 ? 1 : 0.5 ** ((hour - this.#hour) / fadingHours);
    // Fading costs a walk over the buckets: not for minutes.
    if (this.#hour !== 0 && factor > 0.999) return;
    this.#hour = hour;
    this.#zero *= factor;
    for (const [bucket, weight] of this.#buckets) {
      if (weight * factor < 1e-3) this.#buckets.delete(bucket);
      else this.#buckets.set(bucket, weight * factor);
    }
  }

  #mergeLowest(): void {
    const [lowest, next] = [...this.#buckets.keys()].toSorted((a, b) => a - b);
    this.#buckets.set(next!, this.#buckets.get(next!)! + this.#buckets.get(lowest!)!);
    this.#buckets.delete(lowest!);
  }
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value);
}
