// Whether a host offers what it was asked for: it may do less of it, never something else.
import type { ToolRequest } from './parameters.ts';

/** What differs, for a person; undefined = nothing does. Numbers may be lower than asked, as where a host caps a rate. */
export function differenceOf(asked: ToolRequest, offered: ToolRequest): string | undefined {
  if (asked.tool !== offered.tool) return `the tool ${offered.tool} instead of ${asked.tool}`;
  const [wanted, given] = [asked.parameters, offered.parameters].map(
    (all) => all as unknown as Record<string, unknown>,
  );
  for (const name of new Set([...Object.keys(wanted!), ...Object.keys(given!)])) {
    const [want, is] = [wanted![name], given![name]];
    const isLess = capped.has(name) && typeof want === 'number' && typeof is === 'number' && is <= want;
    if (!isLess && JSON.stringify(want) !== JSON.stringify(is)) return `another ${name} than was asked for`;
  }
  return undefined;
}

/** What a host may lower by its own bounds. */
const capped = new Set([
  'count',
  'payloadBytes',
  'maxHops',
  'probesPerHop',
  'rate',
  'expiresAt',
  'maxBytes',
  'maxSeconds',
]);
