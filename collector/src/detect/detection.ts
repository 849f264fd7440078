// Detection as a whole: what was committed goes through the detectors, what they say becomes findings, what they know survives a restart.
import type { Logger } from 'pino';
import type { CommittedListener } from '../ingest/accepted.ts';
import type { Store } from '../store/database.ts';
import { nextTransaction, readHostSetUps, readRunningProcesses } from '../store/queries/detect-history.ts';
import { deleteStates, readDetectorSettings, writeDetectorSetting } from '../store/queries/detect-state.ts';
import { createCheckpoints } from './baseline/checkpoints.ts';
import type { Detector, Knowledge } from './detector.ts';
import { AddressTexts } from './engine/address-texts.ts';
import { observationsOf } from './engine/batch-observations.ts';
import { createEngine, type DetectorFigures, type DetectorSetting, defaultSetting } from './engine/engine.ts';
import { readHistory } from './engine/history.ts';
import { createIntake } from './engine/intake.ts';
import { inPortions, Stopwatch } from './engine/pace.ts';
import { createPresence, type HostPresence } from './engine/presence.ts';
import { Prevalence } from './engine/prevalence.ts';
import { ProcessFacts } from './engine/process-facts.ts';
import { Tallies } from './findings/tallies.ts';
import { type FindingWriter, openWriter } from './findings/writer.ts';
import type { Observation, ObservationKind } from './observation.ts';
import { detectors as registered } from './registry.ts';
import { openRulebook, type Rulebook } from './suppress/rulebook.ts';

/** Batches are sealed every five seconds: what happened this long ago has come, unless it comes late. */
const settledUs = 10_000_000;
const tickMs = 5_000;
const factsEveryMs = 60_000;
/** How far back rows that no checkpoint knows are looked for. */
const rereadUs = 900_000_000;
/** Rows may lie so far ahead of the clock. */
const aheadUs = 61_000_000;
const mostRunning = 2_048;
const everyKind = new Set<ObservationKind>(['connection', 'dns', 'scan', 'process', 'usage', 'agent']);

