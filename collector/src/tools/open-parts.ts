// Hosts' offers of tools that wait for a signature: in memory only, each for its time, for who asked, and for one use.
import type { ToolRequest } from '@foretop/proto/tools';
import type { HeldOffer } from '../command/held-offer.ts';
import type { Operator } from '../command/record.ts';
import type { Part } from './run-record.ts';

/** Of all operators together. */
const mostOpen = 2_000;

export interface OpenPart {
  by: Operator;
  part: Part;
  request: ToolRequest;
  offer: HeldOffer;
}

export class OpenParts {
  readonly #parts = new Map<string, OpenPart>();
  readonly #now: () => number;

  /** `now` in monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#parts.size;
  }

  hasRoomFor(more: number): boolean {
    return this.#parts.size + more <= mostOpen;
  }

  hold(open: OpenPart): void {
    this.#parts.set(open.part.requestId, open);
  }

  /** What this operator may sign now; whoever takes it, nobody can a second time. */
  find(by: Operator, runId: string, requestId: string): OpenPart | undefined {
    const found = this.#parts.get(requestId);
    const isTheirs = found?.by.actor === by.actor && found.part.runId === runId;
    return isTheirs && found.offer.expiresMs > this.#now() ? found : undefined;
  }

  /** False: somebody was faster. */
  take(requestId: string): boolean {
    return this.#parts.delete(requestId);
  }

  /** Takes out those of which the time is over. @returns their ids. */
  expired(): string[] {
    const over = [...this.#parts].filter(([, { offer }]) => offer.expiresMs <= this.#now()).map(([id]) => id);
    for (const id of over) this.#parts.delete(id);
    return over;
  }
}
