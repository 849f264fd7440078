// Prefixes of the palette, and times as people type them.
import { describe, expect, it } from 'vitest';
import { parseInstant, parseQuery } from './palette-query.ts';

const now = new Date(2026, 10, 20, 14, 32, 8).getTime();
const local = (day: number, hours: number, minutes: number, seconds = 0) =>
  new Date(2026, 10, day, hours, minutes, seconds).getTime();

it.each([
  ['web 07', { kind: 'any', text: 'web 07' }],
  ['host: web', { kind: 'host', text: 'web' }],
  ['Process:nginx ', { kind: 'process', text: 'nginx' }],
  ['addr: 10.0.0.0/8', { kind: 'addr', text: '10.0.0.0/8' }],
  ['name:api.internal', { kind: 'name', text: 'api.internal' }],
  ['at 5 min ago', { kind: 'at', text: '5 min ago', atMs: now - 300_000 }],
  ['at', { kind: 'at', text: '', atMs: undefined }],
  ['atlas', { kind: 'any', text: 'atlas' }],
])('%j', (typed, query) => expect(parseQuery(typed, now)).toEqual(query));

describe('instants', () => {
  it.each([
    ['14:05', local(20, 14, 5)],
    ['14:05:30', local(20, 14, 5, 30)],
    ['23:00', local(19, 23, 0)],
    ['9:05', local(20, 9, 5)],
    ['2 h', now - 7_200_000],
    ['1d ago', now - 86_400_000],
    ['yesterday', now - 86_400_000],
    ['2026-11-19 03:12', local(19, 3, 12)],
    ['2026-11-19', local(19, 0, 0)],
    ['2026-11-19T03:12:00Z', Date.UTC(2026, 10, 19, 3, 12)],
    ['2026-12-01', undefined],
    ['24:00', undefined],
    ['soon', undefined],
    ['', undefined],
  ])('%j', (text, ms) => expect(parseInstant(text, now)).toBe(ms));
});
