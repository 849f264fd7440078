// Which findings are wanted, as it stands in the address and as the collector is asked.
import type { FindingState } from '@foretop/proto/api';
import { conditionParameters, listItem, parseConditions, type Condition } from '../filter/condition.ts';
import { severities, severityWords } from './severity.ts';

export const findingFields = ['severity', 'detector', 'host'] as const;
export type FindingField = (typeof findingFields)[number];
export type FindingCondition = Condition<FindingField>;

/** What is looked at: open is what somebody has still to do with. */
export const shows = ['open', 'new', 'acknowledged', 'muted', 'resolved', 'all'] as const;
export type Show = (typeof shows)[number];

export const showWords: Readonly<Record<Show, string>> = {
  open: 'Open',
  new: 'New',
  acknowledged: 'Acknowledged',
  muted: 'Muted',
  resolved: 'Resolved',
  all: 'All',
};

export const statesOf: Readonly<Record<Show, readonly FindingState[]>> = {
  open: ['new', 'acknowledged'],
  new: ['new'],
  acknowledged: ['acknowledged'],
  muted: ['muted'],
  resolved: ['resolved'],
  all: ['new', 'acknowledged', 'muted', 'resolved'],
};

/** How far back they were last seen, in ms. */
export const periods: Readonly<Record<string, { word: string; ms: number }>> = {
  '1h': { word: 'in the last hour', ms: 3_600_000 },
  '24h': { word: 'in the last 24 h', ms: 86_400_000 },
  '7d': { word: 'in the last 7 days', ms: 7 * 86_400_000 },
  '30d': { word: 'in the last 30 days', ms: 30 * 86_400_000 },
};

export interface FindingFilter {
  conditions: readonly FindingCondition[];
  show: Show;
  q: string;
  /** A key of periods, or empty. */
  since: string;
  /** Instants as they stand in the address, or empty. */
  from: string;
  to: string;
}

export const validFinding = (field: FindingField, value: string): boolean => {
  if (field === 'severity') return (severities as readonly string[]).includes(value);
  return field === 'detector' ? /^[a-z][a-z0-9-]{0,40}$/.test(value) : value !== '';
};

/** What means nothing counts as not asked. */
export function parseFindingFilter(parameters: Pick<URLSearchParams, 'get' | 'getAll'>): FindingFilter {
  const text = (name: string) => (parameters.get(name) ?? '').trim().slice(0, 200);
  const instant = (name: string) => (Number.isNaN(Date.parse(text(name))) ? '' : text(name));
  const since = text('since') in periods ? text('since') : '';
  return {
    conditions: parseConditions(parameters, findingFields, validFinding),
    show: shows.find((name) => name === text('state')) ?? 'open',
    q: text('q'),
    since,
    from: since ? '' : instant('from'),
    to: since ? '' : instant('to'),
  };
}

export const findingParameters = (conditions: readonly FindingCondition[]): Record<FindingField, string[]> =>
  conditionParameters(conditions, findingFields);

/** For the collector: several values of a field stand in one parameter, a period becomes the instant at which it begins. */
export function findingQuery(filter: FindingFilter, nowMs: number): Record<string, string> {
  const period = periods[filter.since];
  const states = filter.show === 'all' ? '' : statesOf[filter.show].join(',');
  const asked: Record<string, string> = {
    ...Object.fromEntries(
      [...Map.groupBy(filter.conditions, ({ field }) => field)].map(([field, some]) => [
        field,
        some.map(listItem).join(','),
      ]),
    ),
    state: states,
    q: filter.q,
    from: period ? new Date(nowMs - period.ms).toISOString() : filter.from,
    to: filter.to,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ''));
}

/** Besides the choice of open or not: whether there is anything to clear. */
export const isFiltered = ({ conditions, q, since, from, to }: FindingFilter): boolean =>
  conditions.length > 0 || [q, since, from, to].some((text) => text !== '');

/** "detector is not": beside it stands the value. */
export const findingWords = ({ field, exclude }: FindingCondition): string =>
  `${field === 'detector' ? 'type' : field} ${exclude ? 'is not' : 'is'}`;

/** `titles`: of the detectors, by their ids. */
export const findingShown = ({ field, value }: FindingCondition, titles: ReadonlyMap<string, string>): string => {
  if (field === 'severity') return severityWords[value as keyof typeof severityWords].toLowerCase();
  return field === 'detector' ? (titles.get(value) ?? value) : value;
};
