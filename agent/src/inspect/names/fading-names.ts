// Names with a life, of which the ones that are used are kept.
import { Generations } from '../generations.ts';

interface FadingName {
  name: string;
  untilUs: number;
}

export class FadingNames {
  readonly #names: Generations<FadingName>;

  constructor(limit: number) {
    this.#names = new Generations(limit);
  }

  get size(): number {
    return this.#names.size;
  }

  get(key: string, nowUs: number): string | undefined {
    const entry = this.#names.get(key);
    return entry === undefined || entry.untilUs < nowUs ? undefined : entry.name;
  }

  set(key: string, name: string, untilUs: number): void {
    this.#names.set(key, { name, untilUs });
  }
}
