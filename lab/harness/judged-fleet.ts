// A simulated fleet as detectors see it, without wire and database: real batches of the hosts' real recorders, opened and checked by
// ingest, mapped by the collector's own mapping, and every detector as it is by default. Faster than real time.
import { randomBytes } from 'node:crypto';
import { observationsOf } from '../../collector/src/detect/engine/batch-observations.ts';
import { AddressTexts } from '../../collector/src/detect/engine/address-texts.ts';
import { createEngine, type Engine } from '../../collector/src/detect/engine/engine.ts';
import { Prevalence } from '../../collector/src/detect/engine/prevalence.ts';
import { ProcessFacts } from '../../collector/src/detect/engine/process-facts.ts';
import type { Knowledge } from '../../collector/src/detect/detector.ts';
import type { FindingDraft } from '../../collector/src/detect/finding.ts';
import { detectors } from '../../collector/src/detect/registry.ts';
import { createEncoders, prepareBatch } from '../../collector/src/ingest/prepare.ts';
import { createIds } from '../../collector/src/store/ids.ts';
import { defaultRetention } from '../../collector/src/store/retention.ts';
import { createWorld, stepsPerSecond, type World, type WorldOptions } from '../simulator/world.ts';

const advanceEverySteps = 10 * stepsPerSecond;
/** How long after it was sealed a batch is looked at. */
const wayUs = 500_000;
/** As the live collector: what comes within this time has come in order. */
const settledUs = 10_000_000;

export interface FoundOnFleet {
  detector: string;
  draft: FindingDraft;
  /** Seconds of the simulation after which it was first told. */
  atSeconds: number;
}

export interface JudgedFleet {
  readonly world: World;
  readonly engine: Engine;
  /** In their last form. The host of index n is n + 1. */
  readonly found: Map<string, FoundOnFleet>;
  readonly counts: { observations: number; mappingMs: number; failures: number };
  /** Lives on for a twentieth of a second. @returns whether the detectors were told the time. */
  step(): boolean;
}

export function createJudgedFleet(
  options: WorldOptions,
  places: Omit<Knowledge, 'prevalence' | 'timeZone'>,
): JudgedFleet {
  const prevalence = new Prevalence(places);
  const found = new Map<string, FoundOnFleet>();
  const counts = { observations: 0, mappingMs: 0, failures: 0 };
  let steps = 0;
  const engine = createEngine({
    detectors,
    settings: new Map(),
    knowledge: { ...places, prevalence: (kind, value) => prevalence.of(kind, value), timeZone: () => '' },
    emit({ id }, draft) {
      const key = [id, draft.host, ...draft.key].join('\0');
      found.set(key, { detector: id, draft, atSeconds: found.get(key)?.atSeconds ?? steps / stepsPerSecond });
    },
    onFailure({ id }, error) {
      counts.failures++;
      console.error(`the detector ${id} failed:`, error);
    },
  });
  const parts = { facts: new ProcessFacts(), addresses: new AddressTexts(), cpus: () => 4 };
  const ids = createIds(randomBytes(16));
  const encoders = createEncoders();
  const world = createWorld(options, {
    ticked: () => undefined,
    sealed(host, batches) {
      for (const { sequence, previousSequence, payload, payloadBytes } of batches) {
        for (const encoder of Object.values(encoders)) encoder.reset();
        const nowUs = world.nowUs() + wayUs;
        const of = { hostId: host.index + 1, epoch: host.epoch, bootId: host.bootId, offsetUs: host.bootUnixUs };
        const clock = { receivedUs: nowUs, skewUs: host.wallSkewUs };
        const batch = { ...of, ...clock, sequence, previousSequence, payload, payloadBytes };
        const prepared = prepareBatch(batch, encoders, { ids, retention: defaultRetention, nowUs });
        const begunMs = performance.now();
        const list = observationsOf(prepared, parts);
        for (const observation of list) prevalence.observe(observation);
        counts.mappingMs += performance.now() - begunMs;
        engine.observe(list);
        counts.observations += list.length;
      }
    },
  });
  return {
    ...{ world, engine, found, counts },
    step() {
      world.step();
      const isDue = ++steps % advanceEverySteps === 0;
      if (isDue) engine.advance(world.nowUs() - settledUs);
      return isDue;
    },
  };
}
