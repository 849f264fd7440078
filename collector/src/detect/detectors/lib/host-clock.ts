// How long a host has been watched: detectors that speak of something new wait until they know what is old.
import type { HostKey } from '../../observation.ts';
import { LruMap } from './lru-map.ts';

const mostHosts = 20_000;
const dayUs = 86_400e6;

interface Watched {
  firstUs: number;
  lastDay: number;
  /** Days with anything seen. */
  days: number;
}

export class HostClock {
  readonly #hosts = new LruMap<HostKey, Watched>(mostHosts);
  /** Of the observation before: batches are of one host. */
  #last: { host: HostKey; day: number; firstUs: number } | undefined;

  /** Called with each observation that teaches. */
  saw(host: HostKey, atUs: number): void {
    const day = Math.floor(atUs / dayUs);
    const last = this.#last;
    if (last !== undefined && last.host === host && day === last.day && atUs >= last.firstUs) return;
    const watched = this.#hosts.get(host) ?? { firstUs: atUs, lastDay: day, days: 1 };
    this.#hosts.set(host, watched);
    if (atUs < watched.firstUs) watched.firstUs = atUs;
    if (day > watched.lastDay) {
      watched.lastDay = day;
      watched.days++;
    }
    this.#last = { host, day, firstUs: watched.firstUs };
  }

  /** Whole and part days since the first, of which `seen` had anything. */
  watched(host: HostKey, nowUs: number): { days: number; seen: number } {
    const watched = this.#hosts.peek(host);
    return watched === undefined
      ? { days: 0, seen: 0 }
      : { days: (nowUs - watched.firstUs) / dayUs, seen: watched.days };
  }

  /** Share of the learning time that has been watched; half of its days may have nothing. Undefined of an unknown host. */
  learnt(host: HostKey, learningDays: number, nowUs: number): number | undefined {
    const watched = this.#hosts.peek(host);
    if (watched === undefined) return undefined;
    const now = Math.min(nowUs, (watched.lastDay + 1) * dayUs);
    const elapsed = (now - watched.firstUs) / dayUs;
    return learningDays === 0 ? 1 : Math.max(0, Math.min(1, elapsed / learningDays, (2 * watched.days) / learningDays));
  }

  save(host: HostKey): unknown {
    const watched = this.#hosts.peek(host);
    return watched && [Math.round(watched.firstUs), watched.lastDay, watched.days];
  }

  restore(host: HostKey, state: unknown): void {
    if (!Array.isArray(state) || state.length !== 3 || !state.every((value) => Number.isFinite(value))) return;
    this.#hosts.set(host, { firstUs: state[0], lastDay: state[1], days: state[2] });
    this.#last = undefined;
  }

  forget(host: HostKey): void {
    this.#hosts.delete(host);
    this.#last = undefined;
  }
}
