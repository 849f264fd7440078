// The tokens as canvases need them: resolved colours, read again only when the theme changes.

const names = [
  'bg',
  'bg-sunken',
  'line',
  'line-strong',
  'text-2',
  'text-3',
  'rx',
  'tx',
  'asof-bg',
  'asof-text',
  'asof-text-2',
  'asof-line',
] as const;
export type Tokens = Record<(typeof names)[number], string>;

const cache = new Map<string, Tokens>();

export function tokensOf(themeName: string): Tokens {
  const cached = cache.get(themeName);
  if (cached) return cached;
  const style = getComputedStyle(document.documentElement);
  const tokens = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Tokens;
  cache.set(themeName, tokens);
  return tokens;
}

/** A token (`#rrggbb`) with an opacity from 0 to 1. */
export const withAlpha = (hex: string, alpha: number): string =>
  hex +
  Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0');

export const chartFont = '10.5px "IBM Plex Sans Variable"';
