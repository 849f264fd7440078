// How many agents may come in: at a rate, and only so many that have not yet shown who they are. The others are told when.

export interface AdmissionOptions {
  perSecond: number;
  /** Connections that have not answered the challenge, in all and from one address. */
  mostUnknown: number;
  mostUnknownPerAddress: number;
  /** Monotonic milliseconds. */
  now: () => number;
}

export type Admitted = { admitted: true; release: () => void } | { admitted: false; retryAfterSeconds: number };

/** No agent is sent away for longer; behind a longer queue they come back a little early and are told again. */
const longestWaitMs = 300_000;

/**
 * A token bucket of one second's worth. Each agent that is refused gets the next free slot behind it, so that agents
 * that come back do so at the rate at which they are let in.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #unknownByAddress = new Map<string, number>();
  #tokens: number;
  #filledMs: number;
  #nextSlotMs = 0;
  #unknown = 0;
  admittedCount = 0;
  refusedCount = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#tokens = options.perSecond;
    this.#filledMs = options.now();
  }

  get unknown(): number {
    return this.#unknown;
  }

  /** An admitted connection holds its place among the unknown ones until `release`, which may be called more than once. */
  admit(address: string): Admitted {
    this.#fill();
    const { mostUnknown, mostUnknownPerAddress } = this.#options;
    const fromAddress = this.#unknownByAddress.get(address) ?? 0;
    if (this.#tokens < 1 || this.#unknown >= mostUnknown || fromAddress >= mostUnknownPerAddress) {
      this.refusedCount++;
      return { admitted: false, retryAfterSeconds: this.#nextSlotSeconds() };
    }
    this.#tokens--;
    this.admittedCount++;
    this.#unknown++;
    this.#unknownByAddress.set(address, fromAddress + 1);
    let held = true;
    const release = (): void => {
      if (held) this.#release(address);
      held = false;
    };
    return { admitted: true, release };
  }

  #release(address: string): void {
    this.#unknown--;
    const left = (this.#unknownByAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#unknownByAddress.set(address, left);
    else this.#unknownByAddress.delete(address);
  }

  #fill(): void {
    const { perSecond, now } = this.#options;
    const nowMs = now();
    this.#tokens = Math.min(perSecond, this.#tokens + ((nowMs - this.#filledMs) * perSecond) / 1000);
    this.#filledMs = nowMs;
  }

  #nextSlotSeconds(): number {
    const { perSecond, now } = this.#options;
    const nowMs = now();
    const slotMs = Math.max(this.#nextSlotMs, nowMs + 1000) + 1000 / perSecond;
    this.#nextSlotMs = Math.min(slotMs, nowMs + longestWaitMs);
    return Math.ceil((this.#nextSlotMs - nowMs) / 1000);
  }
}
