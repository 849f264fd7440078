// What a first visit of a page loads and when something can be seen.
import type { Browser, BrowserContext } from '@playwright/test';
import { gzipBytes, scriptsOf } from '../../harness/script-bytes.ts';
import { quantile } from './main-thread.ts';

export interface FirstView {
  /** Scripts and workers, each compressed by itself as the collector serves them. */
  scriptGzipBytes: number;
  firstPaintMs: number;
}

const visits = 5;
type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

export async function firstView(browser: Browser, storageState: StorageState, url: string): Promise<FirstView> {
  const paints: number[] = [];
  const scripts = new Set<string>();
  for (let visit = 0; visit < visits; visit++) {
    // A context of its own: nothing is in the cache.
    const context = await browser.newContext({ storageState, viewport: { width: 1440, height: 960 } });
    const page = await context.newPage();
    scriptsOf(page, scripts);
    await page.goto(url);
    await page.getByRole('heading').first().waitFor();
    await page.waitForTimeout(1500);
    paints.push(
      await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN),
    );
    await context.close();
  }
  return { scriptGzipBytes: gzipBytes(scripts), firstPaintMs: quantile(paints, 0.5) };
}
