// From a field to its bytes, and from a byte to its field.
import { expect, test } from 'vitest';
import { bytesOf, chosenAt } from './chosen.ts';

const layers = [
  { name: 'Ethernet II', from: 0, to: 14, fields: [{ name: 'Destination', value: '', from: 0, to: 6 }] },
  {
    ...{ name: 'IPv4', from: 14, to: 34 },
    fields: [
      { name: 'All', value: '', from: 14, to: 34 },
      { name: 'Time to live', value: '64', from: 22, to: 23 },
    ],
  },
];

test('a field or a layer has its bytes', () => {
  expect(bytesOf(layers, { layer: 1, field: 1 })).toEqual({ from: 22, to: 23 });
  expect(bytesOf(layers, { layer: 1, field: -1 })).toEqual({ from: 14, to: 34 });
  expect(bytesOf([], { layer: 0, field: -1 })).toEqual({ from: 0, to: 0 });
});

test('a byte has the smallest field of the innermost layer', () => {
  expect(chosenAt(layers, 22)).toEqual({ layer: 1, field: 1 });
  expect(chosenAt(layers, 15)).toEqual({ layer: 1, field: 0 });
  expect(chosenAt(layers, 13)).toEqual({ layer: 0, field: -1 });
  expect(chosenAt(layers, 40)).toBeUndefined();
});
