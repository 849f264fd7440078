// Lines of a stream, wherever it is cut, inside a character too.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesOf } from './backtest.ts';

const streamOf = (chunks: readonly Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

it('are whole', async () => {
  const line = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'ß', '😀', '{', '"') });
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 5 }), fc.array(fc.nat(60), { maxLength: 6 }), async (lines, cuts) => {
      const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at]!, end));
      expect(await Array.fromAsync(linesOf(streamOf(chunks)))).toEqual(lines);
    }),
  );
});

it('the last one needs no end', async () => {
  const bytes = new TextEncoder().encode('{"a":1}\n\n{"b":2}');
  expect(await Array.fromAsync(linesOf(streamOf([bytes])))).toEqual(['{"a":1}', '{"b":2}']);
});
