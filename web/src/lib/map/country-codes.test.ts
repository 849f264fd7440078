// The table of country codes against the atlas itself: each shape has letters, and their name is the atlas's own.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { countryName, countryOfShape } from './country-codes.ts';

interface Shape {
  id?: string;
  properties: { name: string };
}
const atlas = createRequire(import.meta.url).resolve('world-atlas/countries-110m.json');
const { objects } = JSON.parse(readFileSync(atlas, 'utf8')) as { objects: { countries: { geometries: Shape[] } } };
const shapes = objects.countries.geometries;

/** Names that the atlas cuts short, or that differ from those of Unicode's CLDR. */
const otherwise: Readonly<Record<string, string>> = {
  BS: 'Bahamas',
  CD: 'Dem. Rep. Congo',
  CG: 'Congo',
  CI: "Côte d'Ivoire",
  CY: 'N. Cyprus',
  FK: 'Falkland Is.',
  MK: 'Macedonia',
  MM: 'Myanmar',
  PS: 'Palestine',
  SO: 'Somaliland',
  SS: 'S. Sudan',
  SZ: 'eSwatini',
  TF: 'Fr. S. Antarctic Lands',
  TR: 'Turkey',
  US: 'United States of America',
};
/** "Dominican Rep." is the Dominican Republic, "Bosnia and Herz." Bosnia & Herzegovina. */
const same = (short: string, long: string) => {
  const words = (name: string) => name.toLowerCase().replace('&', 'and').split(' ');
  const [a, b] = [words(short), words(long)];
  return (
    a.length === b.length &&
    a.every((word, at) => b[at]!.startsWith(word.replace(/\.$/, '')) || shortened(word, b[at]!))
  );
};
const shortened = (word: string, whole: string) => /^(w|eq|s)\.$/.test(word) && whole.startsWith(word[0]!);

it('knows every shape', () =>
  expect(shapes.filter(({ id, properties }) => !countryOfShape(id, properties.name))).toEqual([]));

it('means the same country as the atlas', () => {
  const wrong = shapes.flatMap(({ id, properties }) => {
    const code = countryOfShape(id, properties.name)!;
    return same(properties.name, countryName(code)) || otherwise[code] === properties.name
      ? []
      : [`${properties.name}: ${code} ${countryName(code)}`];
  });
  expect(wrong).toEqual([]);
});

it.each(['', 'ZZZ', '<b', 'de', 'QQ'])('%j names nothing and stays as it is', (code) =>
  expect(countryName(code)).toBe(code),
);
