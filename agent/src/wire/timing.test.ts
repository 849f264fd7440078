// Backoff, lease and clock offset.
import { join } from 'node:path';
import { LiveSection } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../test/temporary-directory.ts';
import { createBackoff } from './backoff.ts';
import { openClockOffset } from './clock-offset.ts';
import { createLease } from './lease.ts';

describe('backoff', () => {
  it('waits at random up to a ceiling that doubles from 0.5 s to 60 s, and starts anew after a good connection', () => {
    const highest = createBackoff(() => 0.999_999);
    const waits = Array.from({ length: 12 }, () => highest.nextMs());
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, ...Array(5).fill(60_000)]);
    highest.reset();
    expect(highest.nextMs()).toBe(500);
    expect(createBackoff(() => 0).nextMs()).toBe(50);
    expect(createBackoff(() => 0.5).nextMs(7_000)).toBe(7_250);
  });
});

describe('lease', () => {
  const watch = { sections: [LiveSection.LIVE_SECTION_BANDWIDTH], rateHz: 10, ttlMs: 15_000, keyFrame: false };

  it('dies by itself after its time, and at once when told', () => {
    const lease = createLease();
    expect(lease.active(0)).toBeUndefined();
    expect(lease.renew(watch, 0)).toBe(true);
    expect(lease.active(14_999_999)).toMatchObject({ rateHz: 10 });
    expect(lease.active(15_000_000)).toBeUndefined();
    lease.renew(watch, 20_000_000);
    lease.renew({ ...watch, ttlMs: 0 }, 21_000_000);
    expect(lease.active(21_000_001)).toBeUndefined();
  });

  it('asks for everything again when it begins, grows, or is told to', () => {
    const lease = createLease();
    const more = { ...watch, sections: [...watch.sections, LiveSection.LIVE_SECTION_PROCESSES] };
    expect([watch, watch, more, more, watch].map((next, i) => lease.renew(next, i))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(lease.renew({ ...watch, keyFrame: true }, 6)).toBe(true);
    expect(lease.renew(watch, 60_000_000)).toBe(true);
  });

  it('takes no more than the protocol allows', () => {
    const lease = createLease();
    lease.renew({ ...watch, rateHz: 5_000, ttlMs: 4e9 }, 0);
    expect(lease.active(14_999_999)?.rateHz).toBe(10);
    expect(lease.active(15_000_000)).toBeUndefined();
    lease.renew({ ...watch, rateHz: 0 }, 0);
    expect(lease.active(1)?.rateHz).toBe(1);
  });
});

describe('clock offset', () => {
  const boot = (value: number) => new Uint8Array(16).fill(value);
  const open = (path: string, value = 1) =>
    openClockOffset(path, boot(value), (error) => expect(error).toBeUndefined());

  it('takes the message with the least delay', () => {
    using temporary = temporaryDirectory();
    const delays = fc.array(fc.integer({ min: 300, max: 900_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(delays, (list) => {
        const offset = open(join(temporary.path, 'clock.json'));
        const trueUs = 1.7e15;
        list.forEach((delayUs, i) => offset.learn(trueUs + i * 1e6, i * 1e6 + delayUs));
        expect(trueUs - offset.currentUs()!).toBe(Math.min(...list.slice(-16)));
      }),
      { numRuns: 30 },
    );
  });

  it('remembers the last boots over restarts, and takes no nonsense', () => {
    using temporary = temporaryDirectory();
    const path = join(temporary.path, 'clock.json');
    expect(open(path).currentUs()).toBeUndefined();
    for (let value = 1; value <= 12; value++) open(path, value).learn(1e15 + value, 0);
    const last = open(path, 12);
    expect(last.currentUs()).toBe(1e15 + 12);
    expect(last.ofBootUs(boot(5))).toBe(1e15 + 5);
    expect(last.ofBootUs(boot(4))).toBeUndefined();
    for (const nonsense of [0, -5, Number.NaN, 2 ** 60]) last.learn(nonsense, 0);
    expect(last.currentUs()).toBe(1e15 + 12);
  });
});
