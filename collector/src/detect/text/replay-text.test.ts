import { Buffer } from 'node:buffer';
import { expect, it } from 'vitest';
import { replayedLines } from '../../../test/replayed.ts';
import { replayText } from './replay-text.ts';

const replayed = (...chunks: (string | Uint8Array)[]) => replayedLines<unknown>(replayText, chunks);

it('says line and column, masked', async () => {
  expect(await replayed('nothing here\nmy card: 4111 1111 1111 1111\r\n\n5555555555554444')).toMatchObject([
    { kind: 'pan', line: 2, column: 10, masked: '411111******1111' },
    { kind: 'pan', line: 4, column: 1, masked: '555555******4444' },
  ]);
});

it('joins what chunks cut, in the middle of a number and of a character', async () => {
  const wide = Buffer.from('４１１１１１１１１１１１１１１１');
  expect(await replayed('a 41111111', '11111111 b\n', wide.subarray(0, 4), wide.subarray(4))).toMatchObject([
    { line: 1, column: 3 },
    { line: 2, column: 1 },
  ]);
});

it('does not join lines', async () => {
  expect(await replayed('41111111\n11111111')).toEqual([]);
});

it('bears bad bytes and one line without an end', async () => {
  const noise = Buffer.alloc(300_000, 0xff);
  expect(await replayed(noise, ' 4111111111111111 ', noise)).toMatchObject([{ line: 1, column: 300_002 }]);
});
