// The growing findings of each host by their keys, bounded, saved and put back.
import type { HostKey } from '../../observation.ts';
import { newGrowth, restoreGrowth, saveGrowth, type Growth } from './growth.ts';
import { LruMap } from './lru-map.ts';

const mostHosts = 20_000;
const mostSaved = 200;

export class Growths {
  readonly #most: number;
  readonly #hosts = new LruMap<HostKey, LruMap<string, Growth>>(mostHosts);

  /** So many of each host. */
  constructor(most: number) {
    this.#most = most;
  }

  of(host: HostKey, key: readonly string[], atUs: number): Growth {
    return this.#hosts
      .getOrCreate(host, () => new LruMap(this.#most))
      .getOrCreate(key.join('\t'), () => newGrowth(atUs));
  }

  save(host: HostKey): unknown {
    const growths = this.#hosts.peek(host);
    return growths && [...growths.entries()].slice(-mostSaved).map(([key, growth]) => [key, ...saveGrowth(growth)]);
  }

  restore(host: HostKey, state: unknown): void {
    const growths = new LruMap<string, Growth>(this.#most);
    for (const saved of Array.isArray(state) ? state.slice(0, mostSaved) : []) {
      if (!Array.isArray(saved) || typeof saved[0] !== 'string') continue;
      const growth = restoreGrowth(saved.slice(1));
      if (growth !== undefined) growths.set(saved[0], growth);
    }
    this.#hosts.set(host, growths);
  }

  forget(host: HostKey): void {
    this.#hosts.delete(host);
  }
}
