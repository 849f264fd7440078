// Sums over hosts, and what stays unknown.
import { expect, it } from 'vitest';
import type { Bandwidth, HostRecord } from '@foretop/proto/api';
import { fleetActivity, sumActivity, unknownRuns } from './activity.ts';

const at = Date.UTC(2026, 10, 20);
const answer = (rates: (number | null)[], gaps: Bandwidth['gaps'] = []): Bandwidth => ({
  items: rates.map((rate, index) => ({
    time: new Date(at + index * 60_000).toISOString(),
    rxRate: rate,
    txRate: rate,
  })),
  nextCursor: null,
  asOf: '',
  stepSeconds: 60,
  subject: '',
  gaps,
});

it('adds hosts, and one that is known makes a step known', () => {
  const { steps } = sumActivity([answer([1, null, null]), answer([2, 3, null])], at, at + 180_000, 60_000);
  expect(steps).toEqual([6, 6, null]);
});

it('takes over the gaps of a single host', () => {
  const gap = { from: '2026-11-20T00:01:00Z', to: '2026-11-20T00:02:00Z', reason: 'stalled', lost: 0, detail: '' };
  expect(sumActivity([answer([1], [gap])], at, at + 60_000, 60_000).gaps).toEqual([
    { fromMs: at + 60_000, toMs: at + 120_000, reason: 'stalled' },
  ]);
  expect(sumActivity([answer([1], [gap]), answer([1])], at, at + 60_000, 60_000).gaps).toEqual([]);
});

it('adds every host of the fleet, in the steps of the answer', () => {
  const host = (hostId: number, rates: (number | null)[]): HostRecord => ({
    hostId,
    knownSeconds: 60,
    rxRate: null,
    txRate: null,
    connections: null,
    cpuPercent: null,
    memoryUsedBytes: null,
    rxRates: rates,
    txRates: rates.map((rate) => rate && rate * 2),
  });
  const record = { nextCursor: null, asOf: '', to: '', bucketSeconds: 1440, unknown: [] };
  expect(
    fleetActivity({
      ...record,
      from: '2026-11-20T00:00:00Z',
      items: [host(1, [1, null, 0]), host(2, [2, null, null])],
    }),
  ).toEqual({ startMs: at, stepMs: 1_440_000, steps: [9, null, 0], gaps: [] });
});

it('joins neighbouring unknown steps', () =>
  expect(unknownRuns([null, null, 1, null, 0])).toEqual([
    [0, 1],
    [3, 3],
  ]));
