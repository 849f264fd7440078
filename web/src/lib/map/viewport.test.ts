// What is in sight stays within the map, and zooming keeps the point under the pointer.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { middle, moved, whole, within, zoomed } from './viewport.ts';

const size = { width: 960, height: 460 };

it('zooming about a point keeps it where it was on the screen', () => {
  const at = (view: { x: number; zoom: number }, x: number) => (x - view.x) * view.zoom;
  const once = zoomed(whole, size, 2, [600, 200]);
  expect(at(once, 600)).toBeCloseTo(at(whole, 600));
  expect(zoomed(once, size, 0.5, [600, 200])).toEqual(whole);
});

it('never shows anything beyond the edges', () => {
  const step = fc.oneof(
    fc.record({ factor: fc.double({ min: 0.1, max: 9, noNaN: true }), x: fc.nat(960), y: fc.nat(460) }),
    fc.record({
      right: fc.double({ min: -2, max: 2, noNaN: true }),
      down: fc.double({ min: -2, max: 2, noNaN: true }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let view = whole;
      for (const one of steps)
        view =
          'factor' in one ? zoomed(view, size, one.factor, [one.x, one.y]) : moved(view, size, one.right, one.down);
      expect(view.x).toBeGreaterThanOrEqual(0);
      expect(view.y).toBeGreaterThanOrEqual(0);
      expect(view.x + size.width / view.zoom).toBeLessThanOrEqual(size.width + 1e-6);
      expect(view.y + size.height / view.zoom).toBeLessThanOrEqual(size.height + 1e-6);
    }),
  );
});

it('moves by what is in sight, around the middle', () => {
  const close = within({ x: 100, y: 100, zoom: 4 }, size);
  expect(moved(close, size, 0.5, 0)).toMatchObject({ x: 220, y: 100 });
  expect(middle(close, size)).toEqual([220, 157.5]);
});
