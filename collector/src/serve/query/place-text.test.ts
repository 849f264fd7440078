import { expect, test } from 'vitest';
import { placeText, wordOf } from './place-text.ts';

const hetzner = { country: 'DE', city: 'Falkenstein', asn: 24_940, organisation: 'Hetzner Online GmbH' };
const nothing = { country: null, city: null, asn: null, organisation: null };

test.each([
  [hetzner, 'de germany falkenstein as24940 hetzner online gmbh'],
  [{ ...nothing, country: 'QX' }, 'qx'],
  [{ ...nothing, country: '<b>' }, '<b>'],
  [{ ...nothing, asn: 0 }, 'as0'],
  [nothing, ''],
  [null, ''],
])('%j is %j', (place, text) => {
  expect(placeText(place).trim().replace(/ +/g, ' ')).toBe(text);
  // From memory, too.
  expect(placeText(place).trim().replace(/ +/g, ' ')).toBe(text);
});

test.each([
  ['Falken*', 'falken'],
  ['24940', '24940'],
  ['amazon.com', 'amazon.com'],
  ['*', undefined],
  ['192.0.2', undefined],
  ['192.0.2.1:443', undefined],
  ['2001:db8::1', undefined],
  [':443', undefined],
])('of the word %j, %j is looked for in places', (word, wanted) => expect(wordOf(word)).toBe(wanted));
