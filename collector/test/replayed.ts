// Runs a replay of text over chunks, and gives the JSON lines that it writes.
import { Buffer } from 'node:buffer';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';

export async function replayedLines<Line>(
  replay: (input: AsyncIterable<Uint8Array>, output: NodeJS.WritableStream) => Promise<unknown>,
  chunks: readonly (string | Uint8Array)[],
): Promise<Line[]> {
  const output = new PassThrough();
  const all = text(output);
  await replay(
    (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
    })(),
    output,
  );
  output.end();
  return (await all)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
