// Reads a filter. As with tcpdump, `and` and `or` bind alike, from left to right, and `not` binds to what stands behind it.
import { Cursor } from './cursor.ts';
import type { Filter } from './filter.ts';
import { beginsArithmetic, parseRelation } from './parse-arithmetic.ts';
import { type Qualifiers, parsePrimitive } from './parse-primitive.ts';

/** Of a request's filter, UTF-16 units. */
const mostText = 1_024;

/** An empty text takes every packet. Throws FilterFault. */
export function parseFilter(text: string): Filter {
  const cursor = new Cursor(text.length > mostText ? '' : text);
  if (text.length > mostText) cursor.fail(`A filter has ${mostText} characters at most.`, mostText);
  if (cursor.peek().kind === 'end') return { kind: 'everything' };
  const parser = new Parser(cursor);
  const filter = parser.joined();
  const rest = cursor.peek();
  if (rest.text === ')') cursor.fail("This ')' closes nothing.");
  if (rest.kind !== 'end') cursor.fail(`'and' or 'or' is missing before '${rest.text}'.`);
  return filter;
}

class Parser {
  readonly #cursor: Cursor;
  /** Of the primitive before: `port 80 or 443` means port 443. */
  #before: Qualifiers | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  joined(): Filter {
    let left = this.#term();
    for (;;) {
      const sign = this.#cursor.take('and', '&&', 'or', '||');
      if (!sign) return left;
      const right = this.#term();
      const kind = sign.text === 'and' || sign.text === '&&' ? 'and' : 'or';
      if (kind === 'and' && hasTag(left) && hasTag(right))
        this.#cursor.fail("'vlan' asks for the outer tag only: it has no second one to ask for here.", sign.at);
      left = { kind, left, right };
    }
  }

  #term(): Filter {
    const cursor = this.#cursor;
    if (cursor.take('not', '!')) return { kind: 'not', filter: cursor.nested(() => this.#term()) };
    if (cursor.peek().text !== '(')
      return beginsArithmetic(cursor) && !this.#isImplied() ? parseRelation(cursor) : this.#primitive();
    const relation = cursor.attempt(() => parseRelation(cursor));
    if (relation) return relation;
    cursor.next();
    const inner = cursor.nested(() => this.joined());
    cursor.expect(')', 'here');
    return inner;
  }

  #primitive(): Filter {
    const { filter, qualifiers } = parsePrimitive(this.#cursor, this.#before);
    this.#before = qualifiers ?? this.#before;
    return filter;
  }

  /** `net 10/8 or 11/8`, `portrange 1-5 or 7-9`. */
  #isImplied(): boolean {
    const { text, kind } = this.#cursor.peek(1);
    if (this.#cursor.peek().kind !== 'number' || kind !== 'sign') return false;
    return (text === '/' && this.#before?.type === 'net') || (text === '-' && this.#before?.type === 'portrange');
  }
}

function hasTag(filter: Filter): boolean {
  if (filter.kind === 'and' || filter.kind === 'or') return hasTag(filter.left) || hasTag(filter.right);
  return filter.kind === 'not' ? hasTag(filter.filter) : filter.kind === 'vlan';
}
