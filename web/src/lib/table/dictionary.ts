// Texts as numbers: each different text once, and once for each text what a filter or an order asks of it.

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Answers to so many questions are kept; a search asks a new one with each key that is pressed. */
const mostAnswers = 32;

/** Code 0 stands for the empty text, which is unknown. */
export class Dictionary {
  readonly texts: string[] = [''];
  #codes = new Map<string, number>([['', 0]]);
  #sorted: number[] = [];
  #ranks = new Float64Array([Number.NaN]);
  readonly #answers = new Map<string, { bits: Uint8Array; length: number }>();

  get size(): number {
    return this.texts.length;
  }

  codeOf(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.push(text) - 1;
      this.#codes.set(text, code);
    }
    return code;
  }

  /** For each code 1 where the test holds. `question` names the test: the same test is not run twice for a text. */
  select(question: string, test: (code: number) => boolean): Uint8Array {
    let answer = this.#answers.get(question);
    if (!answer) {
      const oldest = this.#answers.keys().next();
      if (this.#answers.size >= mostAnswers && !oldest.done) this.#answers.delete(oldest.value);
      this.#answers.set(question, (answer = { bits: new Uint8Array(this.size), length: 0 }));
    }
    if (answer.bits.length < this.size) {
      const bits = new Uint8Array(this.size * 2);
      bits.set(answer.bits);
      answer.bits = bits;
    }
    for (; answer.length < this.size; answer.length++) answer.bits[answer.length] = test(answer.length) ? 1 : 0;
    return answer.bits;
  }

  /** 1 for each text in which a word in lower case occurs. */
  containing(word: string): Uint8Array {
    return this.select(`has ${word}`, (code) => this.texts[code]!.toLowerCase().includes(word));
  }

  /** The place of each code's text in order, NaN for the empty one. Only texts that are new are compared. */
  ranks(): Float64Array {
    const known = this.#sorted.length + 1;
    if (known < this.size) {
      const added = Array.from({ length: this.size - known }, (_, index) => known + index);
      this.#sorted = merged(
        this.#sorted,
        added.sort((a, b) => this.compare(a, b)),
        (a, b) => this.compare(a, b),
      );
      this.#ranks = new Float64Array(this.size).fill(Number.NaN);
      for (let rank = 0; rank < this.#sorted.length; rank++) this.#ranks[this.#sorted[rank]!] = rank;
    }
    return this.#ranks;
  }

  protected compare(a: number, b: number): number {
    return collator.compare(this.texts[a]!, this.texts[b]!) || a - b;
  }

  /** Forgets texts that nothing refers to any more. Returns the new code of each old one. */
  keep(used: Uint8Array): Uint32Array {
    const moved = new Uint32Array(this.size);
    const kept = this.texts.filter((_, code) => code > 0 && used[code] === 1);
    for (let code = 1, next = 1; code < moved.length; code++) if (used[code] === 1) moved[code] = next++;
    this.texts.length = 1;
    this.#codes = new Map([['', 0]]);
    this.#sorted = [];
    this.#ranks = new Float64Array([Number.NaN]);
    this.#answers.clear();
    this.forgotten();
    for (const text of kept) this.codeOf(text);
    return moved;
  }

  /** What is derived of texts goes with them. */
  protected forgotten(): void {}
}

/** Two sorted lists as one: the place of each added one is searched, so that few additions take few comparisons. */
function merged(
  sorted: readonly number[],
  added: readonly number[],
  compare: (a: number, b: number) => number,
): number[] {
  if (sorted.length === 0) return [...added];
  const result: number[] = [];
  let from = 0;
  for (const code of added) {
    let low = from;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(sorted[middle]!, code) < 0) low = middle + 1;
      else high = middle;
    }
    while (from < low) result.push(sorted[from++]!);
    result.push(code);
  }
  while (from < sorted.length) result.push(sorted[from++]!);
  return result;
}
