import { expect, test } from 'vitest';
import { FadingNames } from './fading-names.ts';

test('a name lives until its time, and a newer one replaces it', () => {
  const names = new FadingNames(10);
  names.set('a', 'old.test', 100);
  names.set('a', 'new.test', 200);
  expect(names.get('a', 150)).toBe('new.test');
  expect(names.get('a', 201)).toBeUndefined();
  expect(names.size).toBe(1);
});

test('of too many names the ones go that were not used for longest', () => {
  const names = new FadingNames(4);
  for (const key of ['a', 'b', 'c', 'd']) names.set(key, `${key}.test`, 100);
  names.get('a', 1);
  names.set('e', 'e.test', 100);
  expect(['a', 'b', 'c'].map((key) => names.get(key, 1))).toEqual(['a.test', undefined, 'c.test']);
});
