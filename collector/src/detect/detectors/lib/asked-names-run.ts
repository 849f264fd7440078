// The frame of detectors that judge which names a program asks for: keeps the names, and tells again only what has grown.
import type { DetectorRun } from '../../detector.ts';
import type { FindingDraft } from '../../finding.ts';
import type { DnsObservation, HostKey, Observation } from '../../observation.ts';
import { AskedNames, type Asker } from './asked-names.ts';

/** So many names speak for it. */
export interface SuspectNames {
  count: number;
  draft(): FindingDraft;
}

/** By this factor more, or after a whole window, it is told again. */
const grownBy = 1.5;

export class AskedNamesRun implements DetectorRun {
  readonly #windowUs: () => number;
  readonly #judge: (observation: DnsObservation, asker: Asker) => SuspectNames | undefined;
  readonly #emit: (draft: FindingDraft) => void;
  readonly #asked: AskedNames;

  /** The window may be set anew while it runs. */
  constructor(options: {
    windowUs: () => number;
    judge: (observation: DnsObservation, asker: Asker) => SuspectNames | undefined;
    emit: (draft: FindingDraft) => void;
  }) {
    this.#windowUs = options.windowUs;
    this.#judge = options.judge;
    this.#emit = options.emit;
    this.#asked = new AskedNames(options.windowUs);
  }

  observe(observation: Observation): void {
    if (observation.kind !== 'dns') return;
    const asker = this.#asked.add(observation);
    const suspect = asker === undefined ? undefined : this.#judge(observation, asker);
    if (asker === undefined || suspect === undefined) return;
    const isFresh = observation.atUs - asker.toldUs > this.#windowUs();
    if (!isFresh && suspect.count < asker.told * grownBy) return;
    asker.told = suspect.count;
    asker.toldUs = observation.atUs;
    this.#emit(suspect.draft());
  }

  advance(): void {
    // Names speak when they are asked for.
  }

  save(host: HostKey): unknown {
    return this.#asked.save(host);
  }

  restore(host: HostKey, state: unknown): void {
    this.#asked.restore(host, state);
  }

  forget(host: HostKey): void {
    this.#asked.forget(host);
  }
}
