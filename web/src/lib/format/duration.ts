// Spans of time in words, at most two units.

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** 0.2 s · 48 s · 31 min · 3 h 12 min · 41 d. Negative spans count as 0. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  if (seconds < 10) return `${seconds < 0.05 ? '0' : seconds.toFixed(1)} s`;
  const index = units.findIndex(([, size]) => seconds >= size);
  const [unit, size] = units[index]!;
  const whole = Math.floor(seconds / size);
  // A second unit only for hours: days and minutes are read as they are.
  if (unit !== 'h') return `${whole} ${unit}`;
  const minutes = Math.floor((seconds % size) / 60);
  return minutes ? `${whole} h ${String(minutes).padStart(2, '0')} min` : `${whole} h`;
}

/** Ages count in whole seconds. */
export const age = (ms: number): string => (ms < 60_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : duration(ms));
