// The timeline in words and on a strip, hostile texts included.
import type { FindingEvent } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import { stripOf, timelineEntries } from './timeline.ts';

const event = (kind: FindingEvent['kind'], at: string, more: Partial<FindingEvent> = {}): FindingEvent => ({
  at: `2026-11-21T${at}Z`,
  hostId: 1,
  kind,
  by: null,
  severity: 'medium',
  count: 10,
  text: 'probed 10 ports',
  evidence: [],
  ...more,
});

const newestFirst = [
  event('noted', '10:40:00', { by: 'mi\u202era', text: 'our own scanner' }),
  event('acknowledged', '10:31:00', { by: 'mira', text: '' }),
  event('worsened', '10:30:00', { severity: 'high', count: 900 }),
  event('grew', '10:20:00', { count: 500 }),
  event('grew', '10:10:00', { count: 100 }),
  event('opened', '10:00:00', { count: 20 }),
];

it('says what happened, who did it, and folds what merely went on', () =>
  expect(
    timelineEntries(newestFirst).map(({ words, folded, decided, text }) => [words, folded, decided, text]),
  ).toEqual([
    ['Note by mi⟨202E⟩ra', 0, true, 'our own scanner'],
    ['Acknowledged by mira', 0, true, ''],
    ['Rose to high', 0, false, 'probed 10 ports'],
    ['Went on, 500 by then', 1, false, ''],
    ['First seen', 0, false, ''],
  ]));

it('what happened on several hosts at once is one entry', () =>
  expect(
    timelineEntries([
      event('muted', '10:50:01', { by: 'mira', hostId: 2 }),
      event('muted', '10:50:00', { by: 'mira' }),
      event('muted', '10:30:00', { by: 'mira' }),
    ]).map(({ words, hosts }) => `${words} ${hosts}`),
  ).toEqual(['Muted by mira 2', 'Muted by mira 1']));

it('what went on elsewhere in between is not folded into it', () =>
  expect(
    timelineEntries([event('grew', '10:20:00'), event('grew', '10:19:00', { hostId: 2 }), event('grew', '10:18:00')]),
  ).toHaveLength(3));

it('stands on the strip in time, what was counted rising to its top', () => {
  const strip = stripOf(newestFirst, Date.parse('2026-11-21T10:00:00Z'), Date.parse('2026-11-21T10:40:00Z'));
  const xs = strip.marks.map(({ x }) => x);
  expect(xs).toEqual(xs.toSorted((a, b) => b - a));
  expect(Math.min(...xs)).toBeGreaterThan(0);
  expect(Math.max(...xs)).toBeLessThan(100);
  expect(strip.path).toMatch(/^M[\d.]+ 98\.0L.*L[\d.]+ 8\.0$/);
});

it('one instant is a strip too, without a path', () => {
  const at = Date.parse('2026-11-21T10:00:00Z');
  expect(stripOf([event('opened', '10:00:00')], at, at)).toMatchObject({ path: '', marks: [{ severity: 'medium' }] });
});
