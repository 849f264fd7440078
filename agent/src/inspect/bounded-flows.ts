// State by flow that cannot grow without end, in number or in bytes: what was quiet for long goes, and without room what was
// quiet for longest.
import { Generations } from './generations.ts';

export interface FlowBounds {
  flows: number;
  /** Of all flows together. */
  bytes: number;
  /** A flow goes when it was idle for this long, at the latest twice as long. */
  idleUs: number;
}

/** What a flow holds on to. */
export interface Kept {
  readonly keptBytes: number;
}

export class BoundedFlows<T extends Kept> {
  readonly #flows: Generations<T>;
  readonly #bounds: FlowBounds;
  #rotatedUs: number | undefined;
  #keptBytes = 0;
  #evictedForBytes = 0;

  constructor(bounds: FlowBounds, onEvicted?: (value: T) => void) {
    this.#bounds = bounds;
    this.#flows = new Generations(bounds.flows, (_, value) => {
      this.#keptBytes -= value.keptBytes;
      onEvicted?.(value);
    });
  }

  /** How many went because there was no room. */
  get evicted(): number {
    return this.#flows.evicted + this.#evictedForBytes;
  }

  /** Counts as use. */
  get(key: string): T | undefined {
    return this.#flows.get(key);
  }

  set(key: string, value: T): void {
    this.#keptBytes += value.keptBytes;
    this.#flows.set(key, value);
  }

  /** After each change of what a flow holds, by so many bytes. Beyond the bound all flows go. */
  grow(bytes: number): void {
    this.#keptBytes += bytes;
    if (this.#keptBytes <= this.#bounds.bytes) return;
    this.#evictedForBytes += this.#flows.size;
    this.flush();
  }

  delete(key: string): void {
    this.#keptBytes -= this.#flows.get(key)?.keptBytes ?? 0;
    this.#flows.delete(key);
  }

  expire(nowUs: number): void {
    this.#rotatedUs ??= nowUs;
    if (nowUs - this.#rotatedUs < this.#bounds.idleUs) return;
    this.#rotatedUs = nowUs;
    this.#flows.rotate();
  }

  /** Treats all as idle. */
  flush(): void {
    this.#flows.rotate();
    this.#flows.rotate();
  }
}
