import { expect, it } from 'vitest';
import { costScale, symbolCount, wordTable } from './name-language.ts';
import { emptySpelling, measureSpelling } from './spelling.ts';

const language = {
  // Each letter costs five bits after any two others.
  triples: new Uint8Array(symbolCount ** 3).fill(5 * costScale),
  quads: new Uint8Array(symbolCount ** 4),
  ...wordTable([
    ['blue', 10],
    ['whale', 24],
  ]),
};

it('of the words that a label is made of, the dearest, the cheapest and the shortest are told', () => {
  expect(measureSpelling(language, 'bluewhale', emptySpelling())).toMatchObject({
    words: 2,
    covered: 1,
    wordCost: 8.5,
    dearestWord: 12,
    cheapestWord: 5,
    longestWord: 5,
    shortestWord: 4,
  });
});

it('letters between words are none of them', () => {
  expect(measureSpelling(language, 'xkbluezq', emptySpelling())).toMatchObject({
    words: 1,
    covered: 0.5,
    longestGap: 2,
    wordCost: 5,
    dearestWord: 5,
    shortestWord: 4,
  });
});

it('without words all of it is 0, whatever was measured before', () => {
  const spelling = measureSpelling(language, 'bluewhale', emptySpelling());
  expect(measureSpelling(language, 'xkqzv', spelling)).toMatchObject({
    words: 0,
    wordCost: 0,
    dearestWord: 0,
    cheapestWord: 0,
    shortestWord: 0,
  });
});
