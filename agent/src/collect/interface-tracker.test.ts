// Rates of interfaces, and which of them make the host's.
import { expect, it } from 'vitest';
import type { InterfaceCounters } from '../host/interface-counters.linux.ts';
import type { InterfaceDetails } from '../host/interface-details.linux.ts';
import { hostBandwidth, InterfaceTracker } from './interface-tracker.ts';

const SECOND = 1_000_000;
const details = (more: Partial<InterfaceDetails>): InterfaceDetails => ({
  up: true,
  loopback: false,
  counted: false,
  speedMbit: 0,
  mtu: 1500,
  addresses: [],
  hardwareAddress: '',
  ...more,
});
const counters = (name: string, rxBytes: number, txBytes: number): InterfaceCounters => ({
  name,
  rxBytes,
  txBytes,
  rxPackets: 0,
  rxErrors: 0,
  rxDrops: 0,
  txPackets: 0,
  txErrors: 0,
  txDrops: 0,
});
const kinds = new Map([
  ['lo', details({ loopback: true })],
  ['eth0', details({ counted: true })],
  ['veth1', details({})],
]);

it('gives rates since the last look and sums only what counts', () => {
  const tracker = new InterfaceTracker(() => kinds);
  const first = tracker.update([counters('lo', 5, 5), counters('eth0', 1000, 2000), counters('veth1', 0, 0)], SECOND);
  expect(hostBandwidth(first)).toEqual({ rxRate: 0, txRate: 0, loopbackRate: 0 });
  const second = tracker.update(
    [counters('lo', 105, 105), counters('eth0', 3000, 2500), counters('veth1', 999, 999)],
    3 * SECOND,
  );
  expect(second.map(({ name, rxRate, txRate }) => [name, rxRate, txRate])).toEqual([
    ['lo', 50, 50],
    ['eth0', 1000, 250],
    ['veth1', 500, 500],
  ]);
  expect(hostBandwidth(second)).toEqual({ rxRate: 1000, txRate: 250, loopbackRate: 50 });
});

it('keeps the quick reading apart from the full one', () => {
  const tracker = new InterfaceTracker(() => kinds);
  tracker.update([counters('eth0', 0, 0)], SECOND);
  expect(tracker.bandwidth([counters('eth0', 100, 0)], SECOND)).toMatchObject({ rxRate: 0 });
  expect(tracker.bandwidth([counters('eth0', 200, 0)], SECOND + 100_000)).toMatchObject({ rxRate: 1000 });
  expect(tracker.update([counters('eth0', 400, 0)], 2 * SECOND)[0]!.rxRate).toBe(400);
});

it('starts an interface that comes back at zero, and looks at it anew', () => {
  let asked = 0;
  const tracker = new InterfaceTracker((names) => {
    asked++;
    return new Map(names.map((name) => [name, details({ counted: true })]));
  });
  tracker.update([counters('eth0', 5000, 0)], SECOND);
  tracker.update([], 2 * SECOND);
  expect(tracker.update([counters('eth0', 6000, 0)], 3 * SECOND)[0]!.rxRate).toBe(0);
  expect(tracker.update([counters('eth0', 100, 0)], 4 * SECOND)[0]!.rxRate).toBe(100);
  expect(asked).toBe(3);
});
