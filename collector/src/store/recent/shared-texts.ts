// Texts that many rows have in common: each is kept once, for as long as a row refers to it.

export class SharedTexts {
  readonly #places = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** How many are kept. */
  get size(): number {
    return this.#places.size;
  }

  /** Counts one use more. @returns the place by which it is found again. */
  use(text: string): number {
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#free.pop() ?? this.#texts.length;
      this.#places.set(text, place);
      this.#texts[place] = text;
      this.#uses[place] = 0;
    }
    this.#uses[place]!++;
    return place;
  }

  /** Counts one use less; the last one takes the text away, and its place may become another's. */
  release(place: number): void {
    if (--this.#uses[place]! > 0) return;
    this.#places.delete(this.#texts[place]!);
    this.#texts[place] = '';
    this.#free.push(place);
  }

  at(place: number): string {
    return this.#texts[place]!;
  }
}
