// How many streams that go on may be open at once, of one person and of all.
import type { Identity } from '../auth/access.ts';
import { actorOf } from '../audit.ts';
import { RequestError } from '../problem.ts';

const most = { own: 20, all: 200 };

export class Followers {
  readonly #counts = new Map<string, number>();

  /** @returns what leaves; call it once. Throws RequestError unavailable. */
  enter(identity: Identity): () => void {
    const who = actorOf(identity);
    const all = this.#counts.values().reduce((sum, count) => sum + count, 0);
    if ((this.#counts.get(who) ?? 0) >= most.own || all >= most.all) {
      throw new RequestError('unavailable', 'Too many runs are followed already. Close some pages.', {
        headers: { 'retry-after': '10' },
      });
    }
    this.#counts.set(who, (this.#counts.get(who) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(who) ?? 1) - 1;
      if (left > 0) this.#counts.set(who, left);
      else this.#counts.delete(who);
    };
  }
}
