// How much JavaScript the first view of a page takes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../harness/child.ts';
import { gzipBytes, scriptsOf } from '../harness/script-bytes.ts';
import { expect, test } from './running-foretop.ts';

const mostBytes = 90_000;

for (const [name, pathOf] of [
  ['Fleet', () => '/'],
  ['Connections', () => '/connections'],
  ['Host', (hostId: number) => `/hosts/${hostId}`],
] as const) {
  test(`the first view of ${name} takes at most ${mostBytes / 1000} kB of JavaScript`, async ({
    signedInPage: page,
    foretop,
  }) => {
    // What is loaded once the page has nothing to do is no part of its first view, however slow the machine.
    await page.addInitScript('globalThis.requestIdleCallback = () => 0');
    const scripts = scriptsOf(page);
    await page.goto(pathOf(foretop.host.id));
    const shown =
      name === 'Fleet'
        ? page.getByRole('region', { name: 'Hosts' }).getByRole('link')
        : page.getByRole('grid', { name: 'Connections' }).getByRole('gridcell');
    await expect(shown.first()).toBeVisible();
    await expect(page.getByRole('slider', { name: 'Time' })).toBeVisible();
    await page.waitForTimeout(1_500);
    const bytes = gzipBytes(scripts);
    console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB of JavaScript, gzip, in ${scripts.size} files`);
    expect(bytes).toBeLessThanOrEqual(mostBytes);
    // Svelte's development checks name the file that each component comes from.
    for (const path of scripts)
      expect(readFileSync(join(repository, 'web', 'build', path), 'utf8'), path).not.toMatch(
        /src\/routes\/[\w+-]+\.svelte/,
      );
  });
}
