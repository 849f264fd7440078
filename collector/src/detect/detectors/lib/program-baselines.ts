// An hourly value of each program of each host, and what is usual for it at this hour of the week by the host's own clock. Bounded; an hour
// that the host was watched and the program did nothing counts as zero.
import { cleanTimeZone } from '../../../store/host-text.ts';
import type { Knowledge } from '../../detector.ts';
import type { HostKey } from '../../observation.ts';
import { LocalClock } from '../../statistics/local-clock.ts';
import { SeasonalBaseline } from '../../statistics/seasonal-baseline.ts';
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
  /** As the host's clock numbers them. */
  hour: number;
  /** What the hour brought so far, and of how many values where a mean is wanted. */
  sum: number;
  values: number;
  baseline: SeasonalBaseline;
}

interface Host {
  clock: LocalClock;
  programs: LruMap<string, Program>;
}

export interface Options {
  /** The hour's value is the sum of what comes in it, or the mean. */
  hourly: 'sum' | 'mean';
  /** The least scatter that is believed, in the unit of the values. */
  floor: number;
  timeZone: Knowledge['timeZone'];
}

export interface HourSoFar {
  /** Sum or mean of the hour that is going on. */
  value: number;
  /** What is usual, as learnt until the hour began. */
  baseline: Pick<SeasonalBaseline, 'expect' | 'high' | 'learnt'>;
  /** What the host's clock shows: the time to ask the baseline about. */
  localUs: number;
}

/** What save writes, as far as it can be trusted. */
interface Saved {
  zone?: unknown;
  programs?: unknown;
}

export class ProgramBaselines {
  readonly #options: Options;
  readonly #hosts = new LruMap<HostKey, Host>(mostHosts);
  #inAll = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Late values of an hour that is over are not learnt. */
  add(host: HostKey, program: string, atUs: number, value: number): HourSoFar {
    const known = this.#hosts.get(host) ?? this.#open(host, this.#options.timeZone(host));
    this.#setClock(known, this.#options.timeZone(host), atUs);
    const { clock, programs } = known;
    const hour = clock.hourOf(atUs);
    let entry = programs.get(program);
    if (entry === undefined) {
      entry = { hour, sum: 0, values: 0, baseline: new SeasonalBaseline(this.#options.floor) };
      this.#put(programs, program, entry);
    }
    this.#roll(entry, hour, clock);
    if (hour === entry.hour) {
      entry.sum += value;
      entry.values++;
    }
    return { value: this.#valueOf(entry), baseline: entry.baseline, localUs: atUs + clock.aheadUs(atUs) };
  }

  /** 0 … 1, of the program that is known best; undefined of an unknown host. */
  learnt(host: HostKey): number | undefined {
    const shares = [...(this.#hosts.peek(host)?.programs.values() ?? [])].map(
      ({ baseline }) => baseline.learnt().share,
    );
    return shares.length === 0 ? undefined : Math.max(...shares);
  }

  save(host: HostKey): unknown {
    const known = this.#hosts.peek(host);
    if (known === undefined) return undefined;
    const programs = [...known.programs.entries()]
      .slice(-mostSavedPrograms)
      .map(([program, { hour, sum, values, baseline }]) => [program, hour, sum, values, baseline.save()]);
    return { zone: known.clock.zone, programs };
  }

  restore(host: HostKey, state: unknown): void {
    this.forget(host);
    // Before hosts said where they are, the list of programs was all of it, and their clocks were taken to show UTC.
    const { zone, programs: list } = (Array.isArray(state) ? { programs: state } : (state ?? {})) as Saved;
    if (!Array.isArray(list)) return;
    const { programs } = this.#open(host, typeof zone === 'string' ? cleanTimeZone(zone) : '');
    for (const saved of list.slice(0, mostPrograms)) {
      if (!Array.isArray(saved)) continue;
      const [program, hour, sum, values, baseline] = saved;
      if (typeof program !== 'string' || ![hour, sum, values].every((value) => Number.isFinite(value))) continue;
      const restored = SeasonalBaseline.restore(baseline, this.#options.floor);
      this.#put(programs, program, { hour, sum, values, baseline: restored });
    }
  }

  forget(host: HostKey): void {
    this.#inAll -= this.#hosts.peek(host)?.programs.size ?? 0;
    this.#hosts.delete(host);
  }

  #open(host: HostKey, zone: string): Host {
    const opened = { clock: new LocalClock(zone), programs: new LruMap<string, Program>(mostPrograms) };
    const gone = this.#hosts.set(host, opened);
    if (gone !== undefined) this.#inAll -= gone[1].programs.size;
    return opened;
  }

  /** What was learnt by another clock happened when it happened: it moves to the hours that the new one would have shown. */
  #setClock(host: Host, zone: string, atUs: number): void {
    if (zone === host.clock.zone) return;
    const clock = new LocalClock(zone);
    const hours = wholeHours(clock.aheadUs(atUs)) - wholeHours(host.clock.aheadUs(atUs));
    if (hours !== 0) for (const { baseline } of host.programs.values()) baseline.shift(hours);
    host.clock = clock;
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

  #roll(entry: Program, hour: number, clock: LocalClock): void {
    if (hour <= entry.hour) return;
    const learn = (past: number, value: number): void => {
      const startUs = clock.startOf(past);
      entry.baseline.learn(startUs + clock.aheadUs(startUs), value);
    };
    learn(entry.hour, this.#valueOf(entry));
    const silent = Math.min(hour - entry.hour - 1, mostFilled);
    for (let back = silent; back > 0; back--) learn(hour - back, 0);
    entry.hour = hour;
    entry.sum = 0;
    entry.values = 0;
  }

  #valueOf({ sum, values }: Program): number {
    return this.#options.hourly === 'sum' ? sum : sum / Math.max(1, values);
  }
}

/** Most of what comes at its hour comes when the hour strikes: 05:30 is counted as 6, so that what began at 03:30 began at nine. */
const wholeHours = (us: number): number => Math.round(us / hourUs);
