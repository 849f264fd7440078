// Cuts a filter's text into words, numbers, addresses and signs.
import { FilterFault } from './filter-fault.ts';

export type TokenKind = 'word' | 'number' | 'ipv4' | 'colons' | 'sign' | 'end';

export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
  /** No space stands before it. */
  isTight: boolean;
}

const space = /[ \t\r\n]+/y;
/** An IPv6 or an Ethernet address; within brackets a colon stands before a size. */
const colons = /(?=[\dA-Fa-f:]*:[\dA-Fa-f]*:)[\dA-Fa-f:]+(?:\d\.[\d.]+)?/y;
const ipv4 = /\d+(?:\.\d+)+/y;
const number = /0[xX][\dA-Fa-f]+|\d+/y;
const word = /\\?[A-Za-z_][\w.]*(?:-[A-Za-z_][\w.]*)*/y;
const signs = ['&&', '||', '==', '!=', '<=', '>=', '<<', '>>', ...'()[]&|^+-*/%<>=!:'];

/** The last one is of the kind 'end'. Throws FilterFault. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let brackets = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const gap = take(space);
    if (gap !== undefined) {
      at += gap.length;
      continue;
    }
    const { kind, found } = next();
    tokens.push({ kind, text: found, at, isTight: tokens.length > 0 && endOf(tokens.at(-1)!) === at });
    if (found === '[') brackets++;
    if (found === ']') brackets--;
    at += found.length;
  }
  return [...tokens, { kind: 'end', text: '', at: text.length, isTight: false }];

  function next(): { kind: TokenKind; found: string } {
    const patterns: [TokenKind, RegExp][] =
      brackets > 0
        ? [['number', number]]
        : [
            ['colons', colons],
            ['ipv4', ipv4],
            ['number', number],
          ];
    for (const [kind, pattern] of [...patterns, ['word', word] as const]) {
      const found = take(pattern);
      if (found !== undefined) return { kind, found };
    }
    const found = signs.find((sign) => text.startsWith(sign, at));
    if (found !== undefined) return { kind: 'sign', found };
    const stranger = String.fromCodePoint(text.codePointAt(at)!);
    throw new FilterFault(`'${stranger}' has no meaning in a filter.`, at);
  }
}

const endOf = ({ at, text }: Token): number => at + text.length;
