// How a finding that is stored and what a detector says of it now become one: pure, so that every turn of its life can be tested.
import type { FindingEventKind, FindingState } from '@foretop/proto/api';
import type { FindingEventRow, FindingRow } from '../../store/queries/findings.ts';
import { type FindingDraft, severities } from '../finding.ts';

export interface Told {
  detector: string;
  groupKey: string;
  hostId: number;
  /** Of the process that the draft links to first; empty = not known. */
  executable: string;
  draft: FindingDraft;
  /** The rule that mutes what the draft says. */
  rule: number | undefined;
}

export interface Merged {
  row: FindingRow;
  events: FindingEventRow[];
  /** What people may want to be told of; undefined: it only grew, or is muted. */
  news: 'opened' | 'worsened' | 'reopened' | undefined;
}

export const countOf = ({ earlierCount, episodeCount }: FindingRow): number => earlierCount + episodeCount;

/** undefined: the draft says nothing that is not stored. */
export function merge(stored: FindingRow | undefined, told: Told, nowUs: number): Merged | undefined {
  return stored === undefined ? opened(told, nowUs) : grown(stored, told, nowUs);
}

function opened({ detector, groupKey, hostId, executable, draft, rule }: Told, nowUs: number): Merged {
  const { key, score, summary, peer, process, evidence, links } = draft;
  const row: FindingRow = {
    ...{ hostId, groupKey, detector, key, score, summary, peer, process, executable, evidence, links },
    severity: severities.indexOf(draft.severity),
    state: rule === undefined ? 'new' : 'muted',
    firstSeenUs: draft.startUs,
    lastSeenUs: draft.endUs,
    episodeStartUs: draft.startUs,
    episodeCount: draft.count,
    earlierCount: 0,
    toldCount: draft.count,
    note: '',
    stateBy: '',
    stateAtUs: nowUs,
    stateBefore: rule === undefined ? null : 'new',
    mutedBy: rule ?? null,
    reopened: 0,
  };
  return { row, events: [eventOf(row, 'opened', draft.endUs)], news: rule === undefined ? 'opened' : undefined };
}

function grown(stored: FindingRow, told: Told, nowUs: number): Merged | undefined {
  const { draft } = told;
  const row = withDraft(stored, told);
  const events: FindingEventRow[] = [];
  const worse = row.severity > stored.severity;
  let news: Merged['news'];

  if (stored.state === 'resolved' && draft.endUs > stored.stateAtUs) {
    Object.assign(row, { state: 'new', stateBy: '', stateAtUs: nowUs, reopened: stored.reopened + 1 });
    events.push(eventOf(row, 'reopened', draft.endUs));
    news = 'reopened';
  } else if (worse && (stored.state === 'new' || stored.state === 'acknowledged')) {
    // Whoever acknowledged it had seen less.
    if (stored.state === 'acknowledged') Object.assign(row, { state: 'new', stateBy: '', stateAtUs: nowUs });
    events.push(eventOf(row, 'worsened', draft.endUs));
    news = 'worsened';
  } else if (row.toldCount > 0 && countOf(row) >= 2 * row.toldCount) {
    events.push(eventOf(row, 'grew', draft.endUs));
  }
  const muting = muted(row, told.rule, nowUs);
  if (muting !== undefined) {
    Object.assign(row, muting.changes);
    events.push(eventOf(row, muting.kind, nowUs));
    if (row.state === 'muted') news = undefined;
    else if (worse) news = 'worsened';
  }
  if (events.length > 0) row.toldCount = countOf(row);
  return events.length > 0 || differs(stored, row) ? { row, events, news } : undefined;
}

function withDraft(stored: FindingRow, { draft, executable }: Told): FindingRow {
  const severity = severities.indexOf(draft.severity);
  // After a break a detector may count anew; what it counted before stays counted.
  const fresh = draft.startUs > stored.lastSeenUs;
  const current = draft.endUs >= stored.episodeStartUs;
  const newest = draft.endUs >= stored.lastSeenUs;
  const { summary, peer, process, evidence, links, score } = draft;
  return {
    ...stored,
    ...(newest && { summary, peer, process, evidence, links, executable: executable || stored.executable }),
    severity: fresh ? severity : current ? Math.max(stored.severity, severity) : stored.severity,
    score: fresh ? score : current ? Math.max(stored.score, score) : stored.score,
    firstSeenUs: Math.min(stored.firstSeenUs, draft.startUs),
    lastSeenUs: Math.max(stored.lastSeenUs, draft.endUs),
    episodeStartUs: fresh
      ? draft.startUs
      : current
        ? Math.min(stored.episodeStartUs, draft.startUs)
        : stored.episodeStartUs,
    episodeCount: fresh ? draft.count : current ? Math.max(stored.episodeCount, draft.count) : stored.episodeCount,
    earlierCount: fresh ? countOf(stored) : stored.earlierCount,
  };
}

type Muting = { kind: 'muted' | 'unmuted'; changes: Partial<FindingRow> };

/** What a rule, or that there is none any more, does to a finding. undefined: nothing. */
export function muted(row: FindingRow, rule: number | undefined, nowUs: number): Muting | undefined {
  if (rule !== undefined) {
    if (row.state === 'muted') {
      if (row.mutedBy === null || row.mutedBy === rule) return undefined;
      return { kind: 'muted', changes: { mutedBy: rule } };
    }
    if (row.state === 'resolved') return undefined;
    return { kind: 'muted', changes: { state: 'muted', stateBefore: row.state, mutedBy: rule, stateAtUs: nowUs } };
  }
  if (row.state !== 'muted' || row.mutedBy === null) return undefined;
  const state = row.stateBefore ?? 'new';
  return { kind: 'unmuted', changes: { state, stateBefore: null, mutedBy: null, stateAtUs: nowUs } };
}

export interface PersonsChange {
  state?: FindingState | undefined;
  note?: string | undefined;
  by: string;
}

/** What a person does to a finding. undefined: it was so already. */
export function changed(stored: FindingRow, { state, note, by }: PersonsChange, nowUs: number): Merged | undefined {
  const row = { ...stored };
  const events: FindingEventRow[] = [];
  if (note !== undefined && note !== stored.note) {
    row.note = note;
    events.push({ ...eventOf(row, 'noted', nowUs, by), text: note, evidence: [] });
  }
  if (state !== undefined && (state !== stored.state || stored.mutedBy !== null)) {
    Object.assign(row, { state, stateBy: by, stateAtUs: nowUs, stateBefore: null, mutedBy: null });
    events.push(eventOf(row, kindOf(stored.state, state), nowUs, by));
  }
  return events.length === 0 ? undefined : { row, events, news: undefined };
}

function kindOf(before: FindingState, state: FindingState): FindingEventKind {
  if (state !== 'new') return state;
  return before === 'muted' ? 'unmuted' : 'reopened';
}

function eventOf(row: FindingRow, kind: FindingEventKind, atUs: number, by = ''): FindingEventRow {
  const { hostId, groupKey, severity, summary, evidence } = row;
  return { hostId, groupKey, atUs, kind, by, severity, count: countOf(row), text: summary, evidence };
}

const told = ['severity', 'score', 'summary', 'firstSeenUs', 'lastSeenUs', 'episodeCount', 'earlierCount'] as const;
const differs = (a: FindingRow, b: FindingRow): boolean => told.some((field) => a[field] !== b[field]);
