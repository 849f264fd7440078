// A part of the page that does not come is asked for again; while the collector is away nothing is.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collectorReachable, loadPart, watchMissing } from './load-part.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gone = () => new TypeError('Failed to fetch dynamically imported module');
const told: number[] = [];
beforeEach(() => {
  told.length = 0;
  watchMissing((missing) => told.push(missing));
});

it('asks again with growing pauses until the part comes, and says how many do not', async () => {
  const load = vi.fn<() => Promise<string>>(() => Promise.reject(gone()));
  const part = loadPart(load);
  await vi.advanceTimersByTimeAsync(0);
  expect([load.mock.calls.length, told]).toEqual([1, [1]]);
  await vi.advanceTimersByTimeAsync(1_000);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(load).toHaveBeenCalledTimes(2);
  load.mockResolvedValue('the part');
  await vi.advanceTimersByTimeAsync(1);
  await expect(part).resolves.toBe('the part');
  expect(told).toEqual([1, 0]);
});

it('asks for nothing while the collector is away, and at once when it is back', async () => {
  collectorReachable(false);
  const load = vi.fn<() => Promise<string>>().mockResolvedValue('the part');
  const parts = [loadPart(load), loadPart(load)];
  await vi.advanceTimersByTimeAsync(600_000);
  expect([load.mock.calls.length, told]).toEqual([0, [1, 2]]);
  collectorReachable(true);
  await expect(Promise.all(parts)).resolves.toEqual(['the part', 'the part']);
  expect(told).toEqual([1, 2, 1, 0]);
});

it('a fault of the part itself is final', async () => {
  await expect(loadPart(() => Promise.reject(new RangeError('of the part')))).rejects.toThrow('of the part');
  expect(told).toEqual([]);
  const own = new TypeError('of the part');
  const [failed] = await Promise.all([
    loadPart(() => Promise.reject(own)).catch((error: unknown) => error),
    vi.advanceTimersByTimeAsync(1_000),
  ]);
  expect(failed).toBe(own);
  expect(told).toEqual([1, 0]);
});
