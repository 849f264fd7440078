// Splits a queried name into what somebody registered and what lies below it.
import { parse } from 'tldts';
import { isLocalName, suffixOf } from './suffixes.ts';

export interface SplitName {
  /** "example.co.uk", "host.ddns.net". */
  registrable: string;
  /** Its first label: what a domain generation algorithm makes. */
  label: string;
  /** What follows the label: "co.uk", "ddns.net". */
  suffix: string;
  /** All labels before the registrable name, with dots; empty = none. */
  below: string;
  /** The suffix is a provider's of dynamic names. */
  dynamic: boolean;
}

const longestName = 1024;
const options = { allowPrivateDomains: false, extractHostname: false, validateHostname: false } as const;

/** Lower case, without final dots, cut to 1,024 characters. */
export function normaliseName(name: string): string {
  const lower = name.slice(0, longestName).trim().toLowerCase();
  let end = lower.length;
  while (end > 0 && lower.charCodeAt(end - 1) === 46) end -= 1;
  return lower.slice(0, end);
}

/** Undefined for addresses, single labels, public suffixes and names of no public DNS. Takes a normalised name. */
export function splitName(name: string): SplitName | undefined {
  if (!name.includes('.') || isLocalName(name)) return undefined;
  const rented = suffixOf('dynamic', name);
  const suffix = rented ?? suffixOf('sold', name) ?? publicSuffix(name);
  if (suffix === undefined || name.length <= suffix.length + 1) return undefined;
  const before = name.slice(0, name.length - suffix.length - 1);
  const dot = before.lastIndexOf('.');
  const label = before.slice(dot + 1);
  if (label === '') return undefined;
  return {
    registrable: `${label}.${suffix}`,
    label,
    suffix,
    below: dot < 0 ? '' : before.slice(0, dot),
    dynamic: rented !== undefined,
  };
}

function publicSuffix(name: string): string | undefined {
  const parsed = parse(name, options);
  return parsed.isIp === true || parsed.domain === null ? undefined : (parsed.publicSuffix ?? undefined);
}
