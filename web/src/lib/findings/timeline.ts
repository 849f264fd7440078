// The timeline of a finding: what happened in words, and where it stands on a strip.
import type { FindingEvent, SeverityName } from '@foretop/proto/api';
import { count } from '../format/figures.ts';
import { visible } from '../format/visible.ts';
import { severityWords } from './severity.ts';

export interface TimelineEntry {
  key: string;
  atMs: number;
  words: string;
  /** Of a note, of the rule that mutes, or the finding's sentence where it became another. */
  text: string;
  severity: SeverityName;
  /** A person did it. */
  decided: boolean;
  hostId: number;
  /** How many entries that say no more than "it went on" it stands for. */
  folded: number;
  /** On how many hosts the same happened at once. */
  hosts: number;
}

const byDetector: Partial<Record<FindingEvent['kind'], (event: FindingEvent) => string>> = {
  opened: () => 'First seen',
  grew: ({ count: seen }) => `Went on, ${count(seen)} by then`,
  worsened: ({ severity }) => `Rose to ${severityWords[severity].toLowerCase()}`,
  reopened: () => 'Came back after it had been resolved',
};

const decisions: Partial<Record<FindingEvent['kind'], string>> = {
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  muted: 'Muted',
  unmuted: 'No longer muted',
  noted: 'Note',
};

/** What is decided, or seen, on several hosts together is written within such a time. */
const atOnceMs = 5_000;

function wordsOf(event: FindingEvent): string {
  const words = byDetector[event.kind]?.(event) ?? decisions[event.kind] ?? visible(event.kind);
  return event.by === null ? words : `${words} by ${visible(event.by)}`;
}

/** Newest first, as they come, under the finding's sentence; what merely went on is one entry until something else happened. */
export function timelineEntries(events: readonly FindingEvent[], summary = ''): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  let before = '';
  let sentence = visible(summary);
  for (const [index, event] of events.entries()) {
    const last = entries.at(-1);
    if (event.kind === 'grew' && before === `grew ${event.hostId}`) {
      last!.folded++;
      continue;
    }
    const words = wordsOf(event);
    const atMs = Date.parse(event.at);
    if (last && event.kind !== 'grew' && last.words === words && last.atMs - atMs < atOnceMs) {
      last.hosts++;
      continue;
    }
    before = `${event.kind} ${event.hostId}`;
    const text = event.kind === 'grew' ? '' : visible(event.text);
    // What stands above already is not said again.
    const said = text === sentence;
    if (event.by === null && text !== '') sentence = text;
    entries.push({
      key: `${event.at} ${event.hostId} ${index}`,
      atMs,
      words,
      text: said ? '' : text,
      severity: event.severity,
      decided: event.by !== null || event.kind in decisions,
      hostId: event.hostId,
      folded: 0,
      hosts: 1,
    });
  }
  return entries;
}

export interface Strip {
  fromMs: number;
  toMs: number;
  /** What was counted, as a path over a box of 100 by 100; empty where there is too little of it. */
  path: string;
  marks: { key: string; /** 0 to 100 */ x: number; severity: SeverityName; decided: boolean; words: string }[];
}

/** From a little before the first entry to the last one, or to now for what goes on. */
export function stripOf(events: readonly FindingEvent[], firstMs: number, lastMs: number): Strip {
  const times = events.map(({ at }) => Date.parse(at));
  const [begin, end] = [Math.min(firstMs, ...times), Math.max(lastMs, firstMs + 1000, ...times)];
  const margin = (end - begin) * 0.02;
  const [fromMs, toMs] = [begin - margin, end + margin];
  const xOf = (ms: number) => ((ms - fromMs) / (toMs - fromMs)) * 100;
  const seen = events.filter(({ by }) => by === null).toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const most = Math.max(1, ...seen.map((event) => event.count));
  const points = seen.map(
    (event) => `${xOf(Date.parse(event.at)).toFixed(2)} ${(100 - (event.count / most) * 92).toFixed(1)}`,
  );
  return {
    fromMs,
    toMs,
    path: new Set(seen.map((event) => event.count)).size < 2 ? '' : `M${points.join('L')}`,
    marks: timelineEntries(events).map(({ key, atMs, severity, decided, words }) => ({
      key,
      x: xOf(atMs),
      severity,
      decided,
      words,
    })),
  };
}
