// When a simulated host is cut off from the collector: drawn ahead from its seed, so that a run can be repeated.
import { createRandom } from './random.ts';

export interface OutageOptions {
  /** Mean time between the end of one and the start of the next. */
  everySeconds: number;
  /** Mean length. */
  lastSeconds: number;
}

export interface Outages {
  /** `tick`: seconds since the start; never smaller than before. */
  online(tick: number): boolean;
}

export function createOutages(seed: string, options: OutageOptions | undefined): Outages {
  if (!options) return { online: () => true };
  const random = createRandom(`${seed}/outages`);
  const draw = (mean: number) => 1 + Math.floor(random.exponential(mean));
  let from = draw(options.everySeconds);
  let until = from + draw(options.lastSeconds);
  return {
    online(tick) {
      while (tick >= until) {
        from = until + draw(options.everySeconds);
        until = from + draw(options.lastSeconds);
      }
      return tick < from;
    },
  };
}
