// How keys walk through a long list.
import { expect, it } from 'vitest';
import { columnBeside, headPx, scrolledTo } from './window.ts';

const columns = [{ id: 'host' }, { id: 'process' }, { id: 'pid' }];

it.each([
  ['process', 'ArrowRight', 'pid'],
  ['process', 'ArrowLeft', 'host'],
  ['pid', 'ArrowRight', 'pid'],
  ['host', 'ArrowLeft', 'host'],
  [undefined, 'ArrowRight', 'host'],
  ['process', 'Enter', undefined],
])('from %s by %s to %s', (from, key, to) => expect(columnBeside(columns, from, key)).toBe(to));

it('scrolls no further than a row needs, and never hides it behind the head or the end', () => {
  const height = headPx + 240;
  expect(scrolledTo(120, 24, 0, height)).toBe(0);
  expect(scrolledTo(216, 24, 0, height)).toBe(0);
  expect(scrolledTo(240, 24, 0, height)).toBe(24);
  expect(scrolledTo(240, 24, 300, height)).toBe(240);
});
