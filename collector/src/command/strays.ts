// Frames that nobody asked a host for: some come late and are no fault, many are, and end the connection.
import type { ControlLink } from './link.ts';
import { Rate } from './rate.ts';

const mostPerMinute = 16;

export class Strays {
  readonly #rate: Rate<ControlLink>;
  /** Since the start. */
  count = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#rate = new Rate(mostPerMinute, now);
  }

  /** False: it was one too many, and the connection is cut. */
  add(link: ControlLink, what: string): boolean {
    this.count++;
    if (this.#rate.take(link)) return true;
    link.close(
      'unexpected-frame',
      `more than ${mostPerMinute} frames a minute that nobody asked for, the last one ${what}`,
    );
    return false;
  }

  forget(link: ControlLink): void {
    this.#rate.forget(link);
  }
}
