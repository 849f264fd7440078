// Runs the detectors over files, by the time of the records.
import type { Detector } from '../detector.ts';
import { createEngine, defaultSetting, type Engine } from '../engine/engine.ts';
import type { Observation } from '../observation.ts';
import { FileKnowledge } from './file-knowledge.ts';
import { seenByServer, unaskedOf } from './flow-observation.ts';
import { FlowNames } from './flow-names.ts';
import { findInputs, type Input, merged } from './inputs.ts';
import type { ReplayRecord } from './record.ts';
import { type ReplayedFinding, ReplayedFindings } from './replayed-findings.ts';

export interface ReplayOutcome {
  findings: ReplayedFinding[];
  inputs: Input[];
  /** Files of folders that are nothing to replay. */
  passedOver: string[];
  /** Detectors that failed, and findings that were dropped, in sentences. */
  faults: string[];
}

/** These tell of an attack to whom it happens; the others of what a host does. In a file either end could be ours. */
const ofTheAttacked: ReadonlySet<string> = new Set(['brute-force', 'flood']);

const stepUs = 10_000_000;
/** What is behind the time that came this far is late. */
const lateUs = 60_000_000;
/** How long nothing happens before the end: what waits for quiet is told. */
const afterUs = 3_600_000_000;

/** @throws UnreadableInput */
export async function runReplay(paths: readonly string[], detectors: readonly Detector[]): Promise<ReplayOutcome> {
  const { inputs, passedOver } = await findInputs(paths);
  const replay = new Replay(detectors);
  for await (const records of merged(inputs)) for (const record of records) replay.take(record);
  const { findings, faults } = replay.end();
  return { findings, inputs, passedOver, faults };
}

/** Detectors over records that are in order. */
class Replay {
  readonly #findings = new ReplayedFindings();
  readonly #faults: string[] = [];
  readonly #names = new FlowNames();
  readonly #knowledge = new FileKnowledge();
  readonly #actors: Engine;
  readonly #attacked: Engine;
  #held: Observation[] = [];
  #nowUs = -Infinity;
  #advancedUs = -Infinity;

  constructor(detectors: readonly Detector[]) {
    this.#actors = this.#engineOf(detectors.filter(({ id }) => !ofTheAttacked.has(id)));
    this.#attacked = this.#engineOf(detectors.filter(({ id }) => ofTheAttacked.has(id)));
  }

  take(record: ReplayRecord): void {
    if (record.kind === 'name-hint') {
      this.#names.hint(record);
      return;
    }
    const { observation } = record;
    if (observation.kind === 'dns') this.#names.learn(observation);
    const named = observation.kind === 'connection' ? this.#names.named(observation, record.uid) : observation;
    const isLate = this.#nowUs - record.atUs > lateUs;
    if (record.atUs > this.#nowUs) this.#nowUs = record.atUs;
    if (this.#nowUs - this.#advancedUs >= stepUs) this.#advance(this.#nowUs);
    this.#knowledge.observe(named);
    this.#held.push(isLate ? { ...named, late: true } : named);
  }

  end(): { findings: ReplayedFinding[]; faults: string[] } {
    this.#advance(this.#nowUs + stepUs);
    this.#advance(this.#nowUs + afterUs);
    const { dropped } = this.#findings;
    if (dropped > 0) this.#faults.push(`${dropped} findings were dropped: there were too many.`);
    return { findings: this.#findings.all(), faults: this.#faults };
  }

  #engineOf(detectors: readonly Detector[]): Engine {
    // In a replay all of them run, also those that somebody has to switch on.
    const settings = new Map(detectors.map((detector) => [detector.id, { ...defaultSetting(detector), on: true }]));
    return createEngine({
      detectors,
      settings,
      knowledge: this.#knowledge,
      emit: (detector, draft) => this.#findings.add(detector, draft),
      onFailure: ({ title }, error) =>
        this.#faults.push(`The detector ${title} failed: ${error instanceof Error ? error.message : String(error)}.`),
    });
  }

  #advance(nowUs: number): void {
    if (this.#held.length > 0) {
      this.#actors.observe(this.#held);
      this.#attacked.observe(this.#held.map(ofServer));
      this.#held = [];
    }
    if (!Number.isFinite(nowUs)) return;
    this.#advancedUs = nowUs;
    this.#actors.advance(nowUs);
    this.#attacked.advance(nowUs);
  }
}

function ofServer(observation: Observation): Observation {
  if (observation.kind !== 'connection') return observation;
  return unaskedOf(observation) ?? seenByServer(observation) ?? observation;
}
