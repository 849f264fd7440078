// The time of a page in its address, there and back.
import { expect, it } from 'vitest';
import { endOf, instantText, parseView, viewParameters } from './view.ts';

const at = Date.UTC(2026, 10, 20, 3, 12, 40);

it.each([
  ['', { kind: 'live' }],
  ['at=2026-11-20T03:12:40Z', { kind: 'at', atMs: at }],
  ['at=2026-11-20T04:12:40%2B01:00', { kind: 'at', atMs: at }],
  ['at=yesterday', { kind: 'live' }],
  ['from=2026-11-20T03:12:40Z', { kind: 'live' }],
  ['from=2026-11-20T03:12:40Z&to=2026-11-20T03:12:50Z', { kind: 'span', fromMs: at, toMs: at + 10_000 }],
  ['from=2026-11-20T03:12:40Z&to=2026-11-20T03:12:40Z', { kind: 'live' }],
])('%s', (text, view) => expect(parseView(new URLSearchParams(text))).toEqual(view));

it('what is written is read again', () => {
  const span = { kind: 'span', fromMs: at, toMs: at + 60_000 } as const;
  expect(parseView(new URLSearchParams(viewParameters(span)))).toEqual(span);
  expect(instantText(at + 499)).toBe('2026-11-20T03:12:40Z');
});

it('the end of a view', () => {
  expect(endOf({ kind: 'live' }, 5)).toBe(5);
  expect(endOf({ kind: 'span', fromMs: 1, toMs: 3 }, 5)).toBe(3);
});
