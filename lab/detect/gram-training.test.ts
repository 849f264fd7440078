import { expect, it } from 'vitest';
import { gramOdds, gramPlaces, gramsOf, readGrams } from '../../collector/src/detect/names/name-grams.ts';
import { ByteReader } from '../../collector/src/detect/names/byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { trainGrams, writeGrams } from './gram-training.ts';
import { repeated, seeded } from './random.ts';

const random = seeded(1);
const people = () => repeated(3, () => random.pick(['ma', 'lo', 'ri', 'ta', 'no']));
const noise = () => repeated(6, () => random.letter('bcdfghjklmnpqrstvwxz'));
const examples = Array.from({ length: 400 }, (_, index) => ({
  label: index % 2 === 0 ? people() : noise(),
  generated: index % 2 === 1,
  weight: 1,
}));

it('labels that were not learnt from are told apart, also after packing', () => {
  const learnt = trainGrams(examples, seeded(2));
  const writer = new ByteWriter();
  writeGrams(writer, learnt);
  const read = readGrams(ByteReader.unpack(writer.packed()));
  for (let round = 0; round < 50; round += 1) {
    const [innocent, generated] = [people(), noise()];
    expect(gramOdds(learnt, innocent)).toBeLessThan(0);
    expect(gramOdds(learnt, generated)).toBeGreaterThan(0);
    expect(gramOdds(read, generated)).toBeCloseTo(gramOdds(learnt, generated), 3);
  }
});

it('a label has a place for each of its stretches, however long or strange it is', () => {
  // ^ab$: four of one letter, three of two, two of three, one of four.
  expect(gramsOf('ab')).toHaveLength(10);
  expect(gramsOf('')).toHaveLength(3);
  expect(gramsOf('a'.repeat(5_000))).toHaveLength(gramsOf('a'.repeat(60)).length);
  for (const place of gramsOf('\ud800é\0-_xn--😀')) expect(place).toBeLessThan(gramPlaces);
});
