import { describe, expect, test } from 'vitest';
import type { Detector, DetectorRun } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Observation, ScanObservation } from '../observation.ts';
import { createEngine, type EngineOptions } from './engine.ts';

const noKnowledge: EngineOptions['knowledge'] = {
  place: () => ({}),
  registrableDomain: () => undefined,
  listed: () => undefined,
  prevalence: () => ({ hosts: 0, fleet: 0 }),
  timeZone: () => '',
};

function detector(id: string, run: Partial<DetectorRun>, more: Partial<Detector> = {}): Detector {
  return {
    ...{ id, title: id, technique: { id: 'T1', name: '' }, severity: 'low', consumes: ['scan'], thresholds: {} },
    ...{ description: '', falsePositives: '', advice: [], onByDefault: true },
    start: () => ({
      ...{ observe: () => undefined, advance: () => undefined, save: () => undefined, restore: () => undefined },
      forget: () => undefined,
      ...run,
    }),
    ...more,
  };
}

const scan: ScanObservation = {
  ...{ kind: 'scan', host: '1', atUs: 1, late: false, scan: 'syn', startUs: 1, source: '192.0.2.1' },
  ...{ localAddress: '10.0.0.1', localPort: 1, ports: 1, packets: 1 },
};
const gap: Observation = { kind: 'agent', host: '1', atUs: 1, late: false, event: 'gap', reason: 'clock', seconds: 1 };

function engineOf(detectors: Detector[], more: Partial<EngineOptions> = {}) {
  const failed: string[] = [];
  const drafts: FindingDraft[] = [];
  const engine = createEngine({
    ...{ detectors, settings: new Map(), knowledge: noKnowledge, emit: (_detector, draft) => drafts.push(draft) },
    onFailure: ({ id }) => failed.push(id),
    ...more,
  });
  return { engine, failed, drafts };
}

test('each detector gets what it consumes, in order', () => {
  const seen: string[] = [];
  const { engine } = engineOf([
    detector('scans', { observe: ({ kind }) => void seen.push(`scans ${kind}`) }),
    detector('agents', { observe: ({ kind }) => void seen.push(`agents ${kind}`) }, { consumes: ['agent'] }),
  ]);
  engine.observe([scan, gap, scan]);
  expect(seen).toEqual(['scans scan', 'scans scan', 'agents agent']);
  expect(engine.figures('scans')).toMatchObject({ observations: 2 });
});

test('time never moves back', () => {
  const times: number[] = [];
  const { engine } = engineOf([detector('a', { advance: (nowUs) => void times.push(nowUs) })]);
  for (const nowUs of [10, 5, 10, 20]) engine.advance(nowUs);
  expect(times).toEqual([10, 20]);
});

describe.each(['observe', 'advance', 'save', 'forget', 'learnt'] as const)('one that throws in %s', (call) => {
  test('is off from then on, with its failure shown, and the others go on', () => {
    let others = 0;
    const bad = detector('bad', {
      [call]: () => {
        throw new Error('no');
      },
    });
    const { engine, failed } = engineOf([bad, detector('good', { observe: () => void others++ })]);
    const calls = () => {
      engine.observe([scan]);
      engine.advance(1);
      engine.save('bad', '1');
      engine.learnt('bad', '1');
      engine.forget('1');
    };
    calls();
    calls();
    expect(failed).toEqual(['bad']);
    expect(engine.running()).toEqual(['good']);
    expect(engine.figures('bad').failure).toMatchObject({ message: 'no' });
    expect(others).toBe(2);
    engine.set('bad', { on: true, thresholds: {} });
    expect(engine.figures('bad').failure).toBeUndefined();
    expect(engine.running()).toEqual(['bad', 'good']);
  });
});

test('one that throws when it starts is off', () => {
  const start = () => {
    throw new Error('cannot');
  };
  const { engine, failed } = engineOf([detector('bad', {}, { start })]);
  expect(failed).toEqual(['bad']);
  expect(engine.running()).toEqual([]);
});

test('a state that cannot be restored is lost, not the detector', () => {
  const lost: string[] = [];
  const forgotten: string[] = [];
  const restore = () => {
    throw new Error('of another version');
  };
  const { engine } = engineOf([detector('a', { restore, forget: (host) => void forgotten.push(host) })], {
    onLostState: ({ id }) => lost.push(id),
  });
  engine.restore('a', '7', {});
  expect([lost, forgotten, engine.running()]).toEqual([['a'], ['7'], ['a']]);
});

test('one that is off does nothing', () => {
  const { engine } = engineOf([detector('a', { observe: () => expect.unreachable() }, { onByDefault: false })]);
  engine.observe([scan]);
  expect(engine.running()).toEqual([]);
});
