// Whose connections, and of when: all hosts' or one's, now, at an instant or within a span.
import { listItem } from '../filter/condition.ts';
import { statesOf, type StateShape } from '../ui/connection-states.ts';
import { filterFields, type Condition, type ConnectionFilter, type FilterField } from './connection-filter.ts';

export interface Scope {
  /** undefined: all hosts. */
  hostId: number | undefined;
  /** `at`, `from`, `to` as the REST API takes them; empty for the present. */
  time: { at: string; from: string; to: string };
}

const longestSearch = 200;
const mostWords = 10;

/** The search as the collector takes it; undefined when it would not find what is found here: hosts' names, very long texts. */
export function searchParameter(text: string, hostNames: Iterable<string>): string | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (text.length > longestSearch || words.length > mostWords) return undefined;
  for (const name of hostNames) {
    const lower = name.toLowerCase();
    if (words.some((word) => lower.includes(word))) return undefined;
  }
  return words.join(' ');
}

/** The conditions as parameters of the REST API, which knows more states than the table has shapes. */
export function serverParameters(conditions: readonly Condition[]): Partial<Record<FilterField, string>> {
  const parameters: Partial<Record<FilterField, string>> = {};
  for (const field of filterFields) {
    const values = conditions
      .filter((one) => one.field === field)
      .flatMap(({ value, exclude }) =>
        (field === 'state' ? statesOf(value as StateShape) : [value]).map((name) => listItem({ value: name, exclude })),
      );
    if (values.length > 0) parameters[field] = values.join(',');
  }
  return parameters;
}

/** Parameters by which the collector finds exactly what the filter lets through; undefined when it cannot. */
export function exactParameters(
  { hostId, time }: Scope,
  { conditions, text }: ConnectionFilter,
  hostNames: Iterable<string>,
): URLSearchParams | undefined {
  const parameters = serverParameters(conditions);
  const q = text.trim() === '' ? '' : searchParameter(text, hostNames);
  if (q === undefined) return undefined;
  if (hostId !== undefined && parameters.host) return undefined;
  const all = { ...parameters, ...time, q, ...(hostId === undefined ? {} : { host: String(hostId) }) };
  return new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ''));
}
