// When findings were seen, in words and as a span.
import { expect, it } from 'vitest';
import { ago, spanBehind } from './when.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const ms = (time: string) => Date.parse(`2026-11-${time}Z`);

it('ages up to a day, days from there on', () => {
  expect(ago(ms('21T11:59:51'), nowMs)).toBe('9 s ago');
  expect(ago(ms('21T11:29:00'), nowMs)).toBe('31 min ago');
  expect(ago(ms('21T08:50:00'), nowMs)).toBe('3 h ago');
  expect(ago(ms('18T12:00:00'), nowMs)).toBe('Wed 18 Nov');
});

it.each([
  ['20T10:00:00', '20T10:10:00', '2026-11-20T09:59:00Z', '2026-11-20T10:15:01Z'],
  ['21T11:59:00', '21T11:59:59', '2026-11-21T11:58:00Z', '2026-11-21T12:00:00Z'],
  ['01T00:00:00', '21T11:00:00', '2026-11-20T11:05:01Z', '2026-11-21T11:05:01Z'],
  ['21T12:05:00', '21T12:05:00', '2026-11-21T11:59:59Z', '2026-11-21T12:00:00Z'],
])('seen %s to %s: records from %s to %s', (first, last, from, to) =>
  expect(spanBehind(ms(first), ms(last), nowMs)).toEqual({ from, to }),
);
