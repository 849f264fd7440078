// What a finger cannot hit: targets whose hit area is less than 24 by 24 CSS px, but for words in a sentence (WCAG 2.2, 2.5.8).
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';

const script = readFileSync(new URL('small-targets-script.js', import.meta.url), 'utf8');

/** The names of those in sight or to be scrolled to, each once; what lies below something that is open is left out. */
export const smallTargets = (page: Page): Promise<string[]> => page.evaluate<string[]>(script);
