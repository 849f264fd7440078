// The bounded map beside its promises: never more than its limit, what is used stays, what goes is told.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LruMap } from './lru-map.ts';

test('what is used outlives what is not', () => {
  const map = new LruMap<string, number>(3);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.get('a');
  expect(map.set('d', 2)).toEqual(['b', 1]);
  expect(map.has('a')).toBe(true);
  expect(map.peek('b')).toBeUndefined();
});

test('one that is used all the time is never forgotten, whatever else comes', () => {
  const map = new LruMap<number, string>(8);
  map.set(-1, 'kept');
  for (let at = 0; at < 10_000; at++) {
    expect(map.get(-1)).toBe('kept');
    map.set(at, 'other');
    expect(map.size).toBeLessThanOrEqual(8);
  }
});

test('holds what was set last and not yet told as gone', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer(), fc.boolean())), (steps) => {
      const map = new LruMap<number, number>(4);
      const model = new Map<number, number>();
      for (const [key, value, read] of steps) {
        if (read) expect(map.get(key)).toBe(model.get(key));
        else {
          const gone = map.set(key, value);
          model.set(key, value);
          if (gone !== undefined) expect(model.delete(gone[0])).toBe(true);
        }
      }
      expect(new Map(map.entries())).toEqual(model);
    }),
  );
});
