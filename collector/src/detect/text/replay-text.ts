// `foretop replay --text`: the card numbers of a text, one JSON line each, masked, with line and column.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { CardScanner, type CardHit } from '@foretop/proto';

interface PanLine {
  kind: 'pan';
  /** From 1. */
  line: number;
  /** Of the first digit, from 1, in UTF-16 code units. */
  column: number;
  masked: string;
  brand: string;
  score: number;
}

/** Longer pieces of a line are read as several. */
const longestPiece = 64 * 1024;

/** Reads bytes as UTF-8 (what is none becomes U+FFFD), writes a JSON line for each card number, and gives their count. */
export async function replayText(input: AsyncIterable<Uint8Array>, output: NodeJS.WritableStream): Promise<number> {
  const decoder = new StringDecoder('utf8');
  let line = 1;
  let scanner = new CardScanner();
  let count = 0;
  let written = '';
  const report = (hits: readonly CardHit[]) => {
    count += hits.length;
    for (const { offset, masked, brand, score } of hits) {
      const found: PanLine = {
        kind: 'pan',
        line,
        column: offset + 1,
        masked,
        brand,
        score: Math.round(score * 1000) / 1000,
      };
      written += `${JSON.stringify(found)}\n`;
    }
  };
  const read = (text: string) => {
    for (let from = 0; from < text.length;) {
      const lineEnd = text.indexOf('\n', from);
      const to = lineEnd < 0 ? text.length : lineEnd;
      for (; from < to; from += longestPiece) report(scanner.push(text.slice(from, Math.min(to, from + longestPiece))));
      if (lineEnd < 0) return;
      from = to + 1;
      report(scanner.end());
      scanner = new CardScanner();
      line += 1;
    }
  };
  for await (const chunk of input) {
    read(decoder.write(Buffer.from(chunk)));
    if (written !== '' && !output.write(written)) await once(output, 'drain');
    written = '';
  }
  read(decoder.end());
  report(scanner.end());
  if (written !== '') output.write(written);
  return count;
}
