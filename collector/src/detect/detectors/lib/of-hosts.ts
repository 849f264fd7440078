// A bounded map of things that belong to hosts, which finds those of one host without walking all: a host is saved every few seconds.
import type { HostKey } from '../../observation.ts';
import { RecentMap } from './recent-map.ts';

export class OfHosts<Value extends { readonly host: HostKey }> {
  readonly #values: RecentMap<Value>;
  readonly #keys = new Map<HostKey, Set<string>>();

  /** Keeps between half the limit and the limit; `left` is told of each that is forgotten. */
  constructor(limit: number, left?: (value: Value) => void) {
    this.#values = new RecentMap<Value>(limit, (value, key) => {
      this.#unlist(value.host, key);
      left?.(value);
    });
  }

  get size(): number {
    return this.#values.size;
  }

  /** Counts as use. */
  getOrMake(key: string, make: () => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  set(key: string, value: Value): void {
    const keys = this.#keys.get(value.host);
    if (keys === undefined) this.#keys.set(value.host, new Set([key]));
    else keys.add(key);
    this.#values.set(key, value);
  }

  delete(key: string, { host }: Value): void {
    this.#values.delete(key);
    this.#unlist(host, key);
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  hasAny(host: HostKey): boolean {
    return this.#keys.has(host);
  }

  /** Counts as use. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** That which came first first. Does not count as use. */
  of(host: HostKey): Value[] {
    return [...(this.#keys.get(host) ?? [])].flatMap((key) => this.#values.peek(key) ?? []);
  }

  /** @returns what was the host's. */
  forget(host: HostKey): Value[] {
    const gone = this.of(host);
    for (const key of this.#keys.get(host) ?? []) this.#values.delete(key);
    this.#keys.delete(host);
    return gone;
  }

  #unlist(host: HostKey, key: string): void {
    const keys = this.#keys.get(host);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(host);
  }
}
