// A fleet page that was just opened has the minute before: the first whole tick carries it.
import { beforeAll, expect, it, vi } from 'vitest';
import type { Host } from '@foretop/proto/api';
import type { Fleet as FleetClass } from './fleet.svelte.ts';

// Runes are the compiler's; here a state is its value.
vi.stubGlobal('$state', (value: unknown) => value);
let Fleet: typeof FleetClass;
beforeAll(async () => ({ Fleet } = await import('./fleet.svelte.ts')));

const host = (id: number): Host =>
  ({ id, name: `web-0${id}`, status: 'live', addresses: [], os: '', lastSeenAt: null, sources: [] }) as unknown as Host;
const now = 1_790_000_000_000;
const tick = (known: (second: number) => boolean) => ({
  timeUs: now * 1000,
  complete: true,
  directoryVersion: 1,
  hostId: [1],
  status: [1],
  rxRate: [500],
  txRate: [600],
  lastSeenUs: [now * 1000],
  rxHistory: Array.from({ length: 60 }, (_, second) => (known(second) ? second + 1 : 0)),
  txHistory: Array.from({ length: 60 }, (_, second) => (known(second) ? 1 : 0)),
});
const open = () =>
  new Fleet({
    fetchPage: () => Promise.resolve({ items: [host(1)], nextCursor: null, asOf: '' }),
    onError: (error) => {
      throw error;
    },
  });

it.each(['tick first', 'directory first'])('fills the minute: %s', async (order) => {
  const fleet = open();
  if (order === 'directory first') await fleet.read();
  fleet.apply(tick(() => true));
  await fleet.read();
  const { series } = fleet.hosts.get(1)!;
  expect(series.length).toBe(60);
  expect(series.at(0)).toMatchObject({ timeMs: now - 59_000, rxRate: 0, txRate: 0 });
  expect(series.at(58)).toMatchObject({ timeMs: now - 1000, rxRate: 58 });
  expect(series.at(59)).toMatchObject({ timeMs: now, rxRate: 500, txRate: 600 });
});

it('fills the minute of hosts on every page of the directory, while pulses go on', async () => {
  const first = tick(() => true);
  const both = { ...first, hostId: [1, 2], status: [1, 1], rxRate: [500, 500], txRate: [600, 600] };
  const histories = { rxHistory: [...first.rxHistory, ...first.rxHistory], txHistory: Array<number>(120).fill(1) };
  const fleet: InstanceType<typeof FleetClass> = new Fleet({
    fetchPage: (path) => {
      if (!path.includes('cursor')) return Promise.resolve({ items: [host(1)], nextCursor: '2', asOf: '' });
      const later = (now + 1000) * 1000;
      fleet.apply({ ...both, complete: false, timeUs: later, lastSeenUs: [later, later] });
      return Promise.resolve({ items: [host(2)], nextCursor: null, asOf: '' });
    },
    onError: (error) => {
      throw error;
    },
  });
  fleet.apply({ ...both, ...histories, lastSeenUs: [now * 1000, now * 1000] });
  await fleet.read();
  expect(fleet.hosts.get(1)!.series.length).toBe(61);
  expect(fleet.hosts.get(2)!.series.length).toBe(60);
});

it('leaves out seconds that are not known, and a zero is known', async () => {
  const fleet = open();
  await fleet.read();
  fleet.apply(tick((second) => second < 10));
  const { series } = fleet.hosts.get(1)!;
  expect(series.length).toBe(11);
  expect(series.at(0).rxRate).toBe(0);
});
