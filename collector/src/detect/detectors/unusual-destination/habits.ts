// Where a program goes: countries, networks and registered names it was seen with, and how often something new came of late.
import type { HostKey } from '../../observation.ts';
import { LruMap } from '../lib/lru-map.ts';
import { SeenBefore } from '../lib/seen-before.ts';

export const dimensions = ['country', 'network', 'name'] as const;
export type Dimension = (typeof dimensions)[number];

const dayUs = 86_400e6;
const halfLifeDays = 7;
const most: Readonly<Record<Dimension, number>> = { country: 24, network: 48, name: 96 };

interface Habit {
  seen: SeenBefore;
  /** New ones, fading. */
  novelties: number;
  day: number;
}

export class ProgramHabits {
  connections = 0;
  firstUs: number;
  readonly #habits = new Map<Dimension, Habit>(
    dimensions.map((dimension) => [dimension, { seen: new SeenBefore(most[dimension]), novelties: 0, day: 0 }]),
  );

  constructor(firstUs: number) {
    this.firstUs = firstUs;
  }

  /** Whether it is new for the program. */
  add(dimension: Dimension, value: string, atUs: number): boolean {
    const habit = this.#habits.get(dimension)!;
    const isNew = habit.seen.add(value, Math.floor(atUs / dayUs));
    if (isNew) {
      habit.novelties = this.novelties(dimension, atUs) + 1;
      habit.day = atUs / dayUs;
    }
    return isNew;
  }

  /** New ones of late, each counting half after a week. */
  novelties(dimension: Dimension, atUs: number): number {
    const { novelties, day } = this.#habits.get(dimension)!;
    return novelties * 0.5 ** (Math.max(0, atUs / dayUs - day) / halfLifeDays);
  }

  count(dimension: Dimension): number {
    return this.#habits.get(dimension)!.seen.size;
  }

  *values(): IterableIterator<[Dimension, string]> {
    for (const [dimension, { seen }] of this.#habits) for (const value of seen.values()) yield [dimension, value];
  }

  save(): unknown {
    const habits = dimensions.map((dimension) => {
      const { seen, novelties, day } = this.#habits.get(dimension)!;
      return [Math.round(novelties * 100) / 100, Math.round(day * 10) / 10, seen.save(most[dimension])];
    });
    return [this.connections, Math.round(this.firstUs), habits];
  }

  /** Undefined of anything that save did not write. */
  static restore(state: unknown): ProgramHabits | undefined {
    if (!Array.isArray(state) || !Number.isFinite(state[0]) || !Number.isFinite(state[1]) || !Array.isArray(state[2]))
      return undefined;
    const habits = new ProgramHabits(state[1]);
    habits.connections = state[0];
    for (const [at, dimension] of dimensions.entries()) {
      const [novelties, day, seen] = Array.isArray(state[2][at]) ? state[2][at] : [];
      if (!Number.isFinite(novelties) || !Number.isFinite(day)) continue;
      habits.#habits.set(dimension, { seen: SeenBefore.restore(seen, most[dimension]), novelties, day });
    }
    return habits;
  }
}

/** Which hosts each program went somewhere on. One host alone cannot make a place known for the others. */
export class FleetHabits {
  readonly #hosts = new LruMap<string, HostKey[]>(100_000);

  /** Whether at least two other hosts went there with this program before. */
  saw(program: string, dimension: Dimension, value: string, host: HostKey): boolean {
    const key = `${dimension} ${value} ${program}`;
    const hosts = this.#hosts.get(key);
    if (hosts === undefined) {
      this.#hosts.set(key, [host]);
      return false;
    }
    const others = hosts.filter((other) => other !== host).length;
    if (hosts.length < 3 && others === hosts.length) hosts.push(host);
    return others >= 2;
  }
}
