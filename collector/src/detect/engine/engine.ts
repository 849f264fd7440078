// Runs the detectors that are switched on over the stream of observations, measures each, and stops one that fails.
import type { Detector, DetectorRun, Knowledge } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { HostKey, Observation } from '../observation.ts';

export interface DetectorSetting {
  on: boolean;
  /** Every threshold of the detector. */
  thresholds: Readonly<Record<string, number>>;
}

export interface DetectorFailure {
  atMs: number;
  message: string;
}

export interface DetectorFigures {
  cpuMs: number;
  observations: number;
  failure: DetectorFailure | undefined;
}

export interface EngineOptions {
  detectors: readonly Detector[];
  settings: ReadonlyMap<string, DetectorSetting>;
  knowledge: Knowledge;
  emit: (detector: Detector, draft: FindingDraft) => void;
  /** Told once when a detector threw; it runs no more until it is set again. */
  onFailure: (detector: Detector, error: unknown) => void;
  /** A saved state was not taken; the host begins anew. */
  onLostState?: (detector: Detector, error: unknown) => void;
  /** Unix milliseconds. */
  now?: () => number;
}

export interface Engine {
  /** In the order in which they happened. Does not wait. */
  observe(observations: readonly Observation[]): void;
  /** Time has come this far for everybody, Unix microseconds; never moves back. */
  advance(nowUs: number): void;
  /** Starts, stops, or starts anew with other thresholds; a detector that starts anew has forgotten what it knew. */
  set(id: string, setting: DetectorSetting): void;
  setting(id: string): DetectorSetting;
  /** Those that run. */
  running(): string[];
  save(id: string, host: HostKey): unknown;
  restore(id: string, host: HostKey, state: unknown): void;
  forget(host: HostKey): void;
  /** 0 … 1; undefined for one that does not learn, or not of this host yet. */
  learnt(id: string, host: HostKey): number | undefined;
  figures(id: string): DetectorFigures;
}

/** What of the stream some detectors look at. */
interface View {
  kinds: ReadonlySet<string>;
  part: readonly Observation[];
}

const nothing: readonly Observation[] = [];

/** Most of a stream are connections, and most detectors look at one kind: those get the same list. */
function part(observations: readonly Observation[], views: Iterable<View>): void {
  const byKind = new Map<string, Observation[]>();
  for (const observation of observations) {
    const same = byKind.get(observation.kind);
    if (same === undefined) byKind.set(observation.kind, [observation]);
    else same.push(observation);
  }
  for (const view of views) {
    const present = [...byKind.keys()].filter((kind) => view.kinds.has(kind));
    if (present.length === 0) view.part = nothing;
    else if (present.length === byKind.size) view.part = observations;
    else if (present.length === 1) view.part = byKind.get(present[0]!)!;
    else view.part = observations.filter(({ kind }) => view.kinds.has(kind));
  }
}

interface Runner {
  detector: Detector;
  /** Of what it consumes: detectors with the same look at the same part of the stream. */
  view: View;
  setting: DetectorSetting;
  run: DetectorRun | undefined;
  cpuMs: number;
  /** By the clock, since CPU time was last shared out. */
  turnMs: number;
  observations: number;
  failure: DetectorFailure | undefined;
}

export function defaultSetting({ onByDefault, thresholds }: Detector): DetectorSetting {
  return {
    on: onByDefault,
    thresholds: Object.fromEntries(Object.entries(thresholds).map(([name, threshold]) => [name, threshold.default])),
  };
}

export function createEngine(options: EngineOptions): Engine {
  const { knowledge, emit, onFailure, now = Date.now } = options;
  const runners = new Map<string, Runner>();
  const views = new Map<string, View>();
  let reachedUs = -Infinity;
  for (const detector of options.detectors) {
    const kinds = detector.consumes.toSorted();
    const view = views.get(kinds.join()) ?? { kinds: new Set(kinds), part: [] };
    views.set(kinds.join(), view);
    runners.set(detector.id, {
      detector,
      view,
      setting: options.settings.get(detector.id) ?? defaultSetting(detector),
      run: undefined,
      cpuMs: 0,
      turnMs: 0,
      observations: 0,
      failure: undefined,
    });
  }

  const runnerOf = (id: string): Runner => {
    const runner = runners.get(id);
    if (runner === undefined) throw new RangeError(`there is no detector ${id}`);
    return runner;
  };

  const failed = (runner: Runner, error: unknown): void => {
    runner.run = undefined;
    const message = error instanceof Error ? error.message : String(error);
    runner.failure = { atMs: now(), message: message.slice(0, 500) };
    onFailure(runner.detector, error);
  };

  /** What a detector does with what hosts say must not end anything but itself. */
  const guarded = <Result>(runner: Runner, work: (run: DetectorRun) => Result): Result | undefined => {
    if (runner.run === undefined) return undefined;
    const startedMs = performance.now();
    try {
      return work(runner.run);
    } catch (error) {
      failed(runner, error);
      return undefined;
    } finally {
      runner.turnMs += performance.now() - startedMs;
    }
  };

  /** On a busy machine the clock goes on without us, and asking for CPU time for each detector would cost more than most take. */
  const shared = (work: () => void): void => {
    const startedMs = performance.now();
    const before = process.threadCpuUsage();
    work();
    const after = process.threadCpuUsage();
    const cpuMs = (after.user + after.system - before.user - before.system) / 1_000;
    const clockMs = performance.now() - startedMs;
    const share = clockMs === 0 ? 1 : Math.min(1, cpuMs / clockMs);
    for (const runner of runners.values()) {
      runner.cpuMs += runner.turnMs * share;
      runner.turnMs = 0;
    }
  };

  const start = (runner: Runner): void => {
    const { detector, setting } = runner;
    runner.failure = undefined;
    try {
      runner.run = setting.on
        ? detector.start({ thresholds: setting.thresholds, knowledge, emit: (draft) => emit(detector, draft) })
        : undefined;
    } catch (error) {
      failed(runner, error);
    }
  };
  for (const runner of runners.values()) start(runner);

  return {
    observe(observations) {
      if (observations.length === 0) return;
      part(observations, views.values());
      shared(() => {
        for (const runner of runners.values()) {
          const { part } = runner.view;
          if (part.length === 0) continue;
          guarded(runner, (run) => {
            for (const observation of part) run.observe(observation);
            runner.observations += part.length;
          });
        }
      });
    },
    advance(nowUs) {
      if (nowUs <= reachedUs) return;
      reachedUs = nowUs;
      shared(() => {
        for (const runner of runners.values()) guarded(runner, (run) => run.advance(nowUs));
      });
    },
    set(id, setting) {
      const runner = runnerOf(id);
      runner.setting = setting;
      start(runner);
    },
    setting: (id) => runnerOf(id).setting,
    running: () => [...runners.values()].filter(({ run }) => run !== undefined).map(({ detector }) => detector.id),
    save: (id, host) => guarded(runnerOf(id), (run) => run.save(host)),
    restore(id, host, state) {
      const runner = runnerOf(id);
      // What another version saved is no reason to be without the detector.
      guarded(runner, (run) => {
        try {
          run.restore(host, state);
        } catch (error) {
          run.forget(host);
          options.onLostState?.(runner.detector, error);
        }
      });
    },
    forget(host) {
      for (const runner of runners.values()) guarded(runner, (run) => run.forget(host));
    },
    learnt: (id, host) => guarded(runnerOf(id), (run) => run.learnt?.(host)),
    figures: (id) => {
      const { cpuMs, observations, failure } = runnerOf(id);
      return { cpuMs, observations, failure };
    },
  };
}
