import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchOffsetUs, BootOffset } from './clock.ts';

const second = 1_000_000;
const day = 86_400 * second;
const year = 365 * day;

/** A collector whose wall clock says `wallUs` at monotonic 0; hosts booted at `bootUs` of true time. */
function collector(wallUs: number) {
  const state = { monotonicUs: 0, wallStartUs: wallUs };
  return {
    state,
    clock: { wallUs: () => state.wallStartUs + state.monotonicUs, monotonicUs: () => state.monotonicUs },
  };
}

describe('BootOffset', () => {
  it('comes as close as the quickest reading, whatever the others’ delays', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 3 * second }), { minLength: 1, maxLength: 50 }), (delays) => {
        const { state, clock } = collector(1_790_000_000 * second);
        const offset = new BootOffset(clock, 500 * second - delays[0]!);
        for (const delay of delays.slice(1)) {
          state.monotonicUs += second;
          offset.observe(500 * second + state.monotonicUs - delay);
        }
        const error = offset.offsetUs() - (1_790_000_000 - 500) * second;
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(Math.min(...delays) + delays.length * 500 + 1);
      }),
    );
  });

  it('follows drift, but not a delay that lasts', () => {
    const { state, clock } = collector(1_790_000_000 * second);
    const offset = new BootOffset(clock, 0);
    const first = offset.offsetUs();
    for (let i = 1; i <= 600; i++) {
      state.monotonicUs += second;
      // The host's clock runs 100 ppm slow.
      offset.observe(state.monotonicUs * 0.9999);
    }
    expect(offset.offsetUs() - first).toBeCloseTo(600 * 100, -3);
    state.monotonicUs += second;
    offset.observe(state.monotonicUs * 0.9999 - 60 * second);
    expect(offset.offsetUs() - first).toBeLessThan(61_000);
  });

  it('follows at once when the collector’s own clock is set', () => {
    const { state, clock } = collector(1_790_000_000 * second);
    const offset = new BootOffset(clock, 0);
    const before = offset.offsetUs();
    state.wallStartUs += 3_600 * second;
    expect(offset.offsetUs() - before).toBe(3_600 * second);
    state.wallStartUs -= 2 * year;
    expect(offset.offsetUs() - before).toBe(3_600 * second - 2 * year);
  });
});

describe('batchOffsetUs', () => {
  const now = 1_790_000_000 * second;
  const bootId = new Uint8Array(16).fill(1);
  const earlierBoot = new Uint8Array(16).fill(2);
  const upUs = 1_000 * second;
  const present = (wallErrorUs: number) => ({
    bootId,
    offsetUs: now - upUs,
    reading: { boottimeUs: upUs, wallUs: now + wallErrorUs },
  });

  it('is the session’s for the boot that is connected, whatever the agent says', () => {
    expect(batchOffsetUs({ bootId, bootOffsetUs: 5, wallOffsetUs: 7 }, present(0))).toBe(now - upUs);
  });

  it('is what the collector told the agent, for an earlier boot', () => {
    expect(batchOffsetUs({ bootId: earlierBoot, bootOffsetUs: 5, wallOffsetUs: 7 }, present(10 * year))).toBe(5);
  });

  it.each([
    ['right', 0],
    ['ten years ahead', 10 * year],
    ['ten years behind', -10 * year],
  ])('comes from the wall clock of an earlier boot that never met a collector, though it was %s', (_, wallErrorUs) => {
    const bootedUs = now - 2 * day;
    const wallOffsetUs = bootedUs + wallErrorUs;
    expect(batchOffsetUs({ bootId: earlierBoot, wallOffsetUs }, present(wallErrorUs))).toBe(bootedUs);
  });
});
