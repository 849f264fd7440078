// The scripts that a page loads, and what they weigh on the wire.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { repository } from './child.ts';

/** Paths of the scripts that the page asks for from now on, workers included. */
export function scriptsOf(page: Page, scripts = new Set<string>()): ReadonlySet<string> {
  page.on('request', (request) => {
    if (/\.js(\?|$)/.test(request.url())) scripts.add(new URL(request.url()).pathname);
  });
  return scripts;
}

/** Each compressed by itself, as the collector serves them out of the built dashboard. */
export function gzipBytes(scripts: Iterable<string>): number {
  let sum = 0;
  for (const path of scripts)
    sum += gzipSync(readFileSync(join(repository, 'web', 'build', path)), { level: 9 }).length;
  return sum;
}
