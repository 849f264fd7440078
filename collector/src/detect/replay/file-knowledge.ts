// What detectors may ask in a replay: the parts of names, and how many hosts of the files have been seen with something.
import { getDomain } from 'tldts';
import type { Knowledge } from '../detector.ts';
import { Prevalence } from '../engine/prevalence.ts';
import type { Observation } from '../observation.ts';

/** Forged senders make hosts without end; those beyond it do not count for how common something is. */
const mostHosts = 50_000;

export class FileKnowledge implements Knowledge {
  readonly #hosts = new Map<string, string>();
  readonly #prevalence: Prevalence;

  constructor() {
    this.#prevalence = new Prevalence(this);
  }

  observe(observation: Observation): void {
    let number = this.#hosts.get(observation.host);
    if (number === undefined) {
      if (this.#hosts.size >= mostHosts) return;
      number = String(this.#hosts.size + 1);
      this.#hosts.set(observation.host, number);
    }
    this.#prevalence.observe({ ...observation, host: number });
  }

  /** A replay asks no database: its findings are the same wherever it runs. */
  place(): ReturnType<Knowledge['place']> {
    return {};
  }

  registrableDomain(name: string): string | undefined {
    return getDomain(name, { allowPrivateDomains: true }) ?? undefined;
  }

  /** No file tells it. */
  timeZone(): string {
    return '';
  }

  listed(): undefined {
    return undefined;
  }

  prevalence(...[kind, value]: Parameters<Knowledge['prevalence']>): ReturnType<Knowledge['prevalence']> {
    return this.#prevalence.of(kind, value);
  }
}
