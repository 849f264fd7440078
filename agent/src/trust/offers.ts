// Offers that stand: in memory only, a minute at most by a clock that nobody sets, each for one command.
import type { OfferClaims } from '@foretop/proto/trust';
import type { Clock } from '../host/clock.ts';
import type { HeldConnection, HeldProcess } from '../host/targets.ts';
import type { PreparedTool } from '../tools/run-tool.ts';
import { Refusal } from './refusal.ts';

export const offerLifeSeconds = 60;
/** Of each sort: looks must not keep acts from being offered. */
const mostOffers = { act: 8, tool: 16 } as const;
/** A wrong signature does not use an offer up, but so many do. */
const mostAttempts = 3;
const secondUs = 1_000_000;

export type HeldTarget =
  | { kind: 'terminate'; processes: readonly HeldProcess[] }
  | { kind: 'close-connection'; connection: HeldConnection }
  | { kind: 'run-tool'; prepared: PreparedTool };

export interface Offer {
  /** The statement, as it was sent. */
  text: string;
  claims: OfferClaims;
  target: HeldTarget;
}

interface Standing extends Offer {
  madeUs: number;
  attempts: number;
}

export class Offers implements Disposable {
  readonly #clock: Pick<Clock, 'boottimeUs'>;
  readonly #standing = new Map<string, Standing>();

  constructor(clock: Pick<Clock, 'boottimeUs'>) {
    this.#clock = clock;
  }

  /** Throws Refusal when there is no room, or the id is taken. */
  requireRoom(id: string, sort: keyof typeof mostOffers): void {
    this.expire();
    if (this.#standing.has(id)) throw new Refusal('malformed', 'An offer with this request’s id stands already.');
    const most = mostOffers[sort];
    const standing = this.#standing.values().filter(({ target }) => sortOf(target) === sort);
    if ([...standing].length >= most) throw new Refusal('too-many', `${most} offers stand already.`);
  }

  /** What an offer that stands is for; looking costs it nothing. */
  sortOf(id: string): keyof typeof mostOffers | undefined {
    const offer = this.#standing.get(id);
    return offer && sortOf(offer.target);
  }

  /** From now on it is this that lets go of the target. */
  add(id: string, offer: Offer): void {
    this.#standing.set(id, { ...offer, madeUs: this.#clock.boottimeUs(), attempts: 0 });
  }

  /** For checking a signature against it; undefined = expired, used, or never made here. */
  find(id: string): Offer | undefined {
    this.expire();
    const offer = this.#standing.get(id);
    if (offer && ++offer.attempts > mostAttempts) {
      this.#drop(id, offer);
      return undefined;
    }
    return offer;
  }

  /** Takes it out: the caller lets go of the target. */
  use(id: string): Offer | undefined {
    const offer = this.#standing.get(id);
    this.#standing.delete(id);
    return offer;
  }

  [Symbol.dispose](): void {
    for (const [id, offer] of this.#standing) this.#drop(id, offer);
  }

  /** Lets go of what has expired. Called once in a while too, so that nothing is held for long. */
  expire(): void {
    const oldestUs = this.#clock.boottimeUs() - offerLifeSeconds * secondUs;
    for (const [id, offer] of this.#standing) if (offer.madeUs <= oldestUs) this.#drop(id, offer);
  }

  #drop(id: string, offer: Offer): void {
    this.#standing.delete(id);
    release(offer.target);
  }
}

const sortOf = ({ kind }: HeldTarget): keyof typeof mostOffers => (kind === 'run-tool' ? 'tool' : 'act');

export function release(target: HeldTarget): void {
  if (target.kind === 'terminate') for (const process of target.processes) process[Symbol.dispose]();
  else if (target.kind === 'close-connection') target.connection[Symbol.dispose]();
}
