// One detector over a span of the stored history, with thresholds of one's choice: what it would have found. Nothing of it is stored.
import type { BacktestEvent, BacktestResult, FindingEvidence, SeverityCounts } from '@foretop/proto/api';
import type { Kysely } from 'kysely';
import type { Database } from '../../store/schema.ts';
import type { Detector, Knowledge } from '../detector.ts';
import { createEngine, defaultSetting } from '../engine/engine.ts';
import { readHistory } from '../engine/history.ts';
import { inPortions } from '../engine/pace.ts';
import { ProcessFacts } from '../engine/process-facts.ts';
import { boundedDraft } from '../findings/bounded-draft.ts';
import { groupKey } from '../findings/group-key.ts';
import { type FindingDraft, severities } from '../finding.ts';

/** A backtest that would read more ends there, and says so. */
const mostObservations = 20_000_000;
const mostFindings = 50_000;
const mostExamples = 20;
const mostNoisy = 10;
const advanceUs = 10_000_000;
const dayUs = 86_400_000_000;
/** The live work goes first: for each millisecond of work it rests as long. */
const idle = 1;

export interface BacktestOptions {
  db: Kysely<Database>;
  detector: Detector;
  thresholds: Readonly<Record<string, number>>;
  fromUs: number;
  toUs: number;
  /** Those in sight; undefined: all. */
  hostIds: readonly number[] | undefined;
  hostName(hostId: number): string;
  /** As it is now: a backtest knows more than the detector would have known then. */
  knowledge: Knowledge;
  cpus(hostId: number): number;
  signal: AbortSignal;
  mostObservations?: number;
}

interface Found {
  hostId: number;
  group: string;
  draft: FindingDraft;
}

/** Throws the signal's reason and what the database throws. */
export async function* runBacktest(options: BacktestOptions): AsyncGenerator<BacktestEvent, void, undefined> {
  const { db, detector, thresholds, fromUs, toUs, hostIds, knowledge, cpus, signal } = options;
  const startedMs = performance.now();
  const found = new Map<string, Found>();
  const hosts = new Set<string>();
  let failure: string | undefined;
  let observations = 0;
  let cut = false;
  let advancedUs = fromUs;

  const engine = createEngine({
    detectors: [detector],
    settings: new Map([
      [detector.id, { on: true, thresholds: { ...defaultSetting(detector).thresholds, ...thresholds } }],
    ]),
    knowledge,
    emit: (_detector, draft) => collect(found, detector.id, draft),
    onFailure: (_detector, error) => (failure = error instanceof Error ? error.message : String(error)),
  });
  const history = readHistory({
    ...{ db, fromUs, toUs, hostIds, cpus, signal },
    kinds: new Set(detector.consumes),
    facts: new ProcessFacts(),
  });
  for await (const portion of history) {
    const list = portion.observations;
    await inPortions(
      list,
      (part) => {
        for (const { host } of part) hosts.add(host);
        // Time goes on with the record, as it did then.
        const lastUs = part.at(-1)!.atUs;
        engine.observe(part);
        if (lastUs - advancedUs >= advanceUs) engine.advance((advancedUs = lastUs));
      },
      { idle, signal },
    );
    engine.advance((advancedUs = Math.max(advancedUs, portion.reachedUs)));
    observations += list.length;
    if (failure !== undefined) return yield { kind: 'failed', message: `The detector failed: ${failure}` };
    const share = (portion.reachedUs - fromUs) / (toUs - fromUs);
    yield { kind: 'progress', share, observations, findings: found.size };
    cut = observations >= (options.mostObservations ?? mostObservations) && portion.reachedUs < toUs;
    if (cut) break;
  }
  const reachedUs = cut ? advancedUs : toUs;
  const seconds = (performance.now() - startedMs) / 1000;
  const span = { fromUs, toUs: reachedUs, hosts: hosts.size, observations, seconds, cut };
  yield { kind: 'result', result: resultOf(detector.id, [...found.values()], span, options.hostName) };
}

/** The same finding again is the same, as in the table. */
function collect(found: Map<string, Found>, detector: string, given: FindingDraft): void {
  const draft = boundedDraft(given);
  const group = groupKey(detector, draft.key);
  const key = `${draft.host} ${group}`;
  const before = found.get(key)?.draft;
  if (before === undefined && found.size >= mostFindings) return;
  const worse = before !== undefined && severities.indexOf(before.severity) > severities.indexOf(draft.severity);
  const merged: FindingDraft =
    before === undefined
      ? draft
      : {
          ...draft,
          severity: worse ? before.severity : draft.severity,
          score: Math.max(before.score, draft.score),
          startUs: Math.min(before.startUs, draft.startUs),
          endUs: Math.max(before.endUs, draft.endUs),
          count: Math.max(before.count, draft.count),
        };
  found.set(key, { hostId: Number(draft.host), group, draft: merged });
}

interface Span {
  fromUs: number;
  toUs: number;
  hosts: number;
  observations: number;
  seconds: number;
  cut: boolean;
}

function resultOf(
  detector: string,
  found: readonly Found[],
  span: Span,
  hostName: (hostId: number) => string,
): BacktestResult {
  const bySeverity: SeverityCounts = { low: 0, medium: 0, high: 0, critical: 0 };
  for (const { draft } of found) bySeverity[draft.severity]++;
  const hostDays = span.hosts * ((span.toUs - span.fromUs) / dayUs);
  const perHostDay = (findings: number) => (hostDays === 0 ? 0 : findings / hostDays);
  const byHost = Map.groupBy(found, ({ hostId }) => hostId);
  const strongest = found.toSorted(
    (a, b) =>
      severities.indexOf(b.draft.severity) - severities.indexOf(a.draft.severity) || b.draft.score - a.draft.score,
  );
  return {
    detector,
    from: iso(span.fromUs),
    to: iso(span.toUs),
    observations: span.observations,
    seconds: Math.round(span.seconds * 1000) / 1000,
    hosts: span.hosts,
    findings: found.length,
    groups: new Set(found.map(({ group }) => group)).size,
    bySeverity,
    perHostPerDay: perHostDay(found.length),
    notablePerHostPerDay: perHostDay(found.length - bySeverity.low),
    noisiest: [...byHost]
      .map(([hostId, list]) => ({ hostId, hostName: hostName(hostId), findings: list.length }))
      .sort((a, b) => b.findings - a.findings || a.hostId - b.hostId)
      .slice(0, mostNoisy),
    examples: strongest.slice(0, mostExamples).map(({ hostId, draft }) => ({
      ...{ hostId, hostName: hostName(hostId), severity: draft.severity, score: draft.score, summary: draft.summary },
      ...{ peer: draft.peer || null, process: draft.process || null, count: draft.count },
      firstSeenAt: iso(draft.startUs),
      lastSeenAt: iso(draft.endUs),
      evidence: draft.evidence.map((entry): FindingEvidence => ({
        ...{ label: entry.label, value: entry.value, unit: entry.unit ?? null, against: entry.against ?? null },
      })),
    })),
    cut: span.cut,
  };
}

const iso = (us: number) => new Date(us / 1000).toISOString();
