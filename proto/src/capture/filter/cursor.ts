// Goes through a filter's tokens, and says what is wrong where it stands.
import { FilterFault } from './filter-fault.ts';
import { type Token, tokensOf } from './tokens.ts';

/** Deeper ones nobody writes; each level is a call. */
const mostNested = 64;

export class Cursor {
  readonly #tokens: Token[];
  #index = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  /** From the one that comes next. */
  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#index++;
    return token;
  }

  /** Takes the next one if it is one of these. */
  take(...texts: string[]): Token | undefined {
    const token = this.peek();
    return token.kind !== 'end' && texts.includes(token.text) ? this.next() : undefined;
  }

  expect(text: string, why: string): Token {
    return this.take(text) ?? this.fail(`'${text}' is missing ${why}${this.#found()}`);
  }

  /** What `work` gives; undefined, and nothing taken, when it meets a fault. */
  attempt<T>(work: () => T): T | undefined {
    const [index, depth] = [this.#index, this.#depth];
    try {
      return work();
    } catch (error) {
      if (!(error instanceof FilterFault)) throw error;
      this.#index = index;
      this.#depth = depth;
      return undefined;
    }
  }

  nested<T>(work: () => T): T {
    if (++this.#depth > mostNested) this.fail(`More than ${mostNested} levels within each other are not read.`);
    const found = work();
    this.#depth--;
    return found;
  }

  /** "Expected an address, found 'x'." */
  failExpecting(what: string): never {
    return this.fail(`Expected ${what}${this.#found()}`);
  }

  fail(message: string, at = this.peek().at): never {
    throw new FilterFault(message, at);
  }

  #found(): string {
    const token = this.peek();
    const before = this.#tokens[this.#index - 1];
    if (token.kind !== 'end') return `; here is '${token.text}'.`;
    return before ? ` behind '${before.text}'.` : '.';
  }
}
