// An hourly value of each program of each host, and what is usual for it at this hour of the week. Bounded; an hour that the host was watched and the
// program did nothing counts as zero.
import { SeasonalBaseline } from '../../statistics/seasonal-baseline.ts';
import type { HostKey } from '../../observation.ts';
import { LruMap } from './lru-map.ts';

const mostHosts = 20_000;
const mostPrograms = 32;
const mostSavedPrograms = 20;
/** Of all hosts, 2.5 KB each. Beyond it a new one takes the place of one of its own host. */
const mostInAll = 60_000;
/** Silent hours that are filled in after a pause. */
const mostFilled = 24;
const hourUs = 3.6e9;

interface Program {
  hour: number;
  /** What the hour brought so far, and of how many values where a mean is wanted. */
  sum: number;
  values: number;
  baseline: SeasonalBaseline;
}

export interface Options {
  /** The hour's value is the sum of what comes in it, or the mean. */
  hourly: 'sum' | 'mean';
  /** The least scatter that is believed, in the unit of the values. */
  floor: number;
}

export interface HourSoFar {
  /** Sum or mean of the hour that is going on. */
  value: number;
  /** What is usual, as learnt until the hour began. */
  baseline: Pick<SeasonalBaseline, 'expect' | 'high' | 'learnt'>;
}

export class ProgramBaselines {
  readonly #options: Options;
  readonly #hosts = new LruMap<HostKey, LruMap<string, Program>>(mostHosts);
  #inAll = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Late values of an hour that is over are not learnt. */
  add(host: HostKey, program: string, atUs: number, value: number): HourSoFar {
    const programs = this.#hosts.get(host) ?? this.#open(host);
    const hour = Math.floor(atUs / hourUs);
    let entry = programs.get(program);
    if (entry === undefined) {
      entry = { hour, sum: 0, values: 0, baseline: new SeasonalBaseline(this.#options.floor) };
      this.#put(programs, program, entry);
    }
    this.#roll(entry, hour);
    if (hour === entry.hour) {
      entry.sum += value;
      entry.values++;
    }
    return { value: this.#valueOf(entry), baseline: entry.baseline };
  }

  /** 0 … 1, of the program that is known best; undefined of an unknown host. */
  learnt(host: HostKey): number | undefined {
    const shares = [...(this.#hosts.peek(host)?.values() ?? [])].map(({ baseline }) => baseline.learnt().share);
    return shares.length === 0 ? undefined : Math.max(...shares);
  }

  save(host: HostKey): unknown {
    const programs = this.#hosts.peek(host);
    if (programs === undefined) return undefined;
    const newest = [...programs.entries()].slice(-mostSavedPrograms);
    return newest.map(([program, { hour, sum, values, baseline }]) => [program, hour, sum, values, baseline.save()]);
  }

  restore(host: HostKey, state: unknown): void {
    this.forget(host);
    if (!Array.isArray(state)) return;
    const programs = this.#open(host);
    for (const saved of state.slice(0, mostPrograms)) {
      if (!Array.isArray(saved)) continue;
      const [program, hour, sum, values, baseline] = saved;
      if (typeof program !== 'string' || ![hour, sum, values].every((value) => Number.isFinite(value))) continue;
      const restored = SeasonalBaseline.restore(baseline, this.#options.floor);
      this.#put(programs, program, { hour, sum, values, baseline: restored });
    }
  }

  forget(host: HostKey): void {
    this.#inAll -= this.#hosts.peek(host)?.size ?? 0;
    this.#hosts.delete(host);
  }

  #open(host: HostKey): LruMap<string, Program> {
    const programs = new LruMap<string, Program>(mostPrograms);
    const gone = this.#hosts.set(host, programs);
    if (gone !== undefined) this.#inAll -= gone[1].size;
    return programs;
  }

  #put(programs: LruMap<string, Program>, program: string, entry: Program): void {
    const before = programs.size;
    programs.set(program, entry);
    if (this.#inAll >= mostInAll && programs.size > 1 && programs.size > before) {
      const [oldest] = programs.keys();
      programs.delete(oldest!);
    }
    this.#inAll += programs.size - before;
  }

  #roll(entry: Program, hour: number): void {
    if (hour <= entry.hour) return;
    entry.baseline.learn(entry.hour * hourUs, this.#valueOf(entry));
    const silent = Math.min(hour - entry.hour - 1, mostFilled);
    for (let back = silent; back > 0; back--) entry.baseline.learn((hour - back) * hourUs, 0);
    entry.hour = hour;
    entry.sum = 0;
    entry.values = 0;
  }

  #valueOf({ sum, values }: Program): number {
    return this.#options.hourly === 'sum' ? sum : sum / Math.max(1, values);
  }
}
