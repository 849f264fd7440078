// A text that does not show itself in logs, messages, JSON or inspection.
import { inspect } from 'node:util';

const shown = '[secret]';

export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return shown;
  }
  toJSON(): string {
    return shown;
  }
  [inspect.custom](): string {
    return shown;
  }
}