export interface DetectionOptions {
  store: Pick<Store, 'db'>;
  detectors?: readonly Detector[];
  enrichment: Pick<Knowledge, 'place' | 'registrableDomain' | 'listed'>;
  /** Every host. */
  presence: () => Iterable<HostPresence>;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

export interface DetectorState {
  detector: Detector;
  setting: DetectorSetting;
  figures: DetectorFigures;
  /** null: it does not learn. `ready` judges already. */
  learnt: { hosts: number; ready: number; share: number } | null;
}

export interface Detection extends AsyncDisposable {
  /** Told of every batch after its commit. */
  readonly onCommitted: CommittedListener;
  /** What comes from elsewhere than batches. */
  observe(observation: Observation): void;
  readonly findings: Pick<FindingWriter, 'onNews' | 'tell'>;
  readonly tallies: Tallies;
  readonly rulebook: Rulebook;
  readonly knowledge: Knowledge;
  states(): DetectorState[];
  state(id: string): DetectorState | undefined;
  /** In force at once, and stored. Throws RangeError for a detector that there is not. */
  set(id: string, setting: DetectorSetting, by: string): Promise<void>;
  cpus(hostId: number): number;
  /** Findings were deleted; with `relearn` these hosts (undefined: all) begin anew. */
  historyDeleted(hostIds: readonly number[] | undefined): Promise<void>;
  readonly restoring: boolean;
  /** Resolves when everything committed so far was observed, and findings are stored. */
  settled(): Promise<void>;
  counters(): Record<string, number>;
}

/** Open it before ingest takes batches: what is stored by then is history, what comes after is told. Disposal saves everything. */
export async function openDetection(options: DetectionOptions): Promise<Detection> {
  const { enrichment, log, now = Date.now } = options;
  const { db } = options.store;
  const detectors = options.detectors ?? registered;
  const begin = await nextTransaction(db);
  const stop = new AbortController();
  const clock = new Stopwatch();
  const facts = new ProcessFacts();
  const addresses = new AddressTexts();
  const prevalence = new Prevalence(enrichment);
  let setUps = await readHostSetUps(db);
  const knowledge: Knowledge = {
    place: (address) => enrichment.place(address),
    registrableDomain: (name) => enrichment.registrableDomain(name),
    listed: (what) => enrichment.listed(what),
    prevalence: (kind, value) => prevalence.of(kind, value),
    timeZone: (host) => setUps.get(Number(host))?.timeZone ?? '',
  };
  const tallies = new Tallies();
  await using resources = new AsyncDisposableStack();
  const rulebook = resources.use(await openRulebook({ db, tallies, log, now }));
  const executable = (hostId: number, id: string) => facts.find(hostId, id)?.executable ?? '';
  const writer = resources.use(await openWriter({ db, rulebook, tallies, executable, log, now }));
  const settings = await storedSettings(detectors, db);
  const engine = createEngine({
    ...{ detectors, settings, knowledge, now },
    emit: (detector, draft) => writer.submit(detector, draft),
    onFailure: ({ id }, error) =>
      log.error(
        { event: 'detector-failed', detector: id, err: error },
        `The detector ${id} failed and is off until it is switched on again.`,
      ),
    onLostState: ({ id }, error) => log.warn({ event: 'detector-state-lost', detector: id, error: String(error) }),
  });
  const checkpoints = createCheckpoints({ db, engine, prevalence, log, now });
  const hosts = new Set<number>();
  const cpusOf = (hostId: number): number => setUps.get(hostId)?.cpus || 1;
  let restoring = true;

  const observe = (observations: readonly Observation[]): void =>
    clock.time(() => {
      // Before the detectors: what they ask about counts the host that they ask for.
      for (const observation of observations) prevalence.observe(observation);
      engine.observe(observations);
    });

  /** Whether a batch of the host was seen since the start decides whether its processes were looked up. */
  const lookUp = async (hostId: number): Promise<void> => {
    facts.open(hostId);
    const rows = await readRunningProcesses(db, hostId, mostRunning).catch((error: Error) => {
      log.warn({ event: 'processes-not-read', hostId, error: error.message });
      return [];
    });
    // The last seen last, so that it is forgotten last.
    for (const { hostId: _host, ...process } of rows.reverse()) facts.keep(hostId, process);
  };

  const forget = (hostId: number): void => {
    clock.time(() => engine.forget(String(hostId)));
    prevalence.forget(hostId);
    facts.forget(hostId);
  };

  const intake = createIntake({
    async map({ prepared }) {
      const { hostId } = prepared.batch;
      if (!facts.knows(hostId)) await lookUp(hostId);
      hosts.add(hostId);
      return clock.time(() => observationsOf(prepared, { facts, addresses, cpus: cpusOf }));
    },
    observe,
    applied({ prepared, transaction }, last) {
      checkpoints.touched(prepared.batch.hostId);
      if (last) clock.time(() => checkpoints.boundary(transaction));
    },
  });

  /** What the checkpoints know, and then what was committed after each of them. */
  const restore = async (): Promise<void> => {
    const positions = await checkpoints.restore();
    for (const hostId of positions.keys()) hosts.add(hostId);
    if (positions.size === 0) return;
    let read = 0;
    const nowUs = now() * 1000;
    const oldest = [...positions.values()].reduce((least, position) => (position < least ? position : least), begin);
    const history = readHistory({
      ...{ db, kinds: everyKind, facts, cpus: cpusOf, signal: stop.signal },
      fromUs: nowUs - rereadUs,
      toUs: nowUs + aheadUs,
      fence: {
        oldest,
        takes: (hostId, transaction) => transaction > (positions.get(hostId) ?? 0n) && transaction < begin,
      },
    });
    for await (const { observations, reachedUs } of history) {
      await inPortions(observations, observe, { idle: 0, signal: stop.signal });
      for (const { host } of observations) checkpoints.touched(Number(host));
      read += observations.length;
      clock.time(() => engine.advance(Math.min(reachedUs, nowUs) - settledUs));
    }
    checkpoints.boundary(begin - 1n);
    log.info({ event: 'detection-restored', hosts: positions.size, read });
  };

  const work = (async () => {
    try {
      await restore();
    } catch (error) {
      if (!stop.signal.aborted) log.error({ event: 'detection-not-restored', err: error });
    }
    restoring = false;
    await intake.run(stop.signal);
  })();

  const presence = createPresence(now() * 1000);
  const tick = (): void => {
    if (restoring) return;
    const nowUs = now() * 1000;
    const present = [...options.presence()];
    for (const observation of presence.look(present, nowUs)) intake.pushObservation(observation);
    for (const { hostId, revoked } of present) if (revoked && hosts.delete(hostId)) forget(hostId);
    clock.time(() => engine.advance(Math.min(nowUs, intake.oldestUs() ?? nowUs) - settledUs));
  };
  const ticking = setInterval(tick, tickMs).unref();
  const refreshing = setInterval(() => {
    readHostSetUps(db).then(
      (read) => (setUps = read),
      () => undefined,
    );
  }, factsEveryMs).unref();

  const stateOf = (detector: Detector): DetectorState => ({
    detector,
    setting: engine.setting(detector.id),
    figures: engine.figures(detector.id),
    learnt: learntOf(engine.learnt, detector.id, hosts),
  });
  const settled = async (): Promise<void> => {
    while (restoring || intake.counters().queued_rows > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await writer.flush();
  };

  const running = resources.move();
  return {
    onCommitted: (prepared, transaction) => intake.push({ prepared, transaction }),
    observe: (observation) => intake.pushObservation(observation),
    findings: writer,
    tallies,
    rulebook,
    knowledge,
    states: () => detectors.map(stateOf),
    state(id) {
      const detector = detectors.find((candidate) => candidate.id === id);
      return detector && stateOf(detector);
    },
    async set(id, setting, by) {
      // What it learnt with the thresholds before is as true with the new ones.
      const known = [...hosts].map((hostId) => [String(hostId), engine.save(id, String(hostId))] as const);
      engine.set(id, setting);
      for (const [host, state] of known) if (state !== undefined) engine.restore(id, host, structuredClone(state));
      await writeDetectorSetting(db, { detector: id, ...setting }, by);
    },
    cpus: cpusOf,
    async historyDeleted(hostIds) {
      await writer.recount();
      for (const hostId of hostIds ?? [...hosts]) forget(hostId);
      checkpoints.forget(hostIds);
      await deleteStates(db, hostIds);
    },
    get restoring() {
      return restoring;
    },
    settled,
    counters: () => ({
      cpu_seconds_total: clock.cpuMs / 1_000,
      restoring: Number(restoring),
      ...intake.counters(),
      ...writer.counters(),
      ...checkpoints.counters(),
      ...prevalence.counters(),
      processes_known: facts.size,
    }),
    async [Symbol.asyncDispose]() {
      clearInterval(ticking);
      clearInterval(refreshing);
      stop.abort();
      await work;
      await checkpoints.finish();
      await running.disposeAsync();
    },
  };
}

/** Thresholds that a detector no longer has are dropped, new ones get their default. */
async function storedSettings(detectors: readonly Detector[], db: Store['db']): Promise<Map<string, DetectorSetting>> {
  const stored = new Map((await readDetectorSettings(db)).map((setting) => [setting.detector, setting]));
  return new Map(
    detectors.map((detector) => {
      const standard = defaultSetting(detector);
      const setting = stored.get(detector.id);
      if (setting === undefined) return [detector.id, standard];
      const thresholds = Object.entries(detector.thresholds).map(([name, { default: value, range }]) => {
        const set = setting.thresholds[name] ?? value;
        return [name, Math.min(Math.max(set, range[0]), range[1])];
      });
      return [detector.id, { on: setting.on, thresholds: Object.fromEntries(thresholds) }];
    }),
  );
}

function learntOf(
  learnt: (id: string, host: string) => number | undefined,
  id: string,
  hosts: ReadonlySet<number>,
): DetectorState['learnt'] {
  const shares = [...hosts].map((hostId) => learnt(id, String(hostId))).filter((share) => share !== undefined);
  if (shares.length === 0) return null;
  const sum = shares.reduce((total, share) => total + Math.min(1, share), 0);
  return {
    hosts: shares.length,
    ready: shares.filter((share) => share >= 1).length,
    share: sum / shares.length,
  };
}
