// Payment card numbers in a text that leaves the host: first six and last four digits stay.
import { CardScanner } from '@foretop/proto';

const mayHoldCard = /\d(?:[^\dA-Za-z]{0,3}\d){12}/;

export function maskCards(text: string): string {
  if (!mayHoldCard.test(text)) return text;
  const scanner = new CardScanner();
  let result = '';
  let done = 0;
  for (const { offset, masked } of [...scanner.push(text), ...scanner.end()]) {
    result += text.slice(done, offset) + masked;
    done = afterDigits(text, offset, masked.length);
  }
  return result + text.slice(done);
}

/** Where `count` digits from `start` on end, whatever separates them. */
function afterDigits(text: string, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; at++) if (/\d/.test(text[at]!)) left--;
  return at;
}
