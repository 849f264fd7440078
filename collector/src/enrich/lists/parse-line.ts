// One line of a known-bad list: an address, a network, a domain, or a line of a hosts file.
import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { parseAddress } from '../parse-address.ts';

export type ListEntry =
  | { kind: 'address'; bytes: Uint8Array }
  | { kind: 'network'; bytes: Uint8Array; prefix: number }
  | { kind: 'domain'; name: string };

export type ParsedLine = { entries: ListEntry[] } | { fault: string };

const longestLine = 2_048;
const mostShown = 60;
/** What hosts files lead names to that shall not be reached. */
const sinks = new Set(['0.0.0.0', '127.0.0.1', '::', '::1']);
/** Wider networks are a slip rather than a list of bad addresses. */
const widest = { 4: 8, 16: 19 } as const;

export function parseListLine(line: string): ParsedLine {
  if (line.length > longestLine) return { fault: `is longer than ${longestLine} characters` };
  const words = line
    .replace(/(^|\s)[#;].*$/, '')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  const [first, ...rest] = words;
  if (first === undefined) return { entries: [] };
  if (rest.length === 0) return parseEntry(first);
  if (!sinks.has(first))
    return { fault: `${shown(first)} is followed by more: one entry a line is required, or a line of a hosts file` };
  return parseHosts(rest);
}

/** Names of the machine itself, which such files begin with, are left aside. */
function parseHosts(names: readonly string[]): ParsedLine {
  const entries: ListEntry[] = [];
  for (const name of names) {
    if (!name.includes('.') || sinks.has(name) || /^localhost\.localdomain$/i.test(name)) continue;
    const parsed = parseDomain(name);
    if ('fault' in parsed) return parsed;
    entries.push(...parsed.entries);
  }
  return { entries };
}

function parseEntry(word: string): ParsedLine {
  const [address = '', prefixText, ...more] = word.split('/');
  const bytes = parseAddress(address);
  if (bytes === undefined)
    return prefixText === undefined ? parseDomain(word) : { fault: `${shown(word)} is not a network` };
  if (prefixText === undefined) return { entries: [{ kind: 'address', bytes }] };
  const most = bytes.length * 8;
  const prefix = Number(prefixText) - (isIP(address) === 6 && bytes.length === 4 ? 96 : 0);
  if (more.length > 0 || !/^\d{1,3}$/.test(prefixText) || prefix > most)
    return { fault: `${shown(word)} is not a network` };
  const least = widest[bytes.length as 4 | 16];
  if (prefix < least) return { fault: `${shown(word)} is wider than /${least}` };
  return { entries: [prefix === most ? { kind: 'address', bytes } : { kind: 'network', bytes, prefix }] };
}

/** `*.` and a dot before a name mean what a name alone means: it, and all below it. */
function parseDomain(word: string): ParsedLine {
  const name = word
    .replace(/^(\*\.|\.)/, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const labels = name.split('.');
  const valid =
    name.length <= 253 &&
    labels.length > 1 &&
    labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  if (!valid) return { fault: `${shown(word)} is no address, network or domain` };
  if (getPublicSuffix(name) === name)
    return { fault: `${shown(word)} is a public suffix: it would name everybody below it` };
  return { entries: [{ kind: 'domain', name }] };
}

const shown = (word: string) => JSON.stringify(word.slice(0, mostShown));
