// What is probably not as it was meant: a mistyped variable sets nothing, and a secret in an open file is none.
import { nearest } from './nearest.ts';
import type { Given, Settings } from './settings.ts';

/** `others`: further variables that are known. Only what is much like a known one is taken for mistyped. */
export function doubtsOf(settings: Settings, { environment, file }: Given, others: readonly string[]): string[] {
  const known = [...Object.values(settings).map(({ variable }) => variable), ...others];
  const doubts = Object.keys(environment).flatMap((name) => {
    if (!/^FORETOP_/i.test(name) || known.includes(name) || !environment[name]) return [];
    const near = nearest(name, known, mostDifferent);
    return near === undefined ? [] : [`The variable ${name} is not known and sets nothing. Is ${near} meant?`];
  });
  const secrets = Object.entries(settings).filter(([key, { secret }]) => secret && file?.entries.has(key));
  if (file?.isOpenToOthers)
    for (const [key] of secrets)
      doubts.push(`Every user of this machine can read "${key}" in ${file.path}. Close the file with: chmod 600`);
  return doubts;
}

const mostDifferent = 2;
