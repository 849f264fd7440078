import { expect, test } from 'vitest';
import { sipHash24, sipKey } from './siphash.ts';

const key = sipKey(Uint8Array.from({ length: 16 }, (_, index) => index));

/** The first, some middle and the last of the reference's vectors_sip64: input 00, 01, … of that length, output bytes in order. */
const vectors: [length: number, output: string][] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [2, '5a4fa9d909806c0d'],
  [3, '2d7efbd796666785'],
  [4, 'b7877127e09427cf'],
  [5, '8da699cd64557618'],
  [6, 'cee3fe586e46c9cb'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [9, 'b0e4a90bdf82009e'],
  [10, 'f3b9dd94c5bb5d7a'],
  [11, 'a7ad6b22462fb3f4'],
  [12, 'fbe50e86bc8f1e75'],
  [13, '903d84c02756ea14'],
  [14, 'eef27a8e90ca23f7'],
  [15, 'e545be4961ca29a1'],
  [63, '724506eb4c328a95'],
];

test.each(vectors)('reference vector of %i bytes', (length, output) => {
  const input = Uint8Array.from({ length: 64 }, (_, index) => index);
  const { high, low } = sipHash24(key, new DataView(input.buffer), length);
  const bytes = Buffer.alloc(8);
  bytes.writeInt32LE(low, 0);
  bytes.writeInt32LE(high, 4);
  expect(bytes.toString('hex')).toBe(output);
});

test('a key of another length is refused', () => {
  expect(() => sipKey(new Uint8Array(8))).toThrow(RangeError);
});
