// Offers that wait for a signature: in memory only, each for its time and for one use.
import { CommandError } from './errors.ts';
import type { HeldOffer } from './held-offer.ts';
import type { Operator, Subject } from './record.ts';

/** Of all operators together. */
const mostOffers = 500;

export interface OpenOffer {
  by: Operator;
  subject: Subject;
  /** Anybody who may act on the host may sign it, rather than only who asked. */
  queued: boolean;
  offer: HeldOffer;
  /** `signing`: used, whatever comes of it. */
  state: 'offered' | 'signing';
  /** What the host says while it carries it out. */
  progress: string[];
}

export class OpenOffers {
  readonly #offers = new Map<string, OpenOffer>();
  readonly #now: () => number;

  /** `now` in monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#offers.size;
  }

  get isFull(): boolean {
    this.forgetExpired();
    return this.#offers.size >= mostOffers;
  }

  /** A newer offer of the same request takes the place of the one before. */
  hold(by: Operator, subject: Subject, offer: HeldOffer, queued: boolean): void {
    this.#offers.set(subject.requestId, { by, subject, queued, offer, state: 'offered', progress: [] });
  }

  /** What this operator may sign now. Throws CommandError refused with offer-unknown. */
  toSign(by: Operator, requestId: string): OpenOffer {
    const found = this.#offers.get(requestId);
    const isTheirs = found !== undefined && (found.queued || found.by.actor === by.actor);
    if (!isTheirs || found.state !== 'offered' || found.offer.expiresMs <= this.#now()) throw unknownOffer();
    return found;
  }

  progressOf(requestId: string): string[] {
    return this.#offers.get(requestId)?.progress ?? [];
  }

  forget(requestId: string): void {
    this.#offers.delete(requestId);
  }

  forgetExpired(): void {
    for (const [requestId, { offer, state }] of this.#offers) {
      if (state === 'offered' && offer.expiresMs <= this.#now()) this.#offers.delete(requestId);
    }
  }
}

export const unknownOffer = (): CommandError =>
  new CommandError('refused', 'There is no such offer any more: it has expired, was used or withdrawn. Ask again.', {
    refusal: 'offer-unknown',
  });
