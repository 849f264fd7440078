// The world as it is drawn: from the atlas itself, each place where it belongs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { drawWorld } from './world.ts';

const atlas = createRequire(import.meta.url).resolve('world-atlas/countries-110m.json');
const world = drawWorld(JSON.parse(readFileSync(atlas, 'utf8')) as Parameters<typeof drawWorld>[0]);
const shape = (country: string) => world.countries.find((one) => one.country === country)!;

/** Left, top, right, bottom of a path, which is written in absolute coordinates. */
function boundsOf(path: string): [number, number, number, number] {
  const points = [...path.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

it('has every country but Antarctica within its frame', () => {
  expect(world.countries).toHaveLength(176);
  for (const { name, path } of world.countries) {
    const [left, top, right, bottom] = boundsOf(path);
    expect(left, name).toBeGreaterThanOrEqual(-0.1);
    expect(top, name).toBeGreaterThanOrEqual(-0.1);
    expect(right, name).toBeLessThanOrEqual(world.width + 0.1);
    expect(bottom, name).toBeLessThanOrEqual(world.height + 0.1);
  }
});

it.each([
  ['DE', 13.4, 52.5],
  ['BR', -47.9, -15.8],
  ['AU', 149.1, -35.3],
  ['US', -104.9, 39.7],
  ['NZ', 174.8, -41.3],
])('a city of %s stands in it', (country, longitude, latitude) => {
  const [x, y] = world.pointOf(longitude, latitude)!;
  const [left, top, right, bottom] = boundsOf(shape(country).path);
  expect(x).toBeGreaterThanOrEqual(left);
  expect(x).toBeLessThanOrEqual(right);
  expect(y).toBeGreaterThanOrEqual(top);
  expect(y).toBeLessThanOrEqual(bottom);
});

it('what lies beyond the frame is not drawn', () => expect(world.pointOf(0, -80)).toBeUndefined());
