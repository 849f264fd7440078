// When the agent gives memory back: after its start and now and then, and when it is on its way to its limit.
import { relieveMemory, trimMalloc } from '../host/memory-trim.linux.ts';
import type { OpenConnections } from './open-connections.ts';

/** The start, and what runs once, leave pages behind that are not used again soon. */
const TRIM_AFTER_US = 10_000_000;
const TRIM_EVERY_US = 600_000_000;
/** What malloc has free goes back more often, which takes a fraction of a millisecond. */
const TRIM_MALLOC_EVERY_US = 10_000_000;
/** Garbage is not collected again at once: it takes some 100 ms where there is much. */
const RELIEVE_EVERY_US = 10_000_000;
/** Nor before so much of the limit came since: an agent that needs what it has collects nothing in vain. */
const GROWN_SHARE = 1 / 32;
/** What is left of the memory without garbage is the tables: beyond this share of the limit they may not grow. */
const TABLES_SHARE = 0.75;
/** Memory was not short for so long: then the tables may grow again. */
const RELEASE_AFTER_US = 60_000_000;

export class KeptMemory {
  readonly #open: OpenConnections;
  readonly #limitBytes: number;
  #trimUs: number;
  #trimMallocUs = Infinity;
  #relievedUs = -Infinity;
  /** What was left then. */
  #relievedBytes = -Infinity;
  #squeezedUs = Infinity;

  constructor(open: OpenConnections, limitBytes: number, nowUs: number) {
    this.#open = open;
    this.#limitBytes = limitBytes;
    this.#trimUs = nowUs + TRIM_AFTER_US;
  }

  /** Memory is short: the garbage goes; what is still too much is in the tables, which then may not grow. */
  relieve(nowUs: number): void {
    if (nowUs - this.#relievedUs < RELIEVE_EVERY_US) return;
    const isTight = this.#relievedBytes >= this.#limitBytes * TABLES_SHARE;
    const grownBytes = process.memoryUsage.rss() - this.#relievedBytes;
    if (!isTight && grownBytes < this.#limitBytes * GROWN_SHARE) return;
    this.#relievedUs = nowUs;
    relieveMemory('regular');
    this.#relievedBytes = process.memoryUsage.rss();
    if (this.#relievedBytes < this.#limitBytes * TABLES_SHARE) return;
    this.#squeezedUs = nowUs;
    this.#open.squeeze();
  }

  /** After each look. */
  trim(nowUs: number): void {
    if (nowUs - this.#squeezedUs > RELEASE_AFTER_US) {
      this.#squeezedUs = Infinity;
      this.#open.release();
    }
    const isDue = nowUs >= this.#trimUs;
    if (!isDue && nowUs < this.#trimMallocUs) return;
    this.#trimMallocUs = nowUs + TRIM_MALLOC_EVERY_US;
    if (!isDue) return trimMalloc();
    this.#trimUs = nowUs + TRIM_EVERY_US;
    relieveMemory();
  }
}
