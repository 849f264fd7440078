// What is typed into the palette: words to find, or a prefix that says what is meant.

export type PaletteQuery =
  | { kind: 'any' | 'host'; text: string }
  | { kind: 'process' | 'addr' | 'name'; text: string }
  | { kind: 'at'; text: string; atMs: number | undefined };

export function parseQuery(typed: string, nowMs: number): PaletteQuery {
  const text = typed.trimStart();
  const prefixed = /^(host|process|addr|name):\s*(.*)$/i.exec(text);
  if (prefixed)
    return { kind: prefixed[1]!.toLowerCase() as 'host' | 'process' | 'addr' | 'name', text: prefixed[2]!.trim() };
  const time = /^at\b:?\s*(.*)$/i.exec(text);
  if (time) return { kind: 'at', text: time[1]!.trim(), atMs: parseInstant(time[1]!.trim(), nowMs) };
  return { kind: 'any', text };
}

const units: Record<string, number> = { s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Unix milliseconds in the viewer's zone of `14:05`, `14:05:30` (today, or yesterday when that is still to come),
 * `2026-11-20 03:12`, `10 min ago`, `2 h`, `yesterday`; undefined for anything else and for what lies in the future.
 */
export function parseInstant(text: string, nowMs: number): number | undefined {
  const ms = relative(text, nowMs) ?? timeOfDay(text, nowMs) ?? dated(text);
  return ms !== undefined && ms <= nowMs ? ms : undefined;
}

function relative(text: string, nowMs: number): number | undefined {
  if (/^yesterday$/i.test(text)) return nowMs - units['d']!;
  const match = /^(\d{1,4})\s*(s|min|m|h|d)(\s+ago)?$/i.exec(text);
  return match ? nowMs - Number(match[1]) * units[match[2]!.toLowerCase()]! : undefined;
}

function timeOfDay(text: string, nowMs: number): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (!match) return undefined;
  const [hours, minutes, seconds] = [match[1], match[2], match[3] ?? '0'].map(Number) as [number, number, number];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const date = new Date(nowMs);
  date.setHours(hours, minutes, seconds, 0);
  if (date.getTime() > nowMs) date.setDate(date.getDate() - 1);
  return date.getTime();
}

function dated(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?Z?)?$/.test(text)) return undefined;
  const ms = Date.parse(text.length === 10 ? `${text}T00:00` : text.replace(' ', 'T'));
  return Number.isFinite(ms) ? ms : undefined;
}
