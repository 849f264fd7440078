// What recent segments know, and when they leave the answer to the database.
import { expect, test } from 'vitest';
import type { ConnectionQuery } from '../queries/connections.ts';
import { type CommittedSegments, createRecentSegments } from './recent-segments.ts';

const second = 1_000_000;
const reachUs = 301 * second;
const startUs = 1_700_000_000 * second;
const atUs = startUs + 1_000 * second;

type Segment = CommittedSegments['segments'][number]['segment'];

/** Times in seconds from T on. The clock stands at T + 10 s unless it is set. */
function recentAt(options: { mostRows?: number } = {}) {
  const clock = { seconds: -1_000 };
  const recent = createRecentSegments({ reachUs, now: () => (atUs + clock.seconds * second) / 1000, ...options });
  clock.seconds = 10;
  const add = (id: number, from: number, to: number, changes: Partial<Segment> = {}, hostId = 1) =>
    recent.add(
      { hostId, offsetUs: atUs - 10_000 * second },
      {
        strings: ['', 'curl'],
        segments: [
          {
            connection: { high: 0, low: id },
            process: null,
            segment: {
              startUs: (10_000 + from) * second,
              endUs: (10_000 + to) * second,
              startedUs: (10_000 + from) * second,
              closed: false,
              comm: 1,
              protocol: 6,
              state: 1,
              direction: 2,
              remoteAddress: Uint8Array.of(192, 0, 2, id),
              rxBytes: 100,
              txBytes: null,
              connectionCount: 1,
              ...changes,
            },
          },
        ],
      },
    );
  const query = (changes: Partial<ConnectionQuery> = {}): ConnectionQuery => ({
    time: { atUs, nowUs: atUs + clock.seconds * second },
    filter: {},
    sort: { column: 'rxBytes', descending: true },
    limit: 100,
    ...changes,
  });
  const ids = (changes: Partial<ConnectionQuery> = {}) => recent.page(query(changes))?.map(({ low }) => low);
  return { recent, add, query, ids, clock };
}

test('open is what spans T, and what ended shortly before it unclosed and without a successor', () => {
  const { add, ids } = recentAt();
  add(1, -10, 5);
  add(2, -10, 5, { closed: true });
  add(3, -200, -100);
  add(4, -200, -100, { closed: true });
  add(5, -310, -302);
  add(6, 1, 5);
  expect(ids()).toEqual([1, 2, 3]);
});

test.each([
  ['in the order in which they end', [0, 1, 2]],
  ['in another order', [2, 0, 1]],
])('of the segments of a connection one counts, come %s', (_, order) => {
  const { add, recent, query } = recentAt();
  const spans: [number, number][] = [
    [-290, -200],
    [-200, -100],
    [-100, -1],
  ];
  for (const at of order) add(7, ...spans[at]!);
  const rowAt = (seconds: number) =>
    recent
      .page(query({ time: { atUs: atUs + seconds * second, nowUs: atUs + 10 * second } }))
      ?.map(({ endUs }) => (endUs - atUs) / second);
  expect(rowAt(-201)).toEqual([-200]);
  expect(rowAt(-200)).toEqual([-100]);
  expect(rowAt(-50)).toEqual([-1]);
  expect(rowAt(0)).toEqual([-1]);
});

test('folded rows stand for themselves', () => {
  const { add, ids } = recentAt();
  add(8, -20, 5, { connectionCount: 60, closed: true });
  add(8, -10, 6, { connectionCount: 60, closed: true });
  expect(ids()).toEqual([8, 8]);
});

test('counts by host, process, protocol and state', () => {
  const { add, recent, query } = recentAt();
  add(1, -10, 5);
  add(2, -10, 5);
  add(3, -10, 5, { state: 10 });
  add(1, -10, 5, { protocol: 17, comm: 0 }, 2);
  expect(recent.count(query().time)).toEqual([
    { hostId: 1, process: 'curl', protocol: 6, state: 1, connections: 2 },
    { hostId: 1, process: 'curl', protocol: 6, state: 10, connections: 1 },
    { hostId: 2, process: '', protocol: 17, state: 1, connections: 1 },
  ]);
});

test('filters on what rows hold', () => {
  const { add, ids } = recentAt();
  add(1, -10, 5);
  add(2, -10, 5, { state: 10, direction: 3, comm: 0 });
  add(3, -10, 5, { protocol: 17 }, 2);
  expect(ids({ filter: { hostIds: [2, 9, 2] } })).toEqual([3]);
  expect(ids({ filter: { state: { any: ['listen'], none: [] } } })).toEqual([2]);
  expect(ids({ filter: { state: { any: [], none: ['established'] } } })).toEqual([2]);
  expect(ids({ filter: { protocol: { any: [17], none: [] } } })).toEqual([3]);
  expect(ids({ filter: { direction: { any: [], none: ['listen'] } } })).toEqual([1, 3]);
  expect(ids({ filter: { process: { any: ['cu*'], none: [] } } })).toEqual([1, 3]);
  expect(ids({ filter: { process: { any: ['?'], none: [] } } })).toEqual([2]);
});

test.each([
  ['a span', { time: { fromUs: atUs - second, toUs: atUs, nowUs: atUs } }],
  ['an instant of long ago', { time: { atUs, nowUs: atUs + 302 * second } }],
  ['an order by what rows do not hold', { sort: { column: 'remoteAddress', descending: false } }],
  ['a filter on what rows do not hold', { filter: { port: { any: [{ least: 1, most: 2 }], none: [] } } }],
  ['digits, which may be a pid', { filter: { process: { any: ['12'], none: [] } } }],
  ['words', { filter: { words: ['curl'] } }],
] as const)('the database is asked for %s', (_, changes) => {
  const { add, ids } = recentAt();
  add(1, -10, 5);
  expect(ids(changes as Partial<ConnectionQuery>)).toBeUndefined();
});

test('nothing is known until all that may speak for T came by, and again after rows were taken out', () => {
  const { recent, add, ids, clock } = recentAt();
  recent.forget();
  add(1, -10, 5);
  expect(ids()).toBeUndefined();
  clock.seconds = 500;
  const later = { atUs: atUs + 490 * second, nowUs: atUs + 500 * second };
  expect(ids({ time: later })).toEqual([]);
});

test('what speaks for no instant of the last five minutes is let go', () => {
  const { recent, add, ids, clock } = recentAt();
  for (let id = 1; id <= 500; id++) add(id, -10, 5, { closed: id > 100 });
  expect(ids()).toHaveLength(100);
  clock.seconds = 400;
  add(600, 390, 395);
  expect(recent.counters()).toMatchObject({ rows: 101, texts: 1 });
  expect(ids({ time: { atUs: atUs + 300 * second, nowUs: atUs + 400 * second }, limit: 1000 })).toHaveLength(100);
  expect(ids({ time: { atUs: atUs + 307 * second, nowUs: atUs + 400 * second }, limit: 1000 })).toEqual([]);
  clock.seconds = 1_200;
  add(601, 1_190, 1_195, {}, 2);
  expect(recent.counters()).toMatchObject({ rows: 1, hosts: 1 });
});

test('beyond the bound all are let go', () => {
  const { recent, add, ids } = recentAt({ mostRows: 10 });
  for (let id = 1; id <= 11; id++) add(id, -10, 5);
  expect(recent.counters()).toMatchObject({ rows: 0, texts: 0, overflows_total: 1 });
  expect(ids()).toBeUndefined();
});
