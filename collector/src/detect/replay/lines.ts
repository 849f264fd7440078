// Lines of a stream of bytes, none longer than a bound.

export const maxLineBytes = 1_048_576;
const newline = 10;

/** Gives whole lines without their ends; `undefined` stands for one that was too long. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #tooLong = false;

  *push(chunk: Uint8Array): IterableIterator<string | undefined> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      yield this.#line(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  *end(): IterableIterator<string | undefined> {
    if (this.#keptBytes > 0 || this.#tooLong) yield this.#line(new Uint8Array(0));
  }

  #keep(rest: Uint8Array): void {
    if (this.#tooLong || this.#keptBytes + rest.length > maxLineBytes) {
      this.#tooLong = true;
      this.#kept = [];
      this.#keptBytes = 0;
    } else if (rest.length > 0) {
      this.#kept.push(rest.slice());
      this.#keptBytes += rest.length;
    }
  }

  #line(last: Uint8Array): string | undefined {
    this.#keep(last);
    const isTooLong = this.#tooLong;
    const text = this.#decoder.decode(this.#kept.length === 1 ? this.#kept[0] : Buffer.concat(this.#kept));
    this.#kept = [];
    this.#keptBytes = 0;
    this.#tooLong = false;
    if (isTooLong) return undefined;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}
