// The frame of detectors of what is new on a host: what each knows of it, and whether it has been watched for long enough.
import type { DetectorContext, DetectorRun } from '../../detector.ts';
import type { Evidence } from '../../finding.ts';
import type { HostKey, Observation } from '../../observation.ts';
import { HostClock } from './host-clock.ts';
import { LruMap } from './lru-map.ts';

const mostHosts = 20_000;

/** How what is known of a host begins, is saved and put back. `state` is anything, with the fields of save where they were saved. */
export interface Familiar<Known> {
  make(): Known;
  save(known: Known | undefined): Readonly<Record<string, unknown>>;
  restore(state: Readonly<Record<string, unknown>>, host: HostKey): Known;
}

export abstract class NoveltyRun<Known, Name extends string = never> implements DetectorRun {
  protected readonly context: DetectorContext<Name | 'learning-days'>;
  readonly #familiar: Familiar<Known>;
  readonly #clock = new HostClock();
  readonly #hosts = new LruMap<HostKey, Known>(mostHosts);

  constructor(context: DetectorContext<Name | 'learning-days'>, familiar: Familiar<Known>) {
    this.context = context;
    this.#familiar = familiar;
  }

  abstract observe(observation: Observation): void;

  advance(): void {
    // What is new is so when it comes.
  }

  save(host: HostKey): unknown {
    return { clock: this.#clock.save(host), ...this.#familiar.save(this.#hosts.peek(host)) };
  }

  restore(host: HostKey, saved: unknown): void {
    const { clock, ...state } = (saved ?? {}) as Record<string, unknown>;
    this.#clock.restore(host, clock);
    this.#hosts.set(host, this.#familiar.restore(state, host));
  }

  forget(host: HostKey): void {
    this.#clock.forget(host);
    this.#hosts.delete(host);
  }

  learnt(host: HostKey, nowUs = Number.POSITIVE_INFINITY): number | undefined {
    return this.#clock.learnt(host, this.context.thresholds['learning-days'], nowUs);
  }

  /** Called with each observation that teaches. */
  protected saw(host: HostKey, atUs: number): void {
    this.#clock.saw(host, atUs);
  }

  protected knownOf(host: HostKey): Known {
    return this.#hosts.getOrCreate(host, () => this.#familiar.make());
  }

  protected isLearnt(host: HostKey, atUs: number): boolean {
    return (this.learnt(host, atUs) ?? 0) >= 1;
  }

  protected daysWatched(host: HostKey, atUs: number): Evidence {
    const value = Math.floor(this.#clock.watched(host, atUs).days);
    return { label: 'Days watched', value, unit: 'count', against: this.context.thresholds['learning-days'] };
  }
}
