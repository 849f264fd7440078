// What a message says, before a sink writes it in its own syntax.
import type { FindingChangeKind, NotificationSeverity } from '@foretop/proto/api';
import { severities } from './change.ts';
import { type Item, plainText } from './item.ts';

export interface Content {
  /** Oldest first. */
  items: Item[];
  /** How many more there are than items. */
  more: number;
}

/** What is beyond is counted, and to be seen on the dashboard. */
export const mostItems = 50;
const longestSubject = 200;

/** Of several, the gravest are kept. */
export function contentOf(items: readonly Item[]): Content {
  const rank = (item: Item) => severities.indexOf(item.severity);
  const kept = new Set(items.toSorted((a, b) => rank(b) - rank(a)).slice(0, mostItems));
  return { items: items.filter((item) => kept.has(item)), more: items.length - kept.size };
}

const changeWords: Record<FindingChangeKind, string> = {
  opened: '',
  worsened: 'worse: ',
  reopened: 'again: ',
  resolved: 'resolved: ',
};

/** "[high] Port scan on web-1", or of several "[high] 7 findings on 3 hosts". */
export function subjectOf(items: readonly Item[]): string {
  const [first] = items;
  const worst = worstOf(items);
  if (first === undefined || worst === undefined) return 'Foretop: test';
  const hosts = new Set(items.map(({ hostId }) => hostId));
  const text =
    items.length === 1
      ? `${changeWords[first.change]}${first.title} on ${first.host}`
      : `${items.length} findings on ${hosts.size === 1 ? first.host : `${hosts.size} hosts`}`;
  return plainText(`[${worst}] ${text}`, longestSubject);
}

export function worstOf(items: readonly Item[]): NotificationSeverity | undefined {
  return items.map(({ severity }) => severity).toSorted((a, b) => severities.indexOf(b) - severities.indexOf(a))[0];
}

/** "worse: Port scan on web-1" */
export const headline = (item: Item): string => `${changeWords[item.change]}${item.title} on ${item.host}`;

/** A page of the dashboard. */
export const findingUrl = (dashboard: string, item: Item): string =>
  `${dashboard}/findings/${encodeURIComponent(item.findingId)}`;
