// Whose connections, and of when: all hosts' or one's, now, at an instant or within a span.
import { serverParameters, type ConnectionFilter } from './connection-filter.ts';

export interface Scope {
  /** undefined: all hosts. */
  hostId: number | undefined;
  /** `at`, `from`, `to` as the REST API takes them; empty for the present. */
  time: { at: string; from: string; to: string };
}

export const now = { at: '', from: '', to: '' } as const;

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

/** Parameters by which the collector finds exactly what the filter lets through; undefined when it cannot. */
export function exactParameters(
  { hostId, time }: Scope,
  { conditions, text }: ConnectionFilter,
  hostNames: Iterable<string>,
): URLSearchParams | undefined {
  const { parameters, exact } = serverParameters(conditions);
  const q = text.trim() === '' ? '' : searchParameter(text, hostNames);
  if (!exact || q === undefined) return undefined;
  if (hostId !== undefined && parameters.host) return undefined;
  const all = { ...parameters, ...time, q, ...(hostId === undefined ? {} : { host: String(hostId) }) };
  return new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ''));
}
